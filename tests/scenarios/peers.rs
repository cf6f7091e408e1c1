//! Defects that were seen in other breakers, and are not here.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, Reason,
    policy::circuit_breaker::{Abandoned, Settings, SettingsBuilder},
    testing::{Echo, Load},
};

const SECOND: Duration = Duration::from_secs(1);

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("the settings mean something"))
}

fn get(query: &str) -> Request<Full<Bytes>> {
    Request::get(format!("/?{query}")).body(Full::default()).expect("a request")
}

/// A breaker whose clock is the system's stays open for ever under a paused one.
#[tokio::test(start_paused = true)]
async fn virtual_time_ends_the_open_time() {
    let service = breaker(Settings::builder().error_amount(1).open_for(30 * SECOND)).layer(Echo::new());
    service.clone().oneshot(get("status=500")).await.expect("an answer");
    assert_eq!(service.clone().oneshot(get("")).await.expect("degraded").status(), 409);
    tokio::time::advance(3600 * SECOND).await;
    assert_eq!(service.oneshot(get("")).await.expect("an answer").status(), 200);
}

/// A result of a call that began before the circuit opened must not close it, nor open it again later.
#[tokio::test(start_paused = true)]
async fn a_late_result_moves_nothing() {
    let service = breaker(Settings::builder().error_amount(1).open_for(SECOND)).layer(Echo::new());
    let late = ["status=200&delay=500ms", "status=500&delay=5s"]
        .map(|query| tokio::spawn(service.clone().oneshot(get(query))));
    tokio::task::yield_now().await;
    service.clone().oneshot(get("status=500")).await.expect("opens");
    let [good, bad] = late;
    good.await.expect("no panic").expect("an answer");
    assert_eq!(
        service.clone().oneshot(get("")).await.expect("degraded").status(),
        409,
        "a late success closes nothing"
    );
    bad.await.expect("no panic").expect("an answer");
    assert_eq!(
        service.oneshot(get("")).await.expect("an answer").status(),
        200,
        "a late failure opens nothing"
    );
}

/// Calls that are cut short must be seen by those who want it: else a hung backend never opens the circuit.
#[tokio::test(start_paused = true)]
async fn cancelled_calls_count_as_was_chosen() {
    for (abandoned, opens) in
        [(Abandoned::Neutral, false), (Abandoned::Failure, true), (Abandoned::Slow, true)]
    {
        let settings = Settings::builder()
            .error_amount(10)
            .slow_amount(10)
            .slow_time(Duration::from_millis(5))
            .abandoned(abandoned);
        let service = breaker(settings).layer(Echo::new().hang());
        let load = Load::workers(1).requests(20).timeout(Duration::from_millis(10));
        let report = load.run(service).await;
        assert_eq!(report.refused(Reason::CircuitOpen), if opens { 10 } else { 0 }, "{abandoned:?}");
    }
}

/// A layer that makes new state at each `layer()` never opens under a framework that applies it per request.
#[tokio::test(start_paused = true)]
async fn state_is_not_lost_at_each_layer() {
    let (layer, upstream) = (breaker(Settings::builder().error_amount(3)), Echo::new().status(500));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let service = layer.clone().layer(upstream.clone());
        statuses.push(service.oneshot(get("")).await.expect("an answer").status().as_u16());
    }
    assert_eq!(statuses, [500, 500, 500, 409, 409]);
}

/// A window that only grows needs ten thousand failures after ten thousand successes.
#[tokio::test(start_paused = true)]
async fn a_long_good_past_does_not_hide_a_bad_present() {
    let settings = Settings::builder().window(10 * SECOND).error_ratio(0.5).minimum_requests(100);
    let service = breaker(settings).layer(Echo::new());
    let good = Load::workers(1).requests(10_000).run(service.clone()).await;
    assert_eq!(good.count(200), 10_000);
    tokio::time::sleep(10 * SECOND).await;
    let bad = Load::workers(1).requests(1_000).uri("/?status=500").run(service).await;
    assert_eq!(bad.count(500), 100, "{bad}");
}

/// The minimum is meant as it is written, whatever the size of a window.
#[tokio::test(start_paused = true)]
async fn five_requests_are_enough_if_five_is_the_minimum() {
    let service =
        breaker(Settings::builder().error_ratio(0.5).minimum_requests(5)).layer(Echo::new().status(500));
    let report = Load::workers(1).requests(10).run(service).await;
    assert_eq!((report.count(500), report.count(409)), (5, 5));
}
