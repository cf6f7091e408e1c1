//! The blocks `towerMesh` inside Istio's own: what Istio cannot say.
//!
//! They have the crate's name, so that nobody takes them for Istio's. A field that is absent leaves Istio's behaviour.
//!
//! ```
//! use tower_mesh::config::{self, istio::{Fault, Retries, extension::Methods}};
//!
//! let (fault, findings) = config::from_yaml::<Fault>("
//! delay: {percentage: {value: 50}, fixedDelay: 5s}
//! abort: {percentage: {value: 50}, httpStatus: 503}
//! towerMesh: {exclusive: true}
//! ")?;
//! assert_eq!(fault.tower_mesh.unwrap().exclusive, Some(true));
//! assert!(findings.is_empty());
//!
//! let (retries, _) = config::from_yaml::<Retries>("{attempts: 2, towerMesh: {methods: safe}}")?;
//! assert_eq!(retries.tower_mesh.unwrap().methods, Some(Methods::Safe));
//! # Ok::<(), config::Errors>(())
//! ```

use serde::{Deserialize, Serialize};

use super::duration;
use crate::config::GoDuration;

/// What `connectionPool` can do beyond Istio's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ConnectionPoolTowerMesh", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionPoolTowerMesh {
    /// Whose limits these are; absent: the whole cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// Whose limits are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scope {
    /// All endpoints share them, as Istio has it.
    Cluster,
    /// Each endpoint has them for itself.
    Endpoint,
}

/// What `retries` can do beyond Istio's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RetriesTowerMesh", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetriesTowerMesh {
    /// Which requests are tried again; absent: all, as Istio has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Methods>,
    /// Waits as long as an answer's `retry-after` or gRPC's push-back says, up to so long; absent: looks at none.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub honour_retry_after: Option<GoDuration>,
    /// Bytes of a request's body that are kept to be sent again; one that is larger goes out once. Absent: the layer's
    /// own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<u64>,
    /// Lets a try that exceeds `perTryTimeout` run on beside the next, and takes the first good answer; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedging: Option<bool>,
}

/// Which requests are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Methods {
    /// All, as the mesh does.
    All,
    /// Those whose method changes nothing.
    Safe,
}

/// What `fault` can do beyond Istio's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.FaultTowerMesh", rename_all = "camelCase")]
#[non_exhaustive]
pub struct FaultTowerMesh {
    /// Draws once for both, so that no request meets a delay and an abort; absent: draws for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<bool>,
    /// Faults under way at once, beyond which requests pass; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_active: Option<u32>,
    /// Lets requests ask for faults by their headers `x-envoy-fault-…`; absent: they are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_headers: Option<bool>,
}
