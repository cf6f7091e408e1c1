//! A transport inside a mesh.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Inner,
    assemble::StackFuture,
    endpoint::{Endpoint, EndpointFuture},
};
use crate::layer::{
    answerable::{self, Answerable, AnswerableBody, AnswerableLayer},
    seat::Shared,
};

/// A transport whose requests go through a mesh: see [`Mesh::client`](super::Mesh::client).
///
/// A clone is the same client, and every client of a mesh shares its state.
#[derive(Clone)]
pub struct Client<T> {
    mesh: Shared<Inner>,
    transport: Answerable<Endpoint<T>>,
}

impl<T> Client<T> {
    pub(super) fn new(mesh: Shared<Inner>, transport: T) -> Self {
        Self { mesh, transport: AnswerableLayer.layer(Endpoint(transport)) }
    }
}

impl<T, ReqBody, ResBody> Service<Request<ReqBody>> for Client<T>
where
    T: Service<Request<ReqBody>, Response = Response<ResBody>, Error: 'static>,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<AnswerableBody<ResBody>>;
    type Error = T::Error;
    type Future = ResponseFuture<T::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        Service::<Request<ReqBody>>::poll_ready(&mut self.transport, cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture { answer: self.mesh.running.load().call(&mut self.transport, request) }
    }
}

pin_project! {
    /// The future of a [`Client`].
    pub struct ResponseFuture<F> {
        #[pin]
        answer: StackFuture<answerable::ResponseFuture<EndpointFuture<F>>>,
    }
}

impl<F, B, E: 'static> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<AnswerableBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answer.poll(cx)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl<T: fmt::Debug> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport).finish_non_exhaustive()
    }
}
