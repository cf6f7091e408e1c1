//! The same, judged at the trailers.

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Service, ServiceBuilder};
use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};

fn serves<S: Service<Request<Empty<Bytes>>>>(_: &S) {}

pub fn make(settings: Settings) {
    let client = ServiceBuilder::new().layer(CircuitBreakerLayer::new(settings).judging_trailers());
    #[cfg(cured)]
    let client = client.layer(tower_mesh::AnswerableLayer);
    let client = client.service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    serves(&client);
}
