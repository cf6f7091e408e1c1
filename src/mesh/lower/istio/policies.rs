//! Which `DestinationRule` a host has, of all that there are.

use std::collections::BTreeMap;

use super::{
    client::Client,
    destination_rule::{self, Part, Rule},
    registry::Registry,
};
use crate::{
    config::{Document, Resource, istio::DestinationRule},
    mesh::{host::Host, lower::Lowering, note::NoteKind},
    policy::route::{HostPattern, Hosts},
};

/// The namespace whose rules are for everybody.
const ROOT: &str = "istio-system";

/// All rules that this client sees: those for some workloads first, then the older ones, then by name.
pub(super) struct Policies<'a> {
    all: Vec<Seen<'a>>,
    /// By namespace and host, in their order.
    places: BTreeMap<String, Hosts<Vec<usize>>>,
    here: String,
}

/// A rule that this client sees.
struct Seen<'a> {
    document: &'a Document,
    host: Host,
    pattern: HostPattern,
    namespace: String,
    is_selected: bool,
    read: destination_rule::Read<'a>,
}

/// What rules say of a host, put together.
#[derive(Default)]
pub(super) struct Merged<'a> {
    pub(super) policy: Rule<'a>,
    pub(super) subsets: Vec<Part<'a>>,
    /// The documents that they are of.
    pub(super) documents: Vec<&'a Document>,
}

impl<'a> Policies<'a> {
    pub(super) fn of(
        documents: &[&'a Document],
        registry: &Registry<'_>,
        client: &Client<'_>,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        let mut all = Vec::new();
        for &document in documents {
            let Resource::DestinationRule(spec) = &document.resource else { continue };
            let host = super::host_of(&spec.host, document, lowering);
            let spoken = registry.ports(&host, lowering.identity.http2);
            let is_meant = is_meant(document, spec, client, lowering);
            let read = match is_meant {
                true => destination_rule::read(document, spec, &spoken, lowering),
                false => {
                    lowering.judge_only(|lowering| destination_rule::read(document, spec, &spoken, lowering))
                }
            };
            let Some(pattern) = host.pattern(&lowering.identity.domain).filter(|_| is_meant) else {
                continue;
            };
            let namespace = lowering.namespace(document).to_owned();
            let is_selected = spec.workload_selector.is_some();
            all.push(Seen { document, host, pattern, namespace, is_selected, read });
        }
        all.sort_by_key(|seen| (!seen.is_selected, super::age(seen.document)));
        let mut places: BTreeMap<String, Hosts<Vec<usize>>> = BTreeMap::new();
        for (place, seen) in all.iter().enumerate() {
            let hosts = places.entry(seen.namespace.clone()).or_default();
            let mut at = hosts.at(&seen.pattern).cloned().unwrap_or_default();
            at.push(place);
            hosts.insert(&seen.pattern, at);
        }
        let policies = Self { all, places, here: lowering.identity.namespace.clone() };
        policies.note_unused(registry, lowering);
        policies
    }

    /// Whether a rule is for a host, or for a family of it, in any namespace.
    pub(super) fn speak_of(&self, pattern: &HostPattern) -> bool {
        self.places.values().any(|hosts| hosts.over(pattern).is_some())
    }

    /// The hosts that rules are for, each with its document.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&Host, &'a Document)> {
        self.all.iter().map(|seen| (&seen.host, seen.document))
    }

    /// What rules say of a host: those of the first namespace that has any for it; among these those for the host itself,
    /// or else those for the family with the longest end; the policy of the first, and the subsets of all.
    pub(super) fn of_host(&self, host: &Host, pattern: &HostPattern, registry: &Registry<'_>) -> Merged<'a> {
        let mut merged = Merged::default();
        let chosen = self.chosen(host, pattern, registry);
        let mut has_policy = false;
        for seen in chosen {
            let before = (has_policy, merged.subsets.len());
            if let Some(policy) = seen.read.policy.as_ref().filter(|_| !has_policy) {
                (merged.policy, has_policy) = (policy.clone(), true);
            }
            for part in &seen.read.subsets {
                if !merged.subsets.iter().any(|other| other.name == part.name) {
                    merged.subsets.push(part.clone());
                }
            }
            if before != (has_policy, merged.subsets.len()) {
                merged.documents.push(seen.document);
            }
        }
        merged
    }

    /// Whether there is one for a host.
    pub(super) fn are_for(&self, host: &Host, pattern: &HostPattern, registry: &Registry<'_>) -> bool {
        !self.chosen(host, pattern, registry).is_empty()
    }

    fn chosen(&self, host: &Host, pattern: &HostPattern, registry: &Registry<'_>) -> Vec<&Seen<'a>> {
        let of_service = match host {
            Host::Service { namespace, .. } => Some(&**namespace),
            Host::Outside(_) => registry.get(host).map(|known| &*known.namespace),
        };
        let known = [Some(&*self.here), of_service, Some(ROOT)];
        // Of a host of which nobody says whose it is every namespace may have a rule.
        let others = self.places.keys().map(|namespace| &**namespace).filter(|_| of_service.is_none());
        let namespaces = known.into_iter().flatten().chain(others);
        let found = namespaces.filter_map(|namespace| self.places.get(namespace)?.over(pattern)).next();
        let found: Vec<_> = found.into_iter().flatten().map(|place| &self.all[*place]).collect();
        match found.iter().any(|seen| seen.is_selected) {
            true => found.into_iter().filter(|seen| seen.is_selected).collect(),
            false => found,
        }
    }

    /// Tells of rules that are not those of their own host, and of policies that come second.
    fn note_unused(&self, registry: &Registry<'_>, lowering: &mut Lowering<'_>) {
        for seen in &self.all {
            let chosen = self.chosen(&seen.host, &seen.pattern, registry);
            let is = |other: &&Seen<'_>| std::ptr::eq(other.document, seen.document);
            let Some(first) =
                chosen.iter().find(|other| other.read.policy.is_some() || !chosen.iter().any(is))
            else {
                continue;
            };
            let (policy, at) = (seen.read.policy.is_some(), first.document.locate_nearest("spec.host"));
            let message = match chosen.iter().any(is) {
                true if policy && !is(first) => {
                    let subsets = if seen.read.subsets.is_empty() { "" } else { "; its subsets do" };
                    format!(
                        "its policy never applies: the document at {at} is for the same host and comes first{subsets}"
                    )
                }
                true => continue,
                false => format!("never applies: the document at {at} is for the same host and comes first"),
            };
            lowering.note(seen.document, "spec.host", NoteKind::Surprise, message);
        }
        let lost = self.all.iter().filter(|seen| self.chosen(&seen.host, &seen.pattern, registry).is_empty());
        for seen in lost {
            let message = "never applies to this client: a rule counts in the client's namespace, in the host's, and in \
                           `istio-system`";
            lowering.note(seen.document, "spec.host", NoteKind::Surprise, message);
        }
    }
}

/// Whether a rule is for this client; that it is not is told.
fn is_meant(
    document: &Document,
    spec: &DestinationRule,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> bool {
    let namespace = lowering.namespace(document).to_owned();
    let is_here = namespace == lowering.identity.namespace;
    if !is_here && !client.sees(&spec.export_to, &namespace) {
        let message = "never applies to this client: it is exported to other namespaces";
        lowering.note(document, "spec.exportTo", NoteKind::Surprise, message);
        return false;
    }
    let Some(selector) = &spec.workload_selector else { return true };
    let why = match client.lacks(&selector.match_labels) {
        _ if !is_here => "it is for workloads of its own namespace".to_owned(),
        Some((name, value)) => format!("it is for workloads with the label `{name}: {value}`"),
        None => return true,
    };
    let message = format!("never applies to this client: {why}");
    lowering.note(document, "spec.workloadSelector", NoteKind::Surprise, message);
    false
}
