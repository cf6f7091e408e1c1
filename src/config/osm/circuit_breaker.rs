//! The block `circuitBreaking`: when to stop asking a host, for how long, and what to say meanwhile.

use serde::{Deserialize, Serialize};

use super::TowerMesh;
use crate::config::{GoDuration, Ratio};

/// Thresholds within a window, and the reply while the circuit is open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CircuitBreaking {
    /// How long requests are counted before counting begins anew; default 30 s, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat_time_window: Option<GoDuration>,
    /// Requests in the window before its ratios are looked at (amounts do not wait); default 100, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_request_amount: Option<u32>,
    /// How long the circuit stays open; default 30 s, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded_time_window: Option<GoDuration>,
    /// From when on a response is slow; default 5 s, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_time_threshold: Option<GoDuration>,
    /// Slow responses that open the circuit; default: never, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_amount_threshold: Option<u32>,
    /// Share of slow responses that opens the circuit; default: never, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_ratio_threshold: Option<Ratio>,
    /// Errors that open the circuit; default: never, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_amount_threshold: Option<u32>,
    /// Share of errors that opens the circuit; default: never, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_ratio_threshold: Option<Ratio>,
    /// Status of the reply while open; default 409, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded_status_code: Option<i32>,
    /// Body of the reply while open; default `Coming soon ...`, an empty text means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded_response_content: Option<String>,
    /// What osm-edge cannot say; default: nothing beyond osm-edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tower_mesh: Option<TowerMesh>,
}
