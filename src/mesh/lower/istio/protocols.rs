//! Rules for HTTP where no HTTP is spoken.

use std::collections::{BTreeSet, HashMap};

use super::{
    client::{Client, full_gateway},
    gateways::Gateways,
    registry::Registry,
    virtual_service::Routes,
};
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
    gateways: &Gateways,
    client: &Client<'_>,
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
    let at_gateways = |gateway_names: &[&str]| -> HashMap<Host, BTreeSet<u16>> {
        let ports = |host: &Host| gateways.silent_ports(gateway_names, host, &namespace, &domain);
        hosts().map(|host| (host.clone(), ports(host))).collect()
    };
    let named: Vec<_> = spec.gateways.iter().map(|gateway| full_gateway(gateway, &namespace)).collect();
    let by_named = at_gateways(&named.iter().map(String::as_str).collect::<Vec<_>>());
    let is_other = |host: &&Host, port: u16| {
        registry.get(host).is_some_and(|known| known.speaks_otherwise(port))
            || by_named[*host].contains(&port)
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
    // Who acts for a gateway is silent where it is; to others it says so only of ports that rules ask for.
    let mut silent = at_gateways(&client.bound(&spec.gateways, &namespace));
    for (port, hosts) in others {
        hosts.into_iter().for_each(|host| _ = silent.entry(host.clone()).or_default().insert(port));
    }
    routes.silent = silent;
}
