//! Sends each request to one of several endpoints, and leaves those out for a while that fail.
//!
//! A service has several instances, which come and go; one of them may answer badly while the others are well. Whoever
//! calls it has to know who there is, to spread requests over them, to find out by the answers who is ill, and to ask him
//! again later. tower's own balancer does the first half, and cannot be cloned; a sidecar does it all. So does this: it is
//! cloned like any service, picks in `call`, counts what is in flight to an endpoint until the body has ended, and ejects
//! as Envoy does.
//!
//! ```
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceExt, service_fn};
//! use tower_mesh::{Balance, Endpoint, Endpoints};
//! use tower_mesh::policy::{balance::Settings, outlier};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoints = Endpoints::new(["10.0.0.1:80".parse::<Endpoint>()?, "10.0.0.2:80".parse()?]);
//! let outlier = outlier::Settings::builder().consecutive_5xx(1).max_ejection_percent(50).build()?;
//! let settings = Settings::builder().ejecting(outlier).build()?;
//! // Each endpoint is a service of its own: the first one is ill.
//! let balance = Balance::new(settings, &endpoints, |endpoint: &Endpoint| {
//!     let status = if endpoint.address().host() == Some("10.0.0.1") { 500 } else { 200 };
//!     service_fn(move |_: Request<String>| async move {
//!         let response = Response::builder().status(status).body(Full::<Bytes>::default());
//!         Ok::<_, Infallible>(response.expect("a response"))
//!     })
//! });
//!
//! let mut failed = 0;
//! for _ in 0..100 {
//!     let response = balance.clone().oneshot(Request::new(String::new())).await?;
//!     failed += u32::from(response.status() == 500);
//! }
//! assert_eq!(failed, 1); // then it was ejected, for 30 s
//! assert!(!balance.handle().status()[0].is_healthy());
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! - **Two forms**: [`Balance`] has a service for each endpoint, made by a function when the endpoint comes; a
//!   [`BalanceLayer`] stands before one client for all, and sets the authority of a request's URI. The `host` header keeps
//!   what the caller named.
//! - **The set may change at any time**, from any task: see [`Endpoints`]. Who stays keeps what is known of him.
//! - **Nobody is polled to be ready.** A clone of the one that is picked is readied for its one request.
//! - **In flight is until the body has ended**: so a slow download counts. A body that breaks off is a failure.
//! - **Retries go elsewhere**: a [`RetryLayer`](crate::RetryLayer) above, with
//!   [`avoid_previous_hosts`](crate::policy::retry::SettingsBuilder::avoid_previous_hosts), tells whom it has tried. That
//!   works if nothing between the two is polled on a task of its own.
//! - **A call that is given up** says nothing of the endpoint, unless it was one of our timeouts that gave it up.
//! - **What our own layers refuse** counts for nobody.
//! - **All ejected** is `503 no healthy upstream`, unless a
//!   [panic percentage](crate::policy::balance::SettingsBuilder::panic_percent) is set.
//! - **Nothing runs by itself**: whose time is over comes back with the first request after that.
//! - **What meets**: requests to one endpoint share its counts. ROUND_ROBIN shares a number, and weights, where they
//!   differ, a lock: that is the price of exact shares.

mod discover;
mod each;
mod endpoints;
mod future;
mod handle;
mod lead;
mod member;
mod picture;
mod resolve;
mod roster;
mod shared;
mod station;
mod task;

use std::net::IpAddr;

pub use self::{
    each::Balance,
    endpoints::Endpoints,
    future::ResponseFuture,
    handle::{BalanceHandle, EndpointStatus},
    lead::SocketPath,
    member::InFlight,
    resolve::{Resolve, Resolved, SystemResolver, Take},
    shared::{BalanceLayer, Balanced},
    task::Updating,
};
#[cfg(feature = "yaml")]
pub(crate) use self::{
    future::{ended, nobody},
    lead::{lead, lead_to},
    member::{Member, UnderWay},
    resolve::{Changed, NamedSet, keep_resolved},
    station::{Picked, Source, Station, Whom},
};

/// Where a caller is, in the extensions of its request: for those who hash by the source address. Whoever serves the
/// caller puts it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller(pub IpAddr);
