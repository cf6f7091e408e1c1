//! Rules for HTTP where no HTTP is spoken.

use super::{gateways::Gateways, registry::Registry, virtual_service::Routes};
use crate::{
    config::{Document, istio::VirtualService},
    mesh::{host::Host, lower::Lowering, note::NoteKind, plan::Dialect},
};

/// Tells of rules of `http` that never take a request, since another protocol is spoken at their port: as the host's own
/// document says, or a gateway that the rules are bound to.
pub(super) fn judge(
    document: &Document,
    spec: &VirtualService,
    routes: &mut Routes<'_>,
    registry: &Registry<'_>,
    gateways: &Gateways<'_>,
    lowering: &mut Lowering<'_>,
) {
    let (domain, namespace) = (lowering.identity.domain.clone(), lowering.namespace(document).to_owned());
    let is_other = |host: &Host, port: u16| {
        !registry.ports(host, false).is_http(port)
            || gateways.speak_otherwise(&spec.gateways, host, port, &namespace, &domain)
    };
    let mut silent = Vec::new();
    for (index, route) in spec.http.iter().enumerate() {
        for (number, entry) in route.matches.iter().enumerate() {
            let Some(port) = entry.port else { continue };
            let others = routes.hosts.iter().filter(|(host, _)| is_other(host, port));
            silent.extend(others.map(|(host, _)| (host.clone(), port)));
            if let Some((host, _)) = routes.hosts.iter().find(|(host, _)| is_other(host, port)) {
                let host = host.name(&domain, Dialect::Istio);
                let message = format!(
                    "never takes a request: no HTTP is spoken at port {port} of `{host}`; did you mean `tcp`?"
                );
                let path = format!("spec.http[{index}].match[{number}].port");
                lowering.note(document, &path, NoteKind::Surprise, message);
            }
        }
    }
    routes.silent = silent;
    let other = routes.hosts.iter().find(|(host, _)| registry.ports(host, false).is_other());
    if let (Some((host, _)), false) = (other, spec.http.is_empty()) {
        let host = host.name(&domain, Dialect::Istio);
        let message =
            format!("never takes a request: no HTTP is spoken at any port of `{host}`; did you mean `tcp`?");
        lowering.note(document, "spec.http", NoteKind::Surprise, message);
    }
}
