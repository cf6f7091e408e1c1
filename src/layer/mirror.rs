//! Sends a copy of some requests to another service as well, and throws its answers away.
//!
//! A new version is best tried out on what the old one really gets. Done by hand, the second call is soon waited for, or
//! its errors are; here the copy runs by itself: it can neither slow, nor fail, nor hold back the request that it is a
//! copy of, and there are never more than so many.
//!
//! ```
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::{MirrorLayer, layer::body::Sent, policy::mirror::Settings};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let v1 = service_fn(async |request: Request<Sent<Full<Bytes>>>| {
//!     let order = request.into_body().collect().await.expect("it is all there").to_bytes();
//!     Ok::<_, Infallible>(Response::new(Full::new(order)))
//! });
//! let v2 = service_fn(async |_: Request<Sent<Full<Bytes>>>| -> Result<Response<Full<Bytes>>, Infallible> {
//!     panic!("there is a lot to be done")
//! });
//! let layer = MirrorLayer::new(Settings::builder().percent(100.0).build()?, v2);
//! let handle = layer.handle();
//! let service = ServiceBuilder::new().layer(layer).service(v1);
//!
//! let response = service.oneshot(Request::post("/").body(Full::from("an order"))?).await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "an order");
//! assert_eq!(handle.counts().copied, 1);
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! - **The copy is the same request**: its method, URI, headers, extensions, its body with its trailers. It is told apart
//!   by nothing, unless it is to be for [another host](crate::policy::mirror::SettingsBuilder::shadow_host).
//! - **A body is sent on when it is whole.** It is kept while it is sent, up to a
//!   [limit](crate::policy::mirror::SettingsBuilder::body_limit); as soon as the original has been read to its end, its
//!   copy begins. So both services get a [`Sent`]. What was not read to its end is not copied.
//! - **Each copy is a task**, and the mirror's service is readied there. It is ended by a
//!   [timeout](crate::policy::mirror::SettingsBuilder::timeout) of a minute, and when the layer and its services are
//!   dropped: keep one of them for as long as copies shall go on. A service that blocks its thread blocks others too, as
//!   everywhere.
//! - **Too many are not copied**: with [1024](crate::policy::mirror::SettingsBuilder::most_under_way) under way, the
//!   next request is left out. That is counted, and [told](MirrorLayer::told).
//! - **Each mirror has its own luck**: several get copies of requests that have nothing in common; under the same
//!   [seed](MirrorLayer::drawing) they are the same ones.
//! - **Not copied** are requests for the connection itself (CONNECT, upgrades), and what is called outside of a tokio
//!   runtime.
//! - **With retries** a request is copied once, whichever try reads it to its end. Around retries it stands by itself;
//!   inside of them, as in a mesh, say [`below_retries`](MirrorLayer::below_retries).
//! - **What it costs**: a draw. A request that is copied costs a clone of its head and of the mirror's service, and with
//!   a body what a retry's costs.

mod account;
mod copy;
mod handle;
mod shadow;
mod station;
mod targets;

use std::{
    fmt,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use self::station::Station;
pub use self::{
    copy::Receives,
    handle::MirrorHandle,
    targets::{Targets, To},
};
use super::{body::Sent, draw::Draws, seat::Shared};
use crate::{events::Events, policy::mirror::Settings};

/// Puts mirrors beside services. See the [module docs](self).
pub struct MirrorLayer<T, K = Alone> {
    station: Shared<Station<T>>,
    kind: PhantomData<fn() -> K>,
}

/// A service with mirrors beside it. See the [module docs](self).
pub struct Mirror<S, T, K = Alone> {
    inner: S,
    /// None if nothing is ever copied.
    station: Option<Shared<Station<T>>>,
    kind: PhantomData<fn() -> K>,
}

/// It stands by itself: it gets any request, and makes its body one that is kept.
#[derive(Debug, Clone, Copy)]
pub struct Alone(());

/// It stands below retries: the bodies of its requests are kept already. See [`MirrorLayer::below_retries`].
#[derive(Debug, Clone, Copy)]
pub struct BelowRetries(());

impl<M> MirrorLayer<To<M>> {
    /// A mirror that gets as many copies as these settings say.
    #[must_use]
    pub fn new(settings: Settings, service: M) -> Self {
        Self::several([(settings, service)])
    }

    /// Several mirrors, each with settings of its own.
    #[must_use]
    pub fn several(mirrors: impl IntoIterator<Item = (Settings, M)>) -> Self {
        let (settings, services): (Vec<_>, Vec<_>) = mirrors.into_iter().unzip();
        Self::towards(To::new(services), settings)
    }
}

impl<T> MirrorLayer<T> {
    /// As many mirrors as there are settings, whose services are made when there is something to be copied.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use http::{Request, Response};
    /// use tower::{Layer, service_fn};
    /// use tower_mesh::{MirrorLayer, layer::mirror::Targets, policy::mirror::Settings};
    ///
    /// /// Sends every copy to where the original went: to see what a service does that gets everything twice.
    /// struct Twice;
    ///
    /// impl<S: Clone> Targets<S> for Twice {
    ///     type Service = S;
    ///
    ///     fn target(&self, _: usize, inner: &S) -> S {
    ///         inner.clone()
    ///     }
    /// }
    ///
    /// let service = MirrorLayer::towards(Twice, [Settings::default()])
    ///     .layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
    /// # let _ = service;
    /// ```
    #[must_use]
    pub fn towards(targets: T, settings: impl IntoIterator<Item = Settings>) -> Self {
        let station = Station::new(Arc::new(targets), settings, Draws::random());
        Self { station: Shared::new(station), kind: PhantomData }
    }

    /// The same below retries, or below another mirror: where requests come with a [`Sent`] body, which is then not made
    /// one again.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    /// use tower_mesh::{MirrorLayer, RetryLayer, layer::body::Sent, policy::{mirror, retry}};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let service = || service_fn(async |_: Request<Sent<Full<Bytes>>>| {
    ///     Ok::<_, Infallible>(Response::builder().status(503).body(Full::<Bytes>::default()).unwrap())
    /// });
    /// let layer = MirrorLayer::new(mirror::Settings::default(), service()).below_retries();
    /// let handle = layer.handle();
    /// let stack = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(retry::Settings::istio_default()))
    ///     .layer(layer)
    ///     .service(service());
    /// stack.oneshot(Request::new(Full::default())).await.unwrap();
    /// assert_eq!(handle.counts().copied, 1); // of three tries
    /// # }
    /// ```
    #[must_use]
    pub fn below_retries(self) -> MirrorLayer<T, BelowRetries> {
        MirrorLayer { station: self.station, kind: PhantomData }
    }
}

impl<T, K> MirrorLayer<T, K> {
    /// Draws from here, so that the same requests are copied under the same seed. It counts anew: to be said before
    /// anything else.
    ///
    /// Two layers that draw from the same source copy the same requests: give each [one of its own](Draws::of).
    #[must_use]
    pub fn drawing(self, draws: Draws) -> Self {
        let station = Station::new(Arc::clone(&self.station.targets), self.station.settings(), draws);
        Self { station: Shared::new(station), ..self }
    }

    /// Tells `events`, under this name, of each request that was to be copied and was not; and no longer whom it told
    /// before.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        let name = name.into();
        for account in self.station.accounts() {
            account.told.set(Arc::clone(&name), events);
        }
        self
    }

    /// To see from elsewhere what it did. It keeps no copies going.
    #[must_use]
    pub fn handle(&self) -> MirrorHandle {
        MirrorHandle::new(self.station.accounts().map(Arc::clone).collect())
    }
}

impl<S, T, K> Layer<S> for MirrorLayer<T, K> {
    type Service = Mirror<S, T, K>;

    fn layer(&self, inner: S) -> Mirror<S, T, K> {
        Mirror { inner, station: (!self.station.is_off()).then(|| self.station.clone()), kind: PhantomData }
    }
}

impl<S, T, B> Service<Request<B>> for Mirror<S, T, Alone>
where
    S: Service<Request<Sent<B>>>,
    T: Targets<S, Service: Receives<B>>,
    B: Body + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> S::Future {
        let mut request = request.map(Sent::through);
        self.mirror(&mut request);
        self.inner.call(request)
    }
}

impl<S, T, B> Service<Request<Sent<B>>> for Mirror<S, T, BelowRetries>
where
    S: Service<Request<Sent<B>>>,
    T: Targets<S, Service: Receives<B>>,
    B: Body + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<Sent<B>>) -> S::Future {
        self.mirror(&mut request);
        self.inner.call(request)
    }
}

impl<S, T, K> Mirror<S, T, K> {
    #[inline]
    fn mirror<B>(&self, request: &mut Request<Sent<B>>)
    where
        T: Targets<S, Service: Receives<B>>,
        B: Body + Send + 'static,
    {
        if let Some(station) = &self.station {
            station.mirror(&self.inner, request);
        }
    }
}

// ===== what derives would bind too tightly, or show too much =====

impl<T, K> Clone for MirrorLayer<T, K> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone(), kind: PhantomData }
    }
}

impl<S: Clone, T, K> Clone for Mirror<S, T, K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), station: self.station.clone(), kind: PhantomData }
    }
}

impl<T, K> fmt::Debug for MirrorLayer<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.station.settings().collect();
        f.debug_struct("MirrorLayer").field("settings", &settings).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, T, K> fmt::Debug for Mirror<S, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Option<Vec<_>> = self.station.as_ref().map(|station| station.settings().collect());
        f.debug_struct("Mirror")
            .field("inner", &self.inner)
            .field("settings", &settings)
            .finish_non_exhaustive()
    }
}
