//! Service-mesh resilience as tower layers: the mesh's own YAML, no sidecar.
//!
//! A service mesh puts a proxy beside each service, to do to its requests what every service needs: stop calling an
//! upstream that fails, limit what is in flight, route, retry. This crate does it inside the process, as tower layers
//! around any service, configured by the mesh's own documents or in code, and tested in virtual time.
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, routing::get};
//! use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};
//!
//! let settings = Settings::builder().error_amount(100).open_for(Duration::from_secs(60)).build()?;
//! let app: Router = Router::new()
//!     .route("/productpage", get(async || "a page"))
//!     .layer(CircuitBreakerLayer::new(settings));
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! # The floors
//!
//! | floor | what is there | it knows |
//! |---|---|---|
//! | `mesh` | documents in, a client out: `Mesh` | every floor below |
//! | `config` | the documents as serde structs, with positions | nothing |
//! | [`layer`] | the tower layers: [`BalanceLayer`], [`CircuitBreakerLayer`], [`LimitsLayer`], [`RetryLayer`] and so on | `policy` |
//! | [`policy`] | pure decisions: time, chance and the thread in, a decision out | nothing |
//!
//! Beside the mesh stands `testing`: a scripted upstream, a load generator, a report.
//!
//! # Where to begin
//!
//! - A server: [`LimitsLayer`], [`TimeoutLayer`], [`CircuitBreakerLayer`]; the module of each says what to know.
//! - A client: `Mesh::from_yaml` and `Mesh::client`; or the same layers, with [`AnswerableLayer`] below them.
//! - Trying again: [`RetryLayer`]. Trying out what callers make of failures: [`FaultLayer`].
//! - Trying out a new version on the requests that the old one gets: [`MirrorLayer`].
//! - A service that is not HTTP: [`Plain`].
//! - Another answer than a refusal: [`FallbackLayer`].
//! - One of several services, by header, path or weight: [`RouterLayer`].
//! - One of several endpoints that come, go and fail: [`BalanceLayer`], [`Balance`], [`Endpoints`].
//! - A test: `testing`; or a policy alone, such as [`policy::circuit_breaker::Circuit`].

mod events;
pub mod layer;
pub mod policy;
mod refusal;
mod sync;

#[cfg(feature = "yaml")]
pub mod config;
#[cfg(feature = "yaml")]
pub mod mesh;
#[cfg(feature = "testing")]
pub mod testing;

pub use events::{Event, EventKind, EventStream, Events, Listening};
pub use layer::{
    answerable::AnswerableLayer,
    balance::{Balance, BalanceLayer, Endpoints},
    circuit_breaker::{CircuitBreakerHandle, CircuitBreakerLayer},
    fallback::FallbackLayer,
    fault::{FaultHandle, FaultLayer},
    limits::{InFlight, LimitsHandle, LimitsLayer},
    mirror::{MirrorHandle, MirrorLayer},
    protocol::{Http, Plain},
    retry::RetryLayer,
    route::RouterLayer,
    timeout::TimeoutLayer,
};
#[cfg(feature = "yaml")]
pub use mesh::Mesh;
pub use policy::balance::Endpoint;
pub use refusal::{Flags, Grpc, Reason, Refusal};

/// The README's examples, which are tests too.
#[cfg(all(doctest, feature = "yaml", feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// How to choose a breaker: its examples are tests too.
#[cfg(all(doctest, feature = "yaml", feature = "testing"))]
#[doc = include_str!("../docs/choosing-a-breaker.md")]
struct ChoosingABreaker;

/// Where a request goes: its examples are tests too.
#[cfg(all(doctest, feature = "yaml", feature = "testing"))]
#[doc = include_str!("../docs/routing.md")]
struct Routing;

/// Who answers a request: its examples are tests too.
#[cfg(all(doctest, feature = "yaml", feature = "testing"))]
#[doc = include_str!("../docs/balancing.md")]
struct Balancing;

/// What happens to one request: its examples are tests too.
#[cfg(all(doctest, feature = "yaml", feature = "testing"))]
#[doc = include_str!("../docs/one-request.md")]
struct OneRequest;
