//! Over hyper-util's client: its body comes from a connection, and its error is its own.

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper_util::{
    client::legacy::{Client, Error},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use tower_mesh::AnswerableLayer;

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
