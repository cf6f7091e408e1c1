//! To which part of a service a request goes.
//!
//! A service's name and port say where to connect, but not to which of its endpoints: a route can ask for a part of them,
//! by labels. A transport that knows its endpoints' labels finds here which ones are meant; one that does not connects
//! to the service.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// The cluster that a request was led to, in its extensions where a rule led it to a subset.
///
/// ```
/// use tower_mesh::layer::cluster::Cluster;
///
/// let v2 = Cluster::new("reviews.default.svc.cluster.local", 9080).subset("v2", [("version", "v2")]);
/// assert_eq!(v2.to_string(), "outbound|9080|v2|reviews.default.svc.cluster.local");
/// assert!(v2.selects(&[("version", "v2"), ("app", "reviews")]));
/// assert!(!v2.selects(&[("version", "v3")]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster(Arc<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    host: String,
    port: u16,
    subset: String,
    labels: BTreeMap<String, String>,
}

impl Cluster {
    /// All of a service.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        let (subset, labels) = (String::new(), BTreeMap::new());
        Self(Arc::new(Parts { host: host.into(), port, subset, labels }))
    }

    /// The part of it with these labels.
    #[must_use]
    pub fn subset<N: Into<String>, V: Into<String>>(
        self,
        name: impl Into<String>,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let Parts { host, port, .. } = Arc::unwrap_or_clone(self.0);
        let labels = labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self(Arc::new(Parts { host, port, subset: name.into(), labels }))
    }

    /// The service's full name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// The name of the subset; empty, if it is all of the service.
    #[must_use]
    pub fn subset_name(&self) -> &str {
        &self.0.subset
    }

    /// The labels that its endpoints have.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.0.labels
    }

    /// Whether an endpoint with these labels is one of its own.
    #[must_use]
    pub fn selects(&self, labels: &[(impl AsRef<str>, impl AsRef<str>)]) -> bool {
        let has = |name: &str, value: &str| {
            labels.iter().any(|(other, own)| other.as_ref() == name && own.as_ref() == value)
        };
        self.0.labels.iter().all(|(name, value)| has(name, value))
    }
}

impl fmt::Display for Cluster {
    /// As Istio names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { host, port, subset, .. } = &*self.0;
        write!(f, "outbound|{port}|{subset}|{host}")
    }
}
