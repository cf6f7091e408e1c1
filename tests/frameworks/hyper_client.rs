//! Over hyper-util's client: its body comes from a connection, and its error is its own.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, Full};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use tower_mesh::{
    AnswerableLayer, EventKind, Events, Http, RetryLayer,
    layer::{body::Sent, protocol::failure_of},
    policy::{Failure, retry::Settings},
};

use crate::{fragile, is_refused};

/// Where nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn the_clients_own_error_comes_through_and_then_a_refusal() {
    let uri = nowhere().await;
    let client = ServiceBuilder::new()
        .layer(fragile())
        .layer(AnswerableLayer)
        .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    let ask = || Request::get(&uri).body(Empty::new()).unwrap();

    let error: Error = client.clone().oneshot(ask()).await.unwrap_err();
    assert!(error.is_connect());
    assert!(is_refused(&client.oneshot(ask()).await.unwrap()));
}

#[tokio::test]
async fn its_bodies_can_be_watched() {
    let uri = nowhere().await;
    let client = ServiceBuilder::new()
        .layer(fragile().judging_trailers())
        .layer(AnswerableLayer)
        .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    let ask = || Request::get(&uri).body(Empty::new()).unwrap();

    let error: Error = client.clone().oneshot(ask()).await.unwrap_err();
    assert!(error.is_connect());
    assert!(is_refused(&client.oneshot(ask()).await.unwrap()));
}

/// As a mesh does by default: a connection that is refused is tried again, whatever the error's type.
#[tokio::test]
async fn its_errors_tell_that_no_connection_came_about() {
    let uri = nowhere().await;
    let (events, tries) = (Events::new(), Arc::new(AtomicUsize::new(1)));
    let _listening = events.listen({
        let tries = Arc::clone(&tries);
        move |event| {
            tries.fetch_add(usize::from(matches!(event.kind, EventKind::Retried(_))), SeqCst);
        }
    });
    let retries =
        RetryLayer::new(Settings::istio_default()).over(Http.reading_errors()).told("nowhere", &events);
    let client = ServiceBuilder::new()
        .layer(retries)
        .layer(AnswerableLayer)
        .service(Client::builder(TokioExecutor::new()).build_http::<Sent<Full<Bytes>>>());
    let request = Request::post(&uri).body(Full::from("an order")).unwrap();
    let error: Error = client.oneshot(request).await.unwrap_err();
    assert_eq!((error.is_connect(), tries.load(SeqCst)), (true, 3));
    assert_eq!(failure_of(&error), Failure::Connect);
}
