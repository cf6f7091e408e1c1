//! The scripted upstream.

use std::{future::Future, pin::pin, task::Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{Service, ServiceExt};
use tower_mesh::{
    layer::clock,
    testing::{Echo, EchoBody, EchoError, Load, echo::EchoFuture},
};

use super::{ms, since};

async fn send(upstream: &Echo, body: &'static str) -> Result<Response<EchoBody>, EchoError> {
    upstream.clone().oneshot(Request::new(body.to_owned())).await
}

async fn statuses(upstream: &Echo, requests: usize) -> Vec<u16> {
    let mut all = Vec::new();
    for _ in 0..requests {
        all.push(send(upstream, "").await.unwrap().status().as_u16());
    }
    all
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[test]
fn an_upstream_can_be_shared_and_sent() {
    fn is<T: Clone + Send + Sync>() {}
    fn moves<T: Send + Sync + Unpin>() {}
    fn goes<T: Send>() {}
    is::<Echo>();
    moves::<EchoBody>();
    goes::<EchoFuture<Full<Bytes>>>();
}

#[tokio::test(start_paused = true)]
async fn by_default_a_request_s_body_comes_back_with_200_after_a_millisecond() {
    let start = clock::now();
    let request = Request::post("/").header("content-type", "text/plain").body("hello".to_owned()).unwrap();
    let response = Echo::new().oneshot(request).await.unwrap();
    assert_eq!(since(start), ms(1));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.body().size_hint().exact(), Some(5));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_body_is_read_before_the_delay_begins() {
    let frames = futures_util::stream::unfold(0, |n| async move {
        tokio::time::sleep(ms(50)).await;
        (n < 2).then(|| (Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from("ab"))), n + 1))
    });
    let start = clock::now();
    let body = StreamBody::new(Box::pin(frames));
    let response = Echo::new().delay(ms(10)).oneshot(Request::new(body)).await.unwrap();
    assert_eq!(since(start), ms(160));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "abab");
}

#[tokio::test(start_paused = true)]
async fn a_request_body_that_fails_is_an_error() {
    let body = StreamBody::new(futures_util::stream::iter([Err::<http_body::Frame<Bytes>, _>("gone")]));
    let upstream = Echo::new();
    assert_eq!(upstream.clone().oneshot(Request::new(body)).await.unwrap_err(), EchoError::Request);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn every_nth_is_exactly_every_nth_in_the_order_of_arrival() {
    let upstream = Echo::new().every(5, 511);
    assert_eq!(statuses(&upstream, 10).await, [200, 200, 200, 200, 511, 200, 200, 200, 200, 511]);
    let report = Load::workers(10).requests(990).run(upstream.clone()).await;
    assert_eq!((report.count(511), report.count(200)), (198, 792));
    assert_eq!(upstream.seen().by_status[&511], 200);
}

#[tokio::test(start_paused = true)]
async fn every_nth_slow_is_slow_by_exactly_that() {
    let upstream = Echo::new().every_slow(5, ms(200));
    let report = Load::workers(1).requests(1000).run(upstream).await;
    assert_eq!(report.latency.percentile(80.0), ms(1));
    assert_eq!(report.latency.percentile(80.1), ms(200));
    assert_eq!(report.latency.max(), ms(200));
}

#[tokio::test(start_paused = true)]
async fn the_strict_form_of_zero_is_never() {
    assert_eq!(statuses(&Echo::new().every(0, 511), 3).await, [200; 3]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_victims_whatever_the_concurrency() {
    let upstream = || Echo::new().status_percent(511, 20.0).seed(7);
    let alone = statuses(&upstream(), 200).await;
    assert_eq!(alone, statuses(&upstream(), 200).await);
    assert_ne!(alone, statuses(&upstream().seed(8), 200).await);
    assert_ne!(alone, statuses(&upstream().named("v2"), 200).await);

    let crowd = upstream();
    let count = alone.iter().filter(|status| **status == 511).count() as u64;
    assert_eq!(Load::workers(10).requests(200).run(crowd).await.count(511), count);
}

#[tokio::test(start_paused = true)]
async fn one_chance_does_not_move_another_s_luck() {
    let plain = statuses(&Echo::new().status_percent(511, 20.0).seed(7), 100).await;
    let slow_too = Echo::new().status_percent(511, 20.0).delay_percent(ms(9), 50.0).slow_body(ms(1)).seed(7);
    assert_eq!(plain, statuses(&slow_too, 100).await);
}

#[tokio::test(start_paused = true)]
async fn percentages_keep_within_what_chance_allows() {
    for seed in 0..5 {
        let upstream = Echo::new().status_percent(503, 20.0).status_percent(429, 10.0).seed(seed);
        let report = Load::workers(4).requests(4000).run(upstream).await;
        // Four standard deviations of the binomial distribution.
        assert!(report.count(503).abs_diff(800) <= 102, "seed {seed}: {report}");
        assert!(report.count(429).abs_diff(400) <= 76, "seed {seed}: {report}");
        assert_eq!(report.count(200) + report.count(503) + report.count(429), 4000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_percent_is_always_and_none_is_never() {
    assert_eq!(statuses(&Echo::new().status_percent(511, 100.0), 50).await, [511; 50]);
    assert_eq!(statuses(&Echo::new().status_percent(511, 0.0), 50).await, [200; 50]);
    assert_eq!(statuses(&Echo::new().status(404).status_percent(511, f64::NAN), 50).await, [404; 50]);
    assert_eq!(statuses(&Echo::new().status(42), 1).await, [400]);
}

#[tokio::test(start_paused = true)]
async fn refusals_come_at_once_and_resets_when_the_answer_was_due() {
    let start = clock::now();
    let refusing = Echo::new().refuse();
    assert_eq!(send(&refusing, "").await.unwrap_err(), EchoError::Refused);
    assert_eq!(since(start), ms(0));
    let resetting = Echo::new().reset().delay(ms(20));
    assert_eq!(send(&resetting, "").await.unwrap_err(), EchoError::Reset);
    assert_eq!(since(start), ms(20));
    assert_eq!((refusing.seen().refused, resetting.seen().reset), (1, 1));
    assert_eq!((refusing.seen().active, resetting.seen().active), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_hangs_never_answers() {
    let upstream = Echo::new().hang();
    let call = send(&upstream, "");
    assert!(tokio::time::timeout(ms(3_600_000), call).await.is_err());
    let seen = upstream.seen();
    assert_eq!((seen.calls, seen.active, seen.abandoned), (1, 0, 1));
    assert!(seen.by_status.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_ends_so_much_later_than_the_head() {
    let start = clock::now();
    let upstream = Echo::new().slow_body(ms(200));
    let mut body = send(&upstream, "hello").await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "hello");
    assert_eq!(since(start), ms(1));
    assert!(!body.is_end_stream());
    assert!(body.frame().await.is_none());
    assert_eq!(since(start), ms(201));
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_ends_in_an_error_half_way() {
    let upstream = Echo::new().break_body().size(10);
    let mut body = send(&upstream, "").await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(10));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), 5);
    assert_eq!(body.frame().await.unwrap().unwrap_err(), EchoError::Broken);
    assert!(body.frame().await.is_none());
    let seen = upstream.seen();
    assert_eq!((seen.broken, seen.active, seen.abandoned, seen.by_status[&200]), (1, 0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_active_until_its_body_ends() {
    let upstream = Echo::new().slow_body(ms(50));
    let mut body = send(&upstream, "hello").await.unwrap().into_body();
    assert_eq!(upstream.seen().active, 1);
    let _ = body.frame().await;
    assert_eq!(upstream.seen().active, 1);
    assert!(body.frame().await.is_none());
    assert_eq!(upstream.seen().active, 0);
    drop(body);
    assert_eq!(upstream.seen().abandoned, 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_says_it_is_over_is_over() {
    let upstream = Echo::new();
    let body = send(&upstream, "").await.unwrap().into_body();
    assert!(body.is_end_stream());
    assert_eq!(upstream.seen().active, 0);
    let mut body = send(&upstream, "hello").await.unwrap().into_body();
    assert_eq!(upstream.seen().active, 1);
    let _ = body.frame().await;
    assert!(body.is_end_stream());
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_active_until_its_caller_goes_away() {
    let upstream = Echo::new();
    let mut first = Box::pin(upstream.clone().call(Request::new(String::new())));
    let mut second = Box::pin(upstream.clone().call(Request::new("hello".to_owned())));
    assert!(is_pending(&mut first).await && is_pending(&mut second).await);
    assert_eq!(upstream.seen().active, 2);
    drop(first);
    assert_eq!((upstream.seen().active, upstream.seen().max_active, upstream.seen().abandoned), (1, 2, 1));
    let response = second.await.unwrap();
    assert_eq!(upstream.seen().active, 1);
    drop(response);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_clone_is_the_same_upstream_and_a_retold_one_is_another() {
    let upstream = Echo::new();
    send(&upstream.clone(), "").await.unwrap();
    assert_eq!(upstream.seen().calls, 1);
    assert_eq!(upstream.clone().named("v2").seen().calls, 0);
    assert_eq!(upstream.status(404).seen().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn no_latency_is_an_answer_at_once() {
    let call = pin!(Echo::new().latency(ms(0)).oneshot(Request::new(String::new())));
    let mut call = call;
    assert!(!is_pending(&mut call).await);
}

#[tokio::test(start_paused = true)]
async fn a_layer_can_answer_with_its_body() {
    let body = EchoBody::from(Bytes::from("later"));
    assert_eq!(body.size_hint().exact(), Some(5));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "later");
    assert!(EchoBody::default().is_end_stream());
}
