//! The floor `config`: what loads, what is refused, and in which words.
#![cfg(feature = "yaml")]

mod documents;
mod durations;
mod endpoint_slice;
mod fragments;
mod istio;
mod istio_edges;
mod istio_fields;
mod istio_messages;
mod istio_routes;
mod kinds;
mod load_balancer;
mod locations;
mod messages;
mod pasted;
mod pod;
mod retry;
mod service;
mod upstream_traffic_setting;
mod workloads;
mod yaml;

use tower_mesh::config::{Document, load, osm::UpstreamTrafficSetting};

/// The documents of a text that must load.
fn loaded(text: &str) -> Vec<Document> {
    load(text, Some("policy.yaml")).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The errors of a text that must not load, printed.
fn refused(text: &str) -> String {
    load(text, Some("policy.yaml")).expect_err("loads").to_string()
}

/// A whole document around the inside of `circuitBreaking`, in flow style.
fn breaker(inside: &str) -> String {
    format!(
        "apiVersion: policy.openservicemesh.io/v1alpha1\nkind: UpstreamTrafficSetting\n\
         spec:\n  host: a.b\n  connectionSettings:\n    http:\n      circuitBreaking: {{{inside}}}\n"
    )
}

fn setting(document: &Document) -> &UpstreamTrafficSetting {
    match &document.resource {
        tower_mesh::config::Resource::UpstreamTrafficSetting(setting) => setting,
        other => panic!("{other:?}"),
    }
}

/// A whole document of Istio's around its `spec`, in flow style.
fn istio(kind: &str, spec: &str) -> String {
    format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nspec: {spec}\n")
}

/// A `DestinationRule` around the inside of its `trafficPolicy`.
fn policy(inside: &str) -> String {
    istio("DestinationRule", &format!("\n  host: reviews\n  trafficPolicy: {{{inside}}}"))
}

/// A `VirtualService` around the inside of its only route.
fn route(inside: &str) -> String {
    istio("VirtualService", &format!("\n  hosts: [reviews]\n  http:\n  - {{{inside}}}"))
}
