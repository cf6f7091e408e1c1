//! The block `consistentHash`: what of a request decides which endpoint it goes to, and how.

use serde::{Deserialize, Serialize};

use super::duration;
use crate::config::GoDuration;

/// A key, at most one of four; and an algorithm, at most one of two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.ConsistentHash", rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConsistentHash {
    /// The key is this header; absent: see the other keys, and without any each request goes anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_header_name: Option<String>,
    /// The key is this cookie; absent: see the other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_cookie: Option<HttpCookie>,
    /// The key is the address that the request comes from; absent: see the other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_source_ip: Option<bool>,
    /// The key is this parameter of the query; absent: see the other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_query_parameter_name: Option<String>,
    /// The algorithm is a ring; absent: as `maglev` says, and without both it is a ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_hash: Option<RingHash>,
    /// The algorithm is a table; absent: as `ringHash` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maglev: Option<Maglev>,
    /// Points on the ring, as it used to be spelled; 0 or absent: 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_ring_size: Option<u64>,
}

/// A cookie that is a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.HttpCookie", rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpCookie {
    /// Its name; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The path of one that is made; absent: none is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How long one lasts that is made for a request without it, 0: as long as the browser runs; absent: none is made.
    #[serde(default, deserialize_with = "duration::whole_or_zero", skip_serializing_if = "Option::is_none")]
    pub ttl: Option<GoDuration>,
    /// What else is told of one that is made, in this order; default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<CookieAttribute>,
}

/// Something that is told of a cookie, such as `SameSite`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.CookieAttribute", rename_all = "camelCase")]
#[non_exhaustive]
pub struct CookieAttribute {
    /// Its name; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its value; absent: none, the name says all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A ring on which each endpoint has several points; the one behind a key's point has the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RingHash", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RingHash {
    /// Points on the ring, at least; 0 or absent: 1024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_ring_size: Option<u64>,
}

/// A table in which each endpoint has its share of the places.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Maglev", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Maglev {
    /// Places in the table, a prime number; absent: 65537.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_size: Option<u64>,
}
