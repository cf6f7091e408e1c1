//! `Gateway`: the ports at the edge of the mesh, and the hosts that are served there.
//!
//! Routes name the gateways that they are for, so it matters which hosts a gateway has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Unapplied;

/// The open ports of some proxies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Gateway", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Gateway {
    /// Labels of the proxies that it is for; default: none, it is for every proxy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selector: BTreeMap<String, String>,
    /// The ports; default: none, though Istio wants one at least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Server>,
}

/// One open port.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Server", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Server {
    /// Its number and protocol; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<GatewayPort>,
    /// The hosts that are served, as `namespace/host` perhaps, with a `*` in front of the host perhaps; must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The address it listens on; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// How connections are secured; absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Unapplied>,
    /// A name to call it by; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where traffic goes that no route takes; Istio knows the field and does not apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_endpoint: Option<String>,
}

/// A port of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.GatewayPort", rename_all = "camelCase")]
#[non_exhaustive]
pub struct GatewayPort {
    /// Its number; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// Its name; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The protocol spoken, such as `HTTP` or `TLS`; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The port of the proxies, as it used to be spelled; Istio does not look at it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_port: Option<u16>,
}
