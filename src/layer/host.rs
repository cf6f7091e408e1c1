//! Which host a request is for.

use std::{borrow::Cow, fmt, hash::Hash};

use http::Request;

pub(crate) use crate::policy::route::normal;
use crate::policy::{key::Seen, route::Head};

/// A host and a port, as requests name them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: Box<str>,
    port: u16,
}

impl HostPort {
    /// This host, in lower case and without a final dot, and this port.
    ///
    /// ```
    /// use tower_mesh::layer::host::HostPort;
    ///
    /// assert_eq!(HostPort::new("Reviews.", 9080), HostPort::new("reviews", 9080));
    /// assert_eq!(format!("{:?}", HostPort::new("reviews", 9080)), "reviews:9080");
    /// ```
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: normal(host).into(), port }
    }

    /// As a request shows it. A name that is normal is not made so again: of two final dots that would take the other.
    pub(crate) fn shown(host: Cow<'_, str>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    pub(crate) fn is(&self, host: &str, port: u16) -> bool {
        *self.host == *host && self.port == port
    }
}

impl fmt::Debug for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Seen<HostPort> for (Cow<'_, str>, u16) {
    fn hashed(&self) -> &(impl Hash + ?Sized) {
        self
    }

    fn is(&self, key: &HostPort) -> bool {
        key.is(&self.0, self.1)
    }

    fn own(self) -> HostPort {
        HostPort::shown(self.0, self.1)
    }
}

/// Which host and port a request is for: by its URI, or else by its `host` header.
#[inline]
pub(crate) fn target<B>(request: &Request<B>) -> Option<(Cow<'_, str>, u16)> {
    Head::of(request).target()
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;

    fn of(uri: &str, host: Option<&str>) -> Option<(String, u16)> {
        let mut request = Request::get(uri);
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let request = request.body(()).expect("a request");
        target(&request).map(|(host, port)| (host.into_owned(), port))
    }

    #[test]
    fn the_uri_says_where_a_request_goes_or_else_the_host_header() {
        let to = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(of("http://reviews:9080/0", Some("other")), to("reviews", 9080));
        assert_eq!(of("http://Reviews.Bookinfo./0", None), to("reviews.bookinfo", 80));
        assert_eq!(of("https://reviews/", None), to("reviews", 443));
        assert_eq!(of("/0", Some("reviews:9080")), to("reviews", 9080));
        assert_eq!(of("/0", Some("reviews")), to("reviews", 80));
        assert_eq!(of("/0", Some("[::1]:8080")), to("[::1]", 8080));
        assert_eq!(of("/0", Some("[::1]")), to("[::1]", 80));
        assert_eq!(of("/0", Some("reviews:")), to("reviews", 80));
        assert_eq!(of("/0", Some("reviews:many")), None);
        assert_eq!(of("/0", Some(&"r".repeat(255))), to(&"r".repeat(255), 80));
        assert_eq!(of("/0", Some(&"r".repeat(256))), None);
        assert_eq!(of("/0", None), None);
    }

    #[test]
    fn what_a_request_shows_is_the_key_that_is_made_of_it() {
        for name in ["reviews", "Reviews.", "reviews..", "...", "[::1]"] {
            let request = Request::get("/").header(HOST, name).body(()).expect("a request");
            let (host, port) = target(&request).expect("a host");
            assert!(HostPort::shown(host.clone(), port).is(&host, port), "{name}");
            assert_eq!(HostPort::shown(host, port), HostPort::new(name, 80));
        }
    }
}
