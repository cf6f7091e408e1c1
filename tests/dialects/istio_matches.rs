//! What a `match` of Istio's asks for, and what of it cannot mean anything.

use insta::assert_snapshot;
use tower_mesh::mesh::NoteKind;

use crate::{
    istio::{document, routes, slips},
    osm::{errors, load, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

fn asking(entries: &str) -> String {
    routes(&[&format!("{{match: [{entries}], {TO}}}")])
}

/// What a rule with these entries asks for.
fn asked(entries: &str) -> String {
    let plan = mesh(&asking(entries)).plan();
    let destination = &plan.destinations[0];
    let asked: Vec<_> = destination.rules.iter().flat_map(|rule| &rule.conditions).collect();
    asked.iter().map(|condition| format!("{condition}\n")).collect()
}

fn wrong(entry: &str) -> String {
    errors(&asking(entry))
}

#[test]
fn an_entry_asks_for_all_of_its_fields() {
    assert_snapshot!(asked("{uri: {exact: /a}}, {uri: {prefix: /a}, ignoreUriCase: true}, {uri: {regex: \"/a.*\"}}, {uri: {prefix: \"\"}}"), @r"
    path is `/a`
    path begins with `/a` (in any case)
    path matches `/a.*`
    path begins with ``
    ");
    assert_snapshot!(asked("{scheme: {exact: https}, method: {prefix: P}, authority: {regex: \".*:80\"}, port: 80}"), @"scheme is `https`, method begins with `P`, authority matches `.*:80`, port is 80");
    let maps = "{headers: {End-User: {exact: jason}, x: {}, y: {prefix: b}}, \
                without_headers: {x-no: {exact: a}, y-no: {}, z-no: {regex: \"*\"}}, \
                query_params: {q: {exact: \"\"}, r: {}, s: {regex: \"[0-9]+\"}}}";
    assert_snapshot!(asked(maps), @"header `end-user` is `jason`, header `x` is present, header `y` begins with `b`, header `x-no` is not `a`, header `y-no` is absent, header `z-no` is absent, query parameter `q` is empty, query parameter `r` is present, query parameter `s` matches `[0-9]+`");
}

#[test]
fn an_entry_that_asks_for_nothing_is_met_by_every_request() {
    for entries in [
        "null",
        "{}",
        "{uri: {}}",
        "{method: {}, port: 80}, {}",
        "{name: all}",
        "{headers: {\":method\": {}}}",
    ] {
        assert_eq!(asked(entries), "", "{entries}");
        assert!(
            mesh(&asking(entries)).plan().destinations[0].rules.is_empty(),
            "{entries}: it stays where it is"
        );
    }
    assert_eq!(asked("{headers: null}, {port: 80}"), "");
    assert_snapshot!(asked("{headers: {x: null}}"), @"header `x` is present");
}

#[test]
fn what_http_2_sends_as_headers_may_be_asked_for_as_headers() {
    assert_snapshot!(asked("{headers: {\":method\": {exact: GET}, \":scheme\": {exact: http}, \":authority\": {exact: a}}}"), @"scheme is `http`, method is `GET`, header `host` is `a`");
    assert_snapshot!(asked("{headers: {Host: {prefix: a}}, withoutHeaders: {host: {exact: b}}}"), @"header `host` begins with `a`, header `host` is not `b`");
    assert_snapshot!(wrong("{method: {exact: GET}, headers: {\":method\": {exact: PUT}}}"), @r#"
    error: `:method` cannot stand beside `method`, which is the same
      --> policy.yaml:7:47, spec.http[0].match[0].headers[":method"]
       |
     7 |   - {match: [{method: {exact: GET}, headers: {":method": {exact: PUT}}}], route: [{destination: {host: reviews}}]}
       |                                               ^^^^^^^
       = accepted: one of them
    "#);
    assert_snapshot!(wrong("{headers: {\":path\": {exact: /a}}}"), @r#"
    error: the header name cannot be `:path`
      --> policy.yaml:7:25, spec.http[0].match[0].headers[":path"]
       |
     7 |   - {match: [{headers: {":path": {exact: /a}}}], route: [{destination: {host: reviews}}]}
       |                         ^^^^^
       = accepted: the name of a header, such as `end-user`
       = hint: write `uri`
    "#);
    assert!(
        wrong("{withoutHeaders: {\":method\": {exact: PUT}}}")
            .starts_with("error: the header name cannot be `:method`")
    );
}

#[test]
fn claims_of_tokens_are_for_gateways() {
    let claim = "{headers: {\"@request.auth.claims.group\": {exact: admin}}}";
    assert_snapshot!(wrong(claim), @r#"
    error: `@request.auth.claims.group` cannot be matched inside of the mesh
      --> policy.yaml:7:25, spec.http[0].match[0].headers["@request.auth.claims.group"]
       |
     7 |   - {match: [{headers: {"@request.auth.claims.group": {exact: admin}}}], route: [{destination: {host: reviews}}]}
       |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = accepted: the name of a header; claims are for documents that only gateways have
    "#);
    let gateway = |entries: &str| {
        let spec = format!("  hosts: [reviews]\n  gateways: [edge]\n  http: [{{match: [{entries}], {TO}}}]");
        load(&document("VirtualService", "a", &spec))
            .gateway("default/edge")
            .build()
            .expect("it means something")
    };
    let known = gateway(&format!("{claim}, {{uri: {{prefix: /a}}}}"));
    assert_snapshot!(known.notes()[0], @r#"policy.yaml:7:30 spec.http[0].match[0].headers["@request.auth.claims.group"]: read, not applied: tokens are not read, so the entry takes no request"#);
    assert_eq!(known.notes()[0].kind, NoteKind::NotApplied);
    assert_eq!(known.plan().destinations[0].rules[0].conditions.len(), 1);
    let unknown = gateway(claim).plan();
    assert!(unknown.destinations[0].rules.is_empty());
    assert_snapshot!(unknown.destinations[0].left_out[0].why, @"it asks for a claim of a token, and tokens are not read");
    assert!(
        wrong("{headers: {\"@request.user\": {exact: a}}}")
            .starts_with("error: the header name cannot be `@request.user`")
    );
}

#[test]
fn texts_in_two_ways_and_in_none() {
    assert_snapshot!(wrong("{uri: {exact: /a, prefix: /b}}"), @r#"
    error: `prefix` cannot be set beside another one
      --> policy.yaml:7:40, spec.http[0].match[0].uri.prefix
       |
     7 |   - {match: [{uri: {exact: /a, prefix: /b}}], route: [{destination: {host: reviews}}]}
       |                                        ^^
       = accepted: one of `exact`, `prefix` and `regex`, or `{}` for "is present"
    "#);
    assert_snapshot!(wrong("{method: {prefix: \"\"}}"), @r#"
    error: `prefix` cannot be empty: every value begins so
      --> policy.yaml:7:32, spec.http[0].match[0].method.prefix
       |
     7 |   - {match: [{method: {prefix: ""}}], route: [{destination: {host: reviews}}]}
       |                                ^^
       = accepted: a text that is not empty, or no condition
    "#);
    assert_snapshot!(slips(&asking(
        "{scheme: {prefix: \"\"}, authority: {prefix: \"\"}, headers: {a: {prefix: \"\"}}, \
         withoutHeaders: {b: {prefix: \"\"}}, queryParams: {c: {regex: \"\"}, d: {exact: e, regex: f}}}"
    )), @r#"
    spec.http[0].match[0].scheme.prefix: `prefix` cannot be empty: every value begins so
    spec.http[0].match[0].authority.prefix: `prefix` cannot be empty: every value begins so
    spec.http[0].match[0].headers["a"].prefix: `prefix` cannot be empty: every value begins so
    spec.http[0].match[0].withoutHeaders["b"].prefix: `prefix` cannot be empty: every value begins so
    spec.http[0].match[0].queryParams["c"].regex: the regular expression cannot be empty
    spec.http[0].match[0].queryParams["d"].regex: `regex` cannot be set beside another one
    "#);
}

#[test]
fn expressions_that_are_none_or_too_long() {
    assert_snapshot!(wrong("{uri: {regex: \"/(a\"}}"), @r#"
    error: the regular expression cannot be `/(a` (unclosed group)
      --> policy.yaml:7:28, spec.http[0].match[0].uri.regex
       |
     7 |   - {match: [{uri: {regex: "/(a"}}], route: [{destination: {host: reviews}}]}
       |                            ^^^^^
       = accepted: a regular expression as RE2 has them, of at most 1024 bytes, that is not too large
    "#);
    assert_snapshot!(slips(&asking("{headers: {a: {regex: \"*\"}}, uri: {regex: \"(?=a)\"}}")), @r#"
    spec.http[0].match[0].headers["a"].regex: the regular expression cannot be `*` (repetition operator missing expression)
    spec.http[0].match[0].uri.regex: the regular expression cannot be `(?=a)` (look-around, including look-ahead and look-behind, is not supported)
    "#);
    let long = "a".repeat(1025);
    assert_snapshot!(slips(&asking(&format!("{{uri: {{regex: {long}}}}}"))), @"spec.http[0].match[0].uri.regex: the regular expression cannot be 1025 bytes long");
    assert!(load(&asking(&format!("{{uri: {{regex: {}}}}}", &long[1..]))).build().is_ok());
    assert_snapshot!(slips(&asking("{uri: {regex: \"((a{100}){100}){100}\"}}")), @"spec.http[0].match[0].uri.regex: the regular expression cannot be `((a{100}){100}){100}` (too large once it is compiled)");
}

#[test]
fn names_and_labels_that_are_none() {
    assert_snapshot!(wrong("{headers: {\"a b\": {exact: c}}}"), @r#"
    error: the header name cannot be `a b`
      --> policy.yaml:7:25, spec.http[0].match[0].headers["a b"]
       |
     7 |   - {match: [{headers: {"a b": {exact: c}}}], route: [{destination: {host: reviews}}]}
       |                         ^^^
       = accepted: the name of a header, such as `end-user`
    "#);
    assert_snapshot!(slips(&asking(
        "{withoutHeaders: {\"\": {exact: c}}, port: 0, sourceNamespace: a_b, sourceLabels: {\"a b\": c, d: \"e f\", \
         app.kubernetes.io/name: ok, \"/x\": y}}"
    )), @r#"
    spec.http[0].match[0].withoutHeaders[""]: the header name cannot be ``
    spec.http[0].match[0].port: `port` cannot be 0
    spec.http[0].match[0].sourceNamespace: `sourceNamespace` cannot be `a_b`
    spec.http[0].match[0].sourceLabels["a b"]: a label cannot be `a b: c`
    spec.http[0].match[0].sourceLabels["d"]: a label cannot be `d: e f`
    spec.http[0].match[0].sourceLabels["/x"]: a label cannot be `/x: y`
    "#);
}

#[test]
fn what_has_no_effect_is_told() {
    assert_snapshot!(notes(&asking(
        "{statPrefix: a, uri: {regex: /a}, ignoreUriCase: true}, {ignoreUriCase: true, port: 80}, {uri: {exact: /}, ignoreUriCase: true}"
    )), @r"
    policy.yaml:7:27 spec.http[0].match[0].statPrefix: read, not applied: there are no metrics by route
    policy.yaml:7:63 spec.http[0].match[0].ignoreUriCase: has no effect: it is for an `exact` or a `prefix` in `uri`
    policy.yaml:7:86 spec.http[0].match[1].ignoreUriCase: has no effect: it is for an `exact` or a `prefix` in `uri`
    ");
}

#[test]
fn the_client_itself_is_asked_beforehand_and_why_it_is_not_meant_is_kept() {
    let text = routes(&[
        &format!("{{match: [{{sourceLabels: {{app: a}}}}], {TO}}}"),
        &format!("{{match: [{{sourceLabels: {{version: v2}}}}], {TO}}}"),
        &format!("{{match: [{{sourceNamespace: bookinfo}}], {TO}}}"),
        &format!("{{match: [{{gateways: [edge, bookinfo/edge]}}], timeout: 1s, mirrorPercent: 1, {TO}}}"),
        &format!(
            "{{match: [{{gateways: [mesh], sourceLabels: {{app: b}}, sourceNamespace: c, port: 80}}], {TO}}}"
        ),
        &format!(
            "{{match: [{{sourceLabels: {{app: a}}, uri: {{prefix: /a}}}}, {{sourceLabels: {{app: client, version: v1}}, uri: {{prefix: /b}}}}], {TO}}}"
        ),
    ]);
    let client = load(&text).labels([("app", "client"), ("version", "v1")]).build().expect("a mesh");
    let plan = client.plan();
    let destination = &plan.destinations[0];
    let left_out: Vec<_> = destination
        .left_out
        .iter()
        .map(|one| format!("{}{}: {}\n", one.origin, if one.in_part { ", in part" } else { "" }, one.why))
        .collect();
    assert_snapshot!(left_out.concat(), @r"
    default/reviews http[0] (policy.yaml:7:5): `sourceLabels` asks for `app: a`, but the client has `client`
    default/reviews http[1] (policy.yaml:8:5): `sourceLabels` asks for `version: v2`, but the client has `v1`
    default/reviews http[2] (policy.yaml:9:5): `sourceNamespace` is `bookinfo`, but the client's is `default`
    default/reviews http[3] (policy.yaml:10:5): `gateways` names none that this client acts for: `mesh`
    default/reviews http[5] (policy.yaml:12:5), in part: `sourceLabels` asks for `app: a`, but the client has `client`
    ");
    let rules: Vec<_> =
        destination.rules.iter().map(|rule| format!("{}: {}\n", rule.origin, rule.conditions[0])).collect();
    assert_snapshot!(rules.concat(), @r"
    default/reviews http[4] (policy.yaml:11:5): port is 80
    default/reviews http[5] (policy.yaml:12:5): path begins with `/b`
    ");
    assert!(client.notes().is_empty(), "what is not applied has no surprises: {:?}", client.notes());
    let nobody =
        mesh(&routes(&[&format!("{{match: [{{sourceLabels: {{app: a}}}}], timeout: 1s, {TO}}}")])).plan();
    assert!(
        nobody.destinations[0].rules.is_empty() && nobody.destinations[0].way.stations.len() == 2,
        "as if there were none"
    );
}
