//! What a contract is about: a layer, and how it is brought to refuse.
//!
//! A law must hold for layers that have little in common: one refuses after failures, another while too much is in
//! flight, a third never. So a law does not know its layer. It asks a [`Subject`] for a fresh one, has it
//! [provoked](Provoked), and looks at what reached the probe.

use std::{fmt, marker::PhantomData, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body::Body;
use tower::{Layer, Service};

use crate::{
    loss::{Loss, Lost},
    probe::{AFTER, Ask, Probe},
    stand::Stand,
};

/// A layer that can be tried: what every layer of the crate must be, over a service with any error.
///
/// That a layer is one at all is the contract's static part: the error type is the probe's own, service and future
/// can cross threads, the service can be cloned and shared.
pub(crate) trait Guard<E>:
    Layer<Probe<E>, Service = Self::Guarded> + Clone + Send + Sync + 'static
{
    type Guarded: Service<Ask, Response = Response<Self::Body>, Error = E, Future = Self::Answer>
        + Clone
        + Send
        + Sync
        + 'static;
    type Answer: Future<Output = Result<Response<Self::Body>, E>> + Send + 'static;
    type Body: Body<Data = Bytes, Error: fmt::Debug> + Send + 'static;
}

impl<L, S, B, E> Guard<E> for L
where
    L: Layer<Probe<E>, Service = S> + Clone + Send + Sync + 'static,
    S: Service<Ask, Response = Response<B>, Error = E, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data = Bytes, Error: fmt::Debug> + Send + 'static,
{
    type Guarded = S;
    type Answer = S::Future;
    type Body = B;
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a good answer.
    Success,
    /// With a good answer after ten seconds.
    Late,
    /// With an answer of 500.
    Status,
    /// With the service's error.
    Error,
    /// The caller goes away before it polled once.
    DroppedUnpolled,
    /// The caller goes away while the service is at it.
    DroppedInFlight,
    /// The service's `call` panics.
    PanicInCall,
    /// The service's future panics.
    PanicInPoll,
}

impl Ending {
    /// Every ending without an answer.
    pub(crate) const NOT_ANSWERED: &[Self] =
        &[Self::Error, Self::DroppedUnpolled, Self::DroppedInFlight, Self::PanicInCall, Self::PanicInPoll];

    /// Every ending that is not a success.
    pub(crate) const BAD: &[Self] = &[
        Self::Status,
        Self::Error,
        Self::DroppedUnpolled,
        Self::DroppedInFlight,
        Self::PanicInCall,
        Self::PanicInPoll,
    ];

    pub(crate) fn request(self) -> Ask {
        // As a client's transport gets it: a mesh looks at the host.
        let ask = |path: &str| Request::get(path).header(HOST, "probe");
        match self {
            Self::Success | Self::DroppedUnpolled => ask("/ok"),
            Self::Late => ask("/ok").header(AFTER, 10_000),
            Self::Status => ask("/status"),
            Self::Error => ask("/error"),
            Self::DroppedInFlight => ask("/hang"),
            Self::PanicInCall => ask("/panic-in-call"),
            Self::PanicInPoll => ask("/panic-in-poll"),
        }
        .body(Bytes::new().into())
        .unwrap()
    }
}

/// What makes a layer refuse.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Provoked {
    /// So many endings out of `bad`; it passes calls again after a while.
    Strikes { amount: usize, bad: &'static [Ending], recovers_after: Duration },
    /// One call in flight; it passes calls again when that is over.
    InFlight,
    /// Anything.
    Always,
    /// Nothing.
    Never,
}

/// What a contract is about. `layer` makes a fresh layer, with a state of its own, each time.
#[derive(Debug)]
pub(crate) struct Subject<F, E = Lost> {
    layer: F,
    provoked: Provoked,
    error: PhantomData<fn() -> E>,
}

impl<F> Subject<F> {
    /// A layer that refuses for 30 s once it has seen two [bad endings](Ending::BAD).
    pub(crate) const fn two_strikes(layer: F) -> Self {
        let recovers_after = Duration::from_secs(30);
        Self::new(layer, Provoked::Strikes { amount: 2, bad: Ending::BAD, recovers_after })
    }

    /// The same, where only these endings are bad.
    pub(crate) const fn two_strikes_of(layer: F, bad: &'static [Ending]) -> Self {
        let recovers_after = Duration::from_secs(30);
        Self::new(layer, Provoked::Strikes { amount: 2, bad, recovers_after })
    }

    /// A layer that refuses while one call is in flight.
    pub(crate) const fn one_in_flight(layer: F) -> Self {
        Self::new(layer, Provoked::InFlight)
    }

    /// A layer that refuses every call.
    pub(crate) const fn always(layer: F) -> Self {
        Self::new(layer, Provoked::Always)
    }

    /// A layer that never refuses.
    pub(crate) const fn never(layer: F) -> Self {
        Self::new(layer, Provoked::Never)
    }

    const fn new(layer: F, provoked: Provoked) -> Self {
        Self { layer, provoked, error: PhantomData }
    }

    /// The same over a service that fails with another error.
    pub(crate) fn failing_with<E>(self) -> Subject<F, E> {
        Subject { layer: self.layer, provoked: self.provoked, error: PhantomData }
    }
}

impl<F, E> Subject<F, E> {
    /// With these bad endings.
    pub(crate) fn counting(mut self, endings: &'static [Ending]) -> Self {
        if let Provoked::Strikes { bad, .. } = &mut self.provoked {
            *bad = endings;
        }
        self
    }

    pub(crate) fn provoked(&self) -> Provoked {
        self.provoked
    }

    /// A fresh layer over a fresh probe.
    pub(crate) fn stand<L: Guard<E>>(&self) -> Stand<L, E>
    where
        E: Loss,
        F: Fn() -> L,
    {
        Stand::new(self.layer(), self.provoked)
    }

    /// A fresh layer.
    pub(crate) fn layer<L>(&self) -> L
    where
        F: Fn() -> L,
    {
        (self.layer)()
    }
}
