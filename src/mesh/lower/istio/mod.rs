//! Istio's documents as destinations: fault, timeout, retries, then the cluster's limits.

mod destination_rule;
mod fault;
mod limits;
mod retries;
mod said;
mod services;
mod virtual_service;

use self::{said::AllSaid, services::Services};
use super::{Lowering, names::Claim};
use crate::{
    config::{
        Document, Resource,
        istio::{DestinationRule, VirtualService},
    },
    mesh::{host::Host, note::NoteKind},
};

pub(super) fn claims<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Vec<Claim<'a>> {
    let services = Services::of(documents, lowering);
    let mut all = AllSaid::default();
    for &document in documents {
        match &document.resource {
            Resource::VirtualService(spec) => routes(&mut all, document, spec, lowering),
            Resource::DestinationRule(spec) => rule(&mut all, document, spec, &services, lowering),
            _ => {}
        }
    }
    all.complete().into_iter().map(|said| said.claim(&services, lowering)).collect()
}

fn routes<'a>(
    all: &mut AllSaid<'a>,
    document: &'a Document,
    spec: &VirtualService,
    lowering: &mut Lowering<'_>,
) {
    if !virtual_service::is_for_clients(document, spec, lowering) {
        return;
    }
    let hosts: Vec<_> = spec.hosts.iter().map(|host| host_of(host, document, lowering)).collect();
    let Some(route) = virtual_service::route(document, spec, &hosts, lowering) else { return };
    for (index, host) in hosts.into_iter().enumerate() {
        let path = format!("spec.hosts[{index}]");
        if is_looked_for(&host, document, &path, lowering) {
            let said = all.of(host, document, path.clone());
            let earlier = said.route.get_or_insert_with(|| (route.clone(), document));
            never_applies(document, &path, earlier.1, lowering);
        }
    }
}

fn rule<'a>(
    all: &mut AllSaid<'a>,
    document: &'a Document,
    spec: &'a DestinationRule,
    services: &Services,
    lowering: &mut Lowering<'_>,
) {
    let path = "spec.host";
    let host = host_of(&spec.host, document, lowering);
    let spoken = services.spoken(&host, lowering.identity.http2);
    let rule = destination_rule::read(document, spec, &spoken, lowering);
    if is_looked_for(&host, document, path, lowering) {
        let said = all.of(host, document, path.to_owned());
        // Of several rules that of a policy counts which comes first, whole.
        if let Some(rule) = rule {
            let earlier = said.rule.get_or_insert((rule, document));
            never_applies(document, path, earlier.1, lowering);
        }
    }
}

fn host_of(host: &str, document: &Document, lowering: &Lowering<'_>) -> Host {
    Host::of_istio(host, lowering.namespace(document), &lowering.identity.domain)
}

/// Whether requests are asked if they mean this host; of families of hosts that of all is the only one.
fn is_looked_for(host: &Host, document: &Document, path: &str, lowering: &mut Lowering<'_>) -> bool {
    let family = matches!(host, Host::Outside(name) if name.starts_with('*') && name != "*");
    if family {
        let message = "not applied yet: of names with a `*` only `*` alone is looked for";
        lowering.note(document, path, NoteKind::NotApplied, message);
    }
    !family
}

/// Tells that an earlier document counts, if it is another one.
fn never_applies(document: &Document, path: &str, counts: &Document, lowering: &mut Lowering<'_>) {
    if !std::ptr::eq(document, counts) {
        let field = path.split('[').next().unwrap_or(path);
        let at = counts.locate_nearest(field);
        let message = format!("never applies: the document at {at} is for the same host and came first");
        lowering.note(document, path, NoteKind::Surprise, message);
    }
}
