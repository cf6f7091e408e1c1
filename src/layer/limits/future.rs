//! The answer of a service behind limits: the inner one's, now or when its turn has come, or our own.

use std::{
    fmt,
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
        // It is dropped before its place is given back.
        #[pin]
        call: Call<S, M, Req>,
        // None if nothing is counted, not yet, or not any more.
        place: Option<Place>,
        protocol: P,
    }
}

pin_project! {
    #[project = Projected]
    enum Call<S, M, Req>
    where
        S: Service<Req>,
    {
        Passing { #[pin] answer: S::Future },
        // Boxed, so that calls which pass do not carry the room for it.
        Apart { call: Pin<Box<Apart<S, M, Req>>> },
        Refused { refused: Refused, memo: M },
    }
}

impl<S: Service<Req>, P, M, Req> ResponseFuture<S, P, M, Req> {
    #[inline]
    pub(super) const fn passing(answer: S::Future, place: Option<Place>, protocol: P) -> Self {
        Self { call: Call::Passing { answer }, place, protocol }
    }

    pub(super) fn apart(call: Apart<S, M, Req>, place: Option<Place>, protocol: P) -> Self {
        Self { call: Call::Apart { call: Box::pin(call) }, place, protocol }
    }

    pub(super) const fn refused(refused: Refused, memo: M, protocol: P) -> Self {
        Self { call: Call::Refused { refused, memo }, place: None, protocol }
    }
}

impl<S, P, M, Req> Future for ResponseFuture<S, P, M, Req>
where
    S: Service<Req>,
    M: Copy,
    P: Answers<M, S::Response, S::Error>,
{
    type Output = Result<P::Watched<Permit>, S::Error>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.call.project() {
            Projected::Passing { answer } => answered(this.protocol, answer.poll(cx), this.place, &mut None),
            Projected::Apart { call } => call.as_mut().poll(this.protocol, this.place, cx),
            Projected::Refused { refused, memo } => Poll::Ready(refusal(this.protocol, *refused, *memo)),
        }
    }
}

/// Of a request that asks for the connection itself: where that was promised, and what the answer will depend on.
pub(super) type Asked<M> = Option<(Arc<Slot>, M)>;

pin_project! {
    /// A call that waits its turn, or asks for the connection.
    pub(super) struct Apart<S, M, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        call: Later<S, Req>,
        // None once its turn has come.
        waiting: Option<Waiting>,
        asked: Asked<M>,
    }
}

impl<S: Service<Req>, M, Req> Apart<S, M, Req> {
    pub(super) const fn new(call: Later<S, Req>, waiting: Option<Waiting>, asked: Asked<M>) -> Self {
        Self { call, waiting, asked }
    }

    #[cold]
    fn poll<P>(
        self: Pin<&mut Self>,
        protocol: &P,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<P::Watched<Permit>, S::Error>>
    where
        M: Copy,
        P: Answers<M, S::Response, S::Error>,
    {
        let this = self.project();
        if let Some(waiting) = this.waiting {
            *place = Some(ready!(waiting.poll(cx)));
            *this.waiting = None;
        }
        answered(protocol, this.call.poll(cx), place, this.asked)
    }
}

/// The answer, which keeps its place until its body has ended.
///
/// A response is large, and moving it costs more than all else here. So it is looked at where the inner future put it,
/// whoever has to be told is told, and last of all it is moved, once: what can panic after that would cost another move.
#[inline(always)]
fn answered<P, M: Copy, Res, Err>(
    protocol: &P,
    answer: Poll<Result<Res, Err>>,
    place: &mut Option<Place>,
    asked: &mut Asked<M>,
) -> Poll<Result<P::Watched<Permit>, Err>>
where
    P: Answers<M, Res, Err>,
{
    let memo = asked.as_ref().map(|(_, memo)| *memo);
    let permit = match &answer {
        Poll::Ready(Ok(response)) if protocol.gives_connection(memo, response) => {
            return given(protocol, answer, place.take(), asked.take());
        }
        // Nothing is in flight any more where a layer of ours has answered further in.
        Poll::Ready(result @ Ok(response))
            if protocol.goes_on(response) && protocol.refusal(result).is_none() =>
        {
            place.take().map(Permit::of)
        }
        Poll::Ready(_) => {
            *place = None;
            None
        }
        Poll::Pending => None,
    };
    match answer {
        Poll::Ready(Ok(response)) => Poll::Ready(Ok(protocol.watch(response, permit))),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// The connection was given away: it keeps the place.
#[cold]
fn given<P, M, Res, Err>(
    protocol: &P,
    answer: Poll<Result<Res, Err>>,
    place: Option<Place>,
    asked: Asked<M>,
) -> Poll<Result<P::Watched<Permit>, Err>>
where
    P: Answers<M, Res, Err>,
{
    answer.map_ok(|mut response| {
        let slot = asked.map(|(slot, _)| slot);
        let permit = match (place, protocol.extensions_mut(&mut response)) {
            (Some(place), Some(extensions)) => Some(Permit::shared(InFlight::given(extensions, slot, place))),
            (place, _) => place.map(Permit::of),
        };
        let goes_on = protocol.goes_on(&response);
        protocol.watch(response, permit.filter(|_| goes_on))
    })
}

/// Out of line: few calls come here, and a whole response is made.
#[cold]
fn refusal<P, M, Res, Err>(protocol: &P, refused: Refused, memo: M) -> Result<P::Watched<Permit>, Err>
where
    P: Answers<M, Res, Err>,
{
    protocol.refuse(memo, refused.refusal()).map(|response| protocol.watch(response, None))
}

impl<S: Service<Req>, P, M, Req> fmt::Debug for ResponseFuture<S, P, M, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
