//! The endpoints of Kubernetes' services: `EndpointSlice` documents, and the labels of the `Pod`s behind them.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use super::endpoints::{self, Placed};
use crate::{
    config::{
        Document, Resource,
        k8s::{EndpointSlice, SERVICE_NAME, ServicePort, SliceEndpoint},
    },
    mesh::{
        lower::Lowering,
        note::{Code, NoteKind},
    },
    policy::balance::{Address, Endpoint, Locality, label},
};

/// All slices, by the service that they are of: its namespace, and its name.
#[derive(Default)]
pub(super) struct Slices<'a> {
    by_service: HashMap<(String, String), Vec<Slice<'a>>>,
    pods: Pods<'a>,
    /// The first slice with an endpoint whose labels no pod tells.
    unlabelled: Cell<Option<&'a Document>>,
}

struct Slice<'a> {
    document: &'a Document,
    slice: &'a EndpointSlice,
    /// Labels that its endpoints have where no pod says more.
    labels: BTreeMap<String, String>,
    is_meant: Cell<bool>,
}

/// The labels of pods, by namespace and name, and by namespace and address.
#[derive(Default)]
struct Pods<'a> {
    by_name: HashMap<(String, &'a str), &'a BTreeMap<String, String>>,
    by_address: HashMap<(String, &'a str), &'a BTreeMap<String, String>>,
}

impl<'a> Slices<'a> {
    pub(super) fn of(documents: &[&'a Document], lowering: &mut Lowering<'_>) -> Self {
        let mut slices = Self { pods: Pods::of(documents, lowering), ..Self::default() };
        for &document in documents {
            let Resource::EndpointSlice(slice) = &document.resource else { continue };
            judge(document, slice, lowering);
            let Some(service) = document.metadata.labels.get(SERVICE_NAME) else {
                let message = format!("is of no service: it has no label `{SERVICE_NAME}`");
                lowering.note(document, "metadata.labels", NoteKind::Surprise, message);
                continue;
            };
            let of = (lowering.namespace(document).to_owned(), service.clone());
            let labels = document.metadata.labels.iter().filter(|(name, _)| !is_kubernetes(name));
            let labels = labels.map(|(name, value)| (name.clone(), value.clone())).collect();
            let slice = Slice { document, slice, labels, is_meant: Cell::new(false) };
            slices.by_service.entry(of).or_default().push(slice);
        }
        slices
    }

    /// The endpoints behind a port of a service; none, if no slice is of it.
    pub(super) fn behind(
        &self,
        namespace: &str,
        service: &str,
        port: &ServicePort,
    ) -> Option<Vec<Placed<'a>>> {
        let slices = self.by_service.get(&(namespace.to_owned(), service.to_owned()))?;
        let mut all = Vec::new();
        for of in slices {
            of.is_meant.set(true);
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            // A slice that lacks the port has nobody behind it.
            let Some(own) = of.slice.ports.iter().find(|own| name(&own.name) == name(&port.name)) else {
                continue;
            };
            for (index, endpoint) in of.slice.endpoints.iter().enumerate() {
                for address in &endpoint.addresses {
                    let Ok(parsed) = address.parse::<Address>() else { continue };
                    let parsed = own.port.map_or_else(|| parsed.clone(), |port| parsed.at_port(port));
                    let endpoint = self.endpoint(namespace, of, endpoint, (address, parsed));
                    all.push(Placed {
                        endpoint,
                        document: of.document,
                        index: Some(index),
                        is_shared: false,
                    });
                }
            }
        }
        Some(all)
    }

    fn endpoint(
        &self,
        namespace: &str,
        of: &Slice<'a>,
        spec: &SliceEndpoint,
        (text, address): (&str, Address),
    ) -> Endpoint {
        let labels = self.pods.labels(namespace, spec, text).unwrap_or_else(|| {
            self.unlabelled.set(self.unlabelled.get().or(Some(of.document)));
            &of.labels
        });
        let is_ready = spec.conditions.is_none_or(|conditions| {
            conditions.ready.unwrap_or(true) && !conditions.terminating.unwrap_or(false)
        });
        let endpoint = Endpoint::new(address).with_labels(labels.clone()).ready(is_ready);
        endpoints::located(endpoint, locality(spec, labels))
    }

    /// Tells of slices that are of no service that there is, and, where parts of endpoints go by labels, that nobody
    /// tells the labels of some.
    pub(super) fn note_unused(&self, by_labels: bool, lowering: &mut Lowering<'_>) {
        for ((namespace, service), slices) in &self.by_service {
            for slice in slices.iter().filter(|slice| !slice.is_meant.get()) {
                let message = format!("is of no service: no document is of `{service}` in `{namespace}`");
                let path = format!("metadata.labels[\"{SERVICE_NAME}\"]");
                lowering.note(slice.document, &path, NoteKind::Surprise, message);
            }
        }
        if let Some(document) = self.unlabelled.get().filter(|_| by_labels) {
            let message = "no Pod tells the labels of its endpoints: subsets go by those of the slice itself";
            let fix = "add the documents of the pods, with `metadata.labels` and `status.podIP`";
            lowering.lint(document, "endpoints", Code::Surprise, message, fix);
        }
    }
}

impl<'a> Pods<'a> {
    fn of(documents: &[&'a Document], lowering: &Lowering<'_>) -> Self {
        let mut pods = Self::default();
        for &document in documents {
            let Resource::Pod(pod) = &document.resource else { continue };
            let namespace = lowering.namespace(document).to_owned();
            let labels = &document.metadata.labels;
            if let Some(address) = pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()) {
                // Several that are at the machine's own address have nothing in common but that.
                pods.by_address.entry((namespace.clone(), address)).or_insert(labels);
            }
            if let Some(name) = document.metadata.name.as_deref() {
                pods.by_name.insert((namespace, name), labels);
            }
        }
        pods
    }

    /// The labels of the pod that an endpoint stands for, by its name, or else by its address.
    fn labels(
        &self,
        namespace: &str,
        of: &SliceEndpoint,
        address: &str,
    ) -> Option<&'a BTreeMap<String, String>> {
        let target = of.target_ref.as_ref();
        let is_pod = target.and_then(|target| target.kind.as_deref()).is_none_or(|kind| kind == "Pod");
        let name = target.and_then(|target| target.name.as_deref()).filter(|_| is_pod);
        let named = name.and_then(|name| self.by_name.get(&(namespace.to_owned(), name)));
        named.or_else(|| self.by_address.get(&(namespace.to_owned(), address))).copied()
    }
}

fn judge(document: &Document, slice: &EndpointSlice, lowering: &mut Lowering<'_>) {
    for (index, endpoint) in slice.endpoints.iter().enumerate() {
        for (number, address) in endpoint.addresses.iter().enumerate() {
            if address.parse::<Address>().is_ok_and(|address| address.port().is_none()) {
                continue;
            }
            let message = format!("an address cannot be `{address}`");
            let path = format!("endpoints[{index}].addresses[{number}]");
            lowering.refuse(document, &path, &message, "an IP address, without a port");
        }
    }
}

/// The zone is that of the field, the region is told by labels: of the place as they used to be, or of the pod.
fn locality(of: &SliceEndpoint, labels: &BTreeMap<String, String>) -> Locality {
    if let Some(Ok(locality)) = endpoints::labelled(labels) {
        return locality;
    }
    let said = |name: &str| {
        let places = [&of.topology, &of.deprecated_topology, labels];
        places.into_iter().find_map(|labels| labels.get(name)).map_or("", String::as_str)
    };
    let zone = of.zone.as_deref().unwrap_or_else(|| said(label::ZONE));
    Locality::new(said(label::REGION), zone, said(label::SUBZONE))
}

/// Whether it is a label of Kubernetes' own, which says nothing of an endpoint.
fn is_kubernetes(label: &str) -> bool {
    label.split_once('/').is_some_and(|(of, _)| of == "kubernetes.io" || of.ends_with(".kubernetes.io"))
}
