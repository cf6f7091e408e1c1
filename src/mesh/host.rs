//! Names by which a request can mean a service.
//!
//! In a cluster one service has many names: `fortio` from its own namespace, `fortio.demo` from others, up to
//! `fortio.demo.svc.cluster.local`. A policy names one of them and means them all.

use std::net::Ipv6Addr;

use super::plan::Dialect;
use crate::policy::route::HostPattern;

/// A service of the cluster, or a host outside of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Host {
    Service { name: String, namespace: String },
    Outside(String),
}

impl Host {
    /// The host that a document of Istio means: a bare name is a service of the document's own namespace, a full one says
    /// itself what it is, and one with dots that does not end as services' names do is a host outside, `reviews.prod` too.
    /// A bare name with a `*` in front is a family of services.
    pub(super) fn of_istio(host: &str, namespace: &str, domain: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let service = match host.strip_suffix(&format!(".svc.{domain}")) {
            Some(service) => service
                .split_once('.')
                .filter(|(name, namespace)| !namespace.contains('.') && !name.contains('*')),
            None if host == "*" || host.contains(['.', ':']) => None,
            None if host.contains('*') => return Self::Outside(format!("{host}.{namespace}.svc.{domain}")),
            None => Some((&*host, namespace)),
        };
        match service {
            Some((name, namespace)) => Self::Service { name: name.into(), namespace: namespace.into() },
            None => Self::Outside(host),
        }
    }

    /// The host that a document means which says names in full: one without dots stays as it is.
    pub(super) fn of_entry(host: &str, domain: &str) -> Self {
        match host.contains('.') {
            true => Self::of_istio(host, "", domain),
            false => Self::Outside(host.to_ascii_lowercase()),
        }
    }

    /// As a pattern of full names; none, if it is no name.
    pub(super) fn pattern(&self, domain: &str) -> Option<HostPattern> {
        self.name(domain, Dialect::Istio).parse().ok()
    }

    /// Every name that means this host to a client in the namespace `here`, the full one first.
    pub(super) fn names(&self, here: &str, domain: &str, dialect: Dialect) -> Vec<String> {
        let (name, namespace) = match self {
            // As requests write it.
            Self::Outside(name) if name.parse::<Ipv6Addr>().is_ok() => return vec![format!("[{name}]")],
            Self::Outside(name) => return vec![name.to_ascii_lowercase()],
            Self::Service { name, namespace } => (name, namespace),
        };
        let mut names = vec![
            format!("{name}.{namespace}.svc.{domain}"),
            format!("{name}.{namespace}.svc"),
            format!("{name}.{namespace}"),
        ];
        if dialect == Dialect::OsmEdge {
            // It also lists the domain's first label: `fortio.demo.svc.cluster`.
            names.extend(domain.split_once('.').map(|(first, _)| format!("{name}.{namespace}.svc.{first}")));
        }
        if namespace == here {
            names.push(name.clone());
        }
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        names
    }
}

impl Host {
    /// As a dialect calls it: `demo/fortio`, or `fortio.demo.svc.cluster.local`.
    pub(super) fn name(&self, domain: &str, dialect: Dialect) -> String {
        match (self, dialect) {
            (Self::Outside(name), _) => name.clone(),
            (Self::Service { name, namespace }, Dialect::OsmEdge) => format!("{namespace}/{name}"),
            (Self::Service { name, namespace }, Dialect::Istio) => format!("{name}.{namespace}.svc.{domain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, namespace: &str) -> Host {
        Host::Service { name: name.into(), namespace: namespace.into() }
    }

    #[test]
    fn a_service_is_known_by_its_bare_name_in_its_own_namespace_only() {
        let host = service("fortio", "demo");
        let full = ["fortio.demo.svc.cluster.local", "fortio.demo.svc", "fortio.demo"];
        assert_eq!(host.names("elsewhere", "cluster.local", Dialect::Istio), full);
        assert_eq!(host.names("demo", "cluster.local", Dialect::Istio), [&full[..], &["fortio"]].concat());
        let osm = [&full[..], &["fortio.demo.svc.cluster", "fortio"]].concat();
        assert_eq!(host.names("demo", "cluster.local", Dialect::OsmEdge), osm);
    }

    #[test]
    fn istio_completes_a_bare_name_and_no_other() {
        let of = |host| Host::of_istio(host, "demo", "cluster.local");
        assert_eq!(of("fortio"), service("fortio", "demo"));
        assert_eq!(of("Fortio"), service("fortio", "demo"));
        assert_eq!(of("fortio.other.svc.cluster.local"), service("fortio", "other"));
        assert_eq!(of("*-v1"), Host::Outside("*-v1.demo.svc.cluster.local".to_owned()));
        for outside in [
            "reviews.prod",
            "mysql.vm.demo",
            "*.com",
            "*",
            "::1",
            "a.b.c.svc.cluster.local",
            "*.demo.svc.cluster.local",
        ] {
            assert_eq!(of(outside), Host::Outside(outside.to_owned()));
        }
    }
}
