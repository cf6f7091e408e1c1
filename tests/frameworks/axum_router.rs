//! On an axum `Router`: by `Router::layer` alone, with any handler.

use std::convert::Infallible;

use axum::{Router, body::Body, routing::get};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use tower_mesh::{
    Http,
    layer::protocol::Protocol,
    policy::{Failure, Outcome},
};

use crate::{fragile, get as ask, is_refused};

async fn broken() -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn absent() -> StatusCode {
    StatusCode::NOT_FOUND
}

#[tokio::test(start_paused = true)]
async fn a_router_needs_no_helper_around_it() {
    let app: Router = Router::new().route("/", get(broken)).layer(fragile());
    assert_eq!(app.clone().oneshot(ask("/")).await.unwrap().status(), 500);
    let refused = app.oneshot(ask("/")).await.unwrap();
    assert_eq!((refused.status(), is_refused(&refused)), (StatusCode::CONFLICT, true));
    assert_eq!(refused.into_body().collect().await.unwrap().to_bytes(), "Coming soon ...");
}

#[tokio::test(start_paused = true)]
async fn a_single_route_can_have_one() {
    let app: Router = Router::new().route("/a", get(broken).layer(fragile())).route("/b", get(broken));
    for _ in 0..2 {
        app.clone().oneshot(ask("/a")).await.unwrap();
        assert!(!is_refused(&app.clone().oneshot(ask("/b")).await.unwrap()));
    }
    assert!(is_refused(&app.oneshot(ask("/a")).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_router_can_stand_in_one() {
    let app = Router::new().route("/", get(broken));
    let app = ServiceBuilder::new().layer(fragile()).service(app);
    assert_eq!(app.clone().oneshot(ask("/")).await.unwrap().status(), 500);
    assert!(is_refused(&app.oneshot(ask("/")).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_judgement_of_ones_own_needs_no_helper_either() {
    let http = Http.judging(|result: &Result<Response<Body>, Infallible>, outcome| match result {
        Ok(response) if response.status() == StatusCode::NOT_FOUND => Outcome::Failure(Failure::Status(404)),
        _ => outcome,
    });
    let app: Router = Router::new().route("/", get(absent)).layer(fragile().over(http));
    assert_eq!(app.clone().oneshot(ask("/")).await.unwrap().status(), 404);
    assert!(is_refused(&app.oneshot(ask("/")).await.unwrap()));
}

/// axum watches bodies of its own kind as it does others.
#[tokio::test(start_paused = true)]
async fn a_router_can_be_judged_at_the_trailers() {
    let app: Router = Router::new().route("/", get(broken)).layer(fragile().judging_trailers());
    app.clone().oneshot(ask("/")).await.unwrap();
    assert!(is_refused(&app.oneshot(ask("/")).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_keeps_its_length_and_has_no_body() {
    let app: Router = Router::new().route("/", get(broken)).layer(fragile());
    app.clone().oneshot(ask("/")).await.unwrap();
    let mut head = ask("/");
    *head.method_mut() = Method::HEAD;
    let refused = app.oneshot(head).await.unwrap();
    assert_eq!(refused.headers()["content-length"], "15");
    assert!(refused.into_body().collect().await.unwrap().to_bytes().is_empty());
}
