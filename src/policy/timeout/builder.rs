//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use super::{Field, GrpcStatus, LONGEST, Limits, Settings, SettingsError, Trusted, settings::Effort};
use crate::policy::time::is_whole_millis;

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone, Copy)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    total: Option<Duration>,
    head: Option<Duration>,
    idle: Option<Duration>,
    grpc_timeout: bool,
    grpc_status: GrpcStatus,
    trusted: Trusted,
    tell_deadline: bool,
}

impl Default for SettingsBuilder {
    fn default() -> Self {
        Self {
            total: None,
            head: None,
            idle: None,
            grpc_timeout: true,
            grpc_status: GrpcStatus::Unavailable,
            trusted: Trusted::Nothing,
            tell_deadline: false,
        }
    }
}

impl SettingsBuilder {
    /// How long all of it may take: everything below, and the response's body. The mesh's `timeout`.
    pub const fn total(mut self, time: Duration) -> Self {
        self.total = Some(time);
        self
    }

    /// How long it may take to the head of the answer. The mesh's `perTryTimeout`, where it stands around each try.
    pub const fn head(mut self, time: Duration) -> Self {
        self.head = Some(time);
        self
    }

    /// For how long nothing may move, in either direction.
    pub const fn idle(mut self, time: Duration) -> Self {
        self.idle = Some(time);
        self
    }

    /// Whether a gRPC call's `grpc-timeout` lowers the total (it does). Where no total is set it is the total.
    pub const fn grpc_timeout(mut self, lowers: bool) -> Self {
        self.grpc_timeout = lowers;
        self
    }

    /// How a gRPC caller is told that time was up.
    pub const fn grpc_status(mut self, status: GrpcStatus) -> Self {
        self.grpc_status = status;
        self
    }

    /// Which of Envoy's request headers replace limits (none). For callers alone that may set them.
    ///
    /// With any of them, an `x-envoy-upstream-rq-timeout-alt-response` has an answer of 204 without a body take the
    /// place of the 504. It is taken off by who reads the time of one try, since that one is further in.
    pub const fn trust_request_headers(mut self, trusted: Trusted) -> Self {
        self.trusted = trusted;
        self
    }

    /// Tells the next hop how long it has, by `x-envoy-expected-rq-timeout-ms` and gRPC's `grpc-timeout` (no).
    ///
    /// Of two that tell, one around all tries and one around each, the inner one tells what is left of the outer one's
    /// time where that is less.
    pub const fn tell_deadline(mut self, tell: bool) -> Self {
        self.tell_deadline = tell;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first time, in the order of this page, that no timer can be set to. Zero is none of them: to set no limit
    /// is not to set it.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let limits = Limits::new(
            time(Field::Total, self.total)?,
            time(Field::Head, self.head)?,
            time(Field::Idle, self.idle)?,
        );
        Ok(Settings {
            limits,
            grpc_timeout: self.grpc_timeout,
            grpc_status: self.grpc_status,
            trusted: self.trusted,
            tell_deadline: self.tell_deadline,
            effort: if self.tell_deadline || self.trusted != Trusted::Nothing {
                Effort::Heads
            } else if self.grpc_timeout {
                Effort::Grpc
            } else if limits.is_none() {
                Effort::Nothing
            } else {
                Effort::Settings
            },
        })
    }
}

/// Timers are set in milliseconds.
fn time(field: Field, time: Option<Duration>) -> Result<Option<Duration>, SettingsError> {
    match time {
        Some(Duration::ZERO) => Err(SettingsError::new(field, "zero")),
        Some(time) if !is_whole_millis(time) || time > LONGEST => {
            Err(SettingsError::new(field, format!("{time:?}")))
        }
        time => Ok(time),
    }
}
