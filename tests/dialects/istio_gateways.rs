//! `Gateway`, and which routes are for gateways.

use insta::assert_snapshot;
use tower_mesh::mesh::{Code, MeshBuilder};

use crate::{
    istio::{document, wrong},
    osm::{load, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

/// Routes for these gateways.
fn routes(name: &str, hosts: &str, gateways: &str, http: &str) -> String {
    document(
        "VirtualService",
        name,
        &format!("  hosts: [{hosts}]\n  gateways: [{gateways}]\n  http: [{http}]"),
    )
}

/// A gateway that serves these hosts by HTTP at 80.
fn gateway(name: &str, hosts: &str) -> String {
    document(
        "Gateway",
        name,
        &format!("  servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [{hosts}]}}]"),
    )
}

/// The hosts that the rules of a client's plan are for, with how many there are.
fn hosts(client: MeshBuilder) -> String {
    let plan = client.build().expect("a mesh").plan();
    let ruled = plan.destinations.iter().filter(|destination| !destination.rules.is_empty());
    ruled.map(|destination| format!("{}: {}\n", destination.name, destination.rules.len())).collect()
}

fn told(client: MeshBuilder) -> String {
    client.build().expect("a mesh").notes().iter().map(|note| format!("{note}\n")).collect()
}

#[test]
fn a_gateway_has_several_names() {
    let all = format!("{{timeout: 1s, match: [{{port: 80}}], {TO}}}");
    for name in ["edge", "./edge", "default/edge", "edge.default", "edge.default.svc.cluster.local"] {
        let text = routes("a", "reviews", name, &all);
        assert_eq!(
            hosts(load(&text).gateway("default/edge")),
            "reviews.default.svc.cluster.local: 1\n",
            "{name}"
        );
        assert_eq!(hosts(load(&text).gateway("edge")), "reviews.default.svc.cluster.local: 1\n", "{name}");
        assert_eq!(hosts(load(&text)), "", "{name}");
        assert_eq!(hosts(load(&text).gateway("bookinfo/edge")), "", "{name}");
    }
    let elsewhere =
        routes("a", "reviews", "edge", &all).replace("{name: a}", "{name: a, namespace: bookinfo}");
    assert_eq!(hosts(load(&elsewhere).gateway("default/edge")), "");
    assert_eq!(hosts(load(&elsewhere).gateway("bookinfo/edge")), "reviews.bookinfo.svc.cluster.local: 1\n");
}

#[test]
fn a_name_with_dots_is_an_old_spelling() {
    let entry = format!("{{match: [{{gateways: [mesh, edge.bookinfo.svc.cluster.local]}}], {TO}}}");
    let text = routes("a", "reviews", "mesh, edge.bookinfo, bookinfo/edge", &entry);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:20 spec.gateways[1]: an old spelling, read as `bookinfo/edge`
    policy.yaml:7:37 spec.http[0].match[0].gateways[1]: an old spelling, read as `bookinfo/edge`
    ");
    let old = load(&text).build().expect("a mesh").notes();
    assert!(old.iter().all(|note| note.code == Code::OldSpelling));
    assert_snapshot!(old[0].fix.as_deref().unwrap_or_default(), @"write `bookinfo/edge`");
}

#[test]
fn routes_are_for_the_mesh_or_for_gateways() {
    let text = [
        routes("inside", "reviews", "mesh", &format!("{{timeout: 1s, match: [{{port: 1}}], {TO}}}")),
        routes("edge", "ratings", "edge", &format!("{{timeout: 2s, match: [{{port: 1}}], {TO}}}")),
        routes(
            "both",
            "details",
            "edge, mesh",
            &format!(
                "{{match: [{{gateways: [mesh], port: 1}}], {TO}}}, {{match: [{{gateways: [edge], port: 2}}], timeout: 3s, {TO}}}, {{match: [{{port: 3}}], {TO}}}"
            ),
        ),
    ];
    let text = text.join("---\n");
    assert_snapshot!(hosts(load(&text)), @r"
    reviews.default.svc.cluster.local: 1
    details.default.svc.cluster.local: 2
    ");
    assert_snapshot!(told(load(&text)), @"policy.yaml:14:3 (document 2) spec.gateways: never applies to a client: it is for gateways, and `mesh` is not among them");
    assert_snapshot!(hosts(load(&text).gateway("edge")), @r"
    ratings.default.svc.cluster.local: 1
    details.default.svc.cluster.local: 2
    ");
    assert_snapshot!(told(load(&text).gateway("edge")), @"policy.yaml:6:3 (document 1) spec.gateways: never applies to this client: it is not for `default/edge`");
    assert_snapshot!(hosts(load(&text).gateway("edge").gateway("mesh")), @r"
    reviews.default.svc.cluster.local: 1
    ratings.default.svc.cluster.local: 1
    details.default.svc.cluster.local: 3
    ");
}

#[test]
fn gateways_put_together_what_is_for_one_host_and_what_takes_all_comes_last() {
    let text = [
        routes("a", "shop.com", "edge", &format!("{{match: [{{uri: {{prefix: /a}}}}], {TO}}}, {{{TO}}}")),
        routes(
            "b",
            "shop.com",
            "edge",
            &format!("{{match: [{{uri: {{prefix: /b}}}}], {TO}}}, {{match: [{{uri: {{prefix: /}}}}], {TO}}}"),
        ),
        routes("c", "shop.com", "edge", &format!("{{match: [{{uri: {{prefix: /c}}}}], {TO}}}")),
    ];
    let client = load(&text.join("---\n")).gateway("edge").build().expect("a mesh");
    let plan = client.plan();
    let rules: Vec<_> = plan.destinations[0].rules.iter().map(|rule| rule.origin.name.clone()).collect();
    assert_snapshot!(rules.join("\n"), @r"
    default/a http[0]
    default/b http[0]
    default/c http[0]
    default/a http[1]
    default/b http[1]
    ");
    assert!(client.notes().is_empty());
    let inside = text.each_ref().map(|text| text.replace("gateways: [edge]", "gateways: [mesh]"));
    let inside = load(&inside.join("---\n")).build().expect("a mesh");
    assert_eq!(inside.plan().destinations[0].rules.len(), 2);
    assert_eq!(inside.notes().iter().filter(|note| note.code == Code::Duplicate).count(), 2);
}

#[test]
fn a_gateway_that_is_known_serves_its_hosts_alone() {
    let all = format!("{{match: [{{port: 80}}], {TO}}}");
    let served = |served: &str, hosts: &str| {
        let text = [gateway("edge", served), routes("a", hosts, "edge", &all)].join("---\n");
        self::hosts(load(&text).gateway("edge"))
    };
    assert_snapshot!(served("shop.com, \"*.example.com\"", "shop.com, a.example.com, b.com"), @r"
    shop.com: 1
    a.example.com: 1
    ");
    assert_snapshot!(served("a.com, \"*.b.com\", c.com", "\"*\""), @r"
    a.com: 1
    *.b.com: 1
    c.com: 1
    ");
    assert_snapshot!(served("\"*.example.com\", a.b.com", "\"*.com\""), @r"
    *.example.com: 1
    a.b.com: 1
    ");
    assert_snapshot!(served("\"*\"", "\"*\", "), @"*: 1");
    assert_snapshot!(served("default/a.com, ./b.com, \"*/c.com\", other/d.com", "a.com, b.com, c.com, d.com"), @r"
    a.com: 1
    b.com: 1
    c.com: 1
    ");
    assert_snapshot!(served("reviews.default.svc.cluster.local", "reviews"), @"reviews.default.svc.cluster.local: 1");
    let text = [gateway("edge", "shop.com"), routes("a", "shop.com, b.com", "edge", &all)].join("---\n");
    assert_snapshot!(told(load(&text).gateway("edge")), @"policy.yaml:11:21 (document 2) spec.hosts[1]: never applies: `default/edge` does not serve `b.com`");
    assert_eq!(
        notes(&text.replace("gateways: [edge]", "gateways: [edge, mesh]")),
        "",
        "inside of the mesh nobody asks"
    );
    let unknown = [gateway("edge", "shop.com"), routes("a", "b.com", "edge, other", &all)].join("---\n");
    assert_snapshot!(hosts(load(&unknown).gateway("edge").gateway("other")), @"b.com: 1");
}

#[test]
fn gateways_that_serve_nothing() {
    assert_snapshot!(wrong(&document("Gateway", "edge", "  servers: []")), @r"
    error: `servers` cannot be empty
    --> policy.yaml:5:3, spec.servers
    = accepted: at least one server
    ");
    assert_snapshot!(wrong(&document("Gateway", "edge", "  servers: [null, {port: {number: 0}, hosts: [a]}]")), @r"
    error: `hosts` cannot be empty
    --> policy.yaml:5:13, spec.servers[0].hosts
    = accepted: at least one host
    error: a server must have a `port`
    --> policy.yaml:5:13, spec.servers[0].port
    = accepted: a port with a number, a name and a protocol
    error: a server must have a `port`
    --> policy.yaml:5:20, spec.servers[1].port
    = accepted: a port with a number, a name and a protocol
    ");
    let server = |port: &str, hosts: &str| {
        document(
            "Gateway",
            "edge",
            &format!("  servers: [{{port: {{number: 80, name: a{port}}}, hosts: [{hosts}]}}]"),
        )
    };
    assert_snapshot!(wrong(&server(", protocol: HTPP", "a.com")), @r"
    error: `port.protocol` cannot be `HTPP`
    --> policy.yaml:5:52, spec.servers[0].port.protocol
    = accepted: one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, HTTP_PROXY, TCP, TLS, MONGO, MYSQL, REDIS
    = hint: did you mean `HTTP`?
    ");
    assert_snapshot!(wrong(&server("", "a.com")), @r"
    error: `port.protocol` cannot be absent
    --> policy.yaml:5:14, spec.servers[0].port.protocol
    = accepted: one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, HTTP_PROXY, TCP, TLS, MONGO, MYSQL, REDIS
    ");
    assert_snapshot!(wrong(&server(", protocol: http", "\"a b\", /a.com, ns/, \"~/c.com\", \"*\", \"*/*\", 10.0.0.1")), @r"
    error: a host cannot be `a b`
    --> policy.yaml:5:67, spec.servers[0].hosts[0]
    = accepted: a name, with a `*` in front perhaps, and before that a namespace perhaps: `demo/*.com`
    error: a host cannot be `/a.com`
    --> policy.yaml:5:74, spec.servers[0].hosts[1]
    = accepted: a name, with a `*` in front perhaps, and before that a namespace perhaps: `demo/*.com`
    error: a host cannot be `ns/`
    --> policy.yaml:5:82, spec.servers[0].hosts[2]
    = accepted: a name, with a `*` in front perhaps, and before that a namespace perhaps: `demo/*.com`
    error: a host cannot be `~/c.com`
    --> policy.yaml:5:87, spec.servers[0].hosts[3]
    = accepted: a name, with a `*` in front perhaps, and before that a namespace perhaps: `demo/*.com`
    ");
}

#[test]
fn what_is_for_whoever_listens_is_told() {
    let spec = "  selector: {istio: ingressgateway}\n  servers:\n  - {port: {number: 443, name: https, protocol: HTTPS, targetPort: 8443}, \
                hosts: [a.com], tls: {mode: SIMPLE}, bind: 10.0.0.1, defaultEndpoint: a, name: b}";
    assert_snapshot!(notes(&document("Gateway", "edge", spec)), @r"
    policy.yaml:7:68 spec.servers[0].port.targetPort: read, not applied: it is for whoever listens
    policy.yaml:7:91 spec.servers[0].tls: read, not applied: it is for whoever listens
    policy.yaml:7:118 spec.servers[0].bind: read, not applied: it is for whoever listens
    policy.yaml:7:145 spec.servers[0].defaultEndpoint: read, not applied: it is for whoever listens
    ");
}
