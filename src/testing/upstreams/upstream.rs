//! One upstream: where it is, what it is, and how it answers.

use std::fmt;

use super::text::{self, UpstreamError};
use crate::{
    layer::host::normal,
    policy::balance::{Address, Endpoint, Locality},
    testing::Echo,
};

/// An upstream at a host, with labels, to be one of [`Upstreams`](super::Upstreams).
///
/// As a text it is `HOST[:PORT] [LABEL=VALUE …] [echo=PARAMETERS]`, with the [parameters of an
/// `Echo`](crate::testing::echo#parameters), or a timeline of them without spaces: `echo=8s:refuse;16s:`.
///
/// ```
/// use tower_mesh::testing::upstreams::Upstream;
///
/// let v2: Upstream = "reviews:9080 version=v2 echo=status=503:20&delay=10ms".parse()?;
/// assert_eq!((v2.host(), v2.port()), ("reviews", Some(9080)));
/// assert_eq!(v2.to_string(), "reviews:9080 version=v2");
///
/// let error = "reviews:http version=v2".parse::<Upstream>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`http` is no port: write a number from 1 to 65535, or only the host for every port"
/// );
/// # Ok::<(), tower_mesh::testing::upstreams::UpstreamError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Upstream {
    host: String,
    port: Option<u16>,
    name: Option<String>,
    labels: Vec<(String, String)>,
    address: Option<Address>,
    locality: Locality,
    weight: u32,
    network: String,
    echo: Echo,
}

impl Upstream {
    /// One at `HOST` or `HOST:PORT`; without a port it is at every one.
    ///
    /// # Panics
    ///
    /// On a text that is no such place; one that is parsed as a whole does not.
    #[must_use]
    #[track_caller]
    pub fn new<N: Into<String>, V: Into<String>>(
        place: &str,
        labels: impl IntoIterator<Item = (N, V)>,
        echo: Echo,
    ) -> Self {
        let labels = labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        match text::place(place) {
            Ok((host, port)) => Self::of(host, port, labels, echo),
            Err(error) => panic!("not where an upstream can be: {error}"),
        }
    }

    pub(super) fn of(host: &str, port: Option<u16>, labels: Vec<(String, String)>, echo: Echo) -> Self {
        Self {
            host: normal(host).into_owned(),
            port,
            name: None,
            labels,
            address: None,
            locality: Locality::default(),
            weight: 1,
            network: String::new(),
            echo,
        }
    }

    /// Names it in reports, in place of where it is and its labels.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Where it can be reached besides by its host's name: `10.0.0.7:9080`, or without a port at that of its place.
    /// Without this it has an [address](super::Upstreams::endpoints) that nobody else has.
    ///
    /// # Panics
    ///
    /// On a text that is no address of a host; one that [`try_address`](Self::try_address) takes does not.
    #[must_use]
    #[track_caller]
    pub fn address(self, address: &str) -> Self {
        match self.try_address(address) {
            Ok(upstream) => upstream,
            Err(error) => panic!("not where an upstream can be: {error}"),
        }
    }

    /// The same as [`address`](Self::address), from a text that may be none.
    ///
    /// # Errors
    ///
    /// What would be an address.
    pub fn try_address(self, address: &str) -> Result<Self, UpstreamError> {
        Ok(Self { address: Some(text::address(address)?), ..self })
    }

    /// Puts it into a region, a zone in it, and a subzone in that: `REGION/ZONE/SUBZONE`, or the first one or two.
    ///
    /// # Panics
    ///
    /// On a text that is none; one that [`try_locality`](Self::try_locality) takes does not.
    #[must_use]
    #[track_caller]
    pub fn locality(self, locality: &str) -> Self {
        match self.try_locality(locality) {
            Ok(upstream) => upstream,
            Err(error) => panic!("not where an upstream can be: {error}"),
        }
    }

    /// The same as [`locality`](Self::locality), from a text that may be none.
    ///
    /// # Errors
    ///
    /// What would be a locality.
    pub fn try_locality(self, locality: &str) -> Result<Self, UpstreamError> {
        Ok(Self { locality: text::locality(locality)?, ..self })
    }

    /// Gives it this weight among those of its host: by default 1, and 0 is 1.
    #[must_use]
    pub fn weight(self, weight: u32) -> Self {
        Self { weight: weight.max(1), ..self }
    }

    /// Puts it into this network.
    #[must_use]
    pub fn network(self, network: impl Into<String>) -> Self {
        Self { network: network.into(), ..self }
    }

    /// The host, as it was named: in lower case, and without a final dot.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; none: every one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The labels.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// How it answers.
    #[must_use]
    pub const fn echo(&self) -> &Echo {
        &self.echo
    }

    /// The address that it was given, at the port of its place if it has none of its own.
    pub(super) fn own_address(&self) -> Option<Address> {
        let address = self.address.clone().or_else(|| text::literal(&self.host))?;
        Some(self.port.map_or(address.clone(), |port| address.or_port(port)))
    }

    /// As a mesh knows it, at this address.
    pub(super) fn endpoint(&self, address: Address) -> Endpoint {
        Endpoint::new(address)
            .with_labels(self.labels.iter().cloned())
            .locality(self.locality.clone())
            .weight(self.weight)
            .network(&*self.network)
    }
}

impl fmt::Display for Upstream {
    /// Its name: where it is, and its labels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            return f.write_str(name);
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.labels.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
