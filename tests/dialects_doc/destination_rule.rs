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
            "Whose limits these are: the `cluster`'s, or those of each host and port that requests name.",
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
        applied(
            "trafficPolicy.outlierDetection.consecutive5xxErrors",
            "5xx in a row that eject; absent 5, 0 never.",
        ),
        applied(
            "trafficPolicy.outlierDetection.consecutiveGatewayErrors",
            "502, 503 and 504 in a row that eject; 0 or absent never.",
        ),
        applied(
            "trafficPolicy.outlierDetection.consecutiveLocalOriginFailures",
            "Failures without an answer in a row, if they are split; 0 or absent 5.",
        ),
        applied(
            "trafficPolicy.outlierDetection.splitExternalLocalOriginErrors",
            "Counts failures without an answer apart.",
        ),
        applied("trafficPolicy.outlierDetection.interval", "How often hosts may return."),
        applied("trafficPolicy.outlierDetection.baseEjectionTime", "How long the first ejection lasts."),
        applied(
            "trafficPolicy.outlierDetection.maxEjectionPercent",
            "How many may be ejected; 0 or absent 10: of fewer than ten none.",
        ),
        applied(
            "trafficPolicy.outlierDetection.minHealthPercent",
            "Below it all are asked, the ejected too; 0 or absent never.",
        ),
        applied(
            "trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes",
            "Which statuses are errors, exactly these.",
        ),
        applied(
            "trafficPolicy.outlierDetection.consecutiveErrors",
            "What it counts is a matter of the era; a note says what.",
        ),
        applied(
            "trafficPolicy.outlierDetection.http.consecutiveErrors",
            "As Istio 0.8 spelled `consecutive5xxErrors`.",
        )
        .former(),
        applied("trafficPolicy.outlierDetection.http.interval", "As Istio 0.8 spelled it.").former(),
        applied("trafficPolicy.outlierDetection.http.baseEjectionTime", "As Istio 0.8 spelled it.").former(),
        applied("trafficPolicy.outlierDetection.http.maxEjectionPercent", "As Istio 0.8 spelled it.")
            .former(),
        applied("trafficPolicy.loadBalancer.simple", "Who is picked; absent as the era has it."),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpHeaderName",
            "The key is this header; `:path` and the like are none.",
        ),
        applied("trafficPolicy.loadBalancer.consistentHash.httpCookie.name", "The key is this cookie."),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpCookie.path",
            "The path of a cookie that is made.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpCookie.ttl",
            "How long a cookie lives that is made; without it none is.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpCookie.attributes[].name",
            "What else is told of a cookie that is made.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpCookie.attributes[].value",
            "Its value; absent or empty it is a name alone.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.useSourceIp",
            "The key is the address that the request comes from.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.httpQueryParameterName",
            "The key is this parameter of the query.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize",
            "Places on the ring, at least; 0 or absent 1024.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.maglev.tableSize",
            "Places in the table, a prime; absent 65537.",
        ),
        applied(
            "trafficPolicy.loadBalancer.consistentHash.minimumRingSize",
            "As `ringHash.minimumRingSize` used to be spelled.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.enabled",
            "Whether localities matter; they do where outliers are detected.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.distribute[].from",
            "Whose requests are shared, by locality; the first that fits.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.distribute[].to",
            "Shares of localities, 100 together.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.failover[].from",
            "The client's region; the first that fits.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.failover[].to",
            "The region that comes before other ones.",
        ),
        applied(
            "trafficPolicy.loadBalancer.localityLbSetting.failoverPriority",
            "Labels by which endpoints are near.",
        ),
        applied("trafficPolicy.loadBalancer.zoneAwareLbSetting.enabled", "Whether localities matter."),
        applied(
            "trafficPolicy.loadBalancer.zoneAwareLbSetting.failover[].from",
            "As in `localityLbSetting`, by regions alone.",
        ),
        applied(
            "trafficPolicy.loadBalancer.zoneAwareLbSetting.failover[].to",
            "As in `localityLbSetting`, by regions alone.",
        ),
        applied(
            "trafficPolicy.loadBalancer.zoneAwareLbSetting.failoverPriority",
            "As in `localityLbSetting`.",
        ),
        noted(
            "trafficPolicy.loadBalancer.zoneAwareLbSetting.minClusterSize",
            "The zones of a region are as one.",
        ),
        applied(
            "trafficPolicy.loadBalancer.warmup.duration",
            "How long a new endpoint takes to its full share.",
        ),
        applied("trafficPolicy.loadBalancer.warmup.minimumPercent", "The share that it begins with."),
        applied("trafficPolicy.loadBalancer.warmup.aggression", "How soon its share grows."),
        applied("trafficPolicy.loadBalancer.warmupDurationSecs", "As `warmup.duration` used to be spelled."),
        noted("trafficPolicy.tls", LEFT),
        noted("trafficPolicy.tunnel", LEFT),
        noted("trafficPolicy.proxyProtocol", LEFT),
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

/// A policy around a block, for the host, for a port, and for a subset.
type Around = fn(Value) -> Value;

/// Where policies stand.
fn places() -> [(&'static str, Around); 4] {
    [
        ("trafficPolicy", |policy| json!({"host": "reviews", "trafficPolicy": policy})),
        ("trafficPolicy.portLevelSettings[]", |mut entry| {
            entry["port"] = json!({"number": 80});
            json!({"host": "reviews", "trafficPolicy": {"portLevelSettings": [entry]}})
        }),
        (
            "subsets[].trafficPolicy",
            |policy| json!({"host": "reviews", "subsets": [{"name": "v1", "trafficPolicy": policy}]}),
        ),
        ("subsets[].trafficPolicy.portLevelSettings[]", |mut entry| {
            entry["port"] = json!({"number": 80});
            let policy = json!({"portLevelSettings": [entry]});
            json!({"host": "reviews", "subsets": [{"name": "v1", "trafficPolicy": policy}]})
        }),
    ]
}

/// What must stand in a policy around a field.
fn blocks() -> Vec<(&'static str, Value)> {
    let hash = |key: Value| json!({"loadBalancer": {"consistentHash": key}});
    let failover = json!([{"from": "us-central1", "to": "us-central2"}]);
    let distribute = json!([{"from": "us-central1/*", "to": {"us-central1/*": 100}}]);
    vec![
        ("connectionPool.towerMesh", json!({"connectionPool": {"tcp": {"maxConnections": 1}}})),
        ("loadBalancer.consistentHash.httpCookie", hash(json!({"httpCookie": {"name": "user"}}))),
        (
            "loadBalancer.consistentHash.httpCookie.attributes[]",
            hash(json!({"httpCookie": {"name": "user", "attributes": [{"name": "SameSite"}]}})),
        ),
        (
            "loadBalancer.localityLbSetting.distribute[]",
            json!({"loadBalancer": {"localityLbSetting": {"distribute": distribute}}}),
        ),
        (
            "loadBalancer.localityLbSetting.failover[]",
            json!({"loadBalancer": {"localityLbSetting": {"failover": failover}}}),
        ),
        (
            "loadBalancer.zoneAwareLbSetting.failover[]",
            json!({"loadBalancer": {"zoneAwareLbSetting": {"failover": failover}}}),
        ),
        ("loadBalancer.warmup", json!({"loadBalancer": {"warmup": {"duration": "30s"}}})),
    ]
}

fn bases() -> Vec<(&'static str, Value)> {
    let mut bases = vec![
        ("", json!({"host": "reviews"})),
        ("subsets[]", json!({"host": "reviews", "subsets": [{"name": "v1"}]})),
    ];
    for (place, around) in places() {
        if place.ends_with("[]") {
            bases.push((place, around(json!({}))));
        }
        for (block, policy) in blocks() {
            // They are few, and live as long as the tests.
            bases.push((format!("{place}.{block}").leak(), around(policy)));
        }
    }
    bases
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
        ("simple", json!("ROUND_ROBIN")),
        ("ttl", json!("0s")),
        ("useSourceIp", json!(true)),
        ("minimumRingSize", json!(1024)),
        ("tableSize", json!(65537)),
        ("distribute[].from", json!("us-central1/*")),
        ("failover[].from", json!("us-central1")),
        ("failover[].to", json!("us-central2")),
        ("distribute[].to", json!({"us-central1/*": 100})),
        ("enabled", json!(true)),
        ("failoverPriority", json!(["topology.istio.io/network"])),
        ("minClusterSize", json!(6)),
        ("duration", json!("30s")),
        ("minimumPercent", json!(10)),
        ("aggression", json!(1.5)),
        ("warmupDurationSecs", json!("30s")),
    ]
}
