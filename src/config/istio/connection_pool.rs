//! The block `connectionPool`: how many connections and requests a cluster is given.
//!
//! For the numbers, zero and absent are the same: no limit. A negative number is spelled right and means nothing, so it
//! loads here and is refused by the floor above.

use serde::{Deserialize, Serialize};

use super::{duration, extension::ConnectionPoolTowerMesh};
use crate::config::GoDuration;

/// Limits of a cluster by protocol; at least one of the two blocks must be there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ConnectionPool", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionPool {
    /// Limits on connections, over HTTP too; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpSettings>,
    /// Limits on requests; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSettings>,
    /// What Istio cannot say; absent: nothing beyond Istio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tower_mesh: Option<ConnectionPoolTowerMesh>,
}

/// Limits on connections.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TcpSettings", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TcpSettings {
    /// Connections at once to all endpoints together (HTTP/1 and TCP); 0 or absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<i32>,
    /// How long to wait for a connection; absent: the mesh's own, 10 s.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<GoDuration>,
    /// Keep-alive probes of the socket, `{}` by the system's defaults; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_keepalive: Option<TcpKeepalive>,
    /// How old a connection may become; absent: without end.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub max_connection_duration: Option<GoDuration>,
    /// How long a connection may idle, also over HTTP if `http.idleTimeout` is absent; 0: without end; absent: 1 h.
    #[serde(default, deserialize_with = "duration::whole_or_zero", skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<GoDuration>,
}

/// Keep-alive probes of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TcpKeepalive", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TcpKeepalive {
    /// Probes without an answer before the connection is dead; 0 or absent: as the system has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<u32>,
    /// How long a connection idles before the first probe; absent: as the system has it.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub time: Option<GoDuration>,
    /// From one probe to the next; absent: as the system has it.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub interval: Option<GoDuration>,
}

/// Limits on requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpSettings", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpSettings {
    /// Requests that may wait for a connection, over HTTP/2 too; 0 or absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http1_max_pending_requests: Option<i32>,
    /// Requests in flight at once, over HTTP/1 too; 0 or absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http2_max_requests: Option<i32>,
    /// Requests on one connection before it is closed, 1: no keep-alive; 0 or absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_requests_per_connection: Option<i32>,
    /// Retries in flight at once, unless there is a `retryBudget`; 0 or absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i32>,
    /// How long a connection without requests is kept; absent: as `tcp.idleTimeout`.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<GoDuration>,
    /// Whether HTTP/1 is spoken as HTTP/2 to the endpoints; absent: `DEFAULT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h2_upgrade_policy: Option<H2UpgradePolicy>,
    /// Speaks to the endpoints as the caller spoke; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_client_protocol: Option<bool>,
    /// Streams at once on one HTTP/2 connection; 0 or absent: as many as the protocol allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_streams: Option<i32>,
    /// Pings on HTTP/2 connections; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http2_keep_alive: Option<Http2KeepAlive>,
}

/// Whether HTTP/1 is spoken as HTTP/2 to the endpoints; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.H2UpgradePolicy", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum H2UpgradePolicy {
    /// As the whole mesh does: it does not, unless told otherwise.
    #[default]
    Default,
    /// No.
    DoNotUpgrade,
    /// Yes.
    Upgrade,
}

/// Pings on HTTP/2 connections.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Http2KeepAlive", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Http2KeepAlive {
    /// From one ping to the next; must be there.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub interval: Option<GoDuration>,
    /// How long to wait for the answer; must be there.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
}
