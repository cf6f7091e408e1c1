//! Holds requests back, or answers them in the upstream's place, by chance: to find out who can live with it.
//!
//! That a service copes with an upstream which is late, or fails, is known when it has been seen. This layer makes it
//! so for a share of the requests, as Envoy's fault filter does and Istio's `fault` asks for: a delay, an abort, or
//! first the one and then the other. The upstream has no part in it.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, routing::get};
//! use tower_mesh::{FaultLayer, policy::fault::Settings};
//!
//! let settings = Settings::builder()
//!     .delay(Duration::from_secs(2), 10.0)
//!     .abort(503, 0.1)
//!     .build()?;
//!
//! let app: Router = Router::new().route("/ratings", get(async || "*****")).layer(FaultLayer::new(settings));
//! # Ok::<(), tower_mesh::policy::fault::SettingsError>(())
//! ```
//!
//! # What to know
//!
//! - **It answers as Envoy does**: the status, the words `fault filter abort`, and no header of its own. A gRPC caller
//!   gets a trailers-only answer; a [gRPC abort](crate::policy::fault::SettingsBuilder::abort_grpc) is a 200 to
//!   everybody else. The answer carries a [`Refusal`](crate::Refusal), so that nobody takes it for the upstream's.
//! - **What was done shows in the answer's [`Flags`](crate::Flags)**: `DI` for a delay, `FI` for an abort, and both.
//! - **It belongs on the outside**, as in Envoy: outside of a timeout, which then does not cut the delay short, and
//!   outside of retries, which then do not try what was aborted again. To see whether a timeout holds, delay one hop
//!   further.
//! - **The delay begins with the first poll** of the answer's future, and is for whole milliseconds. Meanwhile nothing
//!   is reserved: the service is readied once more after it. A caller that goes away ends it, and nothing reaches the
//!   upstream.
//! - **The state lives in the layer.** Services made by one layer, and by its clones, count together and are one order of
//!   calls.
//! - **With a [seed](FaultLayer::drawing) the same requests are the victims**, each known by its place in the order of
//!   calls, whatever runs beside it; an abort that is added does not move the delay's victims.
//! - **It must be able to answer.** If the compiler says that the service is none, its response body is not made of
//!   bytes: put [`AnswerableLayer`](crate::AnswerableLayer) right below. And it must be `Clone`, to be called after a
//!   delay.
//! - **It costs next to nothing** while its shares are 0 %, and a draw or two while nothing is hit.

mod future;
mod handle;
mod station;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

use self::station::Station;
pub use self::{future::ResponseFuture, handle::FaultHandle};
use super::{
    draw::Draws,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::{events::Events, policy::fault::Settings};

/// Injects faults into calls of services. See the [module docs](self).
pub struct FaultLayer<P = Http> {
    station: Shared<Station>,
    protocol: P,
}

/// A service whose calls meet with faults. See the [module docs](self).
#[derive(Clone)]
pub struct Fault<S, P = Http> {
    inner: S,
    /// None if there is no fault to be met with.
    station: Option<Shared<Station>>,
    protocol: P,
}

impl FaultLayer {
    /// Faults as these settings say, over HTTP.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { station: Shared::new(Station::new(settings, Draws::random())), protocol: Http }
    }
}

impl<P> FaultLayer<P> {
    /// The same faults over another protocol: [`Plain`](super::protocol::Plain) for services that are not HTTP, where
    /// an abort is an error.
    ///
    /// ```
    /// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
    /// use tower_mesh::{FaultLayer, Plain, policy::fault::Settings};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let service = ServiceBuilder::new()
    ///     .layer(FaultLayer::new(Settings::builder().abort(503, 100.0).build().unwrap()).over(Plain))
    ///     .service(service_fn(async |_: ()| Ok::<_, BoxError>("a row")));
    /// let error = service.oneshot(()).await.unwrap_err();
    /// assert_eq!(error.to_string(), "refused: a fault was injected (503 Service Unavailable)");
    /// # }
    /// ```
    #[must_use]
    pub fn over<Q: Protocol>(self, protocol: Q) -> FaultLayer<Q> {
        FaultLayer { station: self.station, protocol }
    }

    /// What it was told.
    #[cfg_attr(not(feature = "yaml"), expect(dead_code, reason = "a mesh asks, and it comes of documents"))]
    pub(crate) fn settings(&self) -> &Settings {
        self.station.faults.settings()
    }

    /// Draws from here, so that the same requests meet with a fault under the same seed. It counts anew: to be said
    /// before anything else.
    ///
    /// Two layers that draw from the same source have the same victims: give each [one of its own](Draws::of).
    #[must_use]
    pub fn drawing(self, draws: Draws) -> Self {
        let station = Station::new(self.station.faults.settings().clone(), draws);
        Self { station: Shared::new(station), ..self }
    }

    /// Tells `events`, under this name, each delay that begins and each abort; and no longer whom it told before.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        self.station.told.set(name, events);
        self
    }

    /// To see from elsewhere what it did.
    #[must_use]
    pub fn handle(&self) -> FaultHandle {
        FaultHandle(self.station.clone())
    }
}

impl<S, P: Clone> Layer<S> for FaultLayer<P> {
    type Service = Fault<S, P>;

    fn layer(&self, inner: S) -> Fault<S, P> {
        let is_off = self.station.faults.settings().is_off();
        Fault { inner, station: (!is_off).then(|| self.station.clone()), protocol: self.protocol.clone() }
    }
}

impl<S, P, Req> Service<Req> for Fault<S, P>
where
    S: Service<Req> + Clone,
    P: Protocol + Reads<Req> + Answers<P::Memo, S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, Req, P, P::Memo>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        if let Some(station) = &self.station
            && let Some(fault) = station.decide(&self.protocol, &request)
        {
            return station.inject(fault, &mut self.inner, &self.protocol, request);
        }
        ResponseFuture::passing(self.inner.call(request))
    }
}

// ===== what derives would bind too tightly, or show too much =====

impl<P: Clone> Clone for FaultLayer<P> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<P: fmt::Debug> fmt::Debug for FaultLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultLayer")
            .field("settings", self.station.faults.settings())
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Fault<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("inner", &self.inner)
            .field("settings", &self.station.as_ref().map(|station| station.faults.settings()))
            .finish_non_exhaustive()
    }
}
