//! Rate limits a server keeps by itself, for connections, for requests, for single routes.

use serde::{Deserialize, Serialize};

/// Rate limits of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RateLimit {
    /// Kept by each server for itself; absent: none. There is no `global` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalRateLimit>,
}

/// Local rate limits by protocol; the two are independent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LocalRateLimit {
    /// For connections; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpLocalRateLimit>,
    /// For requests; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpLocalRateLimit>,
}

/// How many connections are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TcpLocalRateLimit {
    /// Connections per unit; no default, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// The unit of time; no default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Connections at once; default 0, which means unset: as many as per unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

/// How many requests are served, and what the others are told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpLocalRateLimit {
    /// Requests per unit; no default, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// The unit of time; no default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Requests at once; default 0, which means unset: as many as per unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Status of the refusal; default 429, 0 means unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_status_code: Option<u32>,
    /// Headers of the refusal, the last of a name wins; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_headers_to_add: Vec<HeaderValue>,
}

/// A header and its value (in `httpHeaders`: an expression the value must match).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HeaderValue {
    /// Name; required.
    pub name: String,
    /// Value; required.
    pub value: String,
}

/// The rate limit of one route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpRoute {
    /// The path, compared as a text with the route's own; no default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The limit; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<PerRouteRateLimit>,
}

/// Rate limits of a route, without the level `http`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PerRouteRateLimit {
    /// Kept by each server for itself; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<HttpLocalRateLimit>,
}

/// The rate limit of requests with certain headers (v1.2 only).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpHeaderRule {
    /// All must match; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderValue>,
    /// The limit; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<PerRouteRateLimit>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Unit {
    /// 1 s.
    Second,
    /// 60 s.
    Minute,
    /// 3600 s.
    Hour,
}
