//! A host of which no policy speaks, and those that were perhaps meant.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    config::nearest,
    mesh::plan::{Destination, Plan},
};

/// A request whose host no policy speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Untouched {
    /// The client's namespace, in which short names are looked for.
    pub namespace: String,
    /// The host that the request names; none, if it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Names that were perhaps meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub did_you_mean: Vec<String>,
    /// The hosts that policies speak of.
    pub known: Vec<String>,
}

/// More is no help.
const SUGGESTIONS: usize = 3;

impl Untouched {
    pub(super) fn in_plan(plan: &Plan, host: Option<&str>) -> Self {
        let known = plan.destinations.iter().filter_map(|destination| destination.hosts.first());
        Self {
            namespace: plan.home.namespace.clone(),
            host: host.map(str::to_owned),
            did_you_mean: host.map(|host| near(&plan.destinations, host)).unwrap_or_default(),
            known: known.cloned().collect(),
        }
    }
}

/// The name that is nearest, and those of services that are called so in other namespaces.
fn near(destinations: &[Destination], host: &str) -> Vec<String> {
    let is_near = |name: &&str| name.len().abs_diff(host.len()) <= SLIP && !name.starts_with('*');
    let names = destinations.iter().flat_map(|destination| &destination.hosts).map(String::as_str);
    let slip = nearest(host, &names.filter(is_near).collect::<Vec<_>>());
    // Of addresses the first number says nothing.
    let label = host.split('.').next().filter(|label| !is_number(label));
    let is_called_so = |name: &String| {
        label.is_some_and(|label| name.strip_prefix(label).is_some_and(|rest| rest.starts_with('.')))
    };
    let same_label =
        destinations.iter().filter(|destination| destination.hosts.first().is_some_and(is_called_so));
    // The shortest of the names that its client can use.
    let shortest =
        same_label.filter_map(|destination| destination.hosts.iter().min_by_key(|name| name.len()));
    let mut told = BTreeSet::new();
    let all = slip.into_iter().chain(shortest.map(String::as_str));
    all.filter(|name| told.insert(*name)).take(SUGGESTIONS).map(str::to_owned).collect()
}

/// So many letters may be wrong.
const SLIP: usize = 4;

fn is_number(label: &str) -> bool {
    label.is_empty() || label.bytes().all(|byte| byte.is_ascii_digit())
}
