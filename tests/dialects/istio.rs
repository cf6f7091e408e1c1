//! Istio's documents as destinations: whole plans, and what of a document is passed over.

use insta::assert_snapshot;
use tower_mesh::mesh::Era;

use crate::osm::{errors, load, mesh, notes};

/// A document; `spec` is indented by two.
pub(crate) fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}\n")
}

/// A `DestinationRule` for `reviews` with this policy.
pub(crate) fn rule(policy: &str) -> String {
    document("DestinationRule", "reviews", &format!("  host: reviews\n  trafficPolicy: {policy}"))
}

/// A route in braces, which goes to this host unless it says what it does.
pub(crate) fn going(route: &str, host: &str) -> String {
    let says =
        ["route:", "redirect:", "directResponse:", "delegate:"].iter().any(|action| route.contains(action));
    match route.strip_suffix('}').filter(|_| !says) {
        Some(route) => {
            let comma = if route == "{" { "" } else { ", " };
            format!("{route}{comma}route: [{{destination: {{host: {host}}}}}]}}")
        }
        None => route.to_owned(),
    }
}

/// A `VirtualService` for `reviews` with these routes; one that does not say where it goes leaves requests where they are.
pub(crate) fn routes(routes: &[&str]) -> String {
    let routes: String = routes.iter().map(|route| format!("\n  - {}", going(route, "reviews"))).collect();
    document("VirtualService", "reviews", &format!("  hosts: [reviews]\n  http:{routes}"))
}

/// The lines of the plan that tell of this.
pub(crate) fn told(text: &str, of: &[&str]) -> String {
    let plan = mesh(text).plan().to_string();
    let lines = plan.lines().filter(|line| of.iter().any(|word| line.contains(word)));
    lines.map(|line| format!("{}\n", line.trim())).collect()
}

/// What is wrong: where, as a path, and what.
pub(crate) fn slips(text: &str) -> String {
    let errors = load(text).build().expect_err("it means nothing");
    errors.iter().map(|error| format!("{}: {}\n", error.path(), error.message())).collect()
}

/// What is wrong without the text that is shown of it.
pub(crate) fn wrong(text: &str) -> String {
    let kept =
        |line: &&str| ["error:", " --> ", "= accepted", "= hint"].iter().any(|word| line.contains(word));
    errors(text).lines().filter(kept).map(|line| format!("{}\n", line.trim())).collect()
}

#[test]
fn a_plan_can_be_read() {
    let text = [
        routes(&["{timeout: 0.5s, retries: {attempts: 3, perTryTimeout: 100ms, retryOn: \"5xx,429\"}, \
                  fault: {delay: {percentage: {value: 50}, fixedDelay: 5s}}}"]),
        rule(
            "{connectionPool: {tcp: {maxConnections: 10, connectTimeout: 30ms}, http: {http1MaxPendingRequests: 2}}}",
        ),
    ];
    assert_snapshot!(mesh(&text.join("---\n")).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. fault: delays 50 % by 5s
      2. timeout: 500ms, or less by a gRPC call's `grpc-timeout`
      3. retries: up to 3 times on 5xx, 429, after up to 25ms and twice that each time, at most 250ms; a try is given up after 100ms; tries are numbered
      4. limits per port over HTTP/1: 10 exchanges at once, 2 more may wait
      connections (left to the transport): made within 30ms
    ");
    assert_snapshot!(serde_json::to_string_pretty(&mesh(&text.join("---\n")).plan()).expect("JSON"), @r#"
    {
      "era": {
        "trustRequestHeaders": false,
        "defaultRetries": "unsent",
        "ejections": "strict",
        "consecutiveErrors": "gateway-errors",
        "defaultBalancing": "least-request"
      },
      "home": {
        "namespace": "default",
        "domain": "cluster.local"
      },
      "destinations": [
        {
          "name": "reviews.default.svc.cluster.local",
          "hosts": [
            "reviews.default.svc.cluster.local",
            "reviews.default.svc",
            "reviews.default",
            "reviews"
          ],
          "dialect": "istio",
          "stations": [
            {
              "fault": {
                "delay": {
                  "what": "5s",
                  "percent": 50.0
                },
                "exclusive": false
              }
            },
            {
              "timeout": {
                "total": "500ms",
                "grpcTimeout": true,
                "trustRequestHeaders": false,
                "tellDeadline": false
              }
            },
            {
              "retry": {
                "attempts": 3,
                "on": "5xx,retriable-status-codes,429",
                "backoff": {
                  "base": "25ms",
                  "most": "250ms",
                  "jitter": true
                },
                "perTryTimeout": "100ms",
                "methods": "all",
                "avoidPreviousHosts": true,
                "bodyLimit": 1048576,
                "hedging": false,
                "trustRequestHeaders": false,
                "countAttempts": true
              }
            },
            {
              "limits": {
                "protocol": "HTTP/1",
                "connections": 10,
                "pending": 2,
                "scope": "cluster",
                "reply": "envoy"
              }
            }
          ],
          "connections": {
            "connectTimeout": "30ms"
          }
        }
      ]
    }
    "#);
}

#[test]
fn an_old_era_says_in_the_plan_what_it_trusts_and_retries() {
    let plan = |era: &str| {
        let era: Era = era.parse().expect("an era");
        load(&routes(&["{timeout: 1s}"])).era(era).build().expect("a mesh").plan().to_string()
    };
    assert_snapshot!(plan("0.8"), @r"
    era: request headers trusted, default retries none, round robin by default, ejections of one at least, consecutiveErrors counts every 5xx
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: 1s, or less by a gRPC call's `grpc-timeout`; a request's `x-envoy-upstream-rq-timeout-ms` counts instead
      2. retries: none; a request's `x-envoy-…` headers count instead; tries are numbered
      3. balance per port: one after another
    ");
    assert_snapshot!(plan("1.5"), @r"
    era: request headers trusted, default retries of what was not sent and of a 503, round robin by default, ejections of one at least, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: 1s, or less by a gRPC call's `grpc-timeout`; a request's `x-envoy-upstream-rq-timeout-ms` counts instead
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, 503, after up to 25ms and twice that each time, at most 250ms; a request's `x-envoy-…` headers count instead; tries are numbered
      3. balance per port: one after another
    ");
    // Since then the one of two with fewer requests is picked, which is so anyway.
    let later = plan("1.5")
        .replace("round robin by", "least request by")
        .replace("  3. balance per port: one after another\n", "");
    assert_eq!(plan("1.14"), later);
    assert_eq!(plan("1.17"), later);
    assert_snapshot!(plan("current"), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    ");
}

#[test]
fn upstreams_are_told_their_deadline_where_one_asks_for_it() {
    let mesh = load(&routes(&["{timeout: 1s}"])).tell_deadlines(true).build().expect("a mesh");
    assert_snapshot!(mesh.plan().to_string().lines().nth(2).unwrap_or_default(), @"  1. timeout: 1s, or less by a gRPC call's `grpc-timeout`; told to the upstream");
}

#[test]
fn rules_stand_in_the_plan_in_their_order() {
    let text = routes(&[
        "{match: [{uri: {prefix: /v1}}], timeout: 1s, rewrite: {uri: /}}",
        "{match: [], timeout: 2s}",
        "{timeout: 3s, retries: {}}",
    ]);
    assert_snapshot!(mesh(&text).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      rule 1, default/reviews http[0]: path begins with `/v1`
        to reviews.default.svc.cluster.local
        rewrite: path: `/` in the place of what was matched
        1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
        2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      rule 2, default/reviews http[1]: every request
        to reviews.default.svc.cluster.local
        1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
        2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      rule 3, default/reviews http[2]: every request
        to reviews.default.svc.cluster.local
        1. timeout: 3s, or less by a gRPC call's `grpc-timeout`
        2. retries: none; tries are numbered
    ");
    let text = routes(&["{match: [{uri: {prefix: /v1}}], retries: {attempts: -1}}", "{timeout: 1s}"]);
    assert!(load(&text).build().is_err(), "every route is judged");
}

#[test]
fn one_rule_that_leaves_every_request_where_it_is_is_the_way_to_the_host() {
    let alone = "{route: [{destination: {host: reviews.default.svc.cluster.local}, weight: 0}]}";
    let plan = mesh(&routes(&[alone])).plan();
    assert!(plan.destinations[0].rules.is_empty() && notes(&routes(&[alone])).is_empty());
}

#[test]
fn what_is_for_whoever_makes_connections_is_told_as_left_to_it() {
    let text = document(
        "DestinationRule",
        "reviews",
        "  host: reviews
  subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 1s}}}}]
  trafficPolicy:
    loadBalancer: {simple: RANDOM}
    outlierDetection: {}
    tls: {mode: DISABLE}
    tunnel: {}
    proxyProtocol: {}
    portLevelSettings: [{port: {number: 80}, loadBalancer: {}, outlierDetection: {}, tls: {}}]",
    );
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:102 spec.subsets[0].trafficPolicy.connectionPool.tcp.connectTimeout: read, left to the transport, which makes the connections
    policy.yaml:9:5 spec.trafficPolicy.outlierDetection: nobody is ejected: nobody tells who the endpoints are, so requests are left to the transport
    policy.yaml:10:5 spec.trafficPolicy.tls: read, left to the transport, which makes the connections
    policy.yaml:11:5 spec.trafficPolicy.tunnel: read, left to the transport, which makes the connections
    policy.yaml:12:5 spec.trafficPolicy.proxyProtocol: read, left to the transport, which makes the connections
    policy.yaml:13:86 spec.trafficPolicy.portLevelSettings[0].tls: read, left to the transport, which makes the connections
    ");
}

#[test]
fn routes_for_gateways_alone_and_for_tcp_never_apply() {
    let gateway = document(
        "VirtualService",
        "a",
        "  hosts: [reviews]\n  gateways: [edge]\n  http: [{timeout: 1s, route: [{destination: {host: reviews}}]}]",
    );
    assert_snapshot!(mesh(&gateway).plan(), @"(no policy: every request passes untouched)");
    assert_snapshot!(notes(&gateway), @"policy.yaml:6:3 spec.gateways: never applies to a client: it is for gateways, and `mesh` is not among them");
    let both = gateway.replace("[edge]", "[edge, mesh]");
    assert_snapshot!(told(&both, &["timeout"]), @"1. timeout: 1s, or less by a gRPC call's `grpc-timeout`");
    assert_snapshot!(notes(&both), @"");
    let place = "route: [{destination: {host: reviews}}]";
    let l4 = format!("  tcp: [{{{place}}}]\n  tls: [{{match: [{{sniHosts: [reviews]}}], {place}}}]");
    let tcp = document("VirtualService", "a", &format!("  hosts: [reviews]\n  exportTo: [b]\n{l4}"));
    assert_snapshot!(notes(&tcp), @"policy.yaml:6:3 spec.exportTo: never applies to this client: it is not exported to the client's namespace");
}
