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

struct Passed {
    station: Shared<Station>,
    ticket: Ticket,
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
        call: Settlement,
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

    fn settle(protocol: &P, memo: M, call: Settlement, result: Result<Res, Err>) -> Result<Res, Err> {
        call.settle(protocol.classify(memo, &result));
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
        mut call: Settlement,
        result: Result<Res, Err>,
    ) -> Result<Self::Response, Err> {
        match result {
            Ok(response) if protocol.shows_late(memo, &response) => {
                call.answered();
                Ok(protocol.watch(response, Some(call)))
            }
            result => {
                call.settle(protocol.classify(memo, &result));
                result.map(|response| protocol.watch(response, None))
            }
        }
    }

    fn unwatched(protocol: &P, response: Res) -> Self::Response {
        protocol.watch(response, None)
    }
}

/// A call that passed the breaker and is yet to be settled; as abandoned, if it is dropped.
#[derive(Debug)]
pub struct Settlement(Once<Passed>);

impl Settlement {
    pub(super) const fn new(station: Shared<Station>, ticket: Ticket) -> Self {
        Self(Once::new(Passed { station, ticket }))
    }

    fn settle(mut self, outcome: Outcome) {
        self.0.settle(outcome);
    }

    /// The head has come: what it took is measured now.
    fn answered(&mut self) {
        if let Some(Passed { station, ticket }) = self.0.claim() {
            *ticket = station.circuit.answered(*ticket, clock::now);
        }
    }
}

impl Watch for Settlement {
    fn end(&mut self, end: End<'_>) {
        self.0.settle(match end {
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
