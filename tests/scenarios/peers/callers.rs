//! Those who call: frameworks, clients that go away, answers that come late.

use std::{convert::Infallible, time::Duration};

use axum::{Router, extract::Path, routing::get as on_get};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::time::{sleep, timeout};
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    Reason,
    policy::circuit_breaker::{Abandoned, Settings, State},
    testing::{Echo, Load},
};

use super::{MS, SECOND, begun, breaker, get, is_open, status};

/// Seen: a result of a call that began before the circuit opened closed it, or opened it again later.
#[tokio::test(start_paused = true)]
async fn a_late_result_moves_nothing() {
    let service = breaker(Settings::builder().error_amount(1).open_for(SECOND)).layer(Echo::new());
    let good = begun(&service, "status=200&delay=500ms").await;
    let bad = begun(&service, "status=500&delay=5s").await;
    assert_eq!(status(&service, "status=500").await, 500);
    good.await.expect("no panic");
    assert_eq!(status(&service, "").await, 409, "a late success closes nothing");
    sleep(SECOND).await;
    assert_eq!(status(&service, "").await, 200, "it is closed again");
    bad.await.expect("no panic");
    assert_eq!(status(&service, "").await, 200, "a late failure opens nothing");
}

/// Seen: the overhang of an outage, hundreds of calls that had been waiting, opened the circuit again right after it
/// had closed, and again.
#[tokio::test(start_paused = true)]
async fn the_overhang_of_an_outage_does_not_reopen_a_circuit() {
    let layer = breaker(Settings::builder().error_amount(10).consecutive_errors(5).open_for(SECOND));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    let mut overhang = Vec::new();
    for _ in 0..300 {
        overhang.push(begun(&service, "status=504&delay=30s").await);
    }
    for _ in 0..5 {
        assert_eq!(status(&service, "status=500").await, 500);
    }
    assert!(is_open(handle.state()));
    tokio::time::sleep(SECOND).await;
    assert_eq!(status(&service, "").await, 200);
    for late in overhang {
        assert_eq!(late.await.expect("no panic"), 504);
    }
    assert_eq!((handle.state(), handle.counts().error), (State::Closed, 0));
}

/// Seen: calls that are cut short by a timeout around the breaker were seen by nobody, so that an upstream that hangs
/// never opened the circuit; or always counted, so that impatient callers opened it.
#[tokio::test(start_paused = true)]
async fn cancelled_calls_count_as_was_chosen() {
    for (abandoned, opens) in [
        (Abandoned::Neutral, false),
        (Abandoned::Failure, true),
        (Abandoned::FailureAfter(10 * MS), true),
        (Abandoned::FailureAfter(11 * MS), false),
        (Abandoned::Slow, true),
    ] {
        let settings = Settings::builder()
            .error_amount(10)
            .slow_amount(10)
            .slow_time(Duration::from_millis(5))
            .abandoned(abandoned);
        let service = breaker(settings).layer(Echo::new().hang());
        let load = Load::workers(1).requests(20).timeout(10 * MS);
        let report = load.run(service).await;
        assert_eq!(report.refused(Reason::CircuitOpen), if opens { 10 } else { 0 }, "{abandoned:?}");
    }
}

/// Seen: clients that cancel quickly, such as a search box at every key, opened the circuit of a healthy upstream.
#[tokio::test(start_paused = true)]
async fn clients_that_cancel_quickly_do_not_open_the_circuit_of_a_healthy_upstream() {
    let settings =
        || Settings::builder().error_ratio(0.1).consecutive_errors(3).slow_ratio(0.1).minimum_requests(10);
    for abandoned in [Abandoned::Neutral, Abandoned::Slow, Abandoned::FailureAfter(SECOND)] {
        let layer = breaker(settings().abandoned(abandoned));
        let service = layer.layer(Echo::new().latency(100 * MS));
        for _ in 0..500 {
            let call = timeout(20 * MS, service.clone().oneshot(get(""))).await;
            assert!(call.is_err(), "it is cut short");
        }
        assert_eq!(layer.handle().state(), State::Closed, "{abandoned:?}");
        assert_eq!(status(&service, "").await, 200, "{abandoned:?}");
    }
}

/// The opposite: that calls reach their deadline is all that is seen of an upstream that hangs.
#[tokio::test(start_paused = true)]
async fn deadlines_around_the_breaker_open_the_circuit_of_an_upstream_that_hangs_if_that_was_chosen() {
    let settings = Settings::builder().consecutive_errors(3).abandoned(Abandoned::FailureAfter(SECOND));
    let layer = breaker(settings);
    let service = layer.layer(Echo::new().hang());
    for _ in 0..3 {
        assert_eq!(layer.handle().state(), State::Closed);
        let call = timeout(SECOND, service.clone().oneshot(get(""))).await;
        assert!(call.is_err(), "it reaches its deadline");
    }
    assert_eq!(status(&service, "").await, 409);
}

/// Seen: a layer that makes new state at each `layer()` never opens under a framework that applies it per request.
#[tokio::test(start_paused = true)]
async fn state_is_not_lost_at_each_layer() {
    let (layer, upstream) = (breaker(Settings::builder().error_amount(3)), Echo::new().status(500));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(status(&layer.clone().layer(upstream.clone()), "").await);
    }
    assert_eq!(statuses, [500, 500, 500, 409, 409]);
}

async fn answers(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// Seen: the same under axum, on a whole router, on its routes and on a method.
#[tokio::test(start_paused = true)]
async fn axum_applies_a_layer_again_and_again_and_it_is_one_circuit() {
    let fragile = || breaker(Settings::builder().error_amount(3));
    let route = || Router::new().route("/{status}", on_get(answers));
    let routers: [Router; 3] = [
        route().layer(fragile()),
        route().route_layer(fragile()),
        Router::new().route("/{status}", on_get(answers).layer(fragile())),
    ];
    for app in routers {
        let mut statuses = Vec::new();
        for _ in 0..5 {
            let request = Request::get("/500").body(axum::body::Body::empty()).expect("a request");
            statuses.push(app.clone().oneshot(request).await.expect("an answer").status().as_u16());
        }
        assert_eq!(statuses, [500, 500, 500, 409, 409]);
    }
}

/// Seen: breakers that look at errors alone. A web framework's services have none: every 500 was a success.
#[tokio::test(start_paused = true)]
async fn services_that_cannot_fail_are_judged_by_their_statuses() {
    for (answer, opens) in [(200, false), (404, false), (429, false), (499, false), (500, true), (503, true)]
    {
        let upstream = service_fn(move |_: Request<Full<Bytes>>| async move {
            let response = Response::builder().status(answer).body(Full::<Bytes>::default());
            Ok::<_, Infallible>(response.expect("a response"))
        });
        let layer = breaker(Settings::builder().error_amount(5));
        let service = layer.layer(upstream);
        for _ in 0..5 {
            assert_eq!(status(&service, "").await, answer);
        }
        assert_eq!(is_open(layer.handle().state()), opens, "{answer}");
    }
}
