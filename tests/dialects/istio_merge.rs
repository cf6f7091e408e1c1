//! Which blocks of a `DestinationRule` hold for a cluster: those of the host, of a port, of a subset, of a subset's port. A
//! block stands as a whole; nothing inside of one is merged.

use insta::assert_snapshot;

use crate::{
    istio::{document, rule},
    osm::{load, mesh},
};

/// What each cluster passes that is its own, in short: the host, its ports, its subsets and their ports.
fn clusters(text: &str) -> String {
    let plan = mesh(text).plan().to_string();
    let lines = plan.lines().filter_map(|line| {
        let line = line.trim();
        let heading = line.starts_with("subset ") || line.starts_with("to port ");
        let own = ["limits per", "balance per"].iter().any(|word| line.contains(word));
        let short = line.split_once(". ").map_or(line, |(_, rest)| rest);
        let short =
            short.replace("the one of two with fewer requests", "least").replace(" per port over HTTP/1", "");
        let short = short.replace(", longer each time up to 5m, looking every 10s; at most 10 % at once", "");
        (heading || own).then(|| format!("{}{short}\n", if own { "  " } else { "" }))
    });
    lines.collect()
}

/// A rule for all of a host, and for its subset `v1`.
fn of_both(host: &str, subset: &str) -> String {
    let spec = format!(
        "  host: reviews\n  trafficPolicy: {host}\n  subsets:\n  - name: v1\n    labels: {{version: v1}}\n    trafficPolicy: {subset}"
    );
    document("DestinationRule", "reviews", &spec)
}

const ONE: &str = "outlierDetection: {consecutive5xxErrors: 1}";
const RANDOM: &str = "loadBalancer: {simple: RANDOM}";
const TEN: &str = "connectionPool: {tcp: {maxConnections: 10}}";

#[test]
fn a_subset_keeps_the_blocks_that_it_does_not_have() {
    let text = of_both(&format!("{{{ONE}, {RANDOM}}}"), "{connectionPool: {tcp: {maxConnections: 5}}}");
    assert_snapshot!(clusters(&text), @r"
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    subset v1 (version=v1):
      limits: 5 exchanges at once, others wait
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    ");
}

#[test]
fn a_block_of_a_subset_takes_the_place_of_all_of_the_hosts_block() {
    let text = of_both(
        "{connectionPool: {tcp: {maxConnections: 100}}, outlierDetection: {consecutive5xxErrors: 1, baseEjectionTime: 1m}, \
         loadBalancer: {simple: RANDOM, localityLbSetting: {enabled: false}}}",
        "{connectionPool: {http: {http2MaxRequests: 5}}, outlierDetection: {consecutive5xxErrors: 2}, \
         loadBalancer: {simple: ROUND_ROBIN}}",
    );
    assert_snapshot!(clusters(&text), @r"
      limits: 100 exchanges at once, others wait
      balance per port: any, by chance; ejects at the first error (5xx) for 1m
    subset v1 (version=v1):
      limits: 5 requests at once, others are refused
      balance per port: one after another; ejects at 2 errors in a row (5xx) for 30s
    ");
    let near =
        load(&text).locality("us".parse().expect("a locality")).build().expect("it means something").plan();
    let near = near.to_string();
    assert_snapshot!(near.lines().filter(|line| line.contains("nearest")).count(), @"1");
}

#[test]
fn an_entry_for_a_port_resets_what_it_does_not_say() {
    let text = rule(&format!(
        "{{{ONE}, {RANDOM}, {TEN}, portLevelSettings: [{{port: {{number: 80}}, tls: {{}}}}]}}"
    ));
    assert_snapshot!(clusters(&text), @r"
      limits: 10 exchanges at once, others wait
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    to port 80:
    ");
    let notes = mesh(&text).notes().to_vec();
    let lost = notes.iter().filter(|note| note.message.contains("lost")).map(|note| format!("{note}\n"));
    assert_snapshot!(lost.collect::<String>(), @r"
    policy.yaml:6:161 spec.trafficPolicy.portLevelSettings[0]: replaces the whole policy around it: its `loadBalancer` is lost for this port
    policy.yaml:6:161 spec.trafficPolicy.portLevelSettings[0]: replaces the whole policy around it: its `connectionPool` is lost for this port
    policy.yaml:6:161 spec.trafficPolicy.portLevelSettings[0]: replaces the whole policy around it: its `outlierDetection` is lost for this port
    ");
}

#[test]
fn an_entry_for_a_port_of_a_subset_resets_the_hosts_blocks_too() {
    let text = of_both(
        &format!("{{{ONE}, {RANDOM}, {TEN}, retryBudget: {{}}}}"),
        "{connectionPool: {tcp: {maxConnections: 5}}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]}",
    );
    // But for the budget of retries, which an entry for a port cannot have.
    assert_snapshot!(clusters(&text), @r"
      limits: 10 exchanges at once, others wait; retries for 20 % of the requests in flight, at least 3
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    subset v1 (version=v1):
      limits: 5 exchanges at once, others wait; retries for 20 % of the requests in flight, at least 3
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    to port 80:
      limits: retries for 20 % of the requests in flight, at least 3
      balance per port: one after another
    ");
}

#[test]
fn a_subset_goes_on_from_what_holds_for_the_hosts_port() {
    let text = of_both(
        &format!("{{{TEN}, {RANDOM}, portLevelSettings: [{{port: {{number: 80}}, {ONE}}}]}}"),
        "{connectionPool: {tcp: {maxConnections: 5}}}",
    );
    assert_snapshot!(clusters(&text), @r"
      limits: 10 exchanges at once, others wait
      balance per port: any, by chance
    to port 80:
      balance per port: least; ejects at the first error (5xx) for 30s
    subset v1 (version=v1):
      limits: 5 exchanges at once, others wait
      balance per port: any, by chance
    to port 80:
      limits: 5 exchanges at once, others wait
      balance per port: least; ejects at the first error (5xx) for 30s
    ");
}

#[test]
fn a_subsets_policy_is_for_routes_that_name_the_subset_alone() {
    let text = of_both(&format!("{{{TEN}}}"), &format!("{{{ONE}}}"));
    assert_snapshot!(clusters(&text), @r"
      limits: 10 exchanges at once, others wait
    subset v1 (version=v1):
      limits: 10 exchanges at once, others wait
      balance per port: least; ejects at the first error (5xx) for 30s
    ");
    let plan = mesh(&text).plan();
    assert_eq!(
        plan.destinations[0].way.stations.len(),
        mesh(&rule(&format!("{{{TEN}}}"))).plan().destinations[0].way.stations.len()
    );
}

#[test]
fn a_subset_without_a_policy_has_the_hosts() {
    let text = document(
        "DestinationRule",
        "reviews",
        &format!(
            "  host: reviews\n  trafficPolicy: {{{ONE}, {RANDOM}, portLevelSettings: [{{port: {{number: 80}}, {TEN}}}]}}\n  subsets: [{{name: v1, labels: {{version: v1}}}}]"
        ),
    );
    assert_snapshot!(clusters(&text), @r"
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    to port 80:
      limits: 10 exchanges at once, others wait
    subset v1 (version=v1):
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    to port 80:
      limits: 10 exchanges at once, others wait
    ");
}

#[test]
fn a_subset_of_a_host_without_a_policy_has_its_own() {
    let text = document(
        "DestinationRule",
        "reviews",
        &format!("  host: reviews\n  subsets: [{{name: v1, trafficPolicy: {{{ONE}, {TEN}}}}}]"),
    );
    assert_snapshot!(clusters(&text), @r"
    subset v1 (every endpoint):
      limits: 10 exchanges at once, others wait
      balance per port: least; ejects at the first error (5xx) for 30s
    ");
}

#[test]
fn of_several_rules_for_a_host_the_first_policy_holds_for_the_subsets_of_all() {
    let one = document("DestinationRule", "a", &format!("  host: reviews\n  trafficPolicy: {{{RANDOM}}}"));
    let two = document(
        "DestinationRule",
        "b",
        &format!(
            "  host: reviews\n  trafficPolicy: {{{TEN}}}\n  subsets: [{{name: v1, trafficPolicy: {{{ONE}}}}}]"
        ),
    );
    assert_snapshot!(clusters(&[one, two].join("---\n")), @r"
      balance per port: any, by chance
    subset v1 (every endpoint):
      balance per port: any, by chance; ejects at the first error (5xx) for 30s
    ");
}
