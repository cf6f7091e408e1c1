//! When the verdict on an answer falls: at its head, or at its trailers.

use super::Station;
use crate::{
    layer::{
        body::{End, Watch},
        clock,
        protocol::{Answers, grpc_outcome},
        seat::Shared,
        settle::{Claim, Once},
    },
    policy::{Failure, Outcome, circuit_breaker::Ticket},
};

/// A call that passed the breaker.
pub struct Passed {
    station: Shared<Station>,
    ticket: Ticket,
}

impl Passed {
    pub(super) const fn new(station: Shared<Station>, ticket: Ticket) -> Self {
        Self { station, ticket }
    }

    /// The head has come: what it took is measured now.
    fn answered(&mut self) {
        self.ticket = self.station.circuit.answered(self.ticket, clock::now);
    }
}

impl Claim for Passed {
    fn settle(self, outcome: Outcome) {
        self.station.tell(self.station.circuit.settle(self.ticket, outcome, clock::now));
    }
}

/// When the verdict on an answer falls. Sealed: [`AtHead`] and [`AtTrailers`].
pub trait Verdict<P, M, Res, Err>: Copy + sealed::Sealed {
    /// What the service answers with.
    type Response;

    #[doc(hidden)]
    fn settle(
        protocol: &P,
        memo: M,
        passed: Once<Passed>,
        result: Result<Res, Err>,
    ) -> Result<Self::Response, Err>;

    #[doc(hidden)]
    fn unwatched(protocol: &P, response: Res) -> Self::Response;
}

/// At the head of the response: responses stay what they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtHead;

/// For gRPC at the trailers: responses are watched.
#[derive(Debug, Clone, Copy, Default)]
pub struct AtTrailers;

impl<P, M, Res, Err> Verdict<P, M, Res, Err> for AtHead
where
    P: Answers<M, Res, Err>,
{
    type Response = Res;

    fn settle(protocol: &P, memo: M, passed: Once<Passed>, result: Result<Res, Err>) -> Result<Res, Err> {
        passed.settle(protocol.classify(memo, &result));
        result
    }

    fn unwatched(_: &P, response: Res) -> Res {
        response
    }
}

impl<P, M: Copy, Res, Err> Verdict<P, M, Res, Err> for AtTrailers
where
    P: Answers<M, Res, Err>,
{
    type Response = P::Watched<Settlement>;

    fn settle(
        protocol: &P,
        memo: M,
        mut passed: Once<Passed>,
        result: Result<Res, Err>,
    ) -> Result<Self::Response, Err> {
        match result {
            Ok(response) if protocol.shows_late(memo, &response) => {
                if let Some(passed) = passed.claim() {
                    passed.answered();
                }
                Ok(protocol.watch(response, Some(Settlement(Some(passed)))))
            }
            result => {
                passed.settle(protocol.classify(memo, &result));
                result.map(|response| protocol.watch(response, None))
            }
        }
    }

    fn unwatched(protocol: &P, response: Res) -> Self::Response {
        protocol.watch(response, None)
    }
}

/// A call that passed the breaker, to be settled at the end of its response.
#[derive(Debug)]
pub struct Settlement(Option<Once<Passed>>);

impl Watch for Settlement {
    fn end(&mut self, end: End<'_>) {
        let Some(passed) = self.0.take() else { return };
        passed.settle(match end {
            End::Trailers(trailers) => grpc_outcome(trailers).unwrap_or(UNKNOWN),
            End::Complete => UNKNOWN,
            End::Error => Outcome::Failure(Failure::Transport),
            End::Dropped => Outcome::Abandoned,
        });
    }
}

/// A gRPC answer that ends without a status counts as UNKNOWN.
const UNKNOWN: Outcome = Outcome::Failure(Failure::Status(500));

impl std::fmt::Debug for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passed").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AtHead {}
    impl Sealed for super::AtTrailers {}
}
