//! What the refused are told, and what others make of it.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, Flags, Reason, Refusal,
    policy::{
        circuit_breaker,
        limits::{Reply, Settings, SettingsBuilder, Upstream},
    },
    testing::{Echo, Load},
};

use super::{MS, ask, layer, one_and_one, text};

const OVERFLOW: &str = "upstream connect error or disconnect/reset before headers. reset reason: overflow";

/// The answer to a call that comes while one is in flight.
async fn refused(
    settings: SettingsBuilder,
    request: Request<Full<Bytes>>,
) -> Response<impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>> {
    let service = layer(settings).layer(Echo::new().hang());
    let mut held = Box::pin(service.clone().oneshot(ask()));
    assert!(futures_util::poll!(&mut held).is_pending());
    service.oneshot(request).await.unwrap()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// As Envoy answers; whether the queue or the limit on requests refused, only the counter tells.
/// Seen on Envoy, S0.2, S1.8 and S2.8.
#[tokio::test(start_paused = true)]
async fn an_overflow_is_answered_in_envoys_words() {
    let settings = Settings::builder;
    for (settings, reason) in [
        (settings().requests(1), Reason::RequestOverflow),
        (settings().requests(1).protocol(Upstream::Http2), Reason::RequestOverflow),
        (settings().connections(1).pending(0), Reason::PendingOverflow),
    ] {
        let response = refused(settings, ask()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(header(response.headers(), "content-type"), Some("text/plain"));
        assert_eq!(header(response.headers(), "x-envoy-overloaded"), Some("true"));
        assert_eq!(header(response.headers(), "content-length"), Some("81"));
        assert_eq!(response.headers().len(), 3, "{:?}", response.headers());
        let refusal = response.extensions().get::<Refusal>().unwrap();
        assert_eq!(
            (refusal.reason(), refusal.why()),
            (reason, "upstream_reset_before_response_started{overflow}")
        );
        assert_eq!(response.extensions().get::<Flags>().unwrap().to_string(), "UO");
        assert_eq!(text(response).await, OVERFLOW);
    }
}

/// Seen on Envoy, S0.1.
#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_told_by_trailers_only() {
    let grpc =
        Request::post("http://a/b").header(CONTENT_TYPE, "application/grpc").body(Full::default()).unwrap();
    let response = refused(Settings::builder().requests(1), grpc).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(response.headers(), "grpc-status"), Some("14"));
    assert_eq!(header(response.headers(), "grpc-message"), Some(OVERFLOW));
    assert_eq!(header(response.headers(), "x-envoy-overloaded"), Some("true"));
}

/// osm-edge's `maxConnections: 1` and `maxPendingRequests: 1`, three at once. Case 39 of osm-edge.
#[tokio::test(start_paused = true)]
async fn osm_edge_refuses_the_third_in_its_own_words() {
    let layer = layer(one_and_one().reply(Reply::OsmEdge));
    let service = layer.layer(Echo::new().latency(5 * MS));
    let calls = (0..3).map(|_| service.clone().oneshot(ask()));
    let mut answers = futures_util::future::join_all(calls.map(|call| async {
        let response = call.await.unwrap();
        let overloaded = response.headers().contains_key("x-envoy-overloaded");
        (response.status().as_u16(), overloaded, text(response).await)
    }))
    .await;
    assert_eq!(answers.pop().unwrap(), (503, false, "Service Unavailable".to_owned()));
    assert!(answers.iter().all(|(status, ..)| *status == 200));
    assert_eq!(layer.handle().status().pending_overflow, 1);
}

/// An overflow tells nothing about the upstream: as outlier detection does not count it, no breaker does.
/// Seen on Envoy, S1.9.
#[tokio::test(start_paused = true)]
async fn an_overflow_is_not_held_against_the_upstream() {
    let settings =
        circuit_breaker::Settings::builder().error_amount(1).consecutive_errors(1).build().unwrap();
    let breaker = CircuitBreakerLayer::new(settings);
    let service = ServiceBuilder::new()
        .layer(&breaker)
        .layer(layer(Settings::builder().requests(1)))
        .service(Echo::new().latency(5 * MS));
    let report = Load::workers(10).requests(500).run(service).await;
    assert!(report.count(503) > 400);
    assert_eq!(report.refused(Reason::RequestOverflow), report.count(503));
    assert_eq!(breaker.handle().state(), circuit_breaker::State::Closed);
}

/// What a whole stack is made of can be layered twice, and in a stack of a caller's own.
#[tokio::test(start_paused = true)]
async fn limits_in_limits_count_each_for_itself() {
    let (outer, inner) = (layer(Settings::builder().requests(3)), layer(Settings::builder().requests(2)));
    let service = ServiceBuilder::new().layer(&outer).layer(&inner).service(Echo::new().hang());
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut call = Box::pin(service.clone().oneshot(ask()));
        assert!(futures_util::poll!(&mut call).is_pending());
        calls.push(call);
    }
    assert_eq!(service.clone().oneshot(ask()).await.unwrap().status(), 503);
    assert_eq!((outer.handle().active(), outer.handle().overflows()), (2, 0));
    assert_eq!((inner.handle().active(), inner.handle().overflows()), (2, 1));
    drop(calls);
    assert_eq!((outer.handle().active(), inner.handle().active()), (0, 0));
}
