//! Which hosts there are, with their ports and what is spoken there: as `Service` and `ServiceEntry` documents say.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use super::{
    client::Client,
    endpoints,
    ports::{self, Spoken},
    service_entry::{self, Who},
    slices::Slices,
    workloads::Workloads,
};
use crate::{
    config::{
        Document, Resource,
        istio::{ServiceEntry, ServiceEntryPort},
        k8s::{Service, ServicePort, TargetPort},
        nearest,
    },
    mesh::{host::Host, lower::Lowering, note::Code, plan::Backends},
};

pub(super) use super::ports::Ports;

/// The hosts that there are documents of.
#[derive(Default)]
pub(in crate::mesh::lower) struct Registry<'a> {
    known: HashMap<Host, Known<'a>>,
    /// In the order of their documents.
    hosts: Vec<Host>,
    /// How many names were compared to find out what was meant.
    compared: Cell<usize>,
}

/// So many names are compared to find out what was meant: a host that is not there is compared with all that are.
const COMPARED: usize = 1 << 20;

/// A host that a document is about.
pub(super) struct Known<'a> {
    pub(super) document: &'a Document,
    pub(super) path: String,
    /// The namespace that it is of.
    pub(super) namespace: String,
    ports: BTreeMap<u16, Spoken>,
    /// The name that it is another one for.
    alias: Option<String>,
    /// Single addresses by which requests can mean it.
    pub(super) addresses: Vec<String>,
    /// Who its endpoints are, as far as documents tell.
    pub(super) endpoints: Vec<Backends>,
}

/// Where endpoints are told of.
struct Told<'t, 'a> {
    slices: &'t Slices<'a>,
    workloads: &'t Workloads<'a>,
}

impl<'a> Registry<'a> {
    pub(super) fn of(documents: &[&'a Document], client: &Client<'_>, lowering: &mut Lowering<'_>) -> Self {
        let mut registry = Self::default();
        let (slices, workloads) = (Slices::of(documents, lowering), Workloads::of(documents, lowering));
        let told = Told { slices: &slices, workloads: &workloads };
        for &document in documents {
            match &document.resource {
                Resource::Service(service) => {
                    registry.insert_service(document, service, &told, lowering);
                }
                Resource::ServiceEntry(entry) => {
                    service_entry::judge(document, entry, lowering);
                    let is_seen = super::is_exported(document, &entry.export_to, client, lowering);
                    let who = match is_seen {
                        true => Who::of(document, entry, &workloads, lowering),
                        false => lowering.quietly(|lowering| Who::of(document, entry, &workloads, lowering)),
                    };
                    if is_seen {
                        service_entry::note(document, entry, lowering);
                        registry.insert_entry(document, entry, &who, lowering);
                    }
                }
                _ => {}
            }
        }
        workloads.note_unused(lowering);
        slices.note_unused(documents.iter().any(|document| has_subsets(document)), lowering);
        registry
    }

    fn insert_service(
        &mut self,
        document: &'a Document,
        service: &Service,
        told: &Told<'_, 'a>,
        lowering: &mut Lowering<'_>,
    ) {
        let Some(name) = &document.metadata.name else { return };
        let namespace = lowering.namespace(document).to_owned();
        let host = Host::Service { name: name.clone(), namespace: namespace.clone() };
        let is_alias = service.kind.as_deref() == Some("ExternalName");
        let known = Known {
            document,
            path: "metadata.name".to_owned(),
            ports: service.ports.iter().map(|port| (port.port, ports::of_service(port))).collect(),
            alias: service.external_name.clone().filter(|_| is_alias),
            addresses: Vec::new(),
            endpoints: if is_alias {
                Vec::new()
            } else {
                told.of_service(&namespace, name, service, lowering)
            },
            namespace,
        };
        self.insert(host, known, lowering);
    }

    /// One for each of its hosts; a family is one too.
    fn insert_entry(
        &mut self,
        document: &'a Document,
        entry: &ServiceEntry,
        who: &Who,
        lowering: &mut Lowering<'_>,
    ) {
        let ports: BTreeMap<_, _> =
            entry.ports.iter().filter_map(|port| Some((port.number?, ports::of_entry(port)))).collect();
        for (index, name) in entry.hosts.iter().enumerate() {
            let host = Host::of_entry(name, &lowering.identity.domain);
            let known = Known {
                document,
                path: format!("spec.hosts[{index}]"),
                namespace: lowering.namespace(document).to_owned(),
                ports: ports.clone(),
                alias: None,
                addresses: if name.starts_with('*') { Vec::new() } else { service_entry::addresses(entry) },
                endpoints: who.backends(name, entry),
            };
            self.insert(host, known, lowering);
        }
    }

    /// One host has one document: the first.
    fn insert(&mut self, host: Host, known: Known<'a>, lowering: &mut Lowering<'_>) {
        if let Some(first) = self.known.get(&host) {
            let at = first.document.locate_nearest(&first.path);
            let message = format!("never applies: the document at {at} is for the same host and comes first");
            let fix = "say all of a host in one document";
            lowering.lint(known.document, &known.path, Code::Duplicate, message, fix);
            return;
        }
        self.hosts.push(host.clone());
        self.known.insert(host, known);
    }

    /// Who the endpoints of a host are, as far as documents tell.
    pub(in crate::mesh::lower) fn endpoints(&self, host: &Host) -> &[Backends] {
        self.known.get(host).map_or(&[], |known| &known.endpoints)
    }

    /// The hosts of which documents tell who their endpoints are, in their order, each with its document.
    pub(in crate::mesh::lower) fn staffed(&self) -> impl Iterator<Item = (&Host, &'a Document)> {
        let known = self.hosts.iter().filter_map(|host| Some((host, self.known.get(host)?)));
        known.filter(|(_, known)| !known.endpoints.is_empty()).map(|(host, known)| (host, known.document))
    }

    /// What is known of a host.
    pub(super) fn get(&self, host: &Host) -> Option<&Known<'a>> {
        self.known.get(host)
    }

    /// Whether there is a host; where no document says which there are, each may be there.
    pub(super) fn knows(&self, host: &Host) -> bool {
        self.hosts.is_empty() || self.known.contains_key(host)
    }

    /// The host that was meant by one that is not there, if it is nearly one of its namespace.
    pub(super) fn nearest(&self, host: &Host) -> Option<&Host> {
        let (name, namespace) = divided(host);
        let compared = self.compared.replace(self.compared.get().saturating_add(self.hosts.len()));
        let hosts = self.hosts.iter().filter(|_| compared < COMPARED).map(divided);
        let names: Vec<_> = hosts.filter(|(_, of)| *of == namespace).map(|(name, _)| name).collect();
        let meant = nearest(name, &names)?;
        self.hosts.iter().find(|other| divided(other) == (meant, namespace))
    }

    /// The hosts that there are documents of, in their order.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }

    /// The host that a name leads to in the end: of an alias the one that it is for, one step on.
    pub(super) fn resolved(&self, host: Host, domain: &str) -> Host {
        let alias = self.known.get(&host).and_then(|known| known.alias.as_deref());
        alias.map_or(host, |alias| Host::of_entry(alias, domain))
    }

    /// What is spoken to a host; whoever speaks HTTP/2 to all does to its ports too.
    pub(super) fn ports(&self, host: &Host, http2: bool) -> Ports {
        let ports = self.known.get(host).map(|known| known.ports.clone()).unwrap_or_default();
        Ports::new(ports, http2)
    }
}

impl<'a> Told<'_, 'a> {
    /// Behind each port of a service those of its slices, and the workloads that its selector selects, which are no pods:
    /// these have slices. Nobody is known if there is neither.
    fn of_service(
        &self,
        namespace: &str,
        name: &str,
        service: &Service,
        lowering: &mut Lowering<'_>,
    ) -> Vec<Backends> {
        let selected = match service.selector.is_empty() {
            true => Vec::new(),
            false => self.workloads.with(namespace, &service.selector),
        };
        let selected: Vec<_> = selected.into_iter().filter(|workload| !workload.is_pod).collect();
        let behind = |port: &ServicePort| {
            let sliced = self.slices.behind(namespace, name, port);
            if sliced.is_none() && selected.is_empty() {
                return None;
            }
            let named = as_named(port);
            let selected = selected.iter().filter_map(|workload| {
                let (endpoint, is_shared) =
                    endpoints::reached(&workload.entry, Some(&named), lowering.identity)?;
                Some(endpoints::Placed { endpoint, document: workload.document, index: None, is_shared })
            });
            let all: Vec<_> = sliced.into_iter().flatten().chain(selected).collect();
            // That slices tell of one endpoint twice is their way to change.
            Some(Backends::new(Some(port.port), endpoints::each_once(all, false, lowering)))
        };
        service.ports.iter().map(behind).collect::<Option<_>>().unwrap_or_default()
    }
}

/// A service's port as an entry would spell it. A port of pods that has but a name is that of the same name, or number.
fn as_named(port: &ServicePort) -> ServiceEntryPort {
    let target_port = match port.target_port {
        Some(TargetPort::Number(number)) => Some(number),
        _ => None,
    };
    let name = Some(port.name.clone().unwrap_or_default());
    ServiceEntryPort { number: Some(port.port), name, target_port, ..ServiceEntryPort::default() }
}

/// Whether it makes parts of endpoints by their labels.
fn has_subsets(document: &Document) -> bool {
    let Resource::DestinationRule(spec) = &document.resource else { return false };
    spec.subsets.iter().any(|subset| !subset.labels.is_empty())
}

/// A service's name, and its namespace; a host outside has none.
fn divided(host: &Host) -> (&str, Option<&str>) {
    match host {
        Host::Service { name, namespace } => (name, Some(namespace)),
        Host::Outside(name) => (name, None),
    }
}

impl Known<'_> {
    /// Its only port, if it has one.
    pub(super) fn only_port(&self) -> Option<u16> {
        let mut ports = self.ports.keys();
        ports.next().copied().filter(|_| ports.next().is_none())
    }

    /// Its ports.
    pub(super) fn numbers(&self) -> Vec<u16> {
        self.ports.keys().copied().collect()
    }

    /// Whether another protocol than HTTP is spoken to a port.
    pub(super) fn speaks_otherwise(&self, port: u16) -> bool {
        self.ports.get(&port) == Some(&Spoken::Other)
    }

    /// Whether HTTP is spoken to none of its ports, of which there are some.
    pub(super) fn speaks_no_http(&self) -> bool {
        !self.ports.is_empty() && self.ports.values().all(|spoken| *spoken == Spoken::Other)
    }
}
