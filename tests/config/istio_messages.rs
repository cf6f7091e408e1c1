//! What a slip of the pen in one of Istio's documents is answered with.

use tower_mesh::config::{from_yaml, istio::VirtualService};

use crate::{istio, loaded, policy, refused, route};

#[test]
fn an_unknown_field_is_told_with_what_is_known_there() {
    let documents = loaded(&policy("connectionPool: {tcp: {maxConnection: 1}}"));
    insta::assert_snapshot!(documents[0].findings[0].to_error(), @r"
    error: the field `maxConnection` is unknown here
      --> policy.yaml:5:42, spec.trafficPolicy.connectionPool.tcp.maxConnection
       |
     5 |   trafficPolicy: {connectionPool: {tcp: {maxConnection: 1}}}
       |                                          ^^^^^^^^^^^^^
       = accepted: `maxConnections`, `connectTimeout`, `tcpKeepalive`, `maxConnectionDuration`, `idleTimeout`
       = hint: did you mean `maxConnections`?
    ");
}

#[test]
fn a_field_that_was_meant_is_found_through_either_spelling() {
    let documents = loaded(&policy("outlierDetection: {max_ejection_percents: 1, consecutive5xxError: 1}"));
    let told: Vec<_> = documents[0].findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    policy.yaml:5:38, spec.trafficPolicy.outlierDetection.max_ejection_percents: the field `max_ejection_percents` is unknown here; did you mean `maxEjectionPercent`?
    policy.yaml:5:64, spec.trafficPolicy.outlierDetection.consecutive5xxError: the field `consecutive5xxError` is unknown here; did you mean `consecutive5xxErrors`?
    ");
}

#[test]
fn a_field_in_both_spellings_is_told() {
    let documents = loaded(&policy("connectionPool: {http: {max_retries: 1, maxRetries: 2}}"));
    insta::assert_snapshot!(documents[0].findings[0].to_error(), @r"
    error: `max_retries` is `maxRetries`, which is given too and counts
      --> policy.yaml:5:43, spec.trafficPolicy.connectionPool.http.max_retries
       |
     5 |   trafficPolicy: {connectionPool: {http: {max_retries: 1, maxRetries: 2}}}
       |                                           ^^^^^^^^^^^
       = hint: remove one of them
    ");
}

#[test]
fn fields_that_istio_reserves_are_unknown() {
    let documents =
        loaded(&route("websocketUpgrade: true, route: [{destination: {host: a, port: {name: http}}}]"));
    let told: Vec<_> = documents[0].findings.iter().map(|finding| &*finding.path).collect();
    assert_eq!(told, ["spec.http[0].websocketUpgrade", "spec.http[0].route[0].destination.port.name"]);
}

#[test]
fn values_of_the_wrong_kind_are_told_together() {
    insta::assert_snapshot!(
        refused(&policy("connectionPool: {tcp: {maxConnections: 1.5, connectTimeout: 30}, http: {useClientProtocol: \"true\", maxRetries: many}}")),
        @r#"
    error: `maxConnections` must be a whole number, found the number 1.5
      --> policy.yaml:5:58, spec.trafficPolicy.connectionPool.tcp.maxConnections
       |
     5 |   trafficPolicy: {connectionPool: {tcp: {maxConnections: 1.5, connectTimeout: 30}, http: {useClientProtocol: "true", max…
       |                                                          ^^^
       = accepted: -2147483648 to 2147483647

    error: `connectTimeout` must be a duration such as `1m` or `200ms`, found the number 30
      --> policy.yaml:5:79, spec.trafficPolicy.connectionPool.tcp.connectTimeout
       |
     5 | …connectionPool: {tcp: {maxConnections: 1.5, connectTimeout: 30}, http: {useClientProtocol: "true", maxRetries: many}}}
       |                                                              ^^
       = hint: write `30s`

    error: `useClientProtocol` must be `true` or `false`, found the text "true"
      --> policy.yaml:5:110, spec.trafficPolicy.connectionPool.http.useClientProtocol
       |
     5 | …ctions: 1.5, connectTimeout: 30}, http: {useClientProtocol: "true", maxRetries: many}}}
       |                                                              ^^^^^^

    error: `maxRetries` must be a whole number, found the text "many"
      --> policy.yaml:5:130, spec.trafficPolicy.connectionPool.http.maxRetries
       |
     5 | …Timeout: 30}, http: {useClientProtocol: "true", maxRetries: many}}}
       |                                                              ^^^^
       = accepted: -2147483648 to 2147483647
    "#
    );
}

#[test]
fn a_percentage_is_a_mapping_and_a_finite_number() {
    insta::assert_snapshot!(refused(&route("fault: {delay: {percentage: 50, fixedDelay: 5s}, abort: {percentage: {value: .nan}}}")), @r"
    error: `percentage` must be a mapping, found the number 50
      --> policy.yaml:6:34, spec.http[0].fault.delay.percentage
       |
     6 |   - {fault: {delay: {percentage: 50, fixedDelay: 5s}, abort: {percentage: {value: .nan}}}}
       |                                  ^^
       = accepted: `{value: 50}`

    error: `value` must be a number, found the number .nan
      --> policy.yaml:6:83, spec.http[0].fault.abort.percentage.value
       |
     6 |   - {fault: {delay: {percentage: 50, fixedDelay: 5s}, abort: {percentage: {value: .nan}}}}
       |                                                                                   ^^^^
       = accepted: a finite one, such as 50 or 0.5
    ");
}

#[test]
fn an_unknown_name_of_an_enum_is_told_with_the_known_ones() {
    insta::assert_snapshot!(refused(&policy("connectionPool: {http: {h2UpgradePolicy: upgrade}}")), @r#"
    error: `h2UpgradePolicy` cannot be the text "upgrade"
      --> policy.yaml:5:60, spec.trafficPolicy.connectionPool.http.h2UpgradePolicy
       |
     5 |   trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: upgrade}}}
       |                                                            ^^^^^^^
       = accepted: `DEFAULT`, `DO_NOT_UPGRADE`, `UPGRADE`
       = hint: did you mean `UPGRADE`?
    "#);
}

#[test]
fn a_rule_without_host_and_a_subset_without_name() {
    insta::assert_snapshot!(refused(&istio("DestinationRule", "{subsets: [~]}")), @r"
    error: `spec` lacks the required field `host`
      --> policy.yaml:3:7, spec
       |
     3 | spec: {subsets: [~]}
       |       ^

    error: `subsets[0]` lacks the required field `name`
      --> policy.yaml:3:18, spec.subsets[0]
       |
     3 | spec: {subsets: [~]}
       |                  ^
    ");
}

#[test]
fn a_port_is_a_mapping_around_its_number() {
    insta::assert_snapshot!(refused(&route("route: [{destination: {host: a, port: 9080}}]")), @r"
    error: `port` must be a mapping, found the number 9080
      --> policy.yaml:6:44, spec.http[0].route[0].destination.port
       |
     6 |   - {route: [{destination: {host: a, port: 9080}}]}
       |                                            ^^^^
       = accepted: `{number: 9080}`
    ");
    assert!(
        refused(&route("route: [{destination: {host: a, port: {number: 70000}}}]")).contains("0 to 65535")
    );
}

#[test]
fn an_item_that_lost_its_dash() {
    insta::assert_snapshot!(from_yaml::<VirtualService>("http:\n  fault: {delay: {fixedDelay: 5s}}\n").unwrap_err(), @r"
    error: `http` must be a list, found a mapping
      --> line 2, column 3, http
       |
     2 |   fault: {delay: {fixedDelay: 5s}}
       |   ^^^^^
       = hint: begin each item with `- `
    ");
}
