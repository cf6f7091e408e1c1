//! Which requests Istio's documents are for, and which document counts where several are.

use insta::assert_snapshot;
use tower_mesh::mesh::MeshBuilder;

use crate::{
    istio::{document, routes, rule, told},
    osm::{breaker, load, mesh, notes},
};

fn hosts(builder: MeshBuilder) -> Vec<String> {
    let plan = builder.build().expect("a mesh").plan();
    plan.destinations.iter().map(|destination| destination.hosts.join(" ")).collect()
}

fn timeout(name: &str, hosts: &str, timeout: &str) -> String {
    document("VirtualService", name, &format!("  hosts: {hosts}\n  http: [{{timeout: {timeout}}}]"))
}

fn limit(name: &str, host: &str, most: u32) -> String {
    let policy = format!("{{connectionPool: {{tcp: {{maxConnections: {most}}}}}}}");
    document("DestinationRule", name, &format!("  host: {host}\n  trafficPolicy: {policy}"))
}

#[test]
fn a_short_name_is_one_of_the_documents_own_namespace() {
    let text = timeout("a", "[reviews]", "1s");
    let all = "reviews.default.svc.cluster.local reviews.default.svc reviews.default reviews";
    assert_eq!(hosts(load(&text)), [all]);
    let elsewhere = text.replace("{name: a}", "{name: a, namespace: bookinfo}");
    assert_eq!(
        hosts(load(&elsewhere)),
        ["reviews.bookinfo.svc.cluster.local reviews.bookinfo.svc reviews.bookinfo"]
    );
    assert_eq!(hosts(load(&elsewhere).namespace("bookinfo"))[0].split(' ').count(), 4);
    let corp = "reviews.default.svc.corp reviews.default.svc reviews.default reviews";
    assert_eq!(hosts(load(&text).cluster_domain("corp")), [corp]);
}

#[test]
fn a_full_name_is_the_same_host_and_another_name_with_dots_is_a_host_outside() {
    let text =
        timeout("a", "[reviews, reviews.default.svc.cluster.local, reviews.default, \"::1\", \"*\"]", "1s");
    let all = "reviews.default.svc.cluster.local reviews.default.svc reviews.default reviews";
    assert_eq!(hosts(load(&text)), [all, "[::1]", "*"]);
    assert_snapshot!(notes(&text), @"policy.yaml:5:55 spec.hosts[2]: never applies: the document at policy.yaml:5:11 is for the same name");
}

#[test]
fn names_with_a_star_are_not_looked_for_but_that_of_every_host() {
    let text = [timeout("a", "[\"*.example.com\", \"*\"]", "1s"), limit("b", "\"*.com\"", 1)].join("---\n");
    assert_eq!(hosts(load(&text)), ["*"]);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:5:11 (document 1) spec.hosts[0]: not applied yet: of names with a `*` only `*` alone is looked for
    policy.yaml:12:9 (document 2) spec.host: not applied yet: of names with a `*` only `*` alone is looked for
    ");
}

#[test]
fn a_host_has_the_routes_and_the_limits_of_every_host_where_it_has_none_itself() {
    let every = [timeout("a", "[\"*\"]", "1s"), limit("b", "\"*\"", 1)];
    let own = [timeout("c", "[reviews]", "2s"), limit("d", "ratings", 2)];
    let text = [&every[..], &own[..]].concat().join("---\n");
    assert_snapshot!(told(&text, &["(istio)", "timeout", "limits"]), @r"
    * (istio), as *
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
    1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ratings.default.svc.cluster.local (istio), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 2 exchanges at once, others wait
    ");
    let reversed: Vec<_> = [&own[..], &every[..]].concat();
    assert_snapshot!(told(&reversed.join("---\n"), &["(istio)", "timeout", "limits"]), @r"
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
    1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ratings.default.svc.cluster.local (istio), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 2 exchanges at once, others wait
    * (istio), as *
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ");
    assert_eq!(notes(&text), "");
}

#[test]
fn of_two_documents_for_one_host_the_first_counts() {
    let text = [
        timeout("a", "[reviews]", "1s"),
        timeout("b", "[ratings, reviews.default.svc.cluster.local]", "2s"),
        limit("c", "reviews", 1),
        limit("d", "reviews", 2),
    ];
    assert_snapshot!(told(&text.join("---\n"), &["(istio)", "timeout", "limits"]), @r"
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ratings.default.svc.cluster.local (istio), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings
    1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    ");
    assert_snapshot!(notes(&text.join("---\n")), @r"
    policy.yaml:12:20 (document 2) spec.hosts[1]: never applies: the document at policy.yaml:5:3 (document 1) is for the same host and came first
    policy.yaml:26:9 (document 4) spec.host: never applies: the document at policy.yaml:19:9 (document 3) is for the same host and came first
    ");
}

#[test]
fn a_rule_without_a_policy_leaves_it_to_another() {
    let subsets = document("DestinationRule", "a", "  host: reviews\n  subsets: [{name: v1}]");
    let text = [subsets, limit("b", "reviews", 7)].join("---\n");
    assert_snapshot!(told(&text, &["limits"]), @"3. limits per port over HTTP/1: 7 exchanges at once, others wait");
    assert_snapshot!(notes(&text), @"policy.yaml:6:3 (document 1) spec.subsets: read, not applied yet");
}

#[test]
fn a_later_document_of_the_same_name_replaces_an_earlier_one() {
    let text = [timeout("a", "[reviews]", "1s"), limit("a", "reviews", 1), timeout("a", "[reviews]", "2s")];
    assert_snapshot!(told(&text.join("---\n"), &["timeout", "limits"]), @r"
    1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ");
    assert_snapshot!(notes(&text.join("---\n")), @"policy.yaml:3:18 (document 1) metadata.name: replaced by the document of the same name at policy.yaml:17:18 (document 3)");
}

#[test]
fn a_name_belongs_to_the_first_dialect_that_names_it() {
    let osm = breaker("errorAmountThreshold: 1");
    let istio = timeout("a", "[fortio.ns.svc.cluster.local, ratings]", "1s");
    let text = [osm.clone(), istio.clone()].join("---\n");
    assert_snapshot!(told(&text, &["(istio)", "(osm-edge)"]), @r"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
    ratings.default.svc.cluster.local (istio), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:14:11 (document 2) spec.hosts[0]: never applies: the document at policy.yaml:5:9 (document 1) is for the same name");
    let text = [istio, osm].join("---\n");
    assert_snapshot!(told(&text, &["(istio)", "(osm-edge)"]), @r"
    fortio.ns.svc.cluster.local (istio), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns
    ratings.default.svc.cluster.local (istio), as ratings.default.svc.cluster.local, ratings.default.svc, ratings.default, ratings
    ns/fortio (osm-edge), as fortio.ns.svc.cluster
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:12:9 (document 2) spec.host: does not apply to requests for `fortio.ns.svc.cluster.local`, `fortio.ns.svc`, `fortio.ns`: the document at policy.yaml:5:11 (document 1) is for the same name");
    let rule =
        [limit("a", "fortio.ns.svc.cluster.local", 1), breaker("errorAmountThreshold: 1")].join("---\n");
    assert_snapshot!(notes(&rule), @"policy.yaml:12:9 (document 2) spec.host: does not apply to requests for `fortio.ns.svc.cluster.local`, `fortio.ns.svc`, `fortio.ns`: the document at policy.yaml:5:9 (document 1) is for the same name");
}

#[test]
fn notes_stand_in_the_order_of_the_text() {
    let text =
        [rule("{tls: {}, connectionPool: {http: {http1MaxPendingRequests: 1}}}"), routes(&["{retries: {}}"])];
    let lines: Vec<_> = mesh(&text.join("---\n")).notes().iter().map(|note| note.location.line()).collect();
    assert!(lines.is_sorted() && lines.len() == 3, "{lines:?}");
}
