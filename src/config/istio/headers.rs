//! The block `headers` of a route, or of one of its places: which headers are set, added and removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What happens to headers on both ways.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Headers", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Headers {
    /// To those of the request, before it leaves; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<HeaderOperations>,
    /// To those of the response, before it is handed back; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<HeaderOperations>,
}

/// What happens to headers on one way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HeaderOperations", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HeaderOperations {
    /// Values that take the place of those that are there; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Values that stand behind those that are there; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    /// Names of those that are taken off; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}
