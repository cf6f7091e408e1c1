use tower_mesh::config::{
    FindingKind, from_yaml,
    istio::{
        ConnectionPool, DestinationRule, Fault, H2UpgradePolicy, HttpRoute, HttpSettings, OutlierDetection,
        Retries, RetryBudget, TrafficPolicy, VirtualService,
        extension::{Methods, Scope},
    },
};

use crate::{
    istio,
    istio_fields::{ROUTES, RULE, json, read},
    loaded, policy,
};

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
    assert_eq!(rule.workload_selector.unwrap().match_labels["app"], "x");

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
