//! When the verdict on an answer falls: at its head, or at its trailers.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::station::{Station, Store};
use crate::{
    layer::{
        body::{End, Watch},
        protocol::{Answers, grpc_outcome},
        seat::Shared,
        settle::Once,
    },
    policy::{Failure, Outcome, circuit_breaker::Circuit},
};

/// When the verdict on an answer falls. Sealed: [`AtHead`] and [`AtTrailers`].
pub trait Verdict<P, M, Res, Err, T: Store>: Copy + sealed::Sealed {
    /// What the service answers with.
    type Response;

    /// Polls the inner call, and settles it when its answer is there.
    ///
    /// The answer goes from the inner future to the outer one in one place: a response is large, and moving it costs
    /// more than judging it.
    #[doc(hidden)]
    fn poll<F: Future<Output = Result<Res, Err>>>(
        protocol: &P,
        memo: M,
        call: &mut Settlement<T>,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Response, Err>>;

    #[doc(hidden)]
    fn unwatched(protocol: &P, response: Res) -> Self::Response;
}

/// At the head of the response: responses stay what they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtHead;

/// For gRPC at the trailers: responses are watched.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtTrailers;

impl<P, M, Res, Err, T: Store> Verdict<P, M, Res, Err, T> for AtHead
where
    P: Answers<M, Res, Err>,
{
    type Response = Res;

    #[inline]
    fn poll<F: Future<Output = Result<Res, Err>>>(
        protocol: &P,
        memo: M,
        call: &mut Settlement<T>,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Res, Err>> {
        let answer = inner.poll(cx);
        if let Poll::Ready(result) = &answer {
            call.settle(protocol.classify(memo, result));
        }
        answer
    }

    fn unwatched(_: &P, response: Res) -> Res {
        response
    }
}

impl<P, M: Copy, Res, Err, T: Store> Verdict<P, M, Res, Err, T> for AtTrailers
where
    P: Answers<M, Res, Err>,
{
    type Response = P::Watched<Settlement<T>>;

    fn poll<F: Future<Output = Result<Res, Err>>>(
        protocol: &P,
        memo: M,
        call: &mut Settlement<T>,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Response, Err>> {
        let result = ready!(inner.poll(cx));
        let late = match &result {
            Ok(response) if protocol.shows_late(memo, response) => {
                let late = call.until_the_end();
                if protocol.goes_on(response) { late } else { ended(late) }
            }
            result => {
                call.settle(protocol.classify(memo, result));
                None
            }
        };
        Poll::Ready(result.map(|response| protocol.watch(response, late)))
    }

    fn unwatched(protocol: &P, response: Res) -> Self::Response {
        protocol.watch(response, None)
    }
}

/// What should have come after the head does not come.
fn ended<T: Store>(late: Option<Settlement<T>>) -> Option<Settlement<T>> {
    if let Some(mut late) = late {
        late.end(End::Complete);
    }
    None
}

/// A call that came to the breaker and is yet to be settled, if it passed; as abandoned, if this is dropped.
pub struct Settlement<T: Store = Circuit>(Once<Shared<Station<T>>>);

impl<T: Store> Settlement<T> {
    #[inline]
    pub(super) const fn of(station: Shared<Station<T>>, ticket: T::Ticket) -> Self {
        Self(Once::new(station, ticket))
    }

    /// That of a call that was refused: there is nothing to settle.
    pub(super) const fn none(station: Shared<Station<T>>) -> Self {
        Self(Once::settled(station))
    }

    pub(super) const fn station(&self) -> &Shared<Station<T>> {
        self.0.with()
    }

    #[inline]
    fn settle(&mut self, outcome: Outcome) {
        self.0.settle(outcome);
    }

    /// The head has come, the verdict has not: what it took is measured now, and the rest is left to another.
    fn until_the_end(&mut self) -> Option<Self> {
        let ticket = self.0.hand_over()?;
        let station = self.0.with();
        Some(Self::of(station.clone(), station.store.answered(ticket)))
    }
}

impl<T: Store> Watch for Settlement<T> {
    fn end(&mut self, end: End<'_>) {
        self.0.settle(match end {
            End::Trailers(trailers) => grpc_outcome(trailers).unwrap_or(UNKNOWN),
            End::Complete => UNKNOWN,
            End::Error => Outcome::Failure(Failure::Transport),
            End::Dropped => Outcome::Abandoned,
        });
    }
}

impl<T: Store> fmt::Debug for Settlement<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settlement")
    }
}

/// A gRPC answer that ends without a status counts as UNKNOWN.
const UNKNOWN: Outcome = Outcome::Failure(Failure::Status(500));

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AtHead {}
    impl Sealed for super::AtTrailers {}
}
