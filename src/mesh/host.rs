//! Names by which a request can mean a service.
//!
//! In a cluster one service has many names: `fortio` from its own namespace, `fortio.demo` from others, up to
//! `fortio.demo.svc.cluster.local`. A policy names one of them and means them all.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_bare_name_in_its_own_namespace_only() {
        let host = Host::Service { name: "fortio".into(), namespace: "demo".into() };
        let full =
            ["fortio.demo.svc.cluster.local", "fortio.demo.svc", "fortio.demo", "fortio.demo.svc.cluster"];
        assert_eq!(host.names("elsewhere", "cluster.local"), full);
        assert_eq!(host.names("demo", "cluster.local"), [&full[..], &["fortio"]].concat());
    }
}
