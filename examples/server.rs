//! A server: the breaker as a layer of an axum router.
//!
//! `cargo run --example server`. No socket is opened: the router is called as a service.
#![allow(clippy::print_stdout, reason = "an example speaks to people")]

use std::time::Duration;

use axum::{Router, body::Body, http::Request, http::StatusCode, routing::get};
use tower::ServiceExt;
use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::builder()
        .error_amount(3)
        .open_for(Duration::from_secs(10))
        .reply(503, "back in a moment")
        .build()?;
    let app: Router = Router::new()
        .route("/productpage", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(CircuitBreakerLayer::new(settings));

    for call in 1..=5 {
        let request = Request::get("/productpage").body(Body::empty())?;
        println!("call {call}: {}", app.clone().oneshot(request).await?.status());
    }
    Ok(())
}
