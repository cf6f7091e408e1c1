//! The mesh's own YAML, spelled as serde structs with exact positions.
//!
//! A policy that is nearly right is worse than one that is wrong, because it loads. So everything here knows its line
//! and column: an error shows the line and says what would be accepted, a field nobody knows becomes a [`Finding`], and
//! the floor above can ask a [`Document`] where any valid value stands, to point at it too.
//!
//! ```
//! let text = "
//! apiVersion: policy.openservicemesh.io/v1alpha1
//! kind: UpstreamTrafficSetting
//! spec:
//!   host: fortio.demo.svc.cluster.local
//!   connectionSettings: {http: {circuitBreaking: {statTimeWindow: 60}}}
//! ";
//! let errors = tower_mesh::config::load(text, Some("policy.yaml")).unwrap_err();
//! assert_eq!(errors.to_string(), "\
//! error: `statTimeWindow` must be a duration such as `1m` or `200ms`, found the number 60
//!   --> policy.yaml:6:65, spec.connectionSettings.http.circuitBreaking.statTimeWindow
//!    |
//!  6 |   connectionSettings: {http: {circuitBreaking: {statTimeWindow: 60}}}
//!    |                                                                 ^^
//!    = hint: write `60s`");
//! ```
//!
//! This floor only spells. What a setting means, and whether it makes sense, is said elsewhere. The structs of
//! [`istio`] and [`osm`] derive serde's traits plainly, so they can stand in a configuration of one's own, in any
//! format.

mod access;
mod cut;
mod de;
mod document;
mod duration;
mod envelope;
mod error;
mod failure;
mod finding;
mod hint;
pub mod istio;
pub mod k8s;
mod kind;
mod load;
pub mod osm;
mod paste;
mod path;
mod proto;
mod ratio;
mod snippet;
mod source;
pub mod tree;
mod unapplied;
mod unknown;
mod yaml;

pub use document::{Document, Resource};
pub use duration::{GoDuration, InvalidDuration};
pub use error::{Error, Errors};
pub use finding::{Finding, FindingKind};
pub use k8s::Metadata;
pub use load::{from_file, from_yaml, load};
pub use ratio::Ratio;
pub use source::{Location, Position, Source};
pub use unapplied::Unapplied;
pub(crate) use unknown::{listed, nearest};
