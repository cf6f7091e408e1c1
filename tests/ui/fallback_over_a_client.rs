//! A fallback over a client whose bodies come from a connection.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Service, ServiceBuilder};
use tower_mesh::FallbackLayer;

fn serves<S: Service<Request<Empty<Bytes>>>>(_: &S) {}

pub fn make(answer: Response<Bytes>) {
    let client = ServiceBuilder::new().layer(FallbackLayer::answer(answer));
    #[cfg(cured)]
    let client = client.layer(tower_mesh::AnswerableLayer);
    let client = client.service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    serves(&client);
}
