//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use http::StatusCode;

use super::{
    Abandoned, Field, GrpcReply, HalfOpen, Recovery, Reply, Settings, SettingsError, Trip, Window,
    open_time::{Growth, OpenTime},
    settings::DEFAULT_CONTENT,
};
use crate::policy::Fraction;

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    window: Duration,
    buckets: Option<u32>,
    last_calls: Option<u32>,
    error_amount: Option<u32>,
    error_ratio: Option<f64>,
    slow_amount: Option<u32>,
    slow_ratio: Option<f64>,
    consecutive_errors: Option<u32>,
    slow_time: Duration,
    minimum_requests: Option<u32>,
    open_for: Duration,
    growth: Option<(f64, Duration)>,
    jitter: Option<f64>,
    half_open: Option<HalfOpen>,
    abandoned: Abandoned,
    shadow: bool,
    most_keys: u32,
    status: u16,
    content: String,
    grpc: GrpcReply,
}

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            buckets: None,
            last_calls: None,
            error_amount: None,
            error_ratio: None,
            slow_amount: None,
            slow_ratio: None,
            consecutive_errors: None,
            slow_time: Duration::from_secs(5),
            minimum_requests: None,
            open_for: Duration::from_secs(30),
            growth: None,
            jitter: None,
            half_open: None,
            abandoned: Abandoned::Neutral,
            shadow: false,
            most_keys: 10_000,
            status: 409,
            content: DEFAULT_CONTENT.to_owned(),
            grpc: GrpcReply::Unavailable,
        }
    }
}

impl SettingsBuilder {
    /// Counts over windows of this length (30 s).
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Lets the window slide, by so many buckets; else it tumbles.
    ///
    /// More buckets follow more closely what happens, and take more memory: sixteen bytes each. Ten are plenty.
    pub const fn sliding(mut self, buckets: u32) -> Self {
        self.buckets = Some(buckets);
        self
    }

    /// Counts over the last so many calls that were answered, instead of a window of time.
    ///
    /// It takes a byte for each. A quiet breaker then remembers failures for as long as no calls follow them.
    pub const fn last_calls(mut self, calls: u32) -> Self {
        self.last_calls = Some(calls);
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

    /// Opens at so many failures one after another, whatever the window. One success, also a slow one, ends the row.
    pub const fn consecutive_errors(mut self, amount: u32) -> Self {
        self.consecutive_errors = Some(amount);
        self
    }

    /// From how long on a response is slow (5 s), measured to the response's head.
    pub const fn slow_time(mut self, time: Duration) -> Self {
        self.slow_time = time;
        self
    }

    /// How many requests a window must have seen before its ratios are judged (100, or as many as the
    /// [`last_calls`](Self::last_calls), if those are fewer).
    pub const fn minimum_requests(mut self, amount: u32) -> Self {
        self.minimum_requests = Some(amount);
        self
    }

    /// How long the circuit stays open (30 s).
    pub const fn open_for(mut self, time: Duration) -> Self {
        self.open_for = time;
        self
    }

    /// Keeps the circuit open longer by this factor (in thousandths) each time it opens again, up to this time; else it
    /// is always as long.
    ///
    /// What counts as again: with a half-open state, until its probes have closed the circuit; with a straight close,
    /// until it has been closed for as long as it had been set to be open, without jitter, counted from the end of the
    /// open time.
    pub const fn open_growth(mut self, factor: f64, most: Duration) -> Self {
        self.growth = Some((factor, most));
        self
    }

    /// Shortens each open time by chance, by up to this share, so that breakers which opened together do not all try
    /// again together.
    pub const fn open_jitter(mut self, share: f64) -> Self {
        self.jitter = Some(share);
        self
    }

    /// Lets a few probes decide when the open time is over; else everything passes then.
    pub const fn half_open(mut self, half_open: HalfOpen) -> Self {
        self.half_open = Some(half_open);
        self
    }

    /// What it means that a caller went away before the answer.
    pub const fn abandoned(mut self, abandoned: Abandoned) -> Self {
        self.abandoned = abandoned;
        self
    }

    /// Begins in shadow mode: it decides and tells, and never refuses.
    pub const fn shadow(mut self, shadow: bool) -> Self {
        self.shadow = shadow;
        self
    }

    /// How many circuits a breaker with one for each key keeps at most (10,000).
    pub const fn most_keys(mut self, most: u32) -> Self {
        self.most_keys = most;
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
        let window = self.counted_over()?;
        let trips = [
            amount(Field::ErrorAmount, self.error_amount)?.map(Trip::ErrorAmount),
            ratio(Field::ErrorRatio, self.error_ratio)?.map(Trip::ErrorRatio),
            amount(Field::SlowAmount, self.slow_amount)?.map(Trip::SlowAmount),
            ratio(Field::SlowRatio, self.slow_ratio)?.map(Trip::SlowRatio),
            amount(Field::ConsecutiveErrors, self.consecutive_errors)?.map(Trip::ConsecutiveErrors),
        ];
        Ok(Settings {
            window,
            trips: trips.into_iter().flatten().collect(),
            slow_time: positive(Field::SlowTime, self.slow_time)?,
            minimum_requests: self.minimum(window)?,
            open_time: self.open_time()?,
            recovery: match self.half_open {
                None => Recovery::Straight,
                Some(half_open) => Recovery::HalfOpen(half_open.build()?),
            },
            abandoned: self.abandoned,
            shadow: self.shadow,
            most_keys: within(Field::MostKeys, self.most_keys, 1..=100_000_000)?,
            reply: Reply { status: status(self.status)?, content: self.content, grpc: self.grpc },
        })
    }

    fn counted_over(&self) -> Result<Window, SettingsError> {
        let length = positive(Field::Window, self.window)?;
        match (self.buckets, self.last_calls) {
            (None, None) => Ok(Window::Tumbling(length)),
            (None, Some(calls)) => Ok(Window::LastCalls(within(Field::LastCalls, calls, 1..=1_000_000)?)),
            (Some(buckets), None) => {
                let buckets = within(Field::Sliding, buckets, 1..=1000)?;
                if (length / buckets).is_zero() {
                    return Err(SettingsError::new(Field::Sliding, format!("{buckets} in {length:?}")));
                }
                Ok(Window::Sliding { length, buckets })
            }
            (Some(_), Some(calls)) => {
                Err(SettingsError::new(Field::Sliding, format!("set, as is last_calls ({calls})")))
            }
        }
    }

    /// "At least so many of the last few calls" can only be meant if the few are as many.
    fn minimum(&self, window: Window) -> Result<u32, SettingsError> {
        let most = if let Window::LastCalls(calls) = window { calls } else { u32::MAX };
        match self.minimum_requests {
            None => Ok(DEFAULT_MINIMUM.min(most)),
            Some(minimum) => within(Field::MinimumRequests, minimum, 1..=most),
        }
    }

    fn open_time(&self) -> Result<OpenTime, SettingsError> {
        let first = positive(Field::OpenFor, self.open_for)?;
        let growth = match self.growth {
            None => None,
            Some((factor, _)) if !(1.0..=1000.0).contains(&factor) => {
                return Err(SettingsError::new(Field::OpenGrowth, factor.to_string()));
            }
            Some((_, most)) if most < first => {
                return Err(SettingsError::new(Field::OpenMost, format!("{most:?}")));
            }
            Some((factor, most)) => {
                Some(Growth { factor: (factor * f64::from(Growth::ONE)).round() as u32, most })
            }
        };
        Ok(OpenTime { first, growth, jitter: ratio(Field::OpenJitter, self.jitter)? })
    }
}

const DEFAULT_MINIMUM: u32 = 100;

pub(super) fn positive(field: Field, time: Duration) -> Result<Duration, SettingsError> {
    if time.is_zero() { Err(SettingsError::new(field, "zero")) } else { Ok(time) }
}

fn amount(field: Field, amount: Option<u32>) -> Result<Option<u32>, SettingsError> {
    if amount == Some(0) { Err(SettingsError::new(field, "0")) } else { Ok(amount) }
}

pub(super) fn within(
    field: Field,
    count: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, SettingsError> {
    if range.contains(&count) { Ok(count) } else { Err(SettingsError::new(field, count.to_string())) }
}

fn ratio(field: Field, ratio: Option<f64>) -> Result<Option<Fraction>, SettingsError> {
    ratio.map(|ratio| share(field, ratio)).transpose()
}

pub(super) fn share(field: Field, ratio: f64) -> Result<Fraction, SettingsError> {
    Fraction::try_from(ratio).map_err(|_| SettingsError::new(field, ratio.to_string()))
}

fn status(status: u16) -> Result<StatusCode, SettingsError> {
    StatusCode::from_u16(status)
        .ok()
        // An informational status announces an answer; it is none.
        .filter(|status| !status.is_informational())
        .ok_or_else(|| SettingsError::new(Field::Status, status.to_string()))
}
