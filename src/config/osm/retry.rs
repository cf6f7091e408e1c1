//! The `spec` of a `Retry`: whose requests to which services are tried again.

use serde::{Deserialize, Serialize};

use crate::config::GoDuration;

/// Retries between a service account and some services.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Retry {
    /// Whose requests: a `ServiceAccount`; absent: anybody's, although the schema requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RetryEnd>,
    /// To whom: of kind `Service`, others are passed over; default: nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<RetryEnd>,
    /// When and how often; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
}

/// An end of a `Retry`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetryEnd {
    /// `ServiceAccount` for a source, `Service` for a destination; required.
    pub kind: String,
    /// Its name; required.
    pub name: String,
    /// Its namespace; required in the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// When a request is tried again, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Statuses such as `503` and classes such as `5xx`, with commas between; an empty text or absent: `5xx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<String>,
    /// How long one try may take; osm-edge reads it and does not apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<GoDuration>,
    /// Tries after the first; 0 or absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_retries: Option<u32>,
    /// How long to wait before the first retry, twice as long before each further one, up to ten times as long; 0 or
    /// absent: not at all. osm-edge takes what is longer than 1 s for 1 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_backoff_base_interval: Option<GoDuration>,
}
