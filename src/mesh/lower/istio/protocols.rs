//! Rules for HTTP where no HTTP is spoken.

use std::collections::HashMap;

use super::{gateways::Gateways, registry::Registry, virtual_service::Routes};
use crate::{
    config::{Document, istio::VirtualService},
    mesh::{host::Host, lower::Lowering, note::Code, plan::Dialect},
};

const FIX: &str = "write `tcp` instead of `http`, or name the port's protocol where the host is defined";

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
    let hosts = || routes.hosts.iter().map(|(host, _)| host);
    let is_mute = |host: &&Host| registry.get(host).is_some_and(|known| known.speaks_no_http());
    if let (Some(host), false) = (hosts().find(is_mute), spec.http.is_empty()) {
        let host = host.name(&domain, Dialect::Istio);
        let message = format!("never takes a request: no HTTP is spoken at any port of `{host}`");
        lowering.lint(document, "spec.http", Code::NoHttp, message, FIX);
    }
    let is_other = |host: &&Host, port: u16| {
        registry.get(host).is_some_and(|known| known.speaks_otherwise(port))
            || gateways.speak_otherwise(&spec.gateways, host, port, &namespace, &domain)
    };
    let mut others: HashMap<u16, Vec<&Host>> = HashMap::new();
    for (index, route) in spec.http.iter().enumerate() {
        for (number, entry) in route.matches.iter().enumerate() {
            let Some(port) = entry.port else { continue };
            let others =
                others.entry(port).or_insert_with(|| hosts().filter(|host| is_other(host, port)).collect());
            if let Some(host) = others.iter().find(|host| !is_mute(host)) {
                let host = host.name(&domain, Dialect::Istio);
                let message = format!("never takes a request: no HTTP is spoken at port {port} of `{host}`");
                let path = format!("spec.http[{index}].match[{number}].port");
                lowering.lint(document, &path, Code::NoHttp, message, FIX);
            }
        }
    }
    let mut silent: HashMap<Host, Vec<u16>> = HashMap::new();
    for (port, hosts) in others {
        hosts.into_iter().for_each(|host| silent.entry(host.clone()).or_default().push(port));
    }
    routes.silent = silent;
}
