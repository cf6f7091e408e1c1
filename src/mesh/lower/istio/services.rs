//! Which protocol a port speaks: as the `Service` documents name it.

use std::collections::{BTreeMap, HashMap};

use crate::{
    config::{Document, Resource, k8s::ServicePort},
    mesh::{host::Host, lower::Lowering},
    policy::limits::Upstream,
};

/// The ports of the services that there are documents of.
pub(super) struct Services(HashMap<Host, BTreeMap<u16, Upstream>>);

/// What is spoken to a host, before a policy upgrades it.
pub(super) struct Spoken {
    ports: BTreeMap<u16, Upstream>,
    /// To a port of which nothing is known.
    otherwise: Upstream,
}

impl Services {
    pub(super) fn of(documents: &[&Document], lowering: &Lowering<'_>) -> Self {
        let mut services = HashMap::new();
        for document in documents {
            let Resource::Service(service) = &document.resource else { continue };
            let Some(name) = &document.metadata.name else { continue };
            let host =
                Host::Service { name: name.clone(), namespace: lowering.namespace(document).to_owned() };
            let ports = service.ports.iter().map(|port| (port.port, protocol(port)));
            services.insert(host, ports.collect());
        }
        Self(services)
    }

    /// What is spoken to a host; whoever speaks HTTP/2 to all does to its ports too.
    pub(super) fn spoken(&self, host: &Host, http2: bool) -> Spoken {
        let known = self.0.get(host).cloned().unwrap_or_default();
        if http2 {
            return Spoken { ports: BTreeMap::new(), otherwise: Upstream::Http2 };
        }
        Spoken { ports: known, otherwise: Upstream::Http1 }
    }
}

impl Spoken {
    /// To this port, or to one of which nothing is known.
    pub(super) fn to(&self, port: Option<u16>) -> Upstream {
        port.and_then(|port| self.ports.get(&port).copied()).unwrap_or(self.otherwise)
    }

    /// To the ports that are not among these, each protocol once.
    pub(super) fn beside<T>(&self, ports: &BTreeMap<u16, T>) -> Vec<Upstream> {
        let others = self.ports.iter().filter(|(port, _)| !ports.contains_key(port));
        let mut spoken: Vec<_> = others.map(|(_, protocol)| *protocol).collect();
        if self.ports.is_empty() {
            spoken.push(self.otherwise);
        }
        spoken.sort_unstable_by_key(|protocol| *protocol as u8);
        spoken.dedup();
        spoken
    }

    /// The ports that are known.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }
}

/// `appProtocol` counts before the name, which begins with the protocol: `grpc`, `http2-admin`.
fn protocol(port: &ServicePort) -> Upstream {
    let said = port.app_protocol.as_deref().or(port.name.as_deref()).unwrap_or_default().to_ascii_lowercase();
    let said = said.strip_prefix("kubernetes.io/").unwrap_or(&said);
    match said.split('-').next() {
        Some("grpc" | "http2" | "h2c") => Upstream::Http2,
        _ => Upstream::Http1,
    }
}
