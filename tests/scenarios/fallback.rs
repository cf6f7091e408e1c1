//! What is answered where a layer refused: each rule of `docs/semantics.md` about fallbacks.

mod composed;
mod local;
mod plain;
mod second;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    CircuitBreakerLayer, Flags, Reason, Refusal,
    policy::circuit_breaker::{Settings, SettingsBuilder},
};

use crate::caller::{Told, ask, get, in_time};

fn breaker(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("the settings mean something"))
}

/// Opens at the first error.
fn fragile() -> CircuitBreakerLayer {
    breaker(Settings::builder().error_amount(1))
}

/// A layer's refusal, as every layer writes it, with what others had to say of the call.
fn refused(content: &'static str) -> Response<Full<Bytes>> {
    let refusal = Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT).details(content);
    let mut response = Response::new(Full::from(content));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert("x-refused", content.parse().expect("a value"));
    response.extensions_mut().insert(refusal.flags() | Flags::DI);
    response.extensions_mut().insert(refusal);
    response
}

/// A service that refuses every call without reading it.
async fn refuses<B>(_: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(refused("first"))
}

fn answer(status: u16, content: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(content.into()).expect("a response")
}

fn head() -> Request<Full<Bytes>> {
    Request::head("/").body(Full::default()).expect("a request")
}

fn grpc() -> Request<Full<Bytes>> {
    let request = Request::post("/").header(CONTENT_TYPE, "application/grpc+proto");
    request.body(Full::from("message")).expect("a request")
}

const FELL_BACK: &str = "fell_back: [reviews] fell back: circuit_open";
