//! gRPC: its status stands in the headers if there is nothing else to say, else in the trailers, after the body.

use std::{convert::Infallible, io, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mesh::policy::circuit_breaker::{Abandoned, Settings, SettingsBuilder};

use crate::{breaker, is_refused};

/// What the upstream answers.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// This status in the headers, and nothing else.
    InHeaders(u8),
    /// Data, and this status in the trailers.
    InTrailers(u8),
    /// Data, and the end.
    Nothing,
    /// The end, at once.
    NothingAtAll,
    /// Data, and then an error.
    Breaks,
    /// A head after so many seconds, and OK in the trailers after so many more.
    Slowly(u64, u64),
}

/// How far the caller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Head,
    /// The head, and keeps the body.
    HeadAndStays,
    FirstFrame,
    All,
    /// All, and the next call comes when the body is gone.
    AllAndLeaves,
}

impl Says {
    async fn answer(self) -> Result<Response<Body>, Infallible> {
        let message = Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\x02ok")));
        let (frames, pause) = match self {
            Self::InHeaders(status) => {
                let mut response = Response::default();
                response.headers_mut().insert("grpc-status", HeaderValue::from(u16::from(status)));
                return Ok(response);
            }
            Self::NothingAtAll => return Ok(Response::default()),
            Self::InTrailers(status) => (vec![message, Ok(trailers(status))], 0),
            Self::Nothing => (vec![message], 0),
            Self::Breaks => (vec![message, Err(io::Error::other("reset"))], 0),
            Self::Slowly(head, body) => {
                sleep(Duration::from_secs(head)).await;
                (vec![message, Ok(trailers(0))], body)
            }
        };
        let frames = stream::iter(frames).then(move |frame| async move {
            if frame.as_ref().is_ok_and(Frame::is_trailers) {
                sleep(Duration::from_secs(pause)).await;
            }
            frame
        });
        Ok(Response::new(Body::new(StreamBody::new(Box::pin(frames)))))
    }
}

fn trailers(status: u8) -> Frame<Bytes> {
    let status = HeaderValue::from(u16::from(status));
    Frame::trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), status)]))
}

fn call() -> Request {
    Request::post("/reviews/get").header("content-type", "application/grpc").body(Body::empty()).unwrap()
}

/// Whether the circuit is open after one such call.
async fn opens<L, S, B>(layer: L, says: Says, reads: Reads) -> bool
where
    L: Layer<tower::util::BoxCloneSyncService<Request, Response<Body>, Infallible>, Service = S>,
    S: Service<Request, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body + Unpin,
{
    let upstream = service_fn(move |_: Request| says.answer());
    let service = layer.layer(tower::util::BoxCloneSyncService::new(upstream));
    let response = service.clone().oneshot(call()).await.unwrap();
    assert!(!is_refused(&response));
    let mut body = response.into_body();
    match reads {
        Reads::Head | Reads::HeadAndStays => {}
        Reads::FirstFrame => assert!(body.frame().await.is_some_and(|frame| frame.is_ok())),
        Reads::All | Reads::AllAndLeaves => while body.frame().await.is_some_and(|frame| frame.is_ok()) {},
    }
    // What was read counts at once, not when the body is dropped.
    let body = matches!(reads, Reads::All | Reads::HeadAndStays).then_some(body);
    let opened = is_refused(&service.oneshot(call()).await.unwrap());
    drop(body);
    opened
}

fn errors() -> SettingsBuilder {
    Settings::builder().error_amount(1)
}

#[tokio::test(start_paused = true)]
async fn a_status_in_the_headers_is_judged_either_way() {
    for (status, bad) in [(14, true), (2, true), (13, true), (0, false), (5, false), (16, false)] {
        let says = Says::InHeaders(status);
        assert_eq!(opens(breaker(errors()), says, Reads::Head).await, bad, "{says:?}");
        assert_eq!(opens(breaker(errors()).judging_trailers(), says, Reads::Head).await, bad, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_in_the_trailers_is_judged_where_that_is_asked_for() {
    for (status, bad) in [(14, true), (2, true), (13, true), (0, false), (5, false), (16, false)] {
        let says = Says::InTrailers(status);
        assert!(!opens(breaker(errors()), says, Reads::All).await, "{says:?} at the head");
        assert_eq!(opens(breaker(errors()).judging_trailers(), says, Reads::All).await, bad, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_without_a_status_or_breaks_is_a_failure() {
    for says in [Says::Nothing, Says::Breaks] {
        assert!(!opens(breaker(errors()), says, Reads::All).await, "{says:?} at the head");
        assert!(opens(breaker(errors()).judging_trailers(), says, Reads::All).await, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_without_a_status_is_a_failure_at_once_if_nothing_follows_it() {
    let (says, reads) = (Says::NothingAtAll, Reads::HeadAndStays);
    assert!(!opens(breaker(errors()), says, reads).await, "at the head");
    assert!(opens(breaker(errors()).judging_trailers(), says, reads).await);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_half_way_is_abandoned() {
    for reads in [Reads::Head, Reads::FirstFrame] {
        for (abandoned, bad) in [(Abandoned::Neutral, false), (Abandoned::Failure, true)] {
            let layer = breaker(errors().abandoned(abandoned)).judging_trailers();
            assert_eq!(opens(layer, Says::InTrailers(14), reads).await, bad, "{abandoned:?}, {reads:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_as_slow_as_its_head() {
    let layer = || breaker(Settings::builder().slow_amount(1).slow_time(Duration::from_secs(5)));
    let (body, head) = (Says::Slowly(1, 60), Says::Slowly(6, 0));
    assert!(!opens(layer(), body, Reads::All).await);
    assert!(!opens(layer().judging_trailers(), body, Reads::All).await);
    assert!(opens(layer(), head, Reads::All).await);
    assert!(opens(layer().judging_trailers(), head, Reads::All).await);
}

/// The verdict of a call falls once, with the first thing that decides it.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_judged_at_its_trailers_is_not_judged_again() {
    for says in [Says::InTrailers(14), Says::Nothing, Says::Breaks] {
        let layer = breaker(errors().error_amount(2).abandoned(Abandoned::Failure)).judging_trailers();
        assert!(!opens(layer, says, Reads::AllAndLeaves).await, "{says:?}");
    }
}

/// Only gRPC has its status in the trailers: the body of a GET is not waited for.
#[tokio::test(start_paused = true)]
async fn another_answer_is_judged_at_its_head_and_its_body_does_not_count() {
    let layer = breaker(errors().abandoned(Abandoned::Failure)).judging_trailers();
    let service = layer.layer(service_fn(|_: Request| Says::Breaks.answer()));
    for _ in 0..3 {
        let response = service.clone().oneshot(crate::get("/")).await.unwrap();
        assert!(!is_refused(&response));
        assert!(response.into_body().collect().await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_watched_comes_through_whole() {
    let layer = breaker(errors()).judging_trailers();
    let service = layer.layer(service_fn(|_: Request| Says::InTrailers(5).answer()));
    let body = service.oneshot(call()).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "5");
    assert_eq!(body.to_bytes(), "\0\0\0\0\x02ok");

    let whole = async |_: Request| Ok::<_, Infallible>(Response::new(Body::from("whole")));
    let response = layer.layer(service_fn(whole)).oneshot(call()).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(5));
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
}
