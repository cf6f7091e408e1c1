//! Kubernetes' `Pod`: it is read for its labels, which are those of the endpoint that it is, and for its address.

use serde::{Deserialize, Serialize};

/// What a mesh wants to know of a `Pod`, besides the labels in its `metadata`; everything else is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pod {
    /// How it is; absent: nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PodStatus>,
}

/// How a pod is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PodStatus {
    /// Its address; absent: it has none yet.
    #[serde(rename = "podIP", default, skip_serializing_if = "Option::is_none")]
    pub pod_ip: Option<String>,
}
