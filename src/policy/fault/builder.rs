//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use http::StatusCode;

use super::{Abort, Answer, Delay, Denominator, Field, Settings, SettingsError};
use crate::policy::{GrpcStatus, PartsPerMillion, time::is_whole_millis};

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone, Default)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    delay: Option<(Delay, f64)>,
    abort: Option<(Status, f64)>,
    denominator: Denominator,
    exclusive: bool,
    most_active: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Status {
    Http(u16),
    Grpc(GrpcStatus),
    ByHeader,
}

impl SettingsBuilder {
    /// Holds so many percent of the requests (0, or 0.0001 to 100) back for so long, in whole milliseconds.
    pub const fn delay(mut self, time: Duration, percent: f64) -> Self {
        self.delay = Some((Delay::Fixed(time), percent));
        self
    }

    /// Holds requests back for as many milliseconds as their header `x-envoy-fault-delay-request` says; at most so
    /// many percent of those that say it, and fewer if `x-envoy-fault-delay-request-percentage` says so.
    ///
    /// Whoever can send requests can then have them held back. What is 0, or no number, asks for nothing.
    pub const fn delay_by_header(mut self, percent: f64) -> Self {
        self.delay = Some((Delay::ByHeader, percent));
        self
    }

    /// Answers so many percent of the requests with this HTTP status (200 to 599).
    pub const fn abort(mut self, status: u16, percent: f64) -> Self {
        self.abort = Some((Status::Http(status), percent));
        self
    }

    /// Answers so many percent of the requests with this gRPC status.
    ///
    /// Those who do not speak gRPC get an answer of 200 with the words `fault filter abort`, as from Envoy.
    pub const fn abort_grpc(mut self, status: GrpcStatus, percent: f64) -> Self {
        self.abort = Some((Status::Grpc(status), percent));
        self
    }

    /// Answers requests with the HTTP status that their header `x-envoy-fault-abort-request` says, or the gRPC status
    /// of `x-envoy-fault-abort-grpc-request`; at most so many percent of those that say one, and fewer if
    /// `x-envoy-fault-abort-request-percentage` says so.
    ///
    /// An HTTP status wins. One that is not from 200 to 599, and a gRPC status above 16, ask for nothing.
    pub const fn abort_by_header(mut self, percent: f64) -> Self {
        self.abort = Some((Status::ByHeader, percent));
        self
    }

    /// What the shares in requests' headers are shares of: percent, unless it says otherwise.
    pub const fn header_shares(mut self, denominator: Denominator) -> Self {
        self.denominator = denominator;
        self
    }

    /// Lets no request meet with both: one draw decides. Else there is one for each.
    ///
    /// If the two shares come to more than everything, the abort has what the delay leaves.
    pub const fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }

    /// Lets at most so many requests meet with a fault at once; those that would be one too many are let alone.
    pub const fn most_active(mut self, most: u32) -> Self {
        self.most_active = Some(most);
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        Ok(Settings {
            delay: match self.delay {
                None => None,
                Some((how, percent)) => Some((delay(how)?, share(Field::DelayPercent, percent)?)),
            },
            abort: match self.abort {
                None => None,
                Some((how, percent)) => Some((abort(how)?, share(Field::AbortPercent, percent)?)),
            },
            denominator: self.denominator,
            exclusive: self.exclusive,
            most_active: self.most_active,
        })
    }
}

/// A timer knows no parts of a millisecond.
fn delay(delay: Delay) -> Result<Delay, SettingsError> {
    match delay {
        Delay::Fixed(time) if time.is_zero() || !is_whole_millis(time) => {
            Err(SettingsError::new(Field::Delay, format!("{time:?}")))
        }
        _ => Ok(delay),
    }
}

fn abort(status: Status) -> Result<Abort, SettingsError> {
    match status {
        Status::Http(status) => http_status(u64::from(status))
            .map(|status| Abort::With(Answer::Http(status)))
            .ok_or_else(|| SettingsError::new(Field::AbortStatus, status.to_string())),
        Status::Grpc(status) => Ok(Abort::With(Answer::Grpc(status))),
        Status::ByHeader => Ok(Abort::ByHeader),
    }
}

/// The status of this number, if Envoy aborts with it.
pub(super) fn http_status(status: u64) -> Option<StatusCode> {
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status))?;
    StatusCode::from_u16(status).ok()
}

fn share(field: Field, percent: f64) -> Result<PartsPerMillion, SettingsError> {
    PartsPerMillion::from_percent(percent).map_err(|_| SettingsError::new(field, percent.to_string()))
}
