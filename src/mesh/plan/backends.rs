//! Who a destination's endpoints are, in a plan.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::span::many;
use crate::policy::balance::Endpoint;

/// The endpoints behind a port of a destination, or behind all of its ports that have none of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Backends {
    /// The port of the service; none: any. An endpoint without a port of its own is asked at the port that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Who they are; none: there is nobody.
    #[serde(serialize_with = "serialize")]
    pub endpoints: Vec<Endpoint>,
    /// Whether of a name's addresses the first alone is an endpoint, where names are looked up.
    #[serde(skip_serializing_if = "super::is_not")]
    pub first_address: bool,
}

impl Backends {
    /// These, behind this port or behind any.
    pub(in crate::mesh) const fn new(port: Option<u16>, endpoints: Vec<Endpoint>) -> Self {
        Self { port, endpoints, first_address: false }
    }

    /// The same, of a name's addresses the first alone.
    pub(in crate::mesh) const fn first_address(mut self, first: bool) -> Self {
        self.first_address = first;
        self
    }
}

/// The fields of an endpoint.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'e> {
    address: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'e BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    locality: String,
    weight: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    network: &'e str,
    ready: bool,
}

fn serialize<S: Serializer>(endpoints: &[Endpoint], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(endpoints.len()))?;
    for endpoint in endpoints {
        list.serialize_element(&Fields {
            address: endpoint.address().to_string(),
            labels: endpoint.labels(),
            locality: endpoint.in_locality().to_string(),
            weight: endpoint.weighs(),
            network: endpoint.in_network(),
            ready: endpoint.is_ready(),
        })?;
    }
    list.end()
}

impl fmt::Display for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, endpoints, .. } = self;
        let where_from = port.map_or_else(String::new, |port| format!(" behind port {port}"));
        match u32::try_from(endpoints.len()).unwrap_or(u32::MAX) {
            0 => writeln!(f, "  no endpoint{where_from}"),
            count => writeln!(f, "  {}{where_from}", many(count, "endpoint")),
        }
    }
}
