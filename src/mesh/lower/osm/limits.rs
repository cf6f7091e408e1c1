//! osm-edge's `connectionSettings` as the limits' settings; a zero is "unset".
//!
//! What osm-edge's data plane applies of them changed from version to version; here all are applied that a mesh inside
//! a process can apply.

use crate::{
    config::{GoDuration, osm},
    mesh::{
        lower::{
            invalid::{InvalidBlock, set},
            limits::{self, Names},
        },
        plan::Connections,
    },
    policy::limits::{Reply, Settings, Upstream},
};

impl TryFrom<&osm::ConnectionSettings> for Settings {
    type Error = InvalidBlock;

    /// Over HTTP/1.
    fn try_from(block: &osm::ConnectionSettings) -> Result<Self, InvalidBlock> {
        settings(block, Upstream::Http1)
    }
}

/// What the block limits where this protocol is spoken.
pub(super) fn settings(
    block: &osm::ConnectionSettings,
    protocol: Upstream,
) -> Result<Settings, InvalidBlock> {
    let mut settings = Settings::builder().reply(Reply::OsmEdge).protocol(protocol);
    if let Some(most) = set(block.tcp.as_ref().and_then(|tcp| tcp.max_connections)) {
        settings = settings.connections(most);
    }
    if let Some(http) = &block.http {
        if let Some(most) = set(http.max_pending_requests) {
            settings = settings.pending(most);
        }
        if let Some(most) = set(http.max_requests) {
            settings = settings.requests(most);
        }
        if let Some(most) = set(http.max_retries) {
            settings = settings.retries(most);
        }
    }
    settings.build().map_err(|error| InvalidBlock::new("http", error.found(), error.accepted()))
}

impl TryFrom<osm::ConnectionSettings> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: osm::ConnectionSettings) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

/// What they say of connections.
pub(super) fn connections(block: &osm::ConnectionSettings) -> Result<Connections, InvalidBlock> {
    const CONNECT: &str = "tcp.connectTimeout";
    let connect = set(block.tcp.as_ref().and_then(|tcp| tcp.connect_timeout));
    let positive = |time: GoDuration| {
        time.to_std().ok_or_else(|| InvalidBlock::new(CONNECT, time, "above zero, or 0 for unset"))
    };
    let max_requests = set(block.http.as_ref().and_then(|http| http.max_requests_per_connection));
    let connect_timeout = connect.map(positive).transpose()?;
    Ok(Connections { connect_timeout, max_requests, ..Connections::default() })
}

/// What is set without effect.
pub(super) fn surprises(settings: &Settings) -> Vec<(&'static str, String)> {
    let names = Names {
        connections: "tcp.maxConnections",
        pending: "http.maxPendingRequests",
        requests: "http.maxRequests",
    };
    limits::surprises(settings, &names)
}
