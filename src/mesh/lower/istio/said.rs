//! What documents say of one host, put together.

use std::collections::{HashMap, HashSet};

use super::{
    destination_rule::Part,
    hash_keys,
    policies::{Merged, Policies},
    registry::{Ports, Registry},
    sections::Sections,
    stations,
    virtual_service::Routes,
};
use crate::{
    config::Document,
    mesh::{
        host::Host,
        lower::{Identity, Lowering, names::Claim},
        note::Code,
        plan::{Backends, Destination, Dialect, LeftOut, Port, Rule, Station, Subset, Target, Told, Way},
    },
    policy::route::{Action, HostPattern, Hosts},
};

/// All that documents say of hosts, to be asked host by host.
pub(super) struct Said<'s, 'a> {
    pub(super) registry: &'s Registry<'a>,
    pub(super) policies: &'s Policies<'a>,
    pub(super) routes: Vec<Routes<'a>>,
    /// Which of these, by host, in their order.
    places: Hosts<Vec<usize>>,
}

/// A host that documents speak of, and where one first does.
pub(super) struct Subject<'a> {
    pub(super) host: Host,
    /// None: only the program tells of it.
    pub(super) document: Option<&'a Document>,
    pub(super) path: String,
    /// Whether a policy is for it; else it is only there.
    pub(super) by_policy: bool,
}

impl<'s, 'a> Said<'s, 'a> {
    /// With routes in their order: the older ones first, then by name.
    pub(super) fn new(
        registry: &'s Registry<'a>,
        policies: &'s Policies<'a>,
        mut routes: Vec<Routes<'a>>,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        routes
            .sort_by(|one, two| super::age(one.document, lowering).cmp(&super::age(two.document, lowering)));
        let mut places: HashMap<HostPattern, Vec<usize>> = HashMap::new();
        for (place, one) in routes.iter().enumerate() {
            for (host, path) in &one.hosts {
                let Some(pattern) = host.pattern(&lowering.identity.domain) else { continue };
                let at = places.entry(pattern).or_default();
                match at.first() {
                    // The same host by two names.
                    Some(_) if at.last() == Some(&place) => {}
                    // Gateways put together what is for one host; inside of the mesh the first counts.
                    Some(first) if !one.by_gateway => {
                        let at = routes[*first].document.locate_nearest("spec.hosts");
                        let message = format!(
                            "never applies: the document at {at} is for the same host and comes first"
                        );
                        let fix = "say all routes of a host in one document";
                        lowering.lint(one.document, path, Code::Duplicate, message, fix);
                    }
                    _ => at.push(place),
                }
            }
        }
        Self { registry, policies, routes, places: places.into_iter().collect() }
    }

    /// The documents whose rules a host has: those for itself, or else for the family with the longest end.
    fn routes_of(&self, pattern: &HostPattern) -> Vec<&Routes<'a>> {
        let places = self.places.over(pattern).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.routes[*place]).collect()
    }

    /// The destination that a host is.
    pub(super) fn claim(&self, subject: Subject<'a>, lowering: &Lowering<'_>) -> Option<Claim<'a>> {
        let identity = lowering.identity;
        let Subject { host, document, path, by_policy } = subject;
        let pattern = host.pattern(&identity.domain)?;
        let nothing = Merged::default();
        let merged = self.policies.of_host(&host, &pattern, self.registry).unwrap_or(&nothing);
        let routes = self.routes_of(&pattern);
        let silent = routes.iter().filter_map(|routes| routes.silent.get(&host)).flatten().copied();
        let spoken = self.registry.ports(&host, identity.http2).silent_at(silent);
        let (rules, left_out) = ruled(&routes);
        let name = host.name(&identity.domain, Dialect::Istio);
        // One rule that says nothing of where requests go is what they pass anyhow.
        let (before, rules, origin) = match rules.as_slice() {
            [only] if is_plain(only, &name, &pattern) => {
                (Before::all(only.stations.clone()), Vec::new(), Some(only.origin.clone()))
            }
            // Where rules are asked for at every port, nothing goes there by itself.
            some if some.iter().any(Rule::is_for_every_port) => (Before::all(Vec::new()), rules, None),
            _ => (Before::by_default(lowering), rules, None),
        };
        let built = Built { merged, spoken: &spoken, before: &before, identity };
        let way = built.way(None);
        let known = self.registry.get(&host);
        let mut hosts = host.names(&identity.namespace, &identity.domain, Dialect::Istio);
        hosts.extend(known.iter().flat_map(|known| &known.addresses).cloned());
        let endpoints = lowering.endpoints_of(&hosts, self.registry.endpoints(&host));
        let documents = known.map(|known| (known.document, &*known.path)).into_iter();
        let documents = documents.chain(merged.documents.iter().map(|document| (*document, "spec.host")));
        let documents = documents.map(|(document, path)| lowering.named(document, path)).collect();
        let destination = Destination {
            ports: built.ports(&way),
            subsets: merged.subsets.iter().map(|part| built.subset(part, &endpoints)).collect(),
            serves: known.map(|known| known.numbers()).unwrap_or_default(),
            endpoints,
            name,
            hosts,
            dialect: Dialect::Istio,
            way,
            rules,
            left_out: Told(left_out),
            origin: Told(origin),
            documents: Told(documents),
        };
        Some(Claim { destination, document, path, by_policy })
    }

    /// The hosts that rules lead to, each once, with a document that does.
    pub(super) fn targets(&self) -> Vec<(&str, &'a Document)> {
        let mut known = HashSet::new();
        let targets = self.routes.iter().flat_map(|routes| {
            let targets = routes.rules.iter().flat_map(Rule::targets);
            targets.map(|target| (target.host.as_str(), routes.document))
        });
        targets.filter(|(host, _)| known.insert(*host)).collect()
    }
}

/// The rules of documents, and those that are for other clients. Where several documents have some, those that take every
/// request come last, lest they hide another document's.
fn ruled(routes: &[&Routes<'_>]) -> (Vec<Rule>, Vec<LeftOut>) {
    let mut rules: Vec<_> = routes.iter().flat_map(|routes| routes.rules.iter().cloned()).collect();
    if routes.len() > 1 {
        rules.sort_by_key(Rule::takes_all);
    }
    (rules, routes.iter().flat_map(|routes| routes.left_out.iter().cloned()).collect())
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
    let does_more = !rule.mirrors.is_empty() || rule.hash_keys.is_some() || rule.route.changes_anything();
    stays && rule.conditions.is_empty() && !does_more
}

/// What requests pass before what is a cluster's own.
struct Before {
    /// Where anybody may answer.
    usual: Vec<Station>,
    /// Where a key decides who does.
    keyed: Vec<Station>,
}

impl Before {
    fn all(stations: Vec<Station>) -> Self {
        Self { usual: stations.clone(), keyed: stations }
    }

    fn by_default(lowering: &Lowering<'_>) -> Self {
        let [usual, keyed] = [false, true].map(|stays| stations::by_default(stays, lowering));
        Self { usual, keyed }
    }

    fn to(&self, sections: &Sections<'_>) -> &[Station] {
        let keys = sections.hash().and_then(|hash| hash_keys::keys(hash).ok());
        if keys.is_none_or(|keys| keys.is_empty()) { &self.usual } else { &self.keyed }
    }
}

/// The ways to a host and its parts.
struct Built<'b, 'a> {
    merged: &'b Merged<'a>,
    spoken: &'b Ports,
    before: &'b Before,
    identity: &'b Identity,
}

impl Built<'_, '_> {
    fn way(&self, port: Option<u16>) -> Way {
        let sections = self.merged.policy.sections(port);
        let own = sections.way(self.spoken.to(port), self.identity);
        let is_http = port.is_none_or(|port| self.spoken.is_http(port));
        let before = if is_http { self.before.to(sections) } else { &[] };
        Way { stations: before.iter().cloned().chain(own.stations).collect(), ..own }
    }

    fn ports(&self, whole: &Way) -> Vec<Port> {
        let numbers = self.merged.policy.ports().chain(self.spoken.numbers());
        let port = |number| Port { number, way: self.way(Some(number)), http: self.spoken.is_http(number) };
        each(numbers).map(port).filter(|port| port.way != *whole || !port.http).collect()
    }

    fn subset(&self, part: &Part<'_>, endpoints: &[Backends]) -> Subset {
        let way = |port: Option<u16>| {
            part.sections(&self.merged.policy, port).way(self.spoken.to(port), self.identity)
        };
        let whole = way(None);
        let numbers = self.merged.policy.ports().chain(part.ports()).chain(self.spoken.numbers());
        let port = |number| Port { number, way: way(Some(number)), http: true };
        let ports = each(numbers).map(port).filter(|port| port.way != whole).collect();
        let mut all = endpoints.iter().flat_map(|backends| &backends.endpoints);
        Subset {
            name: part.name.to_owned(),
            labels: part.labels.clone(),
            has_endpoints: endpoints.is_empty() || all.any(|endpoint| endpoint.has_all(part.labels)),
            way: whole,
            ports,
        }
    }
}

/// Each number once, in order.
pub(super) fn each(numbers: impl Iterator<Item = u16>) -> impl Iterator<Item = u16> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter()
}
