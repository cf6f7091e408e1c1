//! `VirtualService`: which request goes where, and what happens to it on its way.
//!
//! The routes for HTTP have files of their own: what they match, what they do, and what they do to headers.

use serde::{Deserialize, Serialize};

use super::{HttpRoute, TcpRoute, TlsRoute};

/// The routes of some hosts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.VirtualService", rename_all = "camelCase")]
#[non_exhaustive]
pub struct VirtualService {
    /// The hosts, short or in full, with a `*` in front perhaps; none: it is a delegate of another's route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The gateways it is for; default: `mesh`, which is every client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// The namespaces that see it; default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_to: Vec<String>,
    /// The routes for HTTP, of which the first that matches is taken; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRoute>,
    /// The routes for TLS that is passed through; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<TlsRoute>,
    /// The routes for TCP; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tcp: Vec<TcpRoute>,
}
