//! `ServiceEntry`: what is wrong with it, and who the endpoints of its hosts are.

use std::{collections::HashSet, net::IpAddr};

use super::{
    endpoints::{self, Allowed, Placed},
    l4, naming,
    workloads::{Workload, Workloads},
};
use crate::{
    config::{
        Document,
        istio::{EntrySelector, Resolution, ServiceEntry, ServiceEntryPort, WorkloadEntry},
    },
    mesh::{
        lower::{Lowering, invalid::InvalidBlock},
        note::{Code, NoteKind},
        plan::Backends,
    },
    policy::balance::Address,
};

/// Who the endpoints of an entry's hosts are.
pub(super) enum Who {
    /// Nobody says: whoever the caller names is asked.
    Unknown,
    /// Each host is its own.
    Itself,
    /// These.
    These(Vec<Backends>),
}

impl Who {
    /// The endpoints of all hosts of an entry.
    pub(super) fn of(
        document: &Document,
        entry: &ServiceEntry,
        workloads: &Workloads<'_>,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        let resolution = entry.resolution.unwrap_or_default();
        let namespace = lowering.namespace(document).to_owned();
        let selected = entry.workload_selector.as_ref().map(|selector| Selected {
            document,
            selector,
            workloads: workloads.with(&namespace, &selector.labels),
        });
        match (resolution, &entry.endpoints, selected) {
            (Resolution::None, _, Some(_)) => {
                let message = "selects nobody: with the resolution NONE whoever the caller names is asked";
                lowering.note(document, "spec.workloadSelector", NoteKind::Surprise, message);
                Self::Unknown
            }
            (Resolution::None | Resolution::DynamicDns, ..) => Self::Unknown,
            (_, _, Some(selected)) => {
                let is_static = resolution == Resolution::Static;
                let spelled = selected.spelled(is_static, lowering);
                Self::These(behind(&entry.ports, &spelled, lowering))
            }
            (Resolution::Dns | Resolution::DnsRoundRobin, None, None) => Self::Itself,
            (Resolution::Dns | Resolution::DnsRoundRobin, Some(none), None) if none.is_empty() => {
                Self::Itself
            }
            (_, endpoints, None) => {
                let inline = endpoints.iter().flatten().enumerate();
                let spelled = inline.map(|(index, entry)| Spelled { document, index: Some(index), entry });
                Self::These(behind(&entry.ports, &spelled.collect::<Vec<_>>(), lowering))
            }
        }
    }

    /// Those of one of the hosts.
    pub(super) fn backends(&self, host: &str, entry: &ServiceEntry) -> Vec<Backends> {
        let first = entry.resolution == Some(Resolution::DnsRoundRobin);
        let all = self.of_host(host, &entry.ports).into_iter();
        all.map(|backends| backends.first_address(first)).collect()
    }

    fn of_host(&self, host: &str, ports: &[ServiceEntryPort]) -> Vec<Backends> {
        match self {
            Self::Unknown => Vec::new(),
            Self::These(backends) => backends.clone(),
            Self::Itself => {
                let address = Some(host.strip_suffix('.').unwrap_or(host).to_owned());
                let itself = WorkloadEntry { address, ..WorkloadEntry::default() };
                let at = |port: Option<&ServiceEntryPort>| {
                    let endpoint = endpoints::endpoint(&itself, port);
                    Backends::new(port.and_then(|port| port.number), endpoint.into_iter().collect())
                };
                each_port(ports).map(at).collect()
            }
        }
    }
}

/// The ports of an entry; if it has none, one stands for all.
fn each_port(ports: &[ServiceEntryPort]) -> impl Iterator<Item = Option<&ServiceEntryPort>> {
    let any = ports.is_empty().then_some(None);
    ports.iter().filter(|port| port.number.is_some()).map(Some).chain(any)
}

/// The workloads that a selector selects.
struct Selected<'s, 'a> {
    document: &'s Document,
    selector: &'s EntrySelector,
    workloads: Vec<&'s Workload<'a>>,
}

impl Selected<'_, '_> {
    /// Those of them that can be asked; where names are not looked up those that are no names.
    fn spelled(&self, is_static: bool, lowering: &mut Lowering<'_>) -> Vec<Spelled<'_>> {
        let document = self.document;
        if self.selector.labels.is_empty() {
            let message = "has no labels: it selects every workload of its namespace";
            lowering.note(document, "spec.workloadSelector", NoteKind::Surprise, message);
        }
        if self.workloads.is_empty() {
            let message = "selects no workload: requests are answered 503";
            let fix = "write labels that a WorkloadEntry of the same namespace has";
            lowering.lint(document, "spec.workloadSelector", Code::SelectorEmpty, message, fix);
        }
        let mut spelled = Vec::with_capacity(self.workloads.len());
        for workload in &self.workloads {
            let address = workload.entry.address.as_deref().unwrap_or_default();
            let is_name = address.parse::<Address>().is_ok_and(|address| address.host().is_some())
                && address.parse::<IpAddr>().is_err();
            if is_static && is_name {
                let at = document.locate_nearest("spec.resolution");
                let message = format!(
                    "is no endpoint of the ServiceEntry at {at}: it is a name, and that looks none up"
                );
                let fix = "write an IP address here, or `resolution: DNS` there";
                lowering.lint(workload.document, "spec.address", Code::Surprise, message, fix);
                continue;
            }
            spelled.push(Spelled { document: workload.document, index: None, entry: &workload.entry });
        }
        spelled
    }
}

/// An endpoint as it is spelled, and where.
struct Spelled<'s> {
    document: &'s Document,
    index: Option<usize>,
    entry: &'s WorkloadEntry,
}

/// Endpoints behind each of the ports. That an address is there twice is told once.
fn behind(ports: &[ServiceEntryPort], spelled: &[Spelled<'_>], lowering: &mut Lowering<'_>) -> Vec<Backends> {
    let mut tell = true;
    let mut all = Vec::new();
    for port in each_port(ports) {
        let placed = spelled.iter().filter_map(|spelled| {
            let (endpoint, is_shared) = endpoints::reached(spelled.entry, port, lowering.identity)?;
            Some(Placed { endpoint, document: spelled.document, index: spelled.index, is_shared })
        });
        let placed: Vec<_> = placed.collect();
        let endpoints = endpoints::each_once(placed, tell, lowering);
        all.push(Backends::new(port.and_then(|port| port.number), endpoints));
        tell = false;
    }
    all
}

/// What is wrong with its hosts and ports.
pub(super) fn judge(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
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
    judge_ports(document, entry, lowering);
    judge_addresses(document, entry, lowering);
    judge_endpoints(document, entry, lowering);
    judge_several(document, entry, lowering);
}

/// What of it has no effect here.
pub(super) fn note(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    if entry.location.is_some() {
        let message = "read, not applied: hosts in the mesh and outside of it are asked alike";
        lowering.note(document, "spec.location", NoteKind::NotApplied, message);
    }
    let fields = [(!entry.subject_alt_names.is_empty(), "subjectAltNames")];
    lowering.left_to_the_transport(document, "spec", &fields);
    if entry.resolution == Some(Resolution::DynamicDns) {
        let message =
            "the host that a request names is looked up by the transport, which makes the connections";
        lowering.note(document, "spec.resolution", NoteKind::Surprise, message);
    }
    for (index, address) in entry.addresses.iter().enumerate().filter(|(_, address)| address.contains('/')) {
        let message = format!("read, not applied: nobody is asked by `{address}`, which is many addresses");
        lowering.note(document, &format!("spec.addresses[{index}]"), NoteKind::NotApplied, message);
    }
}

/// The single addresses by which requests can mean its hosts, as requests write them.
pub(super) fn addresses(entry: &ServiceEntry) -> Vec<String> {
    let parsed = entry.addresses.iter().filter_map(|address| address.parse::<IpAddr>().ok());
    parsed.map(|address| Address::of(address, None).to_string()).collect()
}

fn judge_addresses(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    let resolution = entry.resolution.unwrap_or_default();
    for (index, address) in entry.addresses.iter().enumerate() {
        let path = format!("spec.addresses[{index}]");
        if !l4::is_range(address) {
            let message = format!("an address cannot be `{address}`");
            lowering.refuse(document, &path, &message, "an IP address, or a range such as `10.0.0.0/8`");
        } else if address.contains('/') && !matches!(resolution, Resolution::None | Resolution::Static) {
            let message = format!("an address cannot be the range `{address}` where names are looked up");
            lowering.refuse(document, &path, &message, "one IP address, or the resolution NONE or STATIC");
        }
    }
}

fn judge_endpoints(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    let resolution = entry.resolution.unwrap_or_default();
    if entry.endpoints.is_some() && entry.workload_selector.is_some() {
        let message = "`endpoints` cannot be set beside `workloadSelector`";
        lowering.refuse(document, "spec.endpoints", message, "one of the two");
    }
    if let Some(selector) = &entry.workload_selector {
        naming::judge_labels(document, &selector.labels, "spec.workloadSelector.labels", lowering);
    }
    let endpoints = entry.endpoints.as_deref().unwrap_or_default();
    let is_looked_up = matches!(resolution, Resolution::Dns | Resolution::DnsRoundRobin);
    if matches!(resolution, Resolution::None | Resolution::DynamicDns) && !endpoints.is_empty() {
        let message = format!("`endpoints` cannot be set with the resolution {}", named(resolution));
        let accepted = "the resolution STATIC for addresses, DNS for names, or no `endpoints`";
        return lowering.refuse(document, "spec.endpoints", &message, accepted);
    }
    if resolution == Resolution::DnsRoundRobin && endpoints.len() > 1 {
        let message =
            format!("`endpoints` cannot be {} with the resolution DNS_ROUND_ROBIN", endpoints.len());
        lowering.refuse(document, "spec.endpoints", &message, "one, or none; DNS takes several");
    }
    if is_looked_up && endpoints.is_empty() && entry.workload_selector.is_none() {
        for (index, host) in entry.hosts.iter().enumerate().filter(|(_, host)| host.starts_with('*')) {
            let message = format!("nobody can look up `{host}`, and there are no `endpoints`");
            let accepted = "the name of one host, `endpoints`, or the resolution NONE";
            lowering.refuse(document, &format!("spec.hosts[{index}]"), &message, accepted);
        }
    }
    let allowed = Allowed { ports: Some(&entry.ports), names: is_looked_up, anything: !is_looked_up };
    for (index, endpoint) in endpoints.iter().enumerate() {
        endpoints::judge(document, endpoint, &format!("spec.endpoints[{index}]"), &allowed, lowering);
    }
}

const fn named(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::None => "NONE",
        Resolution::Static => "STATIC",
        Resolution::Dns => "DNS",
        Resolution::DnsRoundRobin => "DNS_ROUND_ROBIN",
        Resolution::DynamicDns => "DYNAMIC_DNS",
    }
}

fn judge_ports(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
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

/// Connections say no host, so that several hosts at one port cannot be told apart, unless the caller names an address.
fn judge_several(document: &Document, entry: &ServiceEntry, lowering: &mut Lowering<'_>) {
    if entry.hosts.len() < 2 || entry.resolution.unwrap_or_default() == Resolution::None {
        return;
    }
    let says_host = |port: &ServiceEntryPort| {
        let said = port.protocol.as_deref().unwrap_or_default();
        NAMING_HOSTS.iter().any(|known| said.eq_ignore_ascii_case(known))
    };
    if let Some(index) = entry.ports.iter().position(|port| !says_host(port)) {
        let message = "several `hosts` cannot share a port whose protocol names no host";
        let accepted = format!("one host, or one of {} as the port's `protocol`", NAMING_HOSTS.join(", "));
        lowering.refuse(document, &format!("spec.ports[{index}]"), message, &accepted);
    }
}

/// Protocols in which a caller says which host it wants.
const NAMING_HOSTS: [&str; 7] = ["HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "HTTP_PROXY"];

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
