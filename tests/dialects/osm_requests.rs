//! osm-edge's limits, and its `Retry`.

use insta::assert_snapshot;

use crate::osm::{errors, load, mesh, notes};

const API: &str = "policy.openservicemesh.io/v1alpha1";

fn limits(block: &str) -> String {
    format!(
        "apiVersion: {API}\nkind: UpstreamTrafficSetting\nmetadata: {{name: limits, namespace: ns}}\nspec:\n  \
         host: fortio.ns.svc.cluster.local\n  connectionSettings: {{{block}}}\n"
    )
}

fn retry(name: &str, destinations: &str, policy: &str) -> String {
    format!(
        "apiVersion: {API}\nkind: Retry\nmetadata: {{name: {name}, namespace: ns}}\nspec:\n  \
         destinations: [{destinations}]\n  retryPolicy: {{{policy}}}\n"
    )
}

const FORTIO: &str = "{kind: Service, name: fortio, namespace: ns}";

fn plan(text: &str) -> String {
    mesh(text).plan().to_string()
}

#[test]
fn one_connection_and_one_that_waits() {
    let text = limits(
        "tcp: {maxConnections: 1, connectTimeout: 5s}, http: {maxPendingRequests: 1, maxRequestsPerConnection: 1}",
    );
    assert_snapshot!(plan(&text), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. limits per port over HTTP/1: 1 exchange at once, 1 more may wait
      connections (left to the transport): made within 5s, closed after 1 request
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:65 spec.connectionSettings.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:6:126 spec.connectionSettings.http.maxRequestsPerConnection: read, left to the transport, which makes the connections
    ");
    assert_snapshot!(serde_json::to_string(&mesh(&text).plan().destinations[0].way).expect("JSON"), @r#"{"stations":[{"limits":{"protocol":"HTTP/1","connections":1,"pending":1,"scope":"cluster","reply":"osm-edge"}}],"connections":{"connectTimeout":"5s","maxRequests":1}}"#);
}

#[test]
fn requests_and_retries_are_limited_for_themselves() {
    assert_snapshot!(plan(&limits("http: {maxRequests: 7, maxRetries: 2}")), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. limits per port over HTTP/1: 7 requests at once, others are refused; 2 retries at once
    ");
    let both = limits("tcp: {maxConnections: 1}, http: {maxRequests: 1}");
    assert_snapshot!(plan(&both), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. limits per port over HTTP/1: 1 exchange at once, others wait
    ");
    assert_snapshot!(notes(&both), @"policy.yaml:6:70 spec.connectionSettings.http.maxRequests: never refuses over HTTP/1: what is beyond `tcp.maxConnections` waits in its queue first");
    let fewer = limits("tcp: {maxConnections: 5}, http: {maxRequests: 1, maxPendingRequests: 1}");
    assert_snapshot!(plan(&fewer), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. limits per port over HTTP/1: 1 request at once, others are refused
    ");
    assert_snapshot!(notes(&fewer), @r"
    policy.yaml:6:46 spec.connectionSettings.tcp.maxConnections: never acts: `http.maxRequests` is lower, and refuses first
    policy.yaml:6:93 spec.connectionSettings.http.maxPendingRequests: never acts: nothing waits where `http.maxRequests` refuses
    ");
}

#[test]
fn zero_is_unset_and_a_queue_alone_never_acts() {
    let zero = "tcp: {maxConnections: 0, connectTimeout: 0s}, http: {maxRequests: 0, maxRequestsPerConnection: 0, \
                maxPendingRequests: 0, maxRetries: 0}";
    assert_eq!(mesh(&limits(zero)).plan(), mesh(&limits("")).plan());
    assert_snapshot!(notes(&limits("http: {maxPendingRequests: 1}")), @"policy.yaml:6:51 spec.connectionSettings.http.maxPendingRequests: never acts over HTTP/1: nothing waits without `tcp.maxConnections`");
}

#[test]
fn who_speaks_http_2_shares_connections() {
    let text = limits("tcp: {maxConnections: 1}, http: {maxPendingRequests: 1, maxRequests: 7}");
    let mesh = load(&text).http2(true).build().expect("a mesh");
    assert_snapshot!(mesh.plan(), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. limits per port over HTTP/2: 7 requests at once, others are refused
    ");
    assert_eq!(mesh.notes().len(), 2, "of connections and of what waits for them");
}

#[test]
fn limits_that_cannot_mean_anything_are_errors() {
    assert_snapshot!(errors(&limits("tcp: {maxConnections: -1, connectTimeout: -5s}")), @r"
    error: `maxConnections` must be a whole number, found the number -1
      --> policy.yaml:6:46, spec.connectionSettings.tcp.maxConnections
       |
     6 |   connectionSettings: {tcp: {maxConnections: -1, connectTimeout: -5s}}
       |                                              ^^
       = accepted: 0 to 4294967295
    ");
    assert_snapshot!(errors(&limits("tcp: {connectTimeout: -5s}")), @r"
    error: `tcp.connectTimeout` cannot be -5s
      --> policy.yaml:6:46, spec.connectionSettings.tcp.connectTimeout
       |
     6 |   connectionSettings: {tcp: {connectTimeout: -5s}}
       |                                              ^^^
       = accepted: above zero, or 0 for unset
    ");
}

#[test]
fn retries_stand_between_the_breaker_and_the_limits() {
    let setting = limits("tcp: {maxConnections: 1}, http: {circuitBreaking: {errorAmountThreshold: 1}}");
    let retry =
        retry("a", FORTIO, "retryOn: 5xx, perTryTimeout: 1s, numRetries: 5, retryBackoffBaseInterval: 50ms");
    let text = [retry, setting].join("---\n");
    assert_snapshot!(plan(&text), @r#"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. circuit breaker, one per port: opens at 1 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
      2. retries: up to 5 times on 500-599, no answer, a late try, after 50ms and twice that each time, at most 500ms; a try is given up after 1s
      3. limits per port over HTTP/1: 1 exchange at once, others wait
    "#);
    assert_eq!(notes(&text), "");
}

#[test]
fn a_retry_alone_makes_destinations_of_its_services() {
    let ends = "{kind: Service, name: fortio, namespace: ns}, {kind: ServiceAccount, name: a, namespace: ns}, \
                {kind: Service, name: httpbin}";
    let text = retry("a", ends, "retryOn: \"503,4xx\", numRetries: 1");
    assert_snapshot!(plan(&text), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: once on 400-499, 503, no answer, at once
    ns/httpbin (osm-edge), as httpbin.ns.svc.cluster.local, httpbin.ns.svc, httpbin.ns, httpbin.ns.svc.cluster
      1. retries: once on 400-499, 503, no answer, at once
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:5:71 spec.destinations[1].kind: passed over: a `ServiceAccount` is no `Service`");
}

#[test]
fn words_match_nothing_and_are_told() {
    let text = retry("a", FORTIO, "retryOn: \"503, connect-failure,9xx\", numRetries: 1");
    assert_snapshot!(plan(&text), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: once on 503, no answer, at once
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:26 spec.retryPolicy.retryOn: `connect-failure` matches nothing: osm-edge knows statuses such as `503` and classes such as `5xx`
    policy.yaml:6:26 spec.retryPolicy.retryOn: `9xx` matches nothing: osm-edge knows statuses such as `503` and classes such as `5xx`
    ");
    let none = retry("a", FORTIO, "retryOn: gateway-error, numRetries: 1");
    assert_snapshot!(plan(&none), @"ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster");
    assert_snapshot!(notes(&none), @r"
    policy.yaml:6:26 spec.retryPolicy.retryOn: `gateway-error` matches nothing: osm-edge knows statuses such as `503` and classes such as `5xx`
    policy.yaml:6:26 spec.retryPolicy.retryOn: never retries: it names no status
    ");
}

#[test]
fn without_words_every_server_error_is_retried() {
    assert_snapshot!(plan(&retry("a", FORTIO, "numRetries: 2")), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: up to 2 times on 500-599, no answer, a late try, at once
    ");
}

#[test]
fn a_retry_that_never_retries_is_told() {
    assert_snapshot!(notes(&retry("a", FORTIO, "retryOn: 5xx")), @"policy.yaml:6:3 spec.retryPolicy: never retries: `numRetries` is not set");
    let empty = format!(
        "apiVersion: {API}\nkind: Retry\nmetadata: {{name: a}}\nspec: {{destinations: [{FORTIO}]}}\n"
    );
    assert_snapshot!(notes(&empty), @"policy.yaml:4:1 spec: never retries: it has no `retryPolicy`");
}

#[test]
fn who_the_client_is_is_not_looked_at_and_a_long_base_is_kept() {
    let text = retry("a", FORTIO, "numRetries: 2, retryBackoffBaseInterval: 2s")
        .replace("spec:\n", "spec:\n  source: {kind: ServiceAccount, name: curl, namespace: ns}\n");
    assert_snapshot!(plan(&text), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: up to 2 times on 500-599, no answer, a late try, after 2s and twice that each time, at most 20s
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:5:3 spec.source: not looked at: it applies whether or not this client is `curl`
    policy.yaml:7:58 spec.retryPolicy.retryBackoffBaseInterval: kept as it is: osm-edge would take it for 1s
    ");
}

#[test]
fn of_two_retries_of_one_service_the_first_counts() {
    let two = [retry("a", FORTIO, "numRetries: 1"), retry("b", FORTIO, "numRetries: 2")].join("---\n");
    assert_snapshot!(plan(&two), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: once on 500-599, no answer, a late try, at once
    ");
    assert_snapshot!(notes(&two), @"policy.yaml:12:18 (document 2) spec.destinations[0]: does not apply to ns/fortio: the document at policy.yaml:5:18 (document 1) came first");
    let same = [retry("a", FORTIO, "numRetries: 1"), retry("a", FORTIO, "numRetries: 2")].join("---\n");
    assert_snapshot!(plan(&same), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. retries: up to 2 times on 500-599, no answer, a late try, at once
    ");
    let twice = retry("a", &format!("{FORTIO}, {FORTIO}"), "numRetries: 1");
    assert_snapshot!(notes(&twice), @"policy.yaml:5:64 spec.destinations[1]: does not apply to ns/fortio: the document at policy.yaml:5:18 came first");
}

#[test]
fn retries_that_cannot_mean_anything_are_errors() {
    let errors = |policy: &str| errors(&retry("a", FORTIO, policy));
    assert_snapshot!(errors("numRetries: 1001"), @r"
    error: `numRetries` cannot be 1001
      --> policy.yaml:6:29, spec.retryPolicy.numRetries
       |
     6 |   retryPolicy: {numRetries: 1001}
       |                             ^^^^
       = accepted: no more than 1000
    ");
    assert_snapshot!(errors("numRetries: 1, perTryTimeout: 1.5ms"), @r"
    error: `perTryTimeout` cannot be 1.5ms
      --> policy.yaml:6:47, spec.retryPolicy.perTryTimeout
       |
     6 |   retryPolicy: {numRetries: 1, perTryTimeout: 1.5ms}
       |                                               ^^^^^
       = accepted: at least 1ms, in whole milliseconds, or 0 for unset
       = hint: write `2ms`
    ");
    assert_snapshot!(errors("numRetries: 1, retryBackoffBaseInterval: -1s"), @r"
    error: `retryBackoffBaseInterval` cannot be -1s
      --> policy.yaml:6:58, spec.retryPolicy.retryBackoffBaseInterval
       |
     6 |   retryPolicy: {numRetries: 1, retryBackoffBaseInterval: -1s}
       |                                                          ^^^
       = accepted: at least 1ms, in whole milliseconds, or 0 for unset
    ");
}
