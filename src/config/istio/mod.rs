//! `DestinationRule` and `VirtualService` of Istio, spelled.
//!
//! ```
//! use tower_mesh::config::{self, istio::VirtualService};
//!
//! let (rules, findings) = config::from_yaml::<VirtualService>("
//! hosts: [ratings]
//! http:
//! - fault: {delay: {percentage: {value: 100.0}, fixed_delay: 7s}}
//!   route: [{destination: {host: ratings, subset: v1}}]
//! ")?;
//! let delay = rules.http[0].fault.as_ref().and_then(|fault| fault.delay.as_ref()).unwrap();
//! assert_eq!(delay.fixed_delay.map(|delay| delay.to_string()), Some("7s".into()));
//! assert!(findings.is_empty());
//! # Ok::<(), config::Errors>(())
//! ```
//!
//! These are proto messages, and [`load`](super::load) and [`from_yaml`](super::from_yaml) read them as such: a field
//! may be spelled `camelCase` or, as the proto file has it, `snake_case` (if both are there, the first counts); an enum
//! may be a name or a number; an item of a list that is null is an empty one. A struct is named after the block it is
//! read from.
//!
//! Fields are options, because Istio tells "absent" from "zero" in some places; what each means stands at the field.
//! What is not applied yet is known all the same, as [`Unapplied`](super::Unapplied).

mod connection_pool;
mod destination_rule;
mod duration;
pub mod extension;
mod fault;
mod outlier_detection;
mod retries;
mod virtual_service;

pub use connection_pool::{
    ConnectionPool, H2UpgradePolicy, Http2KeepAlive, HttpSettings, TcpKeepalive, TcpSettings,
};
pub use destination_rule::{DestinationRule, PortSelector, PortTrafficPolicy, Subset, TrafficPolicy};
pub use duration::UnfitDuration;
pub use fault::{Abort, Delay, Fault, Percentage};
pub use outlier_detection::{HttpOutlierDetection, OutlierDetection};
pub use retries::{Retries, RetryBudget};
pub use virtual_service::{Destination, HttpRoute, RouteDestination, VirtualService};

/// The API group of both kinds.
pub(super) const GROUP: &str = "networking.istio.io";

/// Its versions, which all spell the same.
pub(super) const API_VERSIONS: [&str; 3] =
    ["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"];
