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
    let is_other = |host: &&Host, port: u16| {
        registry.get(host).is_some_and(|known| known.speaks_otherwise(port))
            || gateways.speak_otherwise(&spec.gateways, host, port, &namespace, &domain)
    };
    let mut silent = Vec::new();
    for port in spec.http.iter().flat_map(|route| &route.matches).filter_map(|entry| entry.port) {
        silent.extend(hosts().filter(|host| is_other(host, port)).map(|host| (host.clone(), port)));
    }
    routes.silent = silent;
    let hosts = || routes.hosts.iter().map(|(host, _)| host);
    let is_silent = |host: &&Host| registry.get(host).is_some_and(|known| known.speaks_no_http());
    if let (Some(host), false) = (hosts().find(is_silent), spec.http.is_empty()) {
        let host = host.name(&domain, Dialect::Istio);
        let message = format!("never takes a request: no HTTP is spoken at any port of `{host}`");
        return lowering.lint(document, "spec.http", Code::NoHttp, message, FIX);
    }
    let mut others = HashMap::new();
    for (index, route) in spec.http.iter().enumerate() {
        for (number, entry) in route.matches.iter().enumerate() {
            let Some(port) = entry.port else { continue };
            let other = others.entry(port).or_insert_with(|| hosts().find(|host| is_other(host, port)));
            if let Some(host) = other {
                let host = host.name(&domain, Dialect::Istio);
                let message = format!("never takes a request: no HTTP is spoken at port {port} of `{host}`");
                let path = format!("spec.http[{index}].match[{number}].port");
                lowering.lint(document, &path, Code::NoHttp, message, FIX);
            }
        }
    }
}
