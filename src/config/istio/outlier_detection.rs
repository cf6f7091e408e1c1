//! The block `outlierDetection`: when an endpoint is left out for a while.
//!
//! The block alone, `{}` too, is outlier detection with defaults. Two older forms are still around, and read: a flat
//! `consecutiveErrors`, and Istio 0.8's block `http`.

use serde::{Deserialize, Serialize};

use super::duration;
use crate::config::GoDuration;

/// When an endpoint is ejected, for how long, and how many may be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.OutlierDetection", rename_all = "camelCase")]
#[non_exhaustive]
pub struct OutlierDetection {
    /// 5xx answers one after another; absent: 5; 0: does not eject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_5xx_errors: Option<u32>,
    /// Answers 502, 503 and 504 one after another; 0 or absent: does not eject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_gateway_errors: Option<u32>,
    /// Failures to connect and the like one after another, if they are counted apart; 0 or absent: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_local_origin_failures: Option<u32>,
    /// Counts failures to connect and the like apart from what endpoints answer; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_external_local_origin_errors: Option<bool>,
    /// How often it is looked whose time is over; absent: 10 s.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub interval: Option<GoDuration>,
    /// How long the first ejection lasts; absent: 30 s.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub base_ejection_time: Option<GoDuration>,
    /// The percentage of endpoints that may be ejected at once; 0 or absent: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ejection_percent: Option<i32>,
    /// The percentage of healthy endpoints below which all are asked again; 0 or absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_health_percent: Option<i32>,
    /// Which statuses are errors, exactly these; default: every 5xx.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outlier_detection_http_error_codes: Vec<u32>,
    /// Errors one after another, as Istio spelled them before 1.5; since then it is read and means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_errors: Option<i32>,
    /// The whole block as Istio 0.8 spelled it, one level down; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpOutlierDetection>,
}

/// Outlier detection as Istio 0.8 spelled it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpOutlierDetection", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpOutlierDetection {
    /// 5xx answers one after another; absent: 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive_errors: Option<i32>,
    /// How often it is looked whose time is over; absent: 10 s.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub interval: Option<GoDuration>,
    /// How long the first ejection lasts; absent: 30 s.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub base_ejection_time: Option<GoDuration>,
    /// The percentage of endpoints that may be ejected at once; 0 or absent: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ejection_percent: Option<i32>,
}
