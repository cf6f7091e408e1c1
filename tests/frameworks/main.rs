//! The breaker among other people's services: with their bodies and errors, un-boxed, and with no helper in between.
//!
//! That a layer fits is mostly a matter of types, so most of a test here is that it compiles. The rest shows that what
//! comes through is what the framework's users expect: an axum handler's response, a tonic `Status`, a client's own
//! error.

mod axum_router;
mod bodies;
mod fallback;
mod grpc;
mod hyper_client;
mod keyed;
mod limits;
mod plain;
mod route;
mod stacked;
mod tonic_client;
mod trace;

use axum::{body::Body, extract::Request};
use http::Response;
use tower_mesh::{
    CircuitBreakerLayer, Refusal,
    policy::circuit_breaker::{Settings, SettingsBuilder},
};

/// Opens at the first error.
fn fragile() -> CircuitBreakerLayer {
    breaker(Settings::builder().error_amount(1))
}

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().unwrap())
}

fn get(uri: &str) -> Request {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn is_refused<B>(response: &Response<B>) -> bool {
    response.extensions().get::<Refusal>().is_some()
}
