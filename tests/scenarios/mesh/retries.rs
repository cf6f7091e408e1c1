//! Retries by YAML: what is tried again, how often, after how long, and what the caller gets.

use tower_mesh::mesh::Era;

use super::*;

const ERAS: [Era; 4] = [Era::V0_8, Era::V1_5, Era::V1_14, Era::CURRENT];

fn retries(block: &str) -> String {
    route(&format!("retries: {block}"))
}

fn failing(block: &str) -> Play {
    Play::new(&retries(block), Echo::new().status(503))
}

// ===== what is tried again =====

/// Seen on Envoy, S5.14, S5.15, S7.6, S7.7, S7.8 and S7.9.
#[tokio::test(start_paused = true)]
async fn where_a_route_says_nothing_its_era_decides() {
    for (era, calls) in ERAS.into_iter().zip([1, 3, 3, 1]) {
        let play = Play::of(Mesh::builder().era(era), &route(""), Echo::new().status(503));
        let got = play.get().await;
        assert_eq!(play.upstream.seen().calls, calls, "an application's 503 in {era}");
        assert_eq!((got.status(), got.flags().as_str()), (503, if calls > 1 { "URX" } else { "-" }));
    }
    for (era, calls) in ERAS.into_iter().zip([1, 3, 3, 3]) {
        for yaml in [route(""), pool(ONE_AND_ONE)] {
            let play = Play::of(Mesh::builder().era(era), &yaml, Echo::new().refuse());
            assert!(play.client.clone().oneshot(get()).await.is_err(), "an error stays an error");
            assert_eq!(play.upstream.seen().refused, calls, "a refused connection in {era}");
        }
    }
    let play = Play::new(&route(""), Echo::new().reset());
    assert!(play.client.clone().oneshot(get()).await.is_err());
    assert_eq!(play.upstream.seen().reset, 1, "what was sent may have been done");
}

#[tokio::test(start_paused = true)]
async fn where_a_block_says_only_how_often_its_era_says_on_what() {
    for (era, status, calls) in [
        (Era::V0_8, 500, 4),
        (Era::V0_8, 499, 1),
        (Era::V1_14, 503, 4),
        (Era::V1_14, 500, 1),
        (Era::CURRENT, 503, 1),
    ] {
        let play = Play::of(Mesh::builder().era(era), &retries("{attempts: 3}"), Echo::new().status(status));
        play.get().await;
        assert_eq!(play.upstream.seen().calls, calls, "{status} in {era}");
    }
}

/// Seen on Envoy, S7.2: there it is one.
#[tokio::test(start_paused = true)]
async fn no_attempts_means_none_in_every_era() {
    for era in ERAS {
        for block in ["{attempts: 0}", "{}"] {
            for upstream in [Echo::new().status(503), Echo::new().refuse()] {
                let play = Play::of(Mesh::builder().era(era), &retries(block), upstream);
                drop(play.client.clone().oneshot(get()).await);
                assert_eq!(play.upstream.seen().calls, 1, "{block} in {era}");
            }
        }
    }
    assert!(failing("{}").has_note("never retries: without `attempts` the block disables retries"));
}

/// Seen on Envoy, S7.16.
#[tokio::test(start_paused = true)]
async fn words_and_numbers_say_which_answers_are_tried_again() {
    for (on, retried, not) in [
        ("5xx", &[500, 503, 511, 599][..], &[200, 404, 429, 499][..]),
        ("gateway-error", &[502, 503, 504], &[500, 501, 505]),
        ("retriable-4xx", &[409], &[404, 429, 503]),
        ("503,429", &[429, 503], &[500, 502]),
        ("connect-failure,reset", &[], &[503, 504]),
    ] {
        for (statuses, calls) in [(retried, 2), (not, 1)] {
            for status in statuses {
                let yaml = retries(&format!("{{attempts: 1, retryOn: '{on}'}}"));
                let play = Play::new(&yaml, Echo::new().status(*status));
                play.get().await;
                assert_eq!(play.upstream.seen().calls, calls, "{status} under {on}");
            }
        }
    }
}

/// Case 57 of Envoy: who is told to slow down is not pressed; whoever is overloaded further in is.
/// Seen on Envoy, S7.14 and S7.15.
#[tokio::test(start_paused = true)]
async fn an_answer_that_asks_for_less_is_not_tried_again_unless_that_is_said() {
    for (header, on, calls) in [
        ("x-envoy-ratelimited", "5xx", 1),
        ("x-envoy-ratelimited", "5xx,envoy-ratelimited", 2),
        ("x-envoy-overloaded", "5xx", 2),
    ] {
        let upstream = Echo::new().status(503).header(header, "true");
        let play = Play::new(&retries(&format!("{{attempts: 1, retryOn: '{on}'}}")), upstream);
        play.get().await;
        assert_eq!(play.upstream.seen().calls, calls, "{header} under {on}");
    }
}

/// Case 58 of Envoy.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_in_the_head_is_tried_again_by_its_name() {
    for (status, calls) in [("14", 3), ("1", 3), ("5", 1), ("0", 1)] {
        let play = Play::new(&route(""), Echo::new().header("grpc-status", status));
        play.ask(grpc()).await;
        assert_eq!(play.upstream.seen().calls, calls, "UNAVAILABLE and CANCELLED are, by default: {status}");
    }
}

// ===== how often, and what of it shows =====

/// Seen on Envoy, S7.1 and S7.4.
#[tokio::test(start_paused = true)]
async fn tries_are_numbered_whatever_the_caller_says() {
    let play = failing("{attempts: 2, retryOn: 5xx}");
    play.ask(with(get(), "x-envoy-attempt-count", "77")).await;
    let numbers = |heard: &[Heard]| -> Vec<String> {
        heard.iter().map(|heard| heard.header("x-envoy-attempt-count").unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&play.heard()), ["1", "2", "3"]);
    let play = Play::new(&route("retries: {attempts: 0}"), Echo::new());
    play.ask(with(get(), "x-envoy-attempt-count", "77")).await;
    assert_eq!(numbers(&play.heard()), ["1"], "also where nothing is tried again");
}

/// Seen on Envoy, S7.3 and S7.22.
#[tokio::test(start_paused = true)]
async fn when_no_try_is_left_the_upstreams_last_answer_is_the_callers() {
    let upstream = Echo::new().status(503).every(3, 599).header("x-who", "upstream");
    let play = Play::new(&retries("{attempts: 2, retryOn: 5xx}"), upstream);
    let got = play.ask(post("hello")).await;
    assert_eq!((got.status(), got.flags(), got.refusal()), (599, "URX".to_owned(), None));
    assert_eq!((got.header("x-who"), got.content()), (Some("upstream"), "hello"));
}

/// Seen on Envoy, S7.12.
#[tokio::test(start_paused = true)]
async fn a_post_is_sent_again_with_its_body() {
    let play = Play::new(&retries("{attempts: 2, retryOn: 5xx}"), Echo::new().status(503).every(3, 200));
    let got = play.ask(post("hello")).await;
    assert_eq!((got.status(), got.flags(), got.content()), (200, "-".to_owned(), "hello"));
    assert_eq!(play.upstream.seen().calls, 3);
}

/// Seen on Envoy, S1.7 and S7.23.
#[tokio::test(start_paused = true)]
async fn an_overflow_of_our_limits_is_not_tried_again() {
    let yaml = retries("{attempts: 5, retryOn: '5xx,reset,503,gateway-error'}") + &pool(ONE_AND_ONE);
    let play = Play::new(&yaml, Echo::new().latency(ms(5)));
    let report = play.load(10, 100).await;
    assert!(report.count(503) > 0);
    assert_eq!(play.upstream.seen().calls, report.count(200));
    assert_eq!(report.flagged(Flags::UO), report.count(503));
    assert_eq!(play.limits().overflows(), report.count(503));
}

// ===== after how long =====

/// The waits before each retry of a request, over many requests: the longest, and how many there were.
async fn longest_waits(block: &str) -> Vec<u128> {
    let play = Play::of(Mesh::builder().seed(5), &retries(block), Echo::new().status(503));
    let mut longest = Vec::new();
    for _ in 0..200 {
        play.get().await;
        let at = play.heard_at();
        longest.resize(at.len() - 1, 0);
        for (longest, pair) in longest.iter_mut().zip(at.windows(2)) {
            // The answer took a millisecond.
            *longest = (*longest).max(pair[1] - pair[0] - 1);
        }
    }
    longest
}

/// By chance in [0, base · 2ⁿ), at most ten times the base. A timer that is not at once takes a millisecond more at most.
/// Seen on Envoy, S7.11.
#[tokio::test(start_paused = true)]
async fn waits_are_drawn_below_a_bound_that_doubles_up_to_ten_times_the_base() {
    for (block, bounds) in [
        ("{attempts: 6, retryOn: 5xx}", [25, 50, 100, 200, 250, 250]),
        ("{attempts: 6, retryOn: 5xx, backoff: 100ms}", [100, 200, 400, 800, 1000, 1000]),
    ] {
        for (longest, bound) in longest_waits(block).await.into_iter().zip(bounds) {
            assert!((bound * 9 / 10..=bound).contains(&longest), "{longest} of {bound}: {block}");
        }
    }
}

/// Case 56 of Envoy: what an upstream asks for, and up to half of that more; and what is too long is not waited for.
/// Seen on Envoy, S7.13.
#[tokio::test(start_paused = true)]
async fn waits_as_the_upstream_asks_where_that_is_said() {
    let play = |block: &str| {
        let upstream = Echo::new().status(503).header("retry-after", "5");
        Play::new(&retries(block), upstream)
    };
    let asked = play("{attempts: 1, retryOn: 5xx, towerMesh: {honourRetryAfter: 300s}}");
    asked.get().await;
    assert!((5001..=7501).contains(&asked.heard_at()[1]));
    for block in
        ["{attempts: 1, retryOn: 5xx}", "{attempts: 1, retryOn: 5xx, towerMesh: {honourRetryAfter: 4s}}"]
    {
        let play = play(block);
        play.get().await;
        assert!(play.heard_at()[1] <= 26, "{block}");
    }
}

// ===== what Istio cannot say =====

#[tokio::test(start_paused = true)]
async fn only_safe_methods_are_tried_again_where_that_is_said() {
    let play = failing("{attempts: 2, retryOn: 5xx, towerMesh: {methods: safe}}");
    assert_eq!(play.ask(post("hello")).await.flags(), "-");
    assert_eq!(play.upstream.seen().calls, 1);
    assert_eq!(play.get().await.flags(), "URX");
    assert_eq!(play.upstream.seen().calls, 4);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_to_keep_goes_out_once_and_whole() {
    let play = failing("{attempts: 2, retryOn: 5xx, towerMesh: {bodyLimit: 4}}");
    let got = play.ask(post("hello")).await;
    assert_eq!((got.status(), got.content(), play.upstream.seen().calls), (503, "hello", 1));
    let got = play.ask(post("four")).await;
    assert_eq!((got.flags(), got.content(), play.upstream.seen().calls), ("URX".to_owned(), "four", 4));
}

/// Cases 60 and 61 of Envoy: the late try runs on beside the next one, and the first good answer is taken.
#[tokio::test(start_paused = true)]
async fn a_late_try_is_joined_by_another_where_that_is_said() {
    let hedged = |upstream| {
        let block = "{attempts: 1, perTryTimeout: 100ms, retryOn: 5xx, towerMesh: {hedging: true}}";
        Play::of(Mesh::builder().seed(1), &(retries(block) + &pool("{tcp: {maxConnections: 9}}")), upstream)
    };
    let play = hedged(Echo::new().delay(ms(150)).every_slow(2, ms(300)));
    assert_eq!(play.get().await.seen(), seen(200, "-", 150));
    assert_eq!((play.upstream.seen().calls, play.upstream.seen().abandoned), (2, 1));
    play.is_at_rest();

    let play = hedged(Echo::new().delay(ms(5000)).every_slow(2, ms(100)));
    let got = play.get().await;
    assert!((200..=226).contains(&got.after) && got.status() == 200, "{got:?}");
    assert_eq!((play.upstream.seen().calls, play.upstream.seen().abandoned), (2, 1));
    play.is_at_rest();

    // The first one fails meanwhile.
    let play = hedged(Echo::new().status(503).every(2, 200).delay(ms(150)).every_slow(2, ms(100)));
    let got = play.get().await;
    assert!((200..=226).contains(&got.after) && got.status() == 200, "{got:?}");
}
