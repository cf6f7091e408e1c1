//! The block `fault` of a route: delays and failures that are made up, to see what callers make of them.

use serde::{Deserialize, Serialize};

use super::{duration, extension::FaultTowerMesh};
use crate::config::{GoDuration, Unapplied};

/// Delays and failures; each is drawn for itself, so a request may meet both.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Fault", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Fault {
    /// Delays requests; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// Answers requests with a failure, without asking an endpoint; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort: Option<Abort>,
    /// What Istio cannot say; absent: nothing beyond Istio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tower_mesh: Option<FaultTowerMesh>,
}

/// A delay before a request goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Delay", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delay {
    /// The share of requests; absent: as `percent` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<Percentage>,
    /// The share in whole percent, as it used to be spelled; absent, as `percentage` is: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<i32>,
    /// How long; must be there.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub fixed_delay: Option<GoDuration>,
    /// A delay of random length; Istio knows the field and refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponential_delay: Option<Unapplied>,
}

/// A failure that is answered without asking an endpoint; one of the three kinds must be there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Abort", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Abort {
    /// The share of requests; absent: as `percent` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<Percentage>,
    /// The share in whole percent, as it used to be spelled; absent, as `percentage` is: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<i32>,
    /// The status of the answer, 200 to 600; absent: see the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<i32>,
    /// The gRPC status of the answer by name, such as `UNAVAILABLE`; absent: see the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_status: Option<String>,
    /// An error of the HTTP/2 stream; Istio knows the field and refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http2_error: Option<String>,
}

/// A share in percent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Percentage", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Percentage {
    /// From 0 to 100, in steps of 0.0001; absent: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}
