//! What of a `VirtualService` is not for a client of HTTP requests: it is judged, and told as not applied.

use insta::assert_snapshot;
use tower_mesh::mesh::NoteKind;

use crate::{
    istio::{document, slips},
    osm::{mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

fn wrong(spec: &str) -> String {
    slips(&document("VirtualService", "a", &format!("  hosts: [reviews, \"*.com\"]\n{spec}")))
}

#[test]
fn routes_for_connections_are_judged_and_not_applied() {
    let sound = format!(
        "  tls: [{{match: [{{sniHosts: [reviews, a.com, \"*.b.com\"], port: 443, destinationSubnets: [10.0.0.0/8, \"::1\"]}}], {TO}}}]\n  tcp: [{{{TO}}}]"
    );
    let text = document("VirtualService", "a", &format!("  hosts: [reviews, \"*.com\"]\n{sound}"));
    assert_snapshot!(notes(&text), @r"
    policy.yaml:6:3 spec.tls: read, not applied: it is for connections, and a client of HTTP requests makes none
    policy.yaml:7:3 spec.tcp: read, not applied: it is for connections, and a client of HTTP requests makes none
    ");
    assert!(mesh(&text).notes().iter().all(|note| note.kind == NoteKind::NotApplied));
    assert_snapshot!(wrong("  tls: [{}, {match: [{}]}, null]\n  tcp: [{}]"), @r"
    spec.tls[0].match: `match` cannot be empty
    spec.tls[0].route: a route must go somewhere
    spec.tls[1].route: a route must go somewhere
    spec.tls[1].match[0].sniHosts: `sniHosts` cannot be empty
    spec.tls[2].match: `match` cannot be empty
    spec.tls[2].route: a route must go somewhere
    spec.tcp[0].route: a route must go somewhere
    ");
    assert_snapshot!(wrong(&format!("  tls: [{{match: [{{sniHosts: [ratings, \"a b\", \"*\", \"*.org\"], port: 0, destinationSubnets: [a, 10.0.0.0/33]}}], {TO}}}]")), @r"
    spec.tls[0].match[0].sniHosts[0]: `ratings` is none of the document's `hosts`
    spec.tls[0].match[0].sniHosts[1]: a host cannot be `a b`
    spec.tls[0].match[0].sniHosts[2]: a host cannot be `*`
    spec.tls[0].match[0].sniHosts[3]: `*.org` is none of the document's `hosts`
    spec.tls[0].match[0].port: `port` cannot be 0
    spec.tls[0].match[0].destinationSubnets[0]: a range of addresses cannot be `a`
    spec.tls[0].match[0].destinationSubnets[1]: a range of addresses cannot be `10.0.0.0/33`
    ");
    assert_snapshot!(wrong("  tcp: [{match: [{port: 0, gateways: [\"\"], sourceLabels: {\"\": a}}], route: [{destination: {host: \"*\"}, weight: -1}]}]"), @r#"
    spec.tcp[0].match[0].port: `port` cannot be 0
    spec.tcp[0].match[0].gateways[0]: a gateway cannot be ``
    spec.tcp[0].match[0].sourceLabels[""]: a label cannot be `: a`
    spec.tcp[0].route[0].destination.host: `host` cannot be `*`
    spec.tcp[0].route[0].weight: `weight` cannot be -1
    "#);
    assert_snapshot!(wrong("  tcp: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]"), @"spec.tcp[0].route: the sum of the weights cannot be 0");
    let address = format!("  tls: [{{match: [{{sniHosts: [10.0.0.1]}}], {TO}}}]");
    assert_snapshot!(notes(&document("VirtualService", "a", &format!("  hosts: [reviews]\n{address}"))), @r"
    policy.yaml:6:3 spec.tls: read, not applied: it is for connections, and a client of HTTP requests makes none
    policy.yaml:6:30 spec.tls[0].match[0].sniHosts[0]: an address, which most callers do not name as they begin
    ");
}

#[test]
fn what_browsers_are_told_is_judged_and_not_applied() {
    let cors = |block: &str| format!("  http: [{{corsPolicy: {{{block}}}, {TO}}}]");
    let sound = "allowOrigins: [{exact: a}, {prefix: b}, {regex: c}], allowMethods: [GET, \"*\"], allowHeaders: [x, \"*\"], exposeHeaders: [x-y], maxAge: 1h1s";
    assert_snapshot!(notes(&document("VirtualService", "a", &format!("  hosts: [reviews]\n{}", cors(sound)))), @"policy.yaml:6:11 spec.http[0].corsPolicy: read, not applied: browsers are told by servers, and this is a client");
    assert_snapshot!(wrong(&cors("allowOrigins: [{}, {exact: \"\"}, {exact: a, regex: b}, {regex: \"(\"}], allowMethods: [get], allowHeaders: [\"a b\"], exposeHeaders: [\"\"], maxAge: 1500ms")), @r"
    spec.http[0].corsPolicy.allowOrigins[0]: an origin cannot be empty
    spec.http[0].corsPolicy.allowOrigins[1]: an origin cannot be empty
    spec.http[0].corsPolicy.allowOrigins[2].regex: `regex` cannot be set beside another one
    spec.http[0].corsPolicy.allowOrigins[3].regex: the regular expression cannot be `(` (unclosed group)
    spec.http[0].corsPolicy.allowMethods[0]: a method cannot be `get`
    spec.http[0].corsPolicy.allowHeaders[0]: a header cannot be `a b`
    spec.http[0].corsPolicy.exposeHeaders[0]: a header cannot be ``
    spec.http[0].corsPolicy.maxAge: `maxAge` cannot be 1.5s
    ");
}
