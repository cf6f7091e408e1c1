//! Which `DestinationRule` a host has, of all that there are.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use super::{
    client::Client,
    destination_rule::{self, Part, Rule},
    registry::Registry,
    sections::Sections,
};
use crate::{
    config::{Document, Resource, istio::DestinationRule},
    mesh::{host::Host, lower::Lowering, note::Code},
    policy::route::{HostPattern, Hosts},
};

/// The namespace whose rules are for everybody.
const ROOT: &str = "istio-system";

/// All rules that this client sees.
#[derive(Default)]
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
    /// The documents that they are of.
    pub(super) documents: Vec<&'a Document>,
}

impl<'a> Merged<'a> {
    /// The part of this name.
    pub(super) fn part(&self, name: Option<&str>) -> Option<&Part<'a>> {
        self.subsets.iter().find(|part| Some(part.name) == name)
    }

    /// What holds for a port, of a part or of the whole.
    pub(super) fn sections(&self, part: Option<&Part<'a>>, port: Option<u16>) -> Sections<'a> {
        match part {
            Some(part) => part.sections(&self.policy, port),
            None => self.policy.sections(port).clone(),
        }
    }
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
        let here = lowering.identity.namespace.clone();
        let (all, anywhere) = (Vec::new(), Hosts::default());
        let mut policies = Self { all, places: HashMap::new(), anywhere, here };
        let mut seen = Vec::new();
        for ((namespace, pattern), (host, mut of)) in by_host {
            of.sort_by(|one, two| order(one, lowering).cmp(&order(two, lowering)));
            let documents = of.iter().map(|seen| seen.document).collect();
            policies.insert(namespace, Of { host, pattern, documents, merged: Merged::default() });
            seen.push(of);
        }
        for (place, seen) in seen.into_iter().enumerate() {
            let merged = match policies.note_unused(place, registry, lowering) {
                true => lowering.judge_only(|lowering| merged(&seen, lowering)),
                false => merged(&seen, lowering),
            };
            policies.all[place].merged = merged;
        }
        policies
    }

    fn insert(&mut self, namespace: String, of: Of<'a>) {
        let place = self.all.len();
        if self.anywhere.at(&of.pattern).is_none() {
            self.anywhere.insert(&of.pattern, place);
        }
        self.places.entry(namespace).or_default().insert(&of.pattern, place);
        self.all.push(of);
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

    /// Whether rules are not even those of their own host, which is told.
    fn note_unused(&self, place: usize, registry: &Registry<'_>, lowering: &mut Lowering<'_>) -> bool {
        let of = &self.all[place];
        let chosen = self.chosen(&of.host, &of.pattern, registry);
        if chosen.is_some_and(|chosen| std::ptr::eq(chosen, of)) {
            return false;
        }
        let first = chosen.and_then(|chosen| chosen.documents.first());
        for document in &of.documents {
            let (code, message, fix) = match first {
                Some(first) => {
                    let at = first.locate_nearest("spec.host");
                    let message = format!(
                        "never applies: the document at {at} is for this host too, and its namespace comes first"
                    );
                    (Code::Duplicate, message, "say all of a host in one namespace")
                }
                None => {
                    let message = "never applies to this client: a rule counts in the client's namespace, in the \
                                   host's, and in `istio-system`";
                    (Code::OtherClients, message.to_owned(), "move it to one of these namespaces")
                }
            };
            lowering.lint(document, "spec.host", code, message, fix);
        }
        true
    }
}

/// Of rules for one host those for some workloads come first, then the older ones, then by name.
fn order<'s>(seen: &'s Seen<'_>, lowering: &'s Lowering<'_>) -> impl Ord + 's {
    (seen.spec.workload_selector.is_none(), super::age(seen.document, lowering))
}

/// Rules for one host put together: the first policy counts, whole; subsets are those of all, and of two of one name the
/// first.
fn merged<'a>(seen: &[Seen<'a>], lowering: &mut Lowering<'_>) -> Merged<'a> {
    let mut merged = Merged::default();
    let (mut by, mut names) = (None, HashMap::<_, &Document>::new());
    let Some(first) = seen.first() else { return merged };
    for Seen { document, spec, read } in seen {
        // Of rules for workloads only one's is the client's.
        if spec.workload_selector.is_some() && spec.workload_selector != first.spec.workload_selector {
            note_second(document, "spec.host", "never applies", first.document, lowering);
            continue;
        }
        let before = (by.is_some(), merged.subsets.len());
        match (&read.policy, by) {
            (Some(policy), None) => {
                merged.policy = policy.clone();
                by = Some(document);
            }
            (Some(_), Some(first)) => {
                let what = match read.subsets.is_empty() {
                    true => "its policy never applies",
                    false => "its policy never applies, and its subsets do",
                };
                note_second(document, "spec.trafficPolicy", what, first, lowering);
            }
            (None, _) => {}
        }
        for (index, part) in read.subsets.iter().enumerate() {
            match names.entry(part.name) {
                Entry::Vacant(place) => {
                    place.insert(*document);
                    merged.subsets.push(part.clone());
                }
                // Within one document that is an error, which has been told.
                Entry::Occupied(first) if std::ptr::eq(*first.get(), *document) => {}
                Entry::Occupied(first) => {
                    let path = format!("spec.subsets[{index}].name");
                    let what = "never applies, since another has this name";
                    note_second(document, &path, what, first.get(), lowering);
                }
            }
        }
        if before != (by.is_some(), merged.subsets.len()) {
            merged.documents.push(document);
        }
    }
    merged
}

/// Tells that another document comes first.
fn note_second(document: &Document, path: &str, what: &str, first: &Document, lowering: &mut Lowering<'_>) {
    let at = first.locate_nearest("spec.host");
    let message = format!("{what}: the document at {at} is for the same host and comes first");
    lowering.lint(document, path, Code::Duplicate, message, "say all of a host in one document");
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
