//! `Gateway`: which hosts and ports a gateway serves.

use std::collections::HashMap;

use super::{
    client::{Client, MESH, full_gateway},
    virtual_service::Routes,
};
use crate::{
    config::{
        Document, Resource,
        istio::{Gateway, VirtualService},
    },
    mesh::{host::Host, lower::Lowering, note::NoteKind, plan::Dialect},
    policy::route::HostPattern,
};

/// The gateways that there are documents of, by namespace and name.
pub(super) struct Gateways<'a>(HashMap<String, (&'a Document, &'a Gateway)>);

impl<'a> Gateways<'a> {
    pub(super) fn of(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Self {
        let mut gateways = HashMap::new();
        for &document in documents {
            let Resource::Gateway(spec) = &document.resource else { continue };
            judge(document, spec, lowering);
            let Some(name) = &document.metadata.name else { continue };
            gateways.insert(format!("{}/{name}", lowering.namespace(document)), (document, &**spec));
        }
        Self(gateways)
    }

    /// Leaves a document those hosts that a gateway of the client's serves, where the gateway's own document is there.
    pub(super) fn keep_served(
        &self,
        routes: &mut Routes<'a>,
        spec: &VirtualService,
        client: &Client<'_>,
        lowering: &mut Lowering<'_>,
    ) {
        let namespace = lowering.namespace(routes.document).to_owned();
        let bound = client.bound(&spec.gateways, &namespace);
        if bound.iter().any(|gateway| *gateway == MESH || !self.0.contains_key(*gateway)) {
            return;
        }
        let document = routes.document;
        routes.hosts.retain(|(host, path)| {
            let Some(pattern) = host.pattern(&lowering.identity.domain) else { return false };
            let serves = bound.iter().any(|gateway| self.serves(gateway, &pattern, &namespace, None));
            if !serves {
                let host = host.name(&lowering.identity.domain, Dialect::Istio);
                let message = format!("never applies: {} does not serve `{host}`", client.acts_for());
                lowering.note(document, path, NoteKind::Surprise, message);
            }
            serves
        });
    }

    /// Whether a gateway that is known serves a host of a document in this namespace; at this port, if one is asked for.
    fn serves(&self, gateway: &str, host: &HostPattern, namespace: &str, port: Option<u16>) -> bool {
        let Some((_, spec)) = self.0.get(gateway) else { return false };
        let own = gateway.split('/').next().unwrap_or_default();
        let fits = |served: &String| {
            let (of, served) = served.split_once('/').unwrap_or(("*", served));
            let of_namespace = of == "*" || of == namespace || (of == "." && own == namespace);
            let pattern = served.parse::<HostPattern>();
            of_namespace && pattern.is_ok_and(|pattern| pattern.covers(host) || host.covers(&pattern))
        };
        spec.servers.iter().any(|server| {
            let number = server.port.as_ref().and_then(|port| port.number);
            port.is_none_or(|port| number == Some(port)) && server.hosts.iter().any(fits)
        })
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
            let Some((_, spec)) = self.0.get(&gateway) else { return false };
            let other = spec.servers.iter().filter_map(|server| server.port.as_ref()).any(|served| {
                let protocol = served.protocol.as_deref().unwrap_or_default().to_ascii_uppercase();
                served.number == Some(port)
                    && matches!(protocol.as_str(), "TCP" | "TLS" | "MONGO" | "MYSQL" | "REDIS")
            });
            other && self.serves(&gateway, &pattern, namespace, Some(port))
        })
    }
}

/// What is wrong with a gateway.
fn judge(document: &Document, spec: &Gateway, lowering: &mut Lowering<'_>) {
    if spec.servers.is_empty() {
        lowering.refuse(document, "spec.servers", "`servers` cannot be empty", "at least one server");
    }
    for (index, server) in spec.servers.iter().enumerate() {
        let path = format!("spec.servers[{index}]");
        if server.hosts.is_empty() {
            lowering.refuse(
                document,
                &format!("{path}.hosts"),
                "`hosts` cannot be empty",
                "at least one host",
            );
        }
        let port = server.port.clone().unwrap_or_default();
        if port.number.is_none_or(|number| number == 0) {
            let accepted = "a port with a number, a name and a protocol";
            lowering.refuse(document, &format!("{path}.port"), "a server must have a `port`", accepted);
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
