//! Rules for endpoints that are not there: subsets, and shares of localities, that nobody belongs to.
//!
//! Only where it is known who the endpoints of a host are.

use std::collections::{BTreeSet, HashMap};

use crate::{
    config::{
        Document, Resource,
        istio::{DestinationRule, LoadBalancer, LocalityLbSetting, TrafficPolicy},
    },
    mesh::{
        lower::{Lowering, names::Claim},
        note::Code,
        plan::{Backends, Destination, Dialect},
    },
    policy::balance::{Endpoint, Locality, LocalityPattern},
};

/// So many localities or labels are named as those that there are.
const NAMED: usize = 5;

/// Tells of what rules ask of endpoints and none of these is.
pub(super) fn judge(documents: &[&Document], claims: &[Claim<'_>], lowering: &mut Lowering<'_>) {
    let staffed = claims.iter().map(|claim| &claim.destination).filter(|one| !one.endpoints.is_empty());
    let staffed: HashMap<&str, &Destination> = staffed.map(|one| (&*one.name, one)).collect();
    if staffed.is_empty() {
        return;
    }
    for &document in documents {
        let Resource::DestinationRule(spec) = &document.resource else { continue };
        let host = super::host_of(&spec.host, document, lowering);
        let name = host.name(&lowering.identity.domain, Dialect::Istio);
        let origin = lowering.named(document, "spec.host");
        let applies = |one: &&&Destination| {
            one.documents.iter().any(|other| other.name == origin.name && other.at == origin.at)
        };
        if let Some(destination) = staffed.get(&*name).filter(applies) {
            Rule { document, spec, destination }.judge(lowering);
        }
    }
}

/// A rule that applies to a host whose endpoints are known.
struct Rule<'r> {
    document: &'r Document,
    spec: &'r DestinationRule,
    destination: &'r Destination,
}

impl Rule<'_> {
    fn judge(&self, lowering: &mut Lowering<'_>) {
        let Self { document, spec, destination } = *self;
        let all: Vec<_> = endpoints(&destination.endpoints).collect();
        if let Some(policy) = &spec.traffic_policy {
            self.policy(policy, "spec", &all, lowering);
        }
        for (index, subset) in spec.subsets.iter().enumerate() {
            // Of two of one name it may be another one that applies.
            if destination.subset(&subset.name).is_none_or(|there| there.labels != subset.labels) {
                continue;
            }
            let path = format!("spec.subsets[{index}]");
            let own: Vec<_> =
                all.iter().copied().filter(|endpoint| endpoint.has_all(&subset.labels)).collect();
            if own.is_empty() && !subset.labels.is_empty() {
                let message = format!("selects no endpoint: none of `{}` has these labels", destination.name);
                let values = subset.labels.keys().flat_map(|name| {
                    all.iter().filter_map(move |one| Some(format!("{name}: {}", one.labels().get(name)?)))
                });
                let fix = match named(&values.collect()) {
                    None => "add an endpoint with these labels, or remove the subset".to_owned(),
                    Some(there) => format!("write labels that endpoints have: there are {there}"),
                };
                lowering.lint(document, &format!("{path}.labels"), Code::SubsetEmpty, message, fix);
            } else if let Some(policy) = &subset.traffic_policy {
                self.policy(policy, &path, &own, lowering);
            }
        }
    }

    fn policy(&self, policy: &TrafficPolicy, path: &str, own: &[&Endpoint], lowering: &mut Lowering<'_>) {
        let path = format!("{path}.trafficPolicy");
        self.balancer(policy.load_balancer.as_ref(), &path, own, lowering);
        for (index, entry) in policy.port_level_settings.iter().enumerate() {
            let path = format!("{path}.portLevelSettings[{index}]");
            self.balancer(entry.load_balancer.as_ref(), &path, own, lowering);
        }
    }

    fn balancer(
        &self,
        balancer: Option<&LoadBalancer>,
        path: &str,
        own: &[&Endpoint],
        lowering: &mut Lowering<'_>,
    ) {
        let Some(setting) = balancer.and_then(|balancer| balancer.locality_lb_setting.as_ref()) else {
            return;
        };
        if setting.enabled == Some(false) || own.is_empty() {
            return;
        }
        let path = format!("{path}.loadBalancer.localityLbSetting");
        let lost = own.iter().filter(|endpoint| endpoint.in_locality().is_unknown()).count();
        if lost > 0 && !(setting.distribute.is_empty() && setting.failover.is_empty()) {
            let whose = if lost == own.len() { "no endpoint of" } else { "not every endpoint of" };
            let then = match setting.distribute.is_empty() {
                true => "those without count as of another region",
                false => "those without get no requests, unless `*` gets some",
            };
            let message = format!("{whose} `{}` has a locality: {then}", self.destination.name);
            let fix = "give each endpoint its `locality`, or the label `topology.istio.io/locality`";
            lowering.lint(self.document, &path, Code::LocalityUnknown, message, fix);
        }
        if lost < own.len() {
            self.shares(setting, &path, own, lowering);
        }
    }

    /// Shares of localities in which nobody is. Of those that are not for the client it is told only when it is asked for.
    fn shares(
        &self,
        setting: &LocalityLbSetting,
        path: &str,
        own: &[&Endpoint],
        lowering: &mut Lowering<'_>,
    ) {
        let client = &lowering.identity.locality;
        let is_for = |from: &Option<String>| {
            from.as_deref()
                .and_then(|from| from.parse::<LocalityPattern>().ok())
                .is_some_and(|from| !client.is_unknown() && from.matches(client))
        };
        let first = setting.distribute.iter().position(|entry| is_for(&entry.from));
        let thorough = lowering.identity.thorough;
        let entries = setting.distribute.iter().enumerate();
        for (index, entry) in entries.filter(|(index, _)| thorough || Some(*index) == first) {
            for to in entry.to.keys() {
                let Ok(pattern) = to.parse::<LocalityPattern>() else { continue };
                if own.iter().any(|endpoint| pattern.matches(endpoint.in_locality())) {
                    continue;
                }
                let host = &self.destination.name;
                let message = format!("gets nothing: no endpoint of `{host}` is in `{to}`");
                let there = own.iter().map(|one| one.in_locality()).filter(|there| !there.is_unknown());
                let there = named(&there.map(Locality::to_string).collect()).unwrap_or_default();
                let path = format!("{path}.distribute[{index}].to[\"{to}\"]");
                let fix = format!("write where endpoints are: {there}");
                lowering.lint(self.document, &path, Code::LocalityEmpty, message, fix);
            }
        }
    }
}

/// All endpoints, behind whatever port.
fn endpoints(backends: &[Backends]) -> impl Iterator<Item = &Endpoint> {
    backends.iter().flat_map(|backends| &backends.endpoints)
}

/// Some of these, each once; none, if there are none.
fn named(all: &BTreeSet<String>) -> Option<String> {
    let more = if all.len() > NAMED { " and others" } else { "" };
    let some: Vec<_> = all.iter().take(NAMED).map(|one| format!("`{one}`")).collect();
    (!some.is_empty()).then(|| format!("{}{more}", some.join(", ")))
}
