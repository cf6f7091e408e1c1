use tower_mesh::config::{
    FindingKind,
    osm::{CircuitBreaking, Group, Unit, UpstreamTrafficSetting},
};

use crate::{breaker, loaded, refused, setting};

const WHOLE: &str = r#"
apiVersion: policy.openservicemesh.io/v1alpha1
kind: UpstreamTrafficSetting
metadata:
  name: http-circuit-breaking
  namespace: circuit-breaking
spec:
  host: fortio.circuit-breaking.svc.cluster.local
  connectionSettings:
    tcp:
      maxConnections: 1
      connectTimeout: 500ms
    http:
      maxRequests: 2
      maxRequestsPerConnection: 3
      maxPendingRequests: 4
      maxRetries: 5
      circuitBreaking:                  #7层熔断策略
        statTimeWindow: 1m              #熔断统计时间窗口
        minRequestAmount: 200           #熔断触发的最小请求数
        degradedTimeWindow: 1m          #降级持续时间
        slowTimeThreshold: 200ms
        slowAmountThreshold: 100
        slowRatioThreshold: 0.10
        errorAmountThreshold: 100       #错误触发数量阈值
        errorRatioThreshold: 0.10
        degradedStatusCode: 520
        degradedResponseContent: "Down"
  rateLimit:
    local:
      tcp: {connections: 1, unit: minute, burst: 2}
      http:
        requests: 3
        unit: second
        burst: 4
        responseStatusCode: 509
        responseHeadersToAdd:
        - {name: hello, value: flomesh}
  httpRoutes:
  - path: .*
    rateLimit: {local: {requests: 5, unit: hour}}
  httpHeaders:
  - headers: [{name: hello, value: flomesh}]
    rateLimit: {local: {requests: 6, unit: minute}}
status: {currentStatus: committed}
"#;

#[test]
fn every_field_is_read() {
    let documents = loaded(WHOLE);
    assert_eq!(documents[0].findings, []);
    let spec = setting(&documents[0]);
    let connections = spec.connection_settings.clone().unwrap();
    let (tcp, http) = (connections.tcp.unwrap(), connections.http.unwrap());
    assert_eq!(
        (tcp.max_connections, tcp.connect_timeout.map(|t| t.to_string())),
        (Some(1), Some("500ms".into()))
    );
    assert_eq!((http.max_requests, http.max_requests_per_connection), (Some(2), Some(3)));
    assert_eq!((http.max_pending_requests, http.max_retries), (Some(4), Some(5)));
    let breaker = http.circuit_breaking.unwrap();
    assert_eq!(breaker.stat_time_window.map(|window| window.to_string()), Some("1m0s".into()));
    assert_eq!(breaker.min_request_amount, Some(200));
    assert_eq!((breaker.slow_amount_threshold, breaker.error_amount_threshold), (Some(100), Some(100)));
    assert_eq!(breaker.slow_ratio_threshold.map(|ratio| ratio.get()), Some(0.1));
    assert_eq!(
        (breaker.degraded_status_code, &*breaker.degraded_response_content.unwrap()),
        (Some(520), "Down")
    );
    let local = spec.rate_limit.clone().unwrap().local.unwrap();
    assert_eq!(
        (local.tcp.unwrap().unit, local.http.unwrap().response_status_code),
        (Some(Unit::Minute), Some(509))
    );
    assert_eq!(spec.http_routes[0].rate_limit.clone().unwrap().local.unwrap().unit, Some(Unit::Hour));
    assert_eq!(spec.http_headers[0].headers[0].name, "hello");
}

#[test]
fn both_api_groups_spell_the_same_spec() {
    let osm = loaded(WHOLE);
    let fsm = loaded(&WHOLE.replace("openservicemesh", "flomesh"));
    assert_eq!(setting(&osm[0]), setting(&fsm[0]));
    assert_eq!((osm[0].group(), fsm[0].group()), (Some(Group::Osm), Some(Group::Fsm)));
}

#[test]
fn what_fsm_requires_may_be_missing() {
    let text = breaker("").replace("openservicemesh", "flomesh")
        + "  rateLimit: {local: {http: {}}}\n  httpRoutes: [{}]\n";
    assert_eq!(loaded(&text)[0].findings, []);
}

#[test]
fn an_empty_block_is_a_block_and_a_null_one_is_none() {
    let block = |text: &str| {
        setting(&loaded(text)[0]).connection_settings.clone().unwrap().http.unwrap().circuit_breaking
    };
    assert_eq!(block(&breaker("")), Some(CircuitBreaking::default()));
    for null in ["", "~", "null"] {
        assert_eq!(block(&breaker("").replace("{}", null)), None, "{null:?}");
    }
}

/// Case 34 of osm-edge.
#[test]
fn case_34_durations_are_texts_as_go_reads_them() {
    for wrong in ["60", "1d", "1 m", "\"\"", "0", "1e9", "true", "[1m]"] {
        assert!(
            refused(&breaker(&format!("statTimeWindow: {wrong}"))).contains("`statTimeWindow`"),
            "{wrong}"
        );
    }
    for (right, printed) in [
        ("1m", "1m0s"),
        ("60s", "1m0s"),
        ("60000ms", "1m0s"),
        ("1m0s", "1m0s"),
        (".5s", "500ms"),
        ("1h2m3.5s", "1h2m3.5s"),
        ("\"0\"", "0s"),
        ("-5s", "-5s"),
    ] {
        let documents = loaded(&breaker(&format!("statTimeWindow: {right}")));
        let breaker =
            setting(&documents[0]).connection_settings.clone().unwrap().http.unwrap().circuit_breaking;
        assert_eq!(breaker.unwrap().stat_time_window.unwrap().to_string(), printed, "{right}");
    }
}

#[test]
fn quoted_numbers_and_unquoted_texts_are_read_and_told() {
    let text =
        breaker("minRequestAmount: \"200\", errorRatioThreshold: '0.10', degradedResponseContent: 404");
    let documents = loaded(&text);
    let http = setting(&documents[0]).connection_settings.clone().unwrap().http.unwrap();
    let breaker = http.circuit_breaking.unwrap();
    assert_eq!(breaker.min_request_amount, Some(200));
    assert_eq!(breaker.error_ratio_threshold.map(|ratio| ratio.get()), Some(0.1));
    assert_eq!(breaker.degraded_response_content.as_deref(), Some("404"));
    let kinds: Vec<_> = documents[0].findings.iter().map(|finding| finding.kind.clone()).collect();
    assert_eq!(kinds, [FindingKind::QuotedNumber, FindingKind::QuotedNumber, FindingKind::UnquotedText]);
}

#[test]
fn amounts_take_the_whole_u32_and_nothing_else() {
    loaded(&breaker("minRequestAmount: 4294967295, errorAmountThreshold: 0"));
    for wrong in ["4294967296", "-1", "1.5", "200.0", "many", "\"1.5\"", "\"-1\"", ".inf", "true", "{}"] {
        assert!(
            refused(&breaker(&format!("minRequestAmount: {wrong}"))).contains("0 to 4294967295"),
            "{wrong}"
        );
    }
}

#[test]
fn ratios_out_of_range_are_judged_elsewhere_but_must_be_finite() {
    loaded(&breaker("errorRatioThreshold: 7, slowRatioThreshold: -0.5"));
    for wrong in [".nan", ".inf", "-.inf", "1e999", "\"NaN\"", "\"\"", "ten", "[0.1]"] {
        assert!(
            refused(&breaker(&format!("errorRatioThreshold: {wrong}"))).contains("must be a number"),
            "{wrong}"
        );
    }
}

#[test]
fn the_structs_read_and_write_other_formats_too() {
    let spec: UpstreamTrafficSetting = setting(&loaded(WHOLE)[0]).clone();
    let json = serde_json::to_string(&spec).unwrap();
    assert!(json.contains(r#""statTimeWindow":"1m0s","minRequestAmount":200"#), "{json}");
    assert!(json.contains(r#""errorRatioThreshold":0.1,"#), "{json}");
    assert_eq!(serde_json::from_str::<UpstreamTrafficSetting>(&json).unwrap(), spec);
    assert_eq!(serde_json::to_string(&CircuitBreaking::default()).unwrap(), "{}");
}

#[test]
fn null_is_absent_where_a_list_or_a_required_field_stands_too() {
    assert_eq!(setting(&loaded(&(breaker("") + "  httpRoutes:\n"))[0]).http_routes, []);
    assert!(refused(&breaker("").replace("a.b", "~")).contains("`host` stands at line 4 without a value"));
}
