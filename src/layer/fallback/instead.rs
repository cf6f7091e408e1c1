//! Over services that are not HTTP: a refusal is an error, and what stands in for it any result.

use std::fmt;

use super::future::{Keeps, StandsIn, sealed::Sealed};
use crate::{layer::protocol::Reading, refusal::Refusal};

/// What a function makes of a refused call: see [`FallbackLayer::instead`](super::FallbackLayer::instead).
pub struct Instead<E, F> {
    protocol: Reading<E>,
    answer: F,
}

impl<E, F> Instead<E, F> {
    pub(super) const fn new(protocol: Reading<E>, answer: F) -> Self {
        Self { protocol, answer }
    }
}

impl<E, F> Sealed for Instead<E, F> {}

impl<Req, E, F> Keeps<Req> for Instead<E, F> {
    type Kept = ();

    fn keep(_: &Req) {}
}

impl<Res, E, F> StandsIn<(), Res, E> for Instead<E, F>
where
    F: Fn(&Refusal) -> Result<Res, E>,
{
    #[inline]
    fn refusal<'a>(&self, answer: &'a Result<Res, E>) -> Option<&'a Refusal> {
        answer.as_ref().err().and_then(|error| self.protocol.find(error))
    }

    fn stand_in(&self, (): &(), answer: &mut Result<Res, E>) -> bool {
        let Some(made) = self.refusal(answer).map(&self.answer) else { return false };
        *answer = made;
        true
    }
}

impl<E, F> fmt::Debug for Instead<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instead").field(&self.protocol).finish()
    }
}
