//! Which protocol a port speaks: as the `Service` documents name it.

use std::collections::{BTreeMap, HashMap};

use super::super::Lowering;
use crate::{
    config::{Document, Resource, k8s::ServicePort},
    mesh::host::Host,
    policy::limits::Upstream,
};

/// The ports of services whose protocol is known.
pub(super) struct Services(HashMap<Host, BTreeMap<u16, Upstream>>);

impl Services {
    pub(super) fn of(documents: &[&Document], lowering: &Lowering<'_>) -> Self {
        let mut services = HashMap::new();
        for document in documents {
            let Resource::Service(service) = &document.resource else { continue };
            let Some(name) = &document.metadata.name else { continue };
            let host =
                Host::Service { name: name.clone(), namespace: lowering.namespace(document).to_owned() };
            let ports = service.ports.iter().filter_map(|port| Some((port.port, protocol(port)?)));
            services.insert(host, ports.collect());
        }
        Self(services)
    }

    /// The ports of a host that are named, and what is spoken there.
    pub(super) fn ports(&self, host: &Host) -> BTreeMap<u16, Upstream> {
        self.0.get(host).cloned().unwrap_or_default()
    }
}

/// `appProtocol` counts before the name, which begins with the protocol: `grpc`, `http2-admin`.
fn protocol(port: &ServicePort) -> Option<Upstream> {
    let named = port.name.as_deref();
    let said = port.app_protocol.as_deref().or(named)?.to_ascii_lowercase();
    let said = said.strip_prefix("kubernetes.io/").unwrap_or(&said);
    match said.split('-').next()? {
        "grpc" | "http2" | "h2c" => Some(Upstream::Http2),
        "http" => Some(Upstream::Http1),
        _ => None,
    }
}
