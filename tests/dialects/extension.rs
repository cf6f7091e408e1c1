//! `towerMesh` inside `circuitBreaking`: what osm-edge cannot say.

use insta::assert_snapshot;

use crate::osm::{breaker, errors, load, mesh, notes};

/// A block whose errors open it, with this inside of `towerMesh`.
fn extended(inside: &str) -> String {
    breaker(&format!("errorAmountThreshold: 5, towerMesh: {{{inside}}}"))
}

/// The plan's line for a block.
fn planned(block: &str) -> String {
    mesh(&breaker(block)).plan().destinations[0].way.stations[0].to_string()
}

const WHOLE: &str = "errorRatioThreshold: 0.5, degradedTimeWindow: 10s, towerMesh: {
    slidingBuckets: 10,
    consecutiveErrorThreshold: 5,
    openTime: {growthFactor: 1.5, most: 5m, jitter: 0.2},
    halfOpen: {concurrentProbes: 3, successes: 3, failures: 2, deadline: 5s},
    abandoned: failure, abandonedAfter: 2s,
    shadow: true,
    grpcReply: plain}";

#[test]
fn a_plan_tells_all_of_it_and_no_note_is_made() {
    assert_snapshot!(planned(WHOLE), @r#"circuit breaker, one per port: in shadow, it tells and never refuses: opens at an error ratio of 0.5 (from 100 requests on) or 5 errors in a row, counted over the last 30s in 10 buckets; a call abandoned after 2s is an error; open for 10s, growing by 1.5 up to 5m, shortened by up to 0.2; then up to 3 probes at a time: closes at 3 good, opens again at 2 bad, after 5s at the latest; meanwhile 409 "Coming soon ...", also to gRPC"#);
    assert_snapshot!(notes(&breaker(WHOLE)), @"");
    let station = &mesh(&breaker(WHOLE)).plan().destinations[0].way.stations[0];
    assert_snapshot!(serde_json::to_string_pretty(station).expect("JSON"), @r#"
    {
      "circuitBreaker": {
        "window": "30s",
        "slidingBuckets": 10,
        "errorRatio": 0.5,
        "consecutiveErrors": 5,
        "slowTime": "5s",
        "minimumRequests": 100,
        "openFor": "10s",
        "openTime": {
          "growthFactor": 1.5,
          "most": "5m",
          "jitter": 0.2
        },
        "recovery": "half-open",
        "halfOpen": {
          "concurrentProbes": 3,
          "successes": 3,
          "failures": 2,
          "deadline": "5s"
        },
        "abandoned": "failure",
        "abandonedAfter": "2s",
        "shadow": true,
        "status": 409,
        "content": "Coming soon ...",
        "grpc": "plain"
      }
    }
    "#);
}

#[test]
fn a_plan_tells_the_last_calls_and_a_ratio_of_probes() {
    let block = "errorRatioThreshold: 0.5, slowAmountThreshold: 9, towerMesh: {lastCalls: 50, abandoned: slow, \
                 openTime: {jitter: 0.1}, halfOpen: {probes: 10, errorRatio: 0.3}}";
    assert_snapshot!(planned(block), @r#"circuit breaker, one per port: opens at an error ratio of 0.5 (from 50 requests on) or 9 slow responses (slow from 5s), counted over the last 50 calls; an abandoned call can be slow; open for 30s, shortened by up to 0.1; then one probe at a time: opens again if 0.3 of 10 are bad, else closes, after 30s at the latest; meanwhile 409 "Coming soon ...""#);
    let station = &mesh(&breaker(block)).plan().destinations[0].way.stations[0];
    assert_snapshot!(serde_json::to_string(station).expect("JSON"), @r#"{"circuitBreaker":{"lastCalls":50,"errorRatio":0.5,"slowAmount":9,"slowTime":"5s","minimumRequests":50,"openFor":"30s","openTime":{"jitter":0.1},"recovery":"half-open","halfOpen":{"concurrentProbes":1,"probes":10,"errorRatio":0.3,"deadline":"30s"},"abandoned":"slow","shadow":false,"status":409,"content":"Coming soon ...","grpc":"unavailable"}}"#);
}

#[test]
fn an_empty_half_open_block_switches_the_default_on() {
    assert_snapshot!(planned("errorAmountThreshold: 5, towerMesh: {halfOpen: {}}"), @r#"circuit breaker, one per port: opens at 5 errors, counted over 30s; open for 30s; then one probe at a time: closes at 1 good, opens again at 1 bad, after 30s at the latest; meanwhile 409 "Coming soon ...""#);
    assert_snapshot!(planned("errorAmountThreshold: 5, towerMesh: {halfOpen: }"), @r#"circuit breaker, one per port: opens at 5 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ...""#);
    assert_snapshot!(planned("towerMesh: {consecutiveErrorThreshold: 5, abandoned: failure}"), @r#"circuit breaker, one per port: opens at 5 errors in a row; an abandoned call is an error; open for 30s, then straight closed; meanwhile 409 "Coming soon ...""#);
}

#[test]
fn unknown_fields_are_notes_or_when_strict_errors() {
    let text = extended("halfopen: {}, halfOpen: {success: 1}, mostKeys: 5");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:8:62 spec.connectionSettings.http.circuitBreaking.towerMesh.halfopen: the field `halfopen` is unknown here; did you mean `halfOpen`?
    policy.yaml:8:87 spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.success: the field `success` is unknown here; did you mean `successes`?
    policy.yaml:8:100 spec.connectionSettings.http.circuitBreaking.towerMesh.mostKeys: the field `mostKeys` is unknown here
    ");
    assert_snapshot!(load(&text).strict(true).build().expect_err("strict"), @r"
    error: the field `halfopen` is unknown here
      --> policy.yaml:8:62, spec.connectionSettings.http.circuitBreaking.towerMesh.halfopen
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfopen: {}, halfOpen: {success: 1}, mostKeys: 5}}
       |                                                              ^^^^^^^^
       = accepted: `slidingBuckets`, `lastCalls`, `consecutiveErrorThreshold`, `openTime`, `halfOpen`, `abandoned`, `abandonedAfter`, `shadow`, `grpcReply`
       = hint: did you mean `halfOpen`?

    error: the field `success` is unknown here
      --> policy.yaml:8:87, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.success
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfopen: {}, halfOpen: {success: 1}, mostKeys: 5}}
       |                                                                                       ^^^^^^^
       = accepted: `concurrentProbes`, `successes`, `failures`, `probes`, `errorRatio`, `deadline`
       = hint: did you mean `successes`?

    error: the field `mostKeys` is unknown here
      --> policy.yaml:8:100, spec.connectionSettings.http.circuitBreaking.towerMesh.mostKeys
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfopen: {}, halfOpen: {success: 1}, mostKeys: 5}}
       |                                                                                                    ^^^^^^^^
       = accepted: `slidingBuckets`, `lastCalls`, `consecutiveErrorThreshold`, `openTime`, `halfOpen`, `abandoned`, `abandonedAfter`, `shadow`, `grpcReply`
    ");
}

#[test]
fn a_zero_is_refused_where_it_means_nothing() {
    assert_snapshot!(errors(&extended("slidingBuckets: 0")), @r"
    error: `towerMesh.slidingBuckets` cannot be 0
      --> policy.yaml:8:78, spec.connectionSettings.http.circuitBreaking.towerMesh.slidingBuckets
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {slidingBuckets: 0}}
       |                                                                              ^
       = accepted: 1 to 1000, each of them a nanosecond at least
    ");
    assert_snapshot!(errors(&extended("lastCalls: 0")), @r"
    error: `towerMesh.lastCalls` cannot be 0
      --> policy.yaml:8:73, spec.connectionSettings.http.circuitBreaking.towerMesh.lastCalls
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {lastCalls: 0}}
       |                                                                         ^
       = accepted: 1 to 1000000
    ");
    assert_snapshot!(errors(&extended("consecutiveErrorThreshold: 0")), @r"
    error: `towerMesh.consecutiveErrorThreshold` cannot be 0
      --> policy.yaml:8:89, spec.connectionSettings.http.circuitBreaking.towerMesh.consecutiveErrorThreshold
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {consecutiveErrorThreshold: 0}}
       |                                                                                         ^
       = accepted: at least 1
    ");
    assert_snapshot!(errors(&extended("openTime: {jitter: 0}")), @r"
    error: `towerMesh.openTime.jitter` cannot be 0
      --> policy.yaml:8:81, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.jitter
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {jitter: 0}}}
       |                                                                                 ^
       = accepted: above 0 and at most 1 (0.10 is ten percent)
    ");
    assert_snapshot!(errors(&extended("halfOpen: {successes: 0}")), @r"
    error: `towerMesh.halfOpen.successes` cannot be 0
      --> policy.yaml:8:84, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.successes
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {successes: 0}}}
       |                                                                                    ^
       = accepted: 1 to 10000
    ");
    assert_snapshot!(errors(&extended("abandoned: failure, abandonedAfter: 0s")), @r"
    error: `towerMesh.abandonedAfter` cannot be 0s
      --> policy.yaml:8:98, spec.connectionSettings.http.circuitBreaking.towerMesh.abandonedAfter
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {abandoned: failure, abandonedAfter: 0s}}
       |                                                                                                  ^^
       = accepted: longer than zero, together with `abandoned: failure`
    ");
}

#[test]
fn a_value_out_of_bounds_is_named_with_its_place() {
    let lines = breaker("errorAmountThreshold: 5,\n  towerMesh: {\n    halfOpen: {\n      deadline: 0s}}");
    assert_snapshot!(errors(&lines), @r"
    error: `towerMesh.halfOpen.deadline` cannot be zero
      --> policy.yaml:11:17, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.deadline
       |
    11 |       deadline: 0s}}}
       |                 ^^
       = accepted: longer than zero
    ");
    assert_snapshot!(errors(&extended("halfOpen: {deadline: -1s}")), @r"
    error: `towerMesh.halfOpen.deadline` cannot be -1s
      --> policy.yaml:8:83, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.deadline
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {deadline: -1s}}}
       |                                                                                   ^^^
       = accepted: longer than zero
    ");
    assert_snapshot!(errors(&extended("halfOpen: {concurrentProbes: 10001}")), @r"
    error: `towerMesh.halfOpen.concurrentProbes` cannot be 10001
      --> policy.yaml:8:91, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.concurrentProbes
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {concurrentProbes: 10001}}}
       |                                                                                           ^^^^^
       = accepted: 1 to 10000
    ");
    assert_snapshot!(errors(&extended("halfOpen: {probes: 10, errorRatio: 1.5}")), @r"
    error: `towerMesh.halfOpen.errorRatio` cannot be 1.5
      --> policy.yaml:8:97, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.errorRatio
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {probes: 10, errorRatio: 1.5}}}
       |                                                                                                 ^^^
       = accepted: above 0 and at most 1 (0.10 is ten percent), together with `probes`
    ");
    assert_snapshot!(errors(&extended("openTime: {growthFactor: 0.5, most: 1m}")), @r"
    error: `towerMesh.openTime.growthFactor` cannot be 0.5
      --> policy.yaml:8:87, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.growthFactor
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {growthFactor: 0.5, most: 1m}}}
       |                                                                                       ^^^
       = accepted: 1 to 1000, together with `most`
    ");
    assert_snapshot!(errors(&extended("openTime: {growthFactor: 2, most: 20s}")), @r"
    error: `towerMesh.openTime.most` cannot be 20s
      --> policy.yaml:8:96, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.most
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {growthFactor: 2, most: 20s}}}
       |                                                                                                ^^^
       = accepted: at least as long as `degradedTimeWindow` (30s unless set), together with `growthFactor`
    ");
    let short = breaker("statTimeWindow: 500ns, errorAmountThreshold: 5, towerMesh: {slidingBuckets: 1000}");
    assert_snapshot!(errors(&short), @r"
    error: `towerMesh.slidingBuckets` cannot be 1000 in 500ns
      --> policy.yaml:8:101, spec.connectionSettings.http.circuitBreaking.towerMesh.slidingBuckets
       |
     8 |       circuitBreaking: {statTimeWindow: 500ns, errorAmountThreshold: 5, towerMesh: {slidingBuckets: 1000}}
       |                                                                                                     ^^^^
       = accepted: 1 to 1000, each of them a nanosecond at least
    ");
}

#[test]
fn a_value_of_another_kind_is_named_with_its_place() {
    assert_snapshot!(errors(&extended("halfOpen: true")), @r"
    error: `halfOpen` must be a mapping, found `true`
      --> policy.yaml:8:72, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: true}}
       |                                                                        ^^^^
    ");
    assert_snapshot!(errors(&extended("abandoned: failures")), @r#"
    error: `abandoned` cannot be the text "failures"
      --> policy.yaml:8:73, spec.connectionSettings.http.circuitBreaking.towerMesh.abandoned
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {abandoned: failures}}
       |                                                                         ^^^^^^^^
       = accepted: `neutral`, `failure`, `slow`
       = hint: did you mean `failure`?
    "#);
    assert_snapshot!(errors(&extended("grpcReply: 14")), @r"
    error: `grpcReply` cannot be the number 14
      --> policy.yaml:8:73, spec.connectionSettings.http.circuitBreaking.towerMesh.grpcReply
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {grpcReply: 14}}
       |                                                                         ^^
       = accepted: `unavailable`, `plain`
    ");
    assert_snapshot!(errors(&extended("openTime: {growthFactor: twice, most: 60}")), @r#"
    error: `growthFactor` must be a number, found the text "twice"
      --> policy.yaml:8:87, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.growthFactor
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {growthFactor: twice, most: 60}}}
       |                                                                                       ^^^^^

    error: `most` must be a duration such as `1m` or `200ms`, found the number 60
      --> policy.yaml:8:100, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.most
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {growthFactor: twice, most: 60}}}
       |                                                                                                    ^^
       = hint: write `60s`
    "#);
}

#[test]
fn fields_that_need_another_or_exclude_it_are_named() {
    assert_snapshot!(errors(&extended("slidingBuckets: 10, lastCalls: 100")), @r"
    error: `towerMesh.slidingBuckets` cannot be set together with `lastCalls` (100)
      --> policy.yaml:8:78, spec.connectionSettings.http.circuitBreaking.towerMesh.slidingBuckets
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {slidingBuckets: 10, lastCalls: 100}}
       |                                                                              ^^
       = accepted: one of the two, not both
    ");
    assert_snapshot!(errors(&extended("openTime: {growthFactor: 2}")), @r"
    error: `towerMesh.openTime.most` cannot be missing
      --> policy.yaml:8:62, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.most
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {growthFactor: 2}}}
       |                                                              ^^^^^^^^
       = accepted: at least as long as `degradedTimeWindow` (30s unless set), together with `growthFactor`
    ");
    assert_snapshot!(errors(&extended("openTime: {most: 5m}")), @r"
    error: `towerMesh.openTime.growthFactor` cannot be missing
      --> policy.yaml:8:62, spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.growthFactor
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {openTime: {most: 5m}}}
       |                                                              ^^^^^^^^
       = accepted: 1 to 1000, together with `most`
    ");
    assert_snapshot!(errors(&extended("halfOpen: {probes: 10}")), @r"
    error: `towerMesh.halfOpen.errorRatio` cannot be missing
      --> policy.yaml:8:62, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.errorRatio
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {probes: 10}}}
       |                                                              ^^^^^^^^
       = accepted: above 0 and at most 1 (0.10 is ten percent), together with `probes`
    ");
    assert_snapshot!(errors(&extended("halfOpen: {errorRatio: 0.5}")), @r"
    error: `towerMesh.halfOpen.probes` cannot be missing
      --> policy.yaml:8:62, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.probes
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {errorRatio: 0.5}}}
       |                                                              ^^^^^^^^
       = accepted: 1 to 10000, together with `errorRatio`
    ");
    assert_snapshot!(errors(&extended("halfOpen: {probes: 10, errorRatio: 0.5, failures: 2}")), @r"
    error: `towerMesh.halfOpen.failures` cannot be set together with `probes` and `errorRatio`
      --> policy.yaml:8:112, spec.connectionSettings.http.circuitBreaking.towerMesh.halfOpen.failures
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {halfOpen: {probes: 10, errorRatio: 0.5, failures: 2}}}
       |                                                                                                                ^
       = accepted: one way to decide: `successes` and `failures`, or `probes` and `errorRatio`
    ");
    assert_snapshot!(errors(&extended("abandoned: slow, abandonedAfter: 1s")), @r"
    error: `towerMesh.abandonedAfter` cannot be set without `abandoned: failure`
      --> policy.yaml:8:95, spec.connectionSettings.http.circuitBreaking.towerMesh.abandonedAfter
       |
     8 |       circuitBreaking: {errorAmountThreshold: 5, towerMesh: {abandoned: slow, abandonedAfter: 1s}}
       |                                                                                               ^^
       = accepted: longer than zero, together with `abandoned: failure`
    ");
    let more = breaker("errorRatioThreshold: 0.5, minRequestAmount: 21, towerMesh: {lastCalls: 20}");
    assert_snapshot!(errors(&more), @r"
    error: `minRequestAmount` cannot be 21
      --> policy.yaml:8:69, spec.connectionSettings.http.circuitBreaking.minRequestAmount
       |
     8 |       circuitBreaking: {errorRatioThreshold: 0.5, minRequestAmount: 21, towerMesh: {lastCalls: 20}}
       |                                                                     ^^
       = accepted: no more than `towerMesh.lastCalls`, or 0 for the default (100, or `lastCalls` if that is fewer)
    ");
}

#[test]
fn what_has_no_effect_is_told() {
    let block = "statTimeWindow: 1m, errorAmountThreshold: 21, towerMesh: {lastCalls: 20, abandoned: slow, \
                 openTime: {growthFactor: 1, most: 1m}}";
    assert_snapshot!(notes(&breaker(block)), @r"
    policy.yaml:8:41 spec.connectionSettings.http.circuitBreaking.statTimeWindow: has no effect: `towerMesh.lastCalls` counts instead of a window of time
    policy.yaml:8:67 spec.connectionSettings.http.circuitBreaking.errorAmountThreshold: is never reached: only the last 20 calls are counted
    policy.yaml:8:109 spec.connectionSettings.http.circuitBreaking.towerMesh.abandoned: has no effect: neither `slowAmountThreshold` nor `slowRatioThreshold` is set
    policy.yaml:8:140 spec.connectionSettings.http.circuitBreaking.towerMesh.openTime.growthFactor: has no effect: a factor of 1 lets nothing grow
    ");
    assert_snapshot!(notes(&breaker("towerMesh: {consecutiveErrorThreshold: 5, slidingBuckets: 10}")), @"policy.yaml:8:83 spec.connectionSettings.http.circuitBreaking.towerMesh.slidingBuckets: has no effect: errors one after another are counted without a window");
    assert_snapshot!(notes(&breaker("statTimeWindow: 1m, slowTimeThreshold: 0s, towerMesh: {consecutiveErrorThreshold: 5}")), @"policy.yaml:8:41 spec.connectionSettings.http.circuitBreaking.statTimeWindow: has no effect: errors one after another are counted without a window");
    assert_snapshot!(notes(&breaker("slowAmountThreshold: 5, towerMesh: {abandoned: failure}")), @"policy.yaml:8:72 spec.connectionSettings.http.circuitBreaking.towerMesh.abandoned: is no error here: no threshold of errors is set");
    assert_snapshot!(notes(&breaker("towerMesh: {halfOpen: {}}")), @"policy.yaml:8:7 spec.connectionSettings.http.circuitBreaking: can never open: no threshold is set");
}
