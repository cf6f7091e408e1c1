//! A circuit for each host, each value of a header, each key: whose calls are told apart, and whose state is kept.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Response, header::HOST};
use http_body_util::Full;
use tokio::time::sleep;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_mesh::{
    CircuitBreakerLayer, Events, Plain, Refusal,
    layer::{circuit_breaker::HeaderKey, draw::Draws, host::HostPort},
    policy::circuit_breaker::{HalfOpen, Settings, SettingsBuilder, State},
    testing::Echo,
};

const TENANT: HeaderName = HeaderName::from_static("x-tenant");

type Ask = Request<Full<Bytes>>;

/// Opens at the first error.
fn fragile() -> SettingsBuilder {
    Settings::builder().error_amount(1)
}

fn built(settings: SettingsBuilder) -> Settings {
    settings.build().expect("the settings mean something")
}

async fn status<S, B>(service: &S, request: Ask) -> u16
where
    S: Service<Ask, Response = Response<B>, Error: fmt::Debug> + Clone,
{
    service.clone().oneshot(request).await.expect("an answer").status().as_u16()
}

fn to(uri: &str) -> Ask {
    Request::get(uri).body(Full::default()).expect("a request")
}

fn with(uri: &str, name: HeaderName, value: impl AsRef<[u8]>) -> Ask {
    let mut request = to(uri);
    request.headers_mut().insert(name, HeaderValue::from_bytes(value.as_ref()).expect("a value"));
    request
}

/// A call of this tenant.
fn of(tenant: &str, query: &str) -> Ask {
    with(&format!("/?{query}"), TENANT, tenant)
}

fn tenant(request: &Ask) -> String {
    String::from_utf8_lossy(request.headers().get(TENANT).map_or(&[], HeaderValue::as_bytes)).into_owned()
}

#[tokio::test(start_paused = true)]
async fn whoever_lists_circuits_may_steer_them_meanwhile() {
    let layer = CircuitBreakerLayer::keyed(built(fragile()), tenant);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    assert_eq!(status(&service, of("alice", "status=500")).await, 500);
    let listed = handle.list(|_| handle.reset(&"alice".to_owned()));
    assert!(matches!(listed[..], [(_, seen)] if seen.state != State::Closed), "as it was seen: {listed:?}");
    assert_eq!(status(&service, of("alice", "")).await, 200);
}

/// Nothing is lost with a function that panics: neither the place of a probe, nor the circuits of the others.
#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_shown_takes_no_probes_place_with_it() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shy(String);
    impl fmt::Debug for Shy {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("not to be shown")
        }
    }
    let events = Events::new();
    let settings = built(fragile().half_open(HalfOpen::new()));
    let layer =
        CircuitBreakerLayer::keyed(settings, |request: &Ask| Shy(tenant(request))).told("shy", &events);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    assert_eq!(status(&service, of("alice", "status=500")).await, 500);
    let listening = events.listen(|_| ());
    sleep(Duration::from_secs(30)).await;
    let call = AssertUnwindSafe(status(&service, of("alice", ""))).catch_unwind().await;
    assert!(call.is_err(), "it was to be told by its name");
    drop(listening);
    assert_eq!(status(&service, of("alice", "")).await, 200, "the place is free");
    assert_eq!(handle.status(&Shy("alice".to_owned())).map(|status| status.state), Some(State::Closed));
}

// ===== by host =====

#[tokio::test(start_paused = true)]
async fn a_host_is_what_the_uri_says_or_else_the_host_header_in_any_case_and_with_its_port() {
    let same = [
        to("http://reviews:9080/"),
        to("http://Reviews:9080/other"),
        to("http://reviews.:9080/"),
        with("http://reviews:9080/", HOST, "elsewhere"),
        with("/", HOST, "reviews:9080"),
        with("/", HOST, "REVIEWS.:9080"),
    ];
    let others = [
        to("http://reviews/"),
        to("https://reviews/"),
        to("http://ratings:9080/"),
        with("/", HOST, "reviews:9081"),
        with("http://elsewhere/", HOST, "reviews:9080"),
        to("/"),
    ];
    let layer = CircuitBreakerLayer::by_host(built(fragile()));
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, to("http://reviews:9080/?status=500")).await, 500);
    for request in same {
        assert_eq!(status(&service, request.clone()).await, 409, "{request:?}");
    }
    for request in others {
        assert_eq!(status(&service, request.clone()).await, 200, "{request:?}");
    }
    // Port 80 is that of http, and one circuit is for requests that name nobody.
    assert_eq!(status(&service, with("/", HOST, "reviews:80")).await, 200);
    let handle = layer.handle();
    assert_eq!(handle.len(), 7);
    assert_eq!(handle.list(|status| status.state != State::Closed)[0].0, HostPort::new("reviews", 9080));
}

#[tokio::test(start_paused = true)]
async fn requests_that_name_no_host_share_a_circuit() {
    let layer = CircuitBreakerLayer::by_host(built(fragile()));
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, to("/?status=500")).await, 500);
    assert_eq!(status(&service, to("/")).await, 409);
    assert_eq!(status(&service, with("/", HOST, "reviews:many")).await, 409, "a port that is none");
    assert_eq!(status(&service, with("/", HOST, "reviews")).await, 200);
}

/// Whoever sends requests chooses their host: a name that is written oddly must be found again as any other is.
#[tokio::test(start_paused = true)]
async fn a_host_that_is_written_oddly_has_one_circuit_and_it_opens() {
    for host in ["reviews..", "REVIEWS...", ".", "..", "[::1]", "re_views", "-", "ümlaut"] {
        let layer = CircuitBreakerLayer::by_host(built(fragile().most_keys(4)));
        let service = layer.layer(Echo::new());
        assert_eq!(status(&service, with("/?status=500", HOST, host)).await, 500, "{host}");
        assert_eq!(status(&service, with("/", HOST, host)).await, 409, "{host}");
        assert_eq!(layer.handle().len(), 1, "{host}");
    }
}

// ===== by header =====

#[tokio::test(start_paused = true)]
async fn one_tenants_circuit_does_not_refuse_anothers() {
    let layer = CircuitBreakerLayer::by_header(built(fragile()), TENANT);
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, of("alice", "status=500")).await, 500);
    for _ in 0..3 {
        assert_eq!(status(&service, of("alice", "")).await, 409);
        assert_eq!(status(&service, of("bob", "")).await, 200);
        assert_eq!(status(&service, of("Alice", "")).await, 200, "values are taken as they are");
    }
    let open = layer.handle().list(|status| status.state != State::Closed);
    assert_eq!(open.iter().map(|(key, _)| key).collect::<Vec<_>>(), [&HeaderKey::from("alice")]);
}

#[tokio::test(start_paused = true)]
async fn requests_without_the_header_share_a_circuit() {
    let layer = CircuitBreakerLayer::by_header(built(fragile()), TENANT);
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, to("/?status=500")).await, 500);
    assert_eq!(status(&service, to("/other")).await, 409);
    assert_eq!(status(&service, of("", "")).await, 409, "an empty value is none");
    assert_eq!(status(&service, of("alice", "")).await, 200);
}

/// Else callers would decide how much is remembered of them.
#[tokio::test(start_paused = true)]
async fn of_a_long_value_only_the_beginning_tells_tenants_apart() {
    let layer = CircuitBreakerLayer::by_header(built(fragile()), TENANT);
    let service = layer.layer(Echo::new());
    let (same, other) = ("a".repeat(256), "a".repeat(255));
    assert_eq!(status(&service, of(&format!("{same}{}", "b".repeat(8000)), "status=500")).await, 500);
    assert_eq!(status(&service, of(&format!("{same}c"), "")).await, 409);
    assert_eq!(status(&service, of(&same, "")).await, 409);
    assert_eq!(status(&service, of(&format!("{other}b"), "")).await, 200);
    let handle = layer.handle();
    assert!(handle.status(&HeaderKey::from(&format!("{same}d"))).is_some(), "a handle cuts them as well");
    assert!(handle.list(|_| true).iter().all(|(key, _)| format!("{key:?}").len() <= 258));
}

// ===== by a function =====

#[tokio::test(start_paused = true)]
async fn a_function_finds_the_key() {
    let layer = CircuitBreakerLayer::keyed(built(fragile()), |request: &Ask| {
        (request.method().clone(), request.uri().path().len())
    });
    let service = layer.layer(Echo::new());
    assert_eq!(status(&service, to("/a?status=500")).await, 500);
    assert_eq!(status(&service, to("/b")).await, 409);
    assert_eq!(status(&service, to("/bb")).await, 200);
    assert_eq!(layer.handle().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn over_services_that_are_not_http_a_refusal_is_their_error_for_that_key_alone() {
    let layer = CircuitBreakerLayer::keyed_over(Plain.boxed(), built(fragile()), |n: &u32| n % 10);
    let service = layer.layer(service_fn(
        async |n: u32| {
            if n < 100 { Ok(n) } else { Err::<_, BoxError>("broken".into()) }
        },
    ));
    let call = async |n: u32| service.clone().oneshot(n).await;
    assert_eq!(call(103).await.expect_err("broken").to_string(), "broken");
    assert!(call(13).await.expect_err("refused").is::<Refusal>());
    assert_eq!(call(14).await.expect("an answer"), 14);
    assert_eq!(layer.handle().list(|status| status.state != State::Closed)[0].0, 3);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_probes_of_its_own() {
    let settings = fragile().open_for(Duration::from_secs(1)).half_open(HalfOpen::new());
    let layer = CircuitBreakerLayer::keyed(built(settings), tenant);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    for name in ["alice", "bob"] {
        assert_eq!(status(&service, of(name, "status=500&delay=0")).await, 500);
    }
    sleep(Duration::from_secs(1)).await;
    let probe = tokio::spawn(service.clone().oneshot(of("alice", "delay=5s")));
    tokio::task::yield_now().await;
    assert_eq!(status(&service, of("alice", "")).await, 409, "her probe is out");
    assert_eq!(status(&service, of("bob", "")).await, 200, "his is his own");
    let state = |name: &str| handle.status(&name.to_owned()).expect("a circuit").state;
    assert_eq!((state("alice"), state("bob")), (State::HalfOpen, State::Closed));
    probe.await.expect("no panic").expect("an answer");
    assert_eq!(state("alice"), State::Closed);
}

// ===== what is told =====

#[tokio::test(start_paused = true)]
async fn what_is_told_names_the_key() {
    let events = Events::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let _listening = events.listen({
        let told = Arc::clone(&told);
        move |event| told.lock().expect("no panic").push(format!("{} {}", event.subject, event.kind.name()))
    });
    let told = || std::mem::take(&mut *told.lock().expect("no panic"));

    let layer = CircuitBreakerLayer::by_header(built(fragile()), TENANT).told("reviews", &events);
    let service = layer.layer(Echo::new());
    status(&service, of("bob", "")).await;
    status(&service, of("alice", "status=500")).await;
    status(&service, of("alice", "")).await;
    layer.handle().reset(&HeaderKey::from("alice"));
    layer.handle().set_shadow(true);
    status(&service, of("alice", "status=500")).await;
    status(&service, of("alice", "")).await;
    assert_eq!(
        told(),
        [
            "reviews[\"alice\"] opened",
            "reviews[\"alice\"] refused",
            "reviews[\"alice\"] reset",
            "reviews[\"alice\"] opened",
            "reviews[\"alice\"] would_refuse",
        ]
    );

    let layer = CircuitBreakerLayer::by_host(built(fragile())).told("egress", &events);
    status(&layer.layer(Echo::new()), to("http://Reviews:9080/?status=500")).await;
    assert_eq!(told(), ["egress[reviews:9080] opened"]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_steers_one_key() {
    let layer = CircuitBreakerLayer::keyed(built(fragile().most_keys(2)), tenant);
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    let key = |name: &str| name.to_owned();
    assert!(handle.is_empty() && handle.status(&key("alice")).is_none() && !handle.reset(&key("alice")));

    assert!(handle.force_open(&key("alice")), "one that nobody has asked for yet");
    assert_eq!(status(&service, of("alice", "")).await, 409);
    assert!(handle.force_closed(&key("bob")));
    for _ in 0..3 {
        assert_eq!(status(&service, of("bob", "status=500")).await, 500);
    }
    assert!(!handle.force_open(&key("carol")), "there is no room: neither may go");
    assert_eq!(status(&service, of("carol", "status=500")).await, 500);
    assert_eq!(status(&service, of("carol", "")).await, 200, "and what is not counted opens nothing");

    assert!(handle.reset(&key("alice")));
    assert_eq!(handle.status(&key("alice")).expect("a circuit").state, State::Closed);
    assert!(handle.force_open(&key("carol")), "alice had nothing to lose");
    assert_eq!(handle.len(), 2);
}

// ===== chance =====

#[tokio::test(start_paused = true)]
async fn jitter_differs_by_key_and_repeats_under_a_seed() {
    let untils = async |draws: Draws| {
        let settings = fragile().open_for(Duration::from_secs(100)).open_jitter(0.5);
        let layer = CircuitBreakerLayer::keyed(built(settings), tenant).drawing(draws);
        let service = layer.layer(Echo::new());
        let mut untils = Vec::new();
        for name in ["alice", "bob", "carol", "dave"] {
            let begin = tower_mesh::layer::clock::now();
            status(&service, of(name, "status=500&delay=0")).await;
            let status = layer.handle().status(&name.to_owned()).expect("a circuit");
            let State::Open { until } = status.state else { panic!("open") };
            untils.push(until.since(begin));
        }
        untils
    };
    let seven = untils(Draws::seeded(7)).await;
    assert_eq!(seven, untils(Draws::seeded(7)).await);
    assert_ne!(seven, untils(Draws::seeded(8)).await);
    assert_ne!(seven, untils(Draws::random()).await);
    let mut different = seven.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), seven.len(), "keys that opened together do not come back together");
    assert!(seven.iter().all(|open| (50..=100).contains(&open.as_secs())), "{seven:?}");
}
