//! Time that starts at the request's end: an upload is its caller's time.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Frame;
use tokio::time::{Sleep, sleep};
use tower::{Layer, service_fn};
use tower_mesh::{layer::timeout::Uploading, testing::Echo};

use super::*;

/// A request body that has a part each so many milliseconds, from when it is first asked for it.
#[derive(Debug)]
pub(super) struct Upload {
    parts: VecDeque<u64>,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    pub(super) fn new(parts: impl IntoIterator<Item = u64>) -> Self {
        Self { parts: parts.into_iter().collect(), wait: None }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(part) = self.parts.front().copied() else { return Poll::Ready(None) };
        if part > 0 {
            ready!(self.wait.get_or_insert_with(|| Box::pin(sleep(ms(part)))).as_mut().poll(cx));
        }
        self.wait = None;
        self.parts.pop_front();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"part")))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }
}

fn upload(parts: impl IntoIterator<Item = u64>) -> Request<Upload> {
    Request::new(Upload::new(parts))
}

const TWENTY_SECONDS: [u64; 20] = [1000; 20];

/// Case 49 of Envoy: an upload of 20 s under a time of 15 s.
#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_the_answer() {
    let starting = |upstream| timeout(limits().total(ms(15_000))).starting_at_request_end().layer(upstream);
    let got = ask(&starting(Echo::new().delay(ms(14_000))), upload(TWENTY_SECONDS)).await;
    assert_eq!((got.ended(), got.content().len()), ((200, None, 34_000), 80));
    let got = ask(&starting(Echo::new().delay(ms(16_000))), upload(TWENTY_SECONDS)).await;
    assert_eq!(got.ended(), (504, Some("response_timeout"), 35_000), "its end starts the clock");
    let got = ask(&starting(Echo::new()), upload([20_000])).await;
    assert_eq!(got.ended(), (200, None, 20_001), "also when it comes in one part");
    let by_hand = timeout(limits().total(ms(15_000))).layer(Echo::new());
    assert_eq!(ask(&by_hand, upload(TWENTY_SECONDS)).await.ended(), (504, Some("response_timeout"), 15_000));
}

/// The same for the time of one try.
#[tokio::test(start_paused = true)]
async fn a_try_counts_from_the_requests_end_too() {
    let layer = timeout(limits().head(ms(1000))).heads_only().starting_at_request_end();
    assert_eq!(ask(&layer.layer(Echo::new()), upload(TWENTY_SECONDS)).await.ended(), (200, None, 20_001));
    let got = ask(&layer.layer(Echo::new().delay(ms(5000))), upload([700, 800])).await;
    assert_eq!(got.ended(), (504, Some("upstream_per_try_timeout"), 2500));
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_has_ended_already() {
    let layer = timeout(limits().total(ms(500))).starting_at_request_end();
    assert_eq!(ask(&layer.layer(Echo::new().hang()), get()).await.after, 500);
}

/// It would never answer, whatever the caller sends: the caller has nothing to do with it.
#[tokio::test(start_paused = true)]
async fn an_upstream_that_never_reads_is_not_waited_for_without_end() {
    let layer = timeout(limits().total(ms(500))).starting_at_request_end();
    for parts in [&[0][..], &[0, 0, 0], &[1000]] {
        let got = ask(&layer.layer(Echo::new().hang()), upload(parts.iter().copied())).await;
        assert_eq!(got.ended(), (504, Some("response_timeout"), 500));
    }
}

/// As a connection does it: the body is read on a task of its own.
#[tokio::test(start_paused = true)]
async fn the_body_may_be_read_elsewhere() {
    for (answer, seen) in [(100, (200, None, 2100)), (900, (504, Some("response_timeout"), 2500))] {
        let upstream = service_fn(move |request: Request<Uploading<Upload>>| async move {
            let reading = tokio::spawn(request.into_body().collect());
            reading.await.expect("no panic").expect("a body");
            sleep(ms(answer)).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let service = timeout(limits().total(ms(500))).starting_at_request_end().layer(upstream);
        assert_eq!(ask(&service, upload([1000, 1000])).await.ended(), seen);
    }
}

/// Nothing but the body's end wakes the call then.
#[tokio::test(start_paused = true)]
async fn the_end_of_an_upload_wakes_who_waits_for_it() {
    let upstream = service_fn(async |request: Request<Uploading<Upload>>| {
        tokio::spawn(request.into_body().collect());
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let service = timeout(limits().total(ms(500))).starting_at_request_end().layer(upstream);
    assert_eq!(ask(&service, upload([1000, 1000])).await.ended(), (504, Some("response_timeout"), 2500));
}

/// A timer that was set for an idle caller is not in the way of a shorter time for the upstream.
#[tokio::test(start_paused = true)]
async fn the_end_of_an_upload_may_bring_a_limit_nearer() {
    let upstream = service_fn(async |request: Request<Uploading<Upload>>| {
        tokio::spawn(request.into_body().collect()).await.expect("no panic").expect("a body");
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let service = timeout(limits().total(ms(500)).idle(ms(3000))).starting_at_request_end().layer(upstream);
    assert_eq!(ask(&service, upload([1000, 1000])).await.ended(), (504, Some("response_timeout"), 2500));
}

/// A body that is let go of half-way is waited for no more.
#[tokio::test(start_paused = true)]
async fn an_upload_that_nobody_wants_has_ended() {
    let upstream = service_fn(async |request: Request<Uploading<Upload>>| {
        let mut body = request.into_body();
        body.frame().await.expect("a part").expect("no error");
        assert!(futures_util::poll!(body.frame()).is_pending(), "it waits for its caller");
        drop(body);
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let service = timeout(limits().total(ms(500))).starting_at_request_end().layer(upstream);
    assert_eq!(ask(&service, upload([1000, 1000])).await.ended(), (504, Some("response_timeout"), 1500));
}

/// What was asked for and has come need not be asked for again: from then on the upstream is waited for.
#[tokio::test(start_paused = true)]
async fn who_asked_and_asks_no_more_is_not_waited_for_without_end() {
    let upstream = service_fn(async |request: Request<Uploading<Upload>>| {
        let mut body = request.into_body();
        assert!(futures_util::poll!(body.frame()).is_pending(), "it waits for its caller");
        std::future::pending::<()>().await;
        drop(body);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = timeout(limits().total(ms(500))).starting_at_request_end().layer(upstream);
    assert_eq!(ask(&service, upload([1000, 1000])).await.ended(), (504, Some("response_timeout"), 1500));
}

/// An answer may come before the request's end; its body's time counts from that end, too.
#[tokio::test(start_paused = true)]
async fn an_answer_may_begin_before_the_upload_ends() {
    let upstream = service_fn(async |request: Request<Uploading<Upload>>| {
        let reading = tokio::spawn(request.into_body().collect());
        let parts = futures_util::stream::once(Box::pin(async move {
            reading.await.expect("no panic").expect("a body");
            sleep(ms(400)).await;
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"answer")))
        }));
        Ok::<_, Infallible>(Response::new(axum::body::Body::new(http_body_util::StreamBody::new(parts))))
    });
    let starting = |total| timeout(limits().total(ms(total))).starting_at_request_end().layer(upstream);
    let got = ask(&starting(500), upload([1000, 1000])).await;
    assert_eq!((got.ended(), got.head_after, got.content()), ((200, None, 2400), 0, "answer"));
    let got = ask(&starting(300), upload([1000, 1000])).await;
    assert_eq!((got.ended(), got.head_after), ((200, Some("response_timeout"), 2300), 0));
}

/// What a body says of itself is what the upstream hears.
#[tokio::test(start_paused = true)]
async fn the_request_body_is_the_same_body() {
    let upstream = service_fn(async |request: Request<Uploading<Full<Bytes>>>| {
        let body = request.into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
        Ok::<_, Infallible>(Response::new(Full::new(body.collect().await.expect("a body").to_bytes())))
    });
    for settings in [limits().total(ms(500)), limits().grpc_timeout(false)] {
        let service = timeout(settings).starting_at_request_end().layer(upstream);
        assert_eq!(ask(&service, Request::new(Full::from("sent"))).await.content(), "sent");
    }
}
