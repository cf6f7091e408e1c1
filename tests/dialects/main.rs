//! What each dialect's documents come to, and what is said of those that are wrong.

mod extension;
mod istio;
mod istio_actions;
mod istio_blocks;
mod istio_delegates;
mod istio_errors;
mod istio_faults;
mod istio_gateways;
mod istio_hosts;
mod istio_limits;
mod istio_matches;
mod istio_mirrors;
mod istio_names;
mod istio_not_applied;
mod istio_retries;
mod istio_route_errors;
mod istio_routes;
mod istio_rule_errors;
mod istio_rules;
mod lints;
mod osm;
mod osm_requests;
mod schema;
