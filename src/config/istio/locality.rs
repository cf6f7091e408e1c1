//! The blocks `localityLbSetting` and `zoneAwareLbSetting`: which localities a request may go to, and which come first.
//!
//! A locality is written `region/zone/subzone`, from the left as far as it is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which localities come first. The block alone, `{}`, is "on": the nearest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.LocalityLbSetting", rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocalityLbSetting {
    /// Shares of the localities, by where the caller is, the first entry that fits; default: none are set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distribute: Vec<Distribute>,
    /// Which region takes over from which, the first entry that fits; default: any from any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failover: Vec<Failover>,
    /// Labels, as `label` or `label=value`: the more of them from the first on an endpoint has as the caller has them,
    /// the sooner it comes; default: localities decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failover_priority: Vec<String>,
    /// Whether it is on; absent: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Where the requests of some callers go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Distribute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Distribute {
    /// The caller's locality, with a `*` at its end perhaps; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Shares in percent, 100 together, of localities, each with a `*` at its end perhaps; must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub to: BTreeMap<String, u32>,
}

/// Which region takes over from another one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Failover", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Failover {
    /// The caller's region; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The region that takes over; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Keeps requests in the caller's zone as far as its endpoints can take them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ZoneAwareLbSetting", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ZoneAwareLbSetting {
    /// Whether it is on; absent: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Which region takes over from which, the first entry that fits; default: any from any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failover: Vec<Failover>,
    /// Labels, as in `localityLbSetting`; default: localities decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failover_priority: Vec<String>,
    /// Endpoints below which zones are not looked at; absent: 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_cluster_size: Option<u32>,
}
