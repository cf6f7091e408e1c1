//! `UpstreamTrafficSetting` and `Retry` of osm-edge and its successor FSM, spelled.
//!
//! ```
//! use tower_mesh::config::{self, osm};
//!
//! let (breaker, findings) = config::from_yaml::<osm::CircuitBreaking>("{statTimeWindow: 1m, errorRatioThreshold: 0.10}")?;
//! assert_eq!(breaker.error_ratio_threshold.map(|ratio| ratio.get()), Some(0.1));
//! assert!(findings.is_empty());
//! # Ok::<(), config::Errors>(())
//! ```
//!
//! Fields are options because the mesh tells "absent" from "zero" in few places but not in none; where zero means the
//! same as absent, the field says so. A field that is `null` is absent. FSM requires more fields than osm-edge does;
//! here its missing fields are simply absent, because the defaults serve both.

mod circuit_breaker;
mod connection_settings;
pub mod extension;
mod rate_limit;
mod retry;
mod upstream_traffic_setting;

pub use circuit_breaker::CircuitBreaking;
pub use connection_settings::{ConnectionSettings, HttpConnectionSettings, TcpConnectionSettings};
pub use extension::TowerMesh;
pub use rate_limit::{
    HeaderValue, HttpHeaderRule, HttpLocalRateLimit, HttpRoute, LocalRateLimit, PerRouteRateLimit, RateLimit,
    TcpLocalRateLimit, Unit,
};
pub use retry::{Retry, RetryEnd, RetryPolicy};
pub use upstream_traffic_setting::{Group, UpstreamTrafficSetting};
