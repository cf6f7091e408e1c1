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

/// A `VirtualService` whose requests all go to the first of its hosts.
fn timeout(name: &str, hosts: &str, timeout: &str) -> String {
    let first = hosts.trim_matches(['[', ']', '"']).split([',', '"']).next().expect("a host");
    let to = if first.starts_with('*') { "elsewhere" } else { first };
    let route = format!("{{timeout: {timeout}, route: [{{destination: {{host: {to}}}}}]}}");
    document("VirtualService", name, &format!("  hosts: {hosts}\n  http: [{route}]"))
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
    let all = "reviews.default.svc.cluster.local reviews.default.svc reviews.default reviews";
    let full = timeout("a", "[reviews.default.svc.cluster.local]", "1s");
    assert_eq!(hosts(load(&full)), [all]);
    // It takes a name from the service, since it came first.
    let outside = [timeout("b", "[reviews.default, \"::1\"]", "1s"), full].join("---\n");
    let rest = "reviews.default.svc.cluster.local reviews.default.svc reviews";
    assert_eq!(hosts(load(&outside)), ["reviews.default", "[::1]", rest]);
}

#[test]
fn a_host_that_is_named_comes_before_a_family_and_a_family_with_a_longer_end_before_others() {
    let text = [
        timeout("a", "[\"*.com\"]", "1s"),
        timeout("b", "[\"*.example.com\"]", "2s"),
        timeout("c", "[a.example.com]", "3s"),
        limit("d", "\"*\"", 1),
        limit("e", "\"*.example.com\"", 2),
    ];
    assert_snapshot!(told(&text.join("---\n"), &["(istio)", "timeout: ", "limits"]), @r"
    *.com (istio), as *.com
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    1. limits per port over HTTP/1: 1 exchange at once, others wait
    elsewhere.default.svc.cluster.local (istio), as elsewhere.default.svc.cluster.local, elsewhere.default.svc, elsewhere.default, elsewhere
    1. timeout: none, but a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    *.example.com (istio), as *.example.com
    1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    1. limits per port over HTTP/1: 2 exchanges at once, others wait
    a.example.com (istio), as a.example.com
    1. timeout: 3s, or less by a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 2 exchanges at once, others wait
    * (istio), as *
    1. timeout: none, but a gRPC call's `grpc-timeout`
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ");
    assert_eq!(notes(&text.join("---\n")), "");
}

#[test]
fn a_family_has_the_services_of_its_names() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: reviews}\nspec: {ports: [{port: 80, name: http}]}\n";
    let text = [limit("a", "\"*.default.svc.cluster.local\"", 1), service.to_owned()].join("---\n");
    assert_snapshot!(told(&text, &["(istio)", "limits"]), @r"
    *.default.svc.cluster.local (istio), as *.default.svc.cluster.local
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
    3. limits per port over HTTP/1: 1 exchange at once, others wait
    ");
}

#[test]
fn of_two_documents_for_one_host_the_first_by_name_counts() {
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
    policy.yaml:12:20 (document 2) spec.hosts[1]: never applies: the document at policy.yaml:5:3 (document 1) is for the same host and comes first
    policy.yaml:27:3 (document 4) spec.trafficPolicy: its policy never applies: the document at policy.yaml:19:9 (document 3) is for the same host and comes first
    ");
}

#[test]
fn a_rule_without_a_policy_leaves_it_to_another() {
    let subsets = document("DestinationRule", "a", "  host: reviews\n  subsets: [{name: v1}]");
    let text = [subsets, limit("b", "reviews", 7)].join("---\n");
    assert_snapshot!(told(&text, &["limits"]), @r"
    3. limits per port over HTTP/1: 7 exchanges at once, others wait
    1. limits per port over HTTP/1: 7 exchanges at once, others wait
    ");
    assert_snapshot!(notes(&text), @"");
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
