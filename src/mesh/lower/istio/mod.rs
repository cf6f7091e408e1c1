//! Istio's documents as destinations: fault, timeout, retries, then the cluster's limits.

mod destination_rule;
mod fault;
mod limits;
mod retries;
mod services;
mod virtual_service;

use self::{destination_rule::Rule, services::Services, virtual_service::Route};
use super::{Lowering, names::Claim};
use crate::{
    config::{Document, Resource},
    mesh::{
        host::Host,
        note::NoteKind,
        plan::{Destination, Dialect, Port, Station, Way},
    },
    policy::limits::Upstream,
};

/// What documents say of one host.
struct Said<'a> {
    host: Host,
    /// The first document that speaks of it, and where.
    document: &'a Document,
    path: &'static str,
    route: Option<Route>,
    rule: Option<Rule<'a>>,
}

pub(super) fn claims<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Vec<Claim<'a>> {
    let services = Services::of(documents, lowering);
    let mut all: Vec<Said<'a>> = Vec::new();
    for &document in documents {
        match &document.resource {
            Resource::VirtualService(spec) => {
                if !virtual_service::is_for_clients(document, spec, lowering) {
                    continue;
                }
                let Some(route) = virtual_service::route(document, spec, lowering) else { continue };
                for (index, host) in spec.hosts.iter().enumerate() {
                    let host = host_of(host, document, lowering);
                    note_other_hosts(&host, document, spec, lowering);
                    let said = of(&mut all, host, document, "spec.hosts");
                    if said.route.is_none() {
                        said.route = Some(route.clone());
                    } else {
                        let path = format!("spec.hosts[{index}]");
                        lowering.note(
                            document,
                            &path,
                            NoteKind::Surprise,
                            "has routes of an earlier document",
                        );
                    }
                }
            }
            Resource::DestinationRule(spec) => {
                let host = host_of(&spec.host, document, lowering);
                let protocol = |port| protocol(&services, &host, port, lowering.identity.http2);
                let rule = destination_rule::read(document, spec, protocol, lowering);
                let said = of(&mut all, host.clone(), document, "spec.host");
                if said.rule.is_none() {
                    said.rule = Some(rule);
                } else {
                    let message = "never applies: an earlier document has policies for this host";
                    lowering.note(document, "spec.host", NoteKind::Surprise, message);
                }
            }
            _ => {}
        }
    }
    all.into_iter()
        .map(|said| {
            let (document, path) = (said.document, said.path);
            Claim { destination: said.destination(&services, lowering), document, path }
        })
        .collect()
}

fn host_of(host: &str, document: &Document, lowering: &Lowering<'_>) -> Host {
    Host::of_istio(host, lowering.namespace(document), &lowering.identity.domain)
}

fn of<'s, 'a>(
    all: &'s mut Vec<Said<'a>>,
    host: Host,
    document: &'a Document,
    path: &'static str,
) -> &'s mut Said<'a> {
    let place = all.iter().position(|said| said.host == host).unwrap_or_else(|| {
        all.push(Said { host, document, path, route: None, rule: None });
        all.len() - 1
    });
    &mut all[place]
}

/// Requests stay with the host that they are for, until routes lead elsewhere.
fn note_other_hosts(
    host: &Host,
    document: &Document,
    spec: &crate::config::istio::VirtualService,
    lowering: &mut Lowering<'_>,
) {
    let places = spec.http.iter().enumerate().flat_map(|(index, route)| {
        route.route.iter().enumerate().map(move |(place, to)| (index, place, &*to.destination.host))
    });
    for (index, place, to) in places {
        if *host != Host::Outside("*".to_owned()) && host_of(to, document, lowering) != *host {
            let path = format!("spec.http[{index}].route[{place}].destination.host");
            let message = "not applied yet: requests go to the host that they name";
            lowering.note(document, &path, NoteKind::NotApplied, message);
        }
    }
}

/// What is spoken to a port of a host, before a policy upgrades it.
fn protocol(services: &Services, host: &Host, port: u16, told: bool) -> Upstream {
    let named = services.ports(host).get(&port).copied();
    if told { Upstream::Http2 } else { named.unwrap_or_default() }
}

impl Said<'_> {
    fn destination(self, services: &Services, lowering: &Lowering<'_>) -> Destination {
        let identity = lowering.identity;
        let route = self.route.unwrap_or_else(|| virtual_service::by_default(lowering));
        let rule = self.rule.unwrap_or_default();
        let way = |port: Option<u16>| {
            let protocol = protocol(services, &self.host, port.unwrap_or(0), identity.http2);
            let (limits, connections) = rule.to(port, protocol);
            let limits = limits.map(Station::Limits).filter(Station::does_something);
            Way { stations: route.stations.iter().cloned().chain(limits).collect(), connections }
        };
        let whole = way(None);
        let mut numbers: Vec<u16> = rule.ports().chain(services.ports(&self.host).into_keys()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let ports = numbers.into_iter().map(|number| Port { number, way: way(Some(number)) });
        Destination {
            name: self.host.name(&identity.domain, Dialect::Istio),
            hosts: self.host.names(&identity.namespace, &identity.domain, Dialect::Istio),
            dialect: Dialect::Istio,
            ports: ports.filter(|port| port.way != whole).collect(),
            way: whole,
        }
    }
}
