//! The numbered cases of osm-edge (`docs/cases.md`) that need a service, a mesh or a wire; the others are plain
//! arithmetic, in `tests/policy`.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    CircuitBreakerLayer, Event, Mesh, Reason, Refusal,
    config::{self, osm},
    policy::circuit_breaker::{Settings, SettingsBuilder},
    testing::{Echo, EchoError, Load},
};

use super::{HOST, Stage, mesh};

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("the settings mean something"))
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn case_11_errors_are_statuses_of_500_and_above() {
    for (status, errors) in [(499, false), (404, false), (302, false), (500, true), (511, true), (599, true)]
    {
        let service = breaker(Settings::builder().error_amount(1)).layer(Echo::new().status(status));
        let report = Load::workers(1).requests(2).run(service).await;
        assert_eq!(report.refused(Reason::CircuitOpen), u64::from(errors), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn case_12_a_transport_error_counts_and_passes_through() {
    let service = breaker(Settings::builder().error_amount(1)).layer(Echo::new().refuse());
    assert_eq!(service.clone().oneshot(get("/")).await.expect_err("refused"), EchoError::Refused);
    assert_eq!(service.oneshot(get("/")).await.expect("degraded").status(), 409);
}

#[tokio::test(start_paused = true)]
async fn a_transport_error_that_took_long_is_slow_too() {
    let settings = Settings::builder().slow_amount(1).slow_time(Duration::from_millis(200));
    let upstream = Echo::new().reset().latency(Duration::from_millis(200));
    let service = breaker(settings).layer(upstream);
    service.clone().oneshot(get("/")).await.expect_err("reset");
    assert_eq!(service.oneshot(get("/")).await.expect("degraded").status(), 409);
}

#[tokio::test(start_paused = true)]
async fn case_13_calls_in_flight_at_the_opening_get_their_real_answers() {
    let stage = Stage::new("errorAmountThreshold: 100", Echo::new().status(511));
    let report = stage.play(Load::workers(10).requests(1000)).await;
    assert!((100..=109).contains(&report.count(511)), "{report}");
    assert_eq!(report.count(511) + report.count(409), 1000);
    assert_eq!(report.events.len(), 1, "no second opening");
}

#[tokio::test(start_paused = true)]
async fn case_18_an_answer_that_comes_after_the_closing_changes_no_counter() {
    let upstream = Echo::new();
    let settings = Settings::builder().error_amount(2).open_for(Duration::from_secs(1));
    let layer = breaker(settings);
    let service = layer.layer(upstream);
    let late = tokio::spawn(service.clone().oneshot(get("/?status=500&delay=10s")));
    tokio::task::yield_now().await;
    for _ in 0..2 {
        service.clone().oneshot(get("/?status=500")).await.expect("an answer");
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(service.clone().oneshot(get("/?status=500")).await.expect("closed again").status(), 500);
    assert_eq!(late.await.expect("no panic").expect("an answer").status(), 500);
    assert_eq!(service.oneshot(get("/")).await.expect("still closed").status(), 200);
}

#[tokio::test(start_paused = true)]
async fn case_19_an_open_circuit_reaches_no_upstream_and_is_not_prolonged() {
    let stage = Stage::new("errorAmountThreshold: 1\ndegradedTimeWindow: 5s", Echo::new().status(511));
    let report = stage.play(Load::workers(1).qps(200.0).requests(1002)).await;
    // A call each 5 ms; the circuit opened at 1 ms, with the first answer.
    assert_eq!((report.count(511), report.count(409)), (2, 1000), "{report}");
    assert_eq!((report.events[1].kind.as_str(), report.events[1].at_ms), ("closed", 5005));
}

#[tokio::test(start_paused = true)]
async fn case_20_the_degraded_reply_is_what_was_set_and_no_more() {
    let reply = r#"{"a":1}"#;
    let service =
        breaker(Settings::builder().error_amount(1).reply(520, reply)).layer(Echo::new().status(500));
    service.clone().oneshot(get("/")).await.expect("an answer");
    tokio::time::advance(Duration::from_millis(1)).await;
    let degraded = service.oneshot(get("/")).await.expect("degraded");
    assert_eq!(degraded.status(), 520);
    assert_eq!(degraded.headers().get(CONTENT_TYPE), None);
    assert_eq!(degraded.headers()["content-length"], "7");
    assert_eq!(degraded.headers().len(), 1);
    let refusal = degraded.extensions().get::<Refusal>().cloned().expect("its reason");
    assert_eq!(
        (refusal.reason(), refusal.wait()),
        (Reason::CircuitOpen, Some(Duration::from_millis(29_999)))
    );
    assert_eq!(degraded.into_body().collect().await.expect("a body").to_bytes(), reply);
}

#[tokio::test(start_paused = true)]
async fn case_21_zero_and_empty_mean_unset_in_yaml() {
    let stage = Stage::new(
        "errorAmountThreshold: 1\ndegradedStatusCode: 0\ndegradedResponseContent: ''\nslowAmountThreshold: 0\n\
         statTimeWindow: 0s\nerrorRatioThreshold: 0\nminRequestAmount: 0",
        Echo::new().status(500),
    );
    stage.play(Load::workers(1).requests(1)).await;
    let degraded = stage.client.oneshot(get(&format!("http://{HOST}:8080/"))).await.expect("degraded");
    assert_eq!(degraded.status(), 409);
    let body = degraded.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(body, "Coming soon ...");
}

#[tokio::test(start_paused = true)]
async fn case_25_services_and_ports_have_circuits_of_their_own() {
    let other =
        super::policy("errorAmountThreshold: 1").replace("fortio", "other").replace("http-c", "other-c");
    let mesh = Mesh::builder()
        .yaml(&super::policy("errorAmountThreshold: 1"))
        .yaml(&other)
        .build()
        .expect("two policies");
    let client = mesh.client(Echo::new());
    let status =
        async |uri: &str| client.clone().oneshot(get(uri)).await.expect("an answer").status().as_u16();
    let fortio = |port: u16, query: &str| format!("http://{HOST}:{port}/{query}");
    let (broken, whole) = (fortio(8080, "?status=500"), fortio(8080, ""));
    assert_eq!((status(&broken).await, status(&whole).await), (500, 409));
    assert_eq!(status(&fortio(8081, "")).await, 200);
    assert_eq!(status(&whole.replace("fortio", "other")).await, 200);
    assert_eq!(status("http://elsewhere:8080/").await, 200);
    for name in
        ["fortio.circuit-breaking", "fortio.circuit-breaking.svc", "FORTIO.circuit-breaking.svc.cluster"]
    {
        assert_eq!(status(&format!("http://{name}:8080/")).await, 409, "{name} is the same service");
    }
    assert_eq!(status("http://fortio:8080/").await, 200, "a bare name means the client's own namespace");
}

/// Whoever chooses an endpoint stands further in.
#[tokio::test(start_paused = true)]
async fn case_26_one_bad_endpoint_has_the_others_cut_off_too() {
    let (good, bad) = (Echo::new(), Echo::new().status(500));
    let in_turn = service_fn({
        let (good, bad, turn) = (good.clone(), bad.clone(), Arc::new(AtomicUsize::new(0)));
        move |request: Request<Full<Bytes>>| {
            let endpoint = if turn.fetch_add(1, SeqCst).is_multiple_of(2) { &good } else { &bad };
            endpoint.clone().oneshot(request)
        }
    });
    let service = breaker(Settings::builder().error_amount(2)).layer(in_turn);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(service.clone().oneshot(get("/")).await.expect("an answer").status().as_u16());
    }
    assert_eq!(statuses, [200, 500, 200, 500, 409, 409]);
    assert_eq!((good.seen().calls, bad.seen().calls), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn case_31_a_caller_that_goes_away_is_no_error() {
    let stage = Stage::new("errorAmountThreshold: 1\nslowAmountThreshold: 1", Echo::new().hang());
    let load = Load::workers(5).requests(50).timeout(Duration::from_secs(10));
    let report = stage.play(load).await;
    assert_eq!((report.count(409), report.events.len()), (0, 0), "{report}");
}

/// A request body that must not be read.
struct Unread;

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the body is read")
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(10 << 20)
    }
}

#[tokio::test(start_paused = true)]
async fn case_33_an_open_circuit_answers_without_reading_the_request_body() {
    let service =
        breaker(Settings::builder().error_amount(1)).layer(service_fn(|_: Request<Unread>| async {
            let failed = Response::builder().status(StatusCode::BAD_GATEWAY);
            Ok::<_, Infallible>(failed.body(Full::<Bytes>::default()).expect("a response"))
        }));
    let put = || Request::builder().method(Method::PUT).body(Unread).expect("a request");
    assert_eq!(service.clone().oneshot(put()).await.expect("an answer").status(), 502);
    assert_eq!(service.oneshot(put()).await.expect("degraded").status(), 409);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_inside_another_service_says_nothing_of_ours() {
    // The upstream is a service of this very process, behind a breaker of its own that refuses with a 503.
    let theirs = breaker(Settings::builder().error_amount(1).reply(503, "")).layer(Echo::new().status(500));
    let client = mesh("errorAmountThreshold: 2").client(theirs);
    let uri = format!("http://{HOST}:8080/");
    let status = async || client.clone().oneshot(get(&uri)).await.expect("an answer");
    assert_eq!(status().await.status(), 500);
    let second = status().await;
    assert_eq!((second.status().as_u16(), second.extensions().get::<Refusal>()), (503, None));
    assert_eq!(status().await.status(), 409, "their 503 was the second error");
}

#[tokio::test(start_paused = true)]
async fn a_block_makes_a_layer() {
    let (block, _) = config::from_yaml::<osm::CircuitBreaking>("errorAmountThreshold: 100").expect("a block");
    let layer = CircuitBreakerLayer::new(block.try_into().expect("it means something"));
    let report = Load::workers(1).requests(1000).run(layer.layer(Echo::new().every(5, 511))).await;
    assert_eq!((report.count(200), report.count(511), report.count(409)), (400, 100, 500));
}

#[tokio::test(start_paused = true)]
async fn events_are_told_in_the_words_of_osm_edges_own_log() {
    let stage = Stage::new("errorAmountThreshold: 2\ndegradedTimeWindow: 1m", Echo::new().status(511));
    let told = Arc::new(Mutex::new(Vec::new()));
    let listening = stage.mesh.events().listen({
        let told = Arc::clone(&told);
        move |event: &Event| told.lock().expect("no panic").push(event.to_string())
    });
    stage.play(Load::workers(1).requests(3)).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    stage.play(Load::workers(1).requests(1)).await;
    drop(listening);
    stage.play(Load::workers(1).requests(1)).await;
    let columns = "[circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount";
    assert_eq!(
        *told.lock().expect("no panic"),
        [
            format!("{columns} (open)  report circuit-breaking/fortio|8080 0 0 true 2 0 2"),
            "[circuit-breaking/fortio|8080] refused circuit_open".to_owned(),
            format!("{columns} (close) check circuit-breaking/fortio|8080 0 61 false 0 0 0"),
        ]
    );
}
