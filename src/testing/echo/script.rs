//! What an upstream is told to do, and what that makes of one request.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

use super::spread::{Spread, hits};
use crate::layer::draw::Draws;

/// In virtual time something has to take time, or a load that is bounded by time never ends.
const LATENCY: Duration = Duration::from_millis(1);

/// What an upstream is told to do. What it is not told is `None`, so that one script can be laid over another.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Script {
    pub(super) status: Option<Spread<StatusCode>>,
    pub(super) delay: Option<Spread<Duration>>,
    pub(super) size: Option<Spread<usize>>,
    pub(super) slow_body: Option<Spread<Duration>>,
    pub(super) latency: Option<Duration>,
    pub(super) refuse: Option<f64>,
    pub(super) hang: Option<f64>,
    pub(super) reset: Option<f64>,
    pub(super) break_body: Option<f64>,
    pub(super) every: Vec<Every>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// The strict form: not a chance of a fifth, but every fifth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Every {
    pub(super) nth: u64,
    pub(super) effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Effect {
    Status(StatusCode),
    Delay(Duration),
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lot {
    pub(super) fate: Fate,
    /// From the end of the request to the head of the response.
    pub(super) after: Duration,
    pub(super) status: StatusCode,
    /// The body's size; without one the request's body is sent back.
    pub(super) size: Option<usize>,
    pub(super) slow_body: Option<Duration>,
    pub(super) broken: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Answered,
    Refused,
    Hung,
    Reset,
}

impl Script {
    /// This script where it says something, `base` where it does not.
    pub(super) fn over(mut self, base: &Self) -> Self {
        let (own_status, own_delay) = (self.status.is_some(), self.delay.is_some());
        if self.every.is_empty() {
            // Who asks for a status means it, also as the fifth.
            self.every.extend(base.every.iter().filter(|every| match every.effect {
                Effect::Status(_) => !own_status,
                Effect::Delay(_) => !own_delay,
            }));
        }
        if self.headers.is_empty() {
            self.headers.clone_from(&base.headers);
        }
        Self {
            status: self.status.or_else(|| base.status.clone()),
            delay: self.delay.or_else(|| base.delay.clone()),
            size: self.size.or_else(|| base.size.clone()),
            slow_body: self.slow_body.or_else(|| base.slow_body.clone()),
            latency: self.latency.or(base.latency),
            refuse: self.refuse.or(base.refuse),
            hang: self.hang.or(base.hang),
            reset: self.reset.or(base.reset),
            break_body: self.break_body.or(base.break_body),
            ..self
        }
    }

    /// What becomes of the request of this ordinal, the first being 1.
    pub(super) fn lot(&self, ordinal: u64, draws: Draws) -> Lot {
        let chance = |percent: Option<f64>, purpose| {
            percent.is_some_and(|percent| hits(draws.draw(ordinal, purpose, 0), percent))
        };
        let due = || self.every.iter().filter(|every| every.nth > 0 && ordinal.is_multiple_of(every.nth));
        let status = due().find_map(|every| match every.effect {
            Effect::Status(status) => Some(status),
            Effect::Delay(_) => None,
        });
        let delay = due().find_map(|every| match every.effect {
            Effect::Delay(delay) => Some(delay),
            Effect::Status(_) => None,
        });
        Lot {
            fate: if chance(self.refuse, "refuse") {
                Fate::Refused
            } else if chance(self.hang, "hang") {
                Fate::Hung
            } else if chance(self.reset, "reset") {
                Fate::Reset
            } else {
                Fate::Answered
            },
            after: delay
                .or_else(|| pick(self.delay.as_ref(), draws, ordinal, "delay"))
                .unwrap_or_else(|| self.latency.unwrap_or(LATENCY)),
            status: status
                .or_else(|| pick(self.status.as_ref(), draws, ordinal, "status"))
                .unwrap_or(StatusCode::OK),
            size: pick(self.size.as_ref(), draws, ordinal, "size"),
            slow_body: pick(self.slow_body.as_ref(), draws, ordinal, "slow-body"),
            broken: chance(self.break_body, "break-body"),
        }
    }
}

fn pick<T: Copy>(spread: Option<&Spread<T>>, draws: Draws, ordinal: u64, purpose: &str) -> Option<T> {
    spread?.pick(draws.draw(ordinal, purpose, 0))
}
