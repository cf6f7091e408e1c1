//! Istio's documents as destinations: rules that say who goes where and what is passed before, then the clusters' limits.

mod actions;
mod client;
mod conditions;
mod delegate;
mod destination_rule;
mod fault;
mod gateways;
mod header_changes;
mod limits;
mod order;
mod policies;
mod protocols;
mod registry;
mod retries;
mod said;
mod stations;
mod table;
mod targets;
mod timing;
mod virtual_service;

use std::collections::HashSet;

use self::{
    client::Client,
    delegate::Delegates,
    gateways::Gateways,
    policies::Policies,
    registry::Registry,
    said::{Said, Subject},
    virtual_service::Beside,
};
use super::{Lowering, names::Claim};
use crate::{
    config::{Document, Resource},
    mesh::host::Host,
};

pub(super) fn claims<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Vec<Claim<'a>> {
    let client = Client::new(lowering.identity);
    let registry = Registry::of(documents, &client, lowering);
    let gateways = Gateways::of(documents, lowering);
    let delegates = Delegates::of(documents, lowering);
    let policies = Policies::of(documents, &registry, &client, lowering);
    let mut routes = Vec::new();
    for &document in documents {
        let Resource::VirtualService(spec) = &document.resource else { continue };
        let beside = Beside { registry: &registry, client: &client, delegates: &delegates };
        let Some(mut read) = virtual_service::read(document, spec, &beside, lowering) else { continue };
        gateways.keep_served(&mut read, spec, &client, lowering);
        protocols::judge(document, spec, &mut read, &registry, &gateways, lowering);
        targets::judge(document, spec, &registry, &policies, lowering);
        if lowering.identity.thorough {
            order::judge(document, spec, &client, lowering);
            timing::judge(document, spec, lowering);
        }
        routes.push(read);
    }
    delegates.note_unused(documents, lowering);
    if lowering.identity.thorough {
        judge_names(documents, &registry, lowering);
    }
    let said = Said::new(&registry, &policies, routes, lowering);
    let mut known = HashSet::new();
    let subjects = subjects(&said, lowering);
    let subjects = subjects.into_iter().filter(|subject| known.insert(subject.host.clone()));
    let subjects: Vec<_> = subjects.collect();
    subjects.into_iter().filter_map(|subject| said.claim(subject, lowering)).collect()
}

/// The hosts that documents speak of, and those that rules lead to where something is said of them.
fn subjects<'a>(said: &Said<'_, 'a>, lowering: &Lowering<'_>) -> Vec<Subject<'a>> {
    let domain = &lowering.identity.domain;
    let routed = said.routes.iter().flat_map(|routes| {
        let subject = |(host, path): &(Host, String)| Subject {
            host: host.clone(),
            document: routes.document,
            path: path.clone(),
        };
        routes.hosts.iter().map(subject)
    });
    let policed = said.policies.hosts().map(|(host, document)| Subject {
        host: host.clone(),
        document,
        path: "spec.host".to_owned(),
    });
    let known = said.registry.hosts().filter_map(|host| {
        let known = said.registry.get(host)?;
        Some(Subject { host: host.clone(), document: known.document, path: known.path.clone() })
    });
    // Of a host that a rule only leads to there is nothing to say, unless a policy is for it too.
    let led = said.targets().into_iter().filter_map(|(name, document)| {
        let host = Host::of_istio(&name, "", domain);
        let is_policed = said.policies.are_for(&host, &host.pattern(domain)?, said.registry);
        is_policed.then(|| Subject { host, document, path: "spec.http".to_owned() })
    });
    routed.chain(policed).chain(known).chain(led).collect()
}

/// Tells of hosts that look like services and are not.
fn judge_names(documents: &[&Document], registry: &Registry<'_>, lowering: &mut Lowering<'_>) {
    for &document in documents {
        match &document.resource {
            Resource::DestinationRule(spec) => {
                targets::judge_name(document, &spec.host, "spec.host", registry, lowering);
            }
            Resource::VirtualService(spec) => {
                for (index, host) in spec.hosts.iter().enumerate() {
                    targets::judge_name(document, host, &format!("spec.hosts[{index}]"), registry, lowering);
                }
                for (index, route) in spec.http.iter().enumerate() {
                    for (number, place) in route.route.iter().enumerate() {
                        let path = format!("spec.http[{index}].route[{number}].destination.host");
                        targets::judge_name(document, &place.destination.host, &path, registry, lowering);
                    }
                }
            }
            _ => {}
        }
    }
}

fn host_of(host: &str, document: &Document, lowering: &Lowering<'_>) -> Host {
    Host::of_istio(host, lowering.namespace(document), &lowering.identity.domain)
}

/// Which of several documents comes first: the one that was made first, else by name, else by namespace. Files say
/// nothing of when; then they go by name.
fn age(document: &Document) -> (Option<&str>, &str, &str) {
    let metadata = &document.metadata;
    let name = metadata.name.as_deref().unwrap_or_default();
    (metadata.creation_timestamp.as_deref(), name, metadata.namespace.as_deref().unwrap_or_default())
}
