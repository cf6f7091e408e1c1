//! `VirtualService`: rules for hosts, for clients inside of the mesh or behind gateways.

use std::collections::HashSet;

use super::{
    actions,
    client::{Client, MESH},
    conditions,
    delegate::{self, Delegates},
    registry::Registry,
    stations,
};
use crate::{
    config::{
        Document,
        istio::{HttpRoute, VirtualService},
    },
    mesh::{
        host::Host,
        lower::Lowering,
        note::NoteKind,
        plan::{LeftOut, Origin, Rule},
    },
    policy::route::HostPattern,
};

/// The rules that a document gives its hosts, to this client.
pub(super) struct Routes<'a> {
    pub(super) document: &'a Document,
    /// The hosts, each with where it is named.
    pub(super) hosts: Vec<(Host, String)>,
    pub(super) rules: Vec<Rule>,
    /// What the client can never meet.
    pub(super) left_out: Vec<LeftOut>,
    /// Whether it applies by a gateway, where rules of several documents are put together.
    pub(super) by_gateway: bool,
    /// Where no HTTP is spoken, although rules ask for the port: no rule takes a request there.
    pub(super) silent: Vec<(Host, u16)>,
}

/// What is known beside a document.
pub(super) struct Beside<'b, 'a> {
    pub(super) registry: &'b Registry<'a>,
    pub(super) client: &'b Client<'b>,
    pub(super) delegates: &'b Delegates<'a>,
}

/// The rules of a document, if it is for this client. Every document is judged.
pub(super) fn read<'a>(
    document: &'a Document,
    spec: &'a VirtualService,
    beside: &Beside<'_, 'a>,
    lowering: &mut Lowering<'_>,
) -> Option<Routes<'a>> {
    judge(document, spec, lowering);
    let is_meant = is_meant(document, spec, beside.client, lowering);
    let by_gateway = is_meant.as_ref().is_some_and(|bound| !bound.iter().any(|gateway| gateway == MESH));
    let (mut rules, mut left_out) = (Vec::new(), Vec::new());
    let mut read = |lowering: &mut Lowering<'_>| {
        for (index, route) in spec.http.iter().enumerate() {
            let named = named(document, index, route, lowering);
            if route.delegate.is_some() {
                delegate::routes(&named, beside, &mut rules, &mut left_out, lowering);
            } else {
                rule(&named, beside, &mut rules, &mut left_out, lowering);
            }
        }
    };
    match is_meant {
        Some(_) => read(lowering),
        None => lowering.judge_only(|lowering| read(lowering)),
    }
    is_meant?;
    let l4 = [(!spec.tls.is_empty(), "tls"), (!spec.tcp.is_empty(), "tcp")];
    for (_, field) in l4.iter().filter(|(is_set, _)| *is_set) {
        let message = "read, not applied: it is for connections, and a client of HTTP requests makes none";
        lowering.note(document, &format!("spec.{field}"), NoteKind::NotApplied, message);
    }
    let hosts = spec.hosts.iter().enumerate();
    let hosts =
        hosts.map(|(index, host)| (super::host_of(host, document, lowering), format!("spec.hosts[{index}]")));
    Some(Routes { document, hosts: hosts.collect(), rules, left_out, by_gateway, silent: Vec::new() })
}

/// A route, and where it stands.
pub(super) struct Named<'n> {
    pub(super) document: &'n Document,
    pub(super) route: &'n HttpRoute,
    pub(super) path: String,
    pub(super) origin: Origin,
}

/// A route of a document.
pub(super) fn named<'n>(
    document: &'n Document,
    index: usize,
    route: &'n HttpRoute,
    lowering: &Lowering<'_>,
) -> Named<'n> {
    let origin = origin(document, index, route, lowering);
    Named { document, route, path: format!("spec.http[{index}]"), origin }
}

/// What a route is called in a plan.
pub(super) fn origin(
    document: &Document,
    index: usize,
    route: &HttpRoute,
    lowering: &Lowering<'_>,
) -> Origin {
    let name = document.metadata.name.as_deref().unwrap_or("(no name)");
    let own = route.name.as_ref().map_or_else(String::new, |name| format!(" `{name}`"));
    let at = document.locate_nearest(&format!("spec.http[{index}]"));
    Origin { name: format!("{}/{name} http[{index}]{own}", lowering.namespace(document)), at: at.to_string() }
}

/// Adds the rule of a route, or why there is none for this client.
pub(super) fn rule(
    named: &Named<'_>,
    beside: &Beside<'_, '_>,
    rules: &mut Vec<Rule>,
    left_out: &mut Vec<LeftOut>,
    lowering: &mut Lowering<'_>,
) {
    let Named { document, route, path, origin } = named;
    let (mut conditions, mut why) = (Vec::new(), None);
    for (index, entry) in route.matches.iter().enumerate() {
        let path = format!("{path}.match[{index}]");
        match conditions::condition(document, entry, &path, beside.client, lowering) {
            Ok(condition) => conditions.push(condition),
            Err(unmet) => why = why.or(Some(unmet)),
        }
    }
    let stations = stations::of(document, route, path, lowering);
    let mirrors = actions::mirrors(document, route, path, beside.registry, lowering);
    if route.cors_policy.is_some() {
        let message = "read, not applied: browsers are told by servers, and this is a client";
        lowering.note(document, &format!("{path}.corsPolicy"), NoteKind::NotApplied, message);
    }
    let Some(action) = actions::route(document, route, path, beside.registry, lowering) else { return };
    // Of an entry that asks for nothing every request is meant, whatever the others ask for.
    if conditions.iter().any(|condition| *condition == Default::default()) {
        conditions.clear();
    } else if let (true, Some(why)) = (conditions.is_empty(), why) {
        return left_out.push(LeftOut { origin: origin.clone(), why });
    }
    rules.push(Rule { origin: origin.clone(), conditions, route: action, stations, mirrors });
}

/// The gateways by which a document is for this client; none if it is for others, which is told.
fn is_meant(
    document: &Document,
    spec: &VirtualService,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Vec<String>> {
    let namespace = lowering.namespace(document).to_owned();
    if spec.hosts.is_empty() {
        return None;
    }
    if !client.sees(&spec.export_to, &namespace) {
        let message = "never applies to this client: it is exported to other namespaces";
        lowering.note(document, "spec.exportTo", NoteKind::Surprise, message);
        return None;
    }
    let bound: Vec<_> = client.bound(&spec.gateways, &namespace).into_iter().map(str::to_owned).collect();
    if bound.is_empty() {
        let message = match client.is_in_mesh() {
            true => "never applies to a client: it is for gateways, and `mesh` is not among them".to_owned(),
            false => format!("never applies to this client: it is not for {}", client.acts_for()),
        };
        let path = if spec.gateways.is_empty() { "spec" } else { "spec.gateways" };
        lowering.note(document, path, NoteKind::Surprise, message);
        return None;
    }
    Some(bound)
}

/// What is wrong with a document as a whole.
fn judge(document: &Document, spec: &VirtualService, lowering: &mut Lowering<'_>) {
    if spec.http.is_empty() && spec.tls.is_empty() && spec.tcp.is_empty() {
        lowering.refuse(document, "spec", "there is no route", "at least one of `http`, `tls` and `tcp`");
    }
    let is_for_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|gateway| gateway == MESH);
    if spec.hosts.is_empty() && !spec.gateways.is_empty() {
        let message = "a document without `hosts` is a part of others, and has no `gateways`";
        lowering.refuse(document, "spec.gateways", message, "no `gateways`, or at least one host");
    }
    let mut patterns: Vec<HostPattern> = Vec::new();
    let mut named = HashSet::new();
    for (index, host) in spec.hosts.iter().enumerate() {
        let path = format!("spec.hosts[{index}]");
        let Some(pattern) = host_pattern(host).filter(|_| !host.is_empty()) else {
            let message = format!("a host cannot be `{host}`");
            lowering.refuse(document, &path, &message, "a name or an address, with a `*` in front perhaps");
            continue;
        };
        if host == "*" && is_for_mesh {
            let accepted = "the names of hosts, or a `*` with a part of a name, such as `*.example.com`";
            lowering.refuse(document, &path, "`*` cannot be all of a host where `mesh` is meant", accepted);
        }
        let is_twice = !named.insert(pattern.clone());
        let other = patterns.iter().find(|other| other.covers(&pattern) || pattern.covers(other));
        if is_twice || other.is_some() {
            let other = other.map_or_else(|| host.clone(), ToString::to_string);
            let message = format!("`{host}` is one of `{other}`, which is named too");
            lowering.refuse(document, &path, &message, "hosts of which none is of another's family");
        }
        // Only families can have others among them: of many hosts few are compared.
        if pattern.is_family() || patterns.is_empty() {
            patterns.push(pattern);
        }
    }
    for (index, to) in spec.export_to.iter().enumerate() {
        if !(matches!(to.as_str(), "*" | "." | "~") || actions::is_label(to)) {
            let message = format!("`exportTo` cannot be `{to}`");
            let accepted = "the name of a namespace, `.` for the document's own, or `*` for all";
            lowering.refuse(document, &format!("spec.exportTo[{index}]"), &message, accepted);
        }
    }
}

/// A host as a document names it, if it can be one.
pub(super) fn host_pattern(host: &str) -> Option<HostPattern> {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let rest = host.strip_prefix('*').unwrap_or(host).strip_prefix(['.', '-']).unwrap_or(host);
    let rest = if host == "*" { "" } else { rest.trim_start_matches('*') };
    let is_name = rest.is_empty() && host == "*"
        || !rest.is_empty()
            && rest.strip_suffix('.').unwrap_or(rest).split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            });
    (is_address || is_name).then(|| host.parse().ok()).flatten()
}
