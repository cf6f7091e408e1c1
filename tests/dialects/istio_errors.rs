//! What of Istio's documents cannot mean anything: each is an error with its place.

use insta::assert_snapshot;

use crate::{
    istio::{document, routes, rule},
    osm::{errors, load},
};

fn pool(block: &str) -> String {
    errors(&rule(&format!("{{connectionPool: {{{block}}}}}")))
}

fn route(route: &str) -> String {
    errors(&routes(&[&format!("{{{route}}}")]))
}

#[test]
fn negative_limits() {
    assert_snapshot!(pool("tcp: {maxConnections: -1}"), @r"
    error: `tcp.maxConnections` cannot be -1
      --> policy.yaml:6:58, spec.trafficPolicy.connectionPool.tcp.maxConnections
       |
     6 |   trafficPolicy: {connectionPool: {tcp: {maxConnections: -1}}}
       |                                                          ^^
       = accepted: non-negative; 0 is no limit
    ");
    assert_snapshot!(pool("http: {http1_max_pending_requests: -1}"), @r"
    error: `http.http1MaxPendingRequests` cannot be -1
      --> policy.yaml:6:71, spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests
       |
     6 |   trafficPolicy: {connectionPool: {http: {http1_max_pending_requests: -1}}}
       |                                                                       ^^
       = accepted: non-negative; 0 is no limit
    ");
    for field in ["http2MaxRequests", "maxRetries", "maxRequestsPerConnection", "maxConcurrentStreams"] {
        let told = pool(&format!("http: {{{field}: -7}}"));
        assert!(told.starts_with(&format!("error: `http.{field}` cannot be -7\n")), "{told}");
        assert!(told.contains(&format!("spec.trafficPolicy.connectionPool.http.{field}\n")), "{told}");
    }
}

#[test]
fn blocks_that_are_empty_or_contradict_themselves() {
    assert_snapshot!(pool(""), @r"
    error: `tcp` cannot be absent where `http` is absent too
      --> policy.yaml:6:19, spec.trafficPolicy.connectionPool.tcp
       |
     6 |   trafficPolicy: {connectionPool: {}}
       |                   ^^^^^^^^^^^^^^
       = accepted: at least one of them
    ");
    assert_snapshot!(errors(&rule("{}")), @r"
    error: `trafficPolicy` cannot be empty
      --> policy.yaml:6:3, spec.trafficPolicy
       |
     6 |   trafficPolicy: {}
       |   ^^^^^^^^^^^^^
       = accepted: at least one field, such as `connectionPool`
    ");
    assert_snapshot!(pool("http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}"), @r"
    error: `http.useClientProtocol` cannot be true
      --> policy.yaml:6:88, spec.trafficPolicy.connectionPool.http.useClientProtocol
       |
     6 |   trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}
       |                                                                                        ^^^^
       = accepted: absent or `false` where `h2UpgradePolicy` is `UPGRADE`
    ");
}

#[test]
fn retry_budgets() {
    for percent in ["-1", "100.5"] {
        let told = errors(&rule(&format!("{{retryBudget: {{percent: {percent}}}}}")));
        assert!(told.starts_with(&format!("error: `percent` cannot be {percent}\n")), "{told}");
    }
    assert_snapshot!(errors(&rule("{retryBudget: {percent: 101}}")), @r"
    error: `percent` cannot be 101
      --> policy.yaml:6:42, spec.trafficPolicy.retryBudget.percent
       |
     6 |   trafficPolicy: {retryBudget: {percent: 101}}
       |                                          ^^^
       = accepted: 0 to 100
    ");
    assert_snapshot!(errors(&rule("{retryBudget: {budgetInterval: -1s}}")), @r#"
    error: `budgetInterval` cannot be -1s
      --> policy.yaml:6:49, spec.trafficPolicy.retryBudget.budgetInterval
       |
     6 |   trafficPolicy: {retryBudget: {budgetInterval: -1s}}
       |                                                 ^^^
       = accepted: above zero, or 0s for "while they are in flight"
    "#);
}

#[test]
fn entries_for_no_port() {
    assert_snapshot!(errors(&rule("{portLevelSettings: [{tls: {}}]}")), @r"
    error: `port` cannot be absent
      --> policy.yaml:6:39, spec.trafficPolicy.portLevelSettings[0].port
       |
     6 |   trafficPolicy: {portLevelSettings: [{tls: {}}]}
       |                                       ^
       = accepted: a port of the service, such as `{number: 9080}`
    ");
    assert_snapshot!(errors(&rule("{portLevelSettings: [{port: {number: 0}}]}")), @r"
    error: `port` cannot be without a number
      --> policy.yaml:6:40, spec.trafficPolicy.portLevelSettings[0].port
       |
     6 |   trafficPolicy: {portLevelSettings: [{port: {number: 0}}]}
       |                                        ^^^^
       = accepted: a port of the service, such as `{number: 9080}`
    ");
}

#[test]
fn limits_of_ports_and_subsets_are_judged_too() {
    let port = "{port: {number: 80}, connectionPool: {tcp: {maxConnections: -2}}}";
    assert_snapshot!(errors(&rule(&format!("{{portLevelSettings: [{port}]}}"))), @r"
    error: `tcp.maxConnections` cannot be -2
      --> policy.yaml:6:99, spec.trafficPolicy.portLevelSettings[0].connectionPool.tcp.maxConnections
       |
     6 |   trafficPolicy: {portLevelSettings: [{port: {number: 80}, connectionPool: {tcp: {maxConnections: -2}}}]}
       |                                                                                                   ^^
       = accepted: non-negative; 0 is no limit
    ");
    let subset = "{name: v1, trafficPolicy: {connectionPool: {http: {maxRetries: -3}}}}";
    assert_snapshot!(errors(&document("DestinationRule", "a", &format!("  host: a\n  subsets: [{subset}]"))), @r"
    error: `http.maxRetries` cannot be -3
      --> policy.yaml:6:76, spec.subsets[0].trafficPolicy.connectionPool.http.maxRetries
       |
     6 |   subsets: [{name: v1, trafficPolicy: {connectionPool: {http: {maxRetries: -3}}}}]
       |                                                                            ^^
       = accepted: non-negative; 0 is no limit
    ");
}

#[test]
fn retries_that_are_off_and_say_how() {
    assert_snapshot!(route("retries: {attempts: 0, perTryTimeout: 1s}"), @r"
    error: `perTryTimeout` cannot be set where `attempts` is 0, which disables retries
      --> policy.yaml:7:44, spec.http[0].retries.perTryTimeout
       |
     7 |   - {retries: {attempts: 0, perTryTimeout: 1s}, route: [{destination: {host: reviews}}]}
       |                                            ^^
       = accepted: absent, or set beside `attempts` of at least 1
    ");
    assert_snapshot!(route("retries: {retry_on: 5xx}"), @r"
    error: `retryOn` cannot be set where `attempts` is absent, which disables retries
      --> policy.yaml:7:26, spec.http[0].retries.retryOn
       |
     7 |   - {retries: {retry_on: 5xx}, route: [{destination: {host: reviews}}]}
       |                          ^^^
       = accepted: absent, or set beside `attempts` of at least 1
    ");
    assert_snapshot!(route("retries: {attempts: 0, retryRemoteLocalities: false}"), @r"
    error: `retryRemoteLocalities` cannot be set where `attempts` is 0, which disables retries
      --> policy.yaml:7:52, spec.http[0].retries.retryRemoteLocalities
       |
     7 |   - {retries: {attempts: 0, retryRemoteLocalities: false}, route: [{destination: {host: reviews}}]}
       |                                                    ^^^^^
       = accepted: absent, or set beside `attempts` of at least 1
    ");
}

#[test]
fn retries_that_are_too_many_or_too_few() {
    assert_snapshot!(route("retries: {attempts: -1}"), @r#"
    error: `attempts` cannot be -1
      --> policy.yaml:7:26, spec.http[0].retries.attempts
       |
     7 |   - {retries: {attempts: -1}, route: [{destination: {host: reviews}}]}
       |                          ^^
       = accepted: non-negative; 0 is "never"
    "#);
    assert_snapshot!(route("retries: {attempts: 1001}"), @r"
    error: `attempts` cannot be 1001
      --> policy.yaml:7:26, spec.http[0].retries.attempts
       |
     7 |   - {retries: {attempts: 1001}, route: [{destination: {host: reviews}}]}
       |                          ^^^^
       = accepted: no more than 1000
    ");
}

#[test]
fn words_that_are_no_condition() {
    assert_snapshot!(route("retries: {attempts: 1, retryOn: \"5xx,conect-failure\"}"), @r#"
    error: `retryOn` cannot be `conect-failure`
      --> policy.yaml:7:38, spec.http[0].retries.retryOn
       |
     7 |   - {retries: {attempts: 1, retryOn: "5xx,conect-failure"}, route: [{destination: {host: reviews}}]}
       |                                      ^^^^^^^^^^^^^^^^^^^^
       = accepted: statuses such as 503, 5xx, gateway-error, reset, reset-before-request, connect-failure, retriable-4xx, refused-stream, retriable-status-codes, retriable-headers, envoy-ratelimited, http3-post-connect-failure, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable, with commas between
       = hint: did you mean `connect-failure`?
    "#);
    assert_snapshot!(route("retries: {attempts: 1, retryOn: \"200,700\"}"), @r#"
    error: `retryOn` cannot be `700`
      --> policy.yaml:7:38, spec.http[0].retries.retryOn
       |
     7 |   - {retries: {attempts: 1, retryOn: "200,700"}, route: [{destination: {host: reviews}}]}
       |                                      ^^^^^^^^^
       = accepted: statuses such as 503, 5xx, gateway-error, reset, reset-before-request, connect-failure, retriable-4xx, refused-stream, retriable-status-codes, retriable-headers, envoy-ratelimited, http3-post-connect-failure, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable, with commas between
    "#);
}

#[test]
fn times_that_no_timer_can_be_set_to() {
    for block in
        ["retries: {attempts: 1, perTryTimeout: 30000h}", "fault: {delay: {fixedDelay: 30000h, percent: 1}}"]
    {
        assert!(route(block).contains("cannot be 30000h0m0s"), "{block}");
        assert!(route(block).contains("no longer than a timer can be set to: two years"), "{block}");
    }
}

#[test]
fn hedging_without_a_time_and_waits_that_are_too_short() {
    assert_snapshot!(route("retries: {attempts: 1, towerMesh: {hedging: true}}"), @r"
    error: `towerMesh.hedging` cannot be true
      --> policy.yaml:7:50, spec.http[0].retries.towerMesh.hedging
       |
     7 |   - {retries: {attempts: 1, towerMesh: {hedging: true}}, route: [{destination: {host: reviews}}]}
       |                                                  ^^^^
       = accepted: `false` without a `perTryTimeout`
    ");
    assert_snapshot!(route("retries: {attempts: 1, towerMesh: {honourRetryAfter: 10ms}}"), @r"
    error: `towerMesh.honourRetryAfter` cannot be 10ms
      --> policy.yaml:7:59, spec.http[0].retries.towerMesh.honourRetryAfter
       |
     7 |   - {retries: {attempts: 1, towerMesh: {honourRetryAfter: 10ms}}, route: [{destination: {host: reviews}}]}
       |                                                           ^^^^
       = accepted: at least 1 s
    ");
}

#[test]
fn percentages_out_of_range() {
    assert_snapshot!(route("fault: {delay: {percentage: {value: 101}, fixedDelay: 5s}}"), @r"
    error: `delay.percentage.value` cannot be 101
      --> policy.yaml:7:42, spec.http[0].fault.delay.percentage.value
       |
     7 |   - {fault: {delay: {percentage: {value: 101}, fixedDelay: 5s}}, route: [{destination: {host: reviews}}]}
       |                                          ^^^
       = accepted: 0, or 0.0001 to 100
    ");
    assert_snapshot!(route("fault: {abort: {percentage: {value: -0.5}, httpStatus: 500}}"), @r"
    error: `abort.percentage.value` cannot be -0.5
      --> policy.yaml:7:42, spec.http[0].fault.abort.percentage.value
       |
     7 |   - {fault: {abort: {percentage: {value: -0.5}, httpStatus: 500}}, route: [{destination: {host: reviews}}]}
       |                                          ^^^^
       = accepted: 0, or 0.0001 to 100
    ");
    assert_snapshot!(route("fault: {delay: {percent: 101, fixedDelay: 5s}}"), @r"
    error: `delay.percent` cannot be 101
      --> policy.yaml:7:31, spec.http[0].fault.delay.percent
       |
     7 |   - {fault: {delay: {percent: 101, fixedDelay: 5s}}, route: [{destination: {host: reviews}}]}
       |                               ^^^
       = accepted: 0 to 100
    ");
    assert_snapshot!(route("fault: {abort: {percentage: {value: 0.00001}, httpStatus: 500}}"), @r"
    error: `abort.percentage.value` cannot be 0.00001
      --> policy.yaml:7:42, spec.http[0].fault.abort.percentage.value
       |
     7 |   - {fault: {abort: {percentage: {value: 0.00001}, httpStatus: 500}}, route: [{destination: {host: reviews}}]}
       |                                          ^^^^^^^
       = accepted: 0, or 0.0001 to 100
    ");
}

#[test]
fn faults_of_no_kind_and_of_two() {
    assert_snapshot!(route("fault: {}"), @r"
    error: `delay` cannot be absent where `abort` is absent too
      --> policy.yaml:7:6, spec.http[0].fault.delay
       |
     7 |   - {fault: {}, route: [{destination: {host: reviews}}]}
       |      ^^^^^
       = accepted: at least one of them
    ");
    assert_snapshot!(route("fault: {abort: {httpStatus: 500, grpcStatus: INTERNAL}}"), @r"
    error: `abort.grpcStatus` cannot be INTERNAL
      --> policy.yaml:7:51, spec.http[0].fault.abort.grpcStatus
       |
     7 |   - {fault: {abort: {httpStatus: 500, grpcStatus: INTERNAL}}, route: [{destination: {host: reviews}}]}
       |                                                   ^^^^^^^^
       = accepted: absent where `httpStatus` is set
    ");
    assert_snapshot!(route("fault: {delay: {fixedDelay: 5s}, towerMesh: {byHeaders: true}}"), @r"
    error: `delay.fixedDelay` cannot be 5s
      --> policy.yaml:7:34, spec.http[0].fault.delay.fixedDelay
       |
     7 |   - {fault: {delay: {fixedDelay: 5s}, towerMesh: {byHeaders: true}}, route: [{destination: {host: reviews}}]}
       |                                  ^^
       = accepted: absent beside `towerMesh.byHeaders`, which has requests say what they meet
    ");
}

#[test]
fn statuses_that_are_none() {
    assert_snapshot!(route("fault: {abort: {percentage: {value: 1}, httpStatus: 600}}"), @r"
    error: `abort.httpStatus` cannot be 600
      --> policy.yaml:7:58, spec.http[0].fault.abort.httpStatus
       |
     7 |   - {fault: {abort: {percentage: {value: 1}, httpStatus: 600}}, route: [{destination: {host: reviews}}]}
       |                                                          ^^^
       = accepted: a status that Envoy aborts with: 200 to 599
    ");
    assert_snapshot!(route("fault: {abort: {percentage: {value: 1}, http_status: -1}}"), @r"
    error: `abort.httpStatus` cannot be -1
      --> policy.yaml:7:59, spec.http[0].fault.abort.httpStatus
       |
     7 |   - {fault: {abort: {percentage: {value: 1}, http_status: -1}}, route: [{destination: {host: reviews}}]}
       |                                                           ^^
       = accepted: a status that Envoy aborts with: 200 to 599
    ");
    assert_snapshot!(route("fault: {abort: {percentage: {value: 1}, grpcStatus: unavailable}}"), @r"
    error: `abort.grpcStatus` cannot be `unavailable`
      --> policy.yaml:7:58, spec.http[0].fault.abort.grpcStatus
       |
     7 |   - {fault: {abort: {percentage: {value: 1}, grpcStatus: unavailable}}, route: [{destination: {host: reviews}}]}
       |                                                          ^^^^^^^^^^^
       = accepted: a gRPC status by name, such as `UNAVAILABLE`
       = hint: did you mean `UNAVAILABLE`?
    ");
}

#[test]
fn durations_that_are_too_short_or_too_fine() {
    assert_snapshot!(route("timeout: 0.5ms, retries: {attempts: 1, perTryTimeout: 1.5ms}"), @r#"
    error: `timeout`: duration must be greater than 1ms, or just that, found "0.5ms"
      --> policy.yaml:7:15, spec.http[0].timeout
       |
     7 |   - {timeout: 0.5ms, retries: {attempts: 1, perTryTimeout: 1.5ms}, route: [{destination: {host: reviews}}]}
       |               ^^^^^
       = hint: write `1ms`

    error: `perTryTimeout`: only durations to ms precision are supported, found "1.5ms"
      --> policy.yaml:7:60, spec.http[0].retries.perTryTimeout
       |
     7 |   - {timeout: 0.5ms, retries: {attempts: 1, perTryTimeout: 1.5ms}, route: [{destination: {host: reviews}}]}
       |                                                            ^^^^^
       = hint: write `2ms`
    "#);
    assert_snapshot!(route("timeout: 0s"), @r#"
    error: `timeout`: duration must be greater than 1ms, or just that, found "0s"
      --> policy.yaml:7:15, spec.http[0].timeout
       |
     7 |   - {timeout: 0s, route: [{destination: {host: reviews}}]}
       |               ^^
       = hint: if none is meant, leave the field out
    "#);
    assert_snapshot!(route("timeout: 30000h"), @r"
    error: `timeout` cannot be 108000000s
      --> policy.yaml:7:15, spec.http[0].timeout
       |
     7 |   - {timeout: 30000h, route: [{destination: {host: reviews}}]}
       |               ^^^^^^
       = accepted: a whole number of milliseconds, from 1 ms to 68719476734 ms (two years)
    ");
    assert_snapshot!(route("fault: {delay: {fixed_delay: 100us}}"), @r#"
    error: `fixed_delay`: duration must be greater than 1ms, or just that, found "100us"
      --> policy.yaml:7:35, spec.http[0].fault.delay.fixed_delay
       |
     7 |   - {fault: {delay: {fixed_delay: 100us}}, route: [{destination: {host: reviews}}]}
       |                                   ^^^^^
       = hint: write `1ms`
    "#);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = [
        routes(&["{timeout: 30000h, fault: {}, retries: {attempts: -1}}", "{fault: {}}"]),
        rule("{connectionPool: {}, retryBudget: {percent: 101}, portLevelSettings: [{}]}"),
    ];
    let errors = load(&text.join("---\n")).build().expect_err("seven errors");
    let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
    assert_snapshot!(paths.join("\n"), @r"
    spec.http[0].timeout
    spec.http[0].fault.delay
    spec.http[0].retries.attempts
    spec.http[1].fault.delay
    spec.trafficPolicy.connectionPool.tcp
    spec.trafficPolicy.retryBudget.percent
    spec.trafficPolicy.portLevelSettings[0].port
    ");
}
