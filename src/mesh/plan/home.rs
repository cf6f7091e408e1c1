//! Where the client is, by which short names are understood.

use serde::Serialize;

/// Where the client is: a short name of a service is completed from there.
///
/// ```
/// use tower_mesh::mesh::plan::Home;
///
/// let home = Home::default();
/// assert_eq!(home.full("reviews").unwrap(), "reviews.default.svc.cluster.local");
/// assert_eq!(home.full("reviews.bookinfo").unwrap(), "reviews.bookinfo.svc.cluster.local");
/// assert_eq!(home.full("api.example.com"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Home {
    /// The client's namespace.
    pub namespace: String,
    /// What full names of services end in.
    pub domain: String,
}

impl Default for Home {
    fn default() -> Self {
        Self { namespace: "default".to_owned(), domain: "cluster.local".to_owned() }
    }
}

impl Home {
    /// The full name that this name of a host may be short for; none, if it is not short.
    #[must_use]
    pub fn full(&self, host: &str) -> Option<String> {
        let Self { namespace, domain } = self;
        match host.matches('.').count() {
            0 => Some(format!("{host}.{namespace}.svc.{domain}")),
            1 => Some(format!("{host}.svc.{domain}")),
            2 if host.ends_with(".svc") => Some(format!("{host}.{domain}")),
            _ => None,
        }
    }
}
