//! `DestinationRule`: the limits of a host, and of single ports of it.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use super::{limits, naming, registry::Ports};
use crate::{
    config::{
        Document,
        istio::{ConnectionPool, DestinationRule, PortTrafficPolicy, RetryBudget, TrafficPolicy},
    },
    mesh::{
        lower::{Lowering, invalid::InvalidBlock},
        note::NoteKind,
        plan::Connections,
    },
    policy::limits::{Settings, Upstream},
};

/// What a rule sets for a host: a block stands as a whole, and a port's replaces all of the host's.
#[derive(Default, Clone)]
pub(super) struct Rule<'a> {
    whole: Limited<'a>,
    ports: BTreeMap<u16, Limited<'a>>,
}

/// The blocks that limit.
#[derive(Default, Clone, Copy)]
struct Limited<'a> {
    pool: Option<&'a ConnectionPool>,
    budget: Option<&'a RetryBudget>,
}

/// Reads a rule: what is wrong with it and what there is to tell is said here, once.
pub(super) fn read<'a>(
    document: &'a Document,
    spec: &'a DestinationRule,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Read<'a> {
    judge(document, spec, lowering);
    let policy = spec.traffic_policy.as_ref().map(|policy| rule(document, policy, "spec", spoken, lowering));
    let mut names = HashSet::new();
    let mut subsets = Vec::new();
    for (index, subset) in spec.subsets.iter().enumerate() {
        let path = format!("spec.subsets[{index}]");
        let name = &subset.name;
        if !naming::is_label(name) {
            let message = format!("`name` cannot be {}", naming::shown(name));
            lowering.refuse(document, &format!("{path}.name"), &message, naming::LABEL);
        } else if !names.insert(name) {
            let message = format!("`name` cannot be `{name}` again");
            lowering.refuse(document, &format!("{path}.name"), &message, "a name of its own for each subset");
        }
        naming::judge_labels(document, &subset.labels, &format!("{path}.labels"), lowering);
        let policy =
            subset.traffic_policy.as_ref().map(|policy| rule(document, policy, &path, spoken, lowering));
        subsets.push(Part { name, labels: &subset.labels, policy });
    }
    Read { policy, subsets }
}

/// What is wrong with a rule as a whole: its host is a name and no address, and who it is for is said once.
fn judge(document: &Document, spec: &DestinationRule, lowering: &mut Lowering<'_>) {
    if !naming::is_host(&spec.host) {
        let message = format!("`host` cannot be {}", naming::shown(&spec.host));
        lowering.refuse(document, "spec.host", &message, "a name, with a `*` in front perhaps");
    }
    naming::judge_exports(document, &spec.export_to, false, lowering);
    let Some(selector) = &spec.workload_selector else { return };
    naming::judge_labels(document, &selector.match_labels, "spec.workloadSelector.matchLabels", lowering);
    let here = lowering.namespace(document).to_owned();
    for (index, to) in spec.export_to.iter().enumerate().filter(|(_, to)| *to != "." && **to != here) {
        let message = format!("a rule with a `workloadSelector` cannot be exported to `{to}`");
        let accepted = "`.` alone: it is for workloads of its own namespace";
        lowering.refuse(document, &format!("spec.exportTo[{index}]"), &message, accepted);
    }
}

/// What a document says: for the host, and for parts of its endpoints.
pub(super) struct Read<'a> {
    pub(super) policy: Option<Rule<'a>>,
    pub(super) subsets: Vec<Part<'a>>,
}

/// A part of a host's endpoints, and what is said of it alone.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) labels: &'a BTreeMap<String, String>,
    policy: Option<Rule<'a>>,
}

impl<'a> Part<'a> {
    /// The ports that it speaks of.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.policy.iter().flat_map(Rule::ports)
    }

    /// The limits to a port of this part, where that is said of the whole host. A block takes the place of the host's, and
    /// an entry for a port takes the place of all of its blocks, those that it does not have too.
    pub(super) fn to(
        &self,
        whole: &Rule<'a>,
        port: Option<u16>,
        protocol: Upstream,
    ) -> (Option<Settings>, Connections) {
        let base = whole.limited(port);
        let Some(own) = &self.policy else { return base.to(protocol) };
        let at_port = port.and_then(|port| own.ports.get(&port));
        let pool = match at_port {
            Some(entry) => entry.pool,
            None => own.whole.pool.or(base.pool),
        };
        let budget = match at_port {
            Some(_) => base.budget,
            None => own.whole.budget.or(base.budget),
        };
        Limited { pool, budget }.to(protocol)
    }
}

/// The policy in a block.
fn rule<'a>(
    document: &'a Document,
    policy: &'a TrafficPolicy,
    block: &str,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Rule<'a> {
    if *policy == TrafficPolicy::default() {
        let accepted = "at least one field, such as `connectionPool`";
        lowering.invalid(document, block, InvalidBlock::new("trafficPolicy", "empty", accepted));
    }
    let path = format!("{block}.trafficPolicy");
    let fields = [
        (policy.load_balancer.is_some(), "loadBalancer"),
        (policy.outlier_detection.is_some(), "outlierDetection"),
        (policy.tls.is_some(), "tls"),
        (policy.tunnel.is_some(), "tunnel"),
        (policy.proxy_protocol.is_some(), "proxyProtocol"),
    ];
    lowering.fields_not_applied(document, &path, &fields);
    let whole = Limited { pool: policy.connection_pool.as_ref(), budget: policy.retry_budget.as_ref() };
    let mut ports = BTreeMap::new();
    for (index, entry) in policy.port_level_settings.iter().enumerate() {
        let path = format!("{path}.portLevelSettings[{index}]");
        let Some((number, limited)) = port(document, entry, &path, spoken, lowering) else { continue };
        match ports.entry(number) {
            Entry::Vacant(place) => {
                place.insert(limited);
                limited.note_lost(document, &path, &whole, lowering);
            }
            Entry::Occupied(_) => {
                let message = format!("never applies: an earlier entry is for port {number}");
                lowering.note(document, &path, NoteKind::Surprise, message);
            }
        }
    }
    whole.judge(document, &path, &spoken.beside(&ports), lowering);
    Rule { whole, ports }
}

/// What is set for one port.
fn port<'a>(
    document: &Document,
    entry: &'a PortTrafficPolicy,
    path: &str,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Option<(u16, Limited<'a>)> {
    let number = entry.port.and_then(|port| port.number).unwrap_or(0);
    if number == 0 {
        let found = if entry.port.is_none() { "absent" } else { "without a number" };
        let accepted = "a port of the service, such as `{number: 9080}`";
        lowering.invalid(document, path, InvalidBlock::new("port", found, accepted));
        return None;
    }
    let fields = [
        (entry.load_balancer.is_some(), "loadBalancer"),
        (entry.outlier_detection.is_some(), "outlierDetection"),
        (entry.tls.is_some(), "tls"),
    ];
    lowering.fields_not_applied(document, path, &fields);
    let limited = Limited { pool: entry.connection_pool.as_ref(), budget: None };
    limited.judge(document, path, &[spoken.to(Some(number))], lowering);
    Some((number, limited))
}

impl<'a> Rule<'a> {
    /// The ports that it speaks of.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }

    /// The limits to a port where this protocol is spoken, unless the policies upgrade it.
    pub(super) fn to(&self, port: Option<u16>, protocol: Upstream) -> (Option<Settings>, Connections) {
        self.limited(port).to(protocol)
    }

    fn limited(&self, port: Option<u16>) -> &Limited<'a> {
        port.and_then(|port| self.ports.get(&port)).unwrap_or(&self.whole)
    }
}

impl Limited<'_> {
    fn to(&self, protocol: Upstream) -> (Option<Settings>, Connections) {
        // What is wrong has been told.
        let settings = self.settings(protocol).ok();
        let connections = self.pool.map(limits::connections).and_then(Result::ok).unwrap_or_default();
        (settings, connections)
    }

    fn settings(&self, protocol: Upstream) -> Result<Settings, InvalidBlock> {
        let protocol = match self.pool {
            Some(pool) if limits::upgrades(pool) => Upstream::Http2,
            _ => protocol,
        };
        let mut settings = self.pool.map_or_else(|| Ok(Settings::builder()), limits::builder)?;
        if let Some(budget) = self.budget {
            settings = settings.retry_budget(limits::budget(budget)?);
        }
        limits::built(settings.protocol(protocol))
    }

    /// Says what is wrong with the blocks at this path, and what never acts over any of these protocols.
    fn judge(&self, document: &Document, path: &str, spoken: &[Upstream], lowering: &mut Lowering<'_>) {
        let budget = self.budget.map(limits::budget).transpose();
        let sound = budget.is_ok();
        if let Err(invalid) = budget {
            lowering.invalid(document, &format!("{path}.retryBudget"), invalid);
        }
        let Some(pool) = self.pool else { return };
        let path = format!("{path}.connectionPool");
        lowering.left_to_the_transport(document, &path, &limits::for_the_transport(pool));
        if let Err(invalid) = limits::builder(pool).and_then(|_| limits::connections(pool)) {
            return lowering.invalid(document, &path, invalid);
        }
        let settings = spoken.iter().filter_map(|protocol| self.settings(*protocol).ok().filter(|_| sound));
        let mut told = Vec::new();
        for surprise in settings.flat_map(|settings| limits::surprises(&settings)) {
            if !told.contains(&surprise) {
                told.push(surprise);
            }
        }
        lowering.surprises(document, &path, told);
    }

    /// Tells which limits of the policy around an entry for a port are lost there.
    fn note_lost(&self, document: &Document, path: &str, whole: &Self, lowering: &mut Lowering<'_>) {
        let lost = [
            (whole.pool.is_some() && self.pool.is_none(), "connectionPool"),
            (whole.budget.is_some(), "retryBudget"),
        ];
        for (_, block) in lost.iter().filter(|(is_lost, _)| *is_lost) {
            let message = format!("replaces the whole policy around it: its `{block}` is lost for this port");
            lowering.note(document, path, NoteKind::Surprise, message);
        }
    }
}
