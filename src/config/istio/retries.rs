//! The blocks `retries` of a route and `retryBudget` of a traffic policy: when a request is tried again, and how often.

use serde::{Deserialize, Serialize};

use super::{duration, extension::RetriesTowerMesh};
use crate::config::GoDuration;

/// When a request is tried again. The block alone, `{}`, says "never"; without it, Istio retries twice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Retries", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Retries {
    /// Tries after the first; 0 or absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,
    /// How long one try may take; absent: as long as the route's `timeout`.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<GoDuration>,
    /// Conditions and statuses, with commas between; absent: Istio's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<String>,
    /// Leaves localities out that were tried already; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_remote_localities: Option<bool>,
    /// Leaves endpoints out that were tried already; absent: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ignore_previous_hosts: Option<bool>,
    /// About how long to wait before the first retry, longer before each further one; absent: 25 ms.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub backoff: Option<GoDuration>,
    /// What Istio cannot say; absent: nothing beyond Istio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tower_mesh: Option<RetriesTowerMesh>,
}

/// Limits the retries in flight by a share of the requests in flight or waiting.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RetryBudget", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetryBudget {
    /// The share, in percent from 0 to 100; absent: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// Retries that are allowed however few the requests are; 0 or absent: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_retry_concurrency: Option<u32>,
    /// How long a request counts after it began; 0 or absent: while it is in flight. Istio does not judge it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_interval: Option<GoDuration>,
}
