//! Istio's documents as destinations: whole plans, and what of a document is passed over.

use insta::assert_snapshot;
use tower_mesh::mesh::{Era, NoteKind};

use crate::osm::{load, mesh, notes};

/// A document; `spec` is indented by two.
pub(crate) fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}\n")
}

/// A `DestinationRule` for `reviews` with this policy.
pub(crate) fn rule(policy: &str) -> String {
    document("DestinationRule", "reviews", &format!("  host: reviews\n  trafficPolicy: {policy}"))
}

/// A `VirtualService` for `reviews` with these routes.
pub(crate) fn routes(routes: &[&str]) -> String {
    let routes: String = routes.iter().map(|route| format!("\n  - {route}")).collect();
    document("VirtualService", "reviews", &format!("  hosts: [reviews]\n  http:{routes}"))
}

/// The lines of the plan that tell of this.
pub(crate) fn told(text: &str, of: &[&str]) -> String {
    let plan = mesh(text).plan().to_string();
    let lines = plan.lines().filter(|line| of.iter().any(|word| line.contains(word)));
    lines.map(|line| format!("{}\n", line.trim())).collect()
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
    era: request headers not trusted, default retries of what was not sent
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
        "defaultRetries": "unsent"
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
    era: request headers trusted, default retries none
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: 1s, or less by a gRPC call's `grpc-timeout`; a request's `x-envoy-upstream-rq-timeout-ms` counts instead
      2. retries: none; a request's `x-envoy-…` headers count instead; tries are numbered
    ");
    assert_snapshot!(plan("1.5"), @r"
    era: request headers trusted, default retries of what was not sent and of a 503
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: 1s, or less by a gRPC call's `grpc-timeout`; a request's `x-envoy-upstream-rq-timeout-ms` counts instead
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, 503, after up to 25ms and twice that each time, at most 250ms; a request's `x-envoy-…` headers count instead; tries are numbered
    ");
    assert_eq!(plan("1.14"), plan("1.5"));
    assert_eq!(plan("1.17"), plan("1.5"));
    assert_snapshot!(plan("current"), @r"
    era: request headers not trusted, default retries of what was not sent
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
fn the_first_route_for_every_request_is_taken_and_of_the_others_only_errors_are_told() {
    let text = routes(&[
        "{match: [{uri: {prefix: /v1}}], timeout: 1s, fault: {delay: {fixedDelay: 1s}}, rewrite: {uri: /}}",
        "{match: [], timeout: 2s}",
        "{timeout: 3s, retries: {}}",
    ]);
    assert_snapshot!(told(&text, &["timeout"]), @"1. timeout: 2s, or less by a gRPC call's `grpc-timeout`");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:7:6 spec.http[0].match: not applied yet: the requests that it matches are treated as all others are
    policy.yaml:9:5 spec.http[2]: never taken: an earlier route takes every request
    ");
    let text = routes(&["{match: [{uri: {prefix: /v1}}], retries: {attempts: -1}}", "{timeout: 1s}"]);
    assert!(load(&text).build().is_err(), "a route that is passed over is judged");
}

#[test]
fn a_route_with_a_condition_alone_leaves_a_host_as_it_was() {
    let text = routes(&["{match: [{uri: {prefix: /v1}}], timeout: 1s}"]);
    assert_snapshot!(mesh(&text).plan(), @"(no policy: every request passes untouched)");
    assert_snapshot!(notes(&text), @"policy.yaml:7:6 spec.http[0].match: not applied yet: the requests that it matches are treated as all others are");
}

#[test]
fn where_routes_lead_and_what_else_they_do_is_told_as_not_applied() {
    let text = routes(&[
        "{rewrite: {uri: /}, redirect: {uri: /}, directResponse: {status: 200}, delegate: {name: a}, \
         mirror: {host: a}, mirrors: [], mirrorPercent: 1, mirrorPercentage: {value: 1}, corsPolicy: {}, \
         headers: {}, route: [{destination: {host: ratings, subset: v1, port: {number: 80}}, headers: {}}]}",
    ]);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:7:6 spec.http[0].rewrite: read, not applied yet
    policy.yaml:7:25 spec.http[0].redirect: read, not applied yet
    policy.yaml:7:45 spec.http[0].directResponse: read, not applied yet
    policy.yaml:7:76 spec.http[0].delegate: read, not applied yet
    policy.yaml:7:97 spec.http[0].mirror: read, not applied yet
    policy.yaml:7:144 spec.http[0].mirrorPercent: read, not applied yet
    policy.yaml:7:147 spec.http[0].mirrorPercentage: read, not applied yet
    policy.yaml:7:177 spec.http[0].corsPolicy: read, not applied yet
    policy.yaml:7:193 spec.http[0].headers: read, not applied yet
    policy.yaml:7:235 spec.http[0].route[0].destination.host: not applied yet: requests go to the host that they name
    policy.yaml:7:252 spec.http[0].route[0].destination.subset: read, not applied yet
    policy.yaml:7:256 spec.http[0].route[0].destination.port: read, not applied yet
    policy.yaml:7:277 spec.http[0].route[0].headers: read, not applied yet
    ");
    assert!(mesh(&text).notes().iter().all(|note| note.kind == NoteKind::NotApplied));
    let weighted = "{route: [{destination: {host: reviews, subset: v1}, weight: 50}, \
                    {destination: {host: reviews, subset: v3}, weight: 50}]}";
    assert_snapshot!(notes(&routes(&[weighted])), @"policy.yaml:7:6 spec.http[0].route: not applied yet: requests go to the host that they name, and not by weight to these 2 places");
    let alone = "{route: [{destination: {host: reviews.default.svc.cluster.local}, weight: 0}]}";
    assert_snapshot!(notes(&routes(&[alone])), @"");
}

#[test]
fn what_rules_say_beside_limits_is_told_as_not_applied() {
    let text = document(
        "DestinationRule",
        "reviews",
        "  host: reviews
  exportTo: [.]
  workloadSelector: {matchLabels: {app: a}}
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
    policy.yaml:6:3 spec.exportTo: read, not applied yet
    policy.yaml:7:3 spec.workloadSelector: read, not applied yet
    policy.yaml:8:3 spec.subsets: read, not applied yet
    policy.yaml:10:5 spec.trafficPolicy.loadBalancer: read, not applied yet
    policy.yaml:11:5 spec.trafficPolicy.outlierDetection: read, not applied yet
    policy.yaml:12:5 spec.trafficPolicy.tls: read, not applied yet
    policy.yaml:13:5 spec.trafficPolicy.tunnel: read, not applied yet
    policy.yaml:14:5 spec.trafficPolicy.proxyProtocol: read, not applied yet
    policy.yaml:15:46 spec.trafficPolicy.portLevelSettings[0].loadBalancer: read, not applied yet
    policy.yaml:15:64 spec.trafficPolicy.portLevelSettings[0].outlierDetection: read, not applied yet
    policy.yaml:15:86 spec.trafficPolicy.portLevelSettings[0].tls: read, not applied yet
    ");
    assert!(mesh(&text).notes().iter().all(|note| note.kind == NoteKind::NotApplied));
    assert_eq!(notes(&text.replace("[.]", "[\"*\"]")).matches("exportTo").count(), 0);
}

#[test]
fn routes_for_gateways_alone_and_for_tcp_never_apply() {
    let gateway =
        document("VirtualService", "a", "  hosts: [reviews]\n  gateways: [edge]\n  http: [{timeout: 1s}]");
    assert_snapshot!(mesh(&gateway).plan(), @"(no policy: every request passes untouched)");
    assert_snapshot!(notes(&gateway), @"policy.yaml:6:3 spec.gateways: never applies to a client: it is for gateways, and `mesh` is not among them");
    let both = gateway.replace("[edge]", "[edge, mesh]");
    assert_snapshot!(told(&both, &["timeout"]), @"1. timeout: 1s, or less by a gRPC call's `grpc-timeout`");
    assert_snapshot!(notes(&both), @"");
    let tcp =
        document("VirtualService", "a", "  hosts: [reviews]\n  exportTo: [b]\n  tcp: [{}]\n  tls: [{}]");
    assert_snapshot!(notes(&tcp), @r"
    policy.yaml:6:3 spec.exportTo: read, not applied yet
    policy.yaml:7:3 spec.tcp: read, not applied yet
    policy.yaml:8:3 spec.tls: read, not applied yet
    ");
}
