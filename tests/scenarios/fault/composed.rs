//! Beside timeouts, retries, breakers and fallbacks: a fault stands on the outside, where Envoy has it.

use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use http::{Request, Response};
use tower::{
    Layer, ServiceBuilder, ServiceExt,
    retry::{Policy, RetryLayer},
    timeout::error::Elapsed,
};
use tower_mesh::{
    CircuitBreakerLayer, FallbackLayer,
    layer::clock,
    policy::{circuit_breaker, fault::Settings},
    testing::Echo,
};

use super::{MS, SECOND, ask, delay, faults, get};

/// Status and time of a call with this delay, this timeout further in, and this upstream.
async fn timed(delayed: Duration, timeout: Duration, upstream: Duration) -> (Result<u16, bool>, Duration) {
    let service = ServiceBuilder::new()
        .layer(faults(delay(delayed, 100.0)))
        .timeout(timeout)
        .service(Echo::new().delay(upstream));
    let start = clock::now();
    let answer = service.oneshot(get()).await;
    (
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.is::<Elapsed>()),
        clock::now().since(start),
    )
}

#[tokio::test(start_paused = true)]
async fn case_44_a_timeout_further_in_does_not_count_the_delay() {
    assert_eq!(timed(3 * SECOND, SECOND, 100 * MS).await, (Ok(200), 3100 * MS));
    assert_eq!(timed(SECOND, 500 * MS, MS).await, (Ok(200), 1001 * MS));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_further_in_begins_when_the_delay_is_over() {
    assert_eq!(timed(300 * MS, 500 * MS, 700 * MS).await, (Err(true), 800 * MS));
}

/// The exercise: one service waits half a second for another, whose own upstream is held back for two.
#[tokio::test(start_paused = true)]
async fn a_timeout_further_out_cuts_the_delay_of_the_next_hop() {
    let ratings = Echo::new();
    let held_back = faults(delay(2 * SECOND, 100.0).most_active(1));
    let handle = held_back.handle();
    let service = ServiceBuilder::new().timeout(500 * MS).layer(held_back).service(ratings.clone());
    let start = clock::now();
    assert!(service.oneshot(get()).await.expect_err("it is not waited for").is::<Elapsed>());
    assert_eq!(clock::now().since(start), 500 * MS);
    assert_eq!((ratings.seen().calls, handle.counts().active), (0, 0));
}

/// Tries everything again, three times, and counts how often.
#[derive(Clone, Default)]
struct Again(Arc<AtomicUsize>);

impl<B: Clone, R, E> Policy<Request<B>, Response<R>, E> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<B>, result: &mut Result<Response<R>, E>) -> Option<Ready<()>> {
        let bad = !result.as_ref().is_ok_and(|response| response.status() == 200);
        (bad && self.0.fetch_add(1, SeqCst) < 3).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_not_tried_again_by_what_stands_further_in() {
    let (again, upstream) = (Again::default(), Echo::new());
    let service = (faults(Settings::builder().abort(503, 100.0)), RetryLayer::new(again.clone()))
        .layer(upstream.clone());
    assert_eq!(ask(&service, get()).await.said(), (503, "fault filter abort", "FI".to_owned()));
    assert_eq!((again.0.load(SeqCst), upstream.seen().calls), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn all_tries_further_in_come_after_one_delay() {
    let (again, upstream) = (Again::default(), Echo::new().status(503));
    let service = (faults(delay(SECOND, 100.0)), RetryLayer::new(again)).layer(upstream.clone());
    let start = clock::now();
    assert_eq!(ask(&service, get()).await.said(), (503, "", "DI".to_owned()));
    assert_eq!((upstream.seen().calls, clock::now().since(start)), (4, SECOND + 4 * MS));
}

/// Seen on Envoy, S4.3: there it is outlier detection that is not moved.
#[tokio::test(start_paused = true)]
async fn a_breaker_is_not_moved_by_aborts_on_either_side() {
    let breaker = || {
        let settings = circuit_breaker::Settings::builder().error_amount(1).build();
        CircuitBreakerLayer::new(settings.expect("the settings mean something"))
    };
    let aborts = || faults(Settings::builder().abort(503, 100.0));
    let (outside, inside) = (breaker(), breaker());
    let handles = [outside.handle(), inside.handle()];
    let service = (outside, aborts(), inside).layer(Echo::new());
    for _ in 0..5 {
        assert_eq!(ask(&service, get()).await.said().0, 503);
    }
    for handle in handles {
        assert_eq!(handle.counts().error, 0);
        assert_eq!(handle.state(), circuit_breaker::State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_further_out_takes_the_place_of_an_abort() {
    let fallback = FallbackLayer::answer(Response::new("as of yesterday".into()));
    let service = (fallback, faults(delay(SECOND, 100.0).abort(503, 100.0))).layer(Echo::new());
    assert_eq!(ask(&service, get()).await.said(), (200, "as of yesterday", "DI,FI,FB".to_owned()));
}
