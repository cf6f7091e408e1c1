//! What is answered when time is up, and what becomes of the call.

use futures_util::poll;
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    CircuitBreakerLayer, Plain, Reason,
    policy::{circuit_breaker, timeout::GrpcStatus},
    testing::Echo,
};

use super::*;

/// As Envoy answers: 504 with a text of 24 bytes, no other header, the flag UT.
#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_total_is_answered_504() {
    let (upstream, told) = (Echo::new().delay(ms(1000)), Told::new());
    let service = timeout(limits().total(ms(500))).told("reviews", &told.events).layer(upstream.clone());
    let got = ask(&service, get()).await;
    assert_eq!(got.ended(), (504, Some("response_timeout"), 500));
    assert_eq!((got.content(), got.flags().as_str()), ("upstream request timeout", "UT"));
    assert_eq!((got.header("content-type"), got.header("content-length")), (Some("text/plain"), Some("24")));
    assert_eq!(got.head.headers.len(), 2);
    assert_eq!(got.head.extensions.get::<Refusal>().map(Refusal::reason), Some(Reason::Timeout));
    assert_eq!(told.lines(), ["[reviews] refused timeout"]);
}

#[tokio::test(start_paused = true)]
async fn the_call_is_let_go_of_in_the_moment_of_the_answer() {
    let upstream = Echo::new().hang();
    let mut call = Box::pin(timeout(limits().total(ms(500))).layer(upstream.clone()).oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    assert_eq!(upstream.seen().active, 1);
    let answer = call.as_mut().await.expect("an answer");
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1), "the future is still there");
    drop((answer, call));
}

/// A listener that looks finds everything let go of.
#[tokio::test(start_paused = true)]
async fn it_is_told_after_the_call_was_let_go_of() {
    let (upstream, events) = (Echo::new().hang(), Events::new());
    let active = Arc::new(Mutex::new(None));
    let _listening = events.listen({
        let (upstream, active) = (upstream.clone(), Arc::clone(&active));
        move |_| *active.lock().expect("no panic") = Some(upstream.seen().active)
    });
    ask(&timeout(limits().total(ms(5))).told("reviews", &events).layer(upstream), get()).await;
    assert_eq!(*active.lock().expect("no panic"), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_frees_the_upstream_at_once() {
    let upstream = Echo::new().hang();
    let mut call = Box::pin(timeout(limits().total(ms(500))).layer(upstream.clone()).oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    drop(call);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_told_the_same_without_a_body() {
    let service = timeout(limits().total(ms(500))).layer(Echo::new().hang());
    let got = ask(&service, Request::head("/").body(Full::<Bytes>::default()).expect("a request")).await;
    assert_eq!((got.status(), got.header("content-length"), got.content()), (504, Some("24"), ""));
}

/// As Envoy answers gRPC callers: UNAVAILABLE, not `DEADLINE_EXCEEDED`, unless that is asked for. Seen on Envoy, S5.19.
#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_told_by_trailers_only() {
    let late = limits().total(ms(500));
    for (settings, status) in [(late, "14"), (late.grpc_status(GrpcStatus::DeadlineExceeded), "4")] {
        let got = ask(&timeout(settings).layer(Echo::new().hang()), grpc()).await;
        assert_eq!(got.ended(), (200, Some("response_timeout"), 500));
        assert_eq!((got.header("grpc-status"), got.content()), (Some(status), ""));
        assert_eq!(got.header("grpc-message"), Some("upstream request timeout"));
        assert_eq!(got.header("content-type"), Some("application/grpc"));
        assert_eq!(got.flags(), "UT");
    }
}

/// As Envoy answers when no retry is left: the same text, other details.
#[tokio::test(start_paused = true)]
async fn a_try_without_a_head_in_time_is_answered_504_with_its_own_reason() {
    let told = Told::new();
    let service = timeout(limits().head(ms(300))).told("try", &told.events).layer(Echo::new().hang());
    let got = ask(&service, get()).await;
    assert_eq!(got.ended(), (504, Some("upstream_per_try_timeout"), 300));
    assert_eq!((got.content(), got.flags().as_str()), ("upstream request timeout", "UT"));
    assert_eq!(told.lines(), ["[try] refused try_timeout"]);
}

/// Case 47 of Envoy, first half: a time for a try that is no shorter than the total is ignored.
#[tokio::test(start_paused = true)]
async fn the_total_goes_before_a_try_of_the_same_length() {
    let service = timeout(limits().total(ms(5000)).head(ms(5000))).layer(Echo::new().hang());
    assert_eq!(ask(&service, get()).await.ended(), (504, Some("response_timeout"), 5000));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_there_in_the_last_moment_is_given() {
    for settings in [limits().total(ms(500)), limits().head(ms(500)), limits().idle(ms(500))] {
        let got = ask(&timeout(settings).layer(Echo::new().delay(ms(500))), get()).await;
        assert_eq!(got.ended(), (200, None, 500));
        let got = ask(&timeout(settings).layer(Echo::new().delay(ms(501))), get()).await;
        assert_eq!((got.status(), got.after), (504, 500));
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_service_stay_its_own() {
    let service = timeout(limits().total(ms(500))).layer(Echo::new().reset());
    let error = service.oneshot(get()).await.expect_err("a reset");
    assert_eq!(error, tower_mesh::testing::EchoError::Reset);
}

#[tokio::test(start_paused = true)]
async fn over_plain_services_it_is_their_own_error() {
    let slow = service_fn(async |after: u64| {
        tokio::time::sleep(ms(after)).await;
        Ok::<_, BoxError>(after)
    });
    let service = timeout(limits().total(ms(500))).over(Plain.boxed()).layer(slow);
    assert_eq!(service.clone().oneshot(500).await.expect("in time"), 500);
    let error = service.oneshot(501).await.expect_err("too late");
    let refusal = error.downcast_ref::<Refusal>().expect("a refusal");
    assert_eq!((refusal.reason(), refusal.why()), (Reason::Timeout, "response_timeout"));
}

/// Time up is the upstream's failure: as in Envoy, where it counts as a 504 for who watches the host.
#[tokio::test(start_paused = true)]
async fn a_breaker_further_out_counts_it() {
    let settings = circuit_breaker::Settings::builder().error_amount(1).build().expect("settings");
    let service = (CircuitBreakerLayer::new(settings), timeout(limits().total(ms(500))));
    let service = service.layer(Echo::new().hang());
    assert_eq!(ask(&service, get()).await.ended(), (504, Some("response_timeout"), 500));
    assert_eq!(ask(&service, get()).await.ended(), (409, Some("circuit_open"), 0));
}
