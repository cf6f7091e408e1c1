//! Events of a run, with the run's own time.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    events::{Event, EventKind, Events, Listening},
    policy::{
        Time,
        balance::Address,
        circuit_breaker::{Counts, Transition},
        outlier,
    },
};

/// A change of state during a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moment {
    /// Milliseconds after the run's start.
    pub at_ms: u64,
    /// What happened, in a word: `opened`, `closed`.
    pub kind: String,
    /// To what, such as `circuit-breaking/fortio|8080`.
    pub subject: String,
    /// What there is to tell, such as `500 requests, 100 errors, 0 slow; until 61000 ms`.
    pub detail: String,
    /// The event as its layer logs it.
    pub line: String,
    /// The endpoint that it happened to, by its address, where it was one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The upstream at that address, if the report knows of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Until when it lasts at least, in milliseconds after the run's start, where that is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Listens during a run for changes of state. What happens to a single call is counted by call, and left out here.
#[derive(Debug)]
pub(crate) struct Log {
    moments: Arc<Mutex<Vec<Moment>>>,
    listening: Listening,
}

impl Log {
    pub(crate) fn listen(events: &Events, start: Time) -> Self {
        let moments = Arc::<Mutex<Vec<Moment>>>::default();
        let listening = events.listen({
            let moments = Arc::clone(&moments);
            move |event| {
                moments.lock().unwrap_or_else(PoisonError::into_inner).extend(Moment::of(event, start));
            }
        });
        Self { moments, listening }
    }

    pub(crate) fn end(self) -> Vec<Moment> {
        drop(self.listening);
        mem::take(&mut *self.moments.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Moment {
    /// What a report tells of an event, if it is a change of state.
    fn of(event: &Event, start: Time) -> Option<Self> {
        let Told { detail, endpoint, until } = told(&event.kind, start)?;
        Some(Self {
            at_ms: millis(event.at.since(start)),
            kind: event.kind.name().to_owned(),
            subject: event.subject.to_string(),
            detail,
            line: event.to_string(),
            endpoint,
            upstream: None,
            until_ms: until.filter(|until| *until < Time::NEVER).map(|until| millis(until.since(start))),
        })
    }

    /// Names the upstream that is at the endpoint's address.
    pub(super) fn find(&mut self, addresses: &BTreeMap<String, Address>) {
        let Some(endpoint) = self.endpoint.as_ref().and_then(|text| text.parse::<Address>().ok()) else {
            return;
        };
        let is_there = |own: &Address| {
            own.host() == endpoint.host() && (own.port().is_none() || own.port() == endpoint.port())
        };
        let found = addresses.iter().find(|(_, own)| is_there(own));
        self.upstream = found.map(|(name, _)| name.clone());
    }
}

/// What there is to tell of a change of state.
#[derive(Default)]
struct Told {
    detail: String,
    endpoint: Option<String>,
    until: Option<Time>,
}

/// What happens to a single call is no change of state: it is counted by call.
fn told(kind: &EventKind, start: Time) -> Option<Told> {
    Some(match kind {
        EventKind::Circuit(transition) => circuit(transition, start),
        EventKind::Outlier { endpoint, change } if change.ejects().is_some() => outlier(endpoint, change),
        _ => return None,
    })
}

fn outlier(endpoint: &Address, change: &outlier::Change) -> Told {
    let until = match change {
        outlier::Change::Ejected { returns_at, .. } => Some(*returns_at),
        _ => None,
    };
    Told { detail: change.named(endpoint), endpoint: Some(endpoint.to_string()), until }
}

fn circuit(transition: &Transition, start: Time) -> Told {
    let (detail, until) = match transition {
        Transition::Opened(opened) => {
            let (counts, until) = (opened.counts, millis(opened.until.since(start)));
            let Counts { total, error, slow, .. } = counts;
            (format!("{total} requests, {error} errors, {slow} slow; until {until} ms"), Some(opened.until))
        }
        Transition::Closed(closed) => (format!("after {} ms", millis(closed.after)), None),
        Transition::HalfOpened(half) => (format!("after {} ms", millis(half.after)), None),
        transition => (format!("by hand: {}", transition.name()), None),
    };
    Told { detail, until, ..Told::default() }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use http_body_util::{Empty, Full};

    use super::*;
    use crate::{
        layer::clock,
        policy::circuit_breaker::{Cause, Closed, Opened, Trip},
        refusal::Reason,
        testing::Load,
    };

    /// A service that tells of an opening at its first call, of a refusal at the second, of a closing at the third.
    async fn run() -> crate::testing::Report {
        let events = Events::new();
        let told = events.clone();
        let calls = Arc::new(Mutex::new(0));
        let service = tower::service_fn(move |_: Request<Full<bytes::Bytes>>| {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            let kind = match *calls {
                1 => EventKind::Circuit(Transition::Opened(Opened {
                    cause: Cause::Report,
                    trip: Some(Trip::ErrorAmount(100)),
                    counts: Counts { total: 500, slow: 0, error: 100, in_a_row: 0 },
                    into_window: Duration::from_secs(24),
                    until: clock::now() + Duration::from_secs(60),
                })),
                2 => EventKind::Refused(Reason::CircuitOpen),
                _ => EventKind::Circuit(Transition::Closed(Closed {
                    cause: Cause::Check,
                    after: Duration::from_secs(60),
                })),
            };
            told.tell(|| Event { at: clock::now(), subject: Arc::from("fortio|8080"), kind });
            std::future::ready(Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new())))
        });
        let times = [1, 2, 61].map(Duration::from_secs);
        Load::open().at(times).percentiles([]).events(&events).run(service).await
    }

    #[tokio::test(start_paused = true)]
    async fn changes_of_state_are_told_in_the_run_s_own_time_and_refusals_are_not() {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let report = run().await;
        let told: Vec<_> =
            report.events.iter().map(|m| (m.at_ms, m.kind.as_str(), m.detail.as_str())).collect();
        assert_eq!(
            told,
            [
                (1000, "opened", "500 requests, 100 errors, 0 slow; until 61000 ms"),
                (61000, "closed", "after 60000 ms"),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_printed_in_their_layer_s_own_words() {
        insta::assert_snapshot!(run().await, @r"
        Aggregated Function Time : count 3 avg 0 +/- 0 min 0 max 0 sum 0
        Code 200 : 3 (100.0 %)
        Events
               1.000 s  [circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount (open)  report fortio|8080 24 0 true 500 0 100
              61.000 s  [circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount (close) check fortio|8080 0 60 false 0 0 0
        All done 3 calls (plus 0 warmup) 0.000 ms avg, 0.0 qps
        ");
    }
}
