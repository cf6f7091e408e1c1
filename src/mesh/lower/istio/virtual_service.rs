//! `VirtualService`: rules for hosts, for clients inside of the mesh or behind gateways.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    actions,
    client::{Client, MESH},
    conditions, cors,
    delegate::{self, Delegates},
    hash_keys, l4, mirrors, naming,
    policies::Policies,
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
        note::Code,
        plan::{LeftOut, Origin, Rule},
    },
    policy::route::{HostPattern, Hosts},
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
    pub(super) silent: HashMap<Host, BTreeSet<u16>>,
}

/// What is known beside a document.
#[derive(Clone, Copy)]
pub(super) struct Beside<'b, 'a> {
    pub(super) registry: &'b Registry<'a>,
    pub(super) client: &'b Client<'b>,
    pub(super) policies: &'b Policies<'a>,
    pub(super) delegates: &'b Delegates<'a>,
}

/// The rules of a document with hosts, if it is for this client. Every document is judged.
pub(super) fn read<'a>(
    document: &'a Document,
    spec: &'a VirtualService,
    beside: &Beside<'_, 'a>,
    lowering: &mut Lowering<'_>,
) -> Option<Routes<'a>> {
    judge(document, spec, lowering);
    judge_hosts(document, spec, lowering);
    let bound = bound(document, spec, beside.client, lowering);
    let (mut rules, mut left_out) = (Vec::new(), Vec::new());
    let mut read = |lowering: &mut Lowering<'_>| {
        l4::judge(document, spec, beside.registry, lowering);
        for (index, route) in spec.http.iter().enumerate() {
            let named = named(document, index, route, lowering);
            if route.delegate.is_some() {
                delegate::routes(&named, beside, bound.is_some(), &mut rules, &mut left_out, lowering);
            } else {
                rule(&named, beside, &mut rules, &mut left_out, lowering);
            }
        }
    };
    match &bound {
        Some(_) => read(lowering),
        None => lowering.judge_only(read),
    }
    let by_gateway = !bound?.iter().any(|gateway| gateway == MESH);
    l4::note(document, spec, lowering);
    let hosts = spec.hosts.iter().enumerate();
    let hosts =
        hosts.map(|(index, host)| (super::host_of(host, document, lowering), format!("spec.hosts[{index}]")));
    Some(Routes { document, hosts: hosts.collect(), rules, left_out, by_gateway, silent: HashMap::new() })
}

/// Judges a document without hosts, whose rules are those of others; what there is to tell of it is told if one of those
/// is for this client.
pub(super) fn judge_part(
    document: &Document,
    spec: &VirtualService,
    beside: &Beside<'_, '_>,
    lowering: &mut Lowering<'_>,
) {
    judge(document, spec, lowering);
    for (is_set, field) in [
        (!spec.gateways.is_empty(), "gateways"),
        (!spec.tls.is_empty(), "tls"),
        (!spec.tcp.is_empty(), "tcp"),
    ] {
        if is_set {
            let message = format!("a document without `hosts` is a part of others, and has no `{field}`");
            let accepted = format!("no `{field}`, or at least one host");
            lowering.refuse(document, &format!("spec.{field}"), &message, &accepted);
        }
    }
    let read = |lowering: &mut Lowering<'_>| {
        for (index, route) in spec.http.iter().enumerate() {
            let named = named(document, index, route, lowering);
            if route.delegate.is_some() {
                let message = "a delegate cannot delegate further";
                lowering.refuse(document, &format!("{}.delegate", named.path), message, "routes of its own");
            } else {
                rule(&named, beside, &mut Vec::new(), &mut Vec::new(), lowering);
            }
        }
    };
    match beside.delegates.is_meant(document) {
        true => read(lowering),
        false => lowering.judge_only(read),
    }
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

/// Adds the rule of a route, and why it, or a part of it, is not for this client.
pub(super) fn rule(
    named: &Named<'_>,
    beside: &Beside<'_, '_>,
    rules: &mut Vec<Rule>,
    left_out: &mut Vec<LeftOut>,
    lowering: &mut Lowering<'_>,
) {
    let Named { document, route, path, origin } = named;
    let (mut conditions, mut why) = (Vec::new(), Vec::new());
    for (index, entry) in route.matches.iter().enumerate() {
        let path = format!("{path}.match[{index}]");
        match conditions::condition(document, entry, &path, beside.client, lowering) {
            Ok(condition) => conditions.push(condition),
            Err(unmet) => why.push(unmet),
        }
    }
    // Of an entry that asks for nothing every request is meant, whatever the others ask for.
    if conditions.iter().any(|condition| *condition == Default::default()) {
        conditions.clear();
    } else if !why.is_empty() {
        let (in_part, why) = (!conditions.is_empty(), why.join("; "));
        left_out.push(LeftOut { origin: origin.clone(), in_part, why });
        if !in_part {
            lowering.judge_only(|lowering| doing(named, beside, lowering));
            return;
        }
    }
    let done = doing(named, beside, lowering);
    rules.extend(done.map(|rule| Rule { conditions, ..rule }));
}

/// What a route does with the requests that it takes; none if it cannot mean anything.
fn doing(named: &Named<'_>, beside: &Beside<'_, '_>, lowering: &mut Lowering<'_>) -> Option<Rule> {
    let Named { document, route, path, origin } = named;
    let action = actions::route(document, route, path, beside.registry, lowering);
    let keys = hash_keys::of_route(document, route, beside.registry, beside.policies, lowering);
    // Where the same is to find the same, a further try goes there too.
    let stays = route.route.len() == 1 && !keys.is_empty();
    let pass = |lowering: &mut Lowering<'_>| {
        let stations = stations::of(document, route, path, stays, lowering);
        (stations, mirrors::of(document, route, path, beside.registry, lowering))
    };
    // Who is answered at once passes nothing; that what is said of it has no effect has been told.
    let (stations, mirrors) = match route.route.is_empty() {
        false => pass(lowering),
        true => {
            lowering.judge_only(pass);
            Default::default()
        }
    };
    if let Some(cors) = &route.cors_policy {
        cors::judge(document, cors, &format!("{path}.corsPolicy"), lowering);
    }
    let (route, origin) = (action?, origin.clone());
    let hash_keys = hash_keys::where_they_differ(keys, &route, beside.policies, beside.registry, lowering);
    Some(Rule { origin, conditions: Vec::new(), route, hash_keys, stations, mirrors })
}

/// The gateways by which a document is for this client; none if it is for others, which is told.
fn bound(
    document: &Document,
    spec: &VirtualService,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Vec<String>> {
    if !super::is_exported(document, &spec.export_to, client, lowering) {
        return None;
    }
    let namespace = lowering.namespace(document).to_owned();
    let bound: Vec<_> = client.bound(&spec.gateways, &namespace).into_iter().map(str::to_owned).collect();
    if bound.is_empty() {
        let (message, fix) = match client.is_in_mesh() {
            true => (
                "never applies to a client: it is for gateways, and `mesh` is not among them".to_owned(),
                "add `mesh` to `gateways`, or act for one of these gateways",
            ),
            false => (
                format!("never applies to this client: it is not for {}", client.acts_for()),
                "name that gateway in `gateways`, or act for one that is named",
            ),
        };
        let path = if spec.gateways.is_empty() { "spec" } else { "spec.gateways" };
        lowering.lint(document, path, Code::OtherClients, message, fix);
        return None;
    }
    Some(bound)
}

/// What is wrong with a document as a whole.
fn judge(document: &Document, spec: &VirtualService, lowering: &mut Lowering<'_>) {
    if spec.http.is_empty() && spec.tls.is_empty() && spec.tcp.is_empty() {
        lowering.refuse(document, "spec", "there is no route", "at least one of `http`, `tls` and `tcp`");
    }
    naming::judge_gateways(document, &spec.gateways, "spec.gateways", lowering);
    naming::judge_exports(document, &spec.export_to, false, lowering);
}

/// What is wrong with the hosts: each is one, and none is of another's family.
fn judge_hosts(document: &Document, spec: &VirtualService, lowering: &mut Lowering<'_>) {
    let is_for_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|gateway| gateway == MESH);
    let mut patterns = Vec::new();
    for (index, host) in spec.hosts.iter().enumerate() {
        let path = format!("spec.hosts[{index}]");
        match host_pattern(host) {
            None => {
                let message = format!("a host cannot be `{host}`");
                lowering.refuse(document, &path, &message, HOST);
            }
            Some(_) if host == "*" && is_for_mesh => {
                let accepted = "the names of hosts, or a `*` with a part of a name, such as `*.example.com`";
                lowering.refuse(
                    document,
                    &path,
                    "`*` cannot be all of a host where `mesh` is meant",
                    accepted,
                );
            }
            Some(pattern) => patterns.push((path, pattern)),
        }
    }
    let families = patterns.iter().filter(|(_, pattern)| pattern.is_family());
    let families: Hosts<&HostPattern> = families.map(|(_, pattern)| (pattern.clone(), pattern)).collect();
    let mut named = HashSet::new();
    for (path, pattern) in &patterns {
        let accepted = "hosts of which each is named once, and none is of another's family";
        if !named.insert(pattern) {
            let message = format!("a host cannot be `{pattern}` again");
            lowering.refuse(document, path, &message, accepted);
        } else if let Some(family) = families.family(pattern.text()) {
            let message = format!("`{pattern}` is one of `{family}`, which is named too");
            lowering.refuse(document, path, &message, accepted);
        }
    }
}

/// What a host of a document can be.
pub(super) const HOST: &str = "a name or an address, with a `*` in front perhaps";

/// A host as a document names it, if it can be one.
pub(super) fn host_pattern(host: &str) -> Option<HostPattern> {
    naming::is_host_or_address(host).then(|| host.parse().ok()).flatten()
}
