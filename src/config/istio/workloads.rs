//! `WorkloadEntry` and `WorkloadGroup`: endpoints outside of Kubernetes, one by one or by what they have in common.
//!
//! An endpoint is spelled the same wherever it stands: as a document of its own, within a `ServiceEntry`, and as the
//! template of a group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Unapplied;

/// One endpoint: where it is, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.WorkloadEntry", rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkloadEntry {
    /// An address, a name where names are resolved, or `unix:///path`; absent: behind the gateway of its `network`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its ports, by the names of the service's; default: the `targetPort` of each, else the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<String, u16>,
    /// Its labels; default: none, but a document's own `metadata` may have some.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The network that it is reached in; absent: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Its region, with `/zone` and `/subzone` perhaps; absent: as its labels say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// How many requests it gets for one that another gets; 0 or absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Who it says it is to those that ask for its certificate; absent: nobody in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
}

/// What some endpoints have in common, which name themselves one by one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.WorkloadGroup", rename_all = "camelCase")]
#[non_exhaustive]
pub struct WorkloadGroup {
    /// What is said of each of them; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<GroupMetadata>,
    /// How each of them is, but for its address; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<WorkloadEntry>,
    /// How it is found out whether one is well; absent: it always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Unapplied>,
}

/// What is said of each endpoint of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.GroupMetadata", rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupMetadata {
    /// Labels; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}
