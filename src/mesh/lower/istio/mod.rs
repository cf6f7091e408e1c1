//! Istio's documents as destinations: rules that say who goes where and what is passed before, then what holds for the
//! clusters: limits, who is picked, and who is left out.

mod actions;
mod advice;
mod answers;
mod balance;
mod client;
mod conditions;
mod cors;
mod delegate;
mod destination_rule;
mod endpoints;
mod fault;
mod gateways;
mod hash_keys;
mod header_changes;
mod l4;
mod limits;
mod localities;
mod mirrors;
mod naming;
mod order;
mod outlier;
mod policies;
mod ports;
mod protocols;
mod registry;
mod retries;
mod rewrites;
mod said;
mod sections;
mod service_entry;
mod slices;
mod staff;
mod stations;
mod table;
mod target;
mod targets;
mod timing;
mod virtual_service;
mod workloads;

use std::collections::HashSet;

use self::{
    client::Client,
    delegate::Delegates,
    gateways::Gateways,
    policies::Policies,
    said::{Said, Subject},
    virtual_service::Beside,
};
use super::{Identity, Lowering, names::Claim, osm};
use crate::{
    config::{Document, Resource, istio::VirtualService},
    mesh::{host::Host, note::Code},
};

pub(super) use self::registry::Registry;

/// The hosts that there are documents of.
pub(super) fn registry<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Registry<'a> {
    let client = Client::new(lowering.identity);
    Registry::of(documents, &client, lowering)
}

pub(super) fn claims<'a>(
    documents: &[&'a Document],
    registry: &Registry<'a>,
    lowering: &mut Lowering<'_>,
) -> Vec<Claim<'a>> {
    // A `Service` alone is of no mesh: who says nothing in Istio's words has nothing of Istio's. Where it is known who
    // answers, requests are balanced all the same, and in a mesh of osm-edge's as there.
    let is_ours = documents.iter().any(|document| is_ours(&document.resource));
    if !is_ours && documents.iter().any(|document| is_osms(&document.resource)) {
        return osm::bare(registry, lowering);
    }
    let client = Client::new(lowering.identity);
    let gateways = Gateways::of(documents, lowering);
    let delegates = Delegates::of(documents, lowering);
    let policies = Policies::of(documents, registry, &client, lowering);
    let beside = Beside { registry, client: &client, policies: &policies, delegates: &delegates };
    let routes_of = |document: &&'a Document| match &document.resource {
        Resource::VirtualService(spec) => Some((*document, &**spec)),
        _ => None,
    };
    let (parts, whole): (Vec<_>, Vec<_>) =
        documents.iter().filter_map(routes_of).partition(|(_, spec)| spec.hosts.is_empty());
    let mut routes = Vec::new();
    for (document, spec) in whole {
        let Some(mut read) = virtual_service::read(document, spec, &beside, lowering) else { continue };
        gateways.keep_served(&mut read, spec, &client, lowering);
        protocols::judge(document, spec, &mut read, registry, &gateways, &client, lowering);
        judge_sense(document, spec, &beside, &policies, lowering);
        routes.push(read);
    }
    for (document, spec) in parts {
        virtual_service::judge_part(document, spec, &beside, lowering);
        delegates.note_unused(document, lowering);
        if delegates.is_meant(document) {
            judge_sense(document, spec, &beside, &policies, lowering);
        }
    }
    if lowering.identity.thorough {
        judge_names(documents, registry, lowering);
    }
    let said = Said::new(registry, &policies, routes, lowering);
    let mut known = HashSet::new();
    let subjects = subjects(&said, is_ours, lowering).into_iter();
    let subjects = subjects.filter(|subject| known.insert(subject.host.clone()));
    let mut claims: Vec<_> = subjects.filter_map(|subject| said.claim(subject, lowering)).collect();
    let told = told(&said, &claims, lowering).into_iter();
    claims.extend(told.filter_map(|subject| said.claim(subject, lowering)));
    staff::judge(documents, &claims, lowering);
    advice::judge(&claims, &said, lowering);
    claims
}

/// The hosts of which only the program tells, by their endpoints. A name that is short for a host that rules lead to is
/// that host's.
fn told<'a>(said: &Said<'_, 'a>, claims: &[Claim<'a>], lowering: &Lowering<'_>) -> Vec<Subject<'a>> {
    let Identity { namespace, domain, .. } = lowering.identity;
    let names = claims.iter().flat_map(|claim| &claim.destination.hosts);
    let named: HashSet<&str> = names.map(String::as_str).collect();
    let led: HashSet<&str> = said.targets().into_iter().map(|(name, _)| name).collect();
    let home = lowering.identity.home();
    let hosts = lowering.told_hosts().filter(|name| !named.contains(&**name)).map(|name| {
        let full = home.full(&name).filter(|full| led.contains(&**full));
        Host::of_istio(full.as_deref().unwrap_or(&name), namespace, domain)
    });
    let mut known = HashSet::new();
    let hosts = hosts.filter(|host| known.insert(host.clone()));
    hosts.map(|host| Subject { host, document: None, path: String::new(), by_policy: false }).collect()
}

fn is_osms(resource: &Resource) -> bool {
    matches!(resource, Resource::UpstreamTrafficSetting(_) | Resource::Retry(_))
}

fn is_ours(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::VirtualService(_)
            | Resource::DestinationRule(_)
            | Resource::Gateway(_)
            | Resource::ServiceEntry(_)
    )
}

/// The hosts that documents speak of, and those that are there: as documents say, or because rules lead to them.
fn subjects<'a>(said: &Said<'_, 'a>, is_ours: bool, lowering: &Lowering<'_>) -> Vec<Subject<'a>> {
    let domain = &lowering.identity.domain;
    let routed = said.routes.iter().flat_map(|routes| {
        let subject = |(host, path): &(Host, String)| Subject {
            host: host.clone(),
            document: Some(routes.document),
            path: path.clone(),
            by_policy: true,
        };
        routes.hosts.iter().map(subject)
    });
    let policed = said.policies.hosts().map(|(host, document)| Subject {
        host: host.clone(),
        document: Some(document),
        path: "spec.host".to_owned(),
        by_policy: true,
    });
    let known = said.registry.hosts().filter_map(|host| {
        let known = said.registry.get(host).filter(|known| is_ours || !known.endpoints.is_empty())?;
        let (document, path) = (Some(known.document), known.path.clone());
        Some(Subject { host: host.clone(), document, path, by_policy: false })
    });
    // Of a host that a rule only leads to there is nothing to say, unless a policy is for it too.
    let led = said.targets().into_iter().filter_map(|(name, document)| {
        let host = Host::of_istio(name, "", domain);
        let is_policed = said.policies.of_host(&host, &host.pattern(domain)?, said.registry).is_some();
        let path = "spec.http".to_owned();
        is_policed.then_some(Subject { host, document: Some(document), path, by_policy: false })
    });
    routed.chain(policed).chain(known).chain(led).collect()
}

/// Tells of routes that do not do what they seem to.
fn judge_sense(
    document: &Document,
    spec: &VirtualService,
    beside: &Beside<'_, '_>,
    policies: &Policies<'_>,
    lowering: &mut Lowering<'_>,
) {
    targets::judge(document, spec, beside.registry, policies, lowering);
    if lowering.identity.thorough {
        order::judge(document, spec, beside.client, lowering);
        timing::judge(document, spec, lowering);
    }
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

/// Whether a document is exported to this client; that it is not is told.
fn is_exported(
    document: &Document,
    export_to: &[String],
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> bool {
    let is_exported = client.sees(export_to, lowering.namespace(document));
    if !is_exported {
        let message = "never applies to this client: it is not exported to the client's namespace";
        let fix = format!("add `{}` to `exportTo`", lowering.identity.namespace);
        lowering.lint(document, "spec.exportTo", Code::OtherClients, message, fix);
    }
    is_exported
}

/// Which of several documents comes first: the one that was made first, else by name, else by namespace. Files say
/// nothing of when; then they go by name.
fn age<'d>(document: &'d Document, lowering: &'d Lowering<'_>) -> (Option<&'d str>, &'d str, &'d str) {
    let metadata = &document.metadata;
    let name = metadata.name.as_deref().unwrap_or_default();
    (metadata.creation_timestamp.as_deref(), name, lowering.namespace(document))
}
