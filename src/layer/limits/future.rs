//! The answer of a service behind limits: the inner one's, now or when its turn has come, or our own.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    in_flight::{InFlight, Slot},
    place::{Permit, Place, Waiting},
    station::Refused,
};
use crate::layer::{later::Later, protocol::Answers};

pin_project! {
    /// The future of [`Limited`](super::Limited).
    pub struct ResponseFuture<S, P, M, Req>
    where
        S: Service<Req>,
    {
        // None if the call was refused. It is dropped before its place is given back.
        #[pin]
        call: Option<Later<S, Req>>,
        stage: Stage,
        // Where the request says that the connection may be given away.
        slot: Option<Arc<Slot>>,
        protocol: P,
        // None if there are no limits.
        memo: Option<M>,
    }
}

/// How far a call has come.
enum Stage {
    /// Nothing is counted, or not any more.
    Free,
    In(Place),
    Waiting(Waiting),
    Refused(Refused),
}

impl<S: Service<Req>, P, M, Req> ResponseFuture<S, P, M, Req> {
    #[inline]
    pub(super) const fn unlimited(answer: S::Future, protocol: P) -> Self {
        let call = Some(Later::Calling { answer });
        Self { call, stage: Stage::Free, slot: None, protocol, memo: None }
    }

    #[inline]
    pub(super) fn calling(
        inner: &mut S,
        place: Place,
        slot: Option<Arc<Slot>>,
        protocol: P,
        memo: M,
        request: Req,
    ) -> Self {
        let call = Some(Later::now(inner, request));
        Self { call, stage: Stage::In(place), slot, protocol, memo: Some(memo) }
    }

    #[cold]
    pub(super) fn waiting(
        inner: &mut S,
        waiting: Waiting,
        slot: Option<Arc<Slot>>,
        protocol: P,
        memo: M,
        request: Req,
    ) -> Self
    where
        S: Clone,
    {
        let call = Some(Later::after_a_wait(inner, request));
        Self { call, stage: Stage::Waiting(waiting), slot, protocol, memo: Some(memo) }
    }

    #[cold]
    pub(super) const fn refused(refused: Refused, protocol: P, memo: M) -> Self {
        Self { call: None, stage: Stage::Refused(refused), slot: None, protocol, memo: Some(memo) }
    }
}

impl<S, P, M, Req> Future for ResponseFuture<S, P, M, Req>
where
    S: Service<Req>,
    M: Copy,
    P: Answers<M, S::Response, S::Error>,
{
    type Output = Result<P::Watched<Permit>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(call) = this.call.as_pin_mut() else {
            return Poll::Ready(refusal(this.protocol, *this.memo, this.stage));
        };
        if let Stage::Waiting(waiting) = this.stage {
            *this.stage = Stage::In(ready!(waiting.poll(cx)));
        }
        let mut answer = ready!(call.poll(cx));
        let permit = match (mem::replace(this.stage, Stage::Free), &mut answer, *this.memo) {
            (Stage::In(place), Ok(response), Some(memo)) => {
                Some(match this.protocol.gives_connection(memo, response) {
                    None => Permit::of(place),
                    Some(extensions) => Permit::shared(InFlight::given(extensions, this.slot.take(), place)),
                })
            }
            _ => None,
        };
        Poll::Ready(answer.map(|response| this.protocol.watch(response, permit)))
    }
}

/// Out of line: few calls come here, and a whole response is made.
#[cold]
fn refusal<P, M, Res, Err>(protocol: &P, memo: Option<M>, stage: &Stage) -> Result<P::Watched<Permit>, Err>
where
    P: Answers<M, Res, Err>,
{
    let (Stage::Refused(refused), Some(memo)) = (stage, memo) else { panic!("polled after it had ended") };
    protocol.refuse(memo, refused.refusal()).map(|response| protocol.watch(response, None))
}

impl<S: Service<Req>, P, M, Req> fmt::Debug for ResponseFuture<S, P, M, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
