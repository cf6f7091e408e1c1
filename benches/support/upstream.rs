//! The service under the layers: it answers at once, or after one `Pending`, and allocates nothing.
//!
//! Its future is as small as one can be, so that what a layer adds is not hidden behind what it wraps. Requests with
//! headers hand them over to the response, from which the driver takes them back: so no header map is built, cloned or
//! freed while anything is measured. Its two functions are real calls, as those of any service worth a breaker are: were
//! they inlined, the bare call would melt into the driver, and the breakers would be charged for what is lost there.
//! Whether it fails stands in the request, since a breaker may clone its service for each call, and forget what a clone
//! has counted.

use std::{
    convert::Infallible,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use tower::Service;
use tower_mesh::layer::body::Sent;

pub(crate) type Body = Full<Bytes>;

/// What becomes of a request. As the request's body, which has no bytes, it can be kept and sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeds,
    Fails,
}

impl http_body::Body for Fate {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

/// A request body in which the fate is found again, as whatever a layer makes of it.
pub(crate) trait Fated {
    fn fate(&self) -> Fate;
}

impl Fated for Fate {
    fn fate(&self) -> Fate {
        *self
    }
}

/// Retries are measured where nothing fails: what they send on does not tell its body.
impl Fated for Sent<Fate> {
    fn fate(&self) -> Fate {
        Fate::Succeeds
    }
}

/// An answer, whatever a layer made of its body.
pub(crate) trait Reply: 'static {
    fn status(&self) -> StatusCode;
    fn into_headers(self) -> HeaderMap;
}

impl<B: 'static> Reply for Response<B> {
    fn status(&self) -> StatusCode {
        Self::status(self)
    }

    fn into_headers(self) -> HeaderMap {
        self.into_parts().0.headers
    }
}

/// What is sent: where its requests come from, and what of them goes back.
pub(crate) trait Traffic: Clone + Send + 'static {
    /// What the upstream's future keeps of a request.
    type Carried: Unpin + Send + 'static;

    fn request(&mut self, fate: Fate) -> Request<Fate>;
    fn carry<B>(request: Request<B>) -> Self::Carried;
    fn reply(carried: Self::Carried, response: &mut Response<Body>);
    fn back<R: Reply>(&mut self, response: R);
}

/// Requests without headers.
#[derive(Clone)]
pub(crate) struct Empty;

/// Requests with these.
#[derive(Clone)]
pub(crate) struct Headed {
    method: Method,
    headers: HeaderMap,
    /// The same, for when a layer answered by itself, and the headers are lost.
    spare: HeaderMap,
}

impl Traffic for Empty {
    type Carried = ();

    fn request(&mut self, fate: Fate) -> Request<Fate> {
        Request::new(fate)
    }

    fn carry<B>(_: Request<B>) {}
    fn reply((): (), _: &mut Response<Body>) {}
    fn back<R: Reply>(&mut self, _: R) {}
}

/// Requests for a path of a host: what is seventh in every table.
#[derive(Clone)]
pub(crate) struct Targeted(Uri);

impl Targeted {
    pub(crate) fn seventh() -> Self {
        Self(Uri::from_static("http://h7.example:9080/p7/x"))
    }
}

impl Traffic for Targeted {
    type Carried = ();

    fn request(&mut self, fate: Fate) -> Request<Fate> {
        let mut request = Request::new(fate);
        *request.uri_mut() = self.0.clone();
        request
    }

    fn carry<B>(_: Request<B>) {}
    fn reply((): (), _: &mut Response<Body>) {}
    fn back<R: Reply>(&mut self, _: R) {}
}

impl Headed {
    /// A browser's GET.
    pub(crate) fn eight() -> Self {
        let headers = [
            ("host", "reviews:9080"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
            ("accept", "text/html,application/xhtml+xml"),
            ("accept-encoding", "gzip, br"),
            ("accept-language", "en"),
            ("x-request-id", "b7e1a2c0-3d4f-4e5a-9b6c-7d8e9f0a1b2c"),
            ("end-user", "jason"),
            ("cookie", "session=0123456789abcdef"),
        ];
        Self::of(Method::GET, &headers)
    }

    /// A gRPC call, which every breaker that knows gRPC has to look at twice.
    pub(crate) fn grpc() -> Self {
        Self::of(Method::POST, &[("content-type", "application/grpc"), ("te", "trailers")])
    }

    fn of(method: Method, headers: &[(&'static str, &'static str)]) -> Self {
        let pair = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers: HeaderMap = headers.iter().map(pair).collect();
        Self { method, spare: headers.clone(), headers }
    }
}

impl Traffic for Headed {
    type Carried = HeaderMap;

    fn request(&mut self, fate: Fate) -> Request<Fate> {
        if self.headers.len() != self.spare.len() {
            self.headers.clone_from(&self.spare);
        }
        let mut request = Request::new(fate);
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = mem::take(&mut self.headers);
        request
    }

    fn carry<B>(request: Request<B>) -> HeaderMap {
        request.into_parts().0.headers
    }

    fn reply(carried: HeaderMap, response: &mut Response<Body>) {
        *response.headers_mut() = carried;
    }

    fn back<R: Reply>(&mut self, response: R) {
        self.headers = response.into_headers();
    }
}

/// Answers 200, or 500.
pub(crate) struct Upstream<T> {
    pends: bool,
    traffic: PhantomData<fn() -> T>,
}

impl<T> Upstream<T> {
    pub(crate) const fn new(pends: bool) -> Self {
        Self { pends, traffic: PhantomData }
    }
}

impl<T> Clone for Upstream<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: Traffic, B: Fated> Service<Request<B>> for Upstream<T> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer<T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline(never)]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let fate = request.body().fate();
        Answer { carried: Some(T::carry(request)), fate, pends: self.pends }
    }
}

/// The upstream's future.
pub(crate) struct Answer<T: Traffic> {
    carried: Option<T::Carried>,
    fate: Fate,
    pends: bool,
}

impl<T: Traffic> Future for Answer<T> {
    type Output = Result<Response<Body>, Infallible>;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if mem::take(&mut self.pends) {
            // Nobody need be woken: the driver polls until there is an answer.
            return Poll::Pending;
        }
        let mut response = Response::new(Body::default());
        if self.fate == Fate::Fails {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        let carried = self.carried.take().expect("polled once after it was ready");
        T::reply(carried, &mut response);
        Poll::Ready(Ok(response))
    }
}
