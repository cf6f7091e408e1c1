//! What of a `DestinationRule` cannot mean anything, but for its policies: its host, subsets and clients.

use insta::assert_snapshot;

use crate::{
    istio::{document, slips},
    osm::{errors, load},
};

fn rule(spec: &str) -> String {
    document("DestinationRule", "a", spec)
}

fn wrong(spec: &str) -> String {
    errors(&rule(spec))
}

#[test]
fn hosts_that_are_none() {
    assert_snapshot!(wrong("  host: 10.0.0.1"), @r"
    error: `host` cannot be `10.0.0.1`
      --> policy.yaml:5:9, spec.host
       |
     5 |   host: 10.0.0.1
       |         ^^^^^^^^
       = accepted: a name, with a `*` in front perhaps
    ");
    for host in ["\"\"", "\"::1\"", "a b", "a:80", "\"a.*\"", "a_b"] {
        assert!(wrong(&format!("  host: {host}")).starts_with("error: `host` cannot be"), "{host}");
    }
    for host in ["reviews", "\"*.com\"", "\"*\"", "\"*-v1\"", "a.com."] {
        assert!(load(&rule(&format!("  host: {host}"))).build().is_ok(), "{host}");
    }
}

#[test]
fn subsets_and_namespaces_that_are_none() {
    assert_snapshot!(wrong("  host: a\n  subsets: [{name: v1}, {name: V1}, {name: v1}]"), @r"
    error: `name` cannot be `v1` again
      --> policy.yaml:6:44, spec.subsets[2].name
       |
     6 |   subsets: [{name: v1}, {name: V1}, {name: v1}]
       |                                            ^^
       = accepted: a name of its own for each subset
    ");
    assert_snapshot!(slips(&rule("  host: a\n  exportTo: [\"~\", a_b]\n  subsets: [{name: \"\"}, {name: a_b}, {name: ok, labels: {\"a b\": c}}]")), @r#"
    spec.exportTo[0]: `exportTo` cannot be `~`
    spec.exportTo[1]: `exportTo` cannot be `a_b`
    spec.subsets[0].name: `name` cannot be empty
    spec.subsets[1].name: `name` cannot be `a_b`
    spec.subsets[2].labels["a b"]: a label cannot be `a b: c`
    "#);
    assert_snapshot!(slips(&rule("  host: a\n  workloadSelector: {matchLabels: {app: \"a b\"}}\n  exportTo: [\".\", b]")), @r#"
    spec.workloadSelector.matchLabels["app"]: a label cannot be `app: a b`
    spec.exportTo[1]: a rule with a `workloadSelector` cannot be exported to `b`
    "#);
    assert!(load(&rule("  host: a\n  workloadSelector: {}\n  exportTo: [default]")).build().is_ok());
}

#[test]
fn a_rule_for_other_clients_is_judged_all_the_same() {
    let bad = rule("  host: 1.1.1.1\n  exportTo: [other]\n  trafficPolicy: {connectionPool: {tcp: {maxConnections: -1}, http: {idleTimeout: 1s}}}").replace("{name: a}", "{name: a, namespace: bookinfo}");
    assert_snapshot!(slips(&bad), @r"
    spec.host: `host` cannot be `1.1.1.1`
    spec.trafficPolicy.connectionPool.tcp.maxConnections: `tcp.maxConnections` cannot be -1
    ");
}
