//! A breaker seen and steered from another task, and tried out in the shadow.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::State as Shared, routing::get as on_get};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::time::{advance, sleep};
use tower::{Layer, Service, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, EventKind, Events, Reason, Refusal,
    layer::{circuit_breaker::CircuitBreakerHandle, clock},
    policy::circuit_breaker::{Counts, HalfOpen, Settings, SettingsBuilder, State, Transition},
    testing::Echo,
};

const SECOND: Duration = Duration::from_secs(1);

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.open_for(30 * SECOND).build().expect("the settings mean something"))
}

fn get(query: &str) -> Request<Full<Bytes>> {
    Request::get(format!("/?delay=0&{query}")).body(Full::default()).expect("a request")
}

async fn ask<S, B>(service: &S, query: &str) -> Response<B>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: std::fmt::Debug> + Clone,
{
    service.clone().oneshot(get(query)).await.expect("an answer")
}

async fn status<S, B>(service: &S, query: &str) -> u16
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: std::fmt::Debug> + Clone,
{
    ask(service, query).await.status().as_u16()
}

fn tuple(counts: Counts) -> (u64, u64, u64, u64) {
    (counts.total, counts.slow, counts.error, counts.in_a_row)
}

#[tokio::test(start_paused = true)]
async fn another_task_sees_the_state_since_when_it_is_so_and_the_counts() {
    let layer = breaker(Settings::builder().error_amount(3).consecutive_errors(9).half_open(HalfOpen::new()));
    let service = layer.layer(Echo::new());
    let look = |handle: CircuitBreakerHandle| async {
        tokio::spawn(async move { (handle.state(), handle.status(), handle.counts()) })
            .await
            .expect("no panic")
    };
    let (state, now, counts) = look(layer.handle()).await;
    assert_eq!(
        (state, now.state, now.since, tuple(counts)),
        (State::Closed, State::Closed, None, (0, 0, 0, 0))
    );

    for query in ["", "status=500", "status=500"] {
        status(&service, query).await;
    }
    let (_, now, counts) = look(layer.handle()).await;
    assert_eq!((tuple(counts), now.counts), ((3, 0, 2, 2), counts));

    advance(5 * SECOND).await;
    let opened = clock::now();
    status(&service, "status=500").await;
    advance(29 * SECOND).await;
    let (state, now, _) = look(layer.handle()).await;
    assert_eq!(state, State::Open { until: opened + 30 * SECOND });
    assert_eq!((now.state, now.since, tuple(now.counts)), (state, Some(opened), (4, 0, 3, 3)));

    advance(2 * SECOND).await;
    let (state, now, _) = look(layer.handle()).await;
    assert_eq!(state, State::HalfOpen, "as the next request will find it");
    assert_eq!((now.state, now.since), (state, Some(opened + 30 * SECOND)));

    status(&service, "").await;
    let (state, now, counts) = look(layer.handle()).await;
    assert_eq!((state, now.since), (State::Closed, Some(clock::now())));
    assert_eq!(tuple(counts), (0, 0, 0, 0), "a probe is not counted");
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_is_forced_open_refuses_until_it_is_told_otherwise() {
    let layer = breaker(Settings::builder());
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    tokio::spawn({
        let handle = handle.clone();
        async move { handle.force_open() }
    })
    .await
    .expect("no panic");
    assert_eq!((handle.state(), handle.status().since), (State::ForcedOpen, Some(clock::now())));
    for _ in 0..3 {
        let refused = ask(&service, "").await;
        let refusal = refused.extensions().get::<Refusal>().expect("its reason");
        assert_eq!((refused.status().as_u16(), refusal.wait()), (409, None), "nobody knows for how long");
        advance(86_400 * SECOND).await;
    }
    handle.reset();
    assert_eq!((handle.state(), status(&service, "").await), (State::Closed, 200));
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_is_forced_closed_counts_and_does_not_open_until_it_is_told_otherwise() {
    let layer = breaker(Settings::builder().error_amount(2).error_ratio(0.1).minimum_requests(1));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    for _ in 0..2 {
        status(&service, "status=500").await;
    }
    assert_eq!(status(&service, "").await, 409);
    handle.force_closed();
    assert_eq!(handle.state(), State::ForcedClosed);
    for _ in 0..5 {
        assert_eq!(status(&service, "status=500").await, 500);
    }
    assert_eq!(tuple(handle.counts()), (5, 0, 5, 0));
    handle.reset();
    assert_eq!(tuple(handle.counts()), (0, 0, 0, 0));
    status(&service, "status=500").await;
    assert_eq!(status(&service, "").await, 409, "and it opens again: one of one is bad");
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_it_was_steered_changes_nothing() {
    for (steer, state) in [
        (<CircuitBreakerHandle>::reset as fn(&CircuitBreakerHandle), State::Closed),
        (<CircuitBreakerHandle>::force_closed, State::ForcedClosed),
        (<CircuitBreakerHandle>::force_open, State::ForcedOpen),
    ] {
        let layer = breaker(Settings::builder().error_amount(1));
        let (service, handle) = (layer.layer(Echo::new()), layer.handle());
        let late = Request::get("/?status=500&delay=1s").body(Full::<Bytes>::default()).expect("a request");
        let late = tokio::spawn(service.clone().oneshot(late));
        tokio::task::yield_now().await;
        steer(&handle);
        late.await.expect("no panic").expect("an answer");
        assert_eq!((handle.state(), handle.counts().error), (state, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_shadow_it_decides_and_tells_and_never_refuses() {
    let events = Events::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let _listening = events.listen({
        let told = Arc::clone(&told);
        move |event| told.lock().expect("no panic").push((event.kind.name(), event.to_string()))
    });
    let names = || told.lock().expect("no panic").drain(..).map(|(name, _)| name).collect::<Vec<_>>();
    let half_open = HalfOpen::new().deadline(60 * SECOND);
    let settings = Settings::builder().error_amount(2).half_open(half_open).shadow(true);
    let layer = breaker(settings).told("reviews", &events);
    let (service, handle, upstream) = {
        let upstream = Echo::new();
        (layer.layer(upstream.clone()), layer.handle(), upstream)
    };
    assert!(handle.is_shadow());
    for _ in 0..4 {
        assert_eq!(status(&service, "status=500").await, 500);
    }
    assert!(matches!(handle.state(), State::Open { .. }), "it decides");
    assert_eq!(handle.counts().error, 2, "what it would have refused does not count");
    assert_eq!(told.lock().expect("no panic")[1].1, "[reviews] would refuse circuit_open");
    assert_eq!(names(), ["opened", "would_refuse", "would_refuse"]);

    advance(30 * SECOND).await;
    let probe = Request::get("/?delay=10s").body(Full::<Bytes>::default()).expect("a request");
    let probe = tokio::spawn(service.clone().oneshot(probe));
    tokio::task::yield_now().await;
    assert_eq!(status(&service, "status=500").await, 500, "nor does it refuse beside a probe");
    assert_eq!(handle.state(), State::HalfOpen, "and that was none");
    probe.await.expect("no panic").expect("an answer");
    assert_eq!(names(), ["half_opened", "would_refuse", "closed"]);

    handle.force_open();
    assert_eq!(status(&service, "").await, 200, "not even then");
    assert_eq!(upstream.seen().calls, 7);
    handle.set_shadow(false);
    assert_eq!((status(&service, "").await, handle.is_shadow()), (409, false));
    assert_eq!(names(), ["forced_open", "would_refuse", "refused"]);
    handle.set_shadow(true);
    assert_eq!(status(&service, "").await, 200);
}

#[tokio::test(start_paused = true)]
async fn transitions_come_in_order_by_their_names() {
    let layer = breaker(Settings::builder().error_amount(1).half_open(HalfOpen::new()));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    let mut transitions = handle.transitions();
    let mut second = layer.clone().handle().transitions();
    status(&service, "status=500").await;
    status(&service, "").await;
    advance(30 * SECOND).await;
    status(&service, "status=503").await;
    advance(30 * SECOND).await;
    status(&service, "").await;
    handle.force_open();
    handle.force_closed();
    handle.reset();
    let names =
        ["opened", "half_opened", "opened", "half_opened", "closed", "forced_open", "forced_closed", "reset"];
    for expected in names {
        let event = transitions.recv().await.expect("another one");
        assert_eq!((event.kind.name(), &*event.subject), (expected, "circuit breaker"));
        assert_eq!(second.recv().await.expect("another one"), event, "each reader has them all");
    }
    assert_eq!(transitions.missed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_has_the_transitions_alone_by_the_name_that_the_breaker_was_given() {
    let events = Events::new();
    let layer = breaker(Settings::builder().error_amount(1)).told("reviews", &events);
    let (service, mut transitions, mut all) =
        (layer.layer(Echo::new()), layer.handle().transitions(), events.stream());
    status(&service, "status=500").await;
    let opened = transitions.recv().await.expect("it opened");
    assert_eq!(&*opened.subject, "reviews");
    assert!(matches!(opened.kind, EventKind::Circuit(Transition::Opened(_))));
    status(&service, "").await;
    assert_eq!(all.recv().await, Some(opened));
    assert_eq!(all.recv().await.map(|event| event.kind), Some(EventKind::Refused(Reason::CircuitOpen)));
    layer.handle().reset();
    assert_eq!(transitions.recv().await.map(|event| event.kind), Some(EventKind::Circuit(Transition::Reset)));
}

#[tokio::test(start_paused = true)]
async fn a_listener_may_ask_and_steer_the_circuit_that_it_is_told_of() {
    let events = Events::new();
    let layer = breaker(Settings::builder().error_amount(1)).told("reviews", &events);
    let handle = layer.handle();
    let _listening = events.listen(move |event| {
        if matches!(event.kind, EventKind::Circuit(Transition::Opened(_))) {
            assert!(matches!(handle.status().state, State::Open { .. }));
            handle.reset();
        }
    });
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, "status=500").await, 500);
    assert_eq!((layer.handle().state(), events.panics()), (State::Closed, 0));
    assert_eq!(status(&service, "").await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_takes_neither_a_probes_place_nor_an_event_with_it() {
    let events = Events::new();
    let _panics = events.listen(|event| panic!("{event}"));
    let mut stream = events.stream();
    let layer =
        breaker(Settings::builder().error_amount(1).half_open(HalfOpen::new())).told("reviews", &events);
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, "status=500").await, 500, "an answer is an answer");
    assert_eq!(status(&service, "").await, 409);
    advance(30 * SECOND).await;
    assert_eq!(status(&service, "").await, 200);
    assert_eq!(layer.handle().state(), State::Closed, "its probe came back");
    for name in ["opened", "refused", "half_opened", "closed"] {
        assert_eq!(stream.recv().await.expect("an event").kind.name(), name);
    }
    assert_eq!(events.panics(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_misses_what_there_is_no_room_for_and_holds_nobody_up() {
    let handle = breaker(Settings::builder()).handle();
    let mut transitions = handle.transitions();
    for _ in 0..1024 {
        handle.force_open();
    }
    assert_eq!(transitions.missed(), 0);
    for _ in 0..10 {
        handle.reset();
    }
    assert_eq!(transitions.missed(), 10);
    for _ in 0..1024 {
        assert_eq!(transitions.recv().await.expect("it waited").kind.name(), "forced_open");
    }
    handle.force_closed();
    assert_eq!(transitions.recv().await.expect("there is room again").kind.name(), "forced_closed");
    assert_eq!(transitions.missed(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_last_service_layer_and_handle() {
    let layer = breaker(Settings::builder());
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    let mut transitions = handle.transitions();
    let reader = tokio::spawn(async move {
        let first = transitions.recv().await.map(|event| event.kind.name());
        (first, transitions.recv().await)
    });
    drop(layer);
    drop(service);
    sleep(SECOND).await;
    assert!(!reader.is_finished(), "a handle is enough to keep it");
    handle.reset();
    drop(handle);
    assert_eq!(reader.await.expect("no panic"), (Some("reset"), None));
}

#[tokio::test(start_paused = true)]
async fn a_call_under_way_keeps_the_circuit_it_is_settled_in() {
    let layer = breaker(Settings::builder().error_amount(1));
    let mut transitions = layer.handle().transitions();
    let late = Request::get("/?status=500&delay=1s").body(Full::<Bytes>::default()).expect("a request");
    let late = tokio::spawn(layer.layer(Echo::new()).oneshot(late));
    drop(layer);
    late.await.expect("no panic").expect("an answer");
    assert_eq!(transitions.recv().await.expect("it opened").kind.name(), "opened");
    assert_eq!(transitions.recv().await, None);
}

/// It is a pointer, not the circuit.
#[test]
fn a_handle_is_cloned_cheaply_and_its_clone_is_on_the_same_circuit() {
    fn shared<T: Clone + Send + Sync + 'static>(value: &T) -> T {
        value.clone()
    }
    assert!(
        size_of::<CircuitBreakerHandle>() <= 2 * size_of::<usize>(),
        "{}",
        size_of::<CircuitBreakerHandle>()
    );
    let handle = breaker(Settings::builder()).handle();
    let clone = shared(&handle);
    drop(handle.clone());
    handle.force_open();
    assert_eq!(clone.state(), State::ForcedOpen);
}

async fn circuit(Shared(handle): Shared<CircuitBreakerHandle>) -> String {
    format!("{:?}", handle.state())
}

async fn drain(Shared(handle): Shared<CircuitBreakerHandle>) -> StatusCode {
    handle.force_open();
    StatusCode::NO_CONTENT
}

#[tokio::test(start_paused = true)]
async fn an_admin_page_beside_the_routes_shows_and_steers_the_circuit() {
    let layer = breaker(Settings::builder().error_amount(1));
    let admin = Router::new().route("/circuit", on_get(circuit).delete(drain)).with_state(layer.handle());
    let app = Router::new().route("/", on_get(async || "a page")).layer(layer).merge(admin);
    let ask = async |method: &str, uri: &str| {
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        (status, axum::body::to_bytes(response.into_body(), 1000).await.expect("a body"))
    };
    assert_eq!(ask("GET", "/").await, (200, "a page".into()));
    assert_eq!(ask("GET", "/circuit").await, (200, "Closed".into()));
    assert_eq!(ask("DELETE", "/circuit").await.0, 204);
    assert_eq!(ask("GET", "/circuit").await, (200, "ForcedOpen".into()));
    assert_eq!(ask("GET", "/").await.0, 409);
}
