//! osm-edge's limits and retries, alone and with its circuit breaker.

use futures_util::future::join_all;
use tower_mesh::policy::circuit_breaker::Counts;

use super::*;

const API: &str = "policy.openservicemesh.io/v1alpha1";

/// An `UpstreamTrafficSetting` with these lines in its `connectionSettings`.
fn setting(lines: &str) -> String {
    let lines = indented(2, lines);
    let spec = format!("host: httpbin.bookinfo.svc.cluster.local\nconnectionSettings:\n{lines}");
    document(API, "UpstreamTrafficSetting", HOST, &spec)
}

/// A `Retry` to that service.
fn retry(policy: &str) -> String {
    let spec = format!(
        "source: {{kind: ServiceAccount, name: client, namespace: bookinfo}}\n\
         destinations: [{{kind: Service, name: httpbin, namespace: bookinfo}}]\n\
         retryPolicy: {policy}"
    );
    document(API, "Retry", HOST, &spec)
}

/// Scenario 1 of the exercise.
const LIMITS: &str = "tcp: {maxConnections: 1}
http: {maxPendingRequests: 1, maxRequestsPerConnection: 1}";

fn counts(play: &Play) -> Counts {
    play.mesh.circuit_breaker(HOST, 8000).expect("a policy names it").counts()
}

// ===== limits =====

/// Fortio `-c 3 -n 50`.
#[tokio::test(start_paused = true)]
async fn scenario_1_answers_some_of_fifty_and_refuses_the_others() {
    let play = Play::new(&setting(LIMITS), Echo::new().latency(ms(5)));
    let report = play.load(3, 50).await;
    let refused = report.count(503);
    assert_eq!(report.count(200) + refused, 50, "{report}");
    assert!(refused > 0 && report.count(200) > 0, "{report}");
    assert_eq!(play.limits().status().pending_overflow, refused);
    assert_eq!((play.upstream.seen().max_active, play.upstream.seen().calls), (1, report.count(200)));
    play.is_at_rest();
    assert_eq!(Play::new("", Echo::new().latency(ms(5))).load(3, 50).await.count(200), 50);
}

/// Case 39 of osm-edge: the third of three is refused at once, in its own words.
#[tokio::test(start_paused = true)]
async fn of_three_at_once_the_third_is_refused_in_osm_edges_words() {
    let play = Play::new(&setting(LIMITS), Echo::new().latency(ms(5)));
    let answers = join_all([play.get(), play.get(), play.get()]).await;
    let told: Vec<_> = answers.iter().map(Got::seen).collect();
    assert_eq!(told, [seen(200, "-", 5), seen(200, "-", 10), seen(503, "UO", 0)]);
    assert_eq!(answers[2].content(), "Service Unavailable");
    assert_eq!(answers[2].header("x-envoy-overloaded"), None);
    assert_eq!(play.limits().overflows(), 1);
}

// ===== retries =====

/// Case 45 of osm-edge: five more tries, after one, two, four, eight and ten times the base.
#[tokio::test(start_paused = true)]
async fn waits_double_up_to_ten_times_the_base_and_no_chance_is_in_them() {
    let policy = "{retryOn: 5xx, numRetries: 5, retryBackoffBaseInterval: 1s, perTryTimeout: 1s}";
    let play = Play::new(&retry(policy), Echo::new().status(503).header("x-who", "upstream"));
    let got = play.get().await;
    assert_eq!(play.heard_at(), [0, 1001, 3002, 7003, 15_004, 25_005]);
    assert_eq!(got.seen(), seen(503, "URX", 25_006));
    assert_eq!(got.header("x-who"), Some("upstream"), "the last answer is the answer");
}

/// Case 46 of osm-edge.
#[tokio::test(start_paused = true)]
async fn statuses_are_retried_by_number_and_by_class_and_words_say_nothing() {
    for (on, status, calls) in [
        ("503", 503, 3),
        ("503", 502, 1),
        ("503,429", 429, 3),
        ("5xx", 511, 3),
        ("5xx", 499, 1),
        ("4xx, 503", 404, 3),
        ("", 500, 3),
        ("503, connect-failure", 503, 3),
        ("connect-failure", 503, 1),
    ] {
        let play =
            Play::new(&retry(&format!("{{retryOn: '{on}', numRetries: 2}}")), Echo::new().status(status));
        play.get().await;
        assert_eq!(play.upstream.seen().calls, calls, "{on} and {status}");
        assert_eq!(play.has_note("`connect-failure` matches nothing"), on.contains("connect"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_number_nothing_is_retried() {
    let play = Play::new(&retry("{retryOn: 5xx}"), Echo::new().status(503));
    assert_eq!(play.get().await.seen(), seen(503, "-", 1));
    assert!(play.has_note("never retries: `numRetries` is not set"));
}

/// Unlike osm-edge, which reads this time and does nothing with it.
#[tokio::test(start_paused = true)]
async fn a_try_is_given_up_after_its_time_and_counts_as_a_504() {
    let policy = |on| {
        retry(&format!(
            "{{retryOn: {on}, numRetries: 2, perTryTimeout: 200ms, retryBackoffBaseInterval: 100ms}}"
        ))
    };
    let play = Play::new(&policy("5xx"), Echo::new().hang());
    let got = play.get().await;
    assert_eq!(play.heard_at(), [0, 300, 700]);
    assert_eq!((got.seen(), got.reason()), (seen(504, "URX,UT", 900), Some(Reason::TryTimeout)));
    assert_eq!(play.upstream.seen().abandoned, 3);

    let play = Play::new(&policy("504"), Echo::new().hang());
    assert_eq!(play.get().await.seen(), seen(504, "URX,UT", 900));
    for other in ["500", "503"] {
        let play = Play::new(&policy(other), Echo::new().hang());
        assert_eq!(play.get().await.seen(), seen(504, "UT", 200), "not among the statuses");
        assert_eq!(play.upstream.seen().calls, 1);
    }
}

/// Unlike osm-edge, which does not try again where no answer came.
#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_retried_like_the_503_that_it_would_be() {
    for (on, calls) in [("5xx", 3), ("503", 3), ("504", 1), ("429", 1)] {
        let play = Play::new(&retry(&format!("{{retryOn: {on}, numRetries: 2}}")), Echo::new().refuse());
        assert_eq!(play.load(1, 1).await.count(503), 0, "an error stays an error");
        assert_eq!(play.upstream.seen().refused, calls, "{on}");
    }
}

/// `maxRetries`: no more at once in all.
#[tokio::test(start_paused = true)]
async fn retries_beyond_the_limit_on_them_are_not_made() {
    let yaml = setting("http: {maxRetries: 1}") + &retry("{retryOn: 5xx, numRetries: 1}");
    let play = Play::new(&yaml, Echo::new().status(503).size(3));
    let answers = join_all([play.get(), play.get(), play.get()]).await;
    let mut flags: Vec<_> = answers.iter().map(Got::flags).collect();
    flags.sort_unstable();
    assert_eq!(flags, ["UO", "UO", "URX"]);
    assert!(answers.iter().all(|answer| answer.content() == "xxx" && answer.refusal().is_none()));
    assert_eq!((play.upstream.seen().calls, play.limits().status().retry_overflow), (4, 2));
    play.is_at_rest();
}

// ===== all together =====

const BREAKER: &str = "http: {circuitBreaking: {statTimeWindow: 1m, minRequestAmount: 1, \
                       errorAmountThreshold: 2, degradedTimeWindow: 1m, degradedStatusCode: 520}}";

/// Case 27 of osm-edge: 503, 503, 200 is one request without an error.
#[tokio::test(start_paused = true)]
async fn the_breaker_sees_what_comes_of_all_tries_and_how_long_they_took() {
    let yaml = setting(BREAKER) + &retry("{retryOn: 5xx, numRetries: 2, retryBackoffBaseInterval: 100ms}");
    let play = Play::new(&yaml, Echo::new().status(503).every(3, 200));
    // Three tries of a millisecond, waits of 100 and 200.
    assert_eq!(play.get().await.seen(), seen(200, "-", 303));
    let seen = counts(&play);
    assert_eq!((seen.total, seen.error), (1, 0));
    for _ in 0..10 {
        assert_eq!(play.get().await.status(), 200);
    }
    assert_eq!((counts(&play).total, counts(&play).error), (11, 0));
    assert_eq!(play.upstream.seen().calls, 33);

    // The same time is one slow request, where slowness counts.
    let slow = BREAKER.replace("errorAmountThreshold: 2", "slowTimeThreshold: 300ms, slowAmountThreshold: 1");
    let yaml = setting(&slow) + &retry("{retryOn: 5xx, numRetries: 2, retryBackoffBaseInterval: 100ms}");
    let play = Play::new(&yaml, Echo::new().status(503).every(3, 200));
    assert_eq!((play.get().await.status(), play.get().await.status()), (200, 520));
}

/// Used-up tries are one error, a refusal by the limits none; and what the open circuit answers reaches nobody.
#[tokio::test(start_paused = true)]
async fn limits_breaker_and_retries_work_together() {
    let http = BREAKER.replace("http: {", "http: {maxPendingRequests: 1, ");
    let yaml = setting(&format!("tcp: {{maxConnections: 1}}\n{http}"))
        + &retry("{retryOn: 5xx, numRetries: 1, retryBackoffBaseInterval: 10ms}");
    let play = Play::new(&yaml, Echo::new().status(503).latency(ms(5)));

    let answers = join_all([play.get(), play.get(), play.get()]).await;
    assert_eq!(answers[2].content(), "Service Unavailable");
    assert_eq!(answers[2].seen(), seen(503, "UO", 0), "it was not tried again");
    // The second goes while the first waits to try again.
    assert_eq!(answers[0].seen(), seen(503, "URX", 20));
    assert_eq!(answers[1].seen(), seen(503, "URX", 25));
    assert_eq!((play.upstream.seen().calls, play.upstream.seen().max_active), (4, 1));
    assert_eq!(play.limits().overflows(), 1);

    let open = play.get().await;
    assert_eq!((open.seen(), open.reason()), (seen(520, "UO", 0), Some(Reason::CircuitOpen)));
    assert_eq!(play.upstream.seen().calls, 4);
    play.is_at_rest();
}
