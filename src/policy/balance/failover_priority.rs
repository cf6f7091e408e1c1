//! How much an endpoint has in common with a client, by labels.

use std::collections::BTreeMap;

use super::{
    Endpoint, Locality,
    label::{NETWORK, REGION, SUBZONE, ZONE},
};

/// The value of a label, empty if there is none. Where somebody is counts as labels too, before those that are written.
pub(super) fn label<'l>(
    name: &str,
    labels: &'l BTreeMap<String, String>,
    locality: &'l Locality,
    network: &'l str,
) -> &'l str {
    let known = match name {
        REGION => locality.region(),
        ZONE => locality.zone(),
        SUBZONE => locality.subzone(),
        NETWORK => network,
        _ => "",
    };
    if known.is_empty() { labels.get(name).map_or("", String::as_str) } else { known }
}

/// Labels in their order, with the values that they should have.
pub(super) struct Wanted<'w> {
    labels: Vec<(&'w str, &'w str)>,
    /// Another network is as far as all other labels together.
    network_first: bool,
}

impl<'w> Wanted<'w> {
    /// Of entries that are a `LABEL`, to be as the client's `own`, or a `LABEL=VALUE`.
    pub(super) fn new(entries: &'w [String], own: impl Fn(&str) -> &'w str) -> Self {
        let wanted = |entry: &'w String| entry.split_once('=').unwrap_or_else(|| (entry, own(entry)));
        Self {
            labels: entries.iter().map(wanted).collect(),
            network_first: entries.first().is_some_and(|first| first == NETWORK),
        }
    }

    /// 0 if all labels are as they should, else more the earlier the first is that is not.
    pub(super) fn tier(&self, endpoint: &Endpoint) -> u32 {
        let all = self.labels.len() as u32;
        let is_wanted = |(name, value): &(&str, &str)| {
            label(name, endpoint.labels(), endpoint.in_locality(), endpoint.in_network()) == *value
        };
        let mut labels = (0_u32..).zip(&self.labels);
        let elsewhere = self.network_first && labels.next().is_some_and(|(_, network)| !is_wanted(network));
        let first = labels.find(|(_, wanted)| !is_wanted(wanted));
        u32::from(elsewhere) * all + first.map_or(0, |(number, _)| all - number)
    }
}
