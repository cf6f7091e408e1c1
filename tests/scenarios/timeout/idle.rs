//! Nothing moved for too long.

use http::Response;
use tower::{Layer, service_fn};
use tower_mesh::{Reason, testing::Echo};

use super::{upload::Upload, *};

/// As Envoy answers where the request was complete: 504 `stream timeout`, the flag SI.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_a_stream_timeout() {
    let told = Told::new();
    let service = timeout(limits().idle(ms(300))).told("reviews", &told.events).layer(Echo::new().hang());
    let got = ask(&service, get()).await;
    assert_eq!(got.ended(), (504, Some("stream_idle_timeout"), 300));
    assert_eq!((got.content(), got.flags().as_str()), ("stream timeout", "SI"));
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert_eq!(told.lines(), ["[reviews] refused idle_timeout"]);
    let got = ask(&service, grpc()).await;
    assert_eq!((got.header("grpc-status"), got.header("grpc-message")), (Some("14"), Some("stream timeout")));
}

/// As Envoy answers where it was not: 408.
#[tokio::test(start_paused = true)]
async fn a_caller_that_does_not_go_on_is_a_request_timeout() {
    let service = timeout(limits().idle(ms(300))).starting_at_request_end().layer(Echo::new());
    let got = ask(&service, Request::new(Upload::new([100, 100, 1000]))).await;
    assert_eq!(got.ended(), (408, Some("stream_idle_timeout"), 500));
    assert_eq!((got.content(), got.flags().as_str()), ("stream timeout", "SI"));
    let reason = got.head.extensions.get::<Refusal>().map(Refusal::reason);
    assert_eq!(reason, Some(Reason::IdleTimeout));
}

#[tokio::test(start_paused = true)]
async fn frames_of_the_request_move_it() {
    let upload = || Request::new(Upload::new([250, 250, 250, 250]));
    let service = timeout(limits().idle(ms(300))).starting_at_request_end().layer(Echo::new().delay(ms(299)));
    assert_eq!(ask(&service, upload()).await.ended(), (200, None, 1299));
    let unseen = timeout(limits().idle(ms(300))).layer(Echo::new());
    assert_eq!(
        ask(&unseen, upload()).await.ended(),
        (504, Some("stream_idle_timeout"), 300),
        "where they are seen"
    );
}

/// The request's end moved last.
#[tokio::test(start_paused = true)]
async fn after_the_request_its_end_counts() {
    let service = timeout(limits().idle(ms(300))).starting_at_request_end().layer(Echo::new().hang());
    // Its body is never read.
    assert_eq!(ask(&service, Request::new(Upload::new([0]))).await.after, 300);
    let reads = timeout(limits().idle(ms(300))).starting_at_request_end().layer(Echo::new().delay(ms(5000)));
    let got = ask(&reads, Request::new(Upload::new([200, 200]))).await;
    assert_eq!(got.ended(), (504, Some("stream_idle_timeout"), 700));
}

#[tokio::test(start_paused = true)]
async fn the_head_moves_it_and_each_frame_of_the_response_does() {
    let upstream = Echo::new().delay(ms(250)).size(64).slow_body(ms(250));
    let got = ask(&timeout(limits().idle(ms(300))).layer(upstream), get()).await;
    assert_eq!((got.ended(), got.content().len()), ((200, None, 500), 64));
}

#[tokio::test(start_paused = true)]
async fn the_head_alone_moves_it_and_each_frame_alone_does() {
    for (parts, whole_after) in [(&[290, 290, 290][..], Some(1160)), (&[290, 301], None), (&[301], None)] {
        let upstream = service_fn(async |_: Request<Full<Bytes>>| {
            tokio::time::sleep(ms(290)).await;
            let parts = Upload::new(parts.iter().copied());
            Ok::<_, std::convert::Infallible>(Response::new(axum::body::Body::new(parts)))
        });
        let got = ask(&timeout(limits().idle(ms(300))).layer(upstream), get()).await;
        match whole_after {
            Some(after) => assert_eq!(got.ended(), (200, None, after)),
            None => assert_eq!(got.why(), Some("stream_idle_timeout"), "{parts:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_go_on_is_cut() {
    let (upstream, told) = (Echo::new().delay(ms(250)).size(64).slow_body(ms(5000)), Told::new());
    let service = timeout(limits().idle(ms(300))).told("reviews", &told.events).layer(upstream.clone());
    let got = ask(&service, get()).await;
    assert_eq!(got.ended(), (200, Some("stream_idle_timeout"), 550));
    let error = got.content.expect_err("it was cut");
    assert_eq!(error.downcast_ref::<Refusal>().map(Refusal::flags), Some(Flags::SI));
    assert_eq!(upstream.seen().active, 0);
    assert_eq!(told.lines(), ["[reviews] refused idle_timeout"]);
}

/// A caller that reads slowly is not an upstream that sends nothing.
#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_asks_for_more_is_not_idle() {
    let upstream = Echo::new().size(64).slow_body(ms(1200));
    let service = timeout(limits().idle(ms(300))).layer(upstream);
    let mut body = service.oneshot(get()).await.expect("an answer").into_body();
    body.frame().await.expect("data").expect("no error");
    tokio::time::sleep(ms(1000)).await;
    assert!(body.frame().await.is_none(), "it ended in time");
}

/// A total goes on through all that moves.
#[tokio::test(start_paused = true)]
async fn movement_does_not_stop_the_total() {
    let upstream = Echo::new().delay(ms(250)).size(64).slow_body(ms(250));
    let got = ask(&timeout(limits().idle(ms(300)).total(ms(400))).layer(upstream), get()).await;
    assert_eq!(got.ended(), (200, Some("response_timeout"), 400));
}
