//! What one host's connections and requests are allowed.

use serde::{Deserialize, Serialize};

use super::CircuitBreaking;
use crate::config::GoDuration;

/// Limits by protocol.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionSettings {
    /// Limits on connections; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpConnectionSettings>,
    /// Limits on requests, and circuit breaking; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpConnectionSettings>,
}

/// Limits on connections.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TcpConnectionSettings {
    /// Connections at once; default: no limit, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    /// How long to wait for a connection; default 5 s, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<GoDuration>,
}

/// Limits on requests, and circuit breaking.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpConnectionSettings {
    /// Requests in flight at once; default: no limit, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_requests: Option<u32>,
    /// Requests on one connection before it is closed; default: no limit, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_requests_per_connection: Option<u32>,
    /// Requests that may wait for a connection; default: no limit, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pending_requests: Option<u32>,
    /// Retries in flight at once; default: no limit, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<u32>,
    /// The circuit breaker; absent or null: none, while `{}` is one with defaults that never opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit_breaking: Option<CircuitBreaking>,
}
