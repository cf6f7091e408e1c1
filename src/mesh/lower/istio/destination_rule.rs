//! `DestinationRule`: the limits of a host, and of single ports of it.

use std::collections::BTreeMap;

use super::{
    super::{Lowering, invalid::InvalidBlock},
    limits,
};
use crate::{
    config::{
        Document,
        istio::{ConnectionPool, DestinationRule, RetryBudget, TrafficPolicy},
    },
    mesh::{note::NoteKind, plan::Connections},
    policy::limits::{Settings, Upstream},
};

const POLICY: &str = "spec.trafficPolicy";

/// What a rule sets for a host: a block stands as a whole, and a port's replaces all of the host's.
#[derive(Default)]
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
    protocol: impl Fn(u16) -> Upstream,
    lowering: &mut Lowering<'_>,
) -> Rule<'a> {
    if !spec.subsets.is_empty() {
        lowering.not_applied(document, "spec.subsets");
    }
    super::virtual_service::note_export(document, &spec.export_to, lowering);
    if spec.workload_selector.is_some() {
        lowering.not_applied(document, "spec.workloadSelector");
    }
    let Some(policy) = &spec.traffic_policy else { return Rule::default() };
    if *policy == TrafficPolicy::default() {
        let invalid = InvalidBlock::new("trafficPolicy", "empty", "at least one field");
        lowering.invalid(document, "spec", invalid);
    }
    let unapplied = [
        (policy.load_balancer.is_some(), "loadBalancer"),
        (policy.outlier_detection.is_some(), "outlierDetection"),
        (policy.tls.is_some(), "tls"),
        (policy.tunnel.is_some(), "tunnel"),
        (policy.proxy_protocol.is_some(), "proxyProtocol"),
    ];
    note_unapplied(document, POLICY, &unapplied, lowering);
    let whole = Limited { pool: policy.connection_pool.as_ref(), budget: policy.retry_budget.as_ref() };
    whole.judge(document, POLICY, protocol(0), lowering);
    let mut ports = BTreeMap::new();
    for (index, port) in policy.port_level_settings.iter().enumerate() {
        let path = format!("{POLICY}.portLevelSettings[{index}]");
        let Some(number) = port.port.and_then(|port| port.number).filter(|number| *number > 0) else {
            lowering.invalid(document, &path, InvalidBlock::new("port", "unset", "`{number: 9080}`"));
            continue;
        };
        let unapplied = [
            (port.load_balancer.is_some(), "loadBalancer"),
            (port.outlier_detection.is_some(), "outlierDetection"),
            (port.tls.is_some(), "tls"),
        ];
        note_unapplied(document, &path, &unapplied, lowering);
        let limited = Limited { pool: port.connection_pool.as_ref(), budget: None };
        limited.judge(document, &path, protocol(number), lowering);
        // The first of a port counts.
        ports.entry(number).or_insert(limited);
    }
    Rule { whole, ports }
}

fn note_unapplied(document: &Document, path: &str, fields: &[(bool, &str)], lowering: &mut Lowering<'_>) {
    for (_, field) in fields.iter().filter(|(is_set, _)| *is_set) {
        lowering.not_applied(document, &format!("{path}.{field}"));
    }
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
        let mut settings = match self.pool {
            Some(pool) => limits::builder(pool)?,
            None => Settings::builder(),
        };
        if let Some(budget) = self.budget {
            settings = settings.retry_budget(limits::budget(budget)?);
        }
        limits::built(settings.protocol(protocol))
    }

    fn judge(&self, document: &Document, path: &str, protocol: Upstream, lowering: &mut Lowering<'_>) {
        if let Some(budget) = self.budget
            && let Err(invalid) = limits::budget(budget)
        {
            return lowering.invalid(document, &format!("{path}.retryBudget"), invalid);
        }
        let Some(pool) = self.pool else { return };
        let path = format!("{path}.connectionPool");
        for field in limits::left_to_the_transport(pool) {
            lowering.left_to_the_transport(document, &format!("{path}.{field}"));
        }
        match limits::connections(pool).and_then(|_| self.settings(protocol)) {
            Err(invalid) => lowering.invalid(document, &path, invalid),
            Ok(settings) => {
                for (field, message) in limits::surprises(&settings) {
                    lowering.note(document, &format!("{path}.{field}"), NoteKind::Surprise, message);
                }
            }
        }
    }
}
