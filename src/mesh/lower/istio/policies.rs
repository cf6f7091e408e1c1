//! Which `DestinationRule` a host has, of all that there are.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use super::{
    client::Client,
    destination_rule::{self, Part, Rule},
    registry::Registry,
};
use crate::{
    config::{Document, Resource, istio::DestinationRule},
    mesh::{host::Host, lower::Lowering, note::Code},
    policy::route::{HostPattern, Hosts},
};

/// The namespace whose rules are for everybody.
const ROOT: &str = "istio-system";

/// All rules that this client sees.
pub(super) struct Policies<'a> {
    /// By namespace, then in the order of their first documents.
    all: Vec<Of<'a>>,
    /// Which of these, by namespace and host.
    places: HashMap<String, Hosts<usize>>,
    /// The same in all namespaces at once; of several for one host the first.
    anywhere: Hosts<usize>,
    here: String,
}

/// The rules that a namespace has for one host, put together.
struct Of<'a> {
    host: Host,
    pattern: HostPattern,
    namespace: String,
    /// The first counts before the others.
    documents: Vec<&'a Document>,
    merged: Merged<'a>,
}

/// A rule that this client sees.
struct Seen<'a> {
    document: &'a Document,
    spec: &'a DestinationRule,
    read: destination_rule::Read<'a>,
}

/// What rules say of a host, put together.
#[derive(Default)]
pub(super) struct Merged<'a> {
    pub(super) policy: Rule<'a>,
    pub(super) subsets: Vec<Part<'a>>,
}

impl<'a> Policies<'a> {
    pub(super) fn of(
        documents: &[&'a Document],
        registry: &Registry<'_>,
        client: &Client<'_>,
        lowering: &mut Lowering<'_>,
    ) -> Self {
        let mut by_host: BTreeMap<(String, HostPattern), (Host, Vec<Seen<'a>>)> = BTreeMap::new();
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
            let place = (lowering.namespace(document).to_owned(), pattern);
            by_host.entry(place).or_insert_with(|| (host, Vec::new())).1.push(Seen { document, spec, read });
        }
        let (mut all, mut places) = (Vec::new(), HashMap::<String, Hosts<usize>>::new());
        let mut anywhere = Hosts::default();
        for ((namespace, pattern), (host, seen)) in by_host {
            places.entry(namespace.clone()).or_default().insert(&pattern, all.len());
            if anywhere.at(&pattern).is_none() {
                anywhere.insert(&pattern, all.len());
            }
            let (documents, merged) = merged(seen, lowering);
            all.push(Of { host, pattern, namespace, documents, merged });
        }
        let policies = Self { all, places, anywhere, here: lowering.identity.namespace.clone() };
        policies.note_unused(registry, lowering);
        policies
    }

    /// Whether a rule is for a host, or for a family of it, in any namespace.
    pub(super) fn speak_of(&self, pattern: &HostPattern) -> bool {
        self.anywhere.over(pattern).is_some()
    }

    /// The hosts that rules are for, each with its document.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&Host, &'a Document)> {
        self.all.iter().filter_map(|of| Some((&of.host, *of.documents.first()?)))
    }

    /// What rules say of a host: those of the first namespace that has any for it; among these those for the host itself,
    /// or else those for the family with the longest end. None if nothing is said.
    pub(super) fn of_host(
        &self,
        host: &Host,
        pattern: &HostPattern,
        registry: &Registry<'_>,
    ) -> Option<&Merged<'a>> {
        self.chosen(host, pattern, registry).map(|of| &of.merged)
    }

    fn chosen(&self, host: &Host, pattern: &HostPattern, registry: &Registry<'_>) -> Option<&Of<'a>> {
        let of_service = match host {
            Host::Service { namespace, .. } => Some(&**namespace),
            Host::Outside(_) => registry.get(host).map(|known| &*known.namespace),
        };
        let mut namespaces = [Some(&*self.here), of_service, Some(ROOT)].into_iter().flatten();
        let place = namespaces.find_map(|namespace| self.places.get(namespace)?.over(pattern));
        // Of a host of which nobody says whose it is every namespace may have a rule.
        let place = place.or_else(|| self.anywhere.over(pattern).filter(|_| of_service.is_none()));
        place.map(|place| &self.all[*place])
    }

    /// Tells of rules that are not those of their own host.
    fn note_unused(&self, registry: &Registry<'_>, lowering: &mut Lowering<'_>) {
        for of in &self.all {
            let chosen = self.chosen(&of.host, &of.pattern, registry);
            if chosen.is_some_and(|chosen| std::ptr::eq(chosen, of)) {
                continue;
            }
            for document in &of.documents {
                if let Some(first) = chosen.and_then(|chosen| chosen.documents.first()) {
                    let at = first.locate_nearest("spec.host");
                    let message =
                        format!("never applies: the document at {at} is for the same host and comes first");
                    let fix = format!(
                        "say it there: rules in `{}` count before it",
                        chosen.map_or("", |of| &of.namespace)
                    );
                    lowering.lint(document, "spec.host", Code::Duplicate, message, fix);
                } else {
                    let message = "never applies to this client: a rule counts in the client's namespace, in the host's, \
                                   and in `istio-system`";
                    let fix = "move it to one of these namespaces";
                    lowering.lint(document, "spec.host", Code::OtherClients, message, fix);
                }
            }
        }
    }
}

/// Rules for one host put together: those for some workloads first, then the older ones, then by name. The first policy
/// counts, whole; subsets are those of all, and of two of one name the first.
fn merged<'a>(mut seen: Vec<Seen<'a>>, lowering: &mut Lowering<'_>) -> (Vec<&'a Document>, Merged<'a>) {
    let order = |seen: &Seen<'a>| seen.spec.workload_selector.is_none();
    seen.sort_by(|one, two| {
        let by_age = || super::age(one.document, lowering).cmp(&super::age(two.document, lowering));
        order(one).cmp(&order(two)).then_with(by_age)
    });
    let selector = seen.first().and_then(|seen| seen.spec.workload_selector.as_ref());
    let (mut merged, mut by, mut names) =
        (Merged::default(), None::<&Document>, HashMap::<_, &Document>::new());
    for Seen { document, spec, read } in &seen {
        // Of rules for workloads only one's is the client's.
        if spec.workload_selector.is_some() && spec.workload_selector.as_ref() != selector {
            let first = seen[0].document.locate_nearest("spec.host");
            let message =
                format!("never applies: the document at {first} is for the same host and comes first");
            let fix = "let their selectors be apart, or the same";
            lowering.lint(document, "spec.host", Code::Duplicate, message, fix);
            continue;
        }
        match (&read.policy, by) {
            (Some(policy), None) => {
                merged.policy = policy.clone();
                by = Some(document);
            }
            (Some(_), Some(first)) => {
                let at = first.locate_nearest("spec.host");
                let subsets = if read.subsets.is_empty() { "" } else { "; its subsets do" };
                let message = format!(
                    "its policy never applies: the document at {at} is for the same host and comes first{subsets}"
                );
                let fix = "say the whole policy of a host in one document";
                lowering.lint(document, "spec.trafficPolicy", Code::Duplicate, message, fix);
            }
            (None, _) => {}
        }
        for (index, part) in read.subsets.iter().enumerate() {
            let path = format!("spec.subsets[{index}].name");
            match names.entry(part.name) {
                Entry::Vacant(place) => {
                    place.insert(*document);
                    merged.subsets.push(part.clone());
                }
                // Within one document that is an error, which has been told.
                Entry::Occupied(first) if std::ptr::eq(*first.get(), *document) => {}
                Entry::Occupied(first) => {
                    let at = first.get().locate_nearest("spec.subsets");
                    let message =
                        format!("never applies: there is one of this name at {at}, which comes first");
                    lowering.lint(document, &path, Code::Duplicate, message, "give it a name of its own");
                }
            }
        }
    }
    (seen.iter().map(|seen| seen.document).collect(), merged)
}

/// Whether a rule is for this client; that it is not is told.
fn is_meant(
    document: &Document,
    spec: &DestinationRule,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> bool {
    let is_here = lowering.namespace(document) == lowering.identity.namespace;
    // Where it is at home it counts, whomever it is exported to.
    if !is_here && !super::is_exported(document, &spec.export_to, client, lowering) {
        return false;
    }
    let Some(selector) = &spec.workload_selector else { return true };
    let (why, fix) = match client.lacks(&selector.match_labels) {
        _ if !is_here => ("it is for workloads of its own namespace".to_owned(), "remove the selector"),
        Some((name, value)) => (
            format!("it is for workloads with the label `{name}: {value}`"),
            "give the client that label, or remove the selector",
        ),
        None => return true,
    };
    let message = format!("never applies to this client: {why}");
    lowering.lint(document, "spec.workloadSelector", Code::OtherClients, message, fix);
    false
}
