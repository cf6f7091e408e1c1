//! `VirtualService`.

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    row::{Row, applied, noted},
};

pub(crate) fn kind() -> Kind {
    Kind {
        name: "VirtualService",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version. Fields may be spelled as in the proto \
                files too: `prefix_rewrite`. A field that Istio has dropped (`websocketUpgrade`, \
                `appendHeaders`, …) is unknown: a note, or an error where strictness is asked for.",
        rows: [top(), matching(), destinations(), actions(), requests(), connections()].concat(),
        schema: include_str!("schema/virtual_service.txt"),
        bases: bases(),
        values: values(),
        beside: BESIDE,
        ..Kind::default()
    }
}

fn top() -> Vec<Row> {
    vec![
        applied("hosts", "The hosts that it is for."),
        applied("gateways", "For `mesh`, which is every client, or for gateways that a client acts for."),
        applied("exportTo", "The namespaces whose clients see it."),
        applied("http[].name", "What plans and explanations call the route."),
    ]
}

fn matching() -> Vec<Row> {
    vec![
        applied(
            "http[].match[].name",
            "What plans and explanations call the condition, behind the route's name.",
        ),
        applied("http[].match[].uri.exact", "The whole path, without its query."),
        applied("http[].match[].uri.prefix", "How the path begins, letter by letter."),
        applied("http[].match[].uri.regex", "What the whole path matches."),
        applied("http[].match[].ignoreUriCase", "Upper and lower case are the same in `exact` and `prefix`."),
        applied("http[].match[].scheme.exact", "The whole scheme."),
        applied("http[].match[].scheme.prefix", "How the scheme begins."),
        applied("http[].match[].scheme.regex", "What the whole scheme matches."),
        applied("http[].match[].method.exact", "The whole method."),
        applied("http[].match[].method.prefix", "How the method begins."),
        applied("http[].match[].method.regex", "What the whole method matches."),
        applied("http[].match[].authority.exact", "The whole authority, with its port if it was written."),
        applied("http[].match[].authority.prefix", "How the authority begins."),
        applied("http[].match[].authority.regex", "What the whole authority matches."),
        applied(
            "http[].match[].headers.*.exact",
            "A header's whole value; without any of the three it must be there.",
        ),
        applied("http[].match[].headers.*.prefix", "How a header's value begins."),
        applied("http[].match[].headers.*.regex", "What a header's whole value matches."),
        applied(
            "http[].match[].withoutHeaders.*.exact",
            "A header that must not be so; without any of the three, not be there.",
        ),
        applied("http[].match[].withoutHeaders.*.prefix", "A header that must not begin so."),
        applied("http[].match[].withoutHeaders.*.regex", "A header that must not match."),
        applied(
            "http[].match[].queryParams.*.exact",
            "A parameter's whole value; without any of the three it must be there.",
        ),
        applied("http[].match[].queryParams.*.prefix", "How a parameter's value begins."),
        applied("http[].match[].queryParams.*.regex", "What a parameter's whole value matches."),
        applied("http[].match[].port", "The port that is asked for."),
        applied("http[].match[].sourceLabels", "Labels that the client must have."),
        applied("http[].match[].sourceNamespace", "The namespace that the client must be of."),
        applied(
            "http[].match[].gateways",
            "Gateways of which the client must be one; then its labels are not asked.",
        ),
        noted("http[].match[].statPrefix", "There are no metrics by name."),
    ]
}

fn destinations() -> Vec<Row> {
    let mut rows = vec![
        applied("http[].route[].destination.host", "The host, short or in full."),
        applied("http[].route[].destination.subset", "A subset, as a `DestinationRule` names it."),
        applied("http[].route[].destination.port.number", "The host's port."),
        applied("http[].route[].weight", "Its share among the places, whatever they add up to."),
        applied("http[].mirror.host", "A host that gets a copy of each request."),
        applied("http[].mirror.subset", "A subset of it."),
        applied("http[].mirror.port.number", "Its port."),
        applied("http[].mirrorPercentage.value", "The share of requests that are copied."),
        applied("http[].mirrorPercent", "The same as Istio once spelled it, in whole percent."),
        applied("http[].mirror_percent", "The same in its other spelling."),
        applied("http[].mirrors[].destination.host", "A host that gets a copy of its share of requests."),
        applied("http[].mirrors[].destination.subset", "A subset of it."),
        applied("http[].mirrors[].destination.port.number", "Its port."),
        applied("http[].mirrors[].percentage.value", "The share of requests that are copied there."),
    ];
    for block in ["http[].headers", "http[].route[].headers"] {
        for (operation, says) in [
            ("request.set", "Headers of the request that are set before it leaves; `host` too."),
            ("request.add", "Headers of the request that are added before it leaves."),
            ("request.remove", "Headers of the request that are taken off before it leaves."),
            ("response.set", "Headers of the response that are set before it is handed back."),
            ("response.add", "Headers of the response that are added before it is handed back."),
            ("response.remove", "Headers of the response that are taken off before it is handed back."),
        ] {
            rows.push(applied(&format!("{block}.{operation}"), says));
        }
    }
    rows
}

fn actions() -> Vec<Row> {
    vec![
        applied("http[].rewrite.uri", "What stands for the part of the path that matched."),
        applied("http[].rewrite.uriRegexRewrite.match", "What is looked for in the path."),
        applied(
            "http[].rewrite.uriRegexRewrite.rewrite",
            "What stands for each match, with `\\1` to `\\9` for its groups.",
        ),
        applied("http[].rewrite.authority", "The authority that the request leaves with."),
        applied("http[].redirect.uri", "The whole path of the other place."),
        applied("http[].redirect.prefixRewrite", "What stands for the prefix that matched."),
        applied("http[].redirect.authority", "The authority of the other place."),
        applied("http[].redirect.scheme", "Its scheme."),
        applied("http[].redirect.port", "Its port."),
        applied("http[].redirect.derivePort", "Where its port comes from, if it is not said."),
        applied("http[].redirect.redirectCode", "301, 302, 303, 307 or 308."),
        applied("http[].directResponse.status", "The status of an answer that nobody is asked for."),
        applied("http[].directResponse.body.string", "Its body as a text."),
        applied("http[].directResponse.body.bytes", "Its body as base64."),
        applied("http[].delegate.name", "The `VirtualService` whose routes are taken instead."),
        applied("http[].delegate.namespace", "Its namespace."),
        noted("http[].corsPolicy", "What browsers are told of other origins is a server's concern."),
    ]
}

fn requests() -> Vec<Row> {
    vec![
        applied("http[].timeout", "How long the whole exchange may take, retries and all."),
        applied("http[].retries.attempts", "Tries after the first; the block without it is \"never\"."),
        applied("http[].retries.perTryTimeout", "How long one try may take."),
        applied("http[].retries.retryOn", "Conditions and statuses, with commas between."),
        applied("http[].retries.backoff", "About how long to wait before the first retry."),
        applied("http[].retries.retryIgnorePreviousHosts", "Endpoints that were tried are left out."),
        noted(
            "http[].retries.retryRemoteLocalities",
            "Another try is picked for as the first was, near or far.",
        ),
        applied("http[].retries.towerMesh.methods", "`all`, or only those that are `safe`.").ours(),
        applied("http[].retries.towerMesh.honourRetryAfter", "Waits as an answer asks for, up to so long.")
            .ours(),
        applied(
            "http[].retries.towerMesh.bodyLimit",
            "Bytes of a request's body that are kept to be sent again.",
        )
        .ours(),
        applied("http[].retries.towerMesh.hedging", "A try that is late runs on beside the next.").ours(),
        applied("http[].fault.delay.fixedDelay", "How long requests are delayed."),
        applied("http[].fault.delay.percentage.value", "The share of them."),
        applied("http[].fault.delay.percent", "The same as Istio once spelled it, in whole percent."),
        noted("http[].fault.delay.exponentialDelay", "Istio refuses it too."),
        applied("http[].fault.abort.httpStatus", "The status of a failure that is made up."),
        applied("http[].fault.abort.grpcStatus", "Its gRPC status, by name."),
        applied("http[].fault.abort.percentage.value", "The share of requests."),
        applied(
            "http[].fault.abort.percent",
            "The same as Istio once spelled it; now it would abort nothing.",
        )
        .former(),
        noted("http[].fault.abort.http2Error", "Istio refuses it too."),
        applied("http[].fault.towerMesh.exclusive", "One draw for both, so that no request meets both.")
            .ours(),
        applied("http[].fault.towerMesh.mostActive", "Faults under way at once.").ours(),
        applied("http[].fault.towerMesh.byHeaders", "Requests ask for faults by `x-envoy-fault-…`.").ours(),
    ]
}

fn connections() -> Vec<Row> {
    vec![
        noted("tls[]", "An HTTP client does not use routes for TLS that is passed through."),
        noted("tcp[]", "An HTTP client does not use routes for TCP."),
    ]
}

/// What a route needs beside the field.
fn bases() -> Vec<(&'static str, Value)> {
    let to = || json!([{"destination": {"host": "reviews"}}]);
    let route = |mut route: Value| {
        route["route"] = to();
        json!({"hosts": ["reviews"], "http": [route]})
    };
    let alone = |route: Value| json!({"hosts": ["reviews"], "http": [route]});
    let prefix = || json!([{"uri": {"prefix": "/a"}}]);
    let half = || json!({"value": 50});
    vec![
        ("", route(json!({}))),
        ("http[].match[].ignoreUriCase", route(json!({"match": prefix()}))),
        ("http[].mirror", route(json!({"mirror": {"host": "ratings"}}))),
        ("http[].mirrorPercentage", route(json!({"mirror": {"host": "ratings"}}))),
        ("http[].mirrorPercent", route(json!({"mirror": {"host": "ratings"}}))),
        ("http[].mirror_percent", route(json!({"mirror": {"host": "ratings"}}))),
        ("http[].mirrors[]", route(json!({"mirrors": [{"destination": {"host": "ratings"}}]}))),
        (
            "http[].rewrite.uriRegexRewrite",
            route(json!({"rewrite": {"uriRegexRewrite": {"match": "a", "rewrite": "b"}}})),
        ),
        ("http[].redirect", alone(json!({"match": prefix(), "redirect": {"authority": "a.b"}}))),
        ("http[].directResponse", alone(json!({"directResponse": {"status": 200}}))),
        ("http[].delegate", alone(json!({"delegate": {"name": "routes"}}))),
        ("http[].retries", route(json!({"retries": {"attempts": 2}}))),
        (
            "http[].retries.towerMesh.hedging",
            route(json!({"retries": {"attempts": 2, "perTryTimeout": "1s"}})),
        ),
        (
            "http[].fault.delay",
            route(json!({"fault": {"delay": {"fixedDelay": "1s", "percentage": half()}}})),
        ),
        ("http[].fault.delay.percent", route(json!({"fault": {"delay": {"fixedDelay": "1s"}}}))),
        ("http[].fault.delay.exponentialDelay", route(json!({"fault": {"delay": {"percentage": half()}}}))),
        ("http[].fault.abort", route(json!({"fault": {"abort": {"percentage": half()}}}))),
        ("http[].fault.abort.percentage", route(json!({"fault": {"abort": {"httpStatus": 503}}}))),
        ("http[].fault.abort.percent", route(json!({"fault": {"abort": {"httpStatus": 503}}}))),
        (
            "http[].fault.towerMesh",
            route(json!({"fault": {
                "delay": {"fixedDelay": "1s", "percentage": half()},
                "abort": {"httpStatus": 503, "percentage": half()},
            }})),
        ),
        ("http[].fault.towerMesh.byHeaders", route(json!({"fault": {}}))),
        (
            "tls[]",
            json!({"hosts": ["reviews"], "tls": [{"match": [{"sniHosts": ["reviews"]}], "route": to()}]}),
        ),
        ("tcp[]", json!({"hosts": ["reviews"], "tcp": [{"match": [{"port": 80}], "route": to()}]})),
    ]
}

fn values() -> Vec<(&'static str, Value)> {
    let header = || json!({"x-a": "b"});
    vec![
        ("hosts", json!(["reviews"])),
        ("http[].match[].gateways", json!(["mesh"])),
        ("gateways", json!(["mesh"])),
        ("exportTo", json!(["."])),
        ("uri.exact", json!("/a")),
        ("uri.prefix", json!("/a")),
        ("method.exact", json!("GET")),
        ("method.prefix", json!("G")),
        ("scheme.exact", json!("https")),
        ("authority.exact", json!("reviews")),
        ("regex", json!("a.*")),
        ("ignoreUriCase", json!(true)),
        ("match[].port", json!(80)),
        ("sourceLabels", json!({"app": "a"})),
        ("sourceNamespace", json!("default")),
        ("destination.host", json!("reviews")),
        ("mirror.host", json!("ratings")),
        ("subset", json!("v1")),
        ("port.number", json!(9080)),
        ("weight", json!(1)),
        ("value", json!(50.0)),
        ("mirrorPercent", json!(50)),
        ("mirror_percent", json!(50)),
        ("set", header()),
        ("add", header()),
        ("remove", json!(["x-a"])),
        ("rewrite.uri", json!("/b")),
        ("redirect.uri", json!("/b")),
        ("prefixRewrite", json!("/b")),
        ("authority", json!("a.b")),
        ("redirect.scheme", json!("https")),
        ("redirect.port", json!(8443)),
        ("derivePort", json!("FROM_REQUEST_PORT")),
        ("redirectCode", json!(308)),
        ("directResponse.status", json!(503)),
        ("bytes", json!("ZnVsbA==")),
        ("delegate.name", json!("routes")),
        ("delegate.namespace", json!("default")),
        ("allowCredentials", json!(true)),
        ("allowHeaders", json!(["x-a"])),
        ("allowMethods", json!(["GET"])),
        ("allowOrigin", json!(["http://a.b"])),
        ("exposeHeaders", json!(["x-a"])),
        ("maxAge", json!("24h")),
        ("unmatchedPreflights", json!("IGNORE")),
        ("timeout", json!("2s")),
        ("attempts", json!(2)),
        ("perTryTimeout", json!("1s")),
        ("retryOn", json!("5xx")),
        ("backoff", json!("10ms")),
        ("retryIgnorePreviousHosts", json!(false)),
        ("retryRemoteLocalities", json!(true)),
        ("methods", json!("safe")),
        ("honourRetryAfter", json!("30s")),
        ("bodyLimit", json!(1024)),
        ("hedging", json!(true)),
        ("fixedDelay", json!("1s")),
        ("exponentialDelay", json!("1s")),
        ("percent", json!(50)),
        ("httpStatus", json!(503)),
        ("grpcStatus", json!("UNAVAILABLE")),
        ("exclusive", json!(true)),
        ("mostActive", json!(5)),
        ("byHeaders", json!(true)),
        ("sniHosts", json!(["reviews"])),
        ("destinationSubnets", json!(["10.0.0.0/8"])),
        ("sourceSubnet", json!("10.0.0.1")),
    ]
}

/// A delegate, a service with its ports and a subset.
const BESIDE: &str = r"
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes, namespace: default}
spec: {http: [{route: [{destination: {host: ratings}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: default}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ratings, namespace: default}
spec: {host: ratings, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: default}
spec: {ports: [{name: http, port: 9080}, {name: http-other, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ratings, namespace: default}
spec: {ports: [{name: http, port: 9080}]}
";
