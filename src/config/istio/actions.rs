//! What a route does with a request beside leading it somewhere: `rewrite`, `redirect`, `directResponse`, `delegate`
//! and `mirrors`.

use serde::{Deserialize, Serialize};

use super::{Destination, Percentage};

/// Changes what the request asks for, before it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Rewrite", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rewrite {
    /// What stands for the part of the path that matched; absent: see `uriRegexRewrite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The authority; absent: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Replaces what matches in the path; absent, as `uri` is: leaves it as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri_regex_rewrite: Option<RegexRewrite>,
}

/// Replaces every match of a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.RegexRewrite", rename_all = "camelCase")]
#[non_exhaustive]
pub struct RegexRewrite {
    /// The expression; must be there.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// What stands for a match, with `\1` to `\9` for its groups; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
}

/// Tells the caller to ask elsewhere; one field besides `redirectCode` and `derivePort` must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Redirect", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Redirect {
    /// The whole path; absent: see `prefixRewrite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What stands for the prefix that matched; absent, as `uri` is: leaves the path as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_rewrite: Option<String>,
    /// The authority; absent: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The scheme; absent: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The port; absent: see `derivePort`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Where the port comes from; absent, as `port` is: as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derive_port: Option<DerivePort>,
    /// The status of the answer; absent: 301.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_code: Option<u32>,
}

/// Where a redirect's port comes from; by name, or by number from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "istio.DerivePort", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum DerivePort {
    /// 80 for `http`, 443 for `https`.
    #[default]
    FromProtocolDefault,
    /// The one that the caller named.
    FromRequestPort,
}

/// Answers without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.DirectResponse", rename_all = "camelCase")]
#[non_exhaustive]
pub struct DirectResponse {
    /// The status of the answer, 200 to 600; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u32>,
    /// Its body; absent: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<DirectBody>,
}

/// The body of an answer, in one of two ways.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.DirectBody", rename_all = "camelCase")]
#[non_exhaustive]
pub struct DirectBody {
    /// A text; absent: see `bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string: Option<String>,
    /// Any bytes, as base64; absent: see `string`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
}

/// The document whose routes are taken instead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Delegate", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Delegate {
    /// Its name; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its namespace; absent: that of this document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A place that is sent copies of requests, whose answers nobody waits for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "istio.Mirror", rename_all = "camelCase")]
#[non_exhaustive]
pub struct Mirror {
    /// Where to; must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// The share of requests that are copied; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentage: Option<Percentage>,
}
