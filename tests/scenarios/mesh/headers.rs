//! What requests may say by headers, and what upstreams are told.

use tower_mesh::mesh::Era;

use super::*;

const TIMEOUT: &str = "x-envoy-upstream-rq-timeout-ms";
const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";

fn in_era(era: Era, lines: &str, upstream: Echo) -> Play {
    Play::of(Mesh::builder().era(era), &route(lines), upstream)
}

// ===== what requests say =====

/// The time of one try is kept by one layer, and whether it is given up or joined by another: both hear the caller.
#[tokio::test(start_paused = true)]
async fn in_an_older_era_a_caller_says_whether_a_late_try_is_given_up_or_joined_and_when_it_is_late() {
    let route = |hedging: bool| {
        format!(
            "retries: {{attempts: 1, perTryTimeout: 100ms, retryOn: connect-failure, towerMesh: {{hedging: {hedging}}}}}"
        )
    };
    let (hedge, per_try) = ("x-envoy-hedge-on-per-try-timeout", "x-envoy-upstream-rq-per-try-timeout-ms");
    for (hedging, header, value, answer, calls) in [
        (false, hedge, "true", seen(200, "-", 1000), 2),
        (true, hedge, "false", seen(504, "UT", 100), 1),
        (true, per_try, "200", seen(200, "-", 1000), 2),
        (false, per_try, "200", seen(504, "UT", 200), 1),
        (false, per_try, "0", seen(200, "-", 1000), 1),
    ] {
        let play = in_era(Era::V1_14, &route(hedging), Echo::new().delay(ms(1000)));
        assert_eq!(play.ask(with(get(), header, value)).await.seen(), answer, "{hedging} {header}: {value}");
        let heard = play.heard();
        assert_eq!(heard.len(), calls, "{hedging} {header}: {value}");
        assert!(heard.iter().all(|heard| heard.header(header).is_none()), "it is not sent on");
    }
}

/// Seen on Envoy, S5.6, S5.8 and S5.9.
#[tokio::test(start_paused = true)]
async fn today_what_a_caller_says_of_time_and_tries_is_taken_off_and_not_heard() {
    let play = Play::new(&route("timeout: 0.5s"), Echo::new().status(503).delay(ms(400)));
    let said = [
        (TIMEOUT, "100"),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "50"),
        ("x-envoy-retry-on", "5xx"),
        ("x-envoy-max-retries", "7"),
        ("x-envoy-retriable-status-codes", "503"),
        ("x-envoy-hedge-on-per-try-timeout", "true"),
        (EXPECTED, "100"),
    ];
    let request = said.iter().fold(get(), |request, (name, value)| with(request, name, value));
    let request = with(with(request, "x-request-id", "1"), "x-envoy-other", "2");
    assert_eq!(play.ask(request).await.seen(), seen(503, "-", 400));
    let heard = play.heard();
    assert_eq!(heard.len(), 1);
    assert!(said.iter().all(|(name, _)| heard[0].header(name).is_none()), "{heard:?}");
    assert_eq!((heard[0].header("x-request-id"), heard[0].header("x-envoy-other")), (Some("1"), Some("2")));

    let slow = Play::new(&route("timeout: 0.5s"), Echo::new().delay(ms(1000)));
    assert_eq!(slow.ask(with(get(), TIMEOUT, "3000")).await.seen(), seen(504, "UT", 500));
}

/// The exercise's advice, in a mesh of its time: the header counts instead of the route's timeout, both ways.
/// Seen on Envoy, S5.7 and S5.10.
#[tokio::test(start_paused = true)]
async fn in_the_exercises_time_a_callers_timeout_replaced_the_routes() {
    for era in [Era::V0_8, Era::V1_14, Era::V1_17] {
        for (said, answer) in [
            ("3000", seen(200, "-", 1000)),
            ("100", seen(504, "UT", 100)),
            ("0", seen(200, "-", 1000)),
            ("garbage", seen(504, "UT", 500)),
            ("-1", seen(504, "UT", 500)),
        ] {
            let play = in_era(era, "timeout: 0.5s", Echo::new().delay(ms(1000)));
            assert_eq!(play.ask(with(get(), TIMEOUT, said)).await.seen(), answer, "{said} in {era}");
            assert_eq!(play.heard()[0].header(TIMEOUT), None, "it is not sent on");
        }
        let play = in_era(era, "", Echo::new().delay(ms(1000)));
        assert_eq!(
            play.ask(with(get(), TIMEOUT, "100")).await.seen(),
            seen(504, "UT", 100),
            "without a timeout"
        );
    }
}

/// Also where a host has limits and no route of its own.
#[tokio::test(start_paused = true)]
async fn a_trusted_header_counts_where_no_route_is_written() {
    let play = Play::of(Mesh::builder().era(Era::V1_14), &pool(ONE_AND_ONE), Echo::new().hang());
    assert_eq!(play.ask(with(get(), TIMEOUT, "100")).await.seen(), seen(504, "UT", 100));
    play.is_at_rest();
}

/// Case 53 of Envoy.
#[tokio::test(start_paused = true)]
async fn in_the_exercises_time_a_caller_said_what_was_tried_again() {
    let play = in_era(Era::V1_14, "retries: {attempts: 1, retryOn: '429'}", Echo::new().status(503));
    assert_eq!(play.get().await.flags(), "-");
    let said = with(with(get(), "x-envoy-retry-on", "5xx"), "x-envoy-max-retries", "3");
    assert_eq!(play.ask(said).await.flags(), "URX");
    let heard = play.heard();
    assert_eq!(heard.len(), 1 + 4);
    assert!(heard.iter().all(|heard| heard.header("x-envoy-retry-on").is_none()));
    assert!(heard.iter().all(|heard| heard.header("x-envoy-max-retries").is_none()));

    let play = in_era(Era::V1_14, "retries: {attempts: 2, retryOn: 5xx}", Echo::new().hang());
    let got = play.ask(with(get(), "x-envoy-upstream-rq-per-try-timeout-ms", "100")).await;
    assert_eq!((got.flags(), play.upstream.seen().calls), ("URX,UT".to_owned(), 3));
    assert!((300..375).contains(&got.after), "{}", got.after);
    assert!(
        play.heard().iter().all(|heard| heard.header("x-envoy-upstream-rq-per-try-timeout-ms").is_none())
    );
}

// ===== what upstreams are told =====

fn telling(lines: &str, upstream: Echo) -> Play {
    Play::of(Mesh::builder().tell_deadlines(true), &route(lines), upstream)
}

/// What it heard of how long it had, try by try.
fn expected(play: &Play) -> Vec<u64> {
    let heard = play.heard();
    heard.iter().map(|heard| heard.header(EXPECTED).map_or(0, |millis| millis.parse().unwrap())).collect()
}

/// Seen on Envoy, S5.4: there it is told always.
#[tokio::test(start_paused = true)]
async fn an_upstream_is_told_how_long_it_has_where_that_is_asked_for() {
    let play = telling("timeout: 0.5s", Echo::new());
    play.ask(with(get(), EXPECTED, "77")).await;
    assert_eq!(expected(&play), [500]);
    let play = telling("", Echo::new());
    play.get().await;
    assert_eq!(play.heard()[0].header(EXPECTED), None, "where there is no limit");
    let play = Play::new(&route("timeout: 0.5s"), Echo::new());
    play.get().await;
    assert_eq!(play.heard()[0].header(EXPECTED), None, "where nobody asked");
}

/// Case 47 of Envoy: the shorter of both times, and on a retry no more than what is left.
#[tokio::test(start_paused = true)]
async fn each_try_is_told_its_own_time_or_what_is_left_of_all() {
    let lines = "timeout: 5s\nretries: {attempts: 3, perTryTimeout: 2s, retryOn: 5xx}";
    let play = telling(lines, Echo::new().hang());
    assert_eq!(play.get().await.seen(), seen(504, "UT", 5000));
    let told = expected(&play);
    assert_eq!(told[..2], [2000, 2000]);
    assert!((1000 - 75..=1000).contains(&told[2]), "{told:?}");

    let lines = "timeout: 5s\nretries: {attempts: 3, perTryTimeout: 5s, retryOn: 5xx}";
    let play = telling(lines, Echo::new());
    play.get().await;
    assert_eq!(expected(&play), [5000]);

    let lines = "timeout: 1s\nretries: {attempts: 2, retryOn: 5xx}";
    let play = telling(lines, Echo::new().status(503).delay(ms(300)));
    play.get().await;
    let told = expected(&play);
    assert_eq!(told[0], 1000);
    assert!((675..=700).contains(&told[1]) && (325..=400).contains(&told[2]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_one_try_is_told_where_there_is_no_other() {
    let lines = "retries: {attempts: 1, perTryTimeout: 200ms, retryOn: 5xx}";
    let play = telling(lines, Echo::new().hang());
    play.get().await;
    assert_eq!(expected(&play), [200, 200]);
}

/// Seen on Envoy, S5.20.
#[tokio::test(start_paused = true)]
async fn a_grpc_upstream_is_told_in_its_own_header_too() {
    let play = telling("timeout: 0.3s", Echo::new());
    play.ask(grpc()).await;
    play.ask(with(grpc(), "grpc-timeout", "100m")).await;
    let heard = play.heard();
    assert_eq!((heard[0].header("grpc-timeout"), heard[0].header(EXPECTED)), (Some("300m"), Some("300")));
    assert_eq!((heard[1].header("grpc-timeout"), heard[1].header(EXPECTED)), (Some("100m"), Some("100")));
}
