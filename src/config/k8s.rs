//! Kubernetes' own: what every document has around its `spec`, the `Service`, the `EndpointSlice`, and the `Pod`.

mod endpoint_slice;
mod pod;
mod service;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use endpoint_slice::{EndpointSlice, SERVICE_NAME, SliceConditions, SliceEndpoint, SlicePort, TargetRef};
pub use pod::{Pod, PodStatus};
pub use service::{Service, ServicePort, TargetPort};

use super::finding::{Finding, FindingKind};

/// Name, namespace, labels, annotations and age; what else the API server adds is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Metadata {
    /// Name; default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Namespace; default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When the API server made it, which decides who came first; absent: it was not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
}

/// The fields of a document, whatever its kind.
pub(super) const ENVELOPE: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];

/// Fields of `metadata` that mean nothing to a mesh.
const PASSED_OVER: &[&str] = &[
    "clusterName",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Whether a finding about `metadata` is worth telling.
pub(super) fn is_worth_telling(finding: &Finding) -> bool {
    !matches!(&finding.kind, FindingKind::UnknownField { name, .. } if PASSED_OVER.contains(&&**name))
}

/// The API group of an `EndpointSlice`.
pub(super) const DISCOVERY: &str = "discovery.k8s.io";

/// Its versions, which spell nearly the same.
pub(super) const DISCOVERY_VERSIONS: [&str; 2] = ["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"];

/// Whether a finding about a document of Kubernetes' is worth telling: most of what it knows is nothing to a mesh.
pub(super) fn is_for_a_mesh(finding: &Finding) -> bool {
    !matches!(finding.kind, FindingKind::UnknownField { .. })
}

/// The group of an `apiVersion`: `policy.openservicemesh.io` of `policy.openservicemesh.io/v1alpha1`.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
