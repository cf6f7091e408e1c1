//! Around and inside tower-http's `TraceLayer`, which wraps bodies in a type of its own.

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, routing::get};
use http::{Response, StatusCode};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::trace::TraceLayer;
use tower_mesh::AnswerableLayer;

use crate::{fragile, get as ask, is_refused};

async fn broken(_: Request) -> Result<Response<Body>, Infallible> {
    let mut response = Response::new(Body::from("broken"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    Ok(response)
}

#[tokio::test(start_paused = true)]
async fn below_trace_it_needs_nothing() {
    let service =
        ServiceBuilder::new().layer(TraceLayer::new_for_http()).layer(fragile()).service(service_fn(broken));
    assert_eq!(service.clone().oneshot(ask("/")).await.unwrap().status(), 500);
    assert!(is_refused(&service.oneshot(ask("/")).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn above_trace_its_body_is_made_answerable() {
    let service = ServiceBuilder::new()
        .layer(fragile())
        .layer(AnswerableLayer)
        .layer(TraceLayer::new_for_http())
        .service(service_fn(broken));
    assert_eq!(service.clone().oneshot(ask("/")).await.unwrap().status(), 500);
    assert!(is_refused(&service.oneshot(ask("/")).await.unwrap()));
}

/// A router makes every layer's body its own.
#[tokio::test(start_paused = true)]
async fn on_a_router_both_orders_need_nothing() {
    let router = || Router::<()>::new().route("/", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    for app in [
        router().layer(TraceLayer::new_for_http()).layer(fragile()),
        router().layer(fragile()).layer(TraceLayer::new_for_http()),
    ] {
        assert_eq!(app.clone().oneshot(ask("/")).await.unwrap().status(), 500);
        assert!(is_refused(&app.oneshot(ask("/")).await.unwrap()));
    }
}
