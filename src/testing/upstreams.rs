//! Several upstreams behind one client.
//!
//! A policy that says where requests go shows nothing before one upstream, which answers them all. Here each has its
//! host, its port and its labels, as the pods of a service have; a request reaches those that it was led to, one of
//! them by chance if there are several, and is refused where there is nobody.
//!
//! ```
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_mesh::{layer::cluster::Cluster, testing::{Echo, Load, Upstreams}};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let upstreams = Upstreams::new()
//!     .at("reviews:9080", [("version", "v1")], Echo::new())
//!     .at("reviews:9080", [("version", "v2")], Echo::new().status(503))
//!     .host("ratings:9080", Echo::new())
//!     .seed(7);
//!
//! // The client of a mesh would lead a request so, if a rule sent it to the subset v2.
//! let v2 = Cluster::new("reviews.default.svc.cluster.local", 9080).subset("v2", [("version", "v2")]);
//! let request = Request::get("http://reviews.default.svc.cluster.local:9080/0").extension(v2);
//! assert_eq!(upstreams.clone().oneshot(request.body(String::new())?).await?.status(), 503);
//!
//! // Led nowhere, it reaches any version.
//! let before = upstreams.seen();
//! let load = Load::workers(1).requests(100).uri("http://reviews:9080/0");
//! let report = load.run(upstreams.clone()).await.with_upstreams(&upstreams.seen().since(&before));
//! assert_eq!(report.count(503), report.upstreams["reviews:9080 version=v2"]["503"]);
//! assert!((30.0..70.0).contains(&report.share("reviews:9080 version=v2")));
//!
//! // Nobody is there at another port.
//! let request = Request::get("http://reviews:9081/0").body(String::new())?;
//! assert_eq!(upstreams.clone().oneshot(request).await.unwrap_err().to_string(), "connection refused");
//! assert_eq!(upstreams.seen().missed["reviews:9081"], 1);
//! # Ok(()) }
//! ```
//!
//! # What to know
//!
//! - **A host has several names**: `reviews`, `reviews.bookinfo` and so on up to `reviews.bookinfo.svc.cluster.local` are
//!   one to a client in the namespace `bookinfo`, which [`in_namespace`](Upstreams::in_namespace) says. A name of more
//!   labels that is no service's, `api.example.com`, stands for itself.
//! - **Labels matter to those who are led by labels**: a request whose [`Cluster`](crate::layer::cluster::Cluster) asks
//!   for some reaches no upstream that lacks one of them; a request without reaches all of the host.
//! - **Each has an address too**: one that it was [given](Upstream::address), or else `10.0.1.2:9080` for the second at the
//!   first host. A request for an address reaches who is there, whatever its labels: a balancer picked it among the
//!   [endpoints](Upstreams::endpoints).
//! - **They have one time**: what they do [from a moment on](super::echo#timelines) they do at the same moments.
//! - **Each of several is picked about as often**, whatever the others do; a rule's weights are the business of the mesh.

mod addresses;
mod names;
mod pick;
mod seen;
mod service;
mod text;
mod upstream;

use std::{fmt, sync::Arc};

use self::pick::Set;
use super::Echo;
use crate::policy::balance::Endpoint;

pub use self::{seen::UpstreamsSeen, service::UpstreamsFuture, text::UpstreamError, upstream::Upstream};

/// Scripted upstreams, each at a host, as one service: see the [module docs](self).
///
/// A clone is the same upstreams. Telling them something more makes others, which draw from the beginning, have missed
/// nobody yet and whose time has not begun; what an [`Echo`] has seen stays its own, wherever it stands.
#[derive(Clone, Default)]
pub struct Upstreams(Arc<Set>);

impl Upstreams {
    /// None: every request is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an upstream with labels at `HOST` or `HOST:PORT`; without a port it is at every one. There may be several at
    /// one place, with the same labels too.
    ///
    /// # Panics
    ///
    /// On a text that is no such place.
    #[must_use]
    #[track_caller]
    pub fn at<N: Into<String>, V: Into<String>>(
        self,
        place: &str,
        labels: impl IntoIterator<Item = (N, V)>,
        echo: Echo,
    ) -> Self {
        self.with(Upstream::new(place, labels, echo))
    }

    /// Adds an upstream without labels, [`at`](Self::at) a place.
    ///
    /// # Panics
    ///
    /// On a text that is no such place.
    #[must_use]
    #[track_caller]
    pub fn host(self, place: &str, echo: Echo) -> Self {
        self.at(place, [("", ""); 0], echo)
    }

    /// Adds an upstream.
    #[must_use]
    pub fn with(self, upstream: Upstream) -> Self {
        self.told(|set| set.upstreams.push(upstream))
    }

    /// Has this one answer what fits no other, rather than that being refused. It is called by its own name.
    #[must_use]
    pub fn otherwise(self, echo: Echo) -> Self {
        self.told(|set| set.others = Some(echo))
    }

    /// The client's own namespace, in which `reviews` is looked for: by default `default`.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        self.told(|set| set.home.namespace = namespace.to_ascii_lowercase())
    }

    /// What full names of services end in: by default `cluster.local`.
    #[must_use]
    pub fn cluster_domain(self, domain: &str) -> Self {
        self.told(|set| set.home.domain = domain.to_ascii_lowercase())
    }

    /// Makes chance repeat: which of several is picked, and what befalls the upstreams that have no seed of their own.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.told(|set| set.seed = Some(seed))
    }

    /// What each has seen so far, by its name, such as `reviews:9080 version=v2`, and who was looked for and not there.
    ///
    /// Where several are at the same place with the same labels, they are numbered from the second on:
    /// `reviews:9080 version=v2 #2`.
    #[must_use]
    pub fn seen(&self) -> UpstreamsSeen {
        self.0.seen()
    }

    /// Begins their time now, whether or not it had begun: see [timelines](super::echo#timelines).
    pub fn start(&self) {
        self.0.start();
    }

    /// Them all as a mesh knows endpoints: the host as it was named, the port unless it is at every one, and its
    /// address, labels, locality, weight and network.
    ///
    /// ```
    /// use tower_mesh::testing::{Echo, Upstreams, upstreams::Upstream};
    ///
    /// let v2 = Upstream::new("reviews:9080", [("version", "v2")], Echo::new()).locality("r1/z1").weight(3);
    /// let endpoints = Upstreams::new().host("reviews:9080", Echo::new()).with(v2).endpoints();
    /// let (host, port, endpoint) = &endpoints[1];
    /// assert_eq!((host.as_str(), *port), ("reviews", Some(9080)));
    /// assert_eq!(endpoint.address().to_string(), "10.0.1.2:9080");
    /// assert_eq!((endpoint.in_locality().zone(), endpoint.weighs()), ("z1", 3));
    /// ```
    #[must_use]
    pub fn endpoints(&self) -> Vec<(String, Option<u16>, Endpoint)> {
        self.0.endpoints()
    }

    fn told(mut self, tell: impl FnOnce(&mut Set)) -> Self {
        tell(Arc::make_mut(&mut self.0).unsettled());
        self
    }
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
