//! Who the client is, for documents that are not for everybody.

use std::collections::BTreeMap;

use crate::{config::istio::HttpMatch, mesh::lower::Identity};

/// The gateway that stands for every client of the mesh.
pub(super) const MESH: &str = "mesh";

/// Who the client is.
pub(super) struct Client<'i> {
    identity: &'i Identity,
    /// What it acts for, in full: `mesh`, or gateways with their namespaces.
    gateways: Vec<String>,
}

impl<'i> Client<'i> {
    pub(super) fn new(identity: &'i Identity) -> Self {
        let mut gateways: Vec<_> =
            identity.gateways.iter().map(|gateway| full_gateway(gateway, &identity.namespace)).collect();
        if gateways.is_empty() {
            gateways.push(MESH.to_owned());
        }
        Self { identity, gateways }
    }

    /// Whether it is in the mesh.
    pub(super) fn is_in_mesh(&self) -> bool {
        self.gateways.iter().any(|gateway| gateway == MESH)
    }

    /// What it acts for, in words.
    pub(super) fn acts_for(&self) -> String {
        self.gateways.iter().map(|gateway| format!("`{gateway}`")).collect::<Vec<_>>().join(", ")
    }

    /// Those of its gateways that a document in this namespace is bound to.
    pub(super) fn bound<'c>(&'c self, gateways: &[String], namespace: &str) -> Vec<&'c str> {
        let all = [MESH.to_owned()];
        let named = if gateways.is_empty() { &all[..] } else { gateways };
        let named: Vec<_> = named.iter().map(|gateway| full_gateway(gateway, namespace)).collect();
        self.gateways.iter().filter(|own| named.contains(own)).map(String::as_str).collect()
    }

    /// Whether a document of this namespace is exported to it.
    pub(super) fn sees(&self, export_to: &[String], namespace: &str) -> bool {
        let here = &self.identity.namespace;
        export_to.is_empty()
            || export_to.iter().any(|to| match to.as_str() {
                "*" => true,
                "." => namespace == here,
                to => to == here,
            })
    }

    /// Whether an entry of a document in this namespace is for this client; if not, why. Where an entry names gateways
    /// it asks for nothing else, as in Istio.
    pub(super) fn meets(&self, entry: &HttpMatch, namespace: &str) -> Result<(), String> {
        if !entry.gateways.is_empty() {
            return match self.bound(&entry.gateways, namespace).is_empty() {
                false => Ok(()),
                true => Err(format!("`gateways` names none that this client acts for: {}", self.acts_for())),
            };
        }
        if let Some(wanted) = entry.source_namespace.as_deref().filter(|wanted| !wanted.is_empty())
            && wanted != self.identity.namespace
        {
            return Err(format!(
                "`sourceNamespace` is `{wanted}`, but the client's is `{}`",
                self.identity.namespace
            ));
        }
        match self.lacks(&entry.source_labels) {
            None => Ok(()),
            Some((name, value)) => {
                let own = self.identity.labels.get(name);
                let own = own.map_or_else(|| "has none".to_owned(), |own| format!("has `{own}`"));
                Err(format!("`sourceLabels` asks for `{name}: {value}`, but the client {own}"))
            }
        }
    }

    /// The first of these labels that it has not.
    pub(super) fn lacks<'l>(&self, labels: &'l BTreeMap<String, String>) -> Option<(&'l str, &'l str)> {
        let lacks = |(name, value): &(&String, &String)| self.identity.labels.get(*name) != Some(*value);
        labels.iter().find(lacks).map(|(name, value)| (&**name, &**value))
    }
}

/// A gateway's name with its namespace: `gw` and `./gw` are of the document's own, and `gw.other.svc.cluster.local`
/// is an old way to say `other/gw`.
pub(super) fn full_gateway(name: &str, namespace: &str) -> String {
    match name.split_once('/') {
        _ if name == MESH => name.to_owned(),
        Some((".", gateway)) => format!("{namespace}/{gateway}"),
        Some(_) => name.to_owned(),
        None => match name.split_once('.') {
            Some((gateway, rest)) => {
                format!("{}/{gateway}", rest.split('.').next().unwrap_or(namespace))
            }
            None => format!("{namespace}/{name}"),
        },
    }
}
