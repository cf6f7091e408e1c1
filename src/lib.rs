//! Service-mesh resilience as tower layers: the mesh's own YAML, no sidecar.

pub mod layer;
pub mod policy;

#[cfg(feature = "yaml")]
pub mod config;
