//! `DestinationRule`: the limits of a host, and of single ports of it.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{limits, services::Spoken};
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

/// Reads a rule: what is wrong with it and what there is to tell is said here, once. None if it sets nothing.
pub(super) fn read<'a>(
    document: &'a Document,
    spec: &'a DestinationRule,
    spoken: &Spoken,
    lowering: &mut Lowering<'_>,
) -> Option<Rule<'a>> {
    if !spec.subsets.is_empty() {
        lowering.not_applied(document, "spec.subsets");
    }
    lowering.note_export(document, &spec.export_to);
    if spec.workload_selector.is_some() {
        lowering.not_applied(document, "spec.workloadSelector");
    }
    for (index, subset) in spec.subsets.iter().enumerate() {
        if let Some(policy) = &subset.traffic_policy {
            let path = format!("spec.subsets[{index}]");
            lowering.judge_only(|lowering| rule(document, policy, &path, spoken, lowering));
        }
    }
    spec.traffic_policy.as_ref().map(|policy| rule(document, policy, "spec", spoken, lowering))
}

/// The policy in a block.
fn rule<'a>(
    document: &'a Document,
    policy: &'a TrafficPolicy,
    block: &str,
    spoken: &Spoken,
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
    spoken: &Spoken,
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

impl Rule<'_> {
    /// The ports that it speaks of.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }

    /// The limits to a port where this protocol is spoken, unless the policies upgrade it.
    pub(super) fn to(&self, port: Option<u16>, protocol: Upstream) -> (Option<Settings>, Connections) {
        let limited = port.and_then(|port| self.ports.get(&port)).unwrap_or(&self.whole);
        // What is wrong has been told.
        let settings = limited.settings(protocol).ok();
        let connections = limited.pool.map(limits::connections).and_then(Result::ok).unwrap_or_default();
        (settings, connections)
    }
}

impl Limited<'_> {
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
