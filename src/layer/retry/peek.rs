//! gRPC statuses in trailers, seen in time.
//!
//! A call that failed without a message has nothing after its head but trailers. Moved into the head they make an answer
//! of the same meaning, a trailers-only one, and everybody further out can judge it there.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::{Response, response::Parts};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::layer::protocol::{Http, HttpMemo, Reads, shows_in_trailers};

/// Answers are judged by their head alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtHead;

/// Answers to gRPC calls are judged by their trailers too, where nothing else follows the head.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtTrailers;

/// A service whose gRPC answers are looked into: see
/// [`RetryLayer::peeking_trailers`](super::RetryLayer::peeking_trailers).
#[derive(Debug, Clone, Copy)]
pub struct PeekTrailers<S>(S);

impl<S> PeekTrailers<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S, Req, B> Service<Req> for PeekTrailers<S>
where
    S: Service<Req, Response = Response<B>>,
    Http: Reads<Req, Memo = HttpMemo>,
    B: Body,
{
    type Response = Response<Peeked<B>>;
    type Error = S::Error;
    type Future = PeekFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let grpc = Http.memo(&request).is_grpc();
        PeekFuture { inner: self.0.call(request), grpc, peek: None }
    }
}

pin_project! {
    /// The future of [`PeekTrailers`].
    pub struct PeekFuture<F, B> {
        #[pin]
        inner: F,
        grpc: bool,
        // An answer whose first frame is awaited.
        peek: Option<(Parts, Pin<Box<B>>)>,
    }
}

impl<F, B, E> Future for PeekFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<Peeked<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.peek.is_none() {
            let response = ready!(this.inner.poll(cx))?;
            if !(*this.grpc && shows_in_trailers(&response)) {
                return Poll::Ready(Ok(response.map(|body| Peeked { kind: Kind::Whole { body } })));
            }
            let (head, body) = response.into_parts();
            *this.peek = Some((head, Box::pin(body)));
        }
        let Some((_, body)) = this.peek else { return Poll::Pending };
        let first = ready!(body.as_mut().poll_frame(cx));
        let Some((mut head, body)) = this.peek.take() else { return Poll::Pending };
        let first = match first {
            None => None,
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(trailers) => {
                    head.headers.extend(trailers);
                    None
                }
                Err(data) => Some(Ok(data)),
            },
            Some(Err(error)) => Some(Err(error)),
        };
        let kind = match first {
            None => Kind::Ended,
            first => Kind::Begun { first, body },
        };
        Poll::Ready(Ok(Response::from_parts(head, Peeked { kind })))
    }
}

impl<F, B> fmt::Debug for PeekFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeekFuture")
    }
}

pin_project! {
    /// A body whose first frame may have been looked at; otherwise the same body.
    pub struct Peeked<B: Body> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B: Body> {
        Whole { #[pin] body: B },
        Begun { first: Option<Result<Frame<B::Data>, B::Error>>, body: Pin<Box<B>> },
        // Its trailers stand in the head.
        Ended,
    }
}

impl<B: Body> Body for Peeked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            Projected::Whole { body } => body.poll_frame(cx),
            Projected::Begun { first, body } => match first.take() {
                Some(first) => Poll::Ready(Some(first)),
                None => body.as_mut().poll_frame(cx),
            },
            Projected::Ended => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole { body } => body.is_end_stream(),
            Kind::Begun { first, body } => first.is_none() && body.is_end_stream(),
            Kind::Ended => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole { body } => body.size_hint(),
            Kind::Begun { first, body } => {
                let held = match first {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Buf::remaining) as u64,
                    _ => 0,
                };
                let rest = body.size_hint();
                let mut hint = SizeHint::new();
                if let Some(upper) = rest.upper() {
                    hint.set_upper(upper + held);
                }
                hint.set_lower(rest.lower() + held);
                hint
            }
            Kind::Ended => SizeHint::with_exact(0),
        }
    }
}

impl<B: Body + From<Bytes>> From<Bytes> for Peeked<B> {
    fn from(content: Bytes) -> Self {
        Self { kind: Kind::Whole { body: content.into() } }
    }
}

impl<B: Body + Default> Default for Peeked<B> {
    fn default() -> Self {
        Self { kind: Kind::Whole { body: B::default() } }
    }
}

impl<B: Body> fmt::Debug for Peeked<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Whole { .. } => "Peeked(whole)",
            Kind::Begun { .. } => "Peeked(begun)",
            Kind::Ended => "Peeked(ended)",
        })
    }
}
