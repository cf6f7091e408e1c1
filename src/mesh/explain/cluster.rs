//! The clusters that a request is led to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Answer, Stands};
use crate::{
    layer::protocol::HttpMemo,
    mesh::{
        cluster::Found,
        place::Nowhere,
        plan::{Destination, Dialect, Target, Way},
    },
};

/// A cluster: a host's endpoints at a port, or a part of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cluster {
    /// As the mesh calls it: `outbound|9080|v2|reviews.default.svc.cluster.local`, or `demo/fortio|8080`.
    pub cluster: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The part of its endpoints; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The labels that its endpoints have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What a request passes there: limits, if there are any.
    #[serde(flatten)]
    pub way: Way,
    /// The documents that speak of the host, where that is another one than the request's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Stands>,
    /// Why nobody is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nobody: Option<Nobody>,
    /// What is odd about it, although requests go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odd: Option<String>,
}

/// Why nobody is at a cluster, and what requests are answered instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Nobody {
    /// Why.
    pub why: String,
    /// What they are answered.
    pub answer: Answer,
}

impl Cluster {
    /// The host itself, for requests that no rule leads anywhere.
    pub(super) fn own(own: &Destination, port: u16, cluster: String) -> Self {
        let odd =
            (!own.serves(port)).then(|| format!("{}; requests go there all the same", lacks(own, port)));
        // A service of osm-edge has another name in events than it has for clients.
        let host = match own.dialect {
            Dialect::OsmEdge => own.hosts.first(),
            Dialect::Istio => None,
        };
        let host = host.unwrap_or(&own.name).clone();
        Self { cluster, host, odd, ..Self::empty(own, port) }.with(own.way_to(port))
    }

    /// Where a target leads.
    pub(super) fn of(host: &Destination, target: &Target, port: u16, memo: HttpMemo) -> Self {
        let subset = target.subset.as_deref();
        let empty = Self { subset: target.subset.clone(), ..Self::empty(host, port) };
        let nobody = |why: String, nowhere: Nowhere| {
            let answer = Answer::of(nowhere.refusal(), memo, |_| {});
            Some(Nobody { why, answer })
        };
        match host.cluster(port, subset) {
            Found::There { way, cluster, has_endpoints } => {
                let why = || "no endpoint that is known has these labels".to_owned();
                let nobody = if has_endpoints { None } else { nobody(why(), Nowhere::NoEndpoint) };
                let (name, labels) = (cluster.to_string(), cluster.labels().clone());
                Self { cluster: name, labels, nobody, ..empty }.with(way)
            }
            Found::Nothing => {
                let why = match subset {
                    Some(name) if host.serves(port) => names_none(host, name),
                    _ => lacks(host, port),
                };
                let name = format!("outbound|{port}|{}|{}", subset.unwrap_or_default(), host.name);
                Self { cluster: name, nobody: nobody(why, Nowhere::NoCluster), ..empty }
            }
        }
    }

    fn empty(host: &Destination, port: u16) -> Self {
        Self {
            cluster: String::new(),
            host: host.name.clone(),
            port,
            subset: None,
            labels: BTreeMap::new(),
            way: Way::default(),
            documents: Vec::new(),
            nobody: None,
            odd: None,
        }
    }

    fn with(self, way: &Way) -> Self {
        Self { way: way.of_cluster(), ..self }
    }
}

/// That a host has not this port.
fn lacks(host: &Destination, port: u16) -> String {
    let has: Vec<_> = host.serves.iter().map(ToString::to_string).collect();
    format!("{} has no port {port}: it has {}", host.name, has.join(", "))
}

/// That no policy names a subset.
fn names_none(host: &Destination, subset: &str) -> String {
    let there: Vec<_> = host.subsets.iter().map(|subset| format!("`{}`", subset.name)).collect();
    match there.is_empty() {
        true => format!("no policy names a subset `{subset}` of {}, nor any other", host.name),
        false => {
            format!("no policy names a subset `{subset}` of {}: there are {}", host.name, there.join(", "))
        }
    }
}
