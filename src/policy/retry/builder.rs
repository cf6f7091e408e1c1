//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use super::{Field, HeaderMatch, Methods, RetryOn, Settings, SettingsError, Statuses};
use crate::policy::backoff::Backoff;

/// Envoy keeps as much of a request's body.
const BODY_LIMIT: usize = 1 << 20;

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder(Settings);

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self(Settings {
            attempts: 0,
            on: RetryOn::NONE,
            statuses: Statuses::NONE,
            backoff: Backoff::default(),
            per_try_timeout: None,
            methods: Methods::All,
            avoid_previous_hosts: false,
            honour_retry_after: None,
            body_limit: BODY_LIMIT,
            trust_request_headers: false,
            count_attempts: false,
            count_attempts_in_response: false,
            retriable_headers: Vec::new(),
            retriable_request_headers: Vec::new(),
            hedging: false,
            judge_local_answers: false,
        })
    }
}

impl SettingsBuilder {
    /// Tries a request again so often (0): there are at most one more tries than that.
    pub const fn attempts(mut self, retries: u32) -> Self {
        self.0.attempts = retries;
        self
    }

    /// Tries again after these answers (none).
    pub const fn on(mut self, on: RetryOn) -> Self {
        self.0.on = on;
        self
    }

    /// Waits so long before (as Envoy: up to 25 ms, 50 ms, … 250 ms).
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.0.backoff = backoff;
        self
    }

    /// Gives a try up that has not been answered after this time.
    ///
    /// It is then tried again if `5xx`, `gateway-error` or `reset` are among the words, and else answered by 504; unless
    /// it is [hedged](Self::hedging).
    pub const fn per_try_timeout(mut self, time: Duration) -> Self {
        self.0.per_try_timeout = Some(time);
        self
    }

    /// Tries such requests again (all).
    pub const fn methods(mut self, methods: Methods) -> Self {
        self.0.methods = methods;
        self
    }

    /// Has a balancer choose hosts that have not been tried (no).
    pub const fn avoid_previous_hosts(mut self, avoid: bool) -> Self {
        self.0.avoid_previous_hosts = avoid;
        self
    }

    /// Waits as long as an upstream asks for, if that is no longer than this (no).
    ///
    /// It asks by `retry-after`, in seconds: the wait is drawn from then on to half as long again. Of one that asks for
    /// more nothing is believed. gRPC services ask by `grpc-retry-pushback-ms`, which is waited exactly; where it is
    /// negative, no number, or longer than this, the request is not tried again.
    pub const fn honour_retry_after(mut self, most: Duration) -> Self {
        self.0.honour_retry_after = Some(most);
        self
    }

    /// Judges what our own layers further in have answered by its status, as if an upstream had (no: an overflow, an open
    /// circuit, that there is nobody to ask are not tried again). For those who lead a retry elsewhere.
    pub const fn judge_local_answers(mut self, judge: bool) -> Self {
        self.0.judge_local_answers = judge;
        self
    }

    /// Keeps so much of a request's body, to send it again (1 MiB).
    ///
    /// A longer one is sent on, and the request can no longer be tried again.
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.0.body_limit = bytes;
        self
    }

    /// Lets callers say how their requests are tried, by the headers of Envoy (no). They are taken off the request.
    ///
    /// | header | |
    /// |---|---|
    /// | `x-envoy-retry-on`, `x-envoy-retry-grpc-on` | more words; those that are none mean nothing |
    /// | `x-envoy-max-retries` | instead of [`attempts`](Self::attempts), if there are any words |
    /// | `x-envoy-retriable-status-codes`, `x-envoy-retriable-header-names` | more of these |
    /// | `x-envoy-upstream-rq-per-try-timeout-ms` | instead of [`per_try_timeout`](Self::per_try_timeout); 0 is none |
    /// | `x-envoy-hedge-on-per-try-timeout` | `true` or `false`, instead of [`hedging`](Self::hedging) |
    pub const fn trust_request_headers(mut self, trust: bool) -> Self {
        self.0.trust_request_headers = trust;
        self
    }

    /// Numbers each try for the upstream, by `x-envoy-attempt-count` (no).
    pub const fn count_attempts(mut self, count: bool) -> Self {
        self.0.count_attempts = count;
        self
    }

    /// Tells the caller how many tries there were, by the same header (no).
    pub const fn count_attempts_in_response(mut self, count: bool) -> Self {
        self.0.count_attempts_in_response = count;
        self
    }

    /// With the word `retriable-headers`: tries again after answers with this header too.
    pub fn retriable_header(mut self, header: HeaderMatch) -> Self {
        self.0.retriable_headers.push(header);
        self
    }

    /// Tries only requests again that have this header, or another one that is named so.
    pub fn retriable_request_header(mut self, header: HeaderMatch) -> Self {
        self.0.retriable_request_headers.push(header);
        self
    }

    /// Does not give up a try that is late, but lets another one join it; the first good answer counts (no).
    ///
    /// It needs a [`per_try_timeout`](Self::per_try_timeout), which says when a try is late, and whatever the words say.
    /// Nothing is joined while a request's body is still coming.
    pub const fn hedging(mut self, hedging: bool) -> Self {
        self.0.hedging = hedging;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let Settings { attempts, per_try_timeout, honour_retry_after, hedging, .. } = self.0;
        if attempts > 1000 {
            return Err(SettingsError::new(Field::Attempts, attempts.to_string()));
        }
        at_least(Field::PerTryTimeout, per_try_timeout, Duration::from_millis(1))?;
        at_least(Field::HonourRetryAfter, honour_retry_after, Duration::from_secs(1))?;
        if hedging && per_try_timeout.is_none() && !self.0.trust_request_headers {
            return Err(SettingsError::new(Field::Hedging, "on"));
        }
        Ok(self.settings())
    }

    /// The settings, which mean something.
    pub(super) fn settings(self) -> Settings {
        let statuses = self.0.on.matching();
        Settings { statuses, ..self.0 }
    }
}

fn at_least(field: Field, time: Option<Duration>, least: Duration) -> Result<(), SettingsError> {
    match time {
        Some(time) if time < least => Err(SettingsError::new(field, format!("{time:?}"))),
        _ => Ok(()),
    }
}
