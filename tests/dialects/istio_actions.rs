//! What a route of Istio's does with a request: places, headers, rewrites, redirects, answers, copies.

use insta::assert_snapshot;

use crate::{
    istio::{routes, wrong},
    osm::{load, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

/// What the plan says of one route, but for its stations.
fn plan(route: &str) -> String {
    let plan = mesh(&routes(&[&format!("{{{route}}}")])).plan();
    let rules = plan.destinations.iter().flat_map(|destination| &destination.rules);
    let text: String = rules.map(ToString::to_string).collect();
    let is_station = |line: &&str| !(line.contains("1. timeout") || line.contains("2. retries"));
    text.lines().filter(is_station).map(|line| format!("{}\n", line.trim_start())).collect()
}

fn told(route: &str) -> String {
    notes(&routes(&[&format!("{{{route}}}")]))
}

/// What is wrong with one route.
fn refused(route: &str) -> String {
    wrong(&routes(&[&format!("{{{route}}}")]))
}

#[test]
fn places_by_weight() {
    let places = "route: [{destination: {host: a, subset: v1}, weight: 3}, {destination: {host: b.com, port: {number: 81}}, weight: 1}, {destination: {host: c}}]";
    assert_snapshot!(plan(places), @r"
    every request
    to a.default.svc.cluster.local, subset v1: 3 of 4
    to b.com:81: 1 of 4
    to c.default.svc.cluster.local: 0 of 4
    ");
    assert_snapshot!(plan("route: [{destination: {host: a}, weight: 0}]"), @r"
    every request
    to a.default.svc.cluster.local
    ");
    assert_snapshot!(plan("route: [{destination: {host: a, subset: \"\"}, weight: 7}]"), @r"
    every request
    to a.default.svc.cluster.local
    ");
}

#[test]
fn headers_of_a_route_and_of_its_places() {
    let headers = "headers: {request: {set: {x-b: \"1\", X-A: 50%%}, add: {via: mesh}, remove: [cookie, X-C]}, response: {set: {server: \"\"}}}";
    assert_snapshot!(plan(&format!("{headers}, {TO}")), @r"
    every request
    to reviews.default.svc.cluster.local
    request: remove `cookie`, remove `x-c`, set `x-a: 50%`, set `x-b: 1`, add `via: mesh`
    response: set `server: `
    ");
    assert_snapshot!(plan(&format!("route: [{{destination: {{host: a}}, weight: 1, {headers}}}, {{destination: {{host: b}}, weight: 1}}]")), @r"
    every request
    to a.default.svc.cluster.local: 1 of 2
    request: remove `cookie`, remove `x-c`, set `x-a: 50%`, set `x-b: 1`, add `via: mesh`
    response: set `server: `
    to b.default.svc.cluster.local: 1 of 2
    ");
}

#[test]
fn headers_that_stay_as_they_are() {
    assert_snapshot!(refused(&format!("headers: {{request: {{set: {{\":path\": /a}}, remove: [host, \":path\"]}}}}, {TO}")), @r#"
    error: the header name cannot be `:path`
    --> policy.yaml:7:41, spec.http[0].headers.request.set[":path"]
    = accepted: the name of a header other than `host` and those that begin with `:`
    = hint: to change the path write `rewrite.uri`
    error: the header name cannot be `host`
    --> policy.yaml:7:55, spec.http[0].headers.request.remove[0]
    = accepted: the name of a header other than `host` and those that begin with `:`
    = hint: to change the authority write `rewrite.authority`
    error: the header name cannot be `:path`
    --> policy.yaml:7:61, spec.http[0].headers.request.remove[1]
    = accepted: the name of a header other than `host` and those that begin with `:`
    = hint: to change the path write `rewrite.uri`
    "#);
    assert_snapshot!(refused(&format!("headers: {{response: {{add: {{Host: a}}, remove: [\":status\"]}}}}, {TO}")), @r#"
    error: the header name cannot be `Host`
    --> policy.yaml:7:39, spec.http[0].headers.response.add["Host"]
    = accepted: the name of a header other than `host` and those that begin with `:`
    error: the header name cannot be `:status`
    --> policy.yaml:7:52, spec.http[0].headers.response.remove[0]
    = accepted: the name of a header other than `host` and those that begin with `:`
    "#);
    assert_snapshot!(refused(&format!("headers: {{request: {{set: {{\"a b\": c, d: \"\\u0001\"}}, remove: [\"\"]}}}}, {TO}")), @r#"
    error: the header name cannot be `a b`
    --> policy.yaml:7:39, spec.http[0].headers.request.set["a b"]
    = accepted: the name of a header other than `host` and those that begin with `:`
    error: the header value cannot be "\u{1}"
    --> policy.yaml:7:45, spec.http[0].headers.request.set["d"]
    = accepted: the value of a header: printable characters
    error: the header name cannot be ``
    --> policy.yaml:7:65, spec.http[0].headers.request.remove[0]
    = accepted: the name of a header other than `host` and those that begin with `:`
    "#);
}

#[test]
fn percent_signs_are_written_twice_and_variables_are_not_known() {
    assert_snapshot!(refused(&format!("headers: {{request: {{set: {{a: 50%}}, add: {{b: \"%a%b%\"}}}}}}, {TO}")), @r#"
    error: `50%` has a `%` that stands alone
    --> policy.yaml:7:35, spec.http[0].headers.request.set["a"]
    = accepted: `%%` for a percent sign
    error: `%a%b%` has a `%` that stands alone
    --> policy.yaml:7:50, spec.http[0].headers.request.add["b"]
    = accepted: `%%` for a percent sign
    "#);
    let variable =
        format!("headers: {{request: {{set: {{a: \"%START_TIME%\", b: \"%%REQ(x)%%\", c: d}}}}}}, {TO}");
    assert_snapshot!(told(&variable), @r#"policy.yaml:7:35 spec.http[0].headers.request.set["a"]: left as it is: `%START_TIME%` is a variable of Envoy's, which is not known here"#);
    assert_snapshot!(plan(&variable), @r"
    every request
    to reviews.default.svc.cluster.local
    request: set `b: %REQ(x)%`, set `c: d`
    ");
}

#[test]
fn an_authority_is_said_once() {
    assert_snapshot!(plan(&format!("headers: {{request: {{set: {{Host: a.com}}}}}}, {TO}")), @r"
    every request
    to reviews.default.svc.cluster.local
    rewrite: authority: `a.com`
    ");
    assert_snapshot!(plan(&format!("headers: {{request: {{add: {{\":authority\": a.com, x: y}}}}}}, {TO}")), @r"
    every request
    to reviews.default.svc.cluster.local
    rewrite: authority: `a.com`
    request: add `x: y`
    ");
    assert_snapshot!(refused(&format!("rewrite: {{authority: a.com}}, headers: {{request: {{set: {{host: b.com}}}}}}, {TO}")), @r#"
    error: the authority cannot be set twice
    --> policy.yaml:7:67, spec.http[0].headers.request.set["host"]
    = accepted: one of `rewrite.authority`, `host` and `:authority`
    "#);
    assert_snapshot!(refused(&format!("headers: {{request: {{set: {{host: b.com, \":authority\": b.com}}, add: {{host: c}}}}}}, {TO}")), @r#"
    error: the authority cannot be set twice
    --> policy.yaml:7:38, spec.http[0].headers.request.set["host"]
    = accepted: one of `rewrite.authority`, `host` and `:authority`
    error: the authority cannot be set twice
    --> policy.yaml:7:79, spec.http[0].headers.request.add["host"]
    = accepted: one of `rewrite.authority`, `host` and `:authority`
    "#);
    assert_snapshot!(refused(&format!("headers: {{request: {{set: {{host: \"a b\"}}}}}}, {TO}")), @r#"
    error: the authority cannot be "a b"
    --> policy.yaml:7:38, spec.http[0].headers.request.set["host"]
    = accepted: a host, with a port perhaps, such as `reviews:9080`
    "#);
    let of_place = "headers: {request: {set: {host: b.com}}}";
    assert_snapshot!(plan(&format!("route: [{{destination: {{host: a}}, {of_place}}}]")), @r"
    every request
    to a.default.svc.cluster.local
    rewrite: authority: `b.com`
    ");
    let both = format!("rewrite: {{authority: a.com}}, route: [{{destination: {{host: a}}, {of_place}}}]");
    assert_snapshot!(told(&both), @r#"policy.yaml:7:100 spec.http[0].route[0].headers.request.set["host"]: has no effect: the route itself sets the authority"#);
    assert_snapshot!(plan(&both), @r"
    every request
    to a.default.svc.cluster.local
    rewrite: authority: `a.com`
    ");
    assert_snapshot!(told(&format!("route: [{{destination: {{host: a}}, weight: 1, {of_place}}}, {{destination: {{host: b}}, weight: 1}}]")), @r#"policy.yaml:7:82 spec.http[0].route[0].headers.request.set["host"]: read, not applied: where a route has several places, they keep the authority"#);
}

#[test]
fn rewrites() {
    assert_snapshot!(plan(&format!("rewrite: {{uri: /v1, authority: a.com}}, {TO}")), @r"
    every request
    to reviews.default.svc.cluster.local
    rewrite: path: `/v1` in the place of what was matched, authority: `a.com`
    ");
    assert_snapshot!(plan(&format!("rewrite: {{uriRegexRewrite: {{match: \"^/a/(.*)\", rewrite: \"/b/\\\\1\"}}, authority: \"\"}}, {TO}")), @r"
    every request
    to reviews.default.svc.cluster.local
    rewrite: path: `/b/\1` in the place of `^/a/(.*)`
    ");
    assert_snapshot!(refused(&format!("rewrite: {{uri: /v1, uri_regex_rewrite: {{match: a, rewrite: b}}}}, {TO}")), @r"
    error: `uriRegexRewrite` cannot stand beside `uri`
    --> policy.yaml:7:26, spec.http[0].rewrite.uriRegexRewrite
    = accepted: one of them
    ");
    assert_snapshot!(refused(&format!("rewrite: {{}}, {TO}")), @r"
    error: `rewrite` cannot be empty
    --> policy.yaml:7:6, spec.http[0].rewrite
    = accepted: `uri`, `uriRegexRewrite` or `authority`
    ");
    assert_snapshot!(refused(&format!("rewrite: {{uri: \"\", authority: \"\"}}, {TO}")), @r"
    error: `rewrite` cannot be empty
    --> policy.yaml:7:6, spec.http[0].rewrite
    = accepted: `uri`, `uriRegexRewrite` or `authority`
    ");
    assert_snapshot!(refused(&format!("rewrite: {{uriRegexRewrite: {{match: a}}}}, {TO}")), @r"
    error: `rewrite` cannot be empty
    --> policy.yaml:7:16, spec.http[0].rewrite.uriRegexRewrite.rewrite
    = accepted: an expression, and what stands for what it matches
    ");
    assert_snapshot!(refused(&format!("rewrite: {{uriRegexRewrite: {{match: \"(\", rewrite: b}}, authority: \"a b\"}}, {TO}")), @r#"
    error: the regular expression cannot be `(` (unclosed group)
    --> policy.yaml:7:41, spec.http[0].rewrite.uriRegexRewrite.match
    = accepted: a regular expression as RE2 has them, of at most 1024 bytes, that is not too large
    error: the authority cannot be "a b"
    --> policy.yaml:7:70, spec.http[0].rewrite.authority
    = accepted: a host, with a port perhaps, such as `reviews:9080`
    "#);
    assert_snapshot!(refused(&format!("rewrite: {{uriRegexRewrite: {{match: a, rewrite: \"\\\\1\"}}}}, {TO}")), @r"
    error: the substitution cannot be `\1`
    --> policy.yaml:7:53, spec.http[0].rewrite.uriRegexRewrite.rewrite
    = accepted: a text in which `\0` to `\9` are groups of the expression and `\\` is a backslash
    ");
}

#[test]
fn redirects() {
    assert_snapshot!(plan("redirect: {uri: /a, authority: a.com, scheme: https, port: 8443, redirectCode: 307}, headers: {response: {set: {x: y}}}"), @r"
    every request
    redirects by 307: scheme `https`, authority `a.com`, port 8443, path `/a`
    response: set `x: y`
    ");
    assert_snapshot!(plan("match: [{uri: {prefix: /a}}, {port: 80}], redirect: {prefixRewrite: /b, derivePort: FROM_REQUEST_PORT}, timeout: 1s"), @r"
    path begins with `/a`; or port is 80
    redirects by 301: the request's port, path `/b` in the place of what was matched
    ");
    for status in [300, 304, 306, 400, 70000] {
        let told = refused(&format!("redirect: {{uri: /a, redirectCode: {status}}}"));
        assert!(told.contains(&format!("cannot be {status}")), "{told}");
        assert!(
            told.contains("spec.http[0].redirect.redirectCode\n")
                && told.contains("301, 302, 303, 307 or 308"),
            "{told}"
        );
    }
    assert_snapshot!(refused("redirect: {redirectCode: 302, uri: \"\"}"), @r"
    error: the redirect cannot be one that changes nothing
    --> policy.yaml:7:6, spec.http[0].redirect
    = accepted: a redirect that changes at least one of path, authority, port and scheme
    ");
    assert_snapshot!(refused("redirect: {derivePort: FROM_PROTOCOL_DEFAULT}"), @r"
    error: the redirect cannot be one that changes nothing
    --> policy.yaml:7:6, spec.http[0].redirect
    = accepted: a redirect that changes at least one of path, authority, port and scheme
    ");
    assert_snapshot!(refused("redirect: {uri: /a, prefixRewrite: /b, port: 0, derive_port: 1}"), @r"
    error: `prefixRewrite` cannot stand beside `uri`
    --> policy.yaml:7:41, spec.http[0].redirect.prefixRewrite
    = accepted: one of them
    error: `port` cannot be 0
    --> policy.yaml:7:51, spec.http[0].redirect.port
    = accepted: a port, from 1 to 65535
    error: `derivePort` cannot stand beside `port`
    --> policy.yaml:7:67, spec.http[0].redirect.derivePort
    = accepted: one of them
    ");
    assert_snapshot!(refused("match: [{uri: {prefix: /a}}, {uri: {exact: /b}}], redirect: {prefixRewrite: /c}"), @r"
    error: `prefixRewrite` cannot stand beside a `match` of a `uri` that is no `prefix`
    --> policy.yaml:7:82, spec.http[0].redirect.prefixRewrite
    = accepted: a `prefix` in each `uri`, or `uri` for the whole path
    ");
    for (field, value) in [("scheme", "ftp"), ("authority", "a b"), ("uri", "a b"), ("prefixRewrite", "a b")]
    {
        let told = refused(&format!("redirect: {{{field}: {value}}}"));
        assert!(
            told.contains(&format!("cannot be `{value}`")) && told.contains(&format!("redirect.{field}\n")),
            "{told}"
        );
    }
}

#[test]
fn answers() {
    assert_snapshot!(plan("directResponse: {status: 503, body: {string: hello}}, headers: {response: {add: {x: y}}}"), @r"
    every request
    answers 503 with 5 bytes
    response: add `x: y`
    ");
    assert_snapshot!(plan("directResponse: {status: 200, body: {bytes: aGVsbG8=}}"), @r"
    every request
    answers 200 with 5 bytes
    ");
    assert_snapshot!(plan("directResponse: {status: 204, body: {}}, match: [{port: 80}]"), @r"
    port is 80
    answers 204 with 0 bytes
    ");
    for status in ["status: 199", "status: 600", "status: 70000", "status: 0", "body: {}"] {
        let told = refused(&format!("directResponse: {{{status}}}"));
        assert!(
            told.starts_with("error: `status` cannot be") && told.contains("a status from 200 to 599"),
            "{told}"
        );
    }
    assert_snapshot!(refused("directResponse: {body: {string: a, bytes: YQ==}}"), @r"
    error: `status` cannot be absent
    --> policy.yaml:7:6, spec.http[0].directResponse.status
    = accepted: a status from 200 to 599
    error: `bytes` cannot stand beside `string`
    --> policy.yaml:7:48, spec.http[0].directResponse.body.bytes
    = accepted: one of them
    ");
    assert_snapshot!(refused("directResponse: {status: 200, body: {bytes: \"a b\"}}"), @r"
    error: `bytes` is no base64
    --> policy.yaml:7:50, spec.http[0].directResponse.body.bytes
    = accepted: bytes in base64, such as `aGVsbG8=`
    ");
}

#[test]
fn an_answer_may_be_large_and_not_huge() {
    let sized =
        |bytes: usize| format!("directResponse: {{status: 200, body: {{string: {}}}}}", "a".repeat(bytes));
    assert_eq!(told(&sized(100 << 10)), "");
    assert_snapshot!(told(&sized((100 << 10) + 1)), @"policy.yaml:7:51 spec.http[0].directResponse.body.string: is 102401 bytes long, which is much for an answer");
    assert!(load(&routes(&[&format!("{{{}}}", sized(1 << 20))])).build().is_ok());
    assert_snapshot!(refused(&sized((1 << 20) + 1)).lines().next().unwrap_or_default(), @"error: `string` cannot be 1048577 bytes long");
}
