//! Gives another answer where a layer further in refused.
//!
//! A layer that protects an upstream refuses in words of its own: a 409, "Coming soon ...". What its callers can make use
//! of is another matter: the page of yesterday, an empty list, the service of another region. That is not for each of
//! these layers to know, and there are many. So they refuse, each with its [`Refusal`], and one layer above them all says
//! what is answered instead.
//!
//! ```
//! use axum::{Router, http::{Response, header::CONTENT_TYPE}, routing::get};
//! use tower_mesh::{CircuitBreakerLayer, FallbackLayer, policy::circuit_breaker::Settings};
//!
//! let empty = Response::builder().header(CONTENT_TYPE, "application/json").body("[]".into()).unwrap();
//! let app: Router = Router::new()
//!     .route("/reviews", get(async || "[...]"))
//!     .layer(CircuitBreakerLayer::new(Settings::builder().error_ratio(0.5).build()?))
//!     .layer(FallbackLayer::answer(empty)); // above: axum's last layer is the outermost
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! # Four kinds
//!
//! | | instead of the refusal | what it costs a request that is not refused |
//! |---|---|---|
//! | [`answer`](FallbackLayer::answer) | the same answer each time | a look at the answer's extensions, no allocation |
//! | [`with`](FallbackLayer::with) | what a function makes of the request's head and the refusal | a clone of the head |
//! | [`service`](FallbackLayer::service) | what a second service answers to the request | a clone of the head; if there is a body, an allocation and a lock that is free |
//! | [`instead`](FallbackLayer::instead) | what a function makes of the refusal, where there is no HTTP | a look at errors |
//!
//! The head must be cloned before the request is given on, since by the time of the answer it is gone.
//!
//! # What to know
//!
//! - **An answer of the upstream is left alone**, a 500 as well: only what carries a [`Refusal`] is replaced, and not
//!   what a route [answers](Reason::DirectAnswer) or where it redirects to. [`only`](FallbackLayer::only) says which of
//!   them.
//! - **The first two kinds hide nothing from the layers above.** Their answer is still a local one: it keeps the
//!   [`Refusal`], so that a breaker above does not take it for the upstream's health. It tells of the fallback by
//!   [`Flags::FB`], beside the flags that it had.
//! - **The second service's answer is an upstream's**: it has the flags, and not the first refusal. If the second
//!   service refuses in its turn, its own refusal is there and no [`Flags::FB`]: nothing has answered yet, and a fallback
//!   further out may.
//! - **The innermost fallback wins.** What has [`Flags::FB`] is left alone by those further out.
//! - **A body is read once.** The first service is lent it, and so is the second: see [`Lent`]. If the first has begun to
//!   read when it refuses, the refusal stands.
//! - **A gRPC call is answered by gRPC.** A [static answer](FallbackLayer::answer) is for callers who speak what it
//!   speaks: for gRPC calls if its `content-type` is `application/grpc`, else for all others. For the rest the refusal
//!   stands, which every caller can read. A function sees the request's head, and is taken at its word.
//! - **It must be able to answer**, as every layer: see [`AnswerableLayer`](crate::AnswerableLayer). The second service
//!   answers for itself, and needs only the same response and error as the first.

mod future;
mod instead;
mod lent;
mod local;
mod second;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, request};
use tower_layer::Layer;
use tower_service::Service;

use self::future::{Keeps, StandsIn};
pub use self::{
    future::ResponseFuture,
    instead::Instead,
    lent::Lent,
    local::{Answer, With},
    second::{Second, SecondFuture},
};
use super::{lane, observer::Observer, protocol::Reading, seat::Shared};
use crate::{
    events::{EventKind, Events},
    refusal::{Flags, Reason, Refusal},
};

/// Puts a fallback above services. See the [module docs](self).
pub struct FallbackLayer<K = Answer> {
    station: Shared<Station<K>>,
}

/// A service with a fallback. See the [module docs](self).
pub struct Fallback<S, K = Answer> {
    inner: S,
    station: Shared<Station<K>>,
}

/// What is answered instead, of which refusals, and who is told.
struct Station<K> {
    kind: Arc<K>,
    only: Option<Arc<Chosen>>,
    observer: Option<Observer>,
}

type Chosen = dyn Fn(&Refusal) -> bool + Send + Sync;

impl FallbackLayer {
    /// Answers with this status, these headers and this content.
    ///
    /// It is given a `content-length` unless it has one, or a `transfer-encoding`, or is for gRPC; and no content for a
    /// HEAD. With a status that has no content it is given neither. Whether it is for gRPC calls or for all others, its
    /// `content-type` tells.
    #[must_use]
    pub fn answer(template: Response<Bytes>) -> Self {
        Self::of(Answer::new(template))
    }
}

impl<F> FallbackLayer<With<F>> {
    /// Answers with what this function makes of the request's head and the refusal.
    ///
    /// ```
    /// use http::Response;
    /// use tower_mesh::FallbackLayer;
    ///
    /// let layer = FallbackLayer::with(|head, refusal| {
    ///     let page = format!("{} is not there: {}", head.uri.path(), refusal.reason());
    ///     Response::builder().status(503).body(page.into()).expect("a response")
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn with(answer: F) -> Self
    where
        F: Fn(&request::Parts, &Refusal) -> Response<Bytes> + Send + Sync,
    {
        Self::of(With::new(answer))
    }
}

impl<T> FallbackLayer<Second<T>> {
    /// Answers with what this service answers to the same request.
    ///
    /// It is kept once and shared, and each call that needs it takes a clone, which is readied and called in the
    /// answer's future. So it must be `Sync` for the futures to be `Send`: tower's `BoxCloneSyncService`, not
    /// `BoxCloneService`. Both services get the request with a [`Lent`] body.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_mesh::{CircuitBreakerLayer, FallbackLayer, policy::circuit_breaker::Settings};
    ///
    /// let archive = Router::new().fallback(async || "as of yesterday");
    /// let app: Router = Router::new()
    ///     .route("/reviews", get(async || "as of now"))
    ///     .layer(CircuitBreakerLayer::new(Settings::builder().error_ratio(0.5).build()?))
    ///     .layer(FallbackLayer::service(archive));
    /// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
    /// ```
    #[must_use]
    pub fn service(second: T) -> Self {
        Self::of(Second::new(second))
    }
}

impl<E, F> FallbackLayer<Instead<E, F>> {
    /// Over services that are not HTTP: ends with what this function makes of a refusal that is found in an error.
    ///
    /// If it makes another error with a refusal in it, a fallback further out may take that.
    ///
    /// ```
    /// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
    /// use tower_mesh::{CircuitBreakerLayer, FallbackLayer, Plain, policy::circuit_breaker::Settings};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let settings = Settings::builder().error_amount(1).build().unwrap();
    /// let service = ServiceBuilder::new()
    ///     .layer(FallbackLayer::instead(Plain.boxed(), |_| Ok(0)))
    ///     .layer(CircuitBreakerLayer::new(settings).over(Plain.boxed()))
    ///     .service(service_fn(async |_: ()| Err::<u32, BoxError>("broken".into())));
    ///
    /// assert_eq!(service.clone().oneshot(()).await.unwrap_err().to_string(), "broken");
    /// assert_eq!(service.clone().oneshot(()).await.unwrap(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn instead<Res>(protocol: Reading<E>, answer: F) -> Self
    where
        F: Fn(&Refusal) -> Result<Res, E> + Send + Sync,
    {
        Self::of(Instead::new(protocol, answer))
    }
}

impl<K> FallbackLayer<K> {
    fn of(kind: K) -> Self {
        Self { station: Shared::new(Station { kind: Arc::new(kind), only: None, observer: None }) }
    }

    /// Takes the place of these refusals only; others stand. What was said last counts.
    ///
    /// ```
    /// use http::Response;
    /// use tower_mesh::{FallbackLayer, Reason};
    ///
    /// let layer = FallbackLayer::answer(Response::new("as of yesterday".into()))
    ///     .only(|refusal| refusal.reason() == Reason::CircuitOpen);
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn only(self, chosen: impl Fn(&Refusal) -> bool + Send + Sync + 'static) -> Self {
        self.changed(|station| station.only = Some(Arc::new(chosen)))
    }

    /// Tells `events`, under this name, each time it takes a refusal's place; and no longer whom it told before.
    ///
    /// A second service's answer is not waited for: it is told when it is asked.
    #[must_use]
    pub fn told(self, name: impl Into<Arc<str>>, events: &Events) -> Self {
        let observer = Observer::new(name, events);
        self.changed(|station| station.observer = Some(observer))
    }

    /// A layer of its own, that differs in this.
    fn changed(self, change: impl FnOnce(&mut Station<K>)) -> Self {
        let Station { kind, only, observer } = &*self.station;
        let mut station = Station { kind: Arc::clone(kind), only: only.clone(), observer: observer.clone() };
        change(&mut station);
        Self { station: Shared::new(station) }
    }
}

impl<K> Station<K> {
    fn takes(&self, refusal: &Refusal) -> bool {
        // What a route answers by itself is no failure, but what its callers are to have.
        let by_default = || refusal.reason() != Reason::DirectAnswer;
        self.only.as_ref().map_or_else(by_default, |chosen| chosen(refusal))
    }

    fn tell(&self, reason: Reason) {
        if let Some(observer) = &self.observer {
            observer.tell(EventKind::FellBack(reason));
        }
    }
}

/// The refusal that stands in an answer: that nothing has taken the place of.
#[inline]
fn standing<B, E>(answer: &Result<Response<B>, E>) -> Option<&Refusal> {
    let extensions = answer.as_ref().ok()?.extensions();
    let refusal = extensions.get::<Refusal>()?;
    let answered = extensions.get::<Flags>().is_some_and(|flags| flags.contains(Flags::FB));
    (!answered).then_some(refusal)
}

impl<S, K> Layer<S> for FallbackLayer<K> {
    type Service = Fallback<S, K>;

    fn layer(&self, inner: S) -> Fallback<S, K> {
        Fallback { inner, station: self.station.clone() }
    }
}

impl<S, K, Req> Service<Req> for Fallback<S, K>
where
    S: Service<Req>,
    K: Keeps<Req> + StandsIn<K::Kept, S::Response, S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, K, K::Kept>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let station = self.station.moved_to(lane::here());
        let kept = K::keep(&request);
        ResponseFuture::new(self.inner.call(request), station, kept)
    }
}

impl<S, T, B, Res> Service<Request<B>> for Fallback<S, Second<T>>
where
    S: Service<Request<Lent<B>>, Response = Response<Res>>,
    T: Service<Request<Lent<B>>, Response = Response<Res>, Error = S::Error> + Clone,
    B: http_body::Body,
{
    type Response = Response<Res>;
    type Error = S::Error;
    type Future = SecondFuture<S::Future, T, T::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let station = self.station.moved_to(lane::here());
        let (head, body) = request.into_parts();
        let (lent, spare) = lent::lend(body);
        let kept = (head.clone(), spare);
        SecondFuture::new(self.inner.call(Request::from_parts(head, lent)), station, kept)
    }
}

// ===== what derives would bind too tightly =====

impl<K> Clone for FallbackLayer<K> {
    fn clone(&self) -> Self {
        Self { station: self.station.clone() }
    }
}

impl<S: Clone, K> Clone for Fallback<S, K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), station: self.station.clone() }
    }
}

impl<K: fmt::Debug> fmt::Debug for FallbackLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer").field("kind", &self.station.kind).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, K: fmt::Debug> fmt::Debug for Fallback<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback")
            .field("inner", &self.inner)
            .field("kind", &self.station.kind)
            .finish_non_exhaustive()
    }
}
