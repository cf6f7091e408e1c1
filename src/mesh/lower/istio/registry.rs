//! Which hosts there are, with their ports and what is spoken there: as `Service` and `ServiceEntry` documents say.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::{client::Client, naming};
use crate::{
    config::{
        Document, Resource,
        istio::{ServiceEntry, ServiceEntryPort},
        k8s::{Service, ServicePort},
        nearest,
    },
    mesh::{
        host::Host,
        lower::{Lowering, invalid::InvalidBlock},
        note::{Code, NoteKind},
    },
    policy::limits::Upstream,
};

/// The hosts that there are documents of.
#[derive(Default)]
pub(super) struct Registry<'a> {
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
}

/// What is spoken at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP, or nobody says what.
    Http(Upstream),
    /// Another protocol, in which rules for HTTP find nothing.
    Other,
}

/// What is spoken to a host, before a policy upgrades it.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    ports: BTreeMap<u16, Spoken>,
    /// To a port of which nothing is known.
    otherwise: Upstream,
}

impl<'a> Registry<'a> {
    pub(super) fn of(documents: &[&'a Document], client: &Client<'_>, lowering: &mut Lowering<'_>) -> Self {
        let mut registry = Self::default();
        for &document in documents {
            let namespace = lowering.namespace(document).to_owned();
            match &document.resource {
                Resource::Service(service) => {
                    let Some(name) = &document.metadata.name else { continue };
                    let host = Host::Service { name: name.clone(), namespace: namespace.clone() };
                    registry.insert(host, Known::service(document, service, namespace), lowering);
                }
                Resource::ServiceEntry(entry) => {
                    judge_entry(document, entry, lowering);
                    if !super::is_exported(document, &entry.export_to, client, lowering) {
                        continue;
                    }
                    note_entry(document, entry, lowering);
                    let hosts = entry.hosts.iter().enumerate().filter(|(_, name)| !name.starts_with('*'));
                    for (index, name) in hosts {
                        let host = Host::of_entry(name, &lowering.identity.domain);
                        let path = format!("spec.hosts[{index}]");
                        registry.insert(
                            host,
                            Known::entry(document, entry, namespace.clone(), path),
                            lowering,
                        );
                    }
                }
                _ => {}
            }
        }
        registry
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
        let mut ports = self.known.get(host).map(|known| known.ports.clone()).unwrap_or_default();
        if http2 {
            ports.values_mut().for_each(|spoken| {
                if matches!(spoken, Spoken::Http(_)) {
                    *spoken = Spoken::Http(Upstream::Http2);
                }
            });
        }
        Ports { ports, otherwise: if http2 { Upstream::Http2 } else { Upstream::Http1 } }
    }
}

/// A service's name, and its namespace; a host outside has none.
fn divided(host: &Host) -> (&str, Option<&str>) {
    match host {
        Host::Service { name, namespace } => (name, Some(namespace)),
        Host::Outside(name) => (name, None),
    }
}

/// Its hosts and ports are looked at; who its endpoints are is not yet.
fn note_entry(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    let fields = [
        (entry.endpoints.is_some(), "endpoints"),
        (entry.workload_selector.is_some(), "workloadSelector"),
        (entry.resolution.is_some(), "resolution"),
        (!entry.addresses.is_empty(), "addresses"),
        (entry.location.is_some(), "location"),
        (!entry.subject_alt_names.is_empty(), "subjectAltNames"),
    ];
    lowering.fields_not_applied(document, "spec", &fields);
    for (index, port) in entry.ports.iter().enumerate() {
        let fields = [(port.target_port.is_some(), "targetPort")];
        lowering.fields_not_applied(document, &format!("spec.ports[{index}]"), &fields);
    }
    for (index, _) in entry.hosts.iter().enumerate().filter(|(_, host)| host.starts_with('*')) {
        let message = "read, not applied: a family has no ports here";
        lowering.note(document, &format!("spec.hosts[{index}]"), NoteKind::NotApplied, message);
    }
}

/// What is wrong with its hosts and ports.
fn judge_entry(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    naming::judge_exports(document, &entry.export_to, true, lowering);
    if entry.hosts.is_empty() {
        lowering.refuse(document, "spec.hosts", "`hosts` cannot be empty", "at least one host");
    }
    for (index, host) in entry.hosts.iter().enumerate() {
        if host == "*" || !naming::is_host(host) {
            let message = format!("a host cannot be `{host}`");
            let accepted = "a name, with a `*` in front perhaps, such as `*.example.com`";
            lowering.refuse(document, &format!("spec.hosts[{index}]"), &message, accepted);
        }
    }
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for (index, port) in entry.ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        match port.number {
            None | Some(0) => {
                let message = "a port must have a `number`";
                lowering.refuse(document, &path, message, "a number from 1 to 65535");
            }
            Some(number) if !numbers.insert(number) => {
                let message = format!("`number` cannot be {number} again");
                lowering.refuse(
                    document,
                    &format!("{path}.number"),
                    &message,
                    "a number of its own for each port",
                );
            }
            Some(_) => {}
        }
        match port.name.as_deref() {
            None | Some("") => {
                let message = "a port must have a `name`";
                lowering.refuse(document, &path, message, "a name, such as `http`");
            }
            Some(name) if !naming::is_label(name) => {
                let message = format!("`name` cannot be `{name}`");
                lowering.refuse(document, &format!("{path}.name"), &message, naming::LABEL);
            }
            Some(name) if !names.insert(name) => {
                let message = format!("`name` cannot be `{name}` again");
                lowering.refuse(
                    document,
                    &format!("{path}.name"),
                    &message,
                    "a name of its own for each port",
                );
            }
            Some(_) => {}
        }
        let said = port.protocol.as_deref().unwrap_or_default();
        if !said.is_empty() && !PROTOCOLS.iter().any(|known| said.eq_ignore_ascii_case(known)) {
            let accepted = format!("one of {}, or absent", PROTOCOLS.join(", "));
            lowering.invalid(document, &path, InvalidBlock::word("protocol", said, &PROTOCOLS, accepted));
        }
    }
}

/// What an entry may say of a port; by the first four and the last rules for HTTP are asked.
const PROTOCOLS: [&str; 12] = [
    "HTTP",
    "HTTP2",
    "GRPC",
    "GRPC-WEB",
    "HTTPS",
    "TLS",
    "TCP",
    "UDP",
    "MONGO",
    "MYSQL",
    "REDIS",
    "HTTP_PROXY",
];

impl<'a> Known<'a> {
    fn service(document: &'a Document, service: &Service, namespace: String) -> Self {
        let ports = service.ports.iter().map(|port| (port.port, of_service(port))).collect();
        let is_alias = service.kind.as_deref() == Some("ExternalName");
        let alias = service.external_name.clone().filter(|_| is_alias);
        Self { document, path: "metadata.name".to_owned(), namespace, ports, alias }
    }

    fn entry(document: &'a Document, entry: &ServiceEntry, namespace: String, path: String) -> Self {
        let ports = entry.ports.iter().filter_map(|port| Some((port.number?, of_entry(port)))).collect();
        Self { document, path, namespace, ports, alias: None }
    }

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

impl Ports {
    /// What is spoken to this port, or to one of which nothing is known; other protocols share no connections.
    pub(super) fn to(&self, port: Option<u16>) -> Upstream {
        match port.and_then(|port| self.ports.get(&port)) {
            Some(Spoken::Http(upstream)) => *upstream,
            Some(Spoken::Other) => Upstream::Http1,
            None => self.otherwise,
        }
    }

    /// The same, but with another protocol than HTTP at these ports.
    pub(super) fn silent_at(mut self, ports: impl Iterator<Item = u16>) -> Self {
        self.ports.extend(ports.map(|port| (port, Spoken::Other)));
        self
    }

    /// Whether HTTP is spoken to a port, as far as is known.
    pub(super) fn is_http(&self, port: u16) -> bool {
        self.ports.get(&port) != Some(&Spoken::Other)
    }

    /// To the ports that are not among these, each protocol once.
    pub(super) fn beside<T>(&self, ports: &BTreeMap<u16, T>) -> Vec<Upstream> {
        let others = self.ports.keys().filter(|port| !ports.contains_key(port));
        let mut spoken: Vec<_> = others.map(|port| self.to(Some(*port))).collect();
        if self.ports.is_empty() {
            spoken.push(self.otherwise);
        }
        spoken.sort_unstable_by_key(|protocol| *protocol as u8);
        spoken.dedup();
        spoken
    }

    /// The ports that are known.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }
}

/// `appProtocol` counts before the name, which begins with the protocol: `grpc`, `http2-admin`. Of what is said of
/// neither it is found out what it is.
fn of_service(port: &ServicePort) -> Spoken {
    let carrier = port.protocol.as_deref().unwrap_or_default();
    if ["UDP", "SCTP"].iter().any(|other| carrier.eq_ignore_ascii_case(other)) {
        return Spoken::Other;
    }
    let said = port.app_protocol.as_deref().or(port.name.as_deref()).unwrap_or_default().to_ascii_lowercase();
    let said = said.strip_prefix("kubernetes.io/").unwrap_or(&said);
    named(said.split('-').next().unwrap_or_default())
}

/// What the entry says; it is found out where it says nothing.
fn of_entry(port: &ServiceEntryPort) -> Spoken {
    let said = port.protocol.as_deref().unwrap_or_default().to_ascii_lowercase();
    named(said.split('-').next().unwrap_or_default())
}

fn named(protocol: &str) -> Spoken {
    match protocol {
        "grpc" | "http2" | "h2c" => Spoken::Http(Upstream::Http2),
        "tcp" | "udp" | "tls" | "https" | "mongo" | "redis" | "mysql" => Spoken::Other,
        _ => Spoken::Http(Upstream::Http1),
    }
}
