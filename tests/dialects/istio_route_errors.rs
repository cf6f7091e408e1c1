//! What of a `VirtualService` cannot mean anything: its hosts, gateways and routes.

use insta::assert_snapshot;

use crate::{
    istio::{document, routes, slips},
    osm::{errors, load, notes},
};

/// What is wrong with a document of these hosts and gateways.
fn whole(spec: &str) -> String {
    errors(&document(
        "VirtualService",
        "a",
        &format!("{spec}\n  http: [{{route: [{{destination: {{host: a}}}}]}}]"),
    ))
}

/// What is wrong with a route.
fn route(route: &str) -> String {
    errors(&routes(&[&format!("{{{route}}}")]))
}

const TO: &str = "route: [{destination: {host: reviews}}]";

#[test]
fn a_document_without_routes() {
    assert_snapshot!(errors(&document("VirtualService", "a", "  hosts: [a]\n  http: []")), @r"
    error: there is no route
      --> policy.yaml:4:1, spec
       |
     4 | spec:
       | ^^^^
       = accepted: at least one of `http`, `tls` and `tcp`
    ");
    assert_snapshot!(slips(&document("VirtualService", "a", "  gateways: [g]")), @r"
    spec: there is no route
    spec.gateways: a document without `hosts` is a part of others, and has no `gateways`
    ");
}

#[test]
fn hosts_that_are_none() {
    assert_snapshot!(whole("  hosts: [\"a b\"]"), @r#"
    error: a host cannot be `a b`
      --> policy.yaml:5:11, spec.hosts[0]
       |
     5 |   hosts: ["a b"]
       |           ^^^^^
       = accepted: a name or an address, with a `*` in front perhaps
    "#);
    for host in ["a_b", "-a", "a..b", "a.*.com", "\"**.com\"", "http://a", "a:80", "a/b", "\"\"", "1.2.3.4.5"]
    {
        let told = whole(&format!("  hosts: [{host}]"));
        assert!(told.starts_with("error: a host cannot be"), "{host}: {told}");
    }
    for host in
        ["reviews", "A.example.com", "a.example.com.", "\"*.com\"", "\"*-v1.com\"", "10.0.0.1", "\"::1\""]
    {
        let text = document("VirtualService", "a", &format!("  hosts: [{host}]\n  http: [{{{TO}}}]"));
        assert_eq!(notes(&text), "", "{host}");
    }
}

#[test]
fn every_host_where_the_mesh_is_meant() {
    assert_snapshot!(whole("  hosts: [\"*\"]"), @r#"
    error: `*` cannot be all of a host where `mesh` is meant
      --> policy.yaml:5:11, spec.hosts[0]
       |
     5 |   hosts: ["*"]
       |           ^^^
       = accepted: the names of hosts, or a `*` with a part of a name, such as `*.example.com`
    "#);
    assert!(
        whole("  hosts: [\"*\"]\n  gateways: [edge, mesh]").starts_with("error: `*` cannot be all of a host")
    );
    let gateway =
        document("VirtualService", "a", &format!("  hosts: [\"*\"]\n  gateways: [edge]\n  http: [{{{TO}}}]"));
    assert!(load(&gateway).build().is_ok());
}

#[test]
fn hosts_of_which_one_is_another() {
    assert_snapshot!(whole("  hosts: [reviews, Reviews]"), @r"
    error: a host cannot be `reviews` again
      --> policy.yaml:5:20, spec.hosts[1]
       |
     5 |   hosts: [reviews, Reviews]
       |                    ^^^^^^^
       = accepted: hosts of which each is named once, and none is of another's family
    ");
    assert_snapshot!(whole("  hosts: [b.com, a.example.com, \"*.example.com\", \"*.com\"]"), @r#"
    error: `b.com` is one of `*.com`, which is named too
      --> policy.yaml:5:11, spec.hosts[0]
       |
     5 |   hosts: [b.com, a.example.com, "*.example.com", "*.com"]
       |           ^^^^^
       = accepted: hosts of which each is named once, and none is of another's family

    error: `a.example.com` is one of `*.example.com`, which is named too
      --> policy.yaml:5:18, spec.hosts[1]
       |
     5 |   hosts: [b.com, a.example.com, "*.example.com", "*.com"]
       |                  ^^^^^^^^^^^^^
       = accepted: hosts of which each is named once, and none is of another's family

    error: `*.example.com` is one of `*.com`, which is named too
      --> policy.yaml:5:33, spec.hosts[2]
       |
     5 |   hosts: [b.com, a.example.com, "*.example.com", "*.com"]
       |                                 ^^^^^^^^^^^^^^^
       = accepted: hosts of which each is named once, and none is of another's family
    "#);
    let apart =
        document("VirtualService", "a", &format!("  hosts: [\"*.a.com\", a.com, b.com]\n  http: [{{{TO}}}]"));
    assert!(load(&apart).build().is_ok());
}

#[test]
fn gateways_that_are_none() {
    assert_snapshot!(whole("  hosts: [a]\n  gateways: [mesh, \"a b\"]"), @r#"
    error: a gateway cannot be `a b`
      --> policy.yaml:6:20, spec.gateways[1]
       |
     6 |   gateways: [mesh, "a b"]
       |                    ^^^^^
       = accepted: `mesh`, or a name with its namespace perhaps, such as `istio-system/edge`
    "#);
    for gateway in ["/edge", "demo/", "a/b/c", "demo/a.b", "\"\"", "a_b"] {
        let told = whole(&format!("  hosts: [a]\n  gateways: [mesh, {gateway}]"));
        assert!(told.starts_with("error: a gateway cannot be"), "{gateway}: {told}");
    }
    assert_snapshot!(route(&format!("match: [{{gateways: [\"*\"]}}], {TO}")), @r#"
    error: a gateway cannot be `*`
      --> policy.yaml:7:26, spec.http[0].match[0].gateways[0]
       |
     7 |   - {match: [{gateways: ["*"]}], route: [{destination: {host: reviews}}]}
       |                          ^^^
       = accepted: `mesh`, or a name with its namespace perhaps, such as `istio-system/edge`
    "#);
}

#[test]
fn namespaces_that_are_none() {
    assert_snapshot!(whole("  hosts: [a]\n  exportTo: [\"~\"]"), @r#"
    error: `exportTo` cannot be `~`
      --> policy.yaml:6:14, spec.exportTo[0]
       |
     6 |   exportTo: ["~"]
       |              ^^^
       = accepted: the name of a namespace, `.` for the document's own, or `*` for all
    "#);
    assert_snapshot!(whole("  hosts: [a]\n  exportTo: [b, \".\", default, \"*\", b]"), @r#"
    error: `exportTo` cannot be `default` again
      --> policy.yaml:6:22, spec.exportTo[2]
       |
     6 |   exportTo: [b, ".", default, "*", b]
       |                      ^^^^^^^
       = accepted: each namespace once

    error: `exportTo` cannot be `*` beside others
      --> policy.yaml:6:31, spec.exportTo[3]
       |
     6 |   exportTo: [b, ".", default, "*", b]
       |                               ^^^
       = accepted: `*` alone, or none of it

    error: `exportTo` cannot be `b` again
      --> policy.yaml:6:36, spec.exportTo[4]
       |
     6 |   exportTo: [b, ".", default, "*", b]
       |                                    ^
       = accepted: each namespace once
    "#);
    for sound in ["\".\"", "\"*\"", "default", "\".\", bookinfo"] {
        let text = format!("  hosts: [a]\n  exportTo: [{sound}]\n  http: [{{{TO}}}]");
        assert_eq!(notes(&document("VirtualService", "a", &text)), "", "{sound}");
    }
}

#[test]
fn a_route_that_does_nothing_or_two_things() {
    assert_snapshot!(errors(&document("VirtualService", "a", "  hosts: [a]\n  http: [{timeout: 1s}]")), @r"
    error: a route must go somewhere
      --> policy.yaml:6:10, spec.http[0]
       |
     6 |   http: [{timeout: 1s}]
       |          ^
       = accepted: one of `route`, `redirect`, `directResponse` and `delegate`
    ");
    assert_snapshot!(slips(&document("VirtualService", "a", "  hosts: [a]\n  http: [null]")), @"spec.http[0]: a route must go somewhere");
    assert_snapshot!(route(&format!("redirect: {{uri: /a}}, {TO}")), @r"
    error: `redirect` cannot stand beside `route`
      --> policy.yaml:7:6, spec.http[0].redirect
       |
     7 |   - {redirect: {uri: /a}, route: [{destination: {host: reviews}}]}
       |      ^^^^^^^^
       = accepted: one of `route`, `redirect` and `directResponse`
    ");
    assert_snapshot!(slips(&routes(&[&format!("{{{TO}, redirect: {{uri: /a}}, directResponse: {{status: 200}}}}")])), @r"
    spec.http[0].redirect: `redirect` cannot stand beside `route`
    spec.http[0].directResponse: `directResponse` cannot stand beside `route`
    ");
}

#[test]
fn what_asks_nobody_has_no_fault_and_no_rewrite() {
    let fault = "fault: {abort: {httpStatus: 500, percentage: {value: 1}}}";
    assert_snapshot!(route(&format!("redirect: {{uri: /a}}, {fault}")), @r"
    error: `fault` cannot stand beside `redirect`, which asks nobody
      --> policy.yaml:7:27, spec.http[0].fault
       |
     7 |   - {redirect: {uri: /a}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}}
       |                           ^^^^^
       = accepted: no such block here
    ");
    let both = format!("{{directResponse: {{status: 200}}, {fault}, rewrite: {{uri: /a}}}}");
    assert_snapshot!(slips(&routes(&[&both])), @r"
    spec.http[0].fault: `fault` cannot stand beside `directResponse`, which asks nobody
    spec.http[0].rewrite: `rewrite` cannot stand beside `directResponse`, which asks nobody
    ");
    let idle =
        "{redirect: {uri: /a}, timeout: 1s, retries: {attempts: 3, perTryTimeout: 5s}, mirror: {host: b}}";
    assert_snapshot!(notes(&routes(&[idle])), @r"
    policy.yaml:7:36 spec.http[0].timeout: has no effect: `redirect` asks nobody
    policy.yaml:7:40 spec.http[0].retries: has no effect: `redirect` asks nobody
    policy.yaml:7:83 spec.http[0].mirror: has no effect: `redirect` asks nobody
    ");
    let wrong = "{redirect: {uri: /a}, retries: {attempts: -1}, mirrors: [{}]}";
    assert_snapshot!(slips(&routes(&[wrong])), @r"
    spec.http[0].retries.attempts: `attempts` cannot be -1
    spec.http[0].mirrors[0]: a mirror must have a `destination`
    ");
}

#[test]
fn destinations_that_are_none() {
    assert_snapshot!(route("route: [{destination: {host: \"\"}}]"), @r#"
    error: `host` cannot be empty
      --> policy.yaml:7:35, spec.http[0].route[0].destination.host
       |
     7 |   - {route: [{destination: {host: ""}}]}
       |                                   ^^
       = accepted: the name of one host, or an address
    "#);
    assert_snapshot!(route("route: [{destination: {host: \"*\"}}]"), @r#"
    error: `host` cannot be `*`
      --> policy.yaml:7:35, spec.http[0].route[0].destination.host
       |
     7 |   - {route: [{destination: {host: "*"}}]}
       |                                   ^^^
       = accepted: the name of one host, or an address
    "#);
    for host in ["\"*.com\"", "a:80", "10.0.0", "\"a b\"", "http://a"] {
        let told = route(&format!("route: [{{destination: {{host: {host}}}}}]"));
        assert!(told.starts_with("error: `host` cannot be"), "{host}: {told}");
    }
    assert_snapshot!(route("route: [{destination: {host: a, subset: v_1}}]"), @r"
    error: `subset` cannot be `v_1`
      --> policy.yaml:7:46, spec.http[0].route[0].destination.subset
       |
     7 |   - {route: [{destination: {host: a, subset: v_1}}]}
       |                                              ^^^
       = accepted: letters, digits and `-` in between, at most 63
    ");
    assert_snapshot!(route("route: [{destination: {host: a, port: {}}}]"), @r"
    error: `port` cannot be without a number
      --> policy.yaml:7:38, spec.http[0].route[0].destination.port
       |
     7 |   - {route: [{destination: {host: a, port: {}}}]}
       |                                      ^^^^
       = accepted: a port of the service, such as `{number: 9080}`
    ");
    assert_snapshot!(route("route: [{destination: {host: a, port: {number: 0}}}]"), @r"
    error: `port.number` cannot be 0
      --> policy.yaml:7:53, spec.http[0].route[0].destination.port.number
       |
     7 |   - {route: [{destination: {host: a, port: {number: 0}}}]}
       |                                                     ^
       = accepted: a port of the service, such as `{number: 9080}`
    ");
    assert_snapshot!(slips(&routes(&["{route: [null]}"])), @"spec.http[0].route[0]: `route[0]` lacks the required field `destination`");
}

#[test]
fn weights_that_give_no_shares() {
    assert_snapshot!(route("route: [{destination: {host: a}, weight: -1}]"), @r"
    error: `weight` cannot be -1
      --> policy.yaml:7:47, spec.http[0].route[0].weight
       |
     7 |   - {route: [{destination: {host: a}, weight: -1}]}
       |                                               ^^
       = accepted: 0 or more
    ");
    assert_snapshot!(route("route: [{destination: {host: a}}, {destination: {host: b}, weight: 0}]"), @r"
    error: the sum of the weights cannot be 0
      --> policy.yaml:7:6, spec.http[0].route
       |
     7 |   - {route: [{destination: {host: a}}, {destination: {host: b}, weight: 0}]}
       |      ^^^^^
       = accepted: weights that are not all zero and sum up to at most 4294967295
    ");
    let most = "weight: 2147483647";
    let places: Vec<_> =
        ["a", "b", "c"].map(|host| format!("{{destination: {{host: {host}}}, {most}}}")).into();
    assert_snapshot!(route(&format!("route: [{}]", places.join(", "))), @r"
    error: the sum of the weights cannot be 6442450941
      --> policy.yaml:7:6, spec.http[0].route
       |
     7 |   - {route: [{destination: {host: a}, weight: 2147483647}, {destination: {host: b}, weight: 2147483647}, {destination: {…
       |      ^^^^^
       = accepted: weights that are not all zero and sum up to at most 4294967295
    ");
}

#[test]
fn a_slip_is_told_once_and_everything_that_is_wrong_at_once() {
    let text = [
        document("VirtualService", "a", "  hosts: [a]\n  http: [{}, {route: [{destination: {host: \"\"}}]}]"),
        routes(&["{match: [{port: 0}], route: []}"]),
    ];
    assert_snapshot!(slips(&text.join("---\n")), @r"
    spec.http[0]: a route must go somewhere
    spec.http[1].route[0].destination.host: `host` cannot be empty
    spec.http[0]: a route must go somewhere
    spec.http[0].match[0].port: `port` cannot be 0
    ");
}
