//! What is counted together, and what it costs.

use tower::Layer;
use tower_mesh::{
    CircuitBreakerLayer,
    policy::circuit_breaker::Settings,
    testing::{Echo, Load},
};

use super::{SECOND, breaker, status};

/// Seen: a window of the last calls whose sums were never reduced, so that ten thousand good calls had to be outweighed
/// by ten thousand bad ones.
#[tokio::test(start_paused = true)]
async fn a_window_of_the_last_calls_slides_however_many_there_have_been() {
    let service = breaker(Settings::builder().last_calls(100).error_ratio(0.5)).layer(Echo::new());
    let good = Load::workers(1).requests(10_000).run(service.clone()).await;
    assert_eq!(good.count(200), 10_000);
    let bad = Load::workers(1).requests(1_000).uri("/?status=500").run(service).await;
    assert_eq!((bad.count(500), bad.count(409)), (50, 950), "{bad}");
}

/// The same over time: a window that only grows needs ten thousand failures after ten thousand successes.
#[tokio::test(start_paused = true)]
async fn a_long_good_past_does_not_hide_a_bad_present() {
    let settings = Settings::builder().window(10 * SECOND).error_ratio(0.5).minimum_requests(100);
    for settings in [settings.clone(), settings.sliding(10)] {
        let service = breaker(settings).layer(Echo::new());
        let good = Load::workers(1).requests(10_000).run(service.clone()).await;
        assert_eq!(good.count(200), 10_000);
        tokio::time::sleep(10 * SECOND).await;
        let bad = Load::workers(1).requests(1_000).uri("/?status=500").run(service).await;
        assert_eq!(bad.count(500), 100, "{bad}");
    }
}

/// Seen: a minimum that was raised to the size of the window in silence, so that a quiet service never opened.
#[tokio::test(start_paused = true)]
async fn five_requests_are_enough_if_five_is_the_minimum() {
    let settings = Settings::builder().error_ratio(0.5).minimum_requests(5);
    for settings in [settings.clone(), settings.clone().sliding(10), settings.last_calls(100)] {
        let service = breaker(settings).layer(Echo::new().status(500));
        let report = Load::workers(1).requests(10).run(service).await;
        assert_eq!((report.count(500), report.count(409)), (5, 5));
    }
}

/// Seen: a window of time that kept every call in it, so that it cost the more the busier it was, and was gone through
/// at each call.
#[tokio::test(start_paused = true)]
async fn a_window_remembers_no_more_after_fifty_thousand_calls_than_after_a_hundred() {
    let settings =
        || Settings::builder().window(60 * SECOND).error_ratio(1.0).slow_ratio(1.0).slow_time(SECOND);
    for (window, settings) in
        [("tumbling", settings()), ("sliding", settings().sliding(10)), ("last", settings().last_calls(100))]
    {
        let layer = breaker(settings);
        let (service, handle) = (layer.layer(Echo::new().every(5, 500)), layer.handle());
        // As many as it is made of: a text has a comma for each.
        let size = || format!("{handle:?}").matches(',').count();
        Load::workers(1).requests(101).run(service.clone()).await;
        let before = size();
        let report = Load::workers(1).requests(50_000).run(service).await;
        assert_eq!(report.count(409), 0, "{window}: all of them were counted");
        assert_eq!(size(), before, "{window}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_circuit_of_a_key_remembers_no_more_after_ten_thousand_calls_than_after_a_hundred() {
    let settings =
        Settings::builder().window(60 * SECOND).sliding(10).error_ratio(1.0).build().expect("valid");
    let layer = CircuitBreakerLayer::keyed(settings, |_: &http::Request<_>| 1);
    let (service, handle) = (layer.layer(Echo::new().every(5, 500)), layer.handle());
    let size = || format!("{handle:?}").matches(',').count();
    Load::workers(1).requests(101).run(service.clone()).await;
    let before = size();
    Load::workers(1).requests(10_000).run(service).await;
    assert_eq!(size(), before);
}

/// Seen: a breaker on the system's clock, which stays open for ever under a paused one.
#[tokio::test(start_paused = true)]
async fn virtual_time_ends_the_open_time() {
    let service = breaker(Settings::builder().error_amount(1).open_for(30 * SECOND)).layer(Echo::new());
    assert_eq!(status(&service, "status=500").await, 500);
    assert_eq!(status(&service, "").await, 409);
    tokio::time::advance(3600 * SECOND).await;
    assert_eq!(status(&service, "").await, 200);
}
