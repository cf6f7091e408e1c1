//! `Gateway`: which hosts and ports a gateway serves.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    client::{Client, MESH},
    naming,
    virtual_service::Routes,
};
use crate::{
    config::{
        Document, Resource,
        istio::{self as config, VirtualService},
    },
    mesh::{
        host::Host,
        lower::{Lowering, invalid::InvalidBlock},
        note::{Code, NoteKind},
        plan::Dialect,
    },
    policy::route::{HostPattern, Hosts},
};

/// The gateways that there are documents of, by namespace and name.
pub(super) struct Gateways(HashMap<String, Gateway>);

/// What a gateway serves, by the namespace whose documents it is for; `*` is for all.
type Gateway = HashMap<String, Served>;

/// Hosts that a gateway serves.
#[derive(Default)]
struct Served {
    hosts: Hosts<()>,
    /// The same, in their order.
    all: Vec<HostPattern>,
    /// Those at ports where another protocol than HTTP is spoken.
    silent: BTreeMap<u16, Hosts<()>>,
}

impl Gateways {
    pub(super) fn of(documents: &[&Document], lowering: &mut Lowering<'_>) -> Self {
        let mut gateways = HashMap::new();
        for &document in documents {
            let Resource::Gateway(spec) = &document.resource else { continue };
            judge(document, spec, lowering);
            let Some(name) = &document.metadata.name else { continue };
            let namespace = lowering.namespace(document);
            let served = read(spec, namespace, &lowering.identity.domain);
            gateways.insert(format!("{namespace}/{name}"), served);
        }
        Self(gateways)
    }

    /// Leaves a document those hosts that a gateway of the client's serves, where the gateways' own documents are there: of
    /// a family perhaps only some.
    pub(super) fn keep_served(
        &self,
        routes: &mut Routes<'_>,
        spec: &VirtualService,
        client: &Client<'_>,
        lowering: &mut Lowering<'_>,
    ) {
        let document = routes.document;
        let namespace = lowering.namespace(document).to_owned();
        let bound = client.bound(&spec.gateways, &namespace);
        if bound.iter().any(|gateway| *gateway == MESH || !self.0.contains_key(*gateway)) {
            return;
        }
        let domain = lowering.identity.domain.clone();
        let mut kept = Vec::new();
        for (host, path) in routes.hosts.drain(..) {
            let served = self.served(&bound, &host, &namespace, &domain);
            if served.is_empty() {
                let host = host.name(&domain, Dialect::Istio);
                let message = format!("never applies: {} does not serve `{host}`", client.acts_for());
                let fix = format!("add `{host}` to the gateway's `hosts`");
                lowering.lint(document, &path, Code::OtherClients, message, fix);
            }
            kept.extend(served.into_iter().map(|host| (host, path.clone())));
        }
        routes.hosts = kept;
    }

    /// What gateways serve of a host of a document in this namespace: itself, or hosts of its family.
    fn served(&self, gateways: &[&str], host: &Host, namespace: &str, domain: &str) -> Vec<Host> {
        let Some(pattern) = host.pattern(domain) else { return Vec::new() };
        if self.for_documents_of(namespace, gateways).any(|served| served.hosts.over(&pattern).is_some()) {
            return vec![host.clone()];
        }
        let mut known = HashSet::new();
        let all = self.for_documents_of(namespace, gateways).flat_map(|served| &served.all);
        let of_the_family = all.filter(|_| pattern.is_family()).filter(|one| pattern.covers(one));
        let each_once = of_the_family.filter(|one| known.insert(*one));
        each_once.map(|one| Host::of_entry(&one.to_string(), domain)).collect()
    }

    /// The ports at which gateways serve a host of a document in this namespace by a protocol other than HTTP.
    pub(super) fn silent_ports(
        &self,
        gateways: &[&str],
        host: &Host,
        namespace: &str,
        domain: &str,
    ) -> BTreeSet<u16> {
        let Some(pattern) = host.pattern(domain) else { return BTreeSet::new() };
        let ports = self.for_documents_of(namespace, gateways).flat_map(|served| &served.silent);
        ports.filter(|(_, hosts)| hosts.over(&pattern).is_some()).map(|(port, _)| *port).collect()
    }

    /// What gateways serve for documents of a namespace.
    fn for_documents_of(&self, namespace: &str, gateways: &[&str]) -> impl Iterator<Item = &Served> {
        let known = gateways.iter().filter_map(|gateway| self.0.get(*gateway));
        known.flat_map(move |gateway| [gateway.get("*"), gateway.get(namespace)]).flatten()
    }
}

/// What a gateway of this namespace serves.
fn read(spec: &config::Gateway, own: &str, domain: &str) -> Gateway {
    let mut gateway = Gateway::new();
    for server in &spec.servers {
        let port = server.port.as_ref();
        let protocol = port.and_then(|port| port.protocol.as_deref()).unwrap_or_default();
        let is_other = OTHERS.iter().any(|other| protocol.eq_ignore_ascii_case(other));
        let silent = port.and_then(|port| port.number).filter(|_| is_other);
        for host in &server.hosts {
            let (of, host) = host.split_once('/').unwrap_or(("*", host));
            let Some(pattern) = Host::of_entry(host, domain).pattern(domain) else { continue };
            let served = gateway.entry(if of == "." { own } else { of }.to_owned()).or_default();
            if let Some(port) = silent {
                served.silent.entry(port).or_default().insert(&pattern, ());
            }
            served.hosts.insert(&pattern, ());
            served.all.push(pattern);
        }
    }
    gateway
}

/// Protocols in which rules for HTTP find nothing, and those in which they do.
const OTHERS: [&str; 5] = ["TCP", "TLS", "MONGO", "MYSQL", "REDIS"];
const KNOWN: [&str; 6] = ["HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"];

/// What is wrong with a gateway.
fn judge(document: &Document, spec: &config::Gateway, lowering: &mut Lowering<'_>) {
    if spec.servers.is_empty() {
        lowering.refuse(document, "spec.servers", "`servers` cannot be empty", "at least one server");
    }
    for (index, server) in spec.servers.iter().enumerate() {
        let path = format!("spec.servers[{index}]");
        if server.hosts.is_empty() {
            let message = "`hosts` cannot be empty";
            lowering.refuse(document, &format!("{path}.hosts"), message, "at least one host");
        }
        for (number, served) in server.hosts.iter().enumerate() {
            let (of, host) = served.split_once('/').unwrap_or(("*", served));
            let is_seen = matches!(of, "*" | ".") || naming::is_label(of);
            if !(is_seen && naming::is_host_or_address(host)) {
                let message = format!("a host cannot be `{served}`");
                let accepted =
                    "a name, with a `*` in front perhaps, and before that a namespace perhaps: `demo/*.com`";
                lowering.refuse(document, &format!("{path}.hosts[{number}]"), &message, accepted);
            }
        }
        let port = server.port.clone().unwrap_or_default();
        if port.number.is_none_or(|number| number == 0) {
            let accepted = "a port with a number, a name and a protocol";
            lowering.refuse(document, &format!("{path}.port"), "a server must have a `port`", accepted);
        } else if let Err(invalid) = protocol(port.protocol.as_deref()) {
            lowering.invalid(document, &path, invalid);
        }
        let fields = [
            (server.tls.is_some(), "tls"),
            (server.bind.is_some(), "bind"),
            (server.default_endpoint.is_some(), "defaultEndpoint"),
            (port.target_port.is_some(), "port.targetPort"),
        ];
        for (_, field) in fields.iter().filter(|(is_set, _)| *is_set) {
            let message = "read, not applied: it is for whoever listens";
            lowering.note(document, &format!("{path}.{field}"), NoteKind::NotApplied, message);
        }
    }
}

fn protocol(said: Option<&str>) -> Result<(), InvalidBlock> {
    let known = KNOWN.iter().chain(&OTHERS);
    let accepted = || format!("one of {}", known.clone().copied().collect::<Vec<_>>().join(", "));
    match said {
        Some(said) if known.clone().any(|known| said.eq_ignore_ascii_case(known)) => Ok(()),
        Some(said) => Err(InvalidBlock::word(
            "port.protocol",
            said,
            &known.clone().copied().collect::<Vec<_>>(),
            accepted(),
        )),
        None => Err(InvalidBlock::new("port.protocol", "absent", accepted())),
    }
}
