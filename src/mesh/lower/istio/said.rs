//! What documents say of one host, put together.

use std::collections::{BTreeMap, HashSet};

use super::{
    policies::{Merged, Policies},
    registry::{Ports, Registry},
    stations,
    virtual_service::Routes,
};
use crate::{
    config::Document,
    layer::host::normal,
    mesh::{
        host::Host,
        lower::{Lowering, names::Claim},
        note::NoteKind,
        plan::{Destination, Dialect, LeftOut, Port, Rule, Station, Subset, Target, Told, Way},
    },
    policy::{
        limits::Upstream,
        route::{Action, HostPattern, Hosts},
    },
};

/// All that documents say of hosts, to be asked host by host.
pub(super) struct Said<'s, 'a> {
    pub(super) registry: &'s Registry<'a>,
    pub(super) policies: &'s Policies<'a>,
    pub(super) routes: Vec<Routes<'a>>,
    /// By host, in their order.
    places: Hosts<Vec<usize>>,
}

/// A host that documents speak of, and where one first does.
pub(super) struct Subject<'a> {
    pub(super) host: Host,
    pub(super) document: &'a Document,
    pub(super) path: String,
}

impl<'s, 'a> Said<'s, 'a> {
    /// With routes in their order: the older ones first, then by name.
    pub(super) fn new(
        registry: &'s Registry<'a>,
        policies: &'s Policies<'a>,
        mut routes: Vec<Routes<'a>>,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        routes.sort_by_key(|routes| super::age(routes.document));
        let mut places: Hosts<Vec<usize>> = Hosts::default();
        for (place, one) in routes.iter().enumerate() {
            for (host, path) in &one.hosts {
                let Some(pattern) = host.pattern(&lowering.identity.domain) else { continue };
                let mut at = places.at(&pattern).cloned().unwrap_or_default();
                // Gateways put together what is for one host; inside of the mesh the first counts.
                if let Some(first) = at.first().filter(|_| !one.by_gateway) {
                    let first: &Routes<'_> = &routes[*first];
                    if !std::ptr::eq(first.document, one.document) {
                        let at = first.document.locate_nearest("spec.hosts");
                        let message = format!(
                            "never applies: the document at {at} is for the same host and comes first"
                        );
                        lowering.note(one.document, path, NoteKind::Surprise, message);
                    }
                    continue;
                }
                at.push(place);
                places.insert(&pattern, at);
            }
        }
        Self { registry, policies, routes, places }
    }

    /// The documents whose rules a host has: those for itself, or else for the family with the longest end.
    fn routes_of(&self, pattern: &HostPattern) -> Vec<&Routes<'a>> {
        let places = self.places.over(pattern).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.routes[*place]).collect()
    }

    /// The destination that a host is.
    pub(super) fn claim(&self, subject: Subject<'a>, lowering: &mut Lowering<'_>) -> Option<Claim<'a>> {
        let identity = lowering.identity;
        let Subject { host, document, path } = subject;
        let pattern = host.pattern(&identity.domain)?;
        let merged = self.policies.of_host(&host, &pattern, self.registry);
        let routes = self.routes_of(&pattern);
        let silent = routes.iter().flat_map(|routes| &routes.silent);
        let silent = silent.filter(|(other, _)| *other == host).map(|(_, port)| *port);
        let spoken = self.registry.ports(&host, identity.http2).silent_at(silent);
        let rules: Vec<Rule> = routes.iter().flat_map(|routes| routes.rules.iter().cloned()).collect();
        let left_out: Vec<LeftOut> =
            routes.iter().flat_map(|routes| routes.left_out.iter().cloned()).collect();

        let name = host.name(&identity.domain, Dialect::Istio);
        // One rule that says nothing of where requests go is what they pass anyhow.
        let (stations, rules, origin) = match rules.as_slice() {
            [only] if is_plain(only, &name, &pattern) => {
                (only.stations.clone(), Vec::new(), Some(only.origin.clone()))
            }
            // Where rules are asked for at every port, nothing goes there by itself.
            rules if rules.iter().any(Rule::is_for_every_port) => (Vec::new(), rules.to_vec(), None),
            rules => (stations::by_default(lowering), rules.to_vec(), None),
        };
        let built = Built { merged: &merged, spoken: &spoken, stations: &stations };
        let way = built.way(None);
        let hosts = host.names(&identity.namespace, &identity.domain, Dialect::Istio);
        let endpoints =
            identity.endpoints.iter().filter(|(host, _)| hosts.contains(&normal(host).into_owned()));
        let endpoints: Vec<_> = endpoints.map(|(_, labels)| labels).collect();
        let known = self.registry.get(&host);
        let documents = known.map(|known| (known.document, &*known.path)).into_iter();
        let documents = documents.chain(merged.documents.iter().map(|document| (*document, "spec.host")));
        let documents = documents.map(|(document, path)| lowering.named(document, path)).collect();
        let destination = Destination {
            ports: built.ports(&way),
            subsets: merged.subsets.iter().map(|part| built.subset(part, &endpoints)).collect(),
            serves: known.map(|known| known.numbers()).unwrap_or_default(),
            name,
            hosts,
            dialect: Dialect::Istio,
            way,
            rules,
            left_out,
            origin,
            documents: Told(documents),
        };
        Some(Claim { destination, document, path })
    }

    /// The hosts that rules lead to, each once.
    pub(super) fn targets(&self) -> Vec<(String, &'a Document)> {
        let (mut targets, mut known) = (Vec::new(), HashSet::new());
        for routes in &self.routes {
            for target in routes.rules.iter().flat_map(Rule::targets) {
                if known.insert(&target.host) {
                    targets.push((target.host.clone(), routes.document));
                }
            }
        }
        targets
    }
}

/// Whether a rule takes every request and leaves it where it is.
fn is_plain(rule: &Rule, name: &str, pattern: &HostPattern) -> bool {
    let is_here = |target: &Target| {
        !pattern.is_family() && target.host == name && target.port.is_none() && target.subset.is_none()
    };
    let stays = match rule.route.action() {
        Action::Forward(legs) => legs.is_certain() && legs.iter().all(|(leg, _)| is_here(leg.destination())),
        _ => false,
    };
    stays && rule.conditions.is_empty() && rule.mirrors.is_empty() && !rule.route.changes_anything()
}

/// The ways to a host and its parts.
struct Built<'b, 'a> {
    merged: &'b Merged<'a>,
    spoken: &'b Ports,
    /// What requests pass before the limits.
    stations: &'b [Station],
}

impl Built<'_, '_> {
    fn way(&self, port: Option<u16>) -> Way {
        let (limits, connections) = self.merged.policy.to(port, self.spoken.to(port));
        let limits = limits.map(Station::Limits).filter(Station::does_something);
        let is_http = port.is_none_or(|port| self.spoken.is_http(port));
        let before = if is_http { self.stations } else { &[] };
        Way { stations: before.iter().cloned().chain(limits).collect(), connections }
    }

    fn ports(&self, whole: &Way) -> Vec<Port> {
        let numbers = self.merged.policy.ports().chain(self.spoken.numbers());
        let port = |number| Port { number, way: self.way(Some(number)), http: self.spoken.is_http(number) };
        each(numbers).map(port).filter(|port| port.way != *whole || !port.http).collect()
    }

    fn subset(
        &self,
        part: &super::destination_rule::Part<'_>,
        endpoints: &[&BTreeMap<String, String>],
    ) -> Subset {
        let way = |port: Option<u16>, protocol: Upstream| {
            let (limits, connections) = part.to(&self.merged.policy, port, protocol);
            let limits = limits.map(Station::Limits).filter(Station::does_something);
            Way { stations: limits.into_iter().collect(), connections }
        };
        let whole = way(None, self.spoken.to(None));
        let numbers = self.merged.policy.ports().chain(part.ports()).chain(self.spoken.numbers());
        let port = |number| {
            let way = way(Some(number), self.spoken.to(Some(number)));
            Port { number, way, http: true }
        };
        let ports = each(numbers).map(port).filter(|port| port.way != whole).collect();
        let has = |endpoint: &&BTreeMap<String, String>| {
            part.labels.iter().all(|(name, value)| endpoint.get(name) == Some(value))
        };
        Subset {
            name: part.name.to_owned(),
            labels: part.labels.clone(),
            has_endpoints: endpoints.is_empty() || endpoints.iter().any(has),
            way: whole,
            ports,
        }
    }
}

/// Each number once, in order.
fn each(numbers: impl Iterator<Item = u16>) -> impl Iterator<Item = u16> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter()
}
