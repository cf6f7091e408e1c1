//! The `spec` of an `UpstreamTrafficSetting`, and the two API groups it is known under.

use serde::{Deserialize, Serialize};

use super::{ConnectionSettings, HttpHeaderRule, HttpRoute, RateLimit};

/// How traffic to one host is to be treated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpstreamTrafficSetting {
    /// Fully qualified name of the service, such as `fortio.demo.svc.cluster.local`; required.
    pub host: String,
    /// Limits and circuit breaking; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_settings: Option<ConnectionSettings>,
    /// Rate limits on the side of the server; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Rate limits of single routes; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_routes: Vec<HttpRoute>,
    /// Rate limits by request header, of v1.2 only; default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_headers: Vec<HttpHeaderRule>,
}

/// Which project's API a document was written for; the specs are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// osm-edge: `policy.openservicemesh.io/v1alpha1`, requires only `host`.
    Osm,
    /// FSM: `policy.flomesh.io/v1alpha1`, requires windows, amounts and units too.
    Fsm,
}

impl Group {
    /// The `apiVersion`.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Osm => "policy.openservicemesh.io/v1alpha1",
            Self::Fsm => "policy.flomesh.io/v1alpha1",
        }
    }

    /// The group alone, without its version.
    pub(in crate::config) const fn name(self) -> &'static str {
        match self {
            Self::Osm => "policy.openservicemesh.io",
            Self::Fsm => "policy.flomesh.io",
        }
    }

    /// The group of that name.
    pub(in crate::config) fn named(name: &str) -> Option<Self> {
        [Self::Osm, Self::Fsm].into_iter().find(|group| group.name() == name)
    }

    /// The group of an `apiVersion`; `None` if it is neither, or another version.
    pub fn of(api_version: &str) -> Option<Self> {
        [Self::Osm, Self::Fsm].into_iter().find(|group| group.api_version() == api_version)
    }
}
