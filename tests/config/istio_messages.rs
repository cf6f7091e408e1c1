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

#[test]
fn a_condition_that_is_only_a_text_is_told_how_to_be_written() {
    insta::assert_snapshot!(refused(&route("match: [{uri: /status, headers: {end-user: jason}}]")), @r#"
    error: `uri` must be a mapping, found the text "/status"
      --> policy.yaml:6:20, spec.http[0].match[0].uri
       |
     6 |   - {match: [{uri: /status, headers: {end-user: jason}}]}
       |                    ^^^^^^^
       = accepted: `{exact: "/status"}`, `{prefix: "/status"}`, `{regex: "/status"}`

    error: `end-user` must be a mapping, found the text "jason"
      --> policy.yaml:6:49, spec.http[0].match[0].headers.end-user
       |
     6 |   - {match: [{uri: /status, headers: {end-user: jason}}]}
       |                                                 ^^^^^
       = accepted: `{exact: "jason"}`, `{prefix: "jason"}`, `{regex: "jason"}`
    "#);
}

#[test]
fn wrong_values_of_a_route_are_told_together() {
    insta::assert_snapshot!(
        refused(&route("match: {uri: {prefix: /}}, route: [{weight: 50.5}], redirect: {redirectCode: \"moved\", derivePort: REQUEST_PORT}, mirrorPercent: -1")),
        @r#"
    error: `match` must be a list, found a mapping
      --> policy.yaml:6:13, spec.http[0].match
       |
     6 |   - {match: {uri: {prefix: /}}, route: [{weight: 50.5}], redirect: {redirectCode: "moved", derivePort: REQUEST_PORT}, mi…
       |             ^
       = hint: begin each item with `- `

    error: `route[0]` lacks the required field `destination`
      --> policy.yaml:6:41, spec.http[0].route[0]
       |
     6 |   - {match: {uri: {prefix: /}}, route: [{weight: 50.5}], redirect: {redirectCode: "moved", derivePort: REQUEST_PORT}, mi…
       |                                         ^

    error: `weight` must be a whole number, found the number 50.5
      --> policy.yaml:6:50, spec.http[0].route[0].weight
       |
     6 |   - {match: {uri: {prefix: /}}, route: [{weight: 50.5}], redirect: {redirectCode: "moved", derivePort: REQUEST_PORT}, mi…
       |                                                  ^^^^
       = accepted: -2147483648 to 2147483647

    error: `redirectCode` must be a whole number, found the text "moved"
      --> policy.yaml:6:83, spec.http[0].redirect.redirectCode
       |
     6 | …fix: /}}, route: [{weight: 50.5}], redirect: {redirectCode: "moved", derivePort: REQUEST_PORT}, mirrorPercent: -1}
       |                                                              ^^^^^^^
       = accepted: 0 to 4294967295

    error: `derivePort` cannot be the text "REQUEST_PORT"
      --> policy.yaml:6:104, spec.http[0].redirect.derivePort
       |
     6 | …ight: 50.5}], redirect: {redirectCode: "moved", derivePort: REQUEST_PORT}, mirrorPercent: -1}
       |                                                              ^^^^^^^^^^^^
       = accepted: `FROM_PROTOCOL_DEFAULT`, `FROM_REQUEST_PORT`
       = hint: did you mean `FROM_REQUEST_PORT`?

    error: `mirrorPercent` must be a whole number, found the number -1
      --> policy.yaml:6:134, spec.http[0].mirrorPercent
       |
     6 | …ectCode: "moved", derivePort: REQUEST_PORT}, mirrorPercent: -1}
       |                                                              ^^
       = accepted: 0 to 4294967295
    "#
    );
    insta::assert_snapshot!(
        refused(&route("match: [{port: 70000, ignoreUriCase: 1, sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: {host: b}")),
        @r#"
    error: `port` must be a whole number, found the number 70000
      --> policy.yaml:6:21, spec.http[0].match[0].port
       |
     6 |   - {match: [{port: 70000, ignoreUriCase: 1, sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: …
       |                     ^^^^^
       = accepted: 0 to 65535

    error: `ignoreUriCase` must be `true` or `false`, found the number 1
      --> policy.yaml:6:43, spec.http[0].match[0].ignoreUriCase
       |
     6 |   - {match: [{port: 70000, ignoreUriCase: 1, sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: …
       |                                           ^

    error: `sourceLabels` must be a mapping, found a list
      --> policy.yaml:6:60, spec.http[0].match[0].sourceLabels
       |
     6 |   - {match: [{port: 70000, ignoreUriCase: 1, sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: …
       |                                                            ^
       = hint: a mapping is written `key: value`, without `- ` or brackets

    error: `set` must be a mapping, found a list
      --> policy.yaml:6:92, spec.http[0].headers.request.set
       |
     6 | …reUriCase: 1, sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: {host: b}}
       |                                                              ^
       = hint: a mapping is written `key: value`, without `- ` or brackets

    error: `remove` must be a list, found the text "x-a"
      --> policy.yaml:6:105, spec.http[0].headers.request.remove
       |
     6 | … sourceLabels: [a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: {host: b}}
       |                                                              ^^^
       = hint: write `["x-a"]`

    error: `mirrors` must be a list, found a mapping
      --> policy.yaml:6:121, spec.http[0].mirrors
       |
     6 | …a]}], headers: {request: {set: [a], remove: x-a}}, mirrors: {host: b}}
       |                                                              ^
       = hint: begin each item with `- `
    "#
    );
    insta::assert_snapshot!(
        refused(&route("corsPolicy: {maxAge: 1d, allowCredentials: \"no\", unmatchedPreflights: DROP}, mirrorPercentage: 10, directResponse: {status: -1}")),
        @r#"
    error: `maxAge`: the duration "1d" has the unknown unit "d" (ns, us, ms, s, m, h)
      --> policy.yaml:6:27, spec.http[0].corsPolicy.maxAge
       |
     6 |   - {corsPolicy: {maxAge: 1d, allowCredentials: "no", unmatchedPreflights: DROP}, mirrorPercentage: 10, directResponse: …
       |                           ^^
       = hint: Go knows no days: write `24h`

    error: `allowCredentials` must be `true` or `false`, found the text "no"
      --> policy.yaml:6:49, spec.http[0].corsPolicy.allowCredentials
       |
     6 |   - {corsPolicy: {maxAge: 1d, allowCredentials: "no", unmatchedPreflights: DROP}, mirrorPercentage: 10, directResponse: …
       |                                                 ^^^^

    error: `unmatchedPreflights` cannot be the text "DROP"
      --> policy.yaml:6:76, spec.http[0].corsPolicy.unmatchedPreflights
       |
     6 | …: {maxAge: 1d, allowCredentials: "no", unmatchedPreflights: DROP}, mirrorPercentage: 10, directResponse: {status: -1}}
       |                                                              ^^^^
       = accepted: `UNSPECIFIED`, `FORWARD`, `IGNORE`

    error: `mirrorPercentage` must be a mapping, found the number 10
      --> policy.yaml:6:101, spec.http[0].mirrorPercentage
       |
     6 | …ntials: "no", unmatchedPreflights: DROP}, mirrorPercentage: 10, directResponse: {status: -1}}
       |                                                              ^^
       = accepted: `{value: 10}`

    error: `status` must be a whole number, found the number -1
      --> policy.yaml:6:130, spec.http[0].directResponse.status
       |
     6 | …ghts: DROP}, mirrorPercentage: 10, directResponse: {status: -1}}
       |                                                              ^^
       = accepted: 0 to 4294967295
    "#
    );
}

#[test]
fn wrong_values_of_routes_for_connections_are_told() {
    insta::assert_snapshot!(
        refused(&istio("VirtualService", "\n  hosts: [a]\n  tls: [{match: [{sniHosts: a.b, port: https}]}]\n  tcp: [{route: [{destination: b}]}]")),
        @r#"
    error: `sniHosts` must be a list, found the text "a.b"
      --> policy.yaml:5:29, spec.tls[0].match[0].sniHosts
       |
     5 |   tls: [{match: [{sniHosts: a.b, port: https}]}]
       |                             ^^^
       = hint: write `["a.b"]`

    error: `port` must be a whole number, found the text "https"
      --> policy.yaml:5:40, spec.tls[0].match[0].port
       |
     5 |   tls: [{match: [{sniHosts: a.b, port: https}]}]
       |                                        ^^^^^
       = accepted: 0 to 65535

    error: `destination` must be a mapping, found the text "b"
      --> policy.yaml:6:32, spec.tcp[0].route[0].destination
       |
     6 |   tcp: [{route: [{destination: b}]}]
       |                                ^
    "#
    );
}
