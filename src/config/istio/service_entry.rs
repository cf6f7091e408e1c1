//! `ServiceEntry`: hosts that the mesh knows although its platform has no service of that name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::WorkloadEntry;

/// Some hosts, their ports, and where their endpoints are found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ServiceEntry", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceEntry {
    /// The hosts, in full, with a `*` in front perhaps; none is a slip: Istio wants one at least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Addresses, or ranges of them, that stand for the hosts; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The ports; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ServiceEntryPort>,
    /// Whether it is a part of the mesh; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// How its endpoints are found; absent: not at all, the caller has an address already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Its endpoints; absent: see `workloadSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Vec<WorkloadEntry>>,
    /// The workloads that are its endpoints; absent, as `endpoints` is: the hosts themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<EntrySelector>,
    /// The namespaces that see it; default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_to: Vec<String>,
    /// The names of which the endpoints' certificates must have one; default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_alt_names: Vec<String>,
}

/// The workloads of the document's own namespace that are the endpoints of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.WorkloadSelector", rename_all = "camelCase")]
#[non_exhaustive]
pub struct EntrySelector {
    /// Labels that a workload must have; default: none, which every workload has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A port of these hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ServiceEntryPort", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceEntryPort {
    /// Its number; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// Its name; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The protocol spoken, such as `HTTP`, in upper or lower case; absent: whatever the traffic looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The port of the endpoints; absent: the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_port: Option<u16>,
}

/// Whether hosts are a part of the mesh; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Location", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Location {
    /// They are not.
    #[default]
    MeshExternal,
    /// They are.
    MeshInternal,
}

/// How endpoints are found; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Resolution", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Resolution {
    /// Not at all: the caller has an address already.
    #[default]
    None,
    /// By their addresses.
    Static,
    /// By their names, of each answer all addresses.
    Dns,
    /// By their names, of each answer the first address.
    DnsRoundRobin,
    /// By the name that each request asks for.
    DynamicDns,
}
