//! Stops calling a service that fails or answers late, and gives its callers a degraded reply at once.
//!
//! Without it, the callers of a service that hangs hang too, and a service that struggles is kept from recovering by
//! those who retry. The breaker counts bad responses (osm-edge's `circuitBreaking`: amounts and ratios of errors and of
//! slow responses); when a threshold is reached it answers by itself for a while, then lets everything pass again.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, http::StatusCode, routing::get};
//! use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};
//!
//! let settings = Settings::builder()
//!     .error_ratio(0.5)
//!     .minimum_requests(20)
//!     .open_for(Duration::from_secs(10))
//!     .reply(503, "back in a moment")
//!     .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/", get(async || StatusCode::INTERNAL_SERVER_ERROR))
//!     .layer(CircuitBreakerLayer::new(settings));
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! # What to know
//!
//! - **The state lives in the layer.** Services made by one layer, and by its clones, share one circuit; only
//!   [`new`](CircuitBreakerLayer::new) makes another. Under axum, which applies a layer to each route and to each
//!   request, that is what one means.
//! - **The service's error type is untouched.** Over HTTP the degraded reply is a response, with a
//!   [`Refusal`] in its extensions; for other services see [`over`](CircuitBreakerLayer::over).
//! - **The verdict falls at the head of the response**, and for gRPC also where `grpc-status` stands in the headers.
//!   To judge gRPC calls by their trailers see [`judging_trailers`](CircuitBreakerLayer::judging_trailers).
//! - **It must be able to answer.** If the compiler says that the service is none, its response body is not made of
//!   bytes: put [`AnswerableLayer`](crate::AnswerableLayer) right below.
//! - A caller that goes away counts as nothing, unless
//!   [`abandoned`](crate::policy::circuit_breaker::SettingsBuilder::abandoned) says otherwise.
//!
//! # Differences from Envoy's "circuit breakers"
//!
//! What Envoy calls so, and Istio `connectionPool`, are limits on what is in flight; they never look at an answer. This
//! one counts answers and never looks at what is in flight.

mod future;
mod verdict;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

use self::verdict::Verdict;
pub use self::{
    future::ResponseFuture,
    verdict::{AtHead, AtTrailers, Settlement},
};
use super::{
    clock, lane,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::{
    events::{Event, EventKind, Events},
    policy::Lane,
    policy::circuit_breaker::{Admission, Circuit, DEFAULT_CONTENT, GrpcReply, Settings, Transition},
    refusal::{Grpc, Reason, Refusal},
};

/// Puts a circuit breaker around services. See the [module docs](self).
pub struct CircuitBreakerLayer<P = Http, V = AtHead> {
    station: Shared<Station>,
    protocol: P,
    verdict: V,
}

/// A service behind a circuit breaker. See the [module docs](self).
pub struct CircuitBreaker<S, P = Http, V = AtHead> {
    inner: S,
    station: Shared<Station>,
    protocol: P,
    verdict: V,
}

/// One circuit, and whom it tells.
struct Station {
    circuit: Circuit,
    content: Bytes,
    observer: ArcSwapOption<Observer>,
}

struct Observer {
    name: Arc<str>,
    events: Events,
}

impl CircuitBreakerLayer {
    /// A new circuit, closed, over HTTP.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let content = match settings.reply().content.as_str() {
            DEFAULT_CONTENT => Bytes::from_static(DEFAULT_CONTENT.as_bytes()),
            content => Bytes::copy_from_slice(content.as_bytes()),
        };
        let circuit = Circuit::new(settings, lane::count());
        let station = Station { circuit, content, observer: ArcSwapOption::empty() };
        Self { station: Shared::new(station), protocol: Http, verdict: AtHead }
    }
}

impl<P, V> CircuitBreakerLayer<P, V> {
    /// The same circuit over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP, or
    /// one with [another judgement](Protocol::judging).
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> CircuitBreakerLayer<Q, V> {
        CircuitBreakerLayer { station: self.station, protocol, verdict: self.verdict }
    }

    /// Judges gRPC calls at their trailers, where their status mostly stands, by watching response bodies.
    ///
    /// How long a call took is still measured to its head. A body that breaks is a failure, one that is dropped is
    /// abandoned. A [judgement of one's own](Protocol::judging) is asked for calls that are judged at their head only.
    #[must_use]
    pub fn judging_trailers(self) -> CircuitBreakerLayer<P, AtTrailers> {
        CircuitBreakerLayer { station: self.station, protocol: self.protocol, verdict: AtTrailers }
    }

    /// Tells `events`, under this name, when the circuit opens and closes and when it refuses; and no longer whom it
    /// told before.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        let observer = Observer { name: name.into(), events: events.clone() };
        self.station.observer.store(Some(Arc::new(observer)));
        self
    }
}

#[cfg(feature = "yaml")]
impl CircuitBreakerLayer {
    /// A call of `inner`, which was readied, through this circuit: for a stack that owns its inner service itself.
    pub(crate) fn call<S, Req, M>(
        &self,
        inner: &mut S,
        request: Req,
    ) -> ResponseFuture<S::Future, Http, M, AtHead>
    where
        S: Service<Req>,
        Http: Reads<Req, Memo = M>,
    {
        let lane = lane::here();
        self.station.on(lane).call(lane, inner, &self.protocol, request)
    }
}

impl<S, P: Clone, V: Copy> Layer<S> for CircuitBreakerLayer<P, V> {
    type Service = CircuitBreaker<S, P, V>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { station, protocol, verdict } = self.clone();
        CircuitBreaker { inner, station, protocol, verdict }
    }
}

impl<S, P, V, Req> Service<Req> for CircuitBreaker<S, P, V>
where
    S: Service<Req>,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
    V: Verdict<P, P::Memo, S::Response, S::Error>,
{
    type Response = V::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, P::Memo, V>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let lane = lane::here();
        self.station.moved_to(lane).call(lane, &mut self.inner, &self.protocol, request)
    }
}

impl Shared<Station> {
    /// One call, by way of this lane: admitted and given on, or refused.
    #[inline]
    fn call<S, P, V, Req>(
        self,
        lane: Lane,
        inner: &mut S,
        protocol: &P,
        request: Req,
    ) -> ResponseFuture<S::Future, P, P::Memo, V>
    where
        S: Service<Req>,
        P: Protocol + Reads<Req>,
    {
        let memo = protocol.memo(&request);
        match self.circuit.admit(lane, clock::now) {
            Admission::Pass(ticket, transition) => {
                self.tell(transition);
                // Made before the inner call: if that panics, this settles.
                let call = Settlement::of(self, ticket);
                ResponseFuture::calling(inner.call(request), call, protocol.clone(), memo)
            }
            Admission::Refuse(wait, transition) => {
                self.tell(transition);
                self.tell_refusal();
                ResponseFuture::refused(Settlement::none(self), wait, protocol.clone(), memo)
            }
        }
    }
}

impl Station {
    fn refusal(&self, wait: Duration) -> Refusal {
        let reply = self.circuit.settings().reply();
        Refusal::new(Reason::CircuitOpen, reply.status)
            .content(self.content.clone())
            .grpc(match reply.grpc {
                // Envoy's code for UNAVAILABLE; the table would make UNKNOWN of a 409.
                GrpcReply::Unavailable => Grpc::Status(14),
                GrpcReply::Plain => Grpc::Plain,
            })
            .details("circuit_open")
            .retry_after(wait)
    }

    fn tell(&self, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.tell_kind(EventKind::Circuit(transition));
        }
    }

    fn tell_refusal(&self) {
        self.tell_kind(EventKind::Refused(Reason::CircuitOpen));
    }

    fn tell_kind(&self, kind: EventKind) {
        if let Some(Observer { name, events }) = self.observer.load().as_deref() {
            events.tell(|| Event { at: clock::now(), subject: Arc::clone(name), kind });
        }
    }
}

// ===== what derives would bind too tightly =====

impl<P: Clone, V: Copy> Clone for CircuitBreakerLayer<P, V> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone(), verdict: self.verdict }
    }
}

impl<S: Clone, P: Clone, V: Copy> Clone for CircuitBreaker<S, P, V> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            station: self.station.clone(),
            protocol: self.protocol.clone(),
            verdict: self.verdict,
        }
    }
}

impl<P: fmt::Debug, V> fmt::Debug for CircuitBreakerLayer<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("state", &self.station.circuit.state(clock::now()))
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P, V> fmt::Debug for CircuitBreaker<S, P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("state", &self.station.circuit.state(clock::now()))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("circuit", &self.circuit).finish_non_exhaustive()
    }
}
