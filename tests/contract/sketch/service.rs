//! The sketch's service: what it does to a call, rightly or not.

use std::{
    pin::pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use tower::Service;
use tower_mesh::{Flags, Reason, Refusal};

use super::{Claim, Fault, Sketch};

#[derive(Debug)]
pub(crate) struct Sketched<S> {
    pub(super) inner: S,
    pub(super) sketch: Sketch,
    pub(super) reserved: Option<Claim>,
}

impl<S: Clone> Clone for Sketched<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            sketch: self.sketch.unless(Fault::StateOfEachClone),
            reserved: None,
        }
    }
}

impl<S, B, R> Service<Request<B>> for Sketched<S>
where
    S: Service<Request<B>, Response = Response<R>, Error: Send, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
    B: Send + 'static,
    R: From<Bytes> + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.sketch.fault == Fault::IsAlwaysReady {
            return Poll::Ready(Ok(()));
        }
        if self.sketch.fault == Fault::ReservesWhenReadied && self.reserved.is_none() {
            self.reserved = Some(self.sketch.claim());
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let fault = self.sketch.fault;
        if let Some(mut reserved) = self.reserved.take() {
            reserved.settle(false);
        }
        if self.sketch.refuses() {
            if fault == Fault::RefusesAfterReaching {
                drop(self.inner.call(request));
                return Box::pin(async move { Ok(refusal(fault, &Method::GET, &HeaderMap::new())) });
            }
            let answer = refusal(fault, request.method(), request.headers());
            if fault == Fault::RefusesOnATask {
                tokio::spawn(std::future::pending::<()>());
            }
            return Box::pin(async { Ok(answer) });
        }
        let mut claim = self.sketch.claim();
        let mut inner = self.inner.clone();
        match fault {
            Fault::CallsAClone => return Box::pin(async move { inner.call(request).await }),
            Fault::ReadiesAndCallsAClone => {
                return Box::pin(async move {
                    std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
                    inner.call(request).await
                });
            }
            _ => {}
        }
        let call = self.inner.call(request);
        Box::pin(async move {
            let mut result = match fault {
                Fault::Spawns => tokio::spawn(call).await.unwrap(),
                Fault::WakesItself => {
                    let mut call = pin!(call);
                    let busy = |cx: &mut Context<'_>| {
                        cx.waker().wake_by_ref();
                        call.as_mut().poll(cx)
                    };
                    std::future::poll_fn(busy).await
                }
                _ => call.await,
            };
            claim.settle(!result.as_ref().is_ok_and(|response| response.status() == 200));
            match &mut result {
                Ok(response) if fault == Fault::LosesHeaders => response.headers_mut().clear(),
                Err(_) if fault == Fault::LosesErrors => {
                    return Ok(refusal(Fault::TellsNoReason, &Method::GET, &HeaderMap::new()));
                }
                _ => {}
            }
            result
        })
    }
}

/// The refusal of such a request.
fn refusal<R: From<Bytes>>(fault: Fault, method: &Method, headers: &HeaderMap) -> Response<R> {
    let content = Bytes::from_static(b"refused");
    let refusal = Refusal::new(Reason::CircuitOpen, StatusCode::SERVICE_UNAVAILABLE).content(content.clone());
    let posts = method == Method::POST || fault == Fault::TakesGetsForGrpc;
    let grpc = posts && headers.get(CONTENT_TYPE).is_some();
    let content = if fault == Fault::RefusesInOtherWords { Bytes::from_static(b"no") } else { content };
    let bodiless = method == Method::HEAD && fault != Fault::RefusesHeadsWithABody;
    let mut response = Response::new(R::from(if bodiless { Bytes::new() } else { content.clone() }));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    if grpc && fault != Fault::RefusesGrpcAsHttp {
        response = Response::new(R::from(Bytes::new()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        response.headers_mut().insert("grpc-status", HeaderValue::from_static("14"));
    }
    if fault != Fault::TellsNoFlags {
        response.extensions_mut().insert::<Flags>(refusal.flags());
    }
    if fault != Fault::TellsNoReason {
        response.extensions_mut().insert(refusal);
    }
    response
}
