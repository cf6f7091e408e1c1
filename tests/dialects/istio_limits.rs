//! Istio's `connectionPool` and `retryBudget`.

use insta::assert_snapshot;

use crate::{
    istio::{document, rule, told},
    osm::{load, mesh, notes},
};

const LIMITS: [&str; 3] = ["limits", "connections (", "to port"];

fn service(port: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: reviews}}\nspec: {{ports: [{port}]}}\n")
}

fn pool(tcp: &str, http: &str) -> String {
    rule(&format!("{{connectionPool: {{tcp: {{{tcp}}}, http: {{{http}}}}}}}"))
}

/// The policies by which readers meet the limits: one connection and one that waits.
#[test]
fn one_connection_and_one_that_waits() {
    let text = document(
        "DestinationRule",
        "httpbin",
        "  host: httpbin
  trafficPolicy:
    connectionPool:
      tcp:
        maxConnections: 1
        connectTimeout: 30ms
      http:
        http1MaxPendingRequests: 1
        maxRequestsPerConnection: 1
        idleTimeout: 15s
    outlierDetection:
      http: {consecutiveErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}",
    );
    assert_snapshot!(told(&text, &LIMITS), @r"
    3. limits per port over HTTP/1: 1 exchange at once, 1 more may wait
    connections (left to the transport): made within 30ms, closed after 1 request, closed when idle for 15s
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:10:25 spec.trafficPolicy.connectionPool.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:13:35 spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    policy.yaml:14:22 spec.trafficPolicy.connectionPool.http.idleTimeout: read, left to the transport, which makes the connections
    policy.yaml:15:5 spec.trafficPolicy.outlierDetection: nobody is ejected: nobody tells who the endpoints are, so requests are left to the transport
    policy.yaml:16:7 spec.trafficPolicy.outlierDetection.http: as Istio 0.8 spelled it: read as if it stood one level up, with `consecutive5xxErrors: 1`
    ");
    let snake = text
        .replace("maxConnections", "max_connections")
        .replace("http1MaxPendingRequests", "http1_max_pending_requests")
        .replace("maxRequestsPerConnection", "max_requests_per_connection")
        .replace("connectTimeout", "connect_timeout");
    assert_eq!(mesh(&snake).plan(), mesh(&text).plan());
    assert_snapshot!(notes(&snake), @r"
    policy.yaml:10:26 spec.trafficPolicy.connectionPool.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:13:38 spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    policy.yaml:14:22 spec.trafficPolicy.connectionPool.http.idleTimeout: read, left to the transport, which makes the connections
    policy.yaml:15:5 spec.trafficPolicy.outlierDetection: nobody is ejected: nobody tells who the endpoints are, so requests are left to the transport
    policy.yaml:16:7 spec.trafficPolicy.outlierDetection.http: as Istio 0.8 spelled it: read as if it stood one level up, with `consecutive5xxErrors: 1`
    ");
}

#[test]
fn ten_connections_hide_ten_requests_over_http_1_and_not_over_http_2() {
    let text = pool("maxConnections: 10", "http2MaxRequests: 10, maxRequestsPerConnection: 10");
    assert_snapshot!(told(&text, &LIMITS), @r"
    3. limits per port over HTTP/1: 10 exchanges at once, others wait
    connections (left to the transport): closed after 10 requests
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:88 spec.trafficPolicy.connectionPool.http.http2MaxRequests: never refuses over HTTP/1: what is beyond `tcp.maxConnections` waits in its queue first
    policy.yaml:6:118 spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    ");
    let http2 = load(&text).http2(true).build().expect("a mesh");
    assert_snapshot!(http2.plan().to_string().lines().nth(4).unwrap_or_default(), @"  3. limits per port over HTTP/2: 10 requests at once, others are refused");
    let notes: Vec<_> = http2.notes().iter().map(ToString::to_string).collect();
    assert_snapshot!(notes[0], @"policy.yaml:6:58 spec.trafficPolicy.connectionPool.tcp.maxConnections: has no effect over HTTP/2, where requests share a connection");
}

#[test]
fn fewer_requests_than_connections_refuse_first() {
    let text = pool("maxConnections: 10", "http2MaxRequests: 5, http1MaxPendingRequests: 3, maxRetries: 1");
    assert_snapshot!(told(&text, &LIMITS), @"3. limits per port over HTTP/1: 5 requests at once, others are refused; 1 retry at once");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:58 spec.trafficPolicy.connectionPool.tcp.maxConnections: never acts: `http.http2MaxRequests` is lower, and refuses first
    policy.yaml:6:116 spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests: never acts: nothing waits where `http.http2MaxRequests` refuses
    ");
}

#[test]
fn zero_and_absent_are_no_limit() {
    let zero = "http1MaxPendingRequests: 0, http2MaxRequests: 0, maxRequestsPerConnection: 0, maxRetries: 0, \
                maxConcurrentStreams: 0";
    let text = pool("maxConnections: 0, idleTimeout: 0s", zero);
    assert_snapshot!(told(&text, &LIMITS), @"");
    assert_eq!(mesh(&text).plan(), mesh(&pool("", "")).plan());
    assert_eq!(mesh(&text).plan(), mesh(&rule("{tls: {}}")).plan());
    assert_snapshot!(told(&pool("", "maxRetries: 3"), &LIMITS), @"3. limits per port over HTTP/1: 3 retries at once");
}

#[test]
fn a_queue_without_connections_never_acts() {
    let text = pool("", "http1MaxPendingRequests: 1");
    assert_snapshot!(told(&text, &LIMITS), @"");
    assert_snapshot!(notes(&text), @"policy.yaml:6:77 spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests: never acts over HTTP/1: nothing waits without `tcp.maxConnections`");
}

#[test]
fn an_upgraded_cluster_has_its_requests_counted() {
    let text = pool(
        "maxConnections: 1",
        "http1MaxPendingRequests: 1, http2MaxRequests: 10, h2UpgradePolicy: UPGRADE",
    );
    assert_snapshot!(told(&text, &LIMITS), @"3. limits per port over HTTP/2: 10 requests at once, others are refused");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:58 spec.trafficPolicy.connectionPool.tcp.maxConnections: has no effect over HTTP/2, where requests share a connection
    policy.yaml:6:94 spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests: has no effect over HTTP/2, where nothing waits for a connection
    ");
    let not = text.replace("UPGRADE}", "DO_NOT_UPGRADE}");
    assert_snapshot!(told(&not, &LIMITS), @"3. limits per port over HTTP/1: 1 exchange at once, 1 more may wait");
}

#[test]
fn the_name_of_a_port_says_what_is_spoken_there() {
    let limit = pool("maxConnections: 1", "http2MaxRequests: 10");
    for (port, spoken) in [
        ("{name: http-web, port: 80}", "HTTP/1"),
        ("{name: GRPC, port: 80}", "HTTP/2"),
        ("{name: grpc-web, port: 80}", "HTTP/2"),
        ("{name: http2, port: 80}", "HTTP/2"),
        ("{name: mysql, port: 80}", "HTTP/1"),
        ("{port: 80}", "HTTP/1"),
        ("{port: 80, appProtocol: kubernetes.io/h2c}", "HTTP/2"),
        ("{port: 80, name: grpc, appProtocol: http}", "HTTP/1"),
    ] {
        let plan = mesh(&[limit.clone(), service(port)].join("---\n")).plan();
        let way = &plan.destinations[0];
        let told = format!("{:?}", way.way_to(80).stations.last());
        assert!(told.contains(if spoken == "HTTP/2" { "Http2" } else { "Http1" }), "{port}: {told}");
        assert!(
            format!("{:?}", way.way_to(81).stations.last()).contains("Http1"),
            "{port}: others are unknown"
        );
    }
    let text = [limit, service("{name: http, port: 80}, {name: grpc, port: 81}")].join("---\n");
    assert_snapshot!(told(&text, &LIMITS), @r"
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    to port 81:
    3. limits per port over HTTP/2: 10 requests at once, others are refused
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:58 (document 1) spec.trafficPolicy.connectionPool.tcp.maxConnections: has no effect over HTTP/2, where requests share a connection
    policy.yaml:6:87 (document 1) spec.trafficPolicy.connectionPool.http.http2MaxRequests: never refuses over HTTP/1: what is beyond `tcp.maxConnections` waits in its queue first
    ");
}

#[test]
fn what_a_limit_does_is_judged_by_the_ports_that_it_is_for() {
    let limit = pool("maxConnections: 10", "http2MaxRequests: 10");
    let grpc = [limit.clone(), service("{name: grpc, port: 81}")].join("---\n");
    assert_snapshot!(notes(&grpc), @"policy.yaml:6:58 (document 1) spec.trafficPolicy.connectionPool.tcp.maxConnections: has no effect over HTTP/2, where requests share a connection");
    let http = [limit, service("{name: http, port: 80}")].join("---\n");
    assert_snapshot!(notes(&http), @"policy.yaml:6:88 (document 1) spec.trafficPolicy.connectionPool.http.http2MaxRequests: never refuses over HTTP/1: what is beyond `tcp.maxConnections` waits in its queue first");
}

#[test]
fn an_entry_for_a_port_replaces_the_whole_policy() {
    let text = rule(
        "{connectionPool: {tcp: {maxConnections: 100}}, retryBudget: {}, portLevelSettings: [\
         {port: {number: 80}, connectionPool: {tcp: {maxConnections: 1}}}, \
         {port: {number: 81}, tls: {}}, \
         {port: {number: 80}, connectionPool: {tcp: {maxConnections: 2}}}]}",
    );
    assert_snapshot!(told(&text, &["limits", "to port", "retries:"]), @r"
    2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    3. limits per port over HTTP/1: 100 exchanges at once, others wait; retries for 20 % of the requests in flight, at least 3
    to port 80:
    2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    to port 81:
    2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:102 spec.trafficPolicy.portLevelSettings[0]: replaces the whole policy around it: its `retryBudget` is lost for this port
    policy.yaml:6:168 spec.trafficPolicy.portLevelSettings[1]: replaces the whole policy around it: its `connectionPool` is lost for this port
    policy.yaml:6:168 spec.trafficPolicy.portLevelSettings[1]: replaces the whole policy around it: its `retryBudget` is lost for this port
    policy.yaml:6:189 spec.trafficPolicy.portLevelSettings[1].tls: read, left to the transport, which makes the connections
    policy.yaml:6:199 spec.trafficPolicy.portLevelSettings[2]: never applies: an earlier entry is for port 80
    ");
}

#[test]
fn each_endpoint_may_have_the_limits_for_itself() {
    let text = rule("{connectionPool: {tcp: {maxConnections: 10}, towerMesh: {scope: endpoint}}}");
    assert_snapshot!(told(&text, &LIMITS), @"3. limits per endpoint over HTTP/1: 10 exchanges at once, others wait");
    let shared = text.replace("endpoint", "cluster");
    assert_eq!(mesh(&shared).plan(), mesh(&shared.replace(", towerMesh: {scope: cluster}", "")).plan());
}

#[test]
fn a_budget_takes_the_place_of_a_number_of_retries() {
    assert_snapshot!(told(&rule("{retryBudget: {}}"), &LIMITS), @"3. limits per port over HTTP/1: retries for 20 % of the requests in flight, at least 3");
    assert_snapshot!(told(&rule("{retryBudget: {percent: 0, minRetryConcurrency: 0, budgetInterval: 0s}}"), &LIMITS), @"3. limits per port over HTTP/1: retries for 0 % of the requests in flight, at least 3");
    let text = rule(
        "{connectionPool: {http: {maxRetries: 5}}, \
         retryBudget: {percent: 12.5, minRetryConcurrency: 1, budgetInterval: 10s}}",
    );
    assert_snapshot!(told(&text, &LIMITS), @"3. limits per port over HTTP/1: retries for 12.5 % of the requests in flight, at least 1; what began in the last 10s counts too");
    assert_snapshot!(notes(&text), @"policy.yaml:6:55 spec.trafficPolicy.connectionPool.http.maxRetries: has no effect beside a `retryBudget`");
}

#[test]
fn what_is_about_connections_is_kept_for_the_transport() {
    let text = pool(
        "connectTimeout: 30ms, tcpKeepalive: {}, maxConnectionDuration: 10m, idleTimeout: 1h30m",
        "maxRequestsPerConnection: 4, idleTimeout: 6s, useClientProtocol: false, maxConcurrentStreams: 7, \
         http2KeepAlive: {interval: 8s, timeout: 9s}",
    );
    assert_snapshot!(told(&text, &LIMITS), @"connections (left to the transport): made within 30ms, closed after 4 requests, closed when idle for 6s, closed when 10m old");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:58 spec.trafficPolicy.connectionPool.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:6:64 spec.trafficPolicy.connectionPool.tcp.tcpKeepalive: read, left to the transport, which makes the connections
    policy.yaml:6:105 spec.trafficPolicy.connectionPool.tcp.maxConnectionDuration: read, left to the transport, which makes the connections
    policy.yaml:6:123 spec.trafficPolicy.connectionPool.tcp.idleTimeout: read, left to the transport, which makes the connections
    policy.yaml:6:164 spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    policy.yaml:6:180 spec.trafficPolicy.connectionPool.http.idleTimeout: read, left to the transport, which makes the connections
    policy.yaml:6:203 spec.trafficPolicy.connectionPool.http.useClientProtocol: read, left to the transport, which makes the connections
    policy.yaml:6:232 spec.trafficPolicy.connectionPool.http.maxConcurrentStreams: read, left to the transport, which makes the connections
    policy.yaml:6:235 spec.trafficPolicy.connectionPool.http.http2KeepAlive: read, left to the transport, which makes the connections
    ");
    assert_snapshot!(told(&pool("idleTimeout: 1h30m", ""), &LIMITS), @"connections (left to the transport): closed when idle for 1h30m");
}
