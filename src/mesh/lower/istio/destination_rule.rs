//! `DestinationRule`: what holds for a host, for single ports of it, and for parts of its endpoints.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use super::{
    naming,
    registry::Ports,
    sections::{Block, Sections},
};
use crate::{
    config::{
        Document,
        istio::{ConsistentHash, DestinationRule, PortTrafficPolicy, TrafficPolicy},
    },
    mesh::{
        lower::{Lowering, invalid::InvalidBlock},
        note::NoteKind,
    },
};

/// What a rule sets for a host: a block stands as a whole, and a port's replaces all of the host's.
#[derive(Default, Clone)]
pub(super) struct Rule<'a> {
    whole: Sections<'a>,
    ports: BTreeMap<u16, Sections<'a>>,
}

/// Reads a rule: what is wrong with it and what there is to tell is said here, once.
pub(super) fn read<'a>(
    document: &'a Document,
    spec: &'a DestinationRule,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Read<'a> {
    judge(document, spec, lowering);
    let policy = spec.traffic_policy.as_ref();
    let policy = policy.map(|policy| rule(document, policy, "spec", &Rule::default(), spoken, lowering));
    let whole = policy.clone().unwrap_or_default();
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
        let policy = subset.traffic_policy.as_ref();
        let policy = policy.map(|policy| rule(document, policy, &path, &whole, spoken, lowering));
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

    /// What is said of it alone.
    pub(super) const fn policy(&self) -> Option<&Rule<'a>> {
        self.policy.as_ref()
    }

    /// What holds for a port of this part, where that is said of the whole host.
    pub(super) fn sections(&self, whole: &Rule<'a>, port: Option<u16>) -> Sections<'a> {
        let base = whole.sections(port);
        let Some(own) = &self.policy else { return base.clone() };
        match own.at(port) {
            Some(entry) => entry.instead_of(base),
            None => own.whole.over(base),
        }
    }
}

/// The policy in a block, of all of a host or of a part of it.
fn rule<'a>(
    document: &'a Document,
    policy: &'a TrafficPolicy,
    block: &str,
    of_host: &Rule<'a>,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Rule<'a> {
    if *policy == TrafficPolicy::default() {
        let accepted = "at least one field, such as `connectionPool`";
        lowering.invalid(document, block, InvalidBlock::new("trafficPolicy", "empty", accepted));
    }
    let path = format!("{block}.trafficPolicy");
    let fields = [
        (policy.tls.is_some(), "tls"),
        (policy.tunnel.is_some(), "tunnel"),
        (policy.proxy_protocol.is_some(), "proxyProtocol"),
    ];
    lowering.left_to_the_transport(document, &path, &fields);
    let balancer = Block::new(policy.load_balancer.as_ref(), document, format!("{path}.loadBalancer"));
    let outlier = Block::new(policy.outlier_detection.as_ref(), document, format!("{path}.outlierDetection"));
    let (pool, budget) = (policy.connection_pool.as_ref(), policy.retry_budget.as_ref());
    let whole = Sections { pool, outlier, balancer, budget };
    let mut ports = BTreeMap::new();
    for (index, entry) in policy.port_level_settings.iter().enumerate() {
        let path = format!("{path}.portLevelSettings[{index}]");
        let Some((number, sections)) = port(document, entry, &path, spoken, lowering) else { continue };
        match ports.entry(number) {
            Entry::Vacant(place) => {
                sections.note_lost(document, &path, &whole, lowering);
                place.insert(sections);
            }
            Entry::Occupied(_) => {
                let message = format!("never applies: an earlier entry is for port {number}");
                lowering.note(document, &path, NoteKind::Surprise, message);
            }
        }
    }
    let detects = of_host.whole.outlier.is_some();
    whole.judge(document, &path, &spoken.beside(&ports), detects, lowering);
    Rule { whole, ports }
}

/// What is set for one port.
fn port<'a>(
    document: &'a Document,
    entry: &'a PortTrafficPolicy,
    path: &str,
    spoken: &Ports,
    lowering: &mut Lowering<'_>,
) -> Option<(u16, Sections<'a>)> {
    let number = entry.port.and_then(|port| port.number).unwrap_or(0);
    if number == 0 {
        let found = if entry.port.is_none() { "absent" } else { "without a number" };
        let accepted = "a port of the service, such as `{number: 9080}`";
        lowering.invalid(document, path, InvalidBlock::new("port", found, accepted));
        return None;
    }
    lowering.left_to_the_transport(document, path, &[(entry.tls.is_some(), "tls")]);
    let balancer = Block::new(entry.load_balancer.as_ref(), document, format!("{path}.loadBalancer"));
    let outlier = Block::new(entry.outlier_detection.as_ref(), document, format!("{path}.outlierDetection"));
    let sections = Sections { pool: entry.connection_pool.as_ref(), outlier, balancer, budget: None };
    sections.judge(document, path, &[spoken.to(Some(number))], false, lowering);
    Some((number, sections))
}

impl<'a> Rule<'a> {
    /// The ports that it speaks of.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }

    /// What is said of the host, then of single ports.
    pub(super) fn all(&self) -> impl Iterator<Item = &Sections<'a>> {
        std::iter::once(&self.whole).chain(self.ports.values())
    }

    /// What holds for a port.
    pub(super) fn sections(&self, port: Option<u16>) -> &Sections<'a> {
        self.at(port).unwrap_or(&self.whole)
    }

    /// What is said of this port alone.
    fn at(&self, port: Option<u16>) -> Option<&Sections<'a>> {
        port.and_then(|port| self.ports.get(&port))
    }

    /// What of a request decides, if something does, whatever is said of ports.
    pub(super) fn hash(&self) -> Option<&'a ConsistentHash> {
        self.whole.hash()
    }

    /// The same, by what is said of this port alone.
    pub(super) fn hash_at(&self, port: Option<u16>) -> Option<&'a ConsistentHash> {
        self.at(port)?.hash()
    }
}
