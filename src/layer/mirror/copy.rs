//! A copy, and the task that it runs in.
//!
//! Here alone a task is spawned: the caller of the original may be gone when the copy begins, and nobody else would poll
//! it. The task is ended with the layer that it belongs to.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Poll, ready},
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use tokio::{runtime::Handle, sync::watch, task::coop::consume_budget, time::timeout};
use tower_service::Service;

use super::account::Chance;
use crate::{
    layer::body::{Kept, Sent, Unkept},
    policy::mirror::LeftOut,
};

/// A service that copies can be sent to, of requests with such a body.
///
/// Every HTTP service is one that can be moved to another task, with its futures and bodies.
#[diagnostic::on_unimplemented(
    message = "copies of requests with a body of `{B}` cannot be sent to `{Self}`",
    note = "it must be a `Service<Request<Sent<{B}>>>` that answers with a `Response`; it, its future and both bodies must \
            be `Send + 'static`, since a copy runs in a task of its own"
)]
pub trait Receives<B>: Send + 'static {
    /// Readies it, calls it, and reads its answer to the end.
    #[doc(hidden)]
    fn receive(self, copy: Request<Sent<B>>) -> impl Future<Output = ()> + Send;
}

#[diagnostic::do_not_recommend]
impl<M, B, R> Receives<B> for M
where
    M: Service<Request<Sent<B>>, Response = Response<R>, Future: Send> + Send + 'static,
    B: Body + Send + 'static,
    R: Body + Send + 'static,
{
    async fn receive(mut self, copy: Request<Sent<B>>) {
        if poll_fn(|cx| self.poll_ready(cx)).await.is_err() {
            return;
        }
        let Ok(response) = self.call(copy).await else { return };
        let mut body = pin!(response.into_body());
        while !body.is_end_stream()
            && poll_fn(|cx| body.as_mut().poll_frame(cx).map(|frame| matches!(frame, Some(Ok(_))))).await
        {
            // An answer that is always there would else keep its thread from everybody.
            consume_budget().await;
        }
    }
}

/// A copy that can begin when its body is there.
pub(super) struct Copy<M> {
    pub(super) chance: Chance,
    pub(super) head: Request<()>,
    pub(super) service: M,
    pub(super) runtime: Handle,
    /// Ends with the layer.
    pub(super) layer: watch::Receiver<()>,
    pub(super) time: Option<Duration>,
    pub(super) body_limit: usize,
}

impl<M> Copy<M> {
    pub(super) fn begin<B>(self, body: Result<Kept, Unkept>)
    where
        M: Receives<B>,
        B: Send + 'static,
    {
        let Self { chance, head, service, runtime, layer, time, body_limit } = self;
        let body = match body {
            Ok(body) if body.size() <= body_limit => body,
            Ok(_) | Err(Unkept::TooLong) => return chance.leave_out(LeftOut::TooLong),
            Err(Unkept::Failed) => return chance.leave_out(LeftOut::Unfinished),
        };
        let Some(place) = chance.take() else { return };
        let copy = head.map(|()| body.sent());
        drop(runtime.spawn(async move {
            let _place = place;
            as_long_as(layer, within(time, service.receive(copy))).await;
        }));
    }
}

async fn within(time: Option<Duration>, work: impl Future<Output = ()>) {
    match time {
        Some(time) => drop(timeout(time, work).await),
        None => work.await,
    }
}

/// Until it is done, or the layer is gone.
async fn as_long_as(mut layer: watch::Receiver<()>, work: impl Future<Output = ()>) {
    let (mut gone, mut work) = (pin!(layer.changed()), pin!(work));
    poll_fn(|cx| {
        if gone.as_mut().poll(cx).is_pending() {
            ready!(work.as_mut().poll(cx));
        }
        Poll::Ready(())
    })
    .await;
}
