//! Keeps what is in flight within limits: what Envoy calls circuit breakers, Istio `connectionPool`.
//!
//! Without it a service that got slow is given more and more to do at once: its callers go on sending, each call waits
//! longer than the one before, and in the end every answer comes too late for whoever asked. With it, so many calls are
//! in flight as the service can take; some more wait their turn, first come, first served; the rest is refused at once,
//! while that costs neither side anything.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_mesh::{LimitsLayer, policy::limits::Settings};
//!
//! // Ten at once, five more wait, the others are told so.
//! let limits = LimitsLayer::new(Settings::builder().connections(10).pending(5).build()?);
//! let handle = limits.handle();
//! let app: Router = Router::new().route("/", get(async || "a page")).layer(limits);
//! assert_eq!((handle.active(), handle.waiting()), (0, 0));
//! # let _ = app;
//! # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
//! ```
//!
//! # What to know
//!
//! - **The state lives in the layer.** Services made by one layer, and by its clones, share its limits; under axum, which
//!   applies a layer to each route and to each request, that is what one means.
//! - **In flight lasts until the response body ends**, breaks or is dropped, and over [`Plain`](crate::Plain) services
//!   until the call ends. So response bodies are watched. A connection that is [upgraded](InFlight) is in flight for as
//!   long as somebody says so.
//! - **A refusal is the mesh's**: 503 with the words of Envoy and `x-envoy-overloaded`, or with osm-edge's
//!   ([`reply`](crate::policy::limits::SettingsBuilder::reply)). It tells nothing about the upstream: a breaker further
//!   out does not count it.
//! - **Which limit acts** depends on what is spoken to the upstream, see
//!   [`policy::limits`](crate::policy::limits#which-limit-acts).
//! - **A call that waits** does not keep the service that was readied for it. It takes a clone, and readies that when its
//!   turn has come. A caller that goes away leaves no hole in the queue.
//! - **Everybody together**, or each host and port for itself:
//!   [`Scope::Endpoint`](crate::policy::limits::Scope::Endpoint). Requests that name none share one.
//! - **Retries** are limited by number or by a [budget](crate::policy::limits::RetryBudget): whoever retries asks the
//!   layer's [gate](LimitsLayer::retry_gate).
//! - **It must be able to answer.** If the compiler says that the service is none, its response body is not made of
//!   bytes: put [`AnswerableLayer`](crate::AnswerableLayer) right below.
//! - **What is exact costs.** All calls count in one place, which two cores cannot write at the same time. Without
//!   limits nothing is counted.

mod future;
mod handle;
mod in_flight;
mod place;
mod retry_gate;
mod station;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

pub use self::{
    future::ResponseFuture,
    handle::{LimitsHandle, Status},
    in_flight::InFlight,
    place::Permit,
    retry_gate::{RetryGate, RetryPlace},
};
use self::{
    future::{Apart, Asked},
    place::{Entrance, Waiting},
    station::{Refused, Station},
};
use super::{
    lane,
    later::Later,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::{events::Events, policy::limits::Settings};

/// Keeps what is in flight through services within limits. See the [module docs](self).
pub struct LimitsLayer<P = Http> {
    station: Shared<Station>,
    protocol: P,
}

/// A service behind limits. See the [module docs](self).
pub struct Limited<S, P = Http> {
    inner: S,
    station: Shared<Station>,
    /// Whether anything is counted; known here, so that a service without limits looks nowhere else.
    counts: bool,
    protocol: P,
}

impl LimitsLayer {
    /// Limits of its own, over HTTP, with nothing in flight.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { station: Shared::new(Station::new(settings)), protocol: Http }
    }
}

impl<P> LimitsLayer<P> {
    /// The same limits over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP.
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> LimitsLayer<Q> {
        LimitsLayer { station: self.station, protocol }
    }

    /// Tells `events`, under this name, each refusal; and no longer whom it told before. With limits for each endpoint
    /// it is told with the endpoint: `reviews[10.0.0.1:9080]`.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        self.station.told.set(name, events);
        self
    }

    /// To see it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> LimitsHandle {
        LimitsHandle(self.station.clone())
    }

    /// Whether retries are limited too.
    #[cfg(feature = "yaml")]
    pub(crate) fn limits_retries(&self) -> bool {
        let settings = &self.station.settings;
        settings.retries().is_some() || settings.retry_budget().is_some()
    }

    /// Whether each endpoint has its own.
    #[cfg(feature = "yaml")]
    pub(crate) fn are_of_each(&self) -> bool {
        self.station.each.is_some()
    }

    /// To ask whether one more call may be tried again.
    #[must_use]
    pub fn retry_gate(&self) -> RetryGate {
        RetryGate(self.station.clone())
    }
}

impl<S, P: Clone> Layer<S> for LimitsLayer<P> {
    type Service = Limited<S, P>;

    fn layer(&self, inner: S) -> Limited<S, P> {
        let Self { station, protocol } = self.clone();
        Limited { inner, counts: station.counts, station, protocol }
    }
}

impl<S, P, Req> Service<Req> for Limited<S, P>
where
    S: Service<Req> + Clone,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
{
    type Response = P::Watched<Permit>;
    type Error = S::Error;
    type Future = ResponseFuture<S, P, P::Memo, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    /// A request is large too: it is given on from where it came in. That holds only if whoever calls this sees through
    /// it, and what is rare is done elsewhere.
    #[inline(always)]
    fn call(&mut self, request: Req) -> Self::Future {
        let place = if self.counts {
            if self.protocol.asks_for_connection(&request) {
                return self.call_asking(request);
            }
            // A place is made before anybody else's code is called: if that panics, it is given back.
            match self.station.moved_to(lane::here()).enter(|| self.protocol.target(&request)) {
                Entrance::In(place) => Some(place),
                Entrance::Waits(waiting) => return self.wait(waiting, request, None),
                Entrance::Refused(refused) => return self.refuse(refused, &request),
            }
        } else {
            None
        };
        ResponseFuture::passing(self.inner.call(request), place, self.protocol.clone())
    }
}

/// What few calls come to, out of line: nothing of it is remembered for the others.
impl<S, P> Limited<S, P> {
    /// The service behind the limits.
    #[cfg(feature = "yaml")]
    pub(crate) const fn inner(&self) -> &S {
        &self.inner
    }

    /// The request asks for the connection.
    #[cold]
    fn call_asking<Req>(&mut self, mut request: Req) -> ResponseFuture<S, P, P::Memo, Req>
    where
        S: Service<Req> + Clone,
        P: Protocol + Reads<Req>,
    {
        let memo = self.protocol.memo(&request);
        let slot = self.protocol.extensions(&mut request).map(InFlight::promised);
        let asked = slot.map(|slot| (slot, memo));
        match self.station.moved_to(lane::here()).enter(|| self.protocol.target(&request)) {
            Entrance::In(place) => {
                let call = Apart::new(Later::now(&mut self.inner, request), None, asked);
                ResponseFuture::apart(call, Some(place), self.protocol.clone())
            }
            Entrance::Waits(waiting) => self.wait(waiting, request, asked),
            Entrance::Refused(refused) => self.refuse(refused, &request),
        }
    }

    #[cold]
    fn wait<Req>(
        &mut self,
        waiting: Waiting,
        request: Req,
        asked: Asked<P::Memo>,
    ) -> ResponseFuture<S, P, P::Memo, Req>
    where
        S: Service<Req> + Clone,
        P: Protocol + Reads<Req>,
    {
        let call = Apart::new(Later::after_a_wait(&mut self.inner, request), Some(waiting), asked);
        ResponseFuture::apart(call, None, self.protocol.clone())
    }

    /// What an answer of ours depends on is looked up here, and for no other call.
    #[cold]
    fn refuse<Req>(&self, refused: Refused, request: &Req) -> ResponseFuture<S, P, P::Memo, Req>
    where
        S: Service<Req>,
        P: Protocol + Reads<Req>,
    {
        ResponseFuture::refused(refused, self.protocol.memo(request), self.protocol.clone())
    }
}

// ===== what derives would bind too tightly =====

impl<P: Clone> Clone for LimitsLayer<P> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S: Clone, P: Clone> Clone for Limited<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            station: self.station.clone(),
            counts: self.counts,
            protocol: self.protocol.clone(),
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for LimitsLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitsLayer")
            .field("settings", &self.station.settings)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Limited<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("inner", &self.inner)
            .field("settings", &self.station.settings)
            .finish_non_exhaustive()
    }
}
