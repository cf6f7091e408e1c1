//! What takes too long is ended: layers composed by hand, over an upstream that is slow, hangs, or dawdles in its body.

mod answers;
mod bodies;
mod composed;
mod headers;
mod idle;
mod pass;
mod upload;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};
use tower_mesh::{
    Events, Flags, Refusal, TimeoutLayer,
    layer::clock,
    policy::timeout::{Settings, SettingsBuilder},
};

use crate::caller::{BoxError, Told, ask, get, ms, with};

fn limits() -> SettingsBuilder {
    Settings::builder()
}

fn timeout(settings: SettingsBuilder) -> TimeoutLayer {
    TimeoutLayer::new(settings.build().expect("the settings mean something"))
}

fn grpc() -> Request<Full<Bytes>> {
    let request = Request::post("/").header(CONTENT_TYPE, "application/grpc");
    request.body(Full::default()).expect("a request")
}
