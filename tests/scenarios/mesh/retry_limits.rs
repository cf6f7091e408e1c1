//! Limits on retries by YAML: a number of them, or a share of what is under way.

use futures_util::future::join_all;

use super::*;

const RETRIES: &str = "retries: {attempts: 1, retryOn: 5xx}";

fn failing(rule: &str) -> Play {
    let upstream = Echo::new().status(503).size(3).latency(ms(20)).header("x-who", "upstream");
    Play::new(&(route(RETRIES) + &rule_for(HOST, rule)), upstream)
}

/// So many calls at once: how many were tried again, and how many were not for lack of a place.
async fn crowd(play: &Play, calls: usize) -> (usize, usize) {
    let before = (play.upstream.seen().calls, play.limits().status().retry_overflow);
    let answers = join_all((0..calls).map(|_| play.get())).await;
    for answer in &answers {
        assert_eq!(
            (answer.status(), answer.content(), answer.header("x-who")),
            (503, "xxx", Some("upstream"))
        );
        assert_eq!((answer.refusal(), answer.header("x-envoy-overloaded")), (None, None));
    }
    let with = |flags: &str| answers.iter().filter(|answer| answer.flags() == flags).count();
    let (again, overflow) = (with("URX"), with("UO"));
    assert_eq!(again + overflow, calls);
    assert_eq!(play.upstream.seen().calls - before.0, (calls + again) as u64);
    assert_eq!(play.limits().status().retry_overflow - before.1, overflow as u64);
    play.is_at_rest();
    (again, overflow)
}

/// Twenty clients, of whom one may try again at a time: the others get the upstream's own answer. Seen on Envoy, S7.18.
#[tokio::test(start_paused = true)]
async fn beyond_the_limit_on_retries_the_upstreams_own_answer_is_the_callers() {
    let play = failing("connectionPool: {http: {maxRetries: 1}}");
    assert_eq!(crowd(&play, 20).await, (1, 19));
    assert_eq!(crowd(&play, 1).await, (1, 0), "its place is free again");
}

/// Seen on Envoy, S7.17: there it was 7.
#[tokio::test(start_paused = true)]
async fn under_load_few_of_four_hundred_are_tried_again() {
    let play = failing("connectionPool: {http: {maxRetries: 1}}");
    let report = play.load(20, 400).await;
    assert_eq!(report.count(503), 400);
    assert_eq!(report.flagged(Flags::UO) + report.flagged(Flags::URX), 400, "{report}");
    assert!((1..=20).contains(&report.flagged(Flags::URX)), "{report}");
    assert_eq!(play.limits().status().retry_overflow, report.flagged(Flags::UO));
}

#[tokio::test(start_paused = true)]
async fn zero_is_no_limit() {
    let play = failing("connectionPool: {http: {maxRetries: 0, http2MaxRequests: 100}}");
    assert_eq!(crowd(&play, 20).await, (20, 0));
}

/// Case 33 of Envoy: a fifth of what is under way, and three at least. Seen on Envoy, S7.20.
#[tokio::test(start_paused = true)]
async fn a_budget_allows_a_share_of_what_is_under_way_and_a_few_at_least() {
    let play = failing("retryBudget: {percent: 20, minRetryConcurrency: 3}");
    assert_eq!(crowd(&play, 5).await, (3, 2));
    assert_eq!(crowd(&play, 15).await, (3, 12));
    // Who has been answered is not under way any more when the next one asks.
    let (again, _) = crowd(&play, 100).await;
    assert!((15..=20).contains(&again), "{again}");
    assert_eq!(crowd(&play, 3).await, (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_budget_counts_instead_of_a_number_and_that_is_told() {
    let play = failing(
        "connectionPool: {http: {maxRetries: 1}}\nretryBudget: {percent: 100, minRetryConcurrency: 10}",
    );
    assert!(play.has_note("maxRetries: has no effect beside a `retryBudget`"));
    assert_eq!(crowd(&play, 10).await, (10, 0));
}

/// What waits for a place is under way too.
#[tokio::test(start_paused = true)]
async fn a_budget_counts_those_who_wait() {
    let rule =
        "connectionPool: {tcp: {maxConnections: 50}}\nretryBudget: {percent: 20, minRetryConcurrency: 1}";
    let play = failing(rule);
    // Fifty are in flight, fifty wait; when the first fails a fifth of a hundred may be tried again.
    let (again, _) = crowd(&play, 100).await;
    assert!((11..=20).contains(&again), "more than a fifth of those in flight: {again}");
}
