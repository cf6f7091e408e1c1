//! Which struct a document becomes, by its kind and its API group.
//!
//! A kind that only one project has is that project's whatever group it names, so a wrong group is an error. A name
//! that others use too, such as `VirtualService` or `Gateway`, is read only under the group that is meant, or one that
//! nearly is.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    Finding, FindingKind, Resource,
    de::read,
    error::Error,
    istio, k8s,
    load::location,
    osm::Group,
    path::join,
    source::Source,
    tree::{Node, Place},
    unknown::{listed, nearest},
};

/// The kinds that are read, by the `apiVersion`'s group: Kubernetes' own has no name.
const KINDS: [(&str, &[&str]); 5] = [
    ("", &["Pod", "Service"]),
    (k8s::DISCOVERY, &["EndpointSlice"]),
    (
        istio::GROUP,
        &["DestinationRule", "Gateway", "ServiceEntry", "VirtualService", "WorkloadEntry", "WorkloadGroup"],
    ),
    (Group::Osm.name(), OSM),
    (Group::Fsm.name(), OSM),
];
const OSM: &[&str] = &["Retry", "UpstreamTrafficSetting"];

/// Fields of a `spec` that tell Istio's kinds apart: who has none of its own kind's, and some of another's, is that.
const TELLING: [(&str, &[&str]); 6] = [
    ("DestinationRule", &["host", "trafficPolicy", "subsets"]),
    ("VirtualService", &["hosts", "gateways", "http", "tcp", "tls"]),
    ("Gateway", &["selector", "servers"]),
    (
        "ServiceEntry",
        &["hosts", "addresses", "ports", "location", "resolution", "endpoints", "subjectAltNames"],
    ),
    ("WorkloadEntry", &["address", "ports", "network", "locality", "weight", "serviceAccount"]),
    ("WorkloadGroup", &["template", "probe"]),
];

/// One document while it is read.
pub(super) struct Reading<'a> {
    tree: &'a Node,
    base: &'a str,
    source: &'a Arc<Source>,
    pub(super) findings: Vec<Finding>,
    pub(super) errors: Vec<Error>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(tree: &'a Node, base: &'a str, source: &'a Arc<Source>) -> Self {
        Self { tree, base, source, findings: Vec::new(), errors: Vec::new() }
    }

    /// The struct under `name`; absent if the field is, or if it has errors.
    pub(super) fn part<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.read(self.tree.child(name)?, &join(self.base, name), |_| true)
    }

    /// The struct in a node at `path`, with those findings that are worth telling; absent if it has errors.
    fn read<T: DeserializeOwned>(
        &mut self,
        node: &Node,
        path: &str,
        is_told: fn(&Finding) -> bool,
    ) -> Option<T> {
        match read(node, path, self.source) {
            Ok((part, findings)) => {
                self.findings.extend(findings.into_iter().filter(is_told));
                Some(part)
            }
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    pub(super) fn resource(&mut self, api_version: &str, kind: &str) -> Resource {
        let group = k8s::group(api_version);
        match kind {
            "UpstreamTrafficSetting" => {
                self.osm(api_version, kind);
                self.required(Resource::UpstreamTrafficSetting)
            }
            "Retry" if Group::named(group).is_some() => {
                self.osm(api_version, kind);
                self.required(Resource::Retry)
            }
            "DestinationRule" => self.istio(api_version, kind, Resource::DestinationRule),
            "ServiceEntry" => self.istio(api_version, kind, Resource::ServiceEntry),
            "WorkloadEntry" => self.istio(api_version, kind, Resource::WorkloadEntry),
            "WorkloadGroup" => self.istio(api_version, kind, Resource::WorkloadGroup),
            "VirtualService" if is_meant_as_istio(group) => {
                self.istio(api_version, kind, Resource::VirtualService)
            }
            // Without a group it may as well be Kubernetes' own.
            "Gateway" if !group.is_empty() && is_meant_as_istio(group) => {
                self.istio(api_version, kind, Resource::Gateway)
            }
            "Service" if group.is_empty() => {
                if api_version != "v1" {
                    self.wrong_version(api_version, kind, &["v1"]);
                }
                let spec = self.tree.child("spec");
                let spec =
                    spec.and_then(|spec| self.read(spec, &join(self.base, "spec"), k8s::is_for_a_mesh));
                Resource::Service(Box::new(spec.unwrap_or_default()))
            }
            "Pod" if group.is_empty() => {
                if api_version != "v1" {
                    self.wrong_version(api_version, kind, &["v1"]);
                }
                let pod = self.read(self.tree, self.base, k8s::is_for_a_mesh);
                Resource::Pod(Box::new(pod.unwrap_or_default()))
            }
            "EndpointSlice" => {
                if !k8s::DISCOVERY_VERSIONS.contains(&api_version) {
                    self.wrong_version(api_version, kind, &k8s::DISCOVERY_VERSIONS);
                }
                // It has no `spec`: its fields stand beside `metadata`.
                let slice = self.read(self.tree, self.base, k8s::is_for_a_mesh);
                Resource::EndpointSlice(Box::new(slice.unwrap_or_default()))
            }
            other => {
                let kinds =
                    KINDS.iter().find(|(known, _)| *known == group).map_or(&[][..], |(_, kinds)| kinds);
                if let Some(nearest) = nearest(other, kinds) {
                    self.find("kind", FindingKind::UnknownKind { name: other.to_owned(), nearest });
                }
                Resource::Other
            }
        }
    }

    fn osm(&mut self, api_version: &str, kind: &str) {
        if Group::of(api_version).is_none() {
            self.wrong_version(api_version, kind, &[Group::Osm, Group::Fsm].map(Group::api_version));
        }
        self.unknown_beside_spec();
    }

    /// The versions of Istio's group all spell the same, so any is taken.
    fn istio<T: DeserializeOwned>(
        &mut self,
        api_version: &str,
        kind: &str,
        resource: fn(Box<T>) -> Resource,
    ) -> Resource {
        if k8s::group(api_version) != istio::GROUP {
            self.wrong_version(api_version, kind, &istio::API_VERSIONS);
        }
        self.unknown_beside_spec();
        if self.is_other_kind(kind) {
            return Resource::Other;
        }
        self.required(resource)
    }

    /// The document with its `spec`, which it must have.
    fn required<T: DeserializeOwned>(&mut self, resource: fn(Box<T>) -> Resource) -> Resource {
        if self.tree.child("spec").is_none() {
            let message = "the document lacks the required field `spec`";
            let place = self.tree.entry("spec").map_or(Place::of(self.tree), Place::of_key);
            self.errors.push(Error::located(location(self.source, place), self.base, message));
        }
        self.part("spec").map_or(Resource::Other, |spec| resource(Box::new(spec)))
    }

    fn wrong_version(&mut self, api_version: &str, kind: &str, accepted: &[&str]) {
        let message = format!("`{kind}` has no apiVersion `{api_version}`");
        let error = self.error("apiVersion", message).accepted(listed(accepted));
        self.errors.push(error);
    }

    /// Whether the `spec` has fields that another kind of Istio's has, and none of its own: then the kind is wrong.
    fn is_other_kind(&mut self, kind: &str) -> bool {
        let Some(spec) = self.tree.child("spec") else { return false };
        let found = TELLING.map(|(other, names)| {
            let names = names.iter().copied().filter(|name| spec.child(name).is_some());
            (other, names.collect::<Vec<_>>())
        });
        if found.iter().any(|(other, names)| *other == kind && !names.is_empty()) {
            return false;
        }
        // Of two kinds that are as likely the first.
        let likely = found.iter().rev().max_by_key(|(_, names)| names.len());
        let Some((other, names)) = likely.filter(|(_, names)| !names.is_empty()) else { return false };
        let message = format!("a `{kind}` has no {}; a `{other}` has", listed(names));
        let error = self.error("kind", message).hint(format!("write `kind: {other}`"));
        self.errors.push(error);
        true
    }

    fn error(&self, name: &str, message: String) -> Error {
        let place = self.tree.child(name).map_or(Place::of(self.tree), Place::of);
        Error::located(location(self.source, place), join(self.base, name), message)
    }

    fn unknown_beside_spec(&mut self) {
        for entry in self.tree.entries().iter().filter(|entry| !k8s::ENVELOPE.contains(&&*entry.key)) {
            let (name, accepted) = (entry.key.clone(), k8s::ENVELOPE.to_vec());
            let nearest = nearest(&name, &accepted);
            self.find(&entry.key, FindingKind::UnknownField { name, accepted, nearest });
        }
    }

    fn find(&mut self, name: &str, kind: FindingKind) {
        let Some(entry) = self.tree.entry(name) else { return };
        let place = if name == "kind" { Place::of(&entry.value) } else { Place::of_key(entry) };
        let path = join(self.base, name);
        self.findings.push(Finding { location: location(self.source, place), path, kind });
    }
}

/// Istio's group, or one that can only be a slip. Others have a `VirtualService` or a `Gateway` of their own.
fn is_meant_as_istio(group: &str) -> bool {
    group.is_empty() || group.ends_with("istio.io") || nearest(group, &[istio::GROUP]).is_some()
}
