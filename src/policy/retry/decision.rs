//! What a try came to, and whether there is another.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header::RETRY_AFTER};

use super::{Settings, Word};
use crate::policy::{Failure, header::number};

const RATELIMITED: HeaderName = HeaderName::from_static("x-envoy-ratelimited");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// Words that have an answer's headers looked at, whatever its status.
const BY_HEADERS: [Word; 2] = [Word::EnvoyRatelimited, Word::RetriableHeaders];
const BY_GRPC: [Word; 5] =
    [Word::Cancelled, Word::DeadlineExceeded, Word::Internal, Word::ResourceExhausted, Word::Unavailable];

/// Words for whatever is no answer.
const UNANSWERED: [Word; 3] = [Word::FiveXx, Word::GatewayError, Word::Reset];

/// What a try came to.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Tried<'a> {
    /// The upstream answered so.
    Answered {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: &'a HeaderMap,
        /// Whether it answers a gRPC call.
        grpc: bool,
    },
    /// There was no answer.
    Failed {
        /// How it failed.
        failure: Failure,
        /// Whether something of the request may have been sent.
        sent: bool,
    },
    /// There was no answer in time, and we gave it up: what Envoy calls a local reset.
    TimedOut,
    /// One of our own layers answered: a limit, a circuit, a fault. That would be no other the next time, or is meant.
    Refused,
}

/// Whether there is another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The answer stands.
    Stands,
    /// Another try, if there may be one, after this.
    Again(Pause),
}

/// How long is waited before another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// As the back-off says.
    Backoff,
    /// As the upstream asked, and a little longer by chance.
    AskedFor(Duration),
    /// Exactly as the upstream asked.
    Exactly(Duration),
}

impl Settings {
    /// Whether an answer with this status may be one that is tried again: false of most, at little cost.
    #[inline]
    #[must_use]
    pub fn minds(&self, status: StatusCode, grpc: bool) -> bool {
        self.statuses.has(status.as_u16())
            || self.on.has_any(&BY_HEADERS)
            || (grpc && self.on.has_any(&BY_GRPC))
    }

    /// Whether what a try came to is tried again, by Envoy's rules.
    pub fn decide(&self, tried: &Tried<'_>) -> Decision {
        match *tried {
            Tried::Refused => Decision::Stands,
            Tried::TimedOut => self.again_if(self.on.has_any(&UNANSWERED) || self.on.has_unanswered(504)),
            Tried::Failed { failure, sent } => self.again_if(self.after_failure(failure, sent)),
            Tried::Answered { status, headers, grpc } => {
                if self.minds(status, grpc) && self.after_answer(status, headers, grpc) {
                    self.pause(headers).map_or(Decision::Stands, Decision::Again)
                } else {
                    Decision::Stands
                }
            }
        }
    }

    const fn again_if(&self, again: bool) -> Decision {
        if again { Decision::Again(Pause::Backoff) } else { Decision::Stands }
    }

    fn after_failure(&self, failure: Failure, sent: bool) -> bool {
        match failure {
            Failure::Status(status) => self.statuses.has(status),
            Failure::Connect | Failure::Transport => {
                let before = !sent && self.on.has(Word::ResetBeforeRequest);
                let connect = failure == Failure::Connect && self.on.has(Word::ConnectFailure);
                before || connect || self.on.has_any(&UNANSWERED) || self.on.has_unanswered(503)
            }
        }
    }

    fn after_answer(&self, status: StatusCode, headers: &HeaderMap, grpc: bool) -> bool {
        // Before all else, as in Envoy: who is told to slow down is not pressed for another reason.
        if headers.contains_key(RATELIMITED) {
            return self.on.has(Word::EnvoyRatelimited);
        }
        self.statuses.has(status.as_u16())
            || self.on.has(Word::RetriableHeaders)
                && self.retriable_headers.iter().any(|header| header.matches(headers))
            || grpc && self.after_grpc(headers)
    }

    fn after_grpc(&self, headers: &HeaderMap) -> bool {
        headers.get(GRPC_STATUS).and_then(number::<u32>).is_some_and(|status| match status {
            1 => self.on.has(Word::Cancelled),
            4 => self.on.has(Word::DeadlineExceeded),
            8 => self.on.has(Word::ResourceExhausted),
            13 => self.on.has(Word::Internal),
            14 => self.on.has(Word::Unavailable),
            _ => false,
        })
    }

    /// How long is waited after this answer; none if it asks not to be tried again.
    fn pause(&self, headers: &HeaderMap) -> Option<Pause> {
        let Some(most) = self.honour_retry_after else { return Some(Pause::Backoff) };
        if headers.contains_key(PUSHBACK) {
            let wait = Duration::from_millis(headers.get(PUSHBACK).and_then(number)?);
            return (wait <= most).then_some(Pause::Exactly(wait));
        }
        let wait = headers.get(RETRY_AFTER).and_then(number).map(Duration::from_secs);
        Some(match wait.filter(|wait| !wait.is_zero() && *wait <= most) {
            Some(wait) => Pause::AskedFor(wait),
            None => Pause::Backoff,
        })
    }
}
