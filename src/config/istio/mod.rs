//! Istio's documents that say where requests go, how they are treated and who answers them, spelled: `VirtualService`,
//! `DestinationRule`, `Gateway`, `ServiceEntry`, `WorkloadEntry` and `WorkloadGroup`.
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
//! may be a name or a number; an item of a list that is null is an empty one, and so is a value of a free mapping such
//! as `headers: {x: null}`. A struct is named after the block it is read from.
//!
//! Fields are options, because Istio tells "absent" from "zero" in some places; what each means stands at the field.
//! What is not applied yet is known all the same, as [`Unapplied`](super::Unapplied).

mod actions;
mod connection_pool;
mod consistent_hash;
mod cors;
mod destination_rule;
mod duration;
pub mod extension;
mod fault;
mod gateway;
mod headers;
mod http_match;
mod http_route;
mod l4;
mod load_balancer;
mod locality;
mod outlier_detection;
mod retries;
mod service_entry;
mod virtual_service;
mod workloads;

pub use actions::{
    Delegate, DerivePort, DirectBody, DirectResponse, Mirror, Redirect, RegexRewrite, Rewrite,
};
pub use connection_pool::{
    ConnectionPool, H2UpgradePolicy, Http2KeepAlive, HttpSettings, TcpKeepalive, TcpSettings,
};
pub use consistent_hash::{ConsistentHash, CookieAttribute, HttpCookie, Maglev, RingHash};
pub use cors::{CorsPolicy, UnmatchedPreflights};
pub use destination_rule::{
    DestinationRule, PortSelector, PortTrafficPolicy, Subset, TrafficPolicy, WorkloadSelector,
};
pub use duration::UnfitDuration;
pub use fault::{Abort, Delay, Fault, Percentage};
pub use gateway::{Gateway, GatewayPort, Server};
pub use headers::{HeaderOperations, Headers};
pub use http_match::{HttpMatch, StringMatch};
pub use http_route::{Destination, HttpRoute, RouteDestination};
pub use l4::{L4Match, TcpRoute, TlsMatch, TlsRoute};
pub use load_balancer::{LoadBalancer, SimpleLoadBalancer, Warmup};
pub use locality::{Distribute, Failover, LocalityLbSetting, ZoneAwareLbSetting};
pub use outlier_detection::{HttpOutlierDetection, OutlierDetection};
pub use retries::{Retries, RetryBudget};
pub use service_entry::{EntrySelector, Location, Resolution, ServiceEntry, ServiceEntryPort};
pub use virtual_service::VirtualService;
pub use workloads::{GroupMetadata, WorkloadEntry, WorkloadGroup};

/// The API group of these kinds.
pub(super) const GROUP: &str = "networking.istio.io";

/// Its versions, which all spell the same.
pub(super) const API_VERSIONS: [&str; 3] =
    ["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"];
