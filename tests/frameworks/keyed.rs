//! A circuit for each key among other people's services: what their compiler infers of it, and what crosses threads.

use std::{future::Future, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request},
    routing::get as on_get,
};
use bytes::Bytes;
use http::{HeaderName, StatusCode};
use http_body_util::{Empty, Full};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_mesh::{
    AnswerableLayer, CircuitBreakerLayer, Plain,
    layer::host::HostPort,
    policy::circuit_breaker::{Settings, State},
};

use crate::{get, is_refused};

fn fragile() -> Settings {
    Settings::builder().error_amount(1).build().unwrap()
}

async fn answers(Path((_, status)): Path<(String, u16)>) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

fn router() -> Router {
    Router::new().route("/{shop}/{status}", on_get(answers))
}

async fn status(app: &Router, request: Request) -> u16 {
    app.clone().oneshot(request).await.unwrap().status().as_u16()
}

/// By its first part a path tells shops apart.
async fn each_shop_has_its_own(app: &Router) {
    assert_eq!(status(app, get("/books/500")).await, 500);
    for _ in 0..2 {
        assert_eq!(status(app, get("/books/200")).await, 409);
        assert_eq!(status(app, get("/shoes/200")).await, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn under_a_router_a_closure_needs_no_types() {
    let layer = CircuitBreakerLayer::keyed(fragile(), |request| {
        request.uri().path().split('/').nth(1).unwrap_or_default().to_owned()
    });
    each_shop_has_its_own(&router().layer(layer)).await;
}

#[tokio::test(start_paused = true)]
async fn under_a_router_a_function_and_one_that_holds_something_are_keys_too() {
    fn shop(request: &Request) -> Arc<str> {
        request.uri().path().split('/').nth(1).unwrap_or_default().into()
    }
    each_shop_has_its_own(&router().layer(CircuitBreakerLayer::keyed(fragile(), shop))).await;

    let part = Arc::new(1);
    let layer = CircuitBreakerLayer::keyed(fragile(), move |request: &Request| {
        request.uri().path().split('/').nth(*part).map(str::to_owned)
    });
    let app: Router = router().route_layer(layer.clone());
    each_shop_has_its_own(&app).await;
    let books = layer.handle().status(&Some("books".to_owned())).unwrap();
    assert!(matches!(books.state, State::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn under_a_router_headers_and_hosts_are_told_apart() {
    let tenant = HeaderName::from_static("x-tenant");
    let of = |uri: &str, name: HeaderName, value: &str| {
        let mut request = get(uri);
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let app = router().layer(CircuitBreakerLayer::by_header(fragile(), tenant.clone()).judging_trailers());
    assert_eq!(status(&app, of("/books/500", tenant.clone(), "alice")).await, 500);
    assert_eq!(status(&app, of("/books/200", tenant.clone(), "alice")).await, 409);
    assert_eq!(status(&app, of("/books/200", tenant, "bob")).await, 200);

    let app = router().layer(CircuitBreakerLayer::by_host(fragile()));
    assert_eq!(status(&app, of("/books/500", http::header::HOST, "One.example")).await, 500);
    assert_eq!(status(&app, of("/books/200", http::header::HOST, "one.example:80")).await, 409);
    assert_eq!(status(&app, of("/books/200", http::header::HOST, "two.example")).await, 200);
}

/// Where nobody listens.
async fn nowhere() -> (String, HostPort) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (format!("http://{address}/"), HostPort::new("127.0.0.1", address.port()))
}

#[tokio::test]
async fn over_a_client_each_host_has_its_own() {
    let ((one, key), (other, _)) = (nowhere().await, nowhere().await);
    let layer = CircuitBreakerLayer::by_host(fragile());
    let client = ServiceBuilder::new()
        .layer(layer.clone())
        .layer(AnswerableLayer)
        .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    let ask = |uri: &str| client.clone().oneshot(http::Request::get(uri).body(Empty::new()).unwrap());

    let error: Error = ask(&one).await.unwrap_err();
    assert!(error.is_connect());
    assert!(is_refused(&ask(&one).await.unwrap()));
    assert!(ask(&other).await.unwrap_err().is_connect(), "another port is another circuit");
    assert!(matches!(layer.handle().status(&key).unwrap().state, State::Open { .. }));
}

#[tokio::test]
async fn over_a_client_a_closure_finds_the_key() {
    let (uri, _) = nowhere().await;
    let client = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::keyed(fragile(), |request| request.method().clone()).judging_trailers())
        .layer(AnswerableLayer)
        .service(Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>());
    let ask = || http::Request::get(&uri).body(Full::default()).unwrap();
    assert!(client.clone().oneshot(ask()).await.unwrap_err().is_connect());
    assert!(is_refused(&client.oneshot(ask()).await.unwrap()));
}

fn crosses_threads<S, R>(service: &S, request: R)
where
    S: Service<R, Future: Future + Send + 'static> + Clone + Send + Sync + 'static,
{
    drop(service.clone().oneshot(request));
}

fn is_shared<T: Clone + Send + Sync + 'static>(value: &T) {
    drop(value.clone());
}

#[tokio::test]
async fn layers_services_handles_and_futures_cross_threads() {
    let http = || service_fn(async |_: Request| Ok::<_, BoxError>(http::Response::new(Body::empty())));
    let by_host = CircuitBreakerLayer::by_host(fragile());
    let by_header = CircuitBreakerLayer::by_header(fragile(), http::header::HOST).judging_trailers();
    let keyed = CircuitBreakerLayer::keyed(fragile(), |request: &Request| request.uri().clone());
    is_shared(&by_host);
    is_shared(&by_header);
    is_shared(&keyed);
    is_shared(&by_host.handle());
    is_shared(&keyed.handle());
    crosses_threads(&by_host.layer(http()), get("/"));
    crosses_threads(&by_header.layer(http()), get("/"));
    crosses_threads(&keyed.layer(http()), get("/"));

    let plain = CircuitBreakerLayer::keyed_over(Plain.boxed(), fragile(), |n: &u32| *n);
    is_shared(&plain);
    crosses_threads(&plain.layer(service_fn(async |n: u32| Ok::<_, BoxError>(n))), 7);
}
