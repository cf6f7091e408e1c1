//! `VirtualService`: which request goes where, and what happens to it on its way.

use serde::{Deserialize, Serialize};

use super::{Fault, PortSelector, Retries, duration};
use crate::config::{GoDuration, Unapplied};

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
    /// The routes for TLS that is passed through; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Unapplied>,
    /// The routes for TCP; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Unapplied>,
}

/// One route for HTTP.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpRoute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpRoute {
    /// A name to call it by; default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which requests it takes; absent: every one.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<Unapplied>,
    /// Where to, by weight; default: nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<RouteDestination>,
    /// Sends the caller elsewhere; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Unapplied>,
    /// Answers by itself; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_response: Option<Unapplied>,
    /// Takes the routes of another document instead; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Unapplied>,
    /// Changes the path or the authority; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Unapplied>,
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
    pub mirror: Option<Unapplied>,
    /// Sends copies there too; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrors: Option<Unapplied>,
    /// The percentage of requests that `mirror` copies, as it used to be spelled; absent: see `mirrorPercentage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_percent: Option<Unapplied>,
    /// The percentage of requests that `mirror` copies; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_percentage: Option<Unapplied>,
    /// What browsers are told of other origins; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors_policy: Option<Unapplied>,
    /// Headers to set, add and remove; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Unapplied>,
}

/// One of the places a route leads to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RouteDestination", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RouteDestination {
    /// Where to; required.
    pub destination: Destination,
    /// Its share among the places of the route, whatever they add up to; 0 or absent: none, unless it is the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Headers to set, add and remove; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Unapplied>,
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
