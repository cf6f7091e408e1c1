//! What a circuit breaker is told to do.

use std::time::Duration;

use http::StatusCode;

use super::invalid::{Field, SettingsError};
use crate::policy::Fraction;

/// The content of osm-edge's degraded reply.
pub(crate) const DEFAULT_CONTENT: &str = "Coming soon ...";

/// What a circuit breaker is told to do: valid by construction.
///
/// The defaults are osm-edge's: windows of 30 s, slow from 5 s, ratios judged from 100 requests on, and a degraded
/// reply of 409 `Coming soon ...`. No threshold is set, so a breaker with default settings never opens.
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
    window: Window,
    trips: Vec<Trip>,
    minimum_requests: u32,
    slow_time: Duration,
    open_for: Duration,
    recovery: Recovery,
    abandoned: Abandoned,
    reply: Reply,
}

/// Over which span responses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Window {
    /// Spans of exactly this length, each beginning with the first thing counted after the last: with a ratio to
    /// judge that is a request, with amounts alone a bad response.
    Tumbling(Duration),
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
}

/// How an open circuit closes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Straight: when the time is over everything passes again, with all counters at zero.
    #[default]
    Straight,
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

    /// Over which span responses are counted together.
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

    /// How long the circuit stays open.
    #[must_use]
    pub const fn open_for(&self) -> Duration {
        self.open_for
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

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    window: Duration,
    error_amount: Option<u32>,
    error_ratio: Option<f64>,
    slow_amount: Option<u32>,
    slow_ratio: Option<f64>,
    slow_time: Duration,
    minimum_requests: u32,
    open_for: Duration,
    recovery: Recovery,
    abandoned: Abandoned,
    status: u16,
    content: String,
    grpc: GrpcReply,
}

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            error_amount: None,
            error_ratio: None,
            slow_amount: None,
            slow_ratio: None,
            slow_time: Duration::from_secs(5),
            minimum_requests: 100,
            open_for: Duration::from_secs(30),
            recovery: Recovery::Straight,
            abandoned: Abandoned::Neutral,
            status: 409,
            content: DEFAULT_CONTENT.to_owned(),
            grpc: GrpcReply::Unavailable,
        }
    }
}

impl SettingsBuilder {
    /// Counts over tumbling windows of this length (30 s).
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Opens at so many failures in a window.
    pub const fn error_amount(mut self, amount: u32) -> Self {
        self.error_amount = Some(amount);
        self
    }

    /// Opens when so large a share of a window's requests failed: `0.10` is ten percent.
    pub const fn error_ratio(mut self, ratio: f64) -> Self {
        self.error_ratio = Some(ratio);
        self
    }

    /// Opens at so many slow responses in a window.
    pub const fn slow_amount(mut self, amount: u32) -> Self {
        self.slow_amount = Some(amount);
        self
    }

    /// Opens when so large a share of a window's requests was slow.
    pub const fn slow_ratio(mut self, ratio: f64) -> Self {
        self.slow_ratio = Some(ratio);
        self
    }

    /// From how long on a response is slow (5 s), measured to the response's head.
    pub const fn slow_time(mut self, time: Duration) -> Self {
        self.slow_time = time;
        self
    }

    /// How many requests a window must have seen before its ratios are judged (100).
    pub const fn minimum_requests(mut self, amount: u32) -> Self {
        self.minimum_requests = amount;
        self
    }

    /// How long the circuit stays open (30 s).
    pub const fn open_for(mut self, time: Duration) -> Self {
        self.open_for = time;
        self
    }

    /// How it closes again.
    pub const fn recovery(mut self, recovery: Recovery) -> Self {
        self.recovery = recovery;
        self
    }

    /// What it means that a caller went away before the answer.
    pub const fn abandoned(mut self, abandoned: Abandoned) -> Self {
        self.abandoned = abandoned;
        self
    }

    /// The answer given while the circuit is open (409, `Coming soon ...`).
    pub fn reply(self, status: u16, content: impl Into<String>) -> Self {
        self.reply_status(status).reply_content(content)
    }

    /// The status of that answer alone.
    pub const fn reply_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The content of that answer alone.
    pub fn reply_content(mut self, content: impl Into<String>) -> Self {
        self.content = content.into();
        self
    }

    /// How gRPC callers get the degraded reply.
    pub const fn grpc_reply(mut self, grpc: GrpcReply) -> Self {
        self.grpc = grpc;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let window = positive(Field::Window, self.window)?;
        let trips = [
            amount(Field::ErrorAmount, self.error_amount)?.map(Trip::ErrorAmount),
            ratio(Field::ErrorRatio, self.error_ratio)?.map(Trip::ErrorRatio),
            amount(Field::SlowAmount, self.slow_amount)?.map(Trip::SlowAmount),
            ratio(Field::SlowRatio, self.slow_ratio)?.map(Trip::SlowRatio),
        ];
        Ok(Settings {
            window: Window::Tumbling(window),
            trips: trips.into_iter().flatten().collect(),
            slow_time: positive(Field::SlowTime, self.slow_time)?,
            minimum_requests: amount(Field::MinimumRequests, Some(self.minimum_requests))?.unwrap_or(1),
            open_for: positive(Field::OpenFor, self.open_for)?,
            recovery: self.recovery,
            abandoned: self.abandoned,
            reply: Reply { status: status(self.status)?, content: self.content, grpc: self.grpc },
        })
    }
}

fn positive(field: Field, time: Duration) -> Result<Duration, SettingsError> {
    if time.is_zero() { Err(SettingsError { field, found: "zero".to_owned() }) } else { Ok(time) }
}

fn amount(field: Field, amount: Option<u32>) -> Result<Option<u32>, SettingsError> {
    if amount == Some(0) { Err(SettingsError { field, found: "0".to_owned() }) } else { Ok(amount) }
}

fn ratio(field: Field, ratio: Option<f64>) -> Result<Option<Fraction>, SettingsError> {
    ratio
        .map(|ratio| Fraction::try_from(ratio).map_err(|_| SettingsError { field, found: ratio.to_string() }))
        .transpose()
}

fn status(status: u16) -> Result<StatusCode, SettingsError> {
    StatusCode::from_u16(status)
        .ok()
        // An informational status announces an answer; it is none.
        .filter(|status| !status.is_informational())
        .ok_or(SettingsError { field: Field::Status, found: status.to_string() })
}
