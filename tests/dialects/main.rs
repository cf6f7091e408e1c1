//! What each dialect's documents come to, and what is said of those that are wrong.

mod extension;
mod istio;
mod istio_blocks;
mod istio_errors;
mod istio_faults;
mod istio_limits;
mod istio_names;
mod istio_retries;
mod lints;
mod osm;
mod osm_requests;
mod schema;
