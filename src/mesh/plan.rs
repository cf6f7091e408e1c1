//! What a mesh does, as plain data: per destination, the stations that a request passes, in order.
//!
//! A plan can be compared, printed and serialised. Two plans that are equal behave equally, so what has not changed in
//! a new plan keeps its state.

mod backends;
mod balance;
mod circuit_breaker;
mod connections;
mod fault;
mod home;
mod limits;
mod retry;
mod rule;
mod span;
mod timeout;

use std::fmt;

use serde::Serialize;

pub(super) use self::rule::{changed, put, removed};
pub use self::{
    backends::Backends,
    connections::Connections,
    home::Home,
    rule::{LeftOut, Mirror, Origin, Rule, Subset, Target, Told},
};
use super::era::Era;
use crate::policy::{self, circuit_breaker::Settings};

/// What a mesh does.
///
/// ```
/// let mesh = tower_mesh::Mesh::from_yaml("
/// apiVersion: policy.openservicemesh.io/v1alpha1
/// kind: UpstreamTrafficSetting
/// metadata: {name: fortio, namespace: demo}
/// spec:
///   host: fortio.demo.svc.cluster.local
///   connectionSettings: {http: {circuitBreaking: {statTimeWindow: 1m, errorAmountThreshold: 100}}}
/// ")?;
/// assert_eq!(mesh.plan().to_string(), "\
/// demo/fortio (osm-edge), as fortio.demo.svc.cluster.local, fortio.demo.svc, fortio.demo, fortio.demo.svc.cluster
///   1. circuit breaker, one per port: opens at 100 errors, counted over 1m; open for 30s, then straight closed; \
/// meanwhile 409 \"Coming soon ...\"
/// ");
/// # Ok::<(), tower_mesh::config::Errors>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// As which mesh the documents were read.
    pub era: Era,
    /// Where the client is.
    pub home: Home,
    /// The destinations that policies speak of, in the order of their documents; to all others requests pass untouched.
    pub destinations: Vec<Destination>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Destination {
    /// Its name in events: `demo/fortio`; with a port, that of its state: `demo/fortio|8080`.
    pub name: String,
    /// The names by which a request can mean it, the full one first; `*` if it is every host that no other destination
    /// has.
    pub hosts: Vec<String>,
    /// Whose order of stations it is.
    pub dialect: Dialect,
    /// A request's way there, if no rule says otherwise.
    #[serde(flatten)]
    pub way: Way,
    /// The ports to which the way is another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// The ports that it serves, as its own document says; none, if there is no such document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<u16>,
    /// Its endpoints, as far as they are known: by port, or for all ports. None: nobody says who they are, and requests are
    /// left to the transport.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Backends>,
    /// The named parts of its endpoints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<Subset>,
    /// Which requests go elsewhere, or another way: the first that takes one counts, and where there is one for a port,
    /// one that none takes is not routed. None: all go to the host itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Rules that are for other clients.
    #[serde(skip)]
    pub left_out: Told<Vec<LeftOut>>,
    /// Where its rule stands, if it has but one that says nothing of where requests go.
    #[serde(skip)]
    pub origin: Told<Option<Origin>>,
    /// The documents that speak of it, besides those of its rules.
    #[serde(skip)]
    pub documents: Told<Vec<Origin>>,
}

/// A port with a way of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// A request's way there.
    #[serde(flatten)]
    pub way: Way,
    /// Whether HTTP is spoken there; if not, no rule is asked.
    #[serde(skip_serializing_if = "is_true")]
    pub http: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_true(it: &bool) -> bool {
    *it
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_not(it: &bool) -> bool {
    !*it
}

/// A request's way to a destination. Each port has its own state.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Way {
    /// What a request passes, outermost first.
    pub stations: Vec<Station>,
    /// What the policies say of connections: the business of the transport.
    #[serde(skip_serializing_if = "Connections::is_unset")]
    pub connections: Connections,
}

/// Whose rules a destination follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Dialect {
    /// osm-edge and FSM: breaker, retry, limits, balance.
    OsmEdge,
    /// Istio: fault, timeout, retry, limits, balance.
    Istio,
}

/// One thing that a request passes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Station {
    /// A circuit breaker, one per port.
    #[serde(serialize_with = "circuit_breaker::serialize")]
    CircuitBreaker(Settings),
    /// Delays and aborts that are made up.
    #[serde(serialize_with = "fault::serialize")]
    Fault(policy::fault::Settings),
    /// How long the whole exchange may take.
    #[serde(serialize_with = "timeout::serialize")]
    Timeout(policy::timeout::Settings),
    /// When a request is tried again, and how long one try may take.
    #[serde(serialize_with = "retry::serialize")]
    Retry(policy::retry::Settings),
    /// How much may be in flight, per port.
    #[serde(serialize_with = "limits::serialize")]
    Limits(policy::limits::Settings),
    /// Which endpoint it goes to, and which ones are left out, per port.
    #[serde(serialize_with = "balance::serialize")]
    Balance(policy::balance::Settings),
}

impl Station {
    /// Whether its settings ask for anything.
    pub(super) fn does_something(&self) -> bool {
        match self {
            Self::CircuitBreaker(settings) => settings.can_open(),
            Self::Fault(settings) => !settings.is_off(),
            Self::Timeout(settings) => !settings.is_off(),
            Self::Retry(settings) => !settings.is_off(),
            Self::Limits(settings) => limits::something(settings),
            Self::Balance(settings) => balance::something(settings),
        }
    }
}

impl Destination {
    /// A request's way to this port, if no rule says otherwise.
    #[must_use]
    pub fn way_to(&self, port: u16) -> &Way {
        self.ports.iter().find(|other| other.number == port).map_or(&self.way, |port| &port.way)
    }

    /// One of which no policy speaks.
    pub(super) fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            hosts: Vec::new(),
            dialect: Dialect::Istio,
            way: Way::default(),
            ports: Vec::new(),
            serves: Vec::new(),
            endpoints: Vec::new(),
            subsets: Vec::new(),
            rules: Vec::new(),
            left_out: Told::default(),
            origin: Told::default(),
            documents: Told::default(),
        }
    }

    /// Whether something is said of this port.
    pub(super) fn speaks_of(&self, port: u16) -> bool {
        let asks = |rule: &Rule| rule.conditions.iter().any(|one| one.port_wanted() == Some(port));
        self.ports.iter().any(|other| other.number == port)
            || self.serves.contains(&port)
            || self.rules.iter().any(asks)
    }

    /// The rules that can take a request to this port.
    pub fn rules_to(&self, port: u16) -> impl Iterator<Item = &Rule> {
        let is_http = self.speaks_http(port);
        self.rules.iter().filter(move |rule| is_http && rule.is_for(port))
    }

    /// Whether HTTP is spoken at this port, as far as is known; where it is not, no rule is asked.
    #[must_use]
    pub fn speaks_http(&self, port: u16) -> bool {
        self.ports.iter().find(|other| other.number == port).is_none_or(|port| port.http)
    }

    /// Its endpoints behind this port, as far as they are known.
    #[must_use]
    pub fn backends(&self, port: u16) -> Option<&Backends> {
        self.behind(Some(port))
    }

    /// The same; none: behind those of which nothing of their own is said.
    pub(super) fn behind(&self, port: Option<u16>) -> Option<&Backends> {
        let of = |wanted: Option<u16>| self.endpoints.iter().find(|backends| backends.port == wanted);
        of(port).or_else(|| of(None))
    }

    /// The part of its endpoints of this name.
    #[must_use]
    pub fn subset(&self, name: &str) -> Option<&Subset> {
        self.subsets.iter().find(|subset| subset.name == name)
    }
}

impl Way {
    /// What of it is a cluster's own, whoever leads there: what it limits, whom it picks, and its connections.
    pub(super) fn of_cluster(&self) -> Self {
        let own = |station: &&Station| matches!(station, Station::Limits(_) | Station::Balance(_));
        Self {
            stations: self.stations.iter().filter(own).cloned().collect(),
            connections: self.connections.clone(),
        }
    }

    /// What is found at the first station at which something is.
    pub(super) fn find<'w, T>(&'w self, what: impl FnMut(&'w Station) -> Option<T>) -> Option<T> {
        self.stations.iter().find_map(what)
    }

    /// The settings of its circuit breaker, if it has one.
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&Settings> {
        self.find(|station| match station {
            Station::CircuitBreaker(settings) => Some(settings),
            _ => None,
        })
    }

    /// What it limits; nothing, if that is not said.
    pub(super) fn limits(&self) -> policy::limits::Settings {
        let limits = self.find(|station| match station {
            Station::Limits(settings) => Some(settings.clone()),
            _ => None,
        });
        limits.unwrap_or_else(policy::limits::Settings::off)
    }

    /// How endpoints are picked; as a mesh does by default, if that is not said.
    pub(super) fn balance(&self) -> policy::balance::Settings {
        let balance = self.find(|station| match station {
            Station::Balance(settings) => Some(settings.clone()),
            _ => None,
        });
        balance.unwrap_or_default()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.destinations.is_empty() {
            return writeln!(f, "(no policy: every request passes untouched)");
        }
        // osm-edge has no history here.
        if self.destinations.iter().any(|destination| destination.dialect == Dialect::Istio) {
            writeln!(f, "era: {}", self.era)?;
        }
        self.destinations.iter().try_for_each(|destination| destination.fmt(f))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), as {}", self.name, self.dialect, self.hosts.join(", "))?;
        for (number, rule) in (1..).zip(&self.rules) {
            write!(f, "  rule {number}, {}: {rule}", rule.origin.name)?;
        }
        if !self.rules.is_empty() {
            if !self.rules.iter().any(|rule| rule.conditions.is_empty()) {
                writeln!(f, "  what no rule takes is answered 404")?;
            }
            if self.way != Way::default() {
                writeln!(f, "  the host itself:")?;
            }
        }
        self.way.fmt(f)?;
        self.endpoints.iter().try_for_each(|endpoints| endpoints.fmt(f))?;
        self.ports.iter().try_for_each(|port| port.fmt(f))?;
        self.subsets.iter().try_for_each(|subset| subset.fmt(f))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, way, http } = self;
        let what = if *http { "" } else { ", where no HTTP is spoken" };
        write!(f, "  to port {number}{what}:\n{way}")
    }
}

fn numbered(stations: &[Station], indent: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    (1..).zip(stations).try_for_each(|(number, station): (u32, _)| writeln!(f, "{indent}{number}. {station}"))
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        numbered(&self.stations, "  ", f)?;
        if self.connections.is_unset() { Ok(()) } else { writeln!(f, "  {}", self.connections) }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OsmEdge => "osm-edge",
            Self::Istio => "istio",
        })
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CircuitBreaker(settings) => circuit_breaker::describe(settings, f),
            Self::Fault(settings) => fault::describe(settings, f),
            Self::Timeout(settings) => timeout::describe(settings, f),
            Self::Retry(settings) => retry::describe(settings, f),
            Self::Limits(settings) => limits::describe(settings, f),
            Self::Balance(settings) => balance::describe(settings, f),
        }
    }
}
