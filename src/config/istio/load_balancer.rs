//! The block `loadBalancer`: which endpoint of a cluster a request goes to.
//!
//! `simple` and `consistentHash` exclude each other, and so do the keys of a hash and its algorithms. That is judged by
//! the floor above: here all that is written is read.

use serde::{Deserialize, Serialize};

use super::{ConsistentHash, LocalityLbSetting, ZoneAwareLbSetting, duration};
use crate::config::GoDuration;

/// How an endpoint is chosen. The block alone, `{}`, says what its absence says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.LoadBalancer", rename_all = "camelCase")]
#[non_exhaustive]
pub struct LoadBalancer {
    /// By which rule, whatever is asked for; absent: as `consistentHash` says, else `LEAST_REQUEST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simple: Option<SimpleLoadBalancer>,
    /// By something in the request, so that like requests go to one endpoint; absent: as `simple` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistent_hash: Option<ConsistentHash>,
    /// Which localities come first, instead of the mesh's own setting; absent: as the mesh has it, which is `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality_lb_setting: Option<LocalityLbSetting>,
    /// Keeps requests in the caller's zone, instead of `localityLbSetting`; absent: as that says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_aware_lb_setting: Option<ZoneAwareLbSetting>,
    /// How a new endpoint gets its full share little by little; absent: as `warmupDurationSecs` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// How long that takes, as it used to be spelled; absent: a new endpoint has its full share at once.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub warmup_duration_secs: Option<GoDuration>,
}

/// A rule by which an endpoint is chosen whatever is asked for; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.SimpleLoadBalancer", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum SimpleLoadBalancer {
    /// As if it were absent.
    #[default]
    Unspecified,
    /// `LEAST_REQUEST`, as it used to be spelled.
    LeastConn,
    /// Any.
    Random,
    /// None: the caller has an address already.
    Passthrough,
    /// One after another.
    RoundRobin,
    /// Of two the one with fewer requests.
    LeastRequest,
}

/// How a new endpoint gets its full share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Warmup", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Warmup {
    /// How long it takes; must be there.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub duration: Option<GoDuration>,
    /// The share that it begins with, in percent of its full one, from 0 to 100; absent: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_percent: Option<f64>,
    /// How soon it grows: more than 1 is early, less is late; absent: 1, which is evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggression: Option<f64>,
}
