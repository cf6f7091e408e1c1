//! The blocks `tls` and `tcp` of a `VirtualService`: routes for connections that nobody looks into.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RouteDestination;

/// One route for TLS that is passed through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TlsRoute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TlsRoute {
    /// Which connections it takes, those that meet any one of these; must be there.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<TlsMatch>,
    /// Where to, by weight; default: nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<RouteDestination>,
}

/// Conditions that a TLS connection must meet, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TlsMatch", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TlsMatch {
    /// The hosts of which the caller names one as it begins, with a `*` in front perhaps; must be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sni_hosts: Vec<String>,
    /// Addresses or ranges of them, of which one must be the destination's; default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destination_subnets: Vec<String>,
    /// The port that the caller named; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Labels that the caller must have; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_labels: BTreeMap<String, String>,
    /// The gateways that the caller must be one of; default: those of the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// The namespace that the caller must be of; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_namespace: Option<String>,
}

/// One route for TCP.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TcpRoute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TcpRoute {
    /// Which connections it takes, those that meet any one of these; default: every one.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<L4Match>,
    /// Where to, by weight; default: nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<RouteDestination>,
}

/// Conditions that a TCP connection must meet, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.L4Match", rename_all = "camelCase")]
#[non_exhaustive]
pub struct L4Match {
    /// Addresses or ranges of them, of which one must be the destination's; default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destination_subnets: Vec<String>,
    /// The port that the caller named; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Labels that the caller must have; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_labels: BTreeMap<String, String>,
    /// The gateways that the caller must be one of; default: those of the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// The namespace that the caller must be of; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_namespace: Option<String>,
    /// An address or a range of them; Istio knows the field and never looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_subnet: Option<String>,
}
