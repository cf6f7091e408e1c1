//! After the head: the deadline cuts the body, and a body that is in time is the same body.

use std::pin::pin;

use futures_util::stream;
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::sleep;
use tower::{Layer, service_fn};
use tower_mesh::{AnswerableLayer, Reason, layer::body::Timed, testing::Echo};

use super::*;

/// As Envoy does: 200 and its headers, then the exchange is broken off; logged with UT.
#[tokio::test(start_paused = true)]
async fn the_total_cuts_a_body_whose_head_was_sent() {
    let (upstream, told) = (Echo::new().size(64).slow_body(ms(2000)), Told::new());
    let service = timeout(limits().total(ms(500))).told("reviews", &told.events).layer(upstream.clone());
    let response = service.oneshot(get()).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(64));
    let data = body.frame().await.expect("data").expect("no error").into_data().expect("data");
    assert_eq!(data.len(), 64);
    let start = clock::now();
    let error = body.frame().await.expect("an end").expect_err("it was cut");
    assert_eq!(clock::now().since(start), ms(499), "a millisecond went by before the head");
    let refusal = error.downcast_ref::<Refusal>().expect("a refusal");
    assert_eq!((refusal.reason(), refusal.why()), (Reason::Timeout, "response_timeout"));
    assert_eq!(refusal.flags(), Flags::UT);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1), "the body was let go of");
    assert_eq!(told.lines(), ["[reviews] refused timeout"]);
    assert!(body.is_end_stream() && body.frame().await.is_none(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_in_the_last_moment_is_whole() {
    let upstream = Echo::new().latency(ms(100)).size(64).slow_body(ms(400));
    let got = ask(&timeout(limits().total(ms(500))).layer(upstream.clone()), get()).await;
    assert_eq!((got.ended(), got.content().len()), ((200, None, 500), 64));
    let got = ask(&timeout(limits().total(ms(499))).layer(upstream), get()).await;
    assert_eq!((got.ended(), got.head_after), ((200, Some("response_timeout"), 499), 100));
}

/// One timer serves both; the total counts from its own beginning.
#[tokio::test(start_paused = true)]
async fn after_a_try_the_total_goes_on() {
    let upstream = Echo::new().latency(ms(100)).size(64).slow_body(ms(600));
    for head in [200, 500, 800] {
        let service = timeout(limits().total(ms(500)).head(ms(head))).layer(upstream.clone());
        assert_eq!(ask(&service, get()).await.ended(), (200, Some("response_timeout"), 500));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_was_there_at_once_has_its_body_counted_from_then_on() {
    let upstream = Echo::new().latency(ms(0)).size(64).slow_body(ms(2000));
    let service = timeout(limits().total(ms(500))).layer(upstream);
    assert_eq!(ask(&service, get()).await.ended(), (200, Some("response_timeout"), 500));
    // Also while nobody reads it.
    let mut body = service.oneshot(get()).await.expect("an answer").into_body();
    sleep(ms(400)).await;
    body.frame().await.expect("data").expect("in time");
    let start = clock::now();
    body.frame().await.expect("an end").expect_err("it was cut");
    assert_eq!(clock::now().since(start), ms(100));
}

/// A caller that takes its time is not cut off from what is there already.
#[tokio::test(start_paused = true)]
async fn what_is_there_is_given_also_after_the_deadline() {
    let service = timeout(limits().total(ms(500))).layer(Echo::new().size(64));
    let body = service.oneshot(get()).await.expect("an answer").into_body();
    sleep(ms(10_000)).await;
    assert_eq!(body.collect().await.expect("whole").to_bytes().len(), 64);
}

/// A reader who is slower than the upstream never waits for it.
#[tokio::test(start_paused = true)]
async fn a_body_that_always_has_more_is_cut_too() {
    let endless = service_fn(async |_: Request<Full<Bytes>>| {
        let frames = stream::repeat_with(|| Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"more"))));
        Ok::<_, BoxError>(Response::new(StreamBody::new(frames)))
    });
    for (limits, cut_after) in [(limits().total(ms(500)), Some(500)), (limits().idle(ms(50)), None)] {
        let told = Told::new();
        let layers = (timeout(limits).told("reviews", &told.events), AnswerableLayer);
        let service = layers.layer(endless);
        let start = clock::now();
        let mut body = pin!(service.oneshot(get()).await.expect("an answer").into_body());
        let mut reads = 0;
        let error = loop {
            match body.as_mut().frame().await.expect("it has no end") {
                Err(error) => break Some(error),
                Ok(_) if reads == 20 => break None,
                Ok(_) => reads += 1,
            }
            sleep(ms(100)).await;
        };
        let error = error.as_ref().and_then(|error| error.downcast_ref()).map(Refusal::why);
        assert_eq!(error, cut_after.map(|_| "response_timeout"));
        let after = cut_after.map(|_| clock::now().since(start).as_millis());
        assert_eq!((after, told.lines().len()), (cut_after, usize::from(cut_after.is_some())));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_one_try_ends_with_its_head() {
    let upstream = Echo::new().size(64).slow_body(ms(2000));
    let got = ask(&timeout(limits().head(ms(500))).layer(upstream), get()).await;
    assert_eq!((got.ended(), got.content().len()), ((200, None, 2001), 64));
}

/// Bodies stay what they are: this compiles only if the type does.
#[tokio::test(start_paused = true)]
async fn heads_only_leaves_bodies_alone() {
    let upstream = Echo::new().size(64).slow_body(ms(2000));
    let service = timeout(limits().total(ms(500)).idle(ms(100))).heads_only().layer(upstream);
    let response: Response<tower_mesh::testing::echo::EchoBody> =
        service.oneshot(get()).await.expect("an answer");
    assert_eq!(response.into_body().collect().await.expect("whole").to_bytes().len(), 64);
    let service = timeout(limits().total(ms(500))).heads_only().layer(Echo::new().hang());
    assert_eq!(ask(&service, get()).await.ended(), (504, Some("response_timeout"), 500));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_is_dropped() {
    let upstream = Echo::new().size(64).slow_body(ms(2000));
    let response = timeout(limits().total(ms(500))).layer(upstream.clone()).oneshot(get()).await;
    let mut body = response.expect("an answer").into_body();
    body.frame().await.expect("data").expect("no error");
    assert!(futures_util::poll!(body.frame()).is_pending());
    assert_eq!(upstream.seen().active, 1);
    drop(body);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1));
}

/// Its own error, in a box; not our reason.
#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_breaks_off() {
    let got = ask(&timeout(limits().total(ms(500))).layer(Echo::new().size(64).break_body()), get()).await;
    let error = got.content.expect_err("it broke");
    assert!(error.is::<tower_mesh::testing::EchoError>());
}

/// Of frames, trailers and errors of a body, some later than others.
#[tokio::test(start_paused = true)]
async fn frames_and_trailers_pass_and_a_second_timeout_further_out_finds_the_first_ones_reason() {
    let upstream = service_fn(async |_: Request<Full<Bytes>>| {
        let frames = stream::unfold(0, async |step| {
            sleep(ms(if step == 3 { 5000 } else { 100 })).await;
            let trailers = || HeaderMap::from_iter([(http::header::ETAG, "x".parse().expect("a value"))]);
            let frame =
                if step == 2 { Frame::trailers(trailers()) } else { Frame::data(Bytes::from("data")) };
            Some((Ok::<_, std::convert::Infallible>(frame), step + 1))
        });
        Ok::<_, std::convert::Infallible>(Response::new(Answerable(Box::pin(StreamBody::new(Box::pin(
            frames,
        ))))))
    });
    let layers = (timeout(limits().total(ms(10_000))), timeout(limits().total(ms(500))));
    let mut body = layers.layer(upstream).oneshot(get()).await.expect("an answer").into_body();
    for _ in 0..2 {
        assert!(body.frame().await.expect("more").expect("no error").is_data());
    }
    assert!(body.frame().await.expect("more").expect("no error").is_trailers());
}

/// A stream that can also be our own bytes.
struct Answerable<B>(B);

impl<B> From<Bytes> for Answerable<B> {
    fn from(_: Bytes) -> Self {
        panic!("nothing is refused here")
    }
}

impl<B: Body + Unpin> Body for Answerable<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        pin!(&mut self.0).poll_frame(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_timeouts_the_one_that_cut_is_the_one_that_is_found() {
    let upstream = Echo::new().size(64).slow_body(ms(5000));
    let (inner, outer) = (Told::new(), Told::new());
    let layers = (
        timeout(limits().total(ms(1000)).idle(ms(900))).told("outer", &outer.events),
        timeout(limits().idle(ms(300))).told("inner", &inner.events),
    );
    let got = ask(&layers.layer(upstream), get()).await;
    assert_eq!(got.ended(), (200, Some("stream_idle_timeout"), 301));
    assert_eq!((inner.lines().len(), outer.lines().len()), (1, 0));
}

#[test]
fn our_own_body_is_whole_and_never_late() {
    let body = Timed::<Full<Bytes>>::from(Bytes::from_static(b"own"));
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
    assert!(Timed::<Full<Bytes>>::default().is_end_stream());
}
