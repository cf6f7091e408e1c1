//! The blocks `destination`: the cluster that is meant.

use super::{naming, registry::Registry};
use crate::{
    config::{Document, istio::Destination},
    mesh::{
        lower::{Lowering, invalid::InvalidBlock},
        plan::{Dialect, Target},
    },
};

/// The cluster that a block means; none if it cannot mean any, which is told.
pub(super) fn target(
    document: &Document,
    block: &Destination,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Target> {
    let errors = lowering.errors.len();
    let host = block.host.as_str();
    // Istio knows no addresses here, but a client that asks for one can be led there.
    if host.contains('*') || !naming::is_host_or_address(host) {
        let message = format!("`host` cannot be {}", naming::shown(host));
        lowering.refuse(document, &format!("{path}.host"), &message, "the name of one host, or an address");
    }
    if let Some(subset) = block.subset.as_deref().filter(|name| !name.is_empty() && !naming::is_label(name)) {
        let message = format!("`subset` cannot be `{subset}`");
        lowering.refuse(document, &format!("{path}.subset"), &message, naming::LABEL);
    }
    let port = block.port.and_then(|port| port.number);
    if block.port.is_some() && port.is_none_or(|port| port == 0) {
        let accepted = "a port of the service, such as `{number: 9080}`";
        let (field, found) = if port.is_none() { ("port", "without a number") } else { ("port.number", "0") };
        lowering.invalid(document, path, InvalidBlock::new(field, found, accepted));
    }
    if lowering.errors.len() > errors {
        return None;
    }
    let domain = &lowering.identity.domain;
    let host = registry.resolved(super::host_of(host, document, lowering), domain);
    // Of several ports it is the one that the caller asks for.
    let only = || registry.get(&host).and_then(|known| known.only_port());
    Some(Target {
        host: host.name(domain, Dialect::Istio),
        port: port.or_else(only),
        subset: block.subset.clone().filter(|subset| !subset.is_empty()),
    })
}
