//! One route for HTTP: which requests it takes, where they go, and what else becomes of them.

use serde::{Deserialize, Serialize};

use super::{
    CorsPolicy, Delegate, DirectResponse, Fault, Headers, HttpMatch, Mirror, Percentage, PortSelector,
    Redirect, Retries, Rewrite, duration,
};
use crate::config::GoDuration;

/// One route for HTTP.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpRoute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpRoute {
    /// A name to call it by; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which requests it takes, those that meet any one of these; default: every one.
    #[serde(rename = "match", default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<HttpMatch>,
    /// Where to, by weight; default: nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<RouteDestination>,
    /// Sends the caller elsewhere; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// Answers by itself; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_response: Option<DirectResponse>,
    /// Takes the routes of another document instead; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Delegate>,
    /// Changes the path or the authority; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewrite>,
    /// How long the whole exchange may take, retries and all; absent: without end.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// When a request is tried again; absent: by the mesh's defaults, while `{}` is "never".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// Delays and failures that are made up; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Sends a copy there too; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Destination>,
    /// Sends copies there too, each of a share of its own; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Mirror>,
    /// The percentage of requests that `mirror` copies, as it used to be spelled; absent: see `mirrorPercentage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_percent: Option<u32>,
    /// The percentage of requests that `mirror` copies; absent, as `mirrorPercent` is: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_percentage: Option<Percentage>,
    /// What browsers are told of other origins; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors_policy: Option<CorsPolicy>,
    /// Headers to set, add and remove, wherever the request goes; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
}

/// One of the places a route leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RouteDestination", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RouteDestination {
    /// Where to; required.
    pub destination: Destination,
    /// Its share among the places of the route, whatever they add up to; 0 or absent: none, unless it is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Headers to set, add and remove where a request goes there; absent: none. Over TCP there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Headers>,
}

/// A host, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Destination", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Destination {
    /// The host, short or in full; required.
    pub host: String,
    /// The part of it, as a `DestinationRule` names it; absent: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// Its port; absent: its only one, else the one that the caller named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortSelector>,
}
