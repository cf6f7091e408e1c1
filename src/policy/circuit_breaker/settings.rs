//! What a circuit breaker is told to do.

use std::time::Duration;

use http::StatusCode;

use super::{OpenTime, Probes, SettingsBuilder};
use crate::policy::Fraction;

/// The content of osm-edge's degraded reply.
pub(crate) const DEFAULT_CONTENT: &str = "Coming soon ...";

/// What a circuit breaker is told to do: valid by construction.
///
/// The defaults are osm-edge's: windows of 30 s, slow from 5 s, ratios judged from 100 requests on, a straight close,
/// and a degraded reply of 409 `Coming soon ...`. No threshold is set, so a breaker with default settings never opens.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::circuit_breaker::Settings;
///
/// let settings = Settings::builder()
///     .window(Duration::from_secs(60))
///     .error_amount(100)
///     .error_ratio(0.10)
///     .minimum_requests(200)
///     .open_for(Duration::from_secs(60))
///     .reply(520, "later")
///     .build()?;
/// assert!(settings.can_open());
///
/// let error = Settings::builder().error_ratio(1.5).build().unwrap_err();
/// assert_eq!(error.to_string(), "error_ratio is 1.5, but must be above 0 and at most 1 (0.10 is ten percent)");
/// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(super) window: Window,
    pub(super) trips: Vec<Trip>,
    pub(super) minimum_requests: u32,
    pub(super) slow_time: Duration,
    pub(super) open_time: OpenTime,
    pub(super) recovery: Recovery,
    pub(super) abandoned: Abandoned,
    pub(super) shadow: bool,
    pub(super) most_keys: u32,
    pub(super) reply: Reply,
}

/// Which responses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Window {
    /// Those of a span of exactly this length, each beginning with the first thing counted after the last: with a
    /// ratio to judge that is a request, with amounts alone a bad response.
    Tumbling(Duration),
    /// Those of the last while, which moves on by one bucket after another.
    Sliding {
        /// How long a while.
        length: Duration,
        /// In so many steps.
        buckets: u32,
    },
    /// The last so many, however long ago.
    LastCalls(u32),
}

impl Window {
    /// Whether it is a span of time.
    pub(super) const fn is_of_time(self) -> bool {
        !matches!(self, Self::LastCalls(_))
    }
}

/// What opens a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trip {
    /// So many failures in a window.
    ErrorAmount(u32),
    /// So large a share of a window's requests failed.
    ErrorRatio(Fraction),
    /// So many slow responses in a window.
    SlowAmount(u32),
    /// So large a share of a window's requests was slow.
    SlowRatio(Fraction),
    /// So many failures one after another, whatever the window.
    ConsecutiveErrors(u32),
}

/// How an open circuit closes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Straight: when the time is over everything passes again, with all counters at zero.
    #[default]
    Straight,
    /// By way of a few probes: only when these went well does everything pass again.
    HalfOpen(Probes),
}

/// What it means that a caller went away before the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Abandoned {
    /// Nothing: clients that cancel quickly must not open the circuit of a healthy upstream.
    #[default]
    Neutral,
    /// A failure, and slow if it took so long: for callers that go away because the upstream hangs.
    Failure,
    /// A failure, and slow if it took so long, if the call was at least so old; else nothing.
    FailureAfter(Duration),
    /// Slow if it took so long, else nothing.
    Slow,
}

/// The answer given while the circuit is open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its content, sent without a content type.
    pub content: String,
    /// How gRPC callers get it.
    pub grpc: GrpcReply,
}

/// How a gRPC caller gets the degraded reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrpcReply {
    /// As a trailers-only `UNAVAILABLE` with the content as message.
    #[default]
    Unavailable,
    /// As the same plain HTTP response that everybody gets: osm-edge's own way.
    Plain,
}

impl Settings {
    /// Starts from the defaults.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// Which responses are counted together.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// What opens the circuit; any one of them does.
    #[must_use]
    pub fn trips(&self) -> &[Trip] {
        &self.trips
    }

    /// How many requests a window must have seen before its ratios mean anything. Amounts do not wait for it.
    #[must_use]
    pub const fn minimum_requests(&self) -> u32 {
        self.minimum_requests
    }

    /// From how long on a response is slow.
    #[must_use]
    pub const fn slow_time(&self) -> Duration {
        self.slow_time
    }

    /// How long the circuit stays open the first time.
    #[must_use]
    pub const fn open_for(&self) -> Duration {
        self.open_time.first()
    }

    /// How long the circuit stays open, also when it opens again and again.
    #[must_use]
    pub const fn open_time(&self) -> OpenTime {
        self.open_time
    }

    /// How it closes again.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// What it means that a caller went away before the answer.
    #[must_use]
    pub const fn abandoned(&self) -> Abandoned {
        self.abandoned
    }

    /// Whether it begins in shadow mode: it decides and tells, and never refuses.
    #[must_use]
    pub const fn shadow(&self) -> bool {
        self.shadow
    }

    /// How many circuits a breaker with one for each key keeps at most.
    #[must_use]
    pub const fn most_keys(&self) -> u32 {
        self.most_keys
    }

    /// The answer given while the circuit is open.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Whether anything can open the circuit at all.
    #[must_use]
    pub const fn can_open(&self) -> bool {
        !self.trips.is_empty()
    }
}
