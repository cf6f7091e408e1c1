//! Who the endpoints of a Kubernetes service are: `EndpointSlice`s, and the `Pod`s behind them.

use insta::assert_snapshot;

use crate::{
    istio::{document, wrong},
    istio_endpoints::staff_of,
    osm::{breaker, mesh, notes},
};

fn service(name: &str, ports: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{ports: [{ports}]}}\n")
}

const REVIEWS: &str = "{port: 9080, name: http}";

fn slice(name: &str, labels: &str, endpoints: &str, ports: &str) -> String {
    format!(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {{name: {name}, labels: {{kubernetes.io/service-name: reviews, {labels}}}}}\n\
         addressType: IPv4\nendpoints: [{endpoints}]\nports: [{ports}]\n"
    )
}

fn pod(name: &str, labels: &str, address: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{{labels}}}}}\nstatus: {{podIP: {address}}}\n"
    )
}

/// A rule of Istio's, so that it is a mesh of Istio's.
fn rule() -> String {
    document("DestinationRule", "reviews", "  host: reviews\n  subsets: [{name: v1, labels: {version: v1}}]")
}

fn all(texts: &[String]) -> String {
    texts.join("---\n")
}

#[test]
fn slices_of_a_service_together_are_its_endpoints_port_by_port() {
    let text = all(&[
        service("reviews", "{port: 9080, name: http}, {port: 9081, name: admin}, {port: 9082, name: none}"),
        slice(
            "a",
            "",
            "{addresses: [10.1.0.1]}, {addresses: [10.1.0.2, 10.1.0.3]}",
            "{name: http, port: 80}, {name: admin, port: 81}",
        ),
        slice("b", "", "{addresses: [\"2001:db8::1\"]}, {addresses: [10.1.0.1]}", "{name: http, port: 80}"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80
        10.1.0.2:80
        10.1.0.3:80
        [2001:db8::1]:80
      9081
        10.1.0.1:81
        10.1.0.2:81
        10.1.0.3:81
      9082
    ");
    assert_snapshot!(notes(&text), @"");
}

#[test]
fn a_port_without_a_name_is_that_without_a_name() {
    let text = all(&[
        service("reviews", "{port: 9080}"),
        slice("a", "", "{addresses: [10.1.0.1]}", "{name: \"\", port: 80}"),
        slice("b", "", "{addresses: [10.1.0.2]}", "{}"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80
        10.1.0.2
    ");
}

#[test]
fn who_is_not_ready_or_about_to_end_is_there_and_not_asked() {
    let of = |conditions: &str| format!("{{addresses: [10.1.0.1], conditions: {{{conditions}}}}}");
    let is_ready = |conditions: &str| {
        let text =
            all(&[service("reviews", REVIEWS), slice("a", "", &of(conditions), "{name: http, port: 80}")]);
        mesh(&text).plan().destinations[0].endpoints[0].endpoints[0].is_ready()
    };
    assert!(is_ready("") && is_ready("ready: true") && is_ready("serving: false"));
    assert!(!is_ready("ready: false") && !is_ready("ready: true, terminating: true"));
}

#[test]
fn labels_are_those_of_the_pod_by_its_name_or_its_address() {
    let endpoints = "{addresses: [10.1.0.1], targetRef: {kind: Pod, name: one}}, {addresses: [10.1.0.2]}, \
                     {addresses: [10.1.0.3], targetRef: {kind: Pod, name: gone}}, {addresses: [10.1.0.4], targetRef: {kind: Node, name: one}}";
    let text = all(&[
        rule(),
        service("reviews", REVIEWS),
        slice(
            "a",
            "app: reviews, endpointslice.kubernetes.io/managed-by: a",
            endpoints,
            "{name: http, port: 80}",
        ),
        pod("one", "version: v1", "10.9.9.9"),
        pod("two", "version: v2, istio-locality: us.z2", "10.1.0.2"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80 version=v1
        10.1.0.2:80 in us/z2 istio-locality=us.z2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z2 version=v2
        10.1.0.3:80 app=reviews
        10.1.0.4:80 app=reviews
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:17:1 (document 3) endpoints: no Pod tells the labels of its endpoints: subsets go by those of the slice itself");
    // Who makes no parts by labels need not know.
    let plain = text.replace(
        "subsets: [{name: v1, labels: {version: v1}}]",
        "trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}",
    );
    assert_snapshot!(notes(&plain), @"");
}

#[test]
fn a_pod_of_another_namespace_is_another() {
    let text = all(&[
        service("reviews", REVIEWS),
        slice(
            "a",
            "app: slice",
            "{addresses: [10.1.0.1], targetRef: {kind: Pod, name: one}}",
            "{name: http, port: 80}",
        ),
        pod("one", "app: pod", "10.1.0.1").replace("{name: one", "{name: one, namespace: other"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80 app=slice
    ");
}

#[test]
fn a_zone_is_said_by_the_slice_and_a_region_by_labels() {
    let place =
        |region: &str| format!("topology.kubernetes.io/region: {region}, topology.kubernetes.io/zone: old");
    let endpoints = format!(
        "{{addresses: [10.1.0.1], zone: z1, deprecatedTopology: {{{}}}}}, {{addresses: [10.1.0.2], topology: {{{}}}}}, {{addresses: [10.1.0.3], zone: z3}}",
        place("us"),
        place("eu"),
    );
    let text = all(&[
        service("reviews", REVIEWS),
        slice("a", "", &endpoints, "{name: http, port: 80}"),
        pod("three", "topology.kubernetes.io/region: asia", "10.1.0.3"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80 in us/z1 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1
        10.1.0.2:80 in eu/old topology.kubernetes.io/region=eu topology.kubernetes.io/zone=old
        10.1.0.3:80 in asia/z3 topology.kubernetes.io/region=asia topology.kubernetes.io/zone=z3
    ");
}

#[test]
fn a_service_without_slices_is_known_to_nobody_and_one_with_empty_ones_has_nobody() {
    let empty = all(&[rule(), service("reviews", REVIEWS), slice("a", "", "", "{name: http, port: 80}")]);
    assert_snapshot!(staff_of(&empty), @r"
    reviews.default.svc.cluster.local
      9080
    ");
    assert_snapshot!(staff_of(&all(&[rule(), service("reviews", REVIEWS)])), @"reviews.default.svc.cluster.local");
}

#[test]
fn slices_of_no_service_are_told() {
    let nameless = slice("a", "", "", "").replace("kubernetes.io/service-name: reviews, ", "");
    let other = slice("b", "", "", "").replace("name: b", "name: b, namespace: other");
    assert_snapshot!(notes(&all(&[service("reviews", REVIEWS), nameless, other])), @r#"
    policy.yaml:8:21 (document 2) metadata.labels: is of no service: it has no label `kubernetes.io/service-name`
    policy.yaml:15:76 (document 3) metadata.labels["kubernetes.io/service-name"]: is of no service: no document is of `reviews` in `other`
    "#);
}

#[test]
fn addresses_that_are_none() {
    assert_snapshot!(wrong(&all(&[service("reviews", REVIEWS), slice("a", "", "{addresses: [10.1.0.1, \"a b\", \"10.1.0.2:80\"]}", "")])), @r"
    error: an address cannot be `a b`
    --> policy.yaml:10:36 (document 2), endpoints[0].addresses[1]
    = accepted: an IP address, without a port
    error: an address cannot be `10.1.0.2:80`
    --> policy.yaml:10:43 (document 2), endpoints[0].addresses[2]
    = accepted: an IP address, without a port
    ");
}

/// Slices alone say who answers; in a mesh of osm-edge's they are those of its services, and nothing of Istio's is added.
#[test]
fn services_with_slices_are_balanced_in_every_mesh() {
    let known = [
        service("reviews", REVIEWS),
        service("ratings", "{port: 1}"),
        slice("a", "", "{addresses: [10.1.0.1]}", "{name: http, port: 80}"),
    ];
    assert_snapshot!(mesh(&all(&known)).plan(), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: none, but a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      1 endpoint behind port 9080
    ");
    let fortio = breaker("errorAmountThreshold: 1");
    let other = [&known[..], &[fortio]].concat();
    assert_snapshot!(mesh(&all(&other)).plan(), @r#"
    default/reviews (osm-edge), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews.default.svc.cluster, reviews
      1 endpoint behind port 9080
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. circuit breaker, one per port: opens at 1 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
    "#);
    let own = breaker("errorAmountThreshold: 1")
        .replace("fortio.ns", "reviews.default")
        .replace("namespace: ns", "namespace: default");
    assert_snapshot!(mesh(&all(&[&known[..], &[own]].concat())).plan(), @r#"
    default/reviews (osm-edge), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews.default.svc.cluster, reviews
      1. circuit breaker, one per port: opens at 1 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
      1 endpoint behind port 9080
    "#);
}

#[test]
fn pods_of_one_name_replace_one_another_and_slices_of_one_service_do_not() {
    let text = all(&[
        service("reviews", REVIEWS),
        slice("a", "", "{addresses: [10.1.0.1]}", "{name: http, port: 80}"),
        pod("one", "version: v1", "10.1.0.1"),
        pod("one", "version: v2", "10.1.0.1"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    reviews.default.svc.cluster.local
      9080
        10.1.0.1:80 version=v2
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:15:18 (document 3) metadata.name: replaced by the document of the same name at policy.yaml:20:18 (document 4)");
}
