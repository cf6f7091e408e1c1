//! What documents say of one host, put together.

use std::collections::{BTreeMap, HashMap, HashSet};

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
        note::Code,
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
    /// Which of these, by host, in their order.
    places: Hosts<Vec<usize>>,
    /// Which of the client's endpoints there are, by the name of their host.
    endpoints: HashMap<String, Vec<usize>>,
}

/// A host that documents speak of, and where one first does.
pub(super) struct Subject<'a> {
    pub(super) host: Host,
    pub(super) document: &'a Document,
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
        let mut endpoints = HashMap::<_, Vec<_>>::new();
        for (number, (host, _)) in lowering.identity.endpoints.iter().enumerate() {
            endpoints.entry(normal(host).into_owned()).or_default().push(number);
        }
        Self { registry, policies, routes, places: places.into_iter().collect(), endpoints }
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
        let (stations, rules, origin) = match rules.as_slice() {
            [only] if is_plain(only, &name, &pattern) => {
                (only.stations.clone(), Vec::new(), Some(only.origin.clone()))
            }
            // Where rules are asked for at every port, nothing goes there by itself.
            some if some.iter().any(Rule::is_for_every_port) => (Vec::new(), rules, None),
            _ => (stations::by_default(lowering), rules, None),
        };
        let built = Built { merged, spoken: &spoken, stations: &stations };
        let way = built.way(None);
        let hosts = host.names(&identity.namespace, &identity.domain, Dialect::Istio);
        let endpoints = hosts.iter().filter_map(|host| self.endpoints.get(host)).flatten();
        let endpoints: Vec<_> = endpoints.map(|number| &identity.endpoints[*number].1).collect();
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
