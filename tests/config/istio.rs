use serde::{Serialize, de::DeserializeOwned};
use tower_mesh::config::{
    FindingKind, Unapplied, from_yaml,
    istio::{
        ConnectionPool, DestinationRule, Fault, H2UpgradePolicy, HttpRoute, HttpSettings, OutlierDetection,
        Retries, RetryBudget, TrafficPolicy, VirtualService,
        extension::{Methods, Scope},
    },
    tree::Number,
};

use crate::{istio, loaded, policy};

/// Every field of a `DestinationRule`, each with the text in which it is written again.
const RULE: &str = r#"
host: reviews
trafficPolicy:
  loadBalancer: {localityLbSetting: {distribute: [{from: a/*, to: {b/*: 100}}], enabled: true}, simple: LEAST_CONN}
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
const ROUTES: &str = r#"
hosts: [reviews, "*.prod"]
gateways: [mesh]
exportTo: [.]
http:
- name: jason
  match: [{headers: {cookie: null, end-user: {exact: jason}}, ignoreUriCase: true, port: 80, uri: {prefix: /}}]
  route:
  - destination: {host: reviews, subset: v2, port: {number: 9080}}
    weight: 75
    headers: {response: {add: {a: b}}}
  - {destination: {host: reviews}, weight: 25}
  redirect: {uri: /x}
  directResponse: {status: 503}
  delegate: {name: x}
  rewrite: {uri: /v1}
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
  mirror: {host: b}
  mirrors: [{destination: {host: c}, percentage: {value: 1.5}}]
  mirrorPercent: 10
  mirrorPercentage: {value: 10}
  corsPolicy: {allowOrigins: [{exact: "*"}], maxAge: 24h}
  headers: {request: {remove: [z], set: {x: w}}}
tls: [{match: [{sniHosts: [a]}]}]
tcp: [{route: [{destination: {host: b}}]}]
"#;

fn read<T: DeserializeOwned>(text: &str) -> T {
    let (read, findings) = from_yaml::<T>(text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(findings, [], "{text}");
    read
}

fn json(value: impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn every_field_is_read_and_written_again() {
    let rule: DestinationRule = read(RULE);
    assert_eq!(json(&rule), json(read::<Unapplied>(RULE)));
    assert_eq!(serde_json::from_value::<DestinationRule>(json(&rule)).unwrap(), rule);
    let routes: VirtualService = read(ROUTES);
    assert_eq!(json(&routes), json(read::<Unapplied>(ROUTES)));
    assert_eq!(serde_json::from_value::<VirtualService>(json(&routes)).unwrap(), routes);
}

#[test]
fn every_field_lands_where_it_belongs() {
    let rule: DestinationRule = read(RULE);
    let policy = rule.traffic_policy.unwrap();
    let pool = policy.connection_pool.unwrap();
    let (tcp, http) = (pool.tcp.unwrap(), pool.http.unwrap());
    assert_eq!((tcp.max_connections, tcp.idle_timeout.map(|idle| idle.nanos())), (Some(1), Some(0)));
    assert_eq!(tcp.tcp_keepalive.unwrap().probes, Some(3));
    assert_eq!((http.http1_max_pending_requests, http.http2_max_requests), (Some(2), Some(3)));
    assert_eq!((http.max_requests_per_connection, http.max_retries), (Some(4), Some(5)));
    assert_eq!(
        (http.h2_upgrade_policy, http.use_client_protocol),
        (Some(H2UpgradePolicy::Upgrade), Some(false))
    );
    assert_eq!(
        (http.max_concurrent_streams, pool.tower_mesh.unwrap().scope),
        (Some(7), Some(Scope::Endpoint))
    );
    let outlier = policy.outlier_detection.unwrap();
    assert_eq!((outlier.consecutive_5xx_errors, outlier.consecutive_gateway_errors), (Some(0), Some(1)));
    assert_eq!((outlier.consecutive_errors, outlier.http.unwrap().consecutive_errors), (Some(6), Some(7)));
    assert_eq!(outlier.outlier_detection_http_error_codes, [502, 511]);
    let port = &policy.port_level_settings[0];
    assert_eq!(port.port.unwrap().number, Some(9080));
    assert_eq!(port.outlier_detection, Some(OutlierDetection::default()), "an empty block is a block");
    let budget = policy.retry_budget.unwrap();
    assert_eq!((budget.percent, budget.min_retry_concurrency), (Some(12.5), Some(4)));
    assert_eq!((&*rule.subsets[0].name, &*rule.subsets[0].labels["version"]), ("v1DestinationRule", "v1"));

    let routes: VirtualService = read(ROUTES);
    let route = &routes.http[0];
    let first = &route.route[0];
    assert_eq!((first.weight, first.destination.subset.as_deref()), (Some(75), Some("v2")));
    assert_eq!(first.destination.port.unwrap().number, Some(9080));
    assert_eq!(route.timeout.unwrap().to_string(), "500ms");
    let retries = route.retries.as_ref().unwrap();
    assert_eq!((retries.attempts, retries.retry_ignore_previous_hosts), (Some(3), Some(false)));
    let extension = retries.tower_mesh.as_ref().unwrap();
    assert_eq!((extension.methods, extension.body_limit), (Some(Methods::Safe), Some(65536)));
    let fault = route.fault.as_ref().unwrap();
    let (delay, abort) = (fault.delay.as_ref().unwrap(), fault.abort.as_ref().unwrap());
    assert_eq!((delay.percentage.unwrap().value, delay.percent), (Some(100.0), Some(10)));
    assert_eq!((abort.percentage.unwrap().value, abort.http_status), (Some(0.0001), Some(503)));
    assert_eq!(abort.grpc_status.as_deref(), Some("UNAVAILABLE"));
    let Some(Unapplied::List(matches)) = &route.matches else { panic!("{:?}", route.matches) };
    let Unapplied::Map(one) = &matches[0] else { panic!("{matches:?}") };
    assert_eq!(one[2], ("port".to_owned(), Unapplied::Number(Number::Unsigned(80))));
}

/// Istio's proto files, where they spell a field in another way than its YAML.
const ORIGINAL: [(&str, &str); 51] = [
    ("trafficPolicy", "traffic_policy"),
    ("loadBalancer", "load_balancer"),
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
    ("mirrorPercentage", "mirror_percentage"),
    ("mirrorPercent:", "mirror_percent:"),
    ("corsPolicy", "cors_policy"),
];

#[test]
fn every_field_may_be_spelled_as_the_proto_file_spells_it() {
    let original = |text: &str| {
        ORIGINAL.iter().fold(text.to_owned(), |text, (camel, original)| text.replace(camel, original))
    };
    for (_, name) in ORIGINAL {
        assert!((original(RULE) + &original(ROUTES)).contains(name), "{name} is not tried");
    }
    assert_eq!(read::<DestinationRule>(&original(RULE)), read(RULE));
    assert_eq!(read::<VirtualService>(&original(ROUTES)), read(ROUTES));
}

#[test]
fn a_value_is_found_in_either_spelling_by_one_path() {
    let documents = loaded(&policy("connection_pool: {tcp: {max_connections: 3}}"));
    let at = |path: &str| documents[0].locate(path).map(|at| at.column());
    assert_eq!(at("spec.trafficPolicy.connectionPool.tcp.maxConnections"), Some(60));
    assert_eq!(at("spec.trafficPolicy.connection_pool.tcp.max_connections"), Some(60));
    assert_eq!(at("spec.trafficPolicy.connectionPool.tcp.connectTimeout"), None);
}

#[test]
fn of_two_spellings_the_yaml_one_counts_wherever_it_stands() {
    for text in ["{max_connections: 1, maxConnections: 2}", "{maxConnections: 2, max_connections: 1}"] {
        let documents = loaded(&policy(&format!("connectionPool: {{tcp: {text}}}")));
        let [finding] = documents[0].findings.as_slice() else { panic!("{:?}", documents[0].findings) };
        assert_eq!(
            finding.kind,
            FindingKind::SpelledTwice { name: "max_connections".into(), counts: "maxConnections" }
        );
        let (pool, _) = from_yaml::<ConnectionPool>(&format!("tcp: {text}")).unwrap();
        assert_eq!(pool.tcp.unwrap().max_connections, Some(2));
    }
    let (pool, _) = from_yaml::<ConnectionPool>("tcp: {max_connections: 1, maxConnections: ~}").unwrap();
    assert_eq!(pool.tcp.unwrap().max_connections, None, "null is absent, and counts");
}

#[test]
fn only_proto_messages_have_two_spellings() {
    let text = "apiVersion: policy.openservicemesh.io/v1alpha1\nkind: UpstreamTrafficSetting\n\
                spec: {host: a.b, connection_settings: {}}\n";
    assert!(matches!(loaded(text)[0].findings[0].kind, FindingKind::UnknownField { .. }));
    let documents = loaded(&istio("DestinationRule", "{host: a, subsets: [{name: b, labels: {max_x: z}}]}"));
    assert_eq!(documents[0].findings, [], "a free mapping has no fields");
}

#[test]
fn null_is_absent_in_a_field_and_empty_in_a_list() {
    let nothing = HttpRoute::default();
    for null in ["", "~", "null"] {
        let text = format!(
            "timeout: {null}\nretries: {null}\nroute: {null}\nfault: {null}\nmatch: {null}\nname: {null}\n"
        );
        assert_eq!(read::<HttpRoute>(&text), nothing);
    }
    assert_eq!(read::<VirtualService>("http: [~, {timeout: 1s}, null]").http.len(), 3);
    assert_eq!(read::<VirtualService>("http: [~]").http, [nothing]);
    assert_eq!(read::<TrafficPolicy>("outlierDetection: ~").outlier_detection, None);
}

#[test]
fn an_enum_is_a_name_or_a_number() {
    let policy = |value: &str| read::<HttpSettings>(&format!("h2UpgradePolicy: {value}")).h2_upgrade_policy;
    for (number, name, variant) in [
        ("0", "DEFAULT", H2UpgradePolicy::Default),
        ("1", "DO_NOT_UPGRADE", H2UpgradePolicy::DoNotUpgrade),
        ("2", "UPGRADE", H2UpgradePolicy::Upgrade),
    ] {
        assert_eq!((policy(number), policy(name)), (Some(variant), Some(variant)));
    }
    for wrong in ["3", "-1", "upgrade", "1.0", "true", "[UPGRADE]"] {
        assert!(from_yaml::<HttpSettings>(&format!("h2UpgradePolicy: {wrong}")).is_err(), "{wrong}");
    }
    assert!(from_yaml::<ConnectionPool>("towerMesh: {scope: 1}").is_err(), "what is ours has no numbers");
}

#[test]
fn quoted_numbers_and_whole_percentages_are_read() {
    let (pool, findings) = from_yaml::<ConnectionPool>("tcp: {maxConnections: \"10\"}").unwrap();
    assert_eq!(
        (pool.tcp.unwrap().max_connections, &findings[0].kind),
        (Some(10), &FindingKind::QuotedNumber)
    );
    let percentage = |text: &str| {
        let (fault, findings) =
            from_yaml::<Fault>(&format!("delay: {{percentage: {{value: {text}}}}}")).unwrap();
        (fault.delay.unwrap().percentage.unwrap().value, findings.len())
    };
    assert_eq!(
        (percentage("50"), percentage("50.5"), percentage("\"0.5\"")),
        ((Some(50.0), 0), (Some(50.5), 0), (Some(0.5), 1))
    );
    assert_eq!(percentage("~"), (None, 0));
}

#[test]
fn numbers_that_mean_nothing_are_judged_elsewhere() {
    let pool: ConnectionPool = read("{tcp: {maxConnections: -1}, http: {maxRetries: -2147483648}}");
    assert_eq!(
        (pool.tcp.unwrap().max_connections, pool.http.unwrap().max_retries),
        (Some(-1), Some(i32::MIN))
    );
    assert_eq!(read::<Retries>("attempts: -3").attempts, Some(-3));
    assert_eq!(read::<RetryBudget>("percent: 120").percent, Some(120.0));
    assert_eq!(read::<Fault>("abort: {httpStatus: 999}").abort.unwrap().http_status, Some(999));
}

#[test]
fn a_block_of_three_or_four_lines_is_enough() {
    let rule: DestinationRule = read("host: details\nsubsets:\n- name: v1\n");
    assert!(rule.subsets[0].labels.is_empty() && rule.traffic_policy.is_none());
    assert_eq!(json(DestinationRule::default()), serde_json::json!({"host": ""}));
    assert_eq!(json(VirtualService::default()), serde_json::json!({}));
}

#[test]
fn outlier_detection_of_istio_0_8_is_read_one_level_down() {
    let documents = loaded(&policy(
        "outlierDetection: {http: {consecutiveErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}}",
    ));
    assert_eq!(documents[0].findings, []);
    let text = "http: {consecutive_errors: 1, baseEjectionTime: 3m}";
    let old = read::<OutlierDetection>(text).http.unwrap();
    assert_eq!(
        (old.consecutive_errors, old.base_ejection_time.unwrap().to_string()),
        (Some(1), "3m0s".into())
    );
}
