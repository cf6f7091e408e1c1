//! What is spoken at the ports of a host.

use std::collections::BTreeMap;

use crate::{
    config::{istio::ServiceEntryPort, k8s::ServicePort},
    policy::limits::Upstream,
};

/// What is spoken at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// HTTP, or nobody says what.
    Http(Upstream),
    /// Another protocol, in which rules for HTTP find nothing.
    Other,
}

/// What is spoken to a host, before a policy upgrades it.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    ports: BTreeMap<u16, Spoken>,
    /// To a port of which nothing is known.
    otherwise: Upstream,
}

impl Ports {
    /// These; whoever speaks HTTP/2 to all does to them too.
    pub(super) fn new(mut ports: BTreeMap<u16, Spoken>, http2: bool) -> Self {
        if http2 {
            ports.values_mut().for_each(|spoken| {
                if matches!(spoken, Spoken::Http(_)) {
                    *spoken = Spoken::Http(Upstream::Http2);
                }
            });
        }
        Self { ports, otherwise: if http2 { Upstream::Http2 } else { Upstream::Http1 } }
    }

    /// What is spoken to this port, or to one of which nothing is known; other protocols share no connections.
    pub(super) fn to(&self, port: Option<u16>) -> Upstream {
        match port.and_then(|port| self.ports.get(&port)) {
            Some(Spoken::Http(upstream)) => *upstream,
            Some(Spoken::Other) => Upstream::Http1,
            None => self.otherwise,
        }
    }

    /// The same, but with another protocol than HTTP at these ports.
    pub(super) fn silent_at(mut self, ports: impl Iterator<Item = u16>) -> Self {
        self.ports.extend(ports.map(|port| (port, Spoken::Other)));
        self
    }

    /// Whether HTTP is spoken to a port, as far as is known.
    pub(super) fn is_http(&self, port: u16) -> bool {
        self.ports.get(&port) != Some(&Spoken::Other)
    }

    /// To the ports that are not among these, each protocol once.
    pub(super) fn beside<T>(&self, ports: &BTreeMap<u16, T>) -> Vec<Upstream> {
        let others = self.ports.keys().filter(|port| !ports.contains_key(port));
        let mut spoken: Vec<_> = others.map(|port| self.to(Some(*port))).collect();
        if self.ports.is_empty() {
            spoken.push(self.otherwise);
        }
        spoken.sort_unstable_by_key(|protocol| *protocol as u8);
        spoken.dedup();
        spoken
    }

    /// The ports that are known.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> {
        self.ports.keys().copied()
    }
}

/// `appProtocol` counts before the name, which begins with the protocol: `grpc`, `http2-admin`. Of what is said of
/// neither it is found out what it is.
pub(super) fn of_service(port: &ServicePort) -> Spoken {
    let carrier = port.protocol.as_deref().unwrap_or_default();
    if ["UDP", "SCTP"].iter().any(|other| carrier.eq_ignore_ascii_case(other)) {
        return Spoken::Other;
    }
    let said = port.app_protocol.as_deref().or(port.name.as_deref()).unwrap_or_default().to_ascii_lowercase();
    let said = said.strip_prefix("kubernetes.io/").unwrap_or(&said);
    named(said.split('-').next().unwrap_or_default())
}

/// What the entry says; it is found out where it says nothing.
pub(super) fn of_entry(port: &ServiceEntryPort) -> Spoken {
    let said = port.protocol.as_deref().unwrap_or_default().to_ascii_lowercase();
    named(said.split('-').next().unwrap_or_default())
}

fn named(protocol: &str) -> Spoken {
    match protocol {
        "grpc" | "http2" | "h2c" => Spoken::Http(Upstream::Http2),
        "tcp" | "udp" | "tls" | "https" | "mongo" | "redis" | "mysql" => Spoken::Other,
        _ => Spoken::Http(Upstream::Http1),
    }
}
