//! Istio's `timeout` and `retries`.

use insta::assert_snapshot;
use tower_mesh::mesh::{DefaultRetries, Era};

use crate::{
    istio::{routes, told},
    osm::{load, mesh, notes},
};

fn plan(block: &str) -> String {
    told(&retries(block), &["retries:"])
}

fn retries(block: &str) -> String {
    routes(&[&format!("{{retries: {{{block}}}}}")])
}

#[test]
fn without_the_block_two_retries_of_what_was_not_sent() {
    assert_snapshot!(told(&routes(&["{timeout: 1s}"]), &["retries:"]), @"2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
}

#[test]
fn a_block_without_attempts_retries_nothing_and_is_told() {
    assert_snapshot!(plan(""), @"2. retries: none; tries are numbered");
    assert_snapshot!(notes(&retries("")), @"policy.yaml:7:6 spec.http[0].retries: never retries: without `attempts` the block disables retries");
    assert_snapshot!(notes(&retries("backoff: 1s, towerMesh: {methods: safe}")), @r"
    policy.yaml:7:6 spec.http[0].retries: never retries: without `attempts` the block disables retries
    policy.yaml:7:25 spec.http[0].retries.backoff: has no effect: nothing is tried again
    policy.yaml:7:29 spec.http[0].retries.towerMesh: has no effect: nothing is tried again
    ");
    assert_eq!(
        (plan("attempts: 0"), notes(&retries("attempts: 0")).as_str()),
        (plan(""), ""),
        "as was asked for"
    );
}

#[test]
fn attempts_alone_are_on_what_is_retried_by_default() {
    assert_snapshot!(plan("attempts: 1"), @"2. retries: once on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms; tries are numbered");
    assert_eq!(plan("attempts: 1, retryOn: \"\""), plan("attempts: 1"));
    let mut era = Era::CURRENT;
    let mut of = |retries| {
        era.default_retries = retries;
        let plan = load(&retries_text()).era(era).build().expect("a mesh").plan().to_string();
        plan.lines().last().unwrap_or_default().trim().to_owned()
    };
    assert_snapshot!(of(DefaultRetries::None), @"2. retries: up to 5 times on 5xx, connect-failure, refused-stream, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    assert_snapshot!(of(DefaultRetries::Also503), @"2. retries: up to 5 times on connect-failure, refused-stream, cancelled, unavailable, 503, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    assert_snapshot!(of(DefaultRetries::Unsent), @"2. retries: up to 5 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
}

fn retries_text() -> String {
    retries("attempts: 5")
}

#[test]
fn words_and_statuses_replace_the_default() {
    assert_snapshot!(plan("attempts: 3, retryOn: \"gateway-error,connect-failure,refused-stream\""), @"2. retries: up to 3 times on gateway-error, connect-failure, refused-stream, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    assert_snapshot!(plan("attempts: 3, retryOn: \"503,429,5xx,502\""), @"2. retries: up to 3 times on 5xx, 429, 502-503, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    let spaced = retries("attempts: 3, retryOn: \"5xx, reset\"");
    assert_snapshot!(told(&spaced, &["retries:"]), @"2. retries: up to 3 times on 5xx, reset, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    assert_snapshot!(notes(&spaced), @"policy.yaml:7:38 spec.http[0].retries.retryOn: read without its spaces, for which Istio refuses it");
    let listless = retries("attempts: 3, retryOn: retriable-status-codes");
    assert_snapshot!(told(&listless, &["retries:"]), @"2. retries: up to 3 times on retriable-status-codes, after up to 25ms and twice that each time, at most 250ms; tries are numbered");
    assert_snapshot!(notes(&listless), @"policy.yaml:7:38 spec.http[0].retries.retryOn: `retriable-status-codes` has no effect: no status is named");
    let idle = retries("attempts: 1, retryOn: 'refused-stream,retriable-headers'");
    assert_snapshot!(notes(&idle), @r"
    policy.yaml:7:38 spec.http[0].retries.retryOn: `retriable-headers` has no effect: no header can be named here
    policy.yaml:7:38 spec.http[0].retries.retryOn: `refused-stream` has no effect: a transport's errors do not show it
    ");
}

#[test]
fn a_try_that_may_take_as_long_as_all_tries_is_told() {
    let text = |timeout: &str, one: &str| {
        routes(&[&format!("{{timeout: {timeout}, retries: {{attempts: 2, perTryTimeout: {one}}}}}")])
    };
    assert_snapshot!(told(&text("1s", "250ms"), &["timeout:", "retries:"]), @r"
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; a try is given up after 250ms; tries are numbered
    ");
    assert_eq!(notes(&text("1s", "999ms")), "");
    assert_snapshot!(notes(&text("1s", "1s")), @"policy.yaml:7:57 spec.http[0].retries.perTryTimeout: has no effect: it is no shorter than the route's `timeout`");
    assert_snapshot!(notes(&text("1s", "2s").replace("perTryTimeout", "per_try_timeout")), @"policy.yaml:7:59 spec.http[0].retries.perTryTimeout: has no effect: it is no shorter than the route's `timeout`");
}

#[test]
fn where_requests_may_say_more_by_headers_nothing_is_said_to_have_no_effect() {
    let words = retries("attempts: 1, retryOn: 'retriable-status-codes,retriable-headers'");
    let time = routes(&["{timeout: 1s, retries: {attempts: 2, perTryTimeout: 1s}}"]);
    for (text, told) in [(words, 2), (time, 1)] {
        let notes = |era| load(&text).era(era).build().expect("a mesh").notes().len();
        assert_eq!((notes(Era::CURRENT), notes(Era::V1_14)), (told, 0));
    }
}

#[test]
fn waits_grow_from_the_base_to_ten_times_that() {
    assert_snapshot!(plan("attempts: 2, retryOn: reset, backoff: 100ms"), @"2. retries: up to 2 times on reset, after up to 100ms and twice that each time, at most 1s; tries are numbered");
}

/// Seen on Envoy, S7.21.
#[test]
fn endpoints_that_were_tried_are_avoided_unless_told_otherwise() {
    let avoids =
        |block: &str| format!("{:?}", mesh(&retries(block)).plan()).contains("avoid_previous_hosts: true");
    assert!(avoids("attempts: 1") && avoids("attempts: 1, retryIgnorePreviousHosts: true"));
    assert!(!avoids("attempts: 1, retryIgnorePreviousHosts: false"));
    assert_snapshot!(notes(&retries("attempts: 1, retryRemoteLocalities: true")), @"policy.yaml:7:52 spec.http[0].retries.retryRemoteLocalities: read, not applied: another try is picked for as the first was, near or far");
}

#[test]
fn what_istio_cannot_say_is_in_the_plan() {
    let text = "attempts: 2, retryOn: 5xx, perTryTimeout: 1s, \
                towerMesh: {methods: safe, honourRetryAfter: 5s, bodyLimit: 4096, hedging: true}";
    assert_snapshot!(plan(text), @"2. retries: up to 2 times on 5xx, after up to 25ms and twice that each time, at most 250ms; a try is joined by another when late by 1s; safe methods only; waits as the upstream asks, up to 5s; tries are numbered");
    let json = serde_json::to_value(mesh(&retries(text)).plan()).expect("JSON");
    let stations = json["destinations"][0]["stations"].as_array().expect("stations");
    assert_snapshot!(serde_json::to_string_pretty(stations.last().expect("retries")).expect("JSON"), @r#"
    {
      "retry": {
        "attempts": 2,
        "avoidPreviousHosts": true,
        "backoff": {
          "base": "25ms",
          "jitter": true,
          "most": "250ms"
        },
        "bodyLimit": 4096,
        "countAttempts": true,
        "hedging": true,
        "honourRetryAfter": "5s",
        "methods": "safe",
        "on": "5xx",
        "perTryTimeout": "1s",
        "trustRequestHeaders": false
      }
    }
    "#);
}

#[test]
fn in_an_old_era_a_sidecar_does_what_requests_say() {
    let mesh = load(&retries("")).era(Era::V1_5).build().expect("a mesh");
    assert_snapshot!(mesh.plan(), @r"
    era: request headers trusted, default retries of what was not sent and of a 503, round robin by default, ejections of one at least, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: none, but a gRPC call's `grpc-timeout`; a request's `x-envoy-upstream-rq-timeout-ms` counts instead
      2. retries: none; a request's `x-envoy-…` headers count instead; tries are numbered
      3. balance per port: one after another
    ");
}
