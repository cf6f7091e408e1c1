//! Where a request leaves for another service.
//!
//! What comes back is the upstream's, whatever it carries: a refusal from inside that service (it may run in this very
//! process, behind layers of its own) says nothing of ours, and is taken off.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::refusal::{Flags, Refusal};

/// The transport, at the end of a stack.
#[derive(Debug, Clone)]
pub struct Endpoint<T>(pub(super) T);

impl<T, Req, B> Service<Req> for Endpoint<T>
where
    T: Service<Req, Response = Response<B>>,
{
    type Response = T::Response;
    type Error = T::Error;
    type Future = EndpointFuture<T::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        EndpointFuture { inner: self.0.call(request) }
    }
}

pin_project! {
    /// A transport's answer, on its way into the mesh.
    #[derive(Debug)]
    pub struct EndpointFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for EndpointFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut response = ready!(self.project().inner.poll(cx))?;
        let extensions = response.extensions_mut();
        if !extensions.is_empty() {
            extensions.remove::<Refusal>();
            extensions.remove::<Flags>();
        }
        Poll::Ready(Ok(response))
    }
}
