//! Who is readied, and who waits for whom.

use std::{sync::Arc, time::Duration};

use futures_util::poll;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit};
use tower_mesh::{
    layer::clock,
    policy::route::{Leg, Route, RouteTable, Rule},
    testing::Echo,
};

use super::{Ask, always, ask, asking, beside, get, router, split, under};
use crate::caller::in_time;

const MS: Duration = Duration::from_millis(1);

fn limited(places: &Arc<Semaphore>, upstream: Echo) -> ConcurrencyLimit<Echo> {
    ConcurrencyLimit::with_semaphore(upstream, Arc::clone(places))
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_not_ready_holds_up_its_own_requests_alone() {
    let none = Arc::new(Semaphore::new(0));
    let some = Arc::new(Semaphore::new(1));
    let table = RouteTable::new([Rule::when(under("/a"), Route::to(0)), Rule::always(Route::to(1))]);
    let client = router(table, (limited(&none, Echo::new()), limited(&some, Echo::new())));
    let mut waiting = Box::pin(client.clone().oneshot(asking("/a")));
    assert!(poll!(&mut waiting).is_pending());
    assert_eq!(ask(&client, asking("/b")).await.status(), 200);
    assert!(poll!(&mut waiting).is_pending());
    none.add_permits(1);
    assert_eq!(waiting.await.expect("an answer").status(), 200);
}

#[tokio::test(start_paused = true)]
async fn being_ready_takes_no_place_of_any_destination() {
    let places = Arc::new(Semaphore::new(1));
    let client = router(always(Route::to(0)), [limited(&places, Echo::new())]);
    let mut readied: Vec<_> = (0..10).map(|_| client.clone()).collect();
    for client in &mut readied {
        ServiceExt::<Ask>::ready(client).await.expect("it is ready");
    }
    assert_eq!(places.available_permits(), 1);
    assert_eq!(ask(&client, get()).await.status(), 200);
}

/// One place for both: whoever kept the inner service's would wait for himself.
#[tokio::test(start_paused = true)]
async fn the_inner_services_place_is_given_back_when_a_request_goes_elsewhere() {
    let places = Arc::new(Semaphore::new(1));
    let one = limited(&places, Echo::new());
    let mut service = beside(always(split([Leg::to(0), Leg::to(1)])), [one.clone(), one.clone()]).layer(one);
    for _ in 0..3 {
        let call = ServiceExt::<Ask>::ready(&mut service).await.expect("it is ready").call(get());
        assert_eq!(in_time(call).await.expect("an answer").status(), 200);
        assert_eq!(places.available_permits(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_away_takes_its_destinations_call_with_it() {
    let upstream = Echo::new().delay(1000 * MS);
    let client = router(always(Route::to(0)), [upstream.clone()]);
    let mut call = Box::pin(client.oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    tokio::time::advance(10 * MS).await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(upstream.seen().active, 1);
    drop(call);
    assert_eq!((upstream.seen().active, upstream.seen().abandoned), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_router_takes_no_time_of_its_own() {
    let start = clock::now();
    assert_eq!(ask(&router(always(Route::to(0)), [Echo::new().delay(7 * MS)]), get()).await.after, 7);
    assert_eq!(clock::now().since(start), 7 * MS);
}
