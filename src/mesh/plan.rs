//! What a mesh does, as plain data: per destination, the stations that a request passes, in order.
//!
//! A plan can be compared, printed and serialised. Two plans that are equal behave equally, so what has not changed in
//! a new plan keeps its state.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::policy::circuit_breaker::{Abandoned, GrpcReply, Recovery, Settings, Trip, Window};

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
    /// The destinations that policies speak of, in the order of their documents; to all others requests pass untouched.
    pub destinations: Vec<Destination>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Destination {
    /// Its name in events: `demo/fortio`; with a port behind it, that of its state: `demo/fortio|8080`.
    pub name: String,
    /// The names by which a request can mean it, the full one first.
    pub hosts: Vec<String>,
    /// Whose order of stations it is.
    pub dialect: Dialect,
    /// What a request passes, outermost first.
    pub stations: Vec<Station>,
}

/// Whose rules a destination follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Dialect {
    /// osm-edge and FSM: breaker, retry, limits, balance.
    OsmEdge,
}

/// One thing that a request passes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Station {
    /// A circuit breaker, one per port.
    #[serde(serialize_with = "breaker")]
    CircuitBreaker(Settings),
}

impl Destination {
    /// The settings of its circuit breaker, if it has one.
    #[must_use]
    pub fn circuit_breaker(&self) -> Option<&Settings> {
        self.stations.iter().map(|Station::CircuitBreaker(settings)| settings).next()
    }
}

fn breaker<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let reply = settings.reply();
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("window", &counted_over(settings.window()))?;
    for trip in settings.trips() {
        match trip {
            Trip::ErrorAmount(amount) => map.serialize_entry("errorAmount", amount)?,
            Trip::ErrorRatio(ratio) => map.serialize_entry("errorRatio", &ratio.as_f64())?,
            Trip::SlowAmount(amount) => map.serialize_entry("slowAmount", amount)?,
            Trip::SlowRatio(ratio) => map.serialize_entry("slowRatio", &ratio.as_f64())?,
            Trip::ConsecutiveErrors(amount) => map.serialize_entry("consecutiveErrors", amount)?,
        }
    }
    map.serialize_entry("slowTime", &Span(settings.slow_time()).to_string())?;
    map.serialize_entry("minimumRequests", &settings.minimum_requests())?;
    map.serialize_entry("openFor", &Span(settings.open_for()).to_string())?;
    map.serialize_entry("recovery", recovery(settings.recovery()))?;
    map.serialize_entry("abandoned", abandoned(settings.abandoned()))?;
    map.serialize_entry("status", &reply.status.as_u16())?;
    map.serialize_entry("content", &reply.content)?;
    map.serialize_entry("grpc", grpc(reply.grpc))?;
    map.end()
}

const fn recovery(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::Straight => "straight",
        Recovery::HalfOpen(_) => "half-open",
    }
}

fn counted_over(window: Window) -> String {
    match window {
        Window::Tumbling(length) => Span(length).to_string(),
        Window::Sliding { length, buckets } => format!("{} in {buckets} buckets", Span(length)),
        Window::LastCalls(calls) => format!("the last {calls} calls"),
    }
}

const fn abandoned(abandoned: Abandoned) -> &'static str {
    match abandoned {
        Abandoned::Neutral => "neutral",
        Abandoned::Failure | Abandoned::FailureAfter(_) => "failure",
        Abandoned::Slow => "slow",
    }
}

const fn grpc(grpc: GrpcReply) -> &'static str {
    match grpc {
        GrpcReply::Unavailable => "unavailable",
        GrpcReply::Plain => "plain",
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.destinations.is_empty() {
            return writeln!(f, "(no policy: every request passes untouched)");
        }
        self.destinations.iter().try_for_each(|destination| destination.fmt(f))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), as {}", self.name, self.dialect, self.hosts.join(", "))?;
        for (number, station) in (1..).zip(&self.stations) {
            writeln!(f, "  {number}. {station}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OsmEdge => "osm-edge",
        })
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::CircuitBreaker(settings) = self;
        f.write_str("circuit breaker, one per port: ")?;
        if !settings.can_open() {
            return f.write_str("never opens");
        }
        f.write_str("opens at ")?;
        for (index, trip) in settings.trips().iter().enumerate() {
            write!(f, "{}{trip}", if index == 0 { "" } else { " or " })?;
            match trip {
                Trip::ErrorRatio(_) => write!(f, " (from {} requests on)", settings.minimum_requests())?,
                Trip::SlowRatio(_) => {
                    let (slow, least) = (Span(settings.slow_time()), settings.minimum_requests());
                    write!(f, " (slow from {slow}, from {least} requests on)")?;
                }
                Trip::SlowAmount(_) => write!(f, " (slow from {})", Span(settings.slow_time()))?,
                Trip::ErrorAmount(_) | Trip::ConsecutiveErrors(_) => {}
            }
        }
        let reply = settings.reply();
        write!(
            f,
            ", counted over {}; open for {}, then {} closed; meanwhile {} {:?}",
            counted_over(settings.window()),
            Span(settings.open_for()),
            recovery(settings.recovery()),
            reply.status.as_u16(),
            reply.content,
        )
    }
}

/// A duration as people write it: `1m`, `90s` as `1m30s`, `200ms`.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.0.as_secs(), self.0.subsec_nanos());
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match Duration::new(seconds % 60, rest) {
            Duration::ZERO if seconds > 0 => Ok(()),
            rest => write!(f, "{rest:?}"),
        }
    }
}
