//! The labels by which it is told where somebody is.

pub(crate) const REGION: &str = "topology.kubernetes.io/region";
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const SUBZONE: &str = "topology.istio.io/subzone";
pub(crate) const NETWORK: &str = "topology.istio.io/network";
