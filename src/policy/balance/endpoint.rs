//! One of those who can answer.

use std::{collections::BTreeMap, net::SocketAddr, str::FromStr, sync::Arc};

use super::{Address, AddressError, Locality};

/// One of those who can answer: where it is, and what is known of it. A clone is cheap.
///
/// ```
/// use tower_mesh::policy::balance::Endpoint;
///
/// let endpoint = "10.0.0.1:9080".parse::<Endpoint>()?
///     .label("version", "v1")
///     .locality("us-central1/z1/sz01".parse()?)
///     .weight(2);
/// assert!(endpoint.has_all([("version", "v1")]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<Known>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    address: Address,
    labels: BTreeMap<String, String>,
    locality: Locality,
    weight: u32,
    network: String,
    ready: bool,
    standby: bool,
}

impl Endpoint {
    /// An endpoint without labels, of a locality and a network that nobody knows, of weight 1.
    #[must_use]
    pub fn new(address: impl Into<Address>) -> Self {
        Self(Arc::new(Known {
            address: address.into(),
            labels: BTreeMap::new(),
            locality: Locality::default(),
            weight: 1,
            network: String::new(),
            ready: true,
            standby: false,
        }))
    }

    /// The same with this label too.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.known().labels.insert(name.into(), value.into());
        self
    }

    /// The same with these labels too.
    #[must_use]
    pub fn with_labels<N: Into<String>, V: Into<String>>(
        self,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        labels.into_iter().fold(self, |endpoint, (name, value)| endpoint.label(name, value))
    }

    /// The same in this locality.
    #[must_use]
    pub fn locality(mut self, locality: Locality) -> Self {
        self.known().locality = locality;
        self
    }

    /// The same with this weight; 0 is 1, as in the mesh.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.known().weight = weight.max(1);
        self
    }

    /// The same in this network.
    #[must_use]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.known().network = network.into();
        self
    }

    /// The same, whether it is ready: one that is not gets no requests, and counts among those that there are.
    #[must_use]
    pub fn ready(mut self, ready: bool) -> Self {
        self.known().ready = ready;
        self
    }

    /// The same, whether it stands by: it is asked only where another one has failed, or nobody else is there. osm-edge says
    /// so by a weight of 0.
    #[must_use]
    pub fn standby(mut self, standby: bool) -> Self {
        self.known().standby = standby;
        self
    }

    /// The same at another address.
    #[must_use]
    pub fn at(mut self, address: Address) -> Self {
        if self.0.address != address {
            self.known().address = address;
        }
        self
    }

    /// To be changed: its own, if others have the same.
    fn known(&mut self) -> &mut Known {
        Arc::make_mut(&mut self.0)
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// Its labels.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.0.labels
    }

    /// In which locality it is.
    #[must_use]
    pub fn in_locality(&self) -> &Locality {
        &self.0.locality
    }

    /// Its weight: 1 or more.
    #[must_use]
    pub fn weighs(&self) -> u32 {
        self.0.weight
    }

    /// In which network it is; empty, if nobody knows.
    #[must_use]
    pub fn in_network(&self) -> &str {
        &self.0.network
    }

    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.ready
    }

    /// Whether it stands by.
    #[must_use]
    pub fn stands_by(&self) -> bool {
        self.0.standby
    }

    /// Whether it has all of these labels.
    #[must_use]
    pub fn has_all<N: AsRef<str>, V: AsRef<str>>(&self, labels: impl IntoIterator<Item = (N, V)>) -> bool {
        let has =
            |(name, value): (N, V)| self.0.labels.get(name.as_ref()).is_some_and(|own| own == value.as_ref());
        labels.into_iter().all(has)
    }
}

impl From<Address> for Endpoint {
    fn from(address: Address) -> Self {
        Self::new(address)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::new(address)
    }
}

impl FromStr for Endpoint {
    type Err = AddressError;

    /// From its address alone.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.parse::<Address>().map(Self::new)
    }
}
