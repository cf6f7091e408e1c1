//! The block `corsPolicy` of a route: what browsers are told of pages from other origins.
//!
//! It concerns whoever serves browsers, hardly a client inside a mesh.

use serde::{Deserialize, Serialize};

use super::{StringMatch, duration};
use crate::config::GoDuration;

/// Which pages of other origins may ask, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.CorsPolicy", rename_all = "camelCase")]
#[non_exhaustive]
pub struct CorsPolicy {
    /// The origins that may, those that fit any one of these; default: as `allowOrigin` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<StringMatch>,
    /// The origins in full, as they used to be spelled; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_origin: Vec<String>,
    /// The methods that may be used; default: none is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// The request's headers that may be sent; default: none is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// The response's headers that the page may see; default: none is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long a browser may remember the answer; absent: nothing is told.
    #[serde(default, deserialize_with = "duration::whole", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<GoDuration>,
    /// Whether the page may send cookies and the like; absent: nothing is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// What becomes of a browser's question from an origin that may not; absent: it is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmatched_preflights: Option<UnmatchedPreflights>,
}

/// What becomes of a browser's question from an origin that may not; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.UnmatchedPreflights", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum UnmatchedPreflights {
    /// As if it were absent.
    #[default]
    Unspecified,
    /// It is passed on, as any other request.
    Forward,
    /// It is answered, without what would allow the page to go on.
    Ignore,
}
