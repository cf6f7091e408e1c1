//! The half-open state: who probes, what a probe may do, and that it always ends.

use std::{convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt, poll, stream};
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use tokio::time::{advance, sleep, timeout};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mesh::{
    policy::circuit_breaker::{Abandoned, HalfOpen, State},
    testing::{Echo, Load},
};

use super::{MS, SECOND, await_probes, begun, breaker, get, is_open, probing, status};

/// Seen: probes that were counted in a short window, which was over before there were enough of them; a service with
/// little traffic then stayed half-open for ever.
#[tokio::test(start_paused = true)]
async fn a_half_open_circuit_closes_however_few_requests_come() {
    let settings = probing(HalfOpen::new().successes(3)).window(100 * MS);
    let layer = breaker(settings);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    await_probes(&service).await;
    for call in 1..=30 {
        sleep(60 * MS).await;
        assert_eq!(status(&service, "delay=0").await, 200, "call {call}");
        let expected = if call < 3 { State::HalfOpen } else { State::Closed };
        assert_eq!(handle.state(), expected, "call {call}");
    }
}

/// Seen: a breaker of which one timer was on the system's clock and the others on the runtime's.
#[tokio::test(start_paused = true)]
async fn virtual_time_ends_growing_open_times_and_the_time_of_probes_to_the_millisecond() {
    let settings = probing(HalfOpen::new().deadline(10 * SECOND)).open_growth(2.0, 5 * SECOND);
    let layer = breaker(settings);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    assert_eq!(status(&service, "status=500&delay=0").await, 500);
    for open_for in [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND, 5 * SECOND] {
        advance(open_for - MS).await;
        assert_eq!(status(&service, "delay=0").await, 409, "a millisecond before {open_for:?}");
        advance(MS).await;
        assert_eq!(handle.state(), State::HalfOpen, "{open_for:?}");
        let probe = begun(&service, "hang=100").await;
        advance(10 * SECOND - MS).await;
        assert_eq!(status(&service, "delay=0").await, 409, "a millisecond before the deadline");
        assert_eq!(handle.state(), State::HalfOpen);
        advance(MS).await;
        assert_eq!(status(&service, "delay=0").await, 409, "it opened again");
        assert!(is_open(handle.state()), "{open_for:?}: {:?}", handle.state());
        probe.abort();
    }
    advance(5 * SECOND).await;
    assert_eq!(status(&service, "delay=0").await, 200);
    assert_eq!(status(&service, "status=500&delay=0").await, 500, "closed by its probe");
    advance(SECOND).await;
    assert_eq!(handle.state(), State::HalfOpen, "it grows anew");
}

/// Seen: answers to calls from before the opening were taken for probes: a good one closed a circuit whose probe had
/// not come back, a bad one opened it again.
#[tokio::test(start_paused = true)]
async fn calls_from_before_the_opening_decide_nothing_while_a_probe_is_out() {
    for query in ["status=200&delay=3s", "status=500&delay=3s"] {
        let layer = breaker(probing(HalfOpen::new()));
        let (service, handle) = (layer.layer(Echo::new()), layer.handle());
        let late = begun(&service, query).await;
        await_probes(&service).await;
        let probe = begun(&service, "delay=10s").await;
        assert_eq!(handle.state(), State::HalfOpen);
        late.await.expect("no panic");
        assert_eq!(handle.state(), State::HalfOpen, "{query}");
        assert_eq!(status(&service, "").await, 409, "{query}: the place is still taken");
        assert_eq!(probe.await.expect("no panic"), 200);
        assert_eq!(handle.state(), State::Closed);
    }
}

/// A probe from an earlier half-open state is as late as any other call.
#[tokio::test(start_paused = true)]
async fn a_probe_that_outlived_its_deadline_decides_nothing_in_the_next_half_open_state() {
    let layer = breaker(probing(HalfOpen::new().deadline(SECOND)));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    await_probes(&service).await;
    let late = begun(&service, "delay=3s").await;
    advance(SECOND).await;
    assert_eq!(status(&service, "").await, 409, "its time is over");
    assert!(is_open(handle.state()));
    advance(SECOND).await;
    let probe = begun(&service, "delay=30s").await;
    assert_eq!(late.await.expect("no panic"), 200);
    assert_eq!(handle.state(), State::HalfOpen);
    assert_eq!(status(&service, "").await, 409, "it gave back a place that was not its own");
    probe.abort();
}

/// Seen: a probe that took as long as what had opened the circuit closed it, since its status was good.
#[tokio::test(start_paused = true)]
async fn a_slow_probe_does_not_close() {
    let settings = probing(HalfOpen::new()).slow_amount(1).slow_time(200 * MS);
    let layer = breaker(settings);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    await_probes(&service).await;
    assert_eq!(status(&service, "delay=200ms").await, 200);
    assert!(is_open(handle.state()), "{:?}", handle.state());
    sleep(SECOND).await;
    assert_eq!(status(&service, "delay=199ms").await, 200);
    assert_eq!(handle.state(), State::Closed);
}

/// Seen: places for probes that only an answer gave back. One probe that hung, or was forgotten by its caller, and
/// nobody was let through any more.
#[tokio::test(start_paused = true)]
async fn probes_that_never_report_hold_a_circuit_half_open_until_their_deadline_and_no_longer() {
    let layer = breaker(probing(HalfOpen::new().deadline(5 * SECOND)));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    await_probes(&service).await;
    let hung = begun(&service, "hang=100").await;
    advance(5 * SECOND).await;
    assert_eq!(status(&service, "").await, 409);
    assert!(is_open(handle.state()), "a probe that hangs is a bad one");

    advance(SECOND).await;
    let mut forgotten = Box::pin(service.clone().oneshot(get("hang=100")));
    assert!(poll!(&mut forgotten).is_pending());
    std::mem::forget(forgotten);
    assert_eq!(handle.state(), State::HalfOpen);
    advance(6 * SECOND).await;
    assert_eq!(status(&service, "").await, 409);
    assert!(is_open(handle.state()), "and so is one that nobody will settle");

    advance(SECOND).await;
    assert_eq!(status(&service, "").await, 200);
    assert_eq!(handle.state(), State::Closed);
    hung.abort();
}

/// Answers as [`Echo`] would, or panics: in `call`, or when it is polled.
async fn panics(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    tokio::task::yield_now().await;
    assert_ne!(request.uri().query(), Some("panic"), "told to panic");
    let status = if request.uri().query() == Some("status=500&delay=0") { 500 } else { 200 };
    Ok(Response::builder().status(status).body(Full::default()).expect("a response"))
}

/// Seen: a probe that panicked kept its place, and the circuit stayed half-open for ever.
#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_gives_its_place_back() {
    let in_call = service_fn(|request: Request<Full<Bytes>>| {
        assert_ne!(request.uri().query(), Some("panic-in-call"), "told to panic");
        panics(request)
    });
    for query in ["panic", "panic-in-call"] {
        for (abandoned, expected) in [(Abandoned::Neutral, 200), (Abandoned::Failure, 409)] {
            let layer = breaker(probing(HalfOpen::new()).abandoned(abandoned));
            let (service, handle) = (layer.layer(in_call), layer.handle());
            await_probes(&service).await;
            let probe = AssertUnwindSafe(service.clone().oneshot(get(query))).catch_unwind().await;
            assert!(probe.is_err(), "it panics");
            assert_eq!(is_open(handle.state()), expected == 409, "{query}, {abandoned:?}");
            assert_eq!(status(&service, "").await, expected, "{query}, {abandoned:?}");
            sleep(SECOND).await;
            assert_eq!(status(&service, "").await, 200);
            assert_eq!(handle.state(), State::Closed);
        }
    }
}

/// Seen: a half-open state that let everything pass until the first answer: a slow upstream that was just recovering
/// got the whole crowd at once.
#[tokio::test(start_paused = true)]
async fn a_slow_half_open_upstream_gets_no_flood() {
    let upstream = Echo::new();
    let service = breaker(probing(HalfOpen::new().concurrent(2).successes(4))).layer(upstream.clone());
    await_probes(&service).await;
    let before = upstream.seen();
    let crowd = Load::workers(1_000).requests(1_000).uri("/?delay=5s").run(service.clone()).await;
    assert_eq!((crowd.count(200), crowd.count(409)), (2, 998), "{crowd}");
    assert_eq!(upstream.seen().since(&before).calls, 2);
}

/// Seen: half-open states in which the first bad answer always opens again, so that an upstream that fails one request
/// in a hundred takes many rounds to come back.
#[tokio::test(start_paused = true)]
async fn one_flaky_probe_need_not_reopen() {
    for half_open in [HalfOpen::new().successes(3).failures(2), HalfOpen::new().ratio(4, 0.5)] {
        let layer = breaker(probing(half_open));
        let (service, handle) = (layer.layer(Echo::new()), layer.handle());
        await_probes(&service).await;
        for probe in ["", "status=500", "", ""] {
            assert_eq!(handle.state(), State::HalfOpen, "{half_open:?}");
            status(&service, probe).await;
        }
        assert_eq!(handle.state(), State::Closed, "{half_open:?}");
    }
}

/// Seen: a caller that went away from its probe took the place with him.
#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_frees_its_place() {
    let layer = breaker(probing(HalfOpen::new()));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    await_probes(&service).await;
    for _ in 0..10 {
        let probe = timeout(10 * MS, service.clone().oneshot(get("hang=100"))).await;
        assert!(probe.is_err(), "it is cut short");
        drop(service.clone().call(get("")));
        assert_eq!(handle.state(), State::HalfOpen, "nor is one lost that is dropped before its first poll");
    }
    assert_eq!(status(&service, "").await, 200);
    assert_eq!(handle.state(), State::Closed);
}

/// A stream whose head was good may go on for hours. Judged by its trailers it is a probe that does not come back: known,
/// and said where trailers are chosen.
#[tokio::test(start_paused = true)]
async fn a_stream_as_a_probe_closes_at_its_head_but_not_before_its_trailers_if_they_are_to_judge() {
    let streams = || {
        service_fn(async |request: Request<Full<Bytes>>| {
            let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
            let mut response = Response::new(body);
            if request.uri().query().is_some() {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            Ok::<_, Infallible>(response)
        })
    };
    let call = |query: &str| {
        let request = Request::post(format!("/{query}")).header(CONTENT_TYPE, "application/grpc");
        request.body(Full::default()).expect("a request")
    };
    let settings = || probing(HalfOpen::new().deadline(5 * SECOND));

    let at_head = breaker(settings());
    let service = at_head.layer(streams());
    service.clone().oneshot(call("?bad")).await.expect("an answer");
    sleep(SECOND).await;
    let _stream = service.clone().oneshot(call("")).await.expect("an answer");
    assert_eq!(at_head.handle().state(), State::Closed);

    let at_trailers = breaker(settings()).judging_trailers();
    let (service, handle) = (at_trailers.layer(streams()), at_trailers.handle());
    service.clone().oneshot(call("?bad")).await.expect("an answer");
    sleep(SECOND).await;
    let stream = service.clone().oneshot(call("")).await.expect("an answer");
    assert_eq!(handle.state(), State::HalfOpen);
    sleep(5 * SECOND).await;
    service.clone().oneshot(call("")).await.expect("an answer");
    assert!(is_open(handle.state()), "it did not come back in time: {:?}", handle.state());
    drop(stream);
}

/// The opposite, for those whose callers go away because the upstream hangs.
#[tokio::test(start_paused = true)]
async fn a_probe_that_is_cut_short_reopens_if_that_was_chosen() {
    let age = Duration::from_millis(100);
    for (abandoned, patience, opens) in [
        (Abandoned::Failure, MS, true),
        (Abandoned::FailureAfter(age), 99 * MS, false),
        (Abandoned::FailureAfter(age), 100 * MS, true),
    ] {
        let layer = breaker(probing(HalfOpen::new()).abandoned(abandoned));
        let (service, handle) = (layer.layer(Echo::new()), layer.handle());
        await_probes(&service).await;
        let probe = timeout(patience, service.clone().oneshot(get("hang=100"))).await;
        assert!(probe.is_err(), "it is cut short");
        assert_eq!(is_open(handle.state()), opens, "{abandoned:?} after {patience:?}");
    }
}
