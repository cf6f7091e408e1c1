//! One Kubernetes document, and how to ask where something in it stands.

use std::sync::Arc;

use super::{
    finding::Finding,
    istio,
    k8s::{self, Metadata},
    osm,
    path::{join, steps},
    source::{Location, Position, Source, Text},
    tree::{Node, Value},
};

/// One document of a text, read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Document {
    /// The file and the number of the document.
    pub source: Arc<Source>,
    /// The `apiVersion`, such as `policy.openservicemesh.io/v1alpha1`.
    pub api_version: String,
    /// The `kind`.
    pub kind: String,
    /// Name, namespace, labels, annotations, age.
    pub metadata: Metadata,
    /// What it says.
    pub resource: Resource,
    /// What was passed over or read generously.
    pub findings: Vec<Finding>,
    /// The whole document, positioned.
    pub tree: Node,
    /// Where it stands in its text: empty, or `items[0]` in a list.
    pub(super) base: String,
}

/// What a document says, by kind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Resource {
    /// osm-edge's and FSM's policy for one host.
    UpstreamTrafficSetting(Box<osm::UpstreamTrafficSetting>),
    /// osm-edge's and FSM's retries.
    Retry(Box<osm::Retry>),
    /// Istio's policies for one host.
    DestinationRule(Box<istio::DestinationRule>),
    /// Istio's routes for some hosts.
    VirtualService(Box<istio::VirtualService>),
    /// Istio's ports at the edge of the mesh.
    Gateway(Box<istio::Gateway>),
    /// Istio's hosts that the platform does not know.
    ServiceEntry(Box<istio::ServiceEntry>),
    /// Istio's endpoint outside of Kubernetes.
    WorkloadEntry(Box<istio::WorkloadEntry>),
    /// What several of Istio's endpoints have in common.
    WorkloadGroup(Box<istio::WorkloadGroup>),
    /// Kubernetes' service, empty if it has no `spec`.
    Service(Box<k8s::Service>),
    /// Some of the endpoints of a Kubernetes service.
    EndpointSlice(Box<k8s::EndpointSlice>),
    /// One of those who are behind a Kubernetes service.
    Pod(Box<k8s::Pod>),
    /// A kind that is not known: only the tree speaks.
    Other,
}

impl Document {
    /// One without a text, for what was read as a part of none.
    pub(crate) fn bare(name: &str, resource: Resource) -> Self {
        let source =
            Source { file: None, text: Arc::new(Text::new("")), document: 1, documents: 1, lines: 0..0 };
        let metadata = Metadata { name: Some(name.to_owned()), ..Metadata::default() };
        Self {
            source: Arc::new(source),
            api_version: String::new(),
            kind: String::new(),
            metadata,
            resource,
            findings: Vec::new(),
            tree: Node { at: Position::new(1, 1), width: 1, value: Value::Null },
            base: String::new(),
        }
    }

    /// Which of the two projects an `UpstreamTrafficSetting` or a `Retry` was written for.
    pub fn group(&self) -> Option<osm::Group> {
        osm::Group::of(&self.api_version)
    }

    /// Where the value at a dotted path stands: `spec.host`, `spec.httpRoutes[0].path`,
    /// `metadata.annotations["mesh.io/x"]`. A list or mapping stands where its key does. A field that is written as
    /// `max_connections` is found as `maxConnections`.
    pub fn locate(&self, path: &str) -> Option<Location> {
        let steps = steps(path);
        let (place, depth) = self.tree.descend(&steps);
        (depth == steps.len()).then(|| self.location(place))
    }

    /// The same; if there is no such value, where its nearest parent stands.
    pub fn locate_nearest(&self, path: &str) -> Location {
        self.location(self.tree.descend(&steps(path)).0)
    }

    /// A path of this document as a path of its text.
    pub(super) fn full_path(&self, path: &str) -> String {
        join(&self.base, path)
    }

    fn location(&self, place: super::tree::Place) -> Location {
        Location { source: Arc::clone(&self.source), at: place.at, width: place.width }
    }
}
