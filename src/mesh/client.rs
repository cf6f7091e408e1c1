//! A transport inside a mesh.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub use super::body::ResponseBody;
use super::{
    Inner,
    body::{InIstio, InOsmEdge},
    endpoint::Endpoint,
    site::{Answered, Routed},
    stack::{BehindIstio, BehindOsmEdge, Stack},
};
use crate::{
    layer::{
        BoxError,
        answerable::{Answerable, AnswerableBody, AnswerableLayer},
        body::Sent,
        protocol::{Answers, Http, HttpMemo, Protocol},
        retry::Repeats,
        seat::Shared,
        timeout::Uploading,
    },
    refusal::Refusal,
};

/// A transport whose requests go through a mesh: see [`Mesh::client`](super::Mesh::client).
///
/// A clone is the same client, and every client of a mesh shares its state.
#[derive(Clone)]
pub struct Client<T, P = Http> {
    mesh: Shared<Inner>,
    transport: Reached<T>,
    protocol: P,
}

/// What a transport is sent: a request's body that tells how it gets on, and that can be sent more than once.
pub type RequestBody<B> = Uploading<Sent<Uploading<B>>>;

/// A transport, as stations know it.
type Reached<T> = Answerable<Endpoint<T>>;

impl<T> Client<T> {
    pub(super) fn new(mesh: Shared<Inner>, transport: T) -> Self {
        Self { mesh, transport: AnswerableLayer.layer(Endpoint(transport)), protocol: Http }
    }

    /// Judges a transport's errors by another protocol, [`Http::reading_errors`] for one.
    ///
    /// Which errors are tried again depends on whether a connection came about. A mesh sees that in an `io::Error`, and in
    /// a `Box<dyn Error + Send + Sync>` among its sources. Where a transport has errors of its own, this has them looked
    /// into.
    ///
    /// ```
    /// use tower_mesh::{Http, Mesh, testing::Echo};
    ///
    /// let client = Mesh::builder().build()?.client(Echo::new().refuse()).over(Http.reading_errors());
    /// # let _ = client;
    /// # Ok::<(), tower_mesh::config::Errors>(())
    /// ```
    #[must_use]
    pub fn over<P: Protocol>(self, protocol: P) -> Client<T, P> {
        let Self { mesh, transport, .. } = self;
        Client { mesh, transport, protocol }
    }
}

impl<T, P, ReqBody, ResBody> Service<Request<ReqBody>> for Client<T, P>
where
    T: Service<
            Request<RequestBody<ReqBody>>,
            Response = Response<ResBody>,
            Error: Send + 'static,
            Future: Send,
        > + Clone
        + Send
        + 'static,
    ReqBody: Body + Send + 'static,
    ResBody: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    P: Repeats<Request<Uploading<ReqBody>>, Memo = HttpMemo, Try = Request<Sent<Uploading<ReqBody>>>>
        + Answers<HttpMemo, Response<InOsmEdge<ResBody>>, T::Error>
        + Answers<HttpMemo, Response<AnswerableBody<ResBody>>, T::Error>
        + Send
        + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = T::Error;
    type Future = ResponseFuture<
        <BehindIstio<Reached<T>, P> as Service<Request<ReqBody>>>::Future,
        <BehindOsmEdge<Reached<T>, P> as Service<Request<Uploading<ReqBody>>>>::Future,
        <Reached<T> as Service<Request<RequestBody<ReqBody>>>>::Future,
        Result<Response<InOsmEdge<ResBody>>, T::Error>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        Service::<Request<RequestBody<ReqBody>>>::poll_ready(&mut self.transport, cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let running = self.mesh.running.load();
        let Some((ports, port)) = running.find(&request) else {
            let request = request.map(|body| Uploading::through(Sent::through(Uploading::through(body))));
            return ResponseFuture::Free { answer: self.transport.call(request) };
        };
        // What was readied goes with the request.
        let unready = self.transport.clone();
        let transport = mem::replace(&mut self.transport, unready);
        ports.with(port, |stack| match stack {
            Stack::Istio(site) => {
                let protocol = self.protocol.clone();
                match site.route(&mut request, port) {
                    Routed::To(stack, changes) => {
                        let answer = stack.around(transport, protocol).call(request);
                        ResponseFuture::Istio { answer, changes }
                    }
                    Routed::Refused(refusal, changes) => {
                        let memo = HttpMemo::of(request.method(), request.headers());
                        let mut answer: Result<Response<InOsmEdge<ResBody>>, T::Error> =
                            self.protocol.refuse(memo, refusal);
                        if let (Ok(response), Some(changes)) = (&mut answer, changes) {
                            changes.change(response.headers_mut());
                        }
                        ResponseFuture::Local { answer: Some(Box::new(answer)) }
                    }
                }
            }
            Stack::OsmEdge(stack) => {
                let request = request.map(Uploading::through);
                ResponseFuture::OsmEdge {
                    answer: stack.around(transport, self.protocol.clone()).call(request),
                }
            }
        })
    }
}

pin_project! {
    /// The future of a [`Client`]: on one of the ways through a mesh.
    #[project = Projected]
    pub enum ResponseFuture<I, O, F, L> {
        #[doc(hidden)]
        Istio { #[pin] answer: I, changes: Option<Answered> },
        #[doc(hidden)]
        OsmEdge { #[pin] answer: O },
        #[doc(hidden)]
        Free { #[pin] answer: F },
        // Boxed, since it is rare. None once it was given.
        #[doc(hidden)]
        Local { answer: Option<Box<L>> },
    }
}

impl<I, O, F, B, E> Future for ResponseFuture<I, O, F, Result<Response<InOsmEdge<B>>, E>>
where
    B: Body<Data = Bytes>,
    I: Future<Output = Result<Response<InIstio<B>>, E>>,
    O: Future<Output = Result<Response<InOsmEdge<B>>, E>>,
    F: Future<Output = Result<Response<AnswerableBody<B>>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Istio { answer, changes } => answer.poll(cx).map_ok(|mut response| {
                // What we answer by ourselves stays as it is.
                if let Some(changes) = changes
                    && response.extensions().get::<Refusal>().is_none()
                {
                    changes.change(response.headers_mut());
                }
                response.map(ResponseBody::istio)
            }),
            Projected::OsmEdge { answer } => {
                answer.poll(cx).map_ok(|response| response.map(ResponseBody::osm_edge))
            }
            Projected::Free { answer } => answer.poll(cx).map_ok(|response| response.map(ResponseBody::free)),
            Projected::Local { answer } => match answer.take() {
                Some(answer) => Poll::Ready(answer.map(|response| response.map(ResponseBody::osm_edge))),
                None => Poll::Pending,
            },
        }
    }
}

impl<I, O, F, L> fmt::Debug for ResponseFuture<I, O, F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

impl<T: fmt::Debug, P> fmt::Debug for Client<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport).finish_non_exhaustive()
    }
}
