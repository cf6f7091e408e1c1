//! Limits keep the contract, over every protocol and in every scope; and a call that waits keeps it too.

use std::{pin::Pin, time::Duration};

use futures_util::{FutureExt, poll};
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};
use tower_mesh::{
    AnswerableLayer, Events, Http, LimitsLayer, Plain,
    layer::protocol::Protocol,
    policy::limits::{Reply, RetryBudget, Scope, Settings, SettingsBuilder, Upstream},
};

use crate::{
    contract::contract,
    loss::{BoxError, Loss, Lost, Own},
    probe::{Ask, CONTENT, Probe},
    subject::{Ending, Guard, Subject},
};

contract!(of_requests: Subject::one_in_flight(|| limits(one_request())), [readiness passing state settling refusing answers router]);

contract!(of_requests_over_http2: Subject::one_in_flight(|| limits(one_request().connections(1).protocol(Upstream::Http2))),
    [readiness passing state settling refusing answers router]);

contract!(of_connections_without_a_queue: Subject::one_in_flight(|| limits(one_connection().pending(0))),
    [readiness passing state settling refusing answers router]);

contract!(of_each_endpoint: Subject::one_in_flight(|| limits(one_request().scope(Scope::Endpoint))),
    [readiness passing state settling refusing answers router]);

contract!(in_other_words: Subject::one_in_flight(|| limits(one_request().reply(Reply::OsmEdge))),
    [readiness passing state settling refusing answers router]);

contract!(looking_back: Subject::one_in_flight(||
    limits(one_request().retry_budget(RetryBudget::new().interval(Duration::from_secs(1))))),
    [readiness passing state settling refusing answers router]);

contract!(told: Subject::one_in_flight(|| limits(one_request()).told("probe", &Events::new())),
    [readiness passing state settling refusing answers router]);

contract!(above_answerable: Subject::one_in_flight(|| (limits(one_request()), AnswerableLayer)),
    [readiness passing state settling refusing answers router]);

contract!(in_others: Subject::one_in_flight(|| (limits(one_connection()), limits(one_request()))),
    [readiness passing]);

contract!(judging_by_itself: Subject::one_in_flight(|| limits(one_request()).over(
    Http.judging(|_: &Result<http::Response<http_body_util::Full<bytes::Bytes>>, Lost>, outcome| outcome))),
    [readiness passing state settling refusing answers]);

contract!(over_plain: Subject::one_in_flight(|| limits(one_request()).over(Plain)).failing_with::<Own>(),
    [readiness passing state settling refusing errors]);

contract!(over_plain_reading: Subject::one_in_flight(|| limits(one_connection().pending(0))
    .over(Plain.reading(Own::refusal))).failing_with::<Own>(),
    [readiness passing state settling refusing errors]);

contract!(over_plain_boxed: Subject::one_in_flight(|| limits(one_request()).over(Plain.boxed()))
    .failing_with::<BoxError>(),
    [readiness passing state settling refusing errors]);

// A request over `Plain` names no host that we could read.
contract!(over_plain_of_each_endpoint: Subject::one_in_flight(|| limits(one_request().scope(Scope::Endpoint))
    .over(Plain)).failing_with::<Own>(),
    [readiness passing state settling refusing errors]);

contract!(that_have_a_queue: Subject::never(|| limits(one_connection())), [readiness passing]);

contract!(that_are_none: Subject::never(|| limits(Settings::builder())), [readiness passing]);

contract!(that_only_count: Subject::never(|| limits(Settings::builder().retry_budget(RetryBudget::new()))),
    [readiness passing]);

fn one_request() -> SettingsBuilder {
    Settings::builder().requests(1)
}

fn one_connection() -> SettingsBuilder {
    Settings::builder().connections(1)
}

fn limits(settings: SettingsBuilder) -> LimitsLayer {
    LimitsLayer::new(settings.build().unwrap())
}

// ===== a call that waits =====

type Called<S> = Pin<Box<<S as Service<Ask>>::Future>>;

/// A call to a service that is readied, and left as it is.
async fn called<S: Service<Ask, Error: std::fmt::Debug>>(service: &mut S, ending: Ending) -> Called<S> {
    Box::pin(service.ready().await.unwrap().call(ending.request()))
}

/// A queue, the call that keeps everybody waiting, and the probe.
async fn kept_waiting() -> (
    impl Service<Ask, Response: std::fmt::Debug, Error = Lost, Future: Send> + Clone,
    Called<Waits>,
    LimitsLayer,
    Probe,
) {
    let (layer, probe) = (limits(one_connection()), Probe::default());
    let mut service = layer.layer(probe.clone());
    let held = called(&mut service, Ending::DroppedInFlight).await;
    (service, held, layer, probe)
}

type Waits = <LimitsLayer as Guard<Lost>>::Guarded;

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_gives_back_the_service_that_was_readied_and_is_made_on_a_clone() {
    let (mut service, mut held, layer, probe) = kept_waiting().await;
    assert!(poll!(&mut held).is_pending());
    let mut waits = called(&mut service, Ending::Success).await;
    assert_eq!(probe.upstream().readied(), 0, "it keeps what was readied");
    assert!(poll!(&mut waits).is_pending());
    assert_eq!((probe.upstream().calls(), layer.handle().waiting()), (1, 1));
    drop(held);
    waits.await.unwrap();
    assert_eq!((probe.upstream().calls(), probe.upstream().readied()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_turn_has_come_waits_for_its_service_to_be_ready_and_hears_of_its_error() {
    let (mut service, held, layer, probe) = kept_waiting().await;
    let mut waits = called(&mut service, Ending::Success).await;
    probe.upstream().shut();
    drop(held);
    assert!(poll!(&mut waits).is_pending());
    assert_eq!((layer.handle().active(), probe.upstream().calls()), (1, 1), "it has its place meanwhile");
    probe.upstream().open();
    waits.await.unwrap();

    let (mut service, held, layer, probe) = kept_waiting().await;
    let waits = called(&mut service, Ending::Success).await;
    probe.upstream().fail();
    drop(held);
    assert!(waits.await.is_err());
    assert_eq!(layer.handle().active(), 0);
}

/// Each ending of a call that had to wait gives its place to the next, exactly once.
/// Case 37 of Envoy, where one failed connection is the failure of all who wait.
#[tokio::test(start_paused = true)]
async fn a_call_that_waited_is_settled_once_however_it_ends() {
    let all = [Ending::Success, Ending::Late].iter().chain(Ending::BAD);
    for ending in all.copied() {
        let (mut service, held, layer, probe) = kept_waiting().await;
        let waits = called(&mut service, ending).await;
        let mut next = called(&mut service, Ending::Success).await;
        assert!(poll!(&mut next).is_pending());
        drop(held);
        let mut waits = waits;
        match ending {
            Ending::DroppedUnpolled => drop(waits),
            Ending::DroppedInFlight => {
                assert!(poll!(&mut waits).is_pending());
                drop(waits);
            }
            // In its future, since it waited.
            Ending::PanicInCall | Ending::PanicInPoll => {
                assert!(std::panic::AssertUnwindSafe(waits).catch_unwind().await.is_err());
            }
            _ => drop(waits.await),
        }
        assert_eq!(layer.handle().active(), 1, "{ending:?}: the place has gone to the next");
        drop(next.await.unwrap());
        assert_eq!((layer.handle().active(), layer.handle().waiting()), (0, 0), "{ending:?}");
        let _ = probe;
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_waited_is_as_it_was_given() {
    let layer = limits(one_connection());
    let probe = Probe::<Lost>::default();
    let mut service = layer.layer(probe.clone());
    let held = called(&mut service, Ending::DroppedInFlight).await;
    let waits = called(&mut service, Ending::Success).await;
    drop(held);
    let response = waits.await.unwrap();
    assert_eq!(response.headers()["x-probe"], "1");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), CONTENT);
}
