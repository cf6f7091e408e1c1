//! Services that are not HTTP.

use std::{error::Error, fmt};

use super::{Answers, Protocol, Reads, Sealed};
use crate::{
    layer::{BoxError, body::Watch, timeout::Deadline},
    policy::{Failure, Outcome},
    refusal::Refusal,
};

/// Any request, any response, and an error that a [`Refusal`] can be turned into.
///
/// An error of the service is a failure, an answer is a success, and a call is over when its future is. A layer cannot
/// tell a refusal of another layer from the upstream's errors here, unless it is told how to find one:
/// [`reading`](Self::reading) and [`boxed`](Self::boxed).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Plain;

/// [`Plain`], with a way to find a refusal in an error.
pub struct Reading<E>(fn(&E) -> Option<&Refusal>);

impl Plain {
    /// Finds refusals in errors by this function, so that a refusal from further in is no failure of the upstream.
    #[must_use]
    pub fn reading<E>(self, find: fn(&E) -> Option<&Refusal>) -> Reading<E> {
        Reading(find)
    }

    /// For services with `Box<dyn Error + Send + Sync>`: finds a refusal by its type, also among an error's sources.
    #[must_use]
    pub fn boxed(self) -> Reading<BoxError> {
        Reading(find_boxed)
    }
}

impl<E> Reading<E> {
    /// The refusal in this error, if it is one.
    #[inline]
    pub(crate) fn find<'a>(&self, error: &'a E) -> Option<&'a Refusal> {
        (self.0)(error)
    }
}

fn find_boxed(error: &BoxError) -> Option<&Refusal> {
    let mut next: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref() {
            return Some(refusal);
        }
        next = error.source();
    }
    None
}

impl Sealed for Plain {}
impl Protocol for Plain {}

impl<Req> Reads<Req> for Plain {
    type Memo = ();

    fn memo(&self, _: &Req) {}
}

impl<Res, Err: From<Refusal>> Answers<(), Res, Err> for Plain {
    type Watched<W: Watch> = Res;
    type Timed = Res;

    fn classify(&self, (): (), result: &Result<Res, Err>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure(Failure::Transport) }
    }

    fn refuse(&self, (): (), refusal: Refusal) -> Result<Res, Err> {
        Err(refusal.into())
    }

    /// There is no body whose end could be awaited: the call is over.
    fn watch<W: Watch>(&self, response: Res, _: Option<W>) -> Res {
        response
    }

    /// The answer is all there is.
    fn timed(&self, response: Res, _: impl FnOnce() -> Option<Deadline>) -> Res {
        response
    }
}

impl<E> Sealed for Reading<E> {}
impl<E> Protocol for Reading<E> {}

impl<Req, E> Reads<Req> for Reading<E> {
    type Memo = ();

    fn memo(&self, _: &Req) {}
}

impl<Res, Err: From<Refusal>> Answers<(), Res, Err> for Reading<Err> {
    type Watched<W: Watch> = Res;
    type Timed = Res;

    fn classify(&self, (): (), result: &Result<Res, Err>) -> Outcome {
        self.refusal(result).map_or_else(|| Plain.classify((), result), |refusal| refusal.reason().outcome())
    }

    fn refuse(&self, (): (), refusal: Refusal) -> Result<Res, Err> {
        Err(refusal.into())
    }

    fn watch<W: Watch>(&self, response: Res, _: Option<W>) -> Res {
        response
    }

    fn timed(&self, response: Res, _: impl FnOnce() -> Option<Deadline>) -> Res {
        response
    }

    #[inline]
    fn refusal<'r>(&self, result: &'r Result<Res, Err>) -> Option<&'r Refusal> {
        result.as_ref().err().and_then(self.0)
    }
}

impl<E> Clone for Reading<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Reading<E> {}

impl<E> fmt::Debug for Reading<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}
