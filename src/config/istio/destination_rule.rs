//! `DestinationRule`: how a host's traffic is treated once its route is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConnectionPool, LoadBalancer, OutlierDetection, RetryBudget};
use crate::config::Unapplied;

/// The policies of one host, and the named parts of its endpoints.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.DestinationRule", rename_all = "camelCase")]
#[non_exhaustive]
pub struct DestinationRule {
    /// The host, short or in full, with a `*` in front perhaps; required.
    pub host: String,
    /// What holds for all of it; absent: the mesh's defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<TrafficPolicy>,
    /// The named parts of its endpoints; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<Subset>,
    /// The namespaces that see it; default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_to: Vec<String>,
    /// The clients for which it is; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<WorkloadSelector>,
}

/// The clients of the document's own namespace for which a document is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.WorkloadSelector", rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkloadSelector {
    /// Labels that a client must have; default: none, which every client has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// A named part of a host's endpoints; a policy of its own only acts when a route names it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Subset", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Subset {
    /// Its name; required.
    pub name: String,
    /// Labels that an endpoint must have; default: none, which every endpoint has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What holds for it instead, block by block; absent: what holds for the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<TrafficPolicy>,
}

/// What holds for a host or a part of it. A block stands as a whole: nothing inside is merged with another's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.TrafficPolicy", rename_all = "camelCase")]
#[non_exhaustive]
pub struct TrafficPolicy {
    /// How an endpoint is chosen; absent: the one of two with fewer requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
    /// Limits; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_pool: Option<ConnectionPool>,
    /// When endpoints are left out; absent: never, while `{}` is "by the defaults".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlier_detection: Option<OutlierDetection>,
    /// How connections are secured; absent: as the mesh does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Unapplied>,
    /// What holds for single ports, instead of everything else here; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port_level_settings: Vec<PortTrafficPolicy>,
    /// Tunnels TCP through a proxy; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<Unapplied>,
    /// Sends a PROXY header to the endpoints; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_protocol: Option<Unapplied>,
    /// Limits retries by a share of the requests, instead of `maxRetries`; absent: no, while `{}` is "by the defaults".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_budget: Option<RetryBudget>,
}

/// What holds for one port. What is absent has its default: nothing comes from the policy around it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.PortTrafficPolicy", rename_all = "camelCase")]
#[non_exhaustive]
pub struct PortTrafficPolicy {
    /// The service's port; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortSelector>,
    /// How an endpoint is chosen; absent: the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
    /// Limits; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_pool: Option<ConnectionPool>,
    /// When endpoints are left out; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlier_detection: Option<OutlierDetection>,
    /// How connections are secured; absent: as the mesh does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Unapplied>,
}

/// A port of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.PortSelector", rename_all = "camelCase")]
#[non_exhaustive]
pub struct PortSelector {
    /// Its number; 0 and absent are no port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
}
