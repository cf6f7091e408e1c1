//! Retries under way are limited by number, or by what else is in flight.

use std::iter::from_fn;

use futures_util::poll;
use tower::{Layer, ServiceExt};
use tower_mesh::{
    LimitsLayer,
    layer::limits::RetryPlace,
    policy::limits::{RetryBudget, Settings},
    testing::Echo,
};

use super::{MS, Stand, ask, layer};

/// All that may begin now.
fn begin(layer: &LimitsLayer) -> Vec<RetryPlace> {
    let gate = layer.retry_gate();
    from_fn(|| gate.begin()).collect()
}

/// 20 percent, at least three, as Envoy counts: those in flight and those that wait. Case 33 of Envoy.
#[tokio::test(start_paused = true)]
async fn a_budget_is_a_share_of_what_is_in_flight_and_waits() {
    for (connections, calls, may) in [(100, 5, 3), (100, 100, 20), (10, 19, 3), (10, 100, 20)] {
        let layer = layer(Settings::builder().connections(connections).retry_budget(RetryBudget::new()));
        let service = layer.layer(Echo::new().hang());
        let mut held = Vec::new();
        for _ in 0..calls {
            let mut call = Box::pin(service.clone().oneshot(ask()));
            assert!(poll!(&mut call).is_pending());
            held.push(call);
        }
        assert_eq!(layer.handle().active() + layer.handle().waiting(), calls);
        let retries = begin(&layer);
        assert_eq!(retries.len(), may, "{calls} calls");
        assert_eq!(
            (layer.handle().status().retries, layer.handle().status().retry_overflow),
            (may as u64, 1)
        );
        drop(retries);
        assert_eq!(layer.handle().status().retries, 0);
        drop(held);
        assert_eq!(begin(&layer).len(), 3);
    }
}

/// A budget needs the count of what is in flight, also where that is not limited.
#[tokio::test(start_paused = true)]
async fn a_budget_alone_limits_nothing_else() {
    let stand = Stand::new(Settings::builder().retry_budget(RetryBudget::new()), Echo::new().latency(5 * MS));
    let report = stand.load(100, 1000).await;
    assert_eq!((report.count(200), stand.upstream.seen().max_active), (1000, 100));
    let _call = stand.begin(ask()).await;
    assert_eq!(stand.counts(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn within_its_interval_a_budget_counts_those_that_have_ended() {
    let budget = RetryBudget::new().percent(50.0).minimum(0).interval(640 * MS);
    let layer = layer(Settings::builder().retry_budget(budget));
    let service = layer.layer(Echo::new().latency(5 * MS));
    for _ in 0..10 {
        service.clone().oneshot(ask()).await.unwrap();
    }
    assert_eq!(begin(&layer).len(), 5);
    tokio::time::sleep(640 * MS).await;
    assert_eq!(begin(&layer).len(), 0);
}

/// With none allowed, the first that would be tried again is an overflow.
#[tokio::test(start_paused = true)]
async fn with_no_retries_none_begins() {
    let layer = layer(Settings::builder().retries(0));
    assert!(layer.retry_gate().begin().is_none());
    assert_eq!(layer.handle().status().retry_overflow, 1);
}

/// One gate for all that retry: its clones, on whatever thread, and whatever the layer gives out later.
#[tokio::test(start_paused = true)]
async fn clones_of_a_gate_are_one_gate() {
    let layer = layer(Settings::builder().retries(1));
    let gate = layer.retry_gate();
    let there = gate.clone();
    let place = std::thread::spawn(move || there.begin()).join().unwrap();
    assert!(place.is_some() && gate.begin().is_none() && layer.retry_gate().begin().is_none());
    drop(place);
    assert!(layer.retry_gate().begin().is_some());
}
