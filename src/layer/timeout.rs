//! Ends what takes too long: the whole exchange, the wait for its head, or one in which nothing moves.
//!
//! A service that hangs is worse than one that fails: its callers hang too, and hold what they hold. A timeout answers
//! in its place (504 `upstream request timeout`, as Envoy does) and lets go of the call at that moment, with whatever
//! the call held: connections, places, permits.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, routing::get};
//! use tower_mesh::{TimeoutLayer, policy::timeout::Settings};
//!
//! let settings = Settings::builder().total(Duration::from_secs(3)).idle(Duration::from_secs(1)).build()?;
//! let app: Router = Router::new()
//!     .route("/productpage", get(async || "a page"))
//!     .layer(TimeoutLayer::new(settings));
//! # Ok::<(), tower_mesh::policy::timeout::SettingsError>(())
//! ```
//!
//! # What to know
//!
//! - **[`total`][total] covers everything below it**, retries and waits for a place among it, **and the
//!   response's body**. When the head has been sent, a 504 is too late: then the body ends in an error, which is a
//!   [`Refusal`](crate::Refusal). So the response body becomes a [`Timed`](super::body::Timed).
//! - **[`head`][head] is for one try**, and holds until its head is there. Where nothing but heads
//!   matters, [`heads_only`](TimeoutLayer::heads_only) leaves bodies what they are, and spares axum a box for each.
//! - **[`idle`][idle] begins anew with everything that moves**: the head, each frame of the response,
//!   and, if time [starts at the request's end](TimeoutLayer::starting_at_request_end), each frame of the request.
//!   Else the request's body is not seen, and its frames do not count.
//! - **Time counts from the first poll** of the answer on, unless it starts at the request's end. If the answer is there
//!   at that poll, no clock is read and no timer set, unless it has a body that goes on: that one's time counts from then
//!   on. An answer that is there in the last moment is given.
//! - **Further out** a `head` that was exceeded is a try that may be tried again; a `total` is not, since it is for all
//!   tries. A breaker counts both as failures of the upstream.
//! - **There is no state**: nothing is counted, and services have nothing in common.
//! - **gRPC callers** may lower the total by their `grpc-timeout`, and are told by a trailers-only reply.
//! - **Envoy's request headers** replace limits only where they are [trusted].
//! - **It must be able to answer.** Over [`Plain`](crate::Plain) services it does so by their own error. If the compiler
//!   says that the service is none, its response body is not made of bytes: put
//!   [`AnswerableLayer`](crate::AnswerableLayer) right below.
//!
//! # Differences from Envoy
//!
//! Envoy's default of 15 s is not there: nothing is limited that was not said, as under Istio. The idle time of a
//! response counts while somebody asks for more of it; a caller that takes its time is not held against an upstream.
//!
//! [total]: crate::policy::timeout::SettingsBuilder::total
//! [head]: crate::policy::timeout::SettingsBuilder::head
//! [idle]: crate::policy::timeout::SettingsBuilder::idle
//! [trusted]: crate::policy::timeout::SettingsBuilder::trust_request_headers

mod deadline;
mod future;
mod headers;
mod kind;
mod upload;

use std::{
    fmt,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tower_layer::Layer;
use tower_service::Service;

use self::deadline::Reply;
pub use self::{
    deadline::Deadline,
    future::ResponseFuture,
    kind::{AtFirstPoll, AtRequestEnd, HeadOnly, Reach, Start, Whole},
    upload::{Signal, Uploading},
};
pub(super) use self::{deadline::late_try, headers::tells};
use super::{
    lane,
    observer::Observer,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::{
    events::Events,
    policy::timeout::{Effort, Limits, Said, Settings},
};

/// Puts a timeout around services. See the [module docs](self).
#[derive(Clone)]
pub struct TimeoutLayer<P = Http, R = Whole, T = AtFirstPoll> {
    station: Station<P>,
    kind: PhantomData<fn() -> (R, T)>,
}

/// A service behind a timeout. See the [module docs](self).
#[derive(Clone)]
pub struct Timeout<S, P = Http, R = Whole, T = AtFirstPoll> {
    inner: S,
    station: Station<P>,
    kind: PhantomData<fn() -> (R, T)>,
}

#[cfg(feature = "yaml")]
impl<S, P, R, T> Timeout<S, P, R, T> {
    /// The service behind the timeout.
    pub(crate) const fn inner(&self) -> &S {
        &self.inner
    }
}

/// What layer and service have in common. There is no state: only what was told.
#[derive(Clone)]
struct Station<P> {
    settings: Settings,
    observer: Option<Shared<Observer>>,
    protocol: P,
}

impl TimeoutLayer {
    /// These limits, over HTTP.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self { station: Station { settings, observer: None, protocol: Http }, kind: PhantomData }
    }
}

impl<P, R, T> TimeoutLayer<P, R, T> {
    /// The same over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP.
    ///
    /// Where there are no bodies, a call is over with its answer.
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> TimeoutLayer<Q, R, T> {
        let Station { settings, observer, .. } = self.station;
        TimeoutLayer { station: Station { settings, observer, protocol }, kind: PhantomData }
    }

    /// Reaches to the head of the response: all limits end with it, and bodies stay what they are.
    ///
    /// ```
    /// use std::time::Duration;
    /// use axum::{Router, routing::get};
    /// use tower_mesh::{TimeoutLayer, policy::timeout::Settings};
    ///
    /// let settings = Settings::builder().head(Duration::from_secs(1)).build()?;
    /// let app: Router = Router::new()
    ///     .route("/events", get(async || "a stream without end"))
    ///     .layer(TimeoutLayer::new(settings).heads_only());
    /// # Ok::<(), tower_mesh::policy::timeout::SettingsError>(())
    /// ```
    #[must_use]
    pub fn heads_only(self) -> TimeoutLayer<P, HeadOnly, T> {
        TimeoutLayer { station: self.station, kind: PhantomData }
    }

    /// Starts to count when the request's body has come to its end, as Envoy does: for a client, whose upload is its own
    /// time. The inner service gets the request with an [`Uploading`] body.
    ///
    /// While the body has nothing to give, no time counts. An upstream that does not read on is given as long for each
    /// part as for the answer.
    #[must_use]
    pub fn starting_at_request_end(self) -> TimeoutLayer<P, R, AtRequestEnd> {
        TimeoutLayer { station: self.station, kind: PhantomData }
    }

    /// Tells `events`, under this name, each time that time was up; and no longer whom it told before.
    #[must_use]
    pub fn told(mut self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        let observer = Observer::new(name, events);
        self.station.observer = Some(Shared::new(observer));
        self
    }
}

impl<P: Clone, S, R, T> Layer<S> for TimeoutLayer<P, R, T> {
    type Service = Timeout<S, P, R, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout { inner, station: self.station.clone(), kind: PhantomData }
    }
}

impl<S, P, R, T, Req> Service<Req> for Timeout<S, P, R, T>
where
    T: Start<Req>,
    S: Service<T::Request>,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
    R: Reach<P, P::Memo, S::Response, S::Error>,
{
    type Response = R::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, P::Memo, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let Self { inner, station, .. } = self;
        let effort = station.settings.effort();
        if effort == Effort::Nothing {
            return ResponseFuture::new(inner.call(T::wrap(request, None)), None, station.protocol.clone());
        }
        let memo = station.protocol.memo(&request);
        let mut limits = station.settings.limits();
        if station.protocol.is_grpc(memo) && effort == Effort::Grpc {
            limits = limits.lowered_to(station.asked_by_grpc(&request));
        }
        if effort == Effort::Heads {
            return station.call_by_head::<S, R, T, Req>(inner, request, memo);
        }
        let upload = signal::<T, Req>(limits, &request);
        station.call::<S, R, T, Req>(inner, request, memo, limits, false, upload)
    }
}

impl<P: Protocol> Station<P> {
    /// A call with these limits.
    #[inline(always)]
    fn call<S, R, T, Req>(
        &mut self,
        inner: &mut S,
        request: Req,
        memo: P::Memo,
        limits: Limits,
        empty: bool,
        upload: Option<Signal>,
    ) -> ResponseFuture<S::Future, P, P::Memo, R>
    where
        P: Reads<Req>,
        T: Start<Req>,
        S: Service<T::Request>,
    {
        let inner = inner.call(T::wrap(request, upload.clone()));
        // Made after the call, in its place: there is nothing in it that a panic would lose.
        let observer = self.observer.as_mut().map(|observer| observer.moved_to(lane::here()));
        let reply = Reply { grpc: self.settings.grpc_status(), empty };
        let deadline = Deadline::new(limits, reply, upload, observer);
        ResponseFuture::new(inner, Some((deadline, memo)), self.protocol.clone())
    }

    /// A call whose head is looked at, and may be changed: the request has to be moved for that.
    #[inline(never)]
    fn call_by_head<S, R, T, Req>(
        &mut self,
        inner: &mut S,
        mut request: Req,
        memo: P::Memo,
    ) -> ResponseFuture<S::Future, P, P::Memo, R>
    where
        P: Reads<Req>,
        T: Start<Req>,
        S: Service<T::Request>,
    {
        let is_grpc = self.protocol.is_grpc(memo);
        let (limits, empty) = headers::look(&self.settings, &self.protocol, &mut request, is_grpc);
        let upload = signal::<T, Req>(limits, &request);
        if self.settings.tells_deadline() {
            headers::tell(&self.protocol, &mut request, limits, is_grpc, upload.as_ref());
        }
        self.call::<S, R, T, Req>(inner, request, memo, limits, empty, upload)
    }

    /// What a gRPC caller asks for, of whose head nothing else matters.
    #[inline(never)]
    fn asked_by_grpc<Req>(&self, request: &Req) -> Option<Duration>
    where
        P: Reads<Req>,
    {
        Said::by_grpc(self.protocol.read_headers(request)?)
    }
}

/// Who tells how far the request's body has got, if that may matter.
#[inline]
fn signal<T: Start<Req>, Req>(limits: Limits, request: &Req) -> Option<Signal> {
    if limits.is_none() { None } else { T::signal(request) }
}

impl<P: fmt::Debug, R, T> fmt::Debug for TimeoutLayer<P, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutLayer")
            .field("settings", &self.station.settings)
            .field("protocol", &self.station.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P, R, T> fmt::Debug for Timeout<S, P, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("inner", &self.inner)
            .field("settings", &self.station.settings)
            .finish_non_exhaustive()
    }
}
