//! `UpstreamTrafficSetting` of osm-edge and FSM.

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    row::{Row, applied, noted},
};

pub(crate) fn kind() -> Kind {
    Kind {
        name: "UpstreamTrafficSetting",
        api_version: "policy.openservicemesh.io/v1alpha1",
        about: "osm-edge's `policy.openservicemesh.io/v1alpha1` and FSM's `policy.flomesh.io/v1alpha1`. \
                `towerMesh` is ours; [semantics](semantics.md#towermesh) says more.",
        rows: [limits(), breaker(), ours(), rates()].concat(),
        bases: bases(),
        values: values(),
        ..Kind::default()
    }
}

const LEFT: &str = "Left to the transport, which makes the connections; it stands in the plan.";

fn limits() -> Vec<Row> {
    vec![
        applied("host", "The host, in full."),
        applied("connectionSettings.tcp.maxConnections", "Exchanges at once over HTTP/1."),
        noted("connectionSettings.tcp.connectTimeout", LEFT),
        applied("connectionSettings.http.maxRequests", "Requests in flight at once."),
        noted("connectionSettings.http.maxRequestsPerConnection", LEFT),
        applied("connectionSettings.http.maxPendingRequests", "Requests that may wait."),
        applied("connectionSettings.http.maxRetries", "Retries in flight at once."),
    ]
}

fn breaker() -> Vec<Row> {
    below(
        "connectionSettings.http.circuitBreaking",
        &[
            ("statTimeWindow", "How long requests are counted."),
            ("minRequestAmount", "Requests before ratios are looked at."),
            ("degradedTimeWindow", "How long the circuit stays open."),
            ("slowTimeThreshold", "From when on a response is slow."),
            ("slowAmountThreshold", "Slow responses that open it."),
            ("slowRatioThreshold", "Their share that opens it."),
            ("errorAmountThreshold", "Errors that open it."),
            ("errorRatioThreshold", "Their share that opens it."),
            ("degradedStatusCode", "The status of the reply while it is open."),
            ("degradedResponseContent", "The body of that reply."),
        ],
    )
}

fn ours() -> Vec<Row> {
    let rows = below(
        "connectionSettings.http.circuitBreaking.towerMesh",
        &[
            ("slidingBuckets", "The window slides, by so many buckets."),
            ("lastCalls", "The last so many answers count, instead of a window."),
            ("consecutiveErrorThreshold", "Errors one after another that open it."),
            ("openTime.growthFactor", "How each open time grows."),
            ("openTime.most", "Up to how long."),
            ("openTime.jitter", "By which share it is shortened by chance."),
            ("halfOpen.concurrentProbes", "Probes under way at once."),
            ("halfOpen.successes", "Good probes that close it."),
            ("halfOpen.failures", "Bad probes that open it again."),
            ("halfOpen.probes", "Probes that are judged by their share of bad ones."),
            ("halfOpen.errorRatio", "That share."),
            ("halfOpen.deadline", "When to decide by those that have come back."),
            ("abandoned", "What it means that a caller went away."),
            ("abandonedAfter", "From which age on."),
            ("shadow", "It decides and tells, and never refuses."),
            ("grpcReply", "How gRPC callers get the reply."),
        ],
    );
    rows.into_iter().map(Row::ours).collect()
}

fn below(block: &str, fields: &[(&str, &'static str)]) -> Vec<Row> {
    fields.iter().map(|(field, says)| applied(&format!("{block}.{field}"), says)).collect()
}

fn rates() -> Vec<Row> {
    vec![
        noted("rateLimit", "Not applied yet; it is judged all the same."),
        noted("httpRoutes[]", "Not applied yet; it is judged all the same."),
        noted("httpHeaders[]", "Not applied yet; it is judged all the same."),
    ]
}

fn bases() -> Vec<(&'static str, Value)> {
    let host = "reviews.default.svc.cluster.local";
    let breaker =
        |breaker: Value| json!({"host": host, "connectionSettings": {"http": {"circuitBreaking": breaker}}});
    let header = || json!([{"name": "a", "value": "b"}]);
    let limit = || json!({"requests": 1, "unit": "second"});
    let told = || json!({"requests": 1, "unit": "second", "responseHeadersToAdd": header()});
    let rule = |limit: Value| json!({"rateLimit": {"local": limit}});
    let http = |limit: Value| json!({"host": host, "rateLimit": {"local": {"http": limit}}});
    let routes = |rule: Value| json!({"host": host, "httpRoutes": [rule]});
    let headers = |rule: Value| json!({"host": host, "httpHeaders": [rule]});
    let growing = || json!({"openTime": {"growthFactor": 2, "most": "5m"}});
    vec![
        ("", json!({"host": host})),
        ("connectionSettings.http.circuitBreaking", breaker(json!({"errorRatioThreshold": 0.1}))),
        (
            "connectionSettings.http.circuitBreaking.slowTimeThreshold",
            breaker(json!({"slowAmountThreshold": 1})),
        ),
        (
            "connectionSettings.http.circuitBreaking.towerMesh.openTime",
            breaker(json!({"errorAmountThreshold": 1, "towerMesh": growing()})),
        ),
        (
            "connectionSettings.http.circuitBreaking.towerMesh.halfOpen.probes",
            breaker(json!({"errorAmountThreshold": 1, "towerMesh": {"halfOpen": {"errorRatio": 0.5}}})),
        ),
        (
            "connectionSettings.http.circuitBreaking.towerMesh.halfOpen.errorRatio",
            breaker(json!({"errorAmountThreshold": 1, "towerMesh": {"halfOpen": {"probes": 5}}})),
        ),
        (
            "connectionSettings.http.circuitBreaking.towerMesh.abandonedAfter",
            breaker(json!({"errorAmountThreshold": 1, "towerMesh": {"abandoned": "failure"}})),
        ),
        ("rateLimit.local.http", http(limit())),
        ("rateLimit.local.http.responseHeadersToAdd[]", http(told())),
        (
            "rateLimit.local.tcp",
            json!({"host": host, "rateLimit": {"local": {"tcp": {"connections": 1, "unit": "second"}}}}),
        ),
        ("httpRoutes[]", routes(rule(limit()))),
        ("httpRoutes[].rateLimit.local.responseHeadersToAdd[]", routes(rule(told()))),
        ("httpHeaders[]", headers(rule(limit()))),
        ("httpHeaders[].headers[]", headers(json!({"headers": header()}))),
        ("httpHeaders[].rateLimit.local.responseHeadersToAdd[]", headers(rule(told()))),
    ]
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("host", json!("reviews.default.svc.cluster.local")),
        ("connectTimeout", json!("1s")),
        ("statTimeWindow", json!("1m")),
        ("degradedTimeWindow", json!("1m")),
        ("slowTimeThreshold", json!("200ms")),
        ("slowRatioThreshold", json!(0.5)),
        ("errorRatioThreshold", json!(0.5)),
        ("degradedStatusCode", json!(520)),
        ("growthFactor", json!(3)),
        ("most", json!("10m")),
        ("jitter", json!(0.2)),
        ("errorRatio", json!(0.5)),
        ("deadline", json!("1m")),
        ("abandoned", json!("failure")),
        ("abandonedAfter", json!("1s")),
        ("shadow", json!(true)),
        ("grpcReply", json!("plain")),
        ("unit", json!("minute")),
        ("responseStatusCode", json!(429)),
        ("degradedResponseContent", json!("x")),
        ("path", json!("/a")),
        ("name", json!("a")),
        ("value", json!("b")),
        // Everything else is a number of something.
        ("maxConnections", json!(200)),
        ("maxRequests", json!(200)),
        ("maxRequestsPerConnection", json!(200)),
        ("maxPendingRequests", json!(200)),
        ("maxRetries", json!(200)),
        ("minRequestAmount", json!(200)),
        ("slowAmountThreshold", json!(200)),
        ("errorAmountThreshold", json!(200)),
        ("slidingBuckets", json!(10)),
        ("lastCalls", json!(200)),
        ("consecutiveErrorThreshold", json!(5)),
        ("concurrentProbes", json!(5)),
        ("successes", json!(5)),
        ("failures", json!(5)),
        ("probes", json!(5)),
        ("connections", json!(5)),
        ("requests", json!(5)),
        ("burst", json!(5)),
    ]
}
