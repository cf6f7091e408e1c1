//! Tries that take too long, and upstreams that ask for time.

use tower_mesh::policy::backoff::{Backoff, Jitter};

use tower_mesh::{TimeoutLayer, policy::timeout};

use super::*;

fn at_once(settings: SettingsBuilder) -> SettingsBuilder {
    settings.backoff(Backoff::AT_ONCE)
}

/// In both directions, as in Envoy; the layer that has the time of a try is the one inside of the limits.
#[tokio::test(start_paused = true)]
async fn a_trusted_caller_says_the_time_of_a_try_to_the_timeout_that_has_it() {
    let again = settings(0, "5xx").trust_request_headers(true).build().expect("these mean something");
    let one = timeout::Settings::builder().head(ms(1000)).trust_request_headers(timeout::Trusted::Head);
    let one = TimeoutLayer::new(one.build().expect("these mean something"));
    let service =
        RetryLayer::new(again).leaving_tries_to_a_timeout().layer(one.layer(Echo::new().delay(ms(2000))));
    for (says, took) in [("", (504, 1000)), ("3000", (200, 2000)), ("0", (200, 2000)), ("100", (504, 100))] {
        let request =
            if says.is_empty() { get() } else { with(get(), "x-envoy-upstream-rq-per-try-timeout-ms", says) };
        let got = ask(&service, request).await;
        assert_eq!((got.status, got.took), took, "{says}");
    }
}

/// As Envoy answers: a try that is late is a local reset, which Istio's default words do not cover. Case 46 of Envoy.
#[tokio::test(start_paused = true)]
async fn a_try_that_is_late_is_tried_again_where_the_words_say_so() {
    for (words, calls, flags) in [
        ("connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes", 1, "UT"),
        ("503,504", 1, "UT"),
        ("5xx", 3, "URX,UT"),
        ("gateway-error", 3, "URX,UT"),
        ("reset", 3, "URX,UT"),
        ("reset-before-request", 1, "UT"),
    ] {
        let told = Told::new();
        let upstream = Echo::new().hang();
        let layer =
            layer(at_once(settings(2, words)).per_try_timeout(ms(1000))).told("reviews", &told.events);
        let got = ask(&layer.layer(upstream.clone()), get()).await;
        assert_eq!(got.seen(), (504, "upstream request timeout", flags), "{words}");
        assert_eq!(got.details.as_deref(), Some("upstream_per_try_timeout"));
        assert_eq!((got.headers.len(), got.took, upstream.seen().calls), (2, 1000 * calls, calls));
        assert_eq!((upstream.seen().active, upstream.seen().max_active), (0, 1), "a late try is given up");
        assert_eq!(told.names().last(), Some(&"refused"));
    }
}

/// As Envoy tells it: UNAVAILABLE.
#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_told_of_a_late_try_by_grpc() {
    let layer = layer(Settings::builder().per_try_timeout(ms(100)));
    let got = ask(&layer.layer(Echo::new().hang()), grpc()).await;
    assert_eq!((got.status, got.took), (200, 100));
    let told = ["grpc-status", "grpc-message"].map(|name| got.header(name).expect("a header"));
    assert_eq!(told, ["14", "upstream request timeout"]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_try_begins_anew_with_each_and_ends_with_its_answer() {
    let upstream = noted(script(vec![step(90, 503), step(90, 503), step(500, 503), step(99, 200)]));
    let got =
        ask(&layer(at_once(settings(5, "5xx")).per_try_timeout(ms(100))).layer(upstream.clone()), get())
            .await;
    assert_eq!((got.status, upstream.times()), (200, vec![0, 90, 180, 280]));

    let slow = Echo::new().slow_body(ms(1000));
    let got = ask(&layer(settings(1, "5xx").per_try_timeout(ms(100))).layer(slow.clone()), get()).await;
    assert_eq!((got.status, slow.seen().calls), (200, 1), "a body may take longer");
}

/// A retry waits for its service to be ready, and that is of its own time.
#[tokio::test(start_paused = true)]
async fn a_retry_waits_until_the_service_is_ready() {
    let upstream = Echo::new().every(1, 503).delay(ms(10));
    let one = tower::limit::ConcurrencyLimitLayer::new(1).layer(upstream.clone());
    let service = layer(at_once(settings(1, "5xx"))).layer(one);
    let (first, second) = tokio::join!(ask(&service, get()), ask(&service, get()));
    assert_eq!(
        (first.status, second.status, upstream.seen().calls, upstream.seen().max_active),
        (503, 503, 4, 1)
    );
}

/// As Envoy tells the next hop: what a try may take, and of the whole what is left. The time of the whole is that of a
/// timeout further out, which was asked to tell it. Case 47 of Envoy.
#[tokio::test(start_paused = true)]
async fn the_next_hop_is_told_what_is_left() {
    let play = async |settings: SettingsBuilder, upstream: Script, total: u64| {
        let upstream = noted(upstream);
        let total = timeout::Settings::builder().total(ms(total)).tell_deadline(true).build();
        let total = TimeoutLayer::new(total.expect("it means something"));
        ask(&total.layer(layer(settings).layer(upstream.clone())), get()).await;
        upstream.log().into_iter().map(|came| came.expected).collect::<Vec<_>>()
    };
    let told = |all: &[&str]| all.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
    let slow = || script(vec![step(1500, 503)]);
    let settings = || at_once(settings(3, "5xx"));
    assert_eq!(play(settings(), slow(), 5000).await, told(&["5000", "3500", "2000", "500"]));
    assert_eq!(
        play(settings().per_try_timeout(ms(2000)), slow(), 5000).await,
        told(&["2000", "2000", "2000", "500"])
    );
    assert_eq!(play(settings(), slow(), 2000).await, told(&["2000", "500"]));
    // A try may take as long as all of them: it has no time of its own.
    let hangs = script(vec![step(9000, 200)]);
    assert_eq!(play(settings().per_try_timeout(ms(5000)), hangs, 5000).await, told(&["5000"]));
}

/// Anybody may send the header: it is neither rewritten nor heard.
#[tokio::test(start_paused = true)]
async fn what_a_caller_expects_is_no_limit_of_ours() {
    let late = noted(script(vec![step(9000, 200)]));
    let mut request = get();
    request.headers_mut().insert("x-envoy-expected-rq-timeout-ms", 1.into());
    let got = ask(&layer(settings(0, "reset").per_try_timeout(ms(1000))).layer(late.clone()), request).await;
    assert_eq!((got.status, got.took, late.log()[0].expected.as_deref()), (504, 1000, Some("1")));
}

#[tokio::test(start_paused = true)]
async fn a_trusted_caller_says_how_long_a_try_may_take() {
    let trusting = || at_once(settings(1, "5xx")).per_try_timeout(ms(100)).trust_request_headers(true);
    for (says, took) in [("500", 1000), ("20", 40), ("nonsense", 200)] {
        let mut request = get();
        request
            .headers_mut()
            .insert("x-envoy-upstream-rq-per-try-timeout-ms", says.parse().expect("a value"));
        assert_eq!(ask(&layer(trusting()).layer(Echo::new().hang()), request).await.took, took, "{says}");
    }
    let mut request = get();
    request.headers_mut().insert("x-envoy-upstream-rq-per-try-timeout-ms", 0.into());
    let got = ask(&layer(trusting()).layer(Echo::new().delay(ms(5000))), request).await;
    assert_eq!((got.status, got.took), (200, 5000));
}

/// As Envoy waits: an upstream's `retry-after` has no effect unless asked for, and then it has from v to half as much more.
#[tokio::test(start_paused = true)]
async fn an_upstream_may_ask_for_time_if_it_is_asked() {
    let answers = |wait: &'static str| script(vec![step(0, 503).header("retry-after", wait), step(0, 200)]);
    let minute = Duration::from_secs(60);
    for seed in 0..50 {
        let drawing = |settings| layer(settings).drawing(Draws::seeded(seed));
        let took = async |settings, wait| ask(&drawing(settings).layer(answers(wait)), get()).await.took;
        let honours = || settings(1, "5xx").honour_retry_after(minute);
        assert!(took(settings(1, "5xx"), "5").await < 25, "it is not asked");
        assert!((5000..7500).contains(&took(honours(), "5").await));
        assert!(took(honours(), "61").await < 25, "that is too much to ask");
        assert!(took(honours(), "soon").await < 25, "that is no number");
    }
}

#[tokio::test(start_paused = true)]
async fn a_grpc_service_pushes_back_exactly_or_for_good() {
    let play = async |pushback: &'static str| {
        let answer = step(0, 200).header("grpc-status", "14").header("grpc-retry-pushback-ms", pushback);
        let upstream = noted(script(vec![answer, step(0, 200)]));
        let settings = settings(1, "unavailable").honour_retry_after(Duration::from_secs(60));
        ask(&layer(settings).layer(upstream.clone()), grpc()).await;
        upstream.times()
    };
    assert_eq!(play("1500").await, [0, 1500]);
    assert_eq!(play("0").await, [0, 0]);
    for never in ["-1", "nonsense", "60001"] {
        assert_eq!(play(never).await, [0], "{never}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_jitter_is_exact() {
    let upstream = noted(statuses(&[503]));
    let exact = Backoff::new(ms(10)).jitter(Jitter::None).most(ms(35));
    ask(&layer(settings(4, "5xx").backoff(exact)).layer(upstream.clone()), get()).await;
    assert_eq!(upstream.times(), [0, 10, 30, 65, 100]);
}
