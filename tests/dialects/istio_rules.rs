//! Which `DestinationRule` a host has, and what it comes to in a plan.

use insta::assert_snapshot;
use tower_mesh::{Endpoint, mesh::MeshBuilder};

use crate::{
    istio::document,
    osm::{load, mesh, notes},
};

/// A rule of a namespace for a host, which lets so many exchanges happen at once.
fn limit(name: &str, namespace: &str, host: &str, most: u32) -> String {
    of(name, namespace, &format!("  host: {host}\n  trafficPolicy: {}", pool(most)))
}

fn of(name: &str, namespace: &str, spec: &str) -> String {
    document("DestinationRule", name, spec)
        .replace(&format!("{{name: {name}}}"), &format!("{{name: {name}, namespace: {namespace}}}"))
}

fn pool(most: u32) -> String {
    format!("{{connectionPool: {{tcp: {{maxConnections: {most}}}}}}}")
}

/// What a client in this namespace is limited to, host by host.
fn limits(client: MeshBuilder, namespace: &str) -> String {
    let plan = client.namespace(namespace).build().expect("a mesh").plan();
    let host = |line: &str| line.split(" (istio)").next().unwrap_or_default().to_owned();
    let kept = plan.to_string();
    let kept = kept.lines().filter(|line| {
        ["(istio)", "limits", "to port", "subset", "left to the"].iter().any(|word| line.contains(word))
    });
    kept.map(|line| format!("{}\n", host(&line.replace("limits per port over HTTP/1: ", "")))).collect()
}

/// The same for a client in `default`.
fn plan(text: &str) -> String {
    limits(load(text), "default")
}

#[test]
fn the_clients_namespace_comes_first_then_the_hosts_then_the_root() {
    let host = "reviews.bookinfo.svc.cluster.local";
    let all = [
        limit("a", "istio-system", host, 3),
        limit("b", "bookinfo", "reviews", 2),
        limit("c", "default", host, 1),
        limit("d", "elsewhere", host, 4),
    ];
    let of =
        |places: &[usize]| places.iter().map(|place| all[*place].clone()).collect::<Vec<_>>().join("---\n");
    assert_snapshot!(plan(&of(&[0, 1, 2, 3])), @r"
    reviews.bookinfo.svc.cluster.local
      3. 1 exchange at once, others wait
    ");
    assert_snapshot!(plan(&of(&[0, 1, 3])), @r"
    reviews.bookinfo.svc.cluster.local
      3. 2 exchanges at once, others wait
    ");
    assert_snapshot!(plan(&of(&[0, 3])), @r"
    reviews.bookinfo.svc.cluster.local
      3. 3 exchanges at once, others wait
    ");
    assert_snapshot!(limits(load(&of(&[0, 1, 2, 3])), "elsewhere"), @r"
    reviews.bookinfo.svc.cluster.local
      3. 4 exchanges at once, others wait
    ");
    assert_snapshot!(plan(&of(&[3])), @"reviews.bookinfo.svc.cluster.local");
    assert_snapshot!(notes(&of(&[0, 1, 2, 3])), @r"
    policy.yaml:5:9 (document 1) spec.host: never applies: the document at policy.yaml:19:9 (document 3) is for this host too, and its namespace comes first
    policy.yaml:12:9 (document 2) spec.host: never applies: the document at policy.yaml:19:9 (document 3) is for this host too, and its namespace comes first
    policy.yaml:26:9 (document 4) spec.host: never applies: the document at policy.yaml:19:9 (document 3) is for this host too, and its namespace comes first
    ");
    assert_snapshot!(notes(&of(&[3])), @"policy.yaml:5:9 spec.host: never applies to this client: a rule counts in the client's namespace, in the host's, and in `istio-system`");
}

#[test]
fn a_namespace_beats_what_is_more_exact() {
    let text = [
        limit("a", "default", "\"*.local\"", 1),
        limit("b", "bookinfo", "reviews", 2),
        limit("c", "default", "\"*.svc.cluster.local\"", 3),
        limit("d", "default", "ratings.bookinfo.svc.cluster.local", 4),
    ];
    assert_snapshot!(plan(&text.join("---\n")), @r"
    *.local
      3. 1 exchange at once, others wait
    reviews.bookinfo.svc.cluster.local
      3. 3 exchanges at once, others wait
    *.svc.cluster.local
      3. 3 exchanges at once, others wait
    ratings.bookinfo.svc.cluster.local
      3. 4 exchanges at once, others wait
    ");
    assert_snapshot!(notes(&text.join("---\n")), @"policy.yaml:12:9 (document 2) spec.host: never applies: the document at policy.yaml:19:9 (document 3) is for this host too, and its namespace comes first");
}

#[test]
fn a_host_outside_has_the_rule_of_its_own_entrys_namespace_or_else_of_any() {
    let entry = document(
        "ServiceEntry",
        "a",
        "  hosts: [a.com]\n  ports: [{number: 80, name: http, protocol: HTTP}]",
    )
    .replace("{name: a}", "{name: a, namespace: edge}");
    let rules = [
        limit("b", "elsewhere", "a.com", 1),
        limit("c", "edge", "a.com", 2),
        limit("d", "far", "b.com", 3),
        limit("e", "farther", "b.com", 4),
    ];
    let text = rules.join("---\n");
    assert_snapshot!(plan(&text), @r"
    a.com
      3. 2 exchanges at once, others wait
    b.com
      3. 3 exchanges at once, others wait
    ");
    assert_snapshot!(plan(&[entry, text].join("---\n")), @r"
    a.com
      3. 2 exchanges at once, others wait
    b.com
      3. 3 exchanges at once, others wait
    ");
}

#[test]
fn rules_for_one_host_are_put_together() {
    let text = [
        of(
            "c",
            "default",
            "  host: reviews\n  trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}}\n  subsets: [{name: v1, labels: {version: c}}, {name: v3}]",
        ),
        of(
            "b",
            "default",
            "  host: reviews.default.svc.cluster.local\n  trafficPolicy: {retryBudget: {}}\n  subsets: [{name: v1, labels: {version: b}}, {name: v2}]",
        ),
        of("a", "default", "  host: reviews\n  subsets: [{name: v0}]"),
    ];
    assert_snapshot!(plan(&text.join("---\n")), @r"
    reviews.default.svc.cluster.local
      3. retries for 20 % of the requests in flight, at least 3
      subset v0 (every endpoint):
      1. retries for 20 % of the requests in flight, at least 3
      subset v1 (version=b):
      1. retries for 20 % of the requests in flight, at least 3
      subset v2 (every endpoint):
      1. retries for 20 % of the requests in flight, at least 3
      subset v3 (every endpoint):
      1. retries for 20 % of the requests in flight, at least 3
    ");
    assert_snapshot!(notes(&text.join("---\n")), @r"
    policy.yaml:6:3 (document 1) spec.trafficPolicy: its policy never applies, and its subsets do: the document at policy.yaml:13:9 (document 2) is for the same host and comes first
    policy.yaml:7:20 (document 1) spec.subsets[0].name: never applies, since another has this name: the document at policy.yaml:13:9 (document 2) is for the same host and comes first
    ");
    let aged = text
        .join("---\n")
        .replace("{name: c,", "{name: c, creationTimestamp: \"2024-01-02T03:04:05Z\",")
        .replace("{name: b,", "{name: b, creationTimestamp: \"2024-01-02T03:04:06Z\",");
    assert_snapshot!(plan(&aged), @r"
    reviews.default.svc.cluster.local
      3. 3 exchanges at once, others wait
      subset v0 (every endpoint):
      1. 3 exchanges at once, others wait
      subset v1 (version=c):
      1. 3 exchanges at once, others wait
      subset v3 (every endpoint):
      1. 3 exchanges at once, others wait
      subset v2 (every endpoint):
      1. 3 exchanges at once, others wait
    ");
}

#[test]
fn a_rule_for_some_workloads_comes_before_others_and_has_their_subsets() {
    let selected = |name: &str, labels: &str, rest: &str| {
        of(
            name,
            "default",
            &format!("  host: reviews\n  workloadSelector: {{matchLabels: {labels}}}\n{rest}"),
        )
    };
    let text = [
        of(
            "a",
            "default",
            &format!("  host: reviews\n  trafficPolicy: {}\n  subsets: [{{name: v1}}]", pool(1)),
        ),
        selected("b", "{app: client}", &format!("  trafficPolicy: {}", pool(2))),
        selected("c", "{app: other}", &format!("  trafficPolicy: {}", pool(3))),
        selected("d", "{version: v1}", &format!("  trafficPolicy: {}\n  subsets: [{{name: v4}}]", pool(4))),
    ];
    let text = text.join("---\n");
    assert_snapshot!(plan(&text), @r"
    reviews.default.svc.cluster.local
      3. 1 exchange at once, others wait
      subset v1 (every endpoint):
      1. 1 exchange at once, others wait
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:14:3 (document 2) spec.workloadSelector: never applies to this client: it is for workloads with the label `app: client`
    policy.yaml:22:3 (document 3) spec.workloadSelector: never applies to this client: it is for workloads with the label `app: other`
    policy.yaml:30:3 (document 4) spec.workloadSelector: never applies to this client: it is for workloads with the label `version: v1`
    ");
    let client = || load(&text).labels([("app", "client"), ("version", "v1")]);
    assert_snapshot!(limits(client(), "default"), @r"
    reviews.default.svc.cluster.local
      3. 2 exchanges at once, others wait
      subset v1 (every endpoint):
      1. 2 exchanges at once, others wait
    ");
    let told: String =
        client().build().expect("a mesh").notes().iter().map(|note| format!("{note}\n")).collect();
    assert_snapshot!(told, @r"
    policy.yaml:6:3 (document 1) spec.trafficPolicy: its policy never applies, and its subsets do: the document at policy.yaml:13:9 (document 2) is for the same host and comes first
    policy.yaml:22:3 (document 3) spec.workloadSelector: never applies to this client: it is for workloads with the label `app: other`
    policy.yaml:29:9 (document 4) spec.host: never applies: the document at policy.yaml:13:9 (document 2) is for the same host and comes first
    ");
    let elsewhere = selected("b", "{}", "").replace("namespace: default", "namespace: bookinfo");
    assert_snapshot!(notes(&elsewhere), @"policy.yaml:6:3 spec.workloadSelector: never applies to this client: it is for workloads of its own namespace");
}

#[test]
fn rules_are_seen_where_they_are_exported_to() {
    let to = |export_to: &str| {
        of(
            "a",
            "bookinfo",
            &format!("  host: reviews\n  exportTo: [{export_to}]\n  trafficPolicy: {}", pool(1)),
        )
    };
    assert_snapshot!(notes(&to("\".\"")), @"policy.yaml:6:3 spec.exportTo: never applies to this client: it is not exported to the client's namespace");
    assert_eq!(mesh(&to("other")).plan().destinations.len(), 0);
    for sound in ["\"*\"", "default", "other, default"] {
        assert_eq!(mesh(&to(sound)).plan().destinations.len(), 1, "{sound}");
    }
    let home = load(&to("other")).namespace("bookinfo").build().expect("a mesh");
    assert_eq!((home.plan().destinations.len(), home.notes().len()), (1, 0), "at home it counts anyhow");
}

#[test]
fn blocks_stand_as_a_whole_and_ports_replace_all_of_them() {
    let subsets = "  subsets:\n  - {name: plain, labels: {version: v1}}\n  - {name: own, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 5}}}}\n  \
                   - {name: budget, trafficPolicy: {retryBudget: {}}}\n  - {name: ports, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {}}, {port: {number: 82}, connectionPool: {tcp: {maxConnections: 9}}}]}}\n  \
                   - {name: tls, trafficPolicy: {tls: {}}}";
    let policy = "  trafficPolicy:\n    connectionPool: {tcp: {maxConnections: 100, connectTimeout: 1s}}\n    retryBudget: {percent: 50}\n    \
                  portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: 8}}}, {port: {number: 81}, tls: {}}]";
    assert_snapshot!(plan(&document("DestinationRule", "a", &format!("  host: reviews\n{policy}\n{subsets}"))), @r"
    reviews.default.svc.cluster.local
      3. 100 exchanges at once, others wait; retries for 50 % of the requests in flight, at least 3
      connections (left to the transport): made within 1s
      to port 80:
      3. 8 exchanges at once, others wait
      to port 81:
      subset plain (version=v1):
      1. 100 exchanges at once, others wait; retries for 50 % of the requests in flight, at least 3
      connections (left to the transport): made within 1s
      to port 80:
      1. 8 exchanges at once, others wait
      to port 81:
      subset own (every endpoint):
      1. 5 requests at once, others are refused; retries for 50 % of the requests in flight, at least 3
      to port 80:
      1. 5 requests at once, others are refused
      to port 81:
      1. 5 requests at once, others are refused
      subset budget (every endpoint):
      1. 100 exchanges at once, others wait; retries for 20 % of the requests in flight, at least 3
      connections (left to the transport): made within 1s
      to port 80:
      1. 8 exchanges at once, others wait; retries for 20 % of the requests in flight, at least 3
      to port 81:
      1. retries for 20 % of the requests in flight, at least 3
      subset ports (every endpoint):
      1. 100 exchanges at once, others wait; retries for 50 % of the requests in flight, at least 3
      connections (left to the transport): made within 1s
      to port 80:
      to port 81:
      to port 82:
      1. 9 exchanges at once, others wait; retries for 50 % of the requests in flight, at least 3
      subset tls (every endpoint):
      1. 100 exchanges at once, others wait; retries for 50 % of the requests in flight, at least 3
      connections (left to the transport): made within 1s
      to port 80:
      1. 8 exchanges at once, others wait
      to port 81:
    ");
}

#[test]
fn a_subset_has_endpoints_where_one_has_its_labels() {
    let text = document(
        "DestinationRule",
        "a",
        "  host: reviews\n  subsets: [{name: all}, {name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]",
    );
    assert_snapshot!(plan(&text), @r"
    reviews.default.svc.cluster.local
      subset all (every endpoint)
      subset v1 (version=v1)
      subset v2 (version=v2)
    ");
    let endpoint = || "10.0.0.1".parse::<Endpoint>().expect("an address").label("version", "v1");
    let known = load(&text).endpoint("reviews", endpoint().label("zone", "a"));
    assert_snapshot!(limits(known, "default"), @r"
    reviews.default.svc.cluster.local
      subset all (every endpoint)
      subset v1 (version=v1)
      subset v2 (version=v2; no endpoint has them)
    ");
    let other = load(&text).endpoint("ratings", endpoint());
    assert_eq!(limits(other, "default"), plan(&text) + "ratings.default.svc.cluster.local\n");
}
