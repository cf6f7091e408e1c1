//! Workloads that hosts can have as their endpoints, by their labels: `WorkloadEntry` and `Pod` documents.
//!
//! An entry that was registered by a `WorkloadGroup` has all that the group's template says; where it is written by hand,
//! or was cut short, the group lends what it lacks. It is of the group that its annotation `istio.io/autoRegistrationGroup`
//! names; without that, of the one of its namespace that has labels, all of which it has too: of several that with most
//! labels, then the first by name.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use super::{
    endpoints::{self, Allowed},
    naming,
};
use crate::{
    config::{
        Document, Resource,
        istio::{WorkloadEntry, WorkloadGroup},
        k8s::Pod,
    },
    mesh::{lower::Lowering, note::NoteKind},
};

/// The annotation that names the group of an entry.
const GROUP: &str = "istio.io/autoRegistrationGroup";

/// All workloads that there are.
#[derive(Default)]
pub(super) struct Workloads<'a> {
    all: Vec<Workload<'a>>,
    by_namespace: HashMap<String, OfNamespace>,
}

/// One of them.
pub(super) struct Workload<'a> {
    pub(super) document: &'a Document,
    /// How it is, with all labels, and with what its group lends.
    pub(super) entry: WorkloadEntry,
    pub(super) is_pod: bool,
    is_meant: Cell<bool>,
}

/// Which of them are in a namespace: all, and by each of their labels.
#[derive(Default)]
struct OfNamespace {
    all: Vec<usize>,
    by_label: HashMap<(String, String), Vec<usize>>,
}

/// A group, and whether anybody is of it.
struct Group<'a> {
    document: &'a Document,
    spec: &'a WorkloadGroup,
    lends: Cell<bool>,
}

impl<'a> Workloads<'a> {
    pub(super) fn of(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Self {
        let groups = groups(documents, lowering);
        let mut workloads = Self::default();
        for &document in documents {
            match &document.resource {
                Resource::WorkloadEntry(spec) => {
                    let allowed = Allowed { ports: None, names: true, anything: true };
                    endpoints::judge(document, spec, "spec", &allowed, lowering);
                    let namespace = lowering.namespace(document);
                    let groups = groups.get(namespace).map_or(&[][..], Vec::as_slice);
                    let entry = lent(with_labels(document, spec), document, groups);
                    workloads.insert(namespace, document, entry, false);
                }
                Resource::Pod(pod) => {
                    let Some(entry) = as_entry(document, pod) else { continue };
                    workloads.insert(lowering.namespace(document), document, entry, true);
                }
                _ => {}
            }
        }
        for group in groups.values().flatten().filter(|group| !group.lends.get()) {
            let message = "lends nothing: no WorkloadEntry is of this group";
            lowering.note(group.document, "metadata.name", NoteKind::Surprise, message);
        }
        workloads
    }

    fn insert(&mut self, namespace: &str, document: &'a Document, entry: WorkloadEntry, is_pod: bool) {
        let place = self.all.len();
        let of = self.by_namespace.entry(namespace.to_owned()).or_default();
        of.all.push(place);
        for (name, value) in &entry.labels {
            of.by_label.entry((name.clone(), value.clone())).or_default().push(place);
        }
        self.all.push(Workload { document, entry, is_pod, is_meant: Cell::new(false) });
    }

    /// Those of a namespace that have all of these labels.
    pub(super) fn with(&self, namespace: &str, labels: &BTreeMap<String, String>) -> Vec<&Workload<'a>> {
        let Some(of) = self.by_namespace.get(namespace) else { return Vec::new() };
        let by_label = labels.iter().map(|(name, value)| {
            of.by_label.get(&(name.clone(), value.clone())).map_or(&[][..], Vec::as_slice)
        });
        // Few have the rarest of them.
        let places = by_label.min_by_key(|places| places.len()).unwrap_or(&of.all);
        let workloads = places.iter().map(|place| &self.all[*place]);
        let has_all = |workload: &&Workload<'_>| {
            labels.iter().all(|(name, value)| workload.entry.labels.get(name) == Some(value))
        };
        let meant: Vec<_> = workloads.filter(has_all).collect();
        meant.iter().for_each(|workload| workload.is_meant.set(true));
        meant
    }

    /// Tells of entries that are nobody's endpoints.
    pub(super) fn note_unused(&self, lowering: &mut Lowering<'_>) {
        for workload in self.all.iter().filter(|workload| !workload.is_pod && !workload.is_meant.get()) {
            let message = "is nobody's endpoint: no ServiceEntry or Service of its namespace selects it";
            lowering.note(workload.document, "metadata.name", NoteKind::Surprise, message);
        }
    }
}

/// The groups of each namespace, by name.
fn groups<'a>(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> HashMap<String, Vec<Group<'a>>> {
    let mut groups: HashMap<String, Vec<Group<'a>>> = HashMap::new();
    for &document in documents {
        let Resource::WorkloadGroup(spec) = &document.resource else { continue };
        judge_group(document, spec, lowering);
        let namespace = lowering.namespace(document).to_owned();
        groups.entry(namespace).or_default().push(Group { document, spec, lends: Cell::new(false) });
    }
    groups.values_mut().for_each(|of| of.sort_by_key(|group| group.name()));
    groups
}

fn judge_group(document: &Document, spec: &WorkloadGroup, lowering: &mut Lowering<'_>) {
    if let Some(metadata) = &spec.metadata {
        naming::judge_labels(document, &metadata.labels, "spec.metadata.labels", lowering);
        if !metadata.annotations.is_empty() {
            let message = "read, not applied: nothing here goes by annotations";
            lowering.note(document, "spec.metadata.annotations", NoteKind::NotApplied, message);
        }
    }
    match &spec.template {
        None => {
            let accepted = "what its endpoints have in common, such as `{locality: us-central1/z1}`";
            lowering.refuse(document, "spec.template", "a group must have a `template`", accepted);
        }
        Some(template) => {
            naming::judge_labels(document, &template.labels, "spec.template.labels", lowering);
            endpoints::judge_locality(document, template, "spec.template", lowering);
            if template.address.is_some() {
                let message = "read, not applied: each endpoint of a group has its own address";
                lowering.note(document, "spec.template.address", NoteKind::NotApplied, message);
            }
            let fields = [(template.service_account.is_some(), "serviceAccount")];
            lowering.left_to_the_transport(document, "spec.template", &fields);
        }
    }
    if spec.probe.is_some() {
        let message = "read, not applied: endpoints are not asked whether they are well";
        lowering.note(document, "spec.probe", NoteKind::NotApplied, message);
    }
}

impl Group<'_> {
    fn name(&self) -> String {
        self.document.metadata.name.clone().unwrap_or_default()
    }

    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        let labels = self.spec.metadata.as_ref().map(|metadata| &metadata.labels);
        labels.filter(|labels| !labels.is_empty())
    }

    fn has(&self, entry: &WorkloadEntry) -> bool {
        let is_own = |(name, value): (&String, &String)| entry.labels.get(name) == Some(value);
        self.labels().is_some_and(|labels| labels.iter().all(is_own))
    }
}

/// An entry with the labels of its document, which count before those in its `spec`.
fn with_labels(document: &Document, spec: &WorkloadEntry) -> WorkloadEntry {
    let mut entry = spec.clone();
    entry.labels.extend(document.metadata.labels.clone());
    entry
}

/// An entry with what its group lends, where it says nothing itself.
fn lent(mut entry: WorkloadEntry, document: &Document, groups: &[Group<'_>]) -> WorkloadEntry {
    let named = document.metadata.annotations.get(GROUP);
    let group = match named {
        Some(name) => groups.iter().find(|group| group.name() == *name),
        None => {
            let own = groups.iter().filter(|group| group.has(&entry)).rev();
            // Of several as long ones the last counts, which is the first by name.
            own.max_by_key(|group| group.labels().map_or(0, BTreeMap::len))
        }
    };
    let Some(group) = group else { return entry };
    group.lends.set(true);
    let template = group.spec.template.as_ref();
    let labels = group.labels().into_iter().chain(template.map(|template| &template.labels)).flatten();
    let own_place = entry.locality.is_some() || endpoints::labelled(&entry.labels).is_some();
    for (name, value) in labels {
        entry.labels.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if let Some(template) = template {
        if !own_place {
            entry.locality.clone_from(&template.locality);
        }
        if entry.ports.is_empty() {
            entry.ports.clone_from(&template.ports);
        }
        entry.network = entry.network.or_else(|| template.network.clone());
        entry.weight = entry.weight.or(template.weight);
    }
    entry
}

/// A pod as an entry; none, if it has no address yet.
fn as_entry(document: &Document, pod: &Pod) -> Option<WorkloadEntry> {
    let address = pod.status.as_ref()?.pod_ip.clone().filter(|address| !address.is_empty())?;
    let labels = document.metadata.labels.clone();
    Some(WorkloadEntry { address: Some(address), labels, ..WorkloadEntry::default() })
}
