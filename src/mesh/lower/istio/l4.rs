//! The blocks `tls` and `tcp`: routes for connections. They are judged, and not applied.

use std::net::IpAddr;

use super::{actions, client::MESH, naming, registry::Registry};
use crate::{
    config::{
        Document,
        istio::{RouteDestination, TlsMatch, VirtualService},
    },
    mesh::{
        lower::Lowering,
        note::{Code, NoteKind},
    },
    policy::route::HostPattern,
};

/// What is wrong with routes for connections.
pub(super) fn judge(
    document: &Document,
    spec: &VirtualService,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) {
    for (index, route) in spec.tls.iter().enumerate() {
        let path = format!("spec.tls[{index}]");
        if route.matches.is_empty() {
            let accepted = "at least one entry, with `sniHosts`";
            lowering.refuse(document, &format!("{path}.match"), "`match` cannot be empty", accepted);
        }
        for (number, entry) in route.matches.iter().enumerate() {
            let path = format!("{path}.match[{number}]");
            judge_names(document, spec, entry, &format!("{path}.sniHosts"), lowering);
            judge_entry(document, &path, entry.port, &entry.destination_subnets, lowering);
            naming::judge_labels(document, &entry.source_labels, &format!("{path}.sourceLabels"), lowering);
            naming::judge_gateways(document, &entry.gateways, &format!("{path}.gateways"), lowering);
        }
        judge_places(document, &route.route, &path, registry, lowering);
    }
    for (index, route) in spec.tcp.iter().enumerate() {
        let path = format!("spec.tcp[{index}]");
        for (number, entry) in route.matches.iter().enumerate() {
            let path = format!("{path}.match[{number}]");
            judge_entry(document, &path, entry.port, &entry.destination_subnets, lowering);
            naming::judge_labels(document, &entry.source_labels, &format!("{path}.sourceLabels"), lowering);
            naming::judge_gateways(document, &entry.gateways, &format!("{path}.gateways"), lowering);
        }
        judge_places(document, &route.route, &path, registry, lowering);
    }
}

/// Tells that they are not applied.
pub(super) fn note(document: &Document, spec: &VirtualService, lowering: &mut Lowering<'_>) {
    let blocks = [(!spec.tls.is_empty(), "tls"), (!spec.tcp.is_empty(), "tcp")];
    for (_, field) in blocks.iter().filter(|(is_set, _)| *is_set) {
        let message = "read, not applied: it is for connections, and a client of HTTP requests makes none";
        lowering.note(document, &format!("spec.{field}"), NoteKind::NotApplied, message);
    }
}

/// What a caller names as it begins is a host of the document.
fn judge_names(
    document: &Document,
    spec: &VirtualService,
    entry: &TlsMatch,
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    if entry.sni_hosts.is_empty() {
        lowering.refuse(document, path, "`sniHosts` cannot be empty", "at least one host of the document");
    }
    let is_for_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|gateway| gateway == MESH);
    for (index, name) in entry.sni_hosts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if name.parse::<IpAddr>().is_ok() {
            let message = "an address, which most callers do not name as they begin";
            let fix = "write the name of a host, or `destinationSubnets`";
            lowering.lint(document, &path, Code::Surprise, message, fix);
        } else if !naming::is_host(name) || name == "*" && is_for_mesh {
            let message = format!("a host cannot be `{name}`");
            lowering.refuse(document, &path, &message, "a name, with a `*` in front perhaps");
        } else if !spec.hosts.iter().any(|host| covers(document, host, name, lowering)) {
            let message = format!("`{name}` is none of the document's `hosts`");
            lowering.refuse(document, &path, &message, "one of `hosts`, or a host of one of their families");
        }
    }
}

fn covers(document: &Document, host: &str, name: &str, lowering: &Lowering<'_>) -> bool {
    let pattern = |host| super::host_of(host, document, lowering).pattern(&lowering.identity.domain);
    let both: Option<(HostPattern, HostPattern)> = pattern(host).zip(pattern(name));
    both.is_some_and(|(host, name)| host.covers(&name))
}

fn judge_entry(
    document: &Document,
    path: &str,
    port: Option<u16>,
    subnets: &[String],
    lowering: &mut Lowering<'_>,
) {
    if port == Some(0) {
        let path = format!("{path}.port");
        lowering.refuse(document, &path, "`port` cannot be 0", "a port, from 1 to 65535");
    }
    for (index, subnet) in subnets.iter().enumerate() {
        if !is_range(subnet) {
            let message = format!("a range of addresses cannot be `{subnet}`");
            let path = format!("{path}.destinationSubnets[{index}]");
            lowering.refuse(document, &path, &message, "an address, or a range such as `10.0.0.0/8`");
        }
    }
}

/// Whether it is an address, or a range of them: `10.0.0.1`, `10.0.0.0/8`.
pub(super) fn is_range(text: &str) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    address.parse::<IpAddr>().is_ok_and(|address| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= most))
    })
}

fn judge_places(
    document: &Document,
    places: &[RouteDestination],
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) {
    let path = format!("{path}.route");
    if places.is_empty() {
        lowering.refuse(document, &path, "a route must go somewhere", "at least one place in `route`");
    }
    let _ = lowering.judge_only(|lowering| actions::split(document, places, &path, registry, lowering));
}
