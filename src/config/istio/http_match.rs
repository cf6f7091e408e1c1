//! The block `match` of a route for HTTP: which requests it takes.
//!
//! A request must meet every field of an entry, and any one entry of the list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Conditions that a request must meet, all of them; `{}` is met by every one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpMatch", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpMatch {
    /// A name to call it by, behind the route's; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path, without its query; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<StringMatch>,
    /// The scheme, such as `https`; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<StringMatch>,
    /// The method, such as `GET`; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    /// The authority, with its port if the caller wrote one; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<StringMatch>,
    /// Headers that must be there and fit; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, StringMatch>,
    /// Headers that must not be there or not fit; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without_headers: BTreeMap<String, StringMatch>,
    /// Parameters of the query that must be there and fit; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query_params: BTreeMap<String, StringMatch>,
    /// Takes upper and lower case for the same in `uri`, unless it is a `regex`; absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_uri_case: Option<bool>,
    /// The port that the caller named; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Labels that the caller must have; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_labels: BTreeMap<String, String>,
    /// The namespace that the caller must be of; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_namespace: Option<String>,
    /// The gateways that the caller must be one of; default: those of the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// What its metrics are called; absent: they have no name of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat_prefix: Option<String>,
}

/// How a text must be, in one of three ways; `{}`, and of a header or a parameter `null` too: it must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.StringMatch", rename_all = "camelCase")]
#[non_exhaustive]
pub struct StringMatch {
    /// All of it; absent: see the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// How it begins; absent: see the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What all of it must match; absent: see the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
}
