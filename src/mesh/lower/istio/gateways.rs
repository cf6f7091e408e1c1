//! `Gateway`: which hosts and ports a gateway serves.

use std::{collections::HashMap, net::IpAddr};

use super::{
    client::{Client, MESH, full_gateway},
    naming,
    virtual_service::Routes,
};
use crate::{
    config::{
        Document, Resource,
        istio::{Gateway, VirtualService},
    },
    mesh::{
        host::Host,
        lower::{Lowering, invalid::InvalidBlock},
        note::{Code, NoteKind},
        plan::Dialect,
    },
    policy::route::HostPattern,
};

/// The gateways that there are documents of, by namespace and name.
pub(super) struct Gateways<'a>(HashMap<String, &'a Gateway>);

impl<'a> Gateways<'a> {
    pub(super) fn of(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Self {
        let mut gateways = HashMap::new();
        for &document in documents {
            let Resource::Gateway(spec) = &document.resource else { continue };
            judge(document, spec, lowering);
            let Some(name) = &document.metadata.name else { continue };
            gateways.insert(format!("{}/{name}", lowering.namespace(document)), &**spec);
        }
        Self(gateways)
    }

    /// Leaves a document those hosts that a gateway of the client's serves, where the gateways' own documents are there: of
    /// a family perhaps only some.
    pub(super) fn keep_served(
        &self,
        routes: &mut Routes<'a>,
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
        let mut all = Vec::new();
        for (gateway, spec) in gateways.iter().filter_map(|gateway| Some((gateway, self.0.get(*gateway)?))) {
            for served in spec.servers.iter().flat_map(|server| &server.hosts) {
                let Some(served) = visible(served, gateway, namespace) else { continue };
                let served = Host::of_entry(served, domain);
                match served.pattern(domain) {
                    Some(family) if family.covers(&pattern) => return vec![host.clone()],
                    Some(one) if pattern.covers(&one) && !all.contains(&served) => all.push(served),
                    _ => {}
                }
            }
        }
        all
    }

    /// Whether a gateway that a document names serves this host at this port by a protocol other than HTTP.
    pub(super) fn speak_otherwise(
        &self,
        named: &[String],
        host: &Host,
        port: u16,
        namespace: &str,
        domain: &str,
    ) -> bool {
        let Some(pattern) = host.pattern(domain) else { return false };
        named.iter().map(|gateway| full_gateway(gateway, namespace)).any(|gateway| {
            let servers = self.0.get(&gateway).map_or(&[][..], |spec| spec.servers.as_slice());
            servers.iter().any(|server| {
                let is_other = server.port.as_ref().is_some_and(|served| {
                    let protocol = served.protocol.as_deref().unwrap_or_default();
                    served.number == Some(port)
                        && OTHERS.iter().any(|other| protocol.eq_ignore_ascii_case(other))
                });
                let serves = |served: &String| {
                    let served = visible(served, &gateway, namespace).and_then(|host| host.parse().ok());
                    served
                        .is_some_and(|served: HostPattern| served.covers(&pattern) || pattern.covers(&served))
                };
                is_other && server.hosts.iter().any(serves)
            })
        })
    }
}

/// The host that a gateway serves for documents of this namespace, if it is for them.
fn visible<'h>(served: &'h str, gateway: &str, namespace: &str) -> Option<&'h str> {
    let own = gateway.split('/').next().unwrap_or_default();
    let (of, host) = served.split_once('/').unwrap_or(("*", served));
    (of == "*" || of == namespace || (of == "." && own == namespace)).then_some(host)
}

/// Protocols in which rules for HTTP find nothing, and those in which they do.
const OTHERS: [&str; 5] = ["TCP", "TLS", "MONGO", "MYSQL", "REDIS"];
const KNOWN: [&str; 6] = ["HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"];

/// What is wrong with a gateway.
fn judge(document: &Document, spec: &Gateway, lowering: &mut Lowering<'_>) {
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
            if !(is_seen && (naming::is_host(host) || host.parse::<IpAddr>().is_ok())) {
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
