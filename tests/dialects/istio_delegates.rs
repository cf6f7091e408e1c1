//! Routes that another `VirtualService` says: a delegate's.

use insta::assert_snapshot;

use crate::{
    istio::document,
    osm::{load, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

/// A document for `reviews` with these routes.
fn root(routes: &str) -> String {
    document("VirtualService", "root", &format!("  hosts: [reviews]\n  http: [{routes}]"))
}

/// A document without hosts.
fn part(name: &str, routes: &str) -> String {
    document("VirtualService", name, &format!("  http: [{routes}]"))
}

/// The rules of the first destination, with what they pass that is not there by itself.
fn rules(text: &str) -> String {
    let plan = mesh(text).plan();
    let rules: String =
        plan.destinations[0].rules.iter().map(|rule| format!("{}: {rule}", rule.origin.name)).collect();
    let is_default =
        |line: &&str| line.contains("2. retries: up to 2 times") || line.contains("timeout: none");
    rules.lines().filter(|line| !is_default(line)).map(|line| format!("{line}\n")).collect()
}

/// Each rule with what it asks for.
fn asked(text: &str) -> String {
    let plan = mesh(text).plan();
    let rules = plan.destinations.iter().flat_map(|destination| &destination.rules);
    let asked = |rule: &tower_mesh::mesh::plan::Rule| {
        let asked: Vec<_> = rule.conditions.iter().map(ToString::to_string).collect();
        format!("{}: {}\n", rule.origin.name, asked.join("; or "))
    };
    rules.map(asked).collect()
}

fn wrong(text: &str) -> String {
    let errors = load(text).build().expect_err("it means nothing");
    let at = |error: &tower_mesh::config::Error| error.location().expect("a place").to_string();
    errors.iter().map(|error| format!("{} {}: {}\n", at(error), error.path(), error.message())).collect()
}

#[test]
fn a_delegates_routes_stand_where_the_root_delegates() {
    let text = [
        root(&format!(
            "{{match: [{{uri: {{prefix: /a}}}}], delegate: {{name: part}}}}, {{name: rest, timeout: 3s, {TO}}}"
        )),
        part(
            "part",
            &format!("{{match: [{{uri: {{prefix: /a/b}}}}], {TO}}}, {{name: all, redirect: {{uri: /}}}}"),
        ),
    ];
    assert_snapshot!(rules(&text.join("---\n")), @r"
    default/part http[0]: path begins with `/a/b`
        to reviews.default.svc.cluster.local
    default/part http[1] `all`: path begins with `/a`
        redirects by 301: path `/`
    default/root http[1] `rest`: every request
        to reviews.default.svc.cluster.local
        1. timeout: 3s, or less by a gRPC call's `grpc-timeout`
    ");
    assert_eq!(notes(&text.join("---\n")), "");
    let [root, part] = text.clone();
    assert_eq!(rules(&[part, root].join("---\n")), rules(&text.join("---\n")));
}

#[test]
fn what_a_delegate_does_not_say_is_the_roots() {
    let says = "rewrite: {uri: /r}, timeout: 1s, retries: {attempts: 1, retryOn: 5xx}, \
                fault: {abort: {httpStatus: 503, percentage: {value: 1}}}, mirror: {host: a}, \
                mirrorPercentage: {value: 7}, headers: {request: {set: {x: root}}}";
    let own = "rewrite: {uri: /o}, timeout: 2s, retries: {attempts: 2, retryOn: 5xx}, \
               fault: {abort: {httpStatus: 504, percentage: {value: 2}}}, mirrors: [{destination: {host: b}}], \
               headers: {request: {set: {y: own}}}";
    let text =
        |own: &str| [root(&format!("{{delegate: {{name: part}}, {says}}}")), part("part", own)].join("---\n");
    assert_snapshot!(rules(&text(&format!("{{{TO}}}"))), @r"
    default/part http[0]: every request
        to reviews.default.svc.cluster.local
        rewrite: path: `/r` in the place of what was matched
        request: set `x: root`
        copies 7 % to a.default.svc.cluster.local
        1. fault: aborts 1 % with 503
        2. timeout: 1s, or less by a gRPC call's `grpc-timeout`
        3. retries: once on 5xx, after up to 25ms; tries are numbered
    ");
    assert_snapshot!(rules(&text(&format!("{{{own}, {TO}}}"))), @r"
    default/part http[0]: every request
        to reviews.default.svc.cluster.local
        rewrite: path: `/o` in the place of what was matched
        request: set `y: own`
        copies 100 % to b.default.svc.cluster.local
        1. fault: aborts 2 % with 504
        2. timeout: 2s, or less by a gRPC call's `grpc-timeout`
        3. retries: up to 2 times on 5xx, after up to 25ms and twice that each time, at most 250ms; tries are numbered
    ");
    assert_snapshot!(rules(&text("{directResponse: {status: 204}}")), @r"
    default/part http[0]: every request
        answers 204 with 0 bytes
        request: set `x: root`
    ");
}

#[test]
fn a_share_of_copies_may_stand_apart_from_who_gets_them() {
    let text = [
        root("{delegate: {name: part}, mirrorPercentage: {value: 7}}"),
        part("part", &format!("{{mirror: {{host: a}}, {TO}}}")),
    ];
    assert_snapshot!(rules(&text.join("---\n")), @r"
    default/part http[0]: every request
        to reviews.default.svc.cluster.local
        copies 7 % to a.default.svc.cluster.local
    ");
    assert_eq!(notes(&text.join("---\n")), "");
}

#[test]
fn what_both_match_is_asked_for() {
    let text = |root_match: &str, own: &str| {
        let root = root(&format!("{{match: [{root_match}], delegate: {{name: part}}}}"));
        [root, part("part", &format!("{{match: [{own}], {TO}}}"))].join("---\n")
    };
    for (root, own) in [
        ("{uri: {prefix: /a}}", "{uri: {exact: /a/b}}"),
        ("{uri: {prefix: /a}, headers: {x: {exact: v}}}", "{method: {exact: GET}, headers: {z: {}}}"),
        ("{headers: {x: {}}, port: 80}", "{headers: {x: {exact: v}}, queryParams: {q: {}}}"),
        ("{uri: {regex: /a.*}}", "{withoutHeaders: {x: {}}}"),
        ("{uri: {prefix: /a}}, {uri: {prefix: /b}}", "{uri: {prefix: /b/c}}, {uri: {prefix: /a/d}}"),
        ("{sourceLabels: {app: a}}", "{sourceLabels: {version: v1}, uri: {prefix: /a}}"),
    ] {
        let text = text(root, own);
        assert_eq!(notes(&text), "", "{root} {own}");
        let client = load(&text).labels([("app", "a"), ("version", "v1")]).build().expect("a mesh").plan();
        assert_eq!(client.destinations[0].rules.len(), 1, "{root} {own}");
    }
    assert_snapshot!(asked(&text("{uri: {prefix: /a}, headers: {x: {exact: v}}}", "{method: {exact: GET}, headers: {z: {}}}")), @"default/part http[0]: path begins with `/a`, method is `GET`, header `x` is `v`, header `z` is present");
    assert_snapshot!(asked(&text("{uri: {prefix: /a}}, {uri: {prefix: /b}}", "{uri: {prefix: /b/c}}, {port: 80}")), @"default/part http[0]: path begins with `/b/c`; or path begins with `/a`, port is 80; or path begins with `/b`, port is 80");
}

#[test]
fn a_route_that_is_not_within_the_roots_is_left_out() {
    let text = |root_match: &str, own: &str| {
        let root =
            root(&format!("{{match: [{root_match}], delegate: {{name: part}}}}, {{timeout: 1s, {TO}}}"));
        [
            root,
            part("part", &format!("{{match: [{own}], {TO}}}, {{match: [{{uri: {{prefix: /a/z}}}}], {TO}}}")),
        ]
        .join("---\n")
    };
    for (root, own) in [
        ("{uri: {prefix: /a}}", "{uri: {prefix: /}}"),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}, {uri: {exact: /c}}"),
        ("{uri: {prefix: /a}}", "{uri: {regex: /a/.*}}"),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a}, ignoreUriCase: true}"),
        ("{uri: {prefix: /a}, port: 80}", "{port: 81}"),
        ("{uri: {prefix: /a}, headers: {x: {exact: v}}}", "{headers: {x: {prefix: v}}}"),
        ("{uri: {prefix: /a}, sourceLabels: {app: a}}", "{sourceLabels: {app: b}}"),
        ("{uri: {prefix: /a}, sourceNamespace: a}", "{sourceNamespace: b}"),
        ("{uri: {prefix: /a}, gateways: [mesh]}", "{gateways: [edge]}"),
    ] {
        let told = notes(&text(root, own));
        assert!(
            told.contains("spec.http[0].match: never taken: it is not within what the route at"),
            "{root} {own}: {told}"
        );
        assert_eq!(told.lines().count(), 1, "{root} {own}: {told}");
    }
    let one = text("{uri: {prefix: /a}}", "{uri: {prefix: /}}");
    assert_snapshot!(asked(&one), @r"
    default/part http[1]: path begins with `/a/z`
    default/root http[1]:
    ");
    assert_snapshot!(notes(&one), @"policy.yaml:12:11 (document 2) spec.http[0].match: never taken: it is not within what the route at policy.yaml:6:10 (document 1) matches");
}

#[test]
fn names_are_those_of_each_documents_own_namespace() {
    let moved = |text: String, namespace: &str| {
        text.replace("metadata: {", &format!("metadata: {{namespace: {namespace}, "))
    };
    let root = root(
        "{match: [{gateways: [mesh, edge]}], mirror: {host: copies}, delegate: {name: part, namespace: b}}",
    );
    let part = moved(
        part(
            "part",
            &format!("{{match: [{{gateways: [a/edge]}}], timeout: 1s, {TO}}}, {{timeout: 2s, {TO}}}"),
        ),
        "b",
    );
    let text = [moved(root, "a"), part].join("---\n");
    assert_snapshot!(rules(&text), @r"
    b/part http[1]: every request
        to reviews.b.svc.cluster.local
        copies 100 % to copies.a.svc.cluster.local
        1. timeout: 2s, or less by a gRPC call's `grpc-timeout`
    ");
    assert_eq!(notes(&text), "");
}

#[test]
fn a_delegate_that_is_not_there_is_passed_over() {
    let rest = format!("{{timeout: 1s, {TO}}}");
    let text = root(&format!(
        "{{delegate: {{name: part}}}}, {{delegate: {{name: root}}}}, {{delegate: {{name: part, namespace: b}}}}, {rest}"
    ));
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:11 spec.http[0].delegate: the route is left out: there is no VirtualService `default/part` without hosts
    policy.yaml:6:37 spec.http[1].delegate: the route is left out: there is no VirtualService `default/root` without hosts
    policy.yaml:6:63 spec.http[2].delegate: the route is left out: there is no VirtualService `b/part` without hosts
    ");
    assert_eq!(mesh(&text).plan().destinations[0].way.stations.len(), 2, "the rest is what is left");
    let hidden = |export_to: &str| {
        let part = part("part", &format!("{{redirect: {{uri: /}}}}]\n  exportTo: [{export_to}"));
        [root(&format!("{{delegate: {{name: part}}}}, {rest}")), part].join("---\n")
    };
    assert_snapshot!(notes(&hidden("b")), @"policy.yaml:6:11 (document 1) spec.http[0].delegate: the route is left out: `default/part` is not exported to `default`");
    assert_eq!(notes(&hidden("\".\"")), "");
    assert_eq!(notes(&hidden("b, default")), "");
}

#[test]
fn a_delegate_to_which_no_route_leads_never_applies() {
    let lone = part("part", &format!("{{match: [{{statPrefix: a}}], {TO}}}"));
    assert_snapshot!(notes(&lone), @"policy.yaml:4:1 spec: never applies: it has no `hosts`, and no route of another document delegates to it");
    let gateway =
        root("{delegate: {name: part}}").replace("hosts: [reviews]", "hosts: [reviews]\n  gateways: [edge]");
    assert_snapshot!(notes(&[gateway, lone.clone()].join("---\n")), @"policy.yaml:6:3 (document 1) spec.gateways: never applies to a client: it is for gateways, and `mesh` is not among them");
    let twice = root("{delegate: {name: part}}, {match: [{port: 80}], delegate: {name: part}}");
    assert_snapshot!(notes(&[twice, lone].join("---\n")), @"policy.yaml:12:32 (document 2) spec.http[0].match[0].statPrefix: read, not applied: there are no metrics by route");
}

#[test]
fn a_delegate_is_judged_once_and_where_it_stands() {
    let bad = "{match: [{uri: {regex: \"(\"}}], timeout: 30000h, route: [{destination: {host: \"\"}}]}";
    let twice = root(
        "{delegate: {name: part}, timeout: 30000h}, {match: [{port: 0}], delegate: {name: part}, mirror: {host: \"*\"}}",
    );
    assert_snapshot!(wrong(&[twice, part("part", bad)].join("---\n")), @r"
    policy.yaml:6:44 (document 1) spec.http[0].timeout: `timeout` cannot be 108000000s
    policy.yaml:6:69 (document 1) spec.http[1].match[0].port: `port` cannot be 0
    policy.yaml:6:113 (document 1) spec.http[1].mirror.host: `host` cannot be `*`
    policy.yaml:12:33 (document 2) spec.http[0].match[0].uri.regex: the regular expression cannot be `(` (unclosed group)
    policy.yaml:12:50 (document 2) spec.http[0].timeout: `timeout` cannot be 108000000s
    policy.yaml:12:87 (document 2) spec.http[0].route[0].destination.host: `host` cannot be empty
    ");
    assert_eq!(wrong(&part("part", bad)).lines().count(), 3, "though no route leads there");
}

#[test]
fn a_route_delegates_and_does_nothing_else() {
    assert_snapshot!(wrong(&root(&format!("{{delegate: {{name: b}}, {TO}, redirect: {{uri: /a}}, directResponse: {{status: 200}}}}"))), @r"
    policy.yaml:6:32 spec.http[0].route: `route` cannot stand beside `delegate`
    policy.yaml:6:73 spec.http[0].redirect: `redirect` cannot stand beside `delegate`
    policy.yaml:6:94 spec.http[0].directResponse: `directResponse` cannot stand beside `delegate`
    ");
    assert_snapshot!(wrong(&root("{delegate: {}}, {delegate: {name: \"\"}}")), @r"
    policy.yaml:6:11 spec.http[0].delegate: `delegate` must have a `name`
    policy.yaml:6:27 spec.http[1].delegate: `delegate` must have a `name`
    ");
    assert_snapshot!(wrong(&[root("{delegate: {name: part}}"), part("part", "{delegate: {name: part}}")].join("---\n")), @"policy.yaml:12:11 (document 2) spec.http[0].delegate: a delegate cannot delegate further");
    let odd = document(
        "VirtualService",
        "part",
        &format!(
            "  gateways: [mesh]\n  http: [{{{TO}}}]\n  tcp: [{{{TO}}}]\n  tls: [{{match: [{{sniHosts: [a]}}], {TO}}}]"
        ),
    );
    assert_snapshot!(wrong(&odd), @r"
    policy.yaml:5:3 spec.gateways: a document without `hosts` is a part of others, and has no `gateways`
    policy.yaml:7:3 spec.tcp: a document without `hosts` is a part of others, and has no `tcp`
    policy.yaml:8:3 spec.tls: a document without `hosts` is a part of others, and has no `tls`
    ");
}
