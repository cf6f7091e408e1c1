//! Sends requests where routes say: to one of several services, by host, path, headers, and chance.
//!
//! A new version is tried out by sending it the requests of one user, or a tenth of all; an old path is sent to another
//! service. In a mesh that is a document; this is the same as a layer, for a router or a client that is composed by
//! hand. What is written down are [routes](crate::policy::route), not code, so that they can be listed and tested.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//! use tower_mesh::{RouterLayer, policy::route::{Condition, Route, RouteTable, Rule, TextMatch}};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let next = Router::new().route("/reviews", get(async || "reviews with stars"));
//!
//! // Jason sees the next version.
//! let jason = Condition::new().header("end-user", TextMatch::exact("jason"))?;
//! let table = RouteTable::new([Rule::when(jason, Route::to(0))]);
//!
//! let app: Router = Router::new()
//!     .route("/reviews", get(async || "reviews"))
//!     .layer(RouterLayer::new(table, [next])?);
//!
//! let asked = Request::get("/reviews").header("end-user", "jason").body(Body::empty())?;
//! let answer = axum::body::to_bytes(app.oneshot(asked).await?.into_body(), 100).await?;
//! assert_eq!(answer, "reviews with stars");
//! # Ok(()) }
//! ```
//!
//! # Two forms
//!
//! | | what no rule takes |
//! |---|---|
//! | a [`RouterLayer`] around a service | goes to that service |
//! | a [`Router`] alone | is answered 404, with the flag [`NR`](crate::Flags::NR) |
//!
//! # What to know
//!
//! - **A destination is a number**: the place of its service in an array, a `Vec` or a tuple. A tuple has services of
//!   different types, without a box; see [`Destinations`]. A route to a number that is not there is an error when the
//!   router is made.
//! - **One draw is made for each request** that goes to one of several by weight. With a
//!   [seed](RouterLayer::drawing) the same requests go the same ways, each known by its place in the order of calls.
//! - **Nothing is reserved for those who are not called.** The service that is picked is cloned, and the clone is called
//!   if it is ready; if not, the answer's future waits for it, and nobody else does. A router alone is always ready. The
//!   service that a layer is put around is readied as usual, and given back, by a clone in its place, when the request
//!   goes elsewhere.
//! - **Headers are changed as the mesh does it**: where there are several destinations first as that of the one that was
//!   drawn says, then as the route says. The answer's headers likewise, whoever gave it.
//! - **An authority that is rewritten** is put into the `host` header, and into the URI too if that has one.
//! - **Redirects and direct answers carry a [`Refusal`](crate::Refusal)** for [`DirectAnswer`](crate::Reason), without a
//!   flag, and reach nobody. A gRPC caller gets a trailers-only answer, as from every layer.
//! - **The state lives in the layer**: what it leads to, and the order of calls. A clone is the same.

pub(crate) mod change;
mod destinations;
mod future;
mod picked;
mod station;

use std::{
    fmt,
    future::Pending,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use self::station::{Station, untaken};
pub use self::{
    destinations::{Destinations, OneOf2, OneOf3, OneOf4, OneOf5, OneOf6, Several},
    future::ResponseFuture,
    picked::Picked,
};
use super::{
    draw::Draws,
    later::give_back,
    protocol::{Answers, Http, Protocol, Reads},
    seat::Shared,
};
use crate::policy::route::{RouteTable, SettingsError};

/// Sends what routes take to other services than the one it is put around. See the [module docs](self).
pub struct RouterLayer<D, P = Http> {
    station: Shared<Station<D>>,
    protocol: P,
}

/// Sends requests to services by routes. See the [module docs](self).
pub struct Router<D, P = Http> {
    station: Shared<Station<D>>,
    protocol: P,
}

/// A service beside which others are called, by routes. See the [module docs](self).
pub struct Routed<S, D, P = Http> {
    inner: S,
    station: Shared<Station<D>>,
    protocol: P,
}

fn station<D: Several>(
    table: RouteTable<usize>,
    destinations: D,
) -> Result<Shared<Station<D>>, SettingsError> {
    table.lead_to(destinations.count())?;
    Ok(Shared::new(Station::new(table, destinations)))
}

impl<D: Several> RouterLayer<D> {
    /// Sends what these routes take to these services.
    ///
    /// # Errors
    ///
    /// A route leads to one that is not there.
    pub fn new(table: RouteTable<usize>, destinations: D) -> Result<Self, SettingsError> {
        Ok(Self { station: station(table, destinations)?, protocol: Http })
    }
}

impl<D: Several> Router<D> {
    /// Sends what these routes take to these services, and answers what they do not.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use tower::{BoxError, ServiceExt, service_fn};
    /// use tower_mesh::{layer::route::Router, policy::route::{Leg, Route, RouteTable, Rule}};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let v1 = service_fn(async |_: Request<()>| Ok::<_, BoxError>(Response::new(Full::<Bytes>::from("v1"))));
    /// let v2 = service_fn(async |_: Request<()>| Ok::<_, BoxError>(Response::new(Full::<Bytes>::from("v2"))));
    ///
    /// let halves = Route::split([Leg::to(0).weighing(50), Leg::to(1).weighing(50)])?;
    /// let table = RouteTable::by_host().host("reviews".parse()?, [Rule::always(halves)]);
    /// let client = Router::new(table, (v1, v2))?;
    ///
    /// assert_eq!(client.clone().oneshot(Request::get("http://reviews/").body(())?).await?.status(), 200);
    /// assert_eq!(client.oneshot(Request::get("http://ratings/").body(())?).await?.status(), 404);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A route leads to one that is not there.
    pub fn new(table: RouteTable<usize>, destinations: D) -> Result<Self, SettingsError> {
        Ok(Self { station: station(table, destinations)?, protocol: Http })
    }
}

/// What both have.
macro_rules! said {
    ($router:ident) => {
        impl<D, P> $router<D, P> {
            /// The same routes over another protocol, by which the router's own answers are written.
            #[must_use]
            pub fn over<Q: Protocol>(self, protocol: Q) -> $router<D, Q> {
                $router { station: self.station, protocol }
            }

            /// Draws from here, so that the same requests go the same ways under the same seed. It counts anew: to be
            /// said before anything else.
            ///
            /// Two routers that draw from the same source have the same luck: give each [one of its own](Draws::of).
            #[must_use]
            pub fn drawing(self, draws: Draws) -> Self {
                Self { station: Shared::new(self.station.drawing(draws)), ..self }
            }
        }

        impl<D, P: Clone> Clone for $router<D, P> {
            fn clone(&self) -> Self {
                Self { station: self.station.clone(), protocol: self.protocol.clone() }
            }
        }

        impl<D, P: fmt::Debug> fmt::Debug for $router<D, P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($router))
                    .field("station", &*self.station)
                    .field("protocol", &self.protocol)
                    .finish_non_exhaustive()
            }
        }
    };
}

said!(RouterLayer);
said!(Router);

impl<S, D, P: Clone> Layer<S> for RouterLayer<D, P> {
    type Service = Routed<S, D, P>;

    fn layer(&self, inner: S) -> Routed<S, D, P> {
        Routed { inner, station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<D, P, B, R> Service<Request<B>> for Router<D, P>
where
    D: Destinations<Request<B>, Response = Response<R>>,
    P: Protocol + Reads<Request<B>> + Answers<P::Memo, Response<R>, D::Error>,
{
    type Response = Response<R>;
    type Error = D::Error;
    type Future = ResponseFuture<D::Future, Pending<Result<Response<R>, D::Error>>, D>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), D::Error>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(taken) = self.station.find(&request) else {
            return ResponseFuture::answered(untaken(&request, &self.protocol));
        };
        self.station.follow(&taken, request, &self.protocol)
    }
}

impl<S, D, P, B, R> Service<Request<B>> for Routed<S, D, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    D: Destinations<Request<B>, Response = Response<R>, Error = S::Error>,
    P: Protocol + Reads<Request<B>> + Answers<P::Memo, Response<R>, S::Error>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<D::Future, S::Future, D>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(taken) = self.station.find(&request) else {
            return ResponseFuture::passed(self.inner.call(request));
        };
        // The place that the inner service may have kept must not be kept for the length of another's call.
        if taken.goes_on() {
            give_back(&mut self.inner);
        }
        self.station.follow(&taken, request, &self.protocol)
    }
}

impl<S: Clone, D, P: Clone> Clone for Routed<S, D, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), station: self.station.clone(), protocol: self.protocol.clone() }
    }
}

impl<S: fmt::Debug, D, P> fmt::Debug for Routed<S, D, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed")
            .field("inner", &self.inner)
            .field("station", &*self.station)
            .finish_non_exhaustive()
    }
}
