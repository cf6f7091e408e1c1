//! `DestinationRule`.

use serde_json::{Value, json};

use crate::{
    kind::Kind,
    row::{Row, applied, is_below, noted},
};

pub(crate) fn kind() -> Kind {
    Kind {
        name: "DestinationRule",
        api_version: "networking.istio.io/v1",
        about: "Istio's `networking.istio.io`, in any version. `trafficPolicy.portLevelSettings[]` has \
                the blocks `loadBalancer`, `connectionPool`, `outlierDetection` and `tls` once more, and \
                `subsets[].trafficPolicy` all of `trafficPolicy`: what is said of a field here holds \
                there too.",
        rows: rows(),
        echoes: echoes(&rows()),
        schema: include_str!("schema/destination_rule.txt"),
        bases: bases(),
        values: values(),
        ..Kind::default()
    }
}

const LEFT: &str = "Left to the transport, which makes the connections.";
const PLANNED: &str = "Left to the transport, which makes the connections; it stands in the plan.";

fn rows() -> Vec<Row> {
    vec![
        applied("host", "The host, short or in full."),
        applied("exportTo", "The namespaces whose clients see it."),
        applied("workloadSelector.matchLabels", "Labels that a client must have for it to be meant."),
        applied("subsets[].name", "What routes call the subset."),
        applied("subsets[].labels", "Labels that an endpoint of the subset has."),
        applied("trafficPolicy.connectionPool.tcp.maxConnections", "Exchanges at once over HTTP/1."),
        noted("trafficPolicy.connectionPool.tcp.connectTimeout", PLANNED),
        noted("trafficPolicy.connectionPool.tcp.tcpKeepalive", LEFT),
        noted("trafficPolicy.connectionPool.tcp.maxConnectionDuration", PLANNED),
        noted("trafficPolicy.connectionPool.tcp.idleTimeout", PLANNED),
        applied(
            "trafficPolicy.connectionPool.http.http1MaxPendingRequests",
            "Requests that may wait; over HTTP/2 too.",
        ),
        applied(
            "trafficPolicy.connectionPool.http.http2MaxRequests",
            "Requests in flight at once; over HTTP/1 too.",
        ),
        noted("trafficPolicy.connectionPool.http.maxRequestsPerConnection", PLANNED),
        applied("trafficPolicy.connectionPool.http.maxRetries", "Retries in flight at once."),
        noted("trafficPolicy.connectionPool.http.idleTimeout", PLANNED),
        applied(
            "trafficPolicy.connectionPool.http.h2UpgradePolicy",
            "`UPGRADE`: limits are those of HTTP/2.",
        ),
        noted("trafficPolicy.connectionPool.http.useClientProtocol", LEFT),
        noted("trafficPolicy.connectionPool.http.maxConcurrentStreams", LEFT),
        noted("trafficPolicy.connectionPool.http.http2KeepAlive", LEFT),
        applied(
            "trafficPolicy.connectionPool.towerMesh.scope",
            "Whose limits these are: the `cluster`'s, or each `endpoint`'s.",
        )
        .ours(),
        applied(
            "trafficPolicy.retryBudget.percent",
            "Retries as a share of the requests that are under way.",
        ),
        applied(
            "trafficPolicy.retryBudget.minRetryConcurrency",
            "Retries that are allowed however few requests there are.",
        ),
        applied("trafficPolicy.retryBudget.budgetInterval", "How long a request counts after it began."),
        noted("trafficPolicy.loadBalancer", "Not applied yet."),
        noted("trafficPolicy.outlierDetection", "Not applied yet; in its older spellings neither."),
        noted("trafficPolicy.outlierDetection.http", "The block as Istio 0.8 spelled it; not applied yet.")
            .former(),
        noted("trafficPolicy.tls", "Not applied yet."),
        noted("trafficPolicy.tunnel", "Not applied yet."),
        noted("trafficPolicy.proxyProtocol", "Not applied yet."),
        applied(
            "trafficPolicy.portLevelSettings[].port.number",
            "The port for which the entry stands instead of the whole policy.",
        ),
    ]
}

/// The same blocks for single ports, and all of it for subsets.
fn echoes(rows: &[Row]) -> Vec<Row> {
    let blocks = ["loadBalancer", "connectionPool", "outlierDetection", "tls"]
        .map(|block| format!("trafficPolicy.{block}"));
    let is_block = |row: &&Row| blocks.iter().any(|block| row.path == *block || is_below(&row.path, block));
    let of_ports = rows
        .iter()
        .filter(is_block)
        .map(|row| row.at(row.path.replacen("trafficPolicy.", "trafficPolicy.portLevelSettings[].", 1)));
    let of_ports: Vec<_> = of_ports.collect();
    let policy = rows.iter().filter(|row| row.path.starts_with("trafficPolicy."));
    let of_subsets = policy.chain(&of_ports).map(|row| row.at(format!("subsets[].{}", row.path)));
    of_subsets.collect::<Vec<_>>().into_iter().chain(of_ports.clone()).collect()
}

fn bases() -> Vec<(&'static str, Value)> {
    let pool = || json!({"tcp": {"maxConnections": 1}});
    let policy = |policy: Value| json!({"host": "reviews", "trafficPolicy": policy});
    let subset =
        |policy: Value| json!({"host": "reviews", "subsets": [{"name": "v1", "trafficPolicy": policy}]});
    let port = |mut entry: Value| {
        entry["port"] = json!({"number": 80});
        json!({"portLevelSettings": [entry]})
    };
    let limited = || json!({"connectionPool": pool()});
    vec![
        ("", json!({"host": "reviews"})),
        ("trafficPolicy.connectionPool.towerMesh", policy(limited())),
        ("trafficPolicy.portLevelSettings[]", policy(port(json!({})))),
        ("trafficPolicy.portLevelSettings[].connectionPool.towerMesh", policy(port(limited()))),
        ("subsets[]", json!({"host": "reviews", "subsets": [{"name": "v1"}]})),
        ("subsets[].trafficPolicy.connectionPool.towerMesh", subset(limited())),
        ("subsets[].trafficPolicy.portLevelSettings[]", subset(port(json!({})))),
        ("subsets[].trafficPolicy.portLevelSettings[].connectionPool.towerMesh", subset(port(limited()))),
    ]
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("host", json!("reviews")),
        ("exportTo", json!(["."])),
        ("matchLabels", json!({"app": "a"})),
        ("name", json!("v1")),
        ("labels", json!({"version": "v1"})),
        ("port.number", json!(80)),
        ("probes", json!(3)),
        ("time", json!("2h")),
        ("interval", json!("10s")),
        ("timeout", json!("10s")),
        ("connectTimeout", json!("1s")),
        ("maxConnectionDuration", json!("1h")),
        ("idleTimeout", json!("1h")),
        ("h2UpgradePolicy", json!("UPGRADE")),
        ("useClientProtocol", json!(true)),
        ("splitExternalLocalOriginErrors", json!(true)),
        ("baseEjectionTime", json!("30s")),
        ("outlierDetectionHttpErrorCodes", json!([502])),
        ("maxConnections", json!(10)),
        ("http1MaxPendingRequests", json!(10)),
        ("http2MaxRequests", json!(10)),
        ("maxRequestsPerConnection", json!(10)),
        ("maxRetries", json!(10)),
        ("maxConcurrentStreams", json!(10)),
        ("consecutive5xxErrors", json!(5)),
        ("consecutiveGatewayErrors", json!(5)),
        ("consecutiveLocalOriginFailures", json!(5)),
        ("consecutiveErrors", json!(5)),
        ("maxEjectionPercent", json!(50)),
        ("minHealthPercent", json!(50)),
        ("percent", json!(20)),
        ("minRetryConcurrency", json!(3)),
        ("budgetInterval", json!("10s")),
        ("scope", json!("endpoint")),
    ]
}
