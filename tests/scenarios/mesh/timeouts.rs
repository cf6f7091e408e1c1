//! Timeouts by YAML: of the whole exchange, and of one try.

use std::convert::Infallible;

use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;

fn hanging(lines: &str) -> Play {
    Play::new(&route(lines), Echo::new().hang())
}

/// A request whose body takes so many times so long.
fn upload(parts: u32, each: u64) -> Request<impl Body<Data = Bytes, Error = Infallible> + Send> {
    let parts = stream::unfold(0, move |sent| async move {
        if sent == parts {
            return None;
        }
        tokio::time::sleep(ms(each)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"part"))), sent + 1))
    });
    Request::post(URI).body(StreamBody::new(Box::pin(parts))).expect("a request")
}

// ===== the whole exchange =====

/// Seen on Envoy, S5.1, S5.16 and S5.17.
#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_a_504_in_the_words_of_the_mesh() {
    let play = hanging("timeout: 0.5s");
    let got = play.get().await;
    assert_eq!((got.seen(), got.content()), (seen(504, "UT", 500), "upstream request timeout"));
    assert_eq!((got.header("content-length"), got.header("content-type")), (Some("24"), Some("text/plain")));
    assert_eq!(got.head.headers.len(), 2);
    assert_eq!(
        (got.reason(), got.refusal().map(Refusal::why)),
        (Some(Reason::Timeout), Some("response_timeout"))
    );
    assert_eq!(play.upstream.seen().abandoned, 1);

    let call = play.ask(grpc()).await;
    assert_eq!((call.seen(), call.content()), (seen(200, "UT", 500), ""));
    assert_eq!(call.header("grpc-status"), Some("14"), "UNAVAILABLE, as the mesh has it");
    assert_eq!(call.header("grpc-message"), Some("upstream request timeout"));
}

/// Seen on Envoy, S5.21: alone it has 15 s.
#[tokio::test(start_paused = true)]
async fn without_a_timeout_an_answer_is_waited_for() {
    let play = Play::new(&route(""), Echo::new().delay(Duration::from_secs(1800)));
    assert_eq!(play.get().await.seen(), seen(200, "-", 1_800_000));
}

/// Seen on Envoy, S5.5.
#[tokio::test(start_paused = true)]
async fn after_the_head_the_body_is_cut() {
    let play = Play::new(&route("timeout: 0.5s"), Echo::new().size(8).slow_body(ms(2000)));
    let got = play.get().await;
    assert_eq!((got.status(), got.head_after, got.after), (200, 1, 500));
    assert!(got.content.is_err());
    assert_eq!(got.reason(), Some(Reason::Timeout));
    assert_eq!(play.upstream.seen().abandoned, 1);

    let play = Play::new(&route("timeout: 0.5s"), Echo::new().size(8).slow_body(ms(400)));
    let got = play.get().await;
    assert_eq!((got.seen(), got.content()), (seen(200, "-", 401), "xxxxxxxx"));
}

/// The answer is ours: whoever reads it late, or never, holds nothing of the upstream's.
#[tokio::test(start_paused = true)]
async fn a_late_answer_that_nobody_has_read_yet_holds_no_place() {
    let yaml = route("timeout: 10s\nretries: {attempts: 1, retryOn: connect-failure, perTryTimeout: 100ms}");
    let play = Play::new(&(yaml + &pool(ONE_AND_ONE)), Echo::new().hang());
    let unread = play.client.clone().oneshot(get()).await.expect("an answer");
    assert_eq!((unread.status().as_u16(), play.limits().active()), (504, 0));
    drop(unread);
}

/// Case 45 of Envoy: three seconds, tries that fail after 2.7 each. Seen on Envoy, S5.3 and S7.25.
#[tokio::test(start_paused = true)]
async fn all_tries_and_the_waits_between_them_are_in_the_total() {
    let lines = "timeout: 3s\nretries: {attempts: 5, retryOn: 5xx}";
    let play = Play::new(&route(lines), Echo::new().status(503).delay(ms(2700)));
    assert_eq!(play.get().await.seen(), seen(504, "UT", 3000));
    assert_eq!(play.upstream.seen().calls, 2);

    let lines = "timeout: 3s\nretries: {attempts: 5, retryOn: 5xx, towerMesh: {honourRetryAfter: 60s}}";
    let play = Play::new(&route(lines), Echo::new().status(503).header("retry-after", "10"));
    assert_eq!(play.get().await.seen(), seen(504, "UT", 3000), "a wait ends with it too");
    assert_eq!(play.upstream.seen().calls, 1);
}

/// Seen on Envoy, S5.18.
#[tokio::test(start_paused = true)]
async fn a_grpc_call_asks_for_less_time_and_not_for_more() {
    let call = |time| with(grpc(), "grpc-timeout", time);
    let play = hanging("timeout: 0.5s");
    for (time, after) in [("100m", 100), ("2S", 500), ("soon", 500)] {
        let got = play.ask(call(time)).await;
        assert_eq!((got.after, got.header("grpc-status")), (after, Some("14")), "{time}");
    }
    assert_eq!(play.ask(with(get(), "grpc-timeout", "100m")).await.after, 500, "no gRPC call");
    let got = hanging("").ask(call("100m")).await;
    assert_eq!((got.after, got.header("grpc-status")), (100, Some("14")), "where the route has no timeout");
}

/// Case 49 of Envoy. Seen on Envoy, S5.2.
#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_the_timeout() {
    let play = Play::new(&route("timeout: 15s"), Echo::new().delay(ms(14_000)));
    let got = ask(&play.client, upload(20, 1000)).await;
    assert_eq!((got.seen(), got.content().len()), (seen(200, "-", 34_000), 80));
    let play = Play::new(&route("timeout: 15s"), Echo::new().delay(ms(16_000)));
    assert_eq!(ask(&play.client, upload(20, 1000)).await.seen(), seen(504, "UT", 35_000));
}

// ===== one try =====

/// Case 46 of Envoy. Seen on Envoy, S5.11 and S5.12.
#[tokio::test(start_paused = true)]
async fn a_late_try_is_made_again_under_some_words_and_not_under_istios_own() {
    for (words, calls, flags) in [
        ("", 1, "UT"),
        ("retryOn: 'connect-failure,refused-stream,503'", 1, "UT"),
        ("retryOn: 5xx", 3, "URX,UT"),
        ("retryOn: reset", 3, "URX,UT"),
        ("retryOn: gateway-error", 3, "URX,UT"),
    ] {
        let play = hanging(&format!("retries: {{attempts: 2, perTryTimeout: 200ms, {words}}}"));
        let got = play.get().await;
        assert_eq!((got.status(), got.flags().as_str()), (504, flags), "{words}");
        assert_eq!(got.content(), "upstream request timeout");
        assert_eq!(got.refusal().map(Refusal::why), Some("upstream_per_try_timeout"));
        assert_eq!(play.upstream.seen().calls, calls, "{words}");
        let waits = 25 + 50;
        assert!(
            (u128::from(calls) * 200..u128::from(calls) * 200 + waits).contains(&got.after),
            "{}",
            got.after
        );
    }
}

/// A gRPC caller's late try is answered with 200, and is tried again all the same.
#[tokio::test(start_paused = true)]
async fn a_late_try_of_a_grpc_call_is_made_again_too() {
    let play = hanging("retries: {attempts: 2, perTryTimeout: 200ms, retryOn: 5xx}");
    let got = play.ask(grpc()).await;
    assert_eq!((got.status(), got.header("grpc-status"), got.flags().as_str()), (200, Some("14"), "URX,UT"));
    assert_eq!(play.upstream.seen().calls, 3);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_late_is_followed_by_one_that_is_not() {
    let yaml = route("retries: {attempts: 1, perTryTimeout: 200ms, retryOn: 5xx}");
    let play = Play::new(&yaml, Echo::new().delay(ms(5000)).every_slow(2, ms(10)));
    let got = play.get().await;
    assert_eq!((got.status(), got.flags()), (200, "-".to_owned()));
    assert!((210..240).contains(&got.after));
}

/// Seen on Envoy, S5.13.
#[tokio::test(start_paused = true)]
async fn a_time_for_one_try_that_is_no_shorter_than_the_total_is_as_if_it_were_not_there() {
    for one in ["500ms", "5s"] {
        let play =
            hanging(&format!("timeout: 0.5s\nretries: {{attempts: 2, perTryTimeout: {one}, retryOn: 5xx}}"));
        // Many times, since a wait before another try may be none.
        for nth in 1..=100 {
            let got = play.get().await;
            assert_eq!((got.seen(), got.reason()), (seen(504, "UT", 500), Some(Reason::Timeout)));
            assert_eq!(play.upstream.seen().calls, nth);
        }
        let hedged = "towerMesh: {hedging: true}";
        let lines = format!("timeout: 0.4s\nretries: {{attempts: 2, perTryTimeout: {one}, {hedged}}}");
        assert_eq!(hanging(&lines).get().await.seen(), seen(504, "UT", 400));
        assert!(play.has_note("perTryTimeout: has no effect: it is no shorter than the route's `timeout`"));
    }
}

/// The time of a try is to the head: a body may take longer.
#[tokio::test(start_paused = true)]
async fn the_time_of_one_try_ends_with_the_head() {
    let yaml = route("retries: {attempts: 2, perTryTimeout: 200ms, retryOn: 5xx}");
    let play = Play::new(&yaml, Echo::new().size(8).slow_body(ms(2000)));
    assert_eq!(play.get().await.seen(), seen(200, "-", 2001));
}

/// It counts from the request's end, as the total does.
#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_the_time_of_one_try() {
    let yaml = route("retries: {attempts: 1, perTryTimeout: 500ms, retryOn: 5xx}");
    let play = Play::new(&yaml, Echo::new().delay(ms(400)));
    let got = ask(&play.client, upload(10, 100)).await;
    assert_eq!((got.seen(), play.upstream.seen().calls), (seen(200, "-", 1400), 1));

    // Also within a time for all tries, which counts from there too.
    let both = "timeout: 800ms\nretries: {attempts: 1, perTryTimeout: 500ms, retryOn: 5xx}";
    let play = Play::new(&route(both), Echo::new().delay(ms(400)));
    assert_eq!(ask(&play.client, upload(10, 100)).await.seen(), seen(200, "-", 1400));
    let play = Play::new(&route(both), Echo::new().delay(ms(5000)));
    assert_eq!(ask(&play.client, upload(10, 100)).await.seen(), seen(504, "UT", 1800));
    assert_eq!(play.upstream.seen().calls, 2);

    // Sent again from what was kept, it takes no time.
    let play = Play::new(&yaml, Echo::new().delay(ms(5000)).every_slow(2, ms(10)));
    let got = ask(&play.client, upload(10, 100)).await;
    assert_eq!((got.status(), got.content().len(), play.upstream.seen().calls), (200, 40, 2));
    assert!((1510..1540).contains(&got.after), "{}", got.after);
}

// ===== beside limits =====

/// Who waits for a place spends his total, and not the time of his try.
/// Case 48 of Envoy, where a place is a connection.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_counts_in_the_total_and_not_in_the_time_of_a_try() {
    let yaml = |total| {
        let lines = format!("timeout: {total}\nretries: {{attempts: 1, perTryTimeout: 400ms, retryOn: 5xx}}");
        route(&lines) + &pool(ONE_AND_ONE)
    };
    let play = Play::new(&yaml("1s"), Echo::new().delay(ms(300)));
    let (first, second) = futures_util::join!(play.get(), play.get());
    assert_eq!((first.seen(), second.seen()), (seen(200, "-", 300), seen(200, "-", 600)));
    assert_eq!(play.upstream.seen().calls, 2);

    let play = Play::new(&yaml("0.5s"), Echo::new().delay(ms(300)));
    let (first, second) = futures_util::join!(play.get(), play.get());
    assert_eq!((first.seen(), second.seen()), (seen(200, "-", 300), seen(504, "UT", 500)));
    play.is_at_rest();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_too_long_leaves_the_queue() {
    let play = Play::new(&(route("timeout: 0.2s") + &pool(ONE_AND_ONE)), Echo::new().hang());
    let first = play.get();
    let second = async {
        tokio::time::sleep(ms(100)).await;
        play.get().await
    };
    let third = async {
        tokio::time::sleep(ms(250)).await;
        play.get().await
    };
    let (first, second, third) = futures_util::join!(first, second, third);
    // The second has the place from the first's end on, and the rest of its own time.
    assert_eq!((first.seen(), second.seen()), (seen(504, "UT", 200), seen(504, "UT", 200)));
    assert_eq!(third.seen(), seen(504, "UT", 200));
    assert_eq!(play.upstream.seen().calls, 3);
    play.is_at_rest();
}
