//! Every field of Istio's documents, in both spellings.

use serde::{Serialize, de::DeserializeOwned};
use tower_mesh::config::{
    Unapplied, from_yaml,
    istio::{DestinationRule, Gateway, ServiceEntry, VirtualService, WorkloadEntry, WorkloadGroup},
};

/// Every field of a `DestinationRule`, each with the text in which it is written again.
pub(crate) const RULE: &str = r#"
host: reviews
trafficPolicy:
  loadBalancer:
    simple: LEAST_CONN
    consistentHash:
      httpHeaderName: x-user
      httpCookie: {name: user, path: /, ttl: 0s, attributes: [{name: SameSite, value: Strict}, {name: Secure}]}
      useSourceIp: true
      httpQueryParameterName: user
      ringHash: {minimumRingSize: 2048}
      maglev: {tableSize: 65537}
      minimumRingSize: 1024
    localityLbSetting:
      distribute: [{from: a/*, to: {b/*: 80, a/z1/*: 20}}]
      failover: [{from: a, to: b}, {from: b, to: a}]
      failoverPriority: [topology.istio.io/network, version=v1]
      enabled: true
    zoneAwareLbSetting:
      enabled: false
      failover: [{from: a, to: b}]
      failoverPriority: [version]
      minClusterSize: 6
    warmup: {duration: 30s, minimumPercent: 12.5, aggression: 1.5}
    warmupDurationSecs: 1m0s
  connectionPool:
    tcp:
      maxConnections: 1
      connectTimeout: 30ms
      tcpKeepalive: {probes: 3, time: 2h0m0s, interval: 1m15s}
      maxConnectionDuration: 10m0s
      idleTimeout: 0s
    http:
      http1MaxPendingRequests: 2
      http2MaxRequests: 3
      maxRequestsPerConnection: 4
      maxRetries: 5
      idleTimeout: 6s
      h2UpgradePolicy: UPGRADE
      useClientProtocol: false
      maxConcurrentStreams: 7
      http2KeepAlive: {interval: 8s, timeout: 9s}
    towerMesh: {scope: endpoint}
  outlierDetection:
    consecutive5xxErrors: 0
    consecutiveGatewayErrors: 1
    consecutiveLocalOriginFailures: 2
    splitExternalLocalOriginErrors: true
    interval: 3s
    baseEjectionTime: 4m0s
    maxEjectionPercent: 100
    minHealthPercent: 5
    outlierDetectionHttpErrorCodes: [502, 511]
    consecutiveErrors: 6
    http: {consecutiveErrors: 7, interval: 8s, baseEjectionTime: 9s, maxEjectionPercent: 10}
  tls: {mode: ISTIO_MUTUAL}
  portLevelSettings:
  - port: {number: 9080}
    loadBalancer: {simple: RANDOM}
    connectionPool: {tcp: {maxConnections: 8}}
    outlierDetection: {}
    tls: {mode: DISABLE}
  tunnel: {targetHost: x, targetPort: 1}
  proxyProtocol: {version: V2}
  retryBudget: {percent: 12.5, minRetryConcurrency: 4, budgetInterval: 10s}
subsets:
- name: v1DestinationRule
  labels: {version: v1}
  trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}
exportTo: ["*"]
workloadSelector: {matchLabels: {app: x}}
"#;

/// Every field of a `VirtualService`.
pub(crate) const ROUTES: &str = r#"
hosts: [reviews, "*.prod"]
gateways: [mesh]
exportTo: [.]
http:
- name: jason
  match:
  - name: from-a-browser
    uri: {prefix: /}
    scheme: {exact: https}
    method: {regex: GET|HEAD}
    authority: {exact: "reviews:9080"}
    headers: {cookie: {}, end-user: {exact: jason}}
    withoutHeaders: {x-canary: {}, x-user: {prefix: test-}}
    queryParams: {debug: {}, id: {regex: '\d+$'}}
    ignoreUriCase: true
    port: 80
    sourceLabels: {app: productpage}
    sourceNamespace: default
    gateways: [mesh]
    statPrefix: jason
  route:
  - destination: {host: reviews, subset: v2, port: {number: 9080}}
    weight: 75
    headers: {request: {set: {a: b}}, response: {add: {a: b}}}
  - {destination: {host: reviews}, weight: 25}
  redirect:
    uri: /x
    prefixRewrite: /y
    authority: z
    scheme: https
    port: 443
    derivePort: FROM_REQUEST_PORT
    redirectCode: 308
  directResponse: {status: 503, body: {string: full, bytes: ZnVsbA==}}
  delegate: {name: reviews, namespace: prod}
  rewrite: {uri: /v1, authority: ratings, uriRegexRewrite: {match: ^/v1/(.*), rewrite: '/\1'}}
  timeout: 500ms
  retries:
    attempts: 3
    perTryTimeout: 2s
    retryOn: gateway-error,connect-failure,503
    retryRemoteLocalities: true
    retryIgnorePreviousHosts: false
    backoff: 10ms
    towerMesh: {methods: safe, honourRetryAfter: 30s, bodyLimit: 65536, hedging: true}
  fault:
    delay: {percentage: {value: 100.0}, percent: 10, fixedDelay: 7s, exponentialDelay: 1s}
    abort: {percentage: {value: 0.0001}, percent: 20, httpStatus: 503, grpcStatus: UNAVAILABLE, http2Error: CANCEL}
    towerMesh: {exclusive: true, mostActive: 5, byHeaders: true}
  mirror: {host: b, subset: v1, port: {number: 80}}
  mirrors: [{destination: {host: c, subset: v1, port: {number: 80}}, percentage: {value: 1.5}}]
  mirrorPercent: 10
  mirrorPercentage: {value: 10.5}
  corsPolicy:
    allowOrigins: [{exact: "*"}, {prefix: "https://"}, {regex: .*}]
    allowOrigin: [https://example.com]
    allowMethods: [GET]
    allowHeaders: [x-a]
    exposeHeaders: [x-b]
    maxAge: 24h0m0s
    allowCredentials: false
    unmatchedPreflights: IGNORE
  headers:
    request: {set: {x: w}, add: {x: v}, remove: [z]}
    response: {set: {x: w}, add: {x: v}, remove: [z]}
tls:
- match:
  - sniHosts: [a]
    destinationSubnets: [10.0.0.0/8]
    port: 443
    sourceLabels: {app: a}
    gateways: [mesh]
    sourceNamespace: default
  route: [{destination: {host: a}, weight: 1}]
tcp:
- match:
  - destinationSubnets: [10.0.0.0/8]
    port: 3306
    sourceLabels: {app: a}
    gateways: [mesh]
    sourceNamespace: default
    sourceSubnet: 10.0.0.1
  route: [{destination: {host: b}, weight: 1}]
"#;

/// Every field of a `Gateway`.
pub(crate) const GATEWAY: &str = r#"
selector: {istio: ingressgateway}
servers:
- port: {number: 443, name: https, protocol: HTTPS, targetPort: 8443}
  hosts: ["*.bookinfo.com", "prod/*"]
  bind: 0.0.0.0
  tls: {credentialName: cert, mode: SIMPLE}
  name: edge
  defaultEndpoint: 127.0.0.1:80
"#;

/// Every field of a `ServiceEntry`.
pub(crate) const ENTRY: &str = r#"
hosts: ["*.bing.com"]
addresses: [192.168.229.11, 10.0.0.0/8]
ports:
- {number: 80, name: http, protocol: HTTP, targetPort: 8080}
location: MESH_INTERNAL
resolution: DNS_ROUND_ROBIN
endpoints:
- address: 2.2.2.2
  ports: {http: 8080}
  labels: {version: v1}
  network: n1
  locality: us/us-east-1/az-1
  weight: 3
  serviceAccount: sa
- {address: "unix:///run/app.sock"}
workloadSelector: {labels: {app: a}}
exportTo: ["*"]
subjectAltNames: [spiffe://cluster.local/ns/a/sa/b]
"#;

/// Every field of a `WorkloadEntry`.
pub(crate) const WORKLOAD: &str = r#"
address: 192.168.229.146
ports: {http: 8080, grpc: 3550}
labels: {app: httpd, type: vm}
network: network2
locality: us-central1/z1/sz01
weight: 2
serviceAccount: sa-httpd
"#;

/// Every field of a `WorkloadGroup`.
pub(crate) const GROUP: &str = r#"
metadata: {labels: {app: httpd}, annotations: {test: test}}
template: {serviceAccount: sa-httpd, network: network2, locality: us-central1/z1/sz01}
probe: {periodSeconds: 5, tcpSocket: {port: 80}}
"#;

pub(crate) fn read<T: DeserializeOwned>(text: &str) -> T {
    let (read, findings) = from_yaml::<T>(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(findings, [], "{text}");
    read
}

pub(crate) fn json(value: impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

fn is_written_again<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    let value: T = read(text);
    assert_eq!(json(&value), json(read::<Unapplied>(text)));
    assert_eq!(serde_json::from_value::<T>(json(&value)).unwrap(), value);
}

#[test]
fn every_field_is_read_and_written_again() {
    is_written_again::<DestinationRule>(RULE);
    is_written_again::<VirtualService>(ROUTES);
    is_written_again::<Gateway>(GATEWAY);
    is_written_again::<ServiceEntry>(ENTRY);
    is_written_again::<WorkloadEntry>(WORKLOAD);
    is_written_again::<WorkloadGroup>(GROUP);
}

/// Istio's proto files, where they spell a field in another way than its YAML.
const ORIGINAL: [(&str, &str); 91] = [
    ("trafficPolicy", "traffic_policy"),
    ("loadBalancer", "load_balancer"),
    ("consistentHash", "consistent_hash"),
    ("httpHeaderName", "http_header_name"),
    ("httpCookie", "http_cookie"),
    ("useSourceIp", "use_source_ip"),
    ("httpQueryParameterName", "http_query_parameter_name"),
    ("ringHash", "ring_hash"),
    ("minimumRingSize", "minimum_ring_size"),
    ("tableSize", "table_size"),
    ("localityLbSetting", "locality_lb_setting"),
    ("zoneAwareLbSetting", "zone_aware_lb_setting"),
    ("failoverPriority", "failover_priority"),
    ("minClusterSize", "min_cluster_size"),
    ("warmupDurationSecs", "warmup_duration_secs"),
    ("minimumPercent", "minimum_percent"),
    ("connectionPool", "connection_pool"),
    ("maxConnections", "max_connections"),
    ("connectTimeout", "connect_timeout"),
    ("tcpKeepalive", "tcp_keepalive"),
    ("maxConnectionDuration", "max_connection_duration"),
    ("idleTimeout", "idle_timeout"),
    ("http1MaxPendingRequests", "http1_max_pending_requests"),
    ("http2MaxRequests", "http2_max_requests"),
    ("maxRequestsPerConnection", "max_requests_per_connection"),
    ("maxRetries", "max_retries"),
    ("h2UpgradePolicy", "h2_upgrade_policy"),
    ("useClientProtocol", "use_client_protocol"),
    ("maxConcurrentStreams", "max_concurrent_streams"),
    ("http2KeepAlive", "http2_keep_alive"),
    ("towerMesh", "tower_mesh"),
    ("outlierDetectionHttpErrorCodes", "outlier_detection_http_error_codes"),
    ("outlierDetection:", "outlier_detection:"),
    ("consecutive5xxErrors", "consecutive_5xx_errors"),
    ("consecutiveGatewayErrors", "consecutive_gateway_errors"),
    ("consecutiveLocalOriginFailures", "consecutive_local_origin_failures"),
    ("splitExternalLocalOriginErrors", "split_external_local_origin_errors"),
    ("consecutiveErrors", "consecutive_errors"),
    ("baseEjectionTime", "base_ejection_time"),
    ("maxEjectionPercent", "max_ejection_percent"),
    ("minHealthPercent", "min_health_percent"),
    ("portLevelSettings", "port_level_settings"),
    ("proxyProtocol", "proxy_protocol"),
    ("retryBudget", "retry_budget"),
    ("minRetryConcurrency", "min_retry_concurrency"),
    ("budgetInterval", "budget_interval"),
    ("exportTo", "export_to"),
    ("workloadSelector", "workload_selector"),
    ("directResponse", "direct_response"),
    ("perTryTimeout", "per_try_timeout"),
    ("retryOn", "retry_on"),
    ("retryRemoteLocalities", "retry_remote_localities"),
    ("retryIgnorePreviousHosts", "retry_ignore_previous_hosts"),
    ("honourRetryAfter", "honour_retry_after"),
    ("bodyLimit", "body_limit"),
    ("fixedDelay", "fixed_delay"),
    ("exponentialDelay", "exponential_delay"),
    ("httpStatus", "http_status"),
    ("grpcStatus", "grpc_status"),
    ("http2Error", "http2_error"),
    ("mostActive", "most_active"),
    ("byHeaders", "by_headers"),
    ("withoutHeaders", "without_headers"),
    ("queryParams", "query_params"),
    ("ignoreUriCase", "ignore_uri_case"),
    ("sourceLabels", "source_labels"),
    ("sourceNamespace", "source_namespace"),
    ("statPrefix", "stat_prefix"),
    ("prefixRewrite", "prefix_rewrite"),
    ("derivePort", "derive_port"),
    ("redirectCode", "redirect_code"),
    ("uriRegexRewrite", "uri_regex_rewrite"),
    ("mirrorPercentage", "mirror_percentage"),
    ("mirrorPercent:", "mirror_percent:"),
    ("corsPolicy", "cors_policy"),
    ("allowOrigins", "allow_origins"),
    ("allowOrigin:", "allow_origin:"),
    ("allowMethods", "allow_methods"),
    ("allowHeaders", "allow_headers"),
    ("exposeHeaders", "expose_headers"),
    ("maxAge", "max_age"),
    ("allowCredentials", "allow_credentials"),
    ("unmatchedPreflights", "unmatched_preflights"),
    ("sniHosts", "sni_hosts"),
    ("destinationSubnets", "destination_subnets"),
    ("sourceSubnet", "source_subnet"),
    ("matchLabels", "match_labels"),
    ("targetPort: 8", "target_port: 8"),
    ("defaultEndpoint", "default_endpoint"),
    ("subjectAltNames", "subject_alt_names"),
    ("serviceAccount", "service_account"),
];

#[test]
fn every_field_may_be_spelled_as_the_proto_file_spells_it() {
    let original = |text: &str| {
        ORIGINAL.iter().fold(text.to_owned(), |text, (camel, original)| text.replace(camel, original))
    };
    for (_, name) in ORIGINAL {
        assert!(
            [RULE, ROUTES, GATEWAY, ENTRY, WORKLOAD, GROUP].iter().any(|text| original(text).contains(name)),
            "{name} is not tried"
        );
    }
    assert_eq!(read::<DestinationRule>(&original(RULE)), read(RULE));
    assert_eq!(read::<VirtualService>(&original(ROUTES)), read(ROUTES));
    assert_eq!(read::<Gateway>(&original(GATEWAY)), read(GATEWAY));
    assert_eq!(read::<ServiceEntry>(&original(ENTRY)), read(ENTRY));
    assert_eq!(read::<WorkloadEntry>(&original(WORKLOAD)), read(WORKLOAD));
    assert_eq!(read::<WorkloadGroup>(&original(GROUP)), read(GROUP));
}
