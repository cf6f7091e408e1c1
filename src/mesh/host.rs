//! Names by which a request can mean a service.
//!
//! In a cluster one service has many names: `fortio` from its own namespace, `fortio.demo` from others, up to
//! `fortio.demo.svc.cluster.local`. A policy names one of them and means them all.

use std::{borrow::Cow, fmt};

use http::{Request, header::HOST};

/// A service of the cluster, or a host outside of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Host {
    Service { name: String, namespace: String },
    Outside(String),
}

impl Host {
    /// Every name that means this host to a client in the namespace `here`, the full one first.
    pub(super) fn names(&self, here: &str, domain: &str) -> Vec<String> {
        let (name, namespace) = match self {
            Self::Outside(name) => return vec![name.to_ascii_lowercase()],
            Self::Service { name, namespace } => (name, namespace),
        };
        let mut names = vec![
            format!("{name}.{namespace}.svc.{domain}"),
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}"),
        ];
        // osm-edge also lists the domain's first label: `fortio.demo.svc.cluster`.
        names.extend(domain.split_once('.').map(|(first, _)| format!("{name}.{namespace}.svc.{first}")));
        if namespace == here {
            names.push(name.clone());
        }
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        names
    }
}

impl fmt::Display for Host {
    /// As osm-edge names a cluster: `demo/fortio`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { name, namespace } => write!(f, "{namespace}/{name}"),
            Self::Outside(name) => f.write_str(name),
        }
    }
}

/// Which host and port a request is for: by its URI, or else by its `host` header.
pub(super) fn target<B>(request: &Request<B>) -> Option<(Cow<'_, str>, u16)> {
    let uri = request.uri();
    let default = if uri.scheme() == Some(&http::uri::Scheme::HTTPS) { 443 } else { 80 };
    if let Some(authority) = uri.authority() {
        return Some((normal(authority.host()), authority.port_u16().unwrap_or(default)));
    }
    let header = request.headers().get(HOST)?.to_str().ok()?;
    // The last colon divides, but not one inside an IPv6 literal.
    match header.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => Some((normal(host), port.parse().ok()?)),
        None => Some((normal(header), default)),
    }
}

/// Lower case, without the dot that ends an absolute name; nearly always as it came.
fn normal(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(of("/0", Some("reviews:many")), None);
        assert_eq!(of("/0", None), None);
    }

    #[test]
    fn a_service_is_known_by_its_bare_name_in_its_own_namespace_only() {
        let host = Host::Service { name: "fortio".into(), namespace: "demo".into() };
        let full =
            ["fortio.demo.svc.cluster.local", "fortio.demo.svc", "fortio.demo", "fortio.demo.svc.cluster"];
        assert_eq!(host.names("elsewhere", "cluster.local"), full);
        assert_eq!(host.names("demo", "cluster.local"), [&full[..], &["fortio"]].concat());
    }
}
