//! What may be in flight.

use std::time::Duration;

use super::SettingsBuilder;
use crate::policy::Fraction;

/// What may be in flight: valid by construction.
///
/// What is not set is not limited, and by default nothing is: as in Istio, where a `connectionPool` that leaves a field
/// out means no limit, and not one of Envoy's own (1024).
///
/// ```
/// use tower_mesh::policy::limits::{Settings, Upstream};
///
/// let settings = Settings::builder().connections(10).pending(100).protocol(Upstream::Http1).build()?;
/// assert_eq!((settings.most(), settings.queue()), (Some(10), Some(100)));
///
/// let error = Settings::builder().requests(0).build().unwrap_err();
/// assert_eq!(error.to_string(), "requests is 0, but must be at least 1 (leave it out for no limit)");
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) connections: Option<u32>,
    pub(super) pending: Option<u32>,
    pub(super) requests: Option<u32>,
    pub(super) retries: Option<u32>,
    pub(super) retry_budget: Option<Budget>,
    pub(super) protocol: Upstream,
    pub(super) scope: Scope,
    pub(super) reply: Reply,
}

/// What is spoken to the upstream: it decides which limit acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Upstream {
    /// One exchange at a time on each connection: connections are counted, and waited for.
    #[default]
    Http1,
    /// All exchanges on one connection: requests alone are counted.
    Http2,
}

/// What the limits are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// All calls together: in the mesh, all endpoints of a cluster.
    #[default]
    Cluster,
    /// Each host and port that requests name has limits of its own, which is what one means by "each pod ten".
    Endpoint,
}

/// The words of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reply {
    /// Envoy's: 503 `upstream connect error or disconnect/reset before headers. reset reason: overflow`, with
    /// `x-envoy-overloaded: true`.
    #[default]
    Envoy,
    /// osm-edge's: 503 `Service Unavailable`.
    OsmEdge,
}

/// How many retries there may be for what else is in flight, as one asks for it;
/// [`build`](SettingsBuilder::build) says whether it means something.
///
/// ```
/// use tower_mesh::policy::limits::{RetryBudget, Settings};
///
/// let fifth = Settings::builder().retry_budget(RetryBudget::new()).build()?.retry_budget();
/// let allowed = |in_flight| fifth.map(|budget| budget.allows(in_flight));
/// assert_eq!((allowed(5), allowed(19), allowed(100)), (Some(3), Some(3), Some(20)));
/// # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "it does nothing until a builder is given it"]
pub struct RetryBudget {
    pub(super) percent: f64,
    pub(super) minimum: u32,
    pub(super) interval: Option<Duration>,
}

impl RetryBudget {
    /// Envoy's defaults: 20 percent, but always three.
    pub const fn new() -> Self {
        Self { percent: 20.0, minimum: 3, interval: None }
    }

    /// So many for each hundred requests in flight or waiting (20).
    pub const fn percent(mut self, percent: f64) -> Self {
        self.percent = percent;
        self
    }

    /// Always at least so many (3).
    pub const fn minimum(mut self, retries: u32) -> Self {
        self.minimum = retries;
        self
    }

    /// Has requests count that have ended already, if they began within this time.
    ///
    /// To a 64th of that time. It costs each call two looks at the clock and a lock.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`RetryBudget`] that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    /// None of nothing.
    pub(super) share: Option<Fraction>,
    pub(super) minimum: u32,
    pub(super) interval: Option<Duration>,
}

impl Budget {
    /// How many retries there may be at once for so many requests.
    #[must_use]
    pub fn allows(self, requests: u64) -> u64 {
        self.share.map_or(0, |share| share.of(requests)).max(u64::from(self.minimum))
    }

    /// Percent of the requests.
    #[must_use]
    pub fn percent(self) -> f64 {
        self.share.map_or(0.0, |share| share.as_f64() * 100.0)
    }

    /// So many in any case.
    #[must_use]
    pub const fn minimum(self) -> u32 {
        self.minimum
    }

    /// How long requests count from their beginning on, though they have ended.
    #[must_use]
    pub const fn interval(self) -> Option<Duration> {
        self.interval
    }
}

impl Settings {
    /// Starts from no limits.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Nothing is asked for.
    #[must_use]
    pub fn off() -> Self {
        Self {
            connections: None,
            pending: None,
            requests: None,
            retries: None,
            retry_budget: None,
            protocol: Upstream::default(),
            scope: Scope::default(),
            reply: Reply::default(),
        }
    }

    /// How many connections there may be: exchanges at once, over HTTP/1.
    #[must_use]
    pub const fn connections(&self) -> Option<u32> {
        self.connections
    }

    /// How many calls may wait for a connection.
    #[must_use]
    pub const fn pending(&self) -> Option<u32> {
        self.pending
    }

    /// How many requests may be in flight.
    #[must_use]
    pub const fn requests(&self) -> Option<u32> {
        self.requests
    }

    /// How many retries may be under way at once. A [budget](Self::retry_budget) takes its place.
    #[must_use]
    pub const fn retries(&self) -> Option<u32> {
        self.retries
    }

    /// How many retries may be under way for what else is in flight.
    #[must_use]
    pub const fn retry_budget(&self) -> Option<Budget> {
        self.retry_budget
    }

    /// What is spoken to the upstream.
    #[must_use]
    pub const fn protocol(&self) -> Upstream {
        self.protocol
    }

    /// What the limits are for.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The words of a refusal.
    #[must_use]
    pub const fn reply(&self) -> Reply {
        self.reply
    }

    /// How many calls may be in flight by the limit that acts, if one does.
    #[must_use]
    pub const fn most(&self) -> Option<u32> {
        match self.connections_that_act() {
            None => self.requests,
            connections => connections,
        }
    }

    /// How many may wait when that many are in flight; none if they are refused at once.
    #[must_use]
    pub const fn queue(&self) -> Option<u32> {
        match (self.connections_that_act(), self.pending) {
            (None, _) => None,
            (Some(_), None) => Some(u32::MAX),
            (Some(_), pending) => pending,
        }
    }

    /// Whether what is in flight has to be counted.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.most().is_some() || self.retry_budget.is_some()
    }

    /// The limit on connections, unless that on requests is met first, or there is but one connection.
    const fn connections_that_act(&self) -> Option<u32> {
        match (self.protocol, self.connections, self.requests) {
            (Upstream::Http2, ..) => None,
            (_, Some(connections), Some(requests)) if requests < connections => None,
            (_, connections, _) => connections,
        }
    }
}
