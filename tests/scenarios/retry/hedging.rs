//! A try that is late is joined by another.

use tower_mesh::{
    LimitsLayer,
    layer::retry::{Gate, Place},
    policy::{backoff::Backoff, limits},
};

use super::*;

fn hedged(attempts: u32, on: &str) -> SettingsBuilder {
    settings(attempts, on).per_try_timeout(ms(100)).backoff(Backoff::AT_ONCE).hedging(true)
}

/// Case 60 of Envoy: the first try answers at 150 ms, the second would at 300 ms.
#[tokio::test(start_paused = true)]
async fn the_first_good_answer_counts_and_the_others_are_dropped() {
    let upstream = Echo::new();
    let delays = noted(tower::service_fn({
        let upstream = upstream.clone();
        let calls = Arc::new(Mutex::new(0));
        move |request: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
            *calls.lock().expect("no panic") += 1;
            let delay = if *calls.lock().expect("no panic") == 1 { 150 } else { 200 };
            let uri = format!("/?delay={delay}ms").parse().expect("a URI");
            let (mut head, body) = request.into_parts();
            head.uri = uri;
            upstream.clone().oneshot(Request::from_parts(head, body))
        }
    }));
    let got = ask(&layer(hedged(1, "5xx")).layer(delays.clone()), post("sent")).await;
    assert_eq!((got.seen(), got.took), ((200, "sent", "-"), 150));
    assert_eq!(delays.times(), [0, 100]);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1), "the other one was dropped");
}

/// Case 61 of Envoy: the bad answer of a try that was joined is dropped while the other one is under way.
#[tokio::test(start_paused = true)]
async fn a_bad_answer_of_a_try_that_was_joined_does_not_count_while_another_is_under_way() {
    let upstream = noted(script(vec![step(150, 503), step(100, 200)]));
    let got = ask(&layer(hedged(1, "5xx")).layer(upstream.clone()), get()).await;
    assert_eq!((got.seen(), got.took), ((200, "200", "-"), 200));
    assert_eq!(upstream.times(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn the_last_one_standing_is_the_answer() {
    let upstream = noted(script(vec![step(150, 503), step(100, 500)]));
    let got = ask(&layer(hedged(1, "5xx")).layer(upstream.clone()), get()).await;
    assert_eq!((got.seen(), got.took, upstream.log().len()), ((500, "500", "URX"), 200, 2));
    // And the other way round: the later one answers first.
    let upstream = noted(script(vec![step(250, 503), step(50, 500)]));
    let got = ask(&layer(hedged(1, "5xx")).layer(upstream.clone()), get()).await;
    assert_eq!((got.seen(), got.took), ((503, "503", "URX"), 250));
}

/// Whatever the words say, if there are retries at all.
#[tokio::test(start_paused = true)]
async fn it_is_joined_whatever_the_words_say_and_as_often_as_there_are_retries() {
    for words in ["5xx", "connect-failure", ""] {
        let upstream = noted(script(vec![step(1000, 200)]));
        let got = ask(&layer(hedged(3, words)).layer(upstream.clone()), get()).await;
        assert_eq!((got.status, got.took, upstream.times()), (200, 1000, vec![0, 100, 200, 300]), "{words}");
    }
    let none = noted(script(vec![step(1000, 200)]));
    assert_eq!(
        ask(&layer(hedged(0, "5xx")).layer(none.clone()), get()).await.took,
        1000,
        "a late try is not given up"
    );
    assert_eq!(none.log().len(), 1);
}

/// No answer of the upstream, and none of ours, ends a call that another try may still answer.
#[tokio::test(start_paused = true)]
async fn a_try_that_joined_and_was_refused_or_lost_ends_nothing() {
    let one_at_a_time = limits::Settings::builder().requests(1).build().expect("they mean something");
    let service =
        layer(hedged(1, "5xx")).layer(LimitsLayer::new(one_at_a_time).layer(Echo::new().delay(ms(150))));
    let got = ask(&service, get()).await;
    assert_eq!((got.status, got.flags.as_str(), got.took), (200, "-", 150));

    let calls = Arc::new(Mutex::new(0));
    let second_is_lost = tower::service_fn(move |_: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
        *calls.lock().expect("no panic") += 1;
        let first = *calls.lock().expect("no panic") == 1;
        async move {
            if !first {
                return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            }
            tokio::time::sleep(ms(150)).await;
            Ok(http::Response::new(Full::<Bytes>::default()))
        }
    });
    let start = clock::now();
    let answer = layer(hedged(1, "connect-failure")).layer(second_is_lost).oneshot(get()).await;
    assert_eq!(
        (answer.map(|answer| answer.status().as_u16()).ok(), clock::now().since(start)),
        (Some(200), ms(150))
    );
}

/// An upload that takes 480 ms.
fn slow_upload() -> Request<impl Body<Data = Bytes, Error: fmt::Debug + Send> + Send + 'static> {
    let frames = futures_util::stream::unfold(0, async |sent| {
        tokio::time::sleep(ms(80)).await;
        let frame = http_body::Frame::data(Bytes::from_static(b"."));
        (sent < 5).then_some((Ok::<_, std::io::Error>(frame), sent + 1))
    });
    Request::new(http_body_util::StreamBody::new(Box::pin(frames)))
}

/// Allows all, and counts how often it was asked.
#[derive(Clone, Default)]
struct Asked(Arc<std::sync::atomic::AtomicUsize>);

impl Gate for Asked {
    fn begin(&self) -> Option<Place> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(Place::free())
    }
}

/// Half a body cannot be sent twice at once.
#[tokio::test(start_paused = true)]
async fn nothing_is_joined_while_the_request_is_still_coming() {
    let upstream = Echo::new();
    let got = ask(&layer(hedged(3, "5xx")).layer(upstream.clone()), slow_upload()).await;
    assert_eq!((got.seen(), upstream.seen().calls), ((200, ".....", "-"), 1));
}

#[tokio::test(start_paused = true)]
async fn a_try_that_cannot_be_joined_draws_on_nobodys_budget() {
    let (upstream, gate) = (noted(Echo::new().delay(ms(250))), Asked::default());
    let hedging = layer(hedged(3, "5xx").body_limit(4)).gated_by(gate.clone());
    let got = ask(&hedging.layer(upstream.clone()), post("whole")).await;
    assert_eq!((got.seen(), upstream.times()), ((200, "whole", "-"), vec![0]));
    assert_eq!(gate.0.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_late_try_is_joined_when_its_request_is_here_and_its_time_has_passed_once_more() {
    let (upstream, gate) = (noted(Echo::new().delay(ms(230))), Asked::default());
    let hedging = layer(hedged(3, "5xx")).gated_by(gate.clone());
    let got = ask(&hedging.layer(upstream.clone()), slow_upload()).await;
    assert_eq!((got.seen(), upstream.times()), ((200, ".....", "-"), vec![0, 500, 600, 700]));
    assert_eq!(gate.0.load(std::sync::atomic::Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_whole_is_read_by_all_of_them() {
    let upstream = Echo::new().delay(ms(1000));
    let got = ask(&layer(hedged(3, "5xx")).layer(upstream.clone()), post("whole")).await;
    assert_eq!((got.seen(), upstream.seen().calls, upstream.seen().max_active), ((200, "whole", "-"), 4, 4));
}

/// As a client does that knows a body's length: it never asks for the end.
#[tokio::test(start_paused = true)]
async fn a_body_is_whole_when_it_says_that_it_is_at_its_end() {
    let upstream =
        noted(tower::service_fn(async |request: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| {
            let mut body = request.into_body();
            while !body.is_end_stream() {
                body.frame().await.expect("a frame").expect("no error");
            }
            tokio::time::sleep(ms(250)).await;
            Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default()))
        }));
    ask(&layer(hedged(1, "5xx")).layer(upstream.clone()), post("whole")).await;
    assert_eq!(upstream.times(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn a_trusted_caller_says_whether_it_is_hedged() {
    for (says, by_setting, calls) in [("true", false, 2), ("false", true, 1), ("maybe", true, 2)] {
        let upstream = noted(script(vec![step(150, 200)]));
        let settings = hedged(1, "").hedging(by_setting).trust_request_headers(true);
        let mut request = get();
        request.headers_mut().insert("x-envoy-hedge-on-per-try-timeout", says.parse().expect("a value"));
        ask(&layer(settings).layer(upstream.clone()), request).await;
        assert_eq!(upstream.log().len(), calls, "{says}");
    }
}
