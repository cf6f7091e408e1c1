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
    policy::balance::Algorithm,
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
    /// Its endpoints, where they are known and one of them is picked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Staff>,
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

/// The endpoints of a cluster, as documents and the program told of them. That some are ejected is no plan's to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Staff {
    /// How many there are.
    pub count: usize,
    /// How many of them are ready.
    pub ready: usize,
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
    pub(super) fn own(own: &Destination, port: u16, cluster: String, memo: HttpMemo) -> Self {
        let odd =
            (!own.serves(port)).then(|| format!("{}; requests go there all the same", lacks(own, port)));
        // A service of osm-edge has another name in events than it has for clients.
        let host = match own.dialect {
            Dialect::OsmEdge => own.hosts.first(),
            Dialect::Istio => None,
        };
        let host = host.unwrap_or(&own.name).clone();
        let empty = Self { cluster, host, odd, ..Self::empty(own, port) };
        empty.with(own.way_to(port)).staffed(own, memo)
    }

    /// Where a target leads.
    pub(super) fn of(host: &Destination, target: &Target, port: u16, memo: HttpMemo) -> Self {
        let subset = target.subset.as_deref();
        let empty = Self { subset: target.subset.clone(), ..Self::empty(host, port) };
        match host.cluster(port, subset) {
            Found::There { way, cluster } => {
                let (name, labels) = (cluster.to_string(), cluster.labels().clone());
                Self { cluster: name, labels, ..empty }.with(way).staffed(host, memo)
            }
            Found::Nothing => {
                let why = match subset {
                    Some(name) if host.serves(port) => names_none(host, name),
                    _ => lacks(host, port),
                };
                let name = format!("outbound|{port}|{}|{}", subset.unwrap_or_default(), host.name);
                Self { cluster: name, nobody: Some(Nobody::of(why, Nowhere::NoCluster, memo)), ..empty }
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
            endpoints: None,
            way: Way::default(),
            documents: Vec::new(),
            nobody: None,
            odd: None,
        }
    }

    fn with(self, way: &Way) -> Self {
        Self { way: way.of_cluster(), ..self }
    }

    /// With those of a host's endpoints that are its own; where there is none, or none that may be asked, nobody answers.
    fn staffed(self, host: &Destination, memo: HttpMemo) -> Self {
        let balance = self.way.balance();
        let known = host.backends(self.port).filter(|_| balance.algorithm() != Algorithm::Passthrough);
        let Some(known) = known else { return self };
        let own: Vec<_> = known.endpoints.iter().filter(|endpoint| endpoint.has_all(&self.labels)).collect();
        let ready = own.iter().filter(|endpoint| endpoint.is_ready()).count();
        let why = match own.len() {
            0 if known.endpoints.is_empty() => Some("no endpoint is known to be there"),
            0 => Some("no endpoint that is known has these labels"),
            _ if ready == 0 && balance.panic_percent() == 0 => Some("none of its endpoints is ready"),
            _ => None,
        };
        let nobody = why.map(|why| Nobody::of(why.to_owned(), Nowhere::NoEndpoint, memo));
        Self { endpoints: Some(Staff { count: own.len(), ready }), nobody, ..self }
    }
}

impl Nobody {
    fn of(why: String, nowhere: Nowhere, memo: HttpMemo) -> Self {
        Self { why, answer: Answer::of(nowhere.refusal(), memo, |_| {}) }
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
