//! In flight lasts until the response's body ends, however it ends.

use std::pin::pin;

use http_body_util::BodyExt;
use tower::{Service, ServiceExt};
use tower_mesh::{policy::limits::Settings, testing::Echo};

use super::{MS, Stand, ask};

fn one_request(upstream: Echo) -> Stand {
    Stand::new(Settings::builder().requests(1), upstream.size(1000))
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_holds_its_place_to_its_end() {
    let stand = one_request(Echo::new().slow_body(100 * MS));
    let mut response = stand.service.clone().oneshot(ask()).await.unwrap();
    assert_eq!(stand.service.clone().oneshot(ask()).await.unwrap().status(), 503);
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap().len(), 1000);
    assert_eq!(stand.handle.active(), 1, "the end is yet to come");
    assert!(response.frame().await.is_none());
    assert_eq!(stand.handle.active(), 0, "though the response is still there");
    assert_eq!(stand.service.clone().oneshot(ask()).await.unwrap().status(), 200);
    drop(response);
    assert_eq!(stand.handle.active(), 0, "it is not given back twice");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_says_it_is_at_its_end_is_at_its_end() {
    let stand = one_request(Echo::new());
    let mut response = stand.service.clone().oneshot(ask()).await.unwrap();
    assert_eq!(stand.handle.active(), 1);
    response.frame().await.unwrap().unwrap();
    assert_eq!(stand.handle.active(), 0);
}

/// Whoever keeps a response for its head need not look at a body that has nothing in it.
#[tokio::test(start_paused = true)]
async fn an_empty_body_has_ended_with_the_head() {
    let stand = Stand::new(Settings::builder().requests(1), Echo::new());
    let _response = stand.service.clone().oneshot(ask()).await.unwrap();
    assert_eq!(stand.handle.active(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_kept_though_it_has_ended_keeps_no_place() {
    let stand = Stand::new(Settings::builder().requests(1), Echo::new());
    let mut service = stand.service.clone();
    let mut call = pin!(service.call(ask()));
    call.as_mut().await.unwrap();
    assert_eq!(stand.handle.active(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_half_read_gives_its_place_back() {
    let stand = one_request(Echo::new().slow_body(100 * MS));
    let mut response = stand.service.clone().oneshot(ask()).await.unwrap();
    response.frame().await.unwrap().unwrap();
    assert_eq!(stand.handle.active(), 1);
    drop(response);
    assert_eq!((stand.handle.active(), stand.upstream.seen().abandoned), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_gives_its_place_back() {
    let stand = one_request(Echo::new().break_body());
    let mut response = stand.service.clone().oneshot(ask()).await.unwrap();
    assert!(response.frame().await.unwrap().is_ok());
    assert_eq!(stand.handle.active(), 1);
    assert!(response.frame().await.unwrap().is_err());
    assert_eq!((stand.handle.active(), stand.upstream.seen().broken), (0, 1));
}

/// A place that a body gives back goes to the first who waits, and he is woken.
#[tokio::test(start_paused = true)]
async fn who_waits_is_called_when_the_body_before_has_ended() {
    let stand = Stand::new(
        Settings::builder().connections(1),
        Echo::new().latency(5 * MS).slow_body(100 * MS).size(9),
    );
    let calls = (0..3).map(|_| async {
        let response = stand.service.clone().oneshot(ask()).await.unwrap();
        response.into_body().collect().await.unwrap();
        tower_mesh::layer::clock::now()
    });
    let start = tower_mesh::layer::clock::now();
    let ended: Vec<_> = futures_util::future::join_all(calls).await;
    let ended: Vec<_> = ended.into_iter().map(|end| end.since(start).as_millis()).collect();
    assert_eq!(ended, [105, 210, 315]);
    assert_eq!((stand.counts(), stand.upstream.seen().max_active), ((0, 0), 1));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_before_the_answer_gives_its_place_back() {
    let stand = one_request(Echo::new().hang());
    let call = stand.begin(ask()).await;
    assert_eq!(stand.handle.active(), 1);
    drop(call);
    assert_eq!((stand.handle.active(), stand.upstream.seen().active), (0, 0));
}
