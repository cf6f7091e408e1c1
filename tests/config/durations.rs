//! Durations as Istio wants them: at least a millisecond, and nothing finer.

use tower_mesh::config::{
    from_yaml,
    istio::{ConnectionPool, HttpRoute, OutlierDetection, Retries, RetryBudget},
};

use crate::{policy, refused, route};

#[test]
fn one_that_is_too_short_is_refused_in_istios_words() {
    insta::assert_snapshot!(refused(&route("timeout: 0.5ms")), @r#"
    error: `timeout`: duration must be greater than 1ms, or just that, found "0.5ms"
      --> policy.yaml:6:15, spec.http[0].timeout
       |
     6 |   - {timeout: 0.5ms}
       |               ^^^^^
       = hint: write `1ms`
    "#);
}

#[test]
fn one_that_is_too_fine_is_refused_in_istios_words() {
    insta::assert_snapshot!(refused(&route("retries: {attempts: 2, perTryTimeout: 1.5ms, backoff: 25ms1us}")), @r#"
    error: `perTryTimeout`: only durations to ms precision are supported, found "1.5ms"
      --> policy.yaml:6:44, spec.http[0].retries.perTryTimeout
       |
     6 |   - {retries: {attempts: 2, perTryTimeout: 1.5ms, backoff: 25ms1us}}
       |                                            ^^^^^
       = hint: write `2ms`

    error: `backoff`: only durations to ms precision are supported, found "25ms1us"
      --> policy.yaml:6:60, spec.http[0].retries.backoff
       |
     6 |   - {retries: {attempts: 2, perTryTimeout: 1.5ms, backoff: 25ms1us}}
       |                                                            ^^^^^^^
       = hint: write `26ms`
    "#);
}

#[test]
fn zero_and_less_are_no_way_to_say_none() {
    insta::assert_snapshot!(refused(&route("timeout: 0s, fault: {delay: {fixedDelay: -5s}}")), @r#"
    error: `timeout`: duration must be greater than 1ms, or just that, found "0s"
      --> policy.yaml:6:15, spec.http[0].timeout
       |
     6 |   - {timeout: 0s, fault: {delay: {fixedDelay: -5s}}}
       |               ^^
       = hint: if none is meant, leave the field out

    error: `fixedDelay`: duration must be greater than 1ms, or just that, found "-5s"
      --> policy.yaml:6:47, spec.http[0].fault.delay.fixedDelay
       |
     6 |   - {timeout: 0s, fault: {delay: {fixedDelay: -5s}}}
       |                                               ^^^
       = hint: if none is meant, leave the field out
    "#);
}

#[test]
fn one_without_a_unit_is_told_what_to_write() {
    insta::assert_snapshot!(refused(&route("timeout: 5, retries: {perTryTimeout: \"5\"}")), @r#"
    error: `timeout` must be a duration such as `1m` or `200ms`, found the number 5
      --> policy.yaml:6:15, spec.http[0].timeout
       |
     6 |   - {timeout: 5, retries: {perTryTimeout: "5"}}
       |               ^
       = hint: write `5s`

    error: `perTryTimeout`: the duration "5" lacks a unit (ns, us, ms, s, m, h)
      --> policy.yaml:6:43, spec.http[0].retries.perTryTimeout
       |
     6 |   - {timeout: 5, retries: {perTryTimeout: "5"}}
       |                                           ^^^
       = hint: write `5s`
    "#);
}

#[test]
fn each_that_istio_judges_is_judged() {
    for wrong in ["0s", "999us", "1.5ms"] {
        for (text, path) in [
            (policy(&format!("connectionPool: {{tcp: {{connectTimeout: {wrong}}}}}")), "tcp.connectTimeout"),
            (
                policy(&format!("connectionPool: {{tcp: {{tcpKeepalive: {{time: {wrong}}}}}}}")),
                "tcpKeepalive.time",
            ),
            (
                policy(&format!("connectionPool: {{tcp: {{tcpKeepalive: {{interval: {wrong}}}}}}}")),
                "tcpKeepalive.interval",
            ),
            (
                policy(&format!("connectionPool: {{tcp: {{maxConnectionDuration: {wrong}}}}}")),
                "maxConnectionDuration",
            ),
            (policy(&format!("connectionPool: {{http: {{idleTimeout: {wrong}}}}}")), "http.idleTimeout"),
            (
                policy(&format!("connectionPool: {{http: {{http2KeepAlive: {{interval: {wrong}}}}}}}")),
                "http2KeepAlive.interval",
            ),
            (
                policy(&format!("connectionPool: {{http: {{http2KeepAlive: {{timeout: {wrong}}}}}}}")),
                "http2KeepAlive.timeout",
            ),
            (policy(&format!("outlierDetection: {{interval: {wrong}}}")), "outlierDetection.interval"),
            (policy(&format!("outlierDetection: {{base_ejection_time: {wrong}}}")), "base_ejection_time"),
            (policy(&format!("outlierDetection: {{http: {{interval: {wrong}}}}}")), "http.interval"),
            (
                policy(&format!("outlierDetection: {{http: {{baseEjectionTime: {wrong}}}}}")),
                "http.baseEjectionTime",
            ),
            (route(&format!("timeout: {wrong}")), "timeout"),
            (route(&format!("retries: {{perTryTimeout: {wrong}}}")), "perTryTimeout"),
            (route(&format!("retries: {{backoff: {wrong}}}")), "backoff"),
            (route(&format!("retries: {{towerMesh: {{honourRetryAfter: {wrong}}}}}")), "honourRetryAfter"),
            (route(&format!("fault: {{delay: {{fixedDelay: {wrong}}}}}")), "fixedDelay"),
        ] {
            let told = refused(&text);
            let said = ["duration must be greater than 1ms", "only durations to ms precision"];
            assert!(
                told.contains(&format!("{path}\n")) && said.iter().any(|said| told.contains(said)),
                "{told}"
            );
        }
    }
}

#[test]
fn a_millisecond_passes_and_zero_where_it_means_never() {
    let (route, _) = from_yaml::<HttpRoute>("{timeout: 1ms, retries: {perTryTimeout: 0.001s}}").unwrap();
    assert_eq!(route.timeout, route.retries.unwrap().per_try_timeout);
    for zero in ["0s", "\"0\"", "1ms"] {
        from_yaml::<ConnectionPool>(&format!("tcp: {{idleTimeout: {zero}}}")).unwrap();
    }
    assert!(from_yaml::<ConnectionPool>("tcp: {idleTimeout: 1us}").is_err());
    let (budget, _) = from_yaml::<RetryBudget>("budgetInterval: 1us").unwrap();
    assert_eq!(budget.budget_interval.unwrap().nanos(), 1_000, "which Istio does not judge");
}

#[test]
fn other_formats_are_judged_too() {
    assert!(serde_json::from_str::<OutlierDetection>(r#"{"interval": "1us"}"#).is_err());
    assert!(serde_json::from_str::<Retries>(r#"{"backoff": null, "perTryTimeout": "2s"}"#).is_ok());
}
