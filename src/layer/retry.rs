//! Tries a request again where it failed for a reason that may have passed.
//!
//! A pod is replaced, a connection is refused, a server answers 503 since it has just started: the next try mostly goes
//! well. Written by hand, such a loop forgets to wait, to wait for different times, to send the body again, to stop when
//! everybody retries. This one does as a mesh's sidecar does.
//!
//! ```
//! use std::{cell::Cell, convert::Infallible};
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::{RetryLayer, layer::body::Sent, policy::retry::Settings};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tries = Cell::new(0);
//! let starting = service_fn(async |_: Request<Sent<Full<Bytes>>>| {
//!     tries.set(tries.get() + 1);
//!     let status = if tries.get() < 3 { 503 } else { 200 };
//!     Ok::<_, Infallible>(Response::builder().status(status).body(Full::<Bytes>::default()).expect("a response"))
//! });
//! let settings = Settings::builder().attempts(2).on("503,connect-failure".parse()?).build()?;
//! let service = ServiceBuilder::new().layer(RetryLayer::new(settings)).service(starting);
//!
//! let response = service.oneshot(Request::post("/").body(Full::from("an order"))?).await?;
//! assert_eq!((response.status().as_u16(), tries.get()), (200, 3));
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! - **The last answer is the answer.** When no retry is left the upstream's own last answer goes to the caller, with
//!   [`Flags::URX`](crate::Flags::URX); with [`Flags::UO`](crate::Flags::UO) where a [gate](RetryLayer::gated_by) allowed
//!   no more. An error passes as it is.
//! - **Every method is tried again**, a POST too, as the mesh does;
//!   [`Methods::Safe`](crate::policy::retry::Methods::Safe) restricts that.
//! - **Request bodies are sent again** from what was kept of them, up to a
//!   [limit](crate::policy::retry::SettingsBuilder::body_limit): the inner service gets a [`Sent`](super::body::Sent). A
//!   request without a body costs nothing; one with a body three small allocations.
//! - **What our own layers refuse is not tried again**: an overflow, an open circuit, a fault that was injected.
//! - **Connections that do not come about** are known by the error's type: see
//!   [`Http::reading_errors`](super::protocol::Http::reading_errors).
//! - **gRPC** is judged by the status in the head, as Envoy does; by that in the trailers with
//!   [`peeking_trailers`](RetryLayer::peeking_trailers).
//! - **The service is cloned for each call**, and so is the request's head: by the time of the answer both are gone. A
//!   retry readies the clone, and waits until it is ready. Its request has an [`Attempt`] in its extensions.
//! - **A try that has lost is dropped** before the next one waits, with all that it held.
//! - **What is shared**: services of one layer draw from one source and ask one gate. Requests have nothing else in common:
//!   how often one is tried is its own.
//! - **It must be able to answer**: of a try that is [late](crate::policy::retry::SettingsBuilder::per_try_timeout) it says
//!   so by a 504. If the compiler says that the service is none, its response body is not made of bytes: put
//!   [`AnswerableLayer`](crate::AnswerableLayer) below.

mod attempt;
mod future;
mod gate;
mod more;
mod peek;
mod progress;
mod repeats;
mod rest;
mod station;
mod under_way;

use std::{
    fmt,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::HeaderValue;
use tower_layer::Layer;
use tower_service::Service;

pub use self::{
    attempt::Attempt,
    future::ResponseFuture,
    gate::{Gate, Place, RetryBudget},
    peek::{AtHead, AtTrailers, PeekFuture, PeekTrailers, Peeked},
    repeats::Repeats,
};
use self::{
    more::More,
    progress::Progress,
    rest::{ATTEMPT_COUNT, Rest, shortest},
    station::Station,
};
use super::{
    clock,
    draw::Draws,
    lane,
    later::Later,
    observer::Observer,
    protocol::{Answers, Http, Protocol},
    seat::Shared,
    timeout::tells,
};
use crate::{
    events::Events,
    policy::{Time, retry::Settings, time::millis, timeout::Said},
};

/// Puts retries around services. See the [module docs](self).
pub struct RetryLayer<P = Http, V = AtHead> {
    station: Shared<Station>,
    protocol: P,
    verdict: PhantomData<fn() -> V>,
}

/// A service whose requests are tried again. See the [module docs](self).
pub struct Retry<S, P = Http> {
    inner: S,
    station: Shared<Station>,
    protocol: P,
}

impl RetryLayer {
    /// Retries over HTTP.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { station: Shared::new(Station::new(settings)), protocol: Http, verdict: PhantomData }
    }
}

impl<P, V> RetryLayer<P, V> {
    /// The same over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP, whose requests
    /// must be `Clone`.
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> RetryLayer<Q, V> {
        RetryLayer { station: self.station, protocol, verdict: PhantomData }
    }

    /// Sees gRPC statuses in trailers too, where trailers are all that follows the head.
    ///
    /// A gRPC service that fails without having sent a message may say so in the head, or by trailers right after it. To
    /// see these, the first frame of a gRPC answer is awaited before the head is given on: not to be used where a service
    /// answers with a head and then waits for its caller. It costs an allocation for each gRPC answer.
    #[must_use]
    pub fn peeking_trailers(self) -> RetryLayer<P, AtTrailers> {
        RetryLayer { station: self.station, protocol: self.protocol, verdict: PhantomData }
    }

    /// Tells `events`, under this name, of each retry, where none was left or none allowed, and of tries that were not
    /// answered in time; and no longer whom it told before.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        let observer = Observer::new(name, events);
        self.changed(|station| station.observer = Some(observer))
    }

    /// Draws its waits from here, so that they repeat under the same seed.
    #[must_use]
    pub fn drawing(self, draws: Draws) -> Self {
        self.changed(|station| station.draws = draws)
    }

    /// Asks here for each retry whether there may be one more: a [`RetryBudget`], or a limit on those under way. Without
    /// it there may be any number.
    #[must_use]
    pub fn gated_by(self, gate: impl Gate) -> Self {
        self.changed(|station| station.gate = Some(Arc::new(gate)))
    }

    /// Leaves it to a timeout further in to give up a try that is late, which may begin to count later: when a place has
    /// been found for the try. So a mesh does it.
    ///
    /// That timeout has a time of its own; where requests are trusted to say another one, it is told so by the header
    /// that both read. A try that is hedged is not given up, and is left to nobody.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower::ServiceBuilder;
    /// use tower_mesh::{
    ///     LimitsLayer, RetryLayer, TimeoutLayer,
    ///     policy::{limits, retry, timeout::{self, Trusted}},
    /// };
    ///
    /// let again = retry::Settings::builder().attempts(2).on("5xx".parse()?).trust_request_headers(true);
    /// let one = timeout::Settings::builder().head(Duration::from_secs(1)).trust_request_headers(Trusted::Head);
    /// let stack = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(again.build()?).leaving_tries_to_a_timeout())
    ///     .layer(LimitsLayer::new(limits::Settings::builder().connections(10).build()?))
    ///     .layer(TimeoutLayer::new(one.build()?).heads_only());
    /// # let _ = stack;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn leaving_tries_to_a_timeout(self) -> Self {
        self.changed(|station| station.leaves_tries = true)
    }

    /// A layer of its own, that differs in this.
    fn changed(self, change: impl FnOnce(&mut Station)) -> Self {
        let mut station = self.station.copy();
        change(&mut station);
        Self { station: Shared::new(station), ..self }
    }

    fn around<S>(&self, inner: S) -> Retry<S, P>
    where
        P: Clone,
    {
        Retry { inner, station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S, P: Clone> Layer<S> for RetryLayer<P, AtHead> {
    type Service = Retry<S, P>;

    fn layer(&self, inner: S) -> Retry<S, P> {
        self.around(inner)
    }
}

impl<S, P: Clone> Layer<S> for RetryLayer<P, AtTrailers> {
    type Service = Retry<PeekTrailers<S>, P>;

    fn layer(&self, inner: S) -> Self::Service {
        self.around(PeekTrailers::new(inner))
    }
}

impl<S, P, Req> Service<Req> for Retry<S, P>
where
    P: Repeats<Req> + Answers<P::Memo, S::Response, S::Error>,
    S: Service<P::Try> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, P, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if let Some(gate) = &self.station.gate {
            gate.arrived();
        }
        if self.station.settings.is_off() {
            return ResponseFuture::new(Later::now(&mut self.inner, self.protocol.once(request)), None);
        }
        let settings = &self.station.settings;
        let by_head =
            settings.trust_request_headers() || settings.count_attempts() || settings.is_restricted();
        if by_head || self.is_told(&request) {
            return self.begin_by_head(request);
        }
        let (per_try, repeats) = (settings.per_try_timeout(), settings.retries_something());
        self.begin(request, None, per_try, None, repeats)
    }
}

impl<S, P> Retry<S, P> {
    /// Whether a timeout of ours, around all tries, has told the upstream how long it has: then each try tells it too. The
    /// header alone says nothing, since anybody may have sent it.
    #[inline]
    fn is_told<Req>(&self, request: &Req) -> bool
    where
        P: Repeats<Req>,
    {
        !self.station.leaves_tries && self.protocol.read_extensions(request).is_some_and(tells)
    }

    /// The first try, where the request's head says how it is tried, or is to be changed. Out of line, and apart: a
    /// request that is changed is moved for that.
    #[inline(never)]
    fn begin_by_head<Req>(&mut self, mut request: Req) -> ResponseFuture<S, P, Req>
    where
        P: Repeats<Req>,
        S: Service<P::Try> + Clone,
    {
        let station = &*self.station;
        let headers = self.protocol.headers(&mut request);
        let own = headers
            .filter(|_| station.settings.trust_request_headers())
            .and_then(|headers| station.settings.asked_by(headers));
        let settings = own.as_ref().unwrap_or(&station.settings);

        let (mut per_try, mut expected) = (settings.per_try_timeout(), None);
        let is_told = self.is_told(&request);
        if let Some(headers) = self.protocol.headers(&mut request) {
            if settings.count_attempts() {
                headers.insert(ATTEMPT_COUNT, HeaderValue::from_static("1"));
            }
            if own.is_some() && station.leaves_tries {
                // What the timeout further in is to do, whatever it would do by itself: nothing, if tries are hedged.
                let given_up = per_try.filter(|_| !settings.hedging()).unwrap_or_default();
                headers.insert(Said::HEAD, HeaderValue::from(millis(given_up)));
            }
            if is_told
                && let Some(value) = headers.get_mut(Said::EXPECTED)
                && let Some(all) = value.to_str().ok().and_then(|all| all.parse::<u64>().ok())
            {
                // All the tries together may take no longer: then none of them has a time of its own.
                per_try = per_try.filter(|time| millis(*time) < all);
                *value = shortest(all, per_try.filter(|_| !settings.hedging()));
                expected = Some((all, clock::now()));
            }
        }
        let asked = own.is_some() || settings.retries_something();
        let (method, headers) = (self.protocol.method(&request), self.protocol.read_headers(&request));
        let repeats = asked && settings.takes(method, headers);
        self.begin(request, own, per_try, expected, repeats)
    }

    /// The first try, and what is needed for others.
    #[inline(always)]
    fn begin<Req>(
        &mut self,
        request: Req,
        own: Option<Settings>,
        mut per_try: Option<Duration>,
        expected: Option<(u64, Time)>,
        repeats: bool,
    ) -> ResponseFuture<S, P, Req>
    where
        P: Repeats<Req>,
        S: Service<P::Try> + Clone,
    {
        let settings = own.as_ref().unwrap_or(&self.station.settings);
        if self.station.leaves_tries && !settings.hedging() {
            per_try = None;
        }
        let further = settings.count_attempts_in_response();
        if !(repeats || per_try.is_some() || further) {
            return ResponseFuture::new(Later::now(&mut self.inner, self.protocol.once(request)), None);
        }
        let memo = self.protocol.memo(&request);
        let first = self.protocol.first(request, settings.body_limit());
        let spare = self.protocol.spare(&first);
        let (service, protocol) = (self.inner.clone(), self.protocol.clone());
        let station = self.station.moved_to(lane::here());
        let ordinal = station.ordinal();
        let call = Later::calling(self.inner.call(first));
        // Made after the call, in its place: it is large.
        let rest = Rest {
            service,
            spare,
            protocol,
            memo,
            ordinal,
            expected,
            per_try,
            repeats,
            progress: Progress::new(per_try.is_some(), further),
            more: own.map(|own| Box::new(More::asked_for(Some(own)))),
            station,
        };
        ResponseFuture::new(call, Some(rest))
    }
}

// ===== what derives would bind too tightly =====

impl<P: Clone, V> Clone for RetryLayer<P, V> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone(), verdict: PhantomData }
    }
}

impl<S: Clone, P: Clone> Clone for Retry<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<P: fmt::Debug, V> fmt::Debug for RetryLayer<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("settings", &self.station.settings)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Retry<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .field("settings", &self.station.settings)
            .finish_non_exhaustive()
    }
}
