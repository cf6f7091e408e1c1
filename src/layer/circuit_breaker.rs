//! Stops calling a service that fails or answers late, and gives its callers a degraded reply at once.
//!
//! Without it, the callers of a service that hangs hang too, and a service that struggles is kept from recovering by
//! those who retry. The breaker counts bad responses (osm-edge's `circuitBreaking`: amounts and ratios of errors and of
//! slow responses); when a threshold is reached it answers by itself for a while, then lets everything pass again, or a
//! few probes first.
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
//! - **The state lives in the layer.** Services made by one layer, and by its clones, share one circuit; only a
//!   constructor, such as [`new`](CircuitBreakerLayer::new), and [`drawing`](CircuitBreakerLayer::drawing) make
//!   another. Under axum, which applies a layer to each route and to each request, that is what one means.
//! - **The service's error type is untouched.** Over HTTP the degraded reply is a response, with a
//!   [`Refusal`](crate::Refusal) in its extensions; for other services see [`over`](CircuitBreakerLayer::over).
//! - **The verdict falls at the head of the response**, and for gRPC also where `grpc-status` stands in the headers.
//!   To judge gRPC calls by their trailers see [`judging_trailers`](CircuitBreakerLayer::judging_trailers).
//! - **Windows** of time tumble, or [slide](crate::policy::circuit_breaker::SettingsBuilder::sliding); or the
//!   [last calls](crate::policy::circuit_breaker::SettingsBuilder::last_calls) are counted.
//! - **Recovery** is straight when the open time is over, or by way of a few
//!   [probes](crate::policy::circuit_breaker::SettingsBuilder::half_open).
//! - **It must be able to answer.** If the compiler says that the service is none, its response body is not made of
//!   bytes: put [`AnswerableLayer`](crate::AnswerableLayer) right below.
//! - **One circuit for all**, or one for each [host](CircuitBreakerLayer::by_host), each value of a
//!   [header](CircuitBreakerLayer::by_header), each [key](CircuitBreakerLayer::keyed) that a function finds.
//! - **It can be seen and steered** from elsewhere by its [handle](CircuitBreakerLayer::handle).
//! - **What is answered instead** of the degraded reply is up to a [`FallbackLayer`](crate::FallbackLayer).
//! - A caller that goes away is no error, unless
//!   [`abandoned`](crate::policy::circuit_breaker::SettingsBuilder::abandoned) says otherwise.
//!
//! # Differences from Envoy's "circuit breakers"
//!
//! What Envoy calls so, and Istio `connectionPool`, are limits on what is in flight; they never look at an answer. This
//! one counts answers and never looks at what is in flight.

mod future;
mod handle;
mod scope;
mod station;
mod verdict;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderName, Request};
use tower_layer::Layer;
use tower_service::Service;

pub use self::{
    future::ResponseFuture,
    handle::CircuitBreakerHandle,
    scope::{ByHeader, ByHost, ByKey, Finds, HeaderKey, One, Scope},
    station::{Key, Store},
    verdict::{AtHead, AtTrailers, Settlement},
};
use self::{station::Station, verdict::Verdict};
use super::{
    draw::Draws,
    lane,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::{
    events::{EventKind, Events},
    policy::Lane,
    policy::circuit_breaker::{Admission, Settings},
    refusal::Reason,
};

/// Puts a circuit breaker around services. See the [module docs](self).
pub struct CircuitBreakerLayer<P = Http, V = AtHead, C: Scope = One> {
    station: Shared<Station<C::Store>>,
    scope: C,
    protocol: P,
    verdict: V,
}

/// A service behind a circuit breaker. See the [module docs](self).
pub struct CircuitBreaker<S, P = Http, V = AtHead, C: Scope = One> {
    inner: S,
    station: Shared<Station<C::Store>>,
    scope: C,
    protocol: P,
    verdict: V,
}

impl CircuitBreakerLayer {
    /// A new circuit, closed, over HTTP.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::of(settings, One, Http)
    }
}

impl CircuitBreakerLayer<Http, AtHead, ByHost> {
    /// A circuit for each host and port that requests are for: by their URI, or else by their `host` header.
    ///
    /// For a client that talks to many. There are at most
    /// [`most_keys`](crate::policy::circuit_breaker::SettingsBuilder::most_keys) circuits; requests that name no host
    /// share one. Their keys are [`HostPort`](super::host::HostPort)s.
    ///
    /// ```
    /// use tower_mesh::{CircuitBreakerLayer, layer::host::HostPort, policy::circuit_breaker::Settings};
    ///
    /// let layer = CircuitBreakerLayer::by_host(Settings::builder().consecutive_errors(5).build()?);
    /// let handle = layer.handle();
    /// assert!(handle.status(&HostPort::new("reviews", 9080)).is_none()); // nobody has asked for it yet
    /// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
    /// ```
    #[must_use]
    pub fn by_host(settings: Settings) -> Self {
        Self::of(settings, ByHost, Http)
    }
}

impl CircuitBreakerLayer<Http, AtHead, ByHeader> {
    /// A circuit for each value of this header; requests without it share one.
    ///
    /// Whoever sends requests chooses these values. He cannot push an open circuit out, and no value takes more than
    /// its first 256 bytes. The keys are [`HeaderKey`]s.
    #[must_use]
    pub fn by_header(settings: Settings, name: HeaderName) -> Self {
        Self::of(settings, ByHeader(name), Http)
    }
}

impl<K: Key, F: Clone> CircuitBreakerLayer<Http, AtHead, ByKey<K, F>> {
    /// A circuit for each key that this function finds in requests.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};
    ///
    /// let settings = Settings::builder().error_ratio(0.5).most_keys(100_000).build()?;
    /// let by_first_part = CircuitBreakerLayer::keyed(settings, |request| {
    ///     request.uri().path().split('/').nth(1).unwrap_or_default().to_owned()
    /// });
    /// let app: Router = Router::new().route("/{shop}/cart", get(async || "a cart")).layer(by_first_part);
    /// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
    /// ```
    #[must_use]
    pub fn keyed<B>(settings: Settings, key: F) -> Self
    where
        F: Fn(&Request<B>) -> K,
    {
        Self::of(settings, ByKey::new(key), Http)
    }
}

impl<P: Protocol, K: Key, F: Clone> CircuitBreakerLayer<P, AtHead, ByKey<K, F>> {
    /// The same over another protocol: see [`over`](Self::over).
    #[must_use]
    pub fn keyed_over<Req>(protocol: P, settings: Settings, key: F) -> Self
    where
        F: Fn(&Req) -> K,
    {
        Self::of(settings, ByKey::new(key), protocol)
    }
}

impl<P, C: Scope> CircuitBreakerLayer<P, AtHead, C> {
    fn of(settings: Settings, scope: C, protocol: P) -> Self {
        let store = C::Store::new(settings, Draws::random().draw(0, "circuit breaker", 0));
        Self { station: Shared::new(Station::new(store)), scope, protocol, verdict: AtHead }
    }
}

impl<P, V, C: Scope> CircuitBreakerLayer<P, V, C> {
    /// The same circuit over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP, or
    /// one with [another judgement](Protocol::judging).
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> CircuitBreakerLayer<Q, V, C> {
        CircuitBreakerLayer { station: self.station, scope: self.scope, protocol, verdict: self.verdict }
    }

    /// Judges gRPC calls at their trailers, where their status mostly stands, by watching response bodies.
    ///
    /// How long a call took is still measured to its head. A body that breaks is a failure, one that is dropped is
    /// abandoned. A [judgement of one's own](Protocol::judging) is asked for calls that are judged at their head only.
    ///
    /// With a half-open state a probe is then judged at its end: a stream that outlives the deadline of the probes
    /// counts as bad, and can open the circuit again. So where streams are long, do not use the two together, or give a
    /// [deadline](crate::policy::circuit_breaker::HalfOpen::deadline) longer than streams live. And with
    /// [`Abandoned::Failure`](crate::policy::circuit_breaker::Abandoned::Failure) a stream that its caller ends is a
    /// failure.
    #[must_use]
    pub fn judging_trailers(self) -> CircuitBreakerLayer<P, AtTrailers, C> {
        let Self { station, scope, protocol, .. } = self;
        CircuitBreakerLayer { station, scope, protocol, verdict: AtTrailers }
    }

    /// Draws the jitter of its open times from here, so that they repeat under the same seed. It is a new circuit: to be
    /// said before anything else.
    #[must_use]
    pub fn drawing(self, draws: Draws) -> Self {
        let luck = draws.draw(0, "circuit breaker", 0);
        let store = C::Store::new(self.station.store.settings().clone(), luck);
        Self { station: Shared::new(Station::new(store)), ..self }
    }

    /// Tells `events`, under this name, every change of state, each refusal, and in shadow mode what would have been
    /// one; and no longer whom it told before. The circuit of a key is told with it: `reviews["alice"]`.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        self.station.told.set(name, events);
        self
    }

    /// To see and steer it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> CircuitBreakerHandle<C::Store> {
        CircuitBreakerHandle(self.station.clone())
    }
}

impl<S, P: Clone, V: Copy, C: Scope> Layer<S> for CircuitBreakerLayer<P, V, C> {
    type Service = CircuitBreaker<S, P, V, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { station, scope, protocol, verdict } = self.clone();
        CircuitBreaker { inner, station, scope, protocol, verdict }
    }
}

impl<S, P, V, C, Req> Service<Req> for CircuitBreaker<S, P, V, C>
where
    S: Service<Req>,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
    V: Verdict<P, P::Memo, S::Response, S::Error, C::Store>,
    C: Finds<Req>,
{
    type Response = V::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, P::Memo, V, C::Store>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let lane = lane::here();
        self.station.moved_to(lane).call(lane, &mut self.inner, &self.scope, &self.protocol, request)
    }
}

impl<T: Store> Shared<Station<T>> {
    /// One call, by way of this lane: admitted and given on, or refused.
    #[inline]
    fn call<S, P, V, C, Req>(
        self,
        lane: Lane,
        inner: &mut S,
        scope: &C,
        protocol: &P,
        request: Req,
    ) -> ResponseFuture<S::Future, P, P::Memo, V, T>
    where
        S: Service<Req>,
        P: Protocol + Reads<Req>,
        C: Finds<Req, Store = T>,
    {
        let memo = protocol.memo(&request);
        let call = match scope.admit(&self.store, &request, lane) {
            // Made before anybody else's code is called: if that panics, this settles.
            Admission::Pass(ticket, None) => Settlement::of(self, ticket),
            Admission::Pass(ticket, Some(transition)) => {
                let call = Settlement::of(self, ticket);
                call.station().tell_transition(transition, &scope.key(&request));
                call
            }
            Admission::Refuse(wait, transition) => {
                if let Some(transition) = transition {
                    self.tell_transition(transition, &scope.key(&request));
                }
                if !self.is_shadow() {
                    self.tell_refusal(EventKind::Refused(Reason::CircuitOpen), || scope.key(&request));
                    return ResponseFuture::refused(Settlement::none(self), wait, protocol.clone(), memo);
                }
                self.tell_refusal(EventKind::WouldRefuse(Reason::CircuitOpen), || scope.key(&request));
                Settlement::none(self)
            }
        };
        ResponseFuture::calling(inner.call(request), call, protocol.clone(), memo)
    }
}

// ===== what derives would bind too tightly =====

impl<P: Clone, V: Copy, C: Scope> Clone for CircuitBreakerLayer<P, V, C> {
    fn clone(&self) -> Self {
        Self {
            station: self.station.clone(),
            scope: self.scope.clone(),
            protocol: self.protocol.clone(),
            verdict: self.verdict,
        }
    }
}

impl<S: Clone, P: Clone, V: Copy, C: Scope> Clone for CircuitBreaker<S, P, V, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            station: self.station.clone(),
            scope: self.scope.clone(),
            protocol: self.protocol.clone(),
            verdict: self.verdict,
        }
    }
}

impl<P: fmt::Debug, V, C: Scope> fmt::Debug for CircuitBreakerLayer<P, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("settings", self.station.store.settings())
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P, V, C: Scope> fmt::Debug for CircuitBreaker<S, P, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("settings", self.station.store.settings())
            .finish_non_exhaustive()
    }
}
