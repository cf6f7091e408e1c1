//! A circuit and its own little time, and short words for what one says of it.

pub(crate) use std::time::Duration;

pub(crate) use tower_mesh::policy::{
    Failure, Lane, Outcome, Time,
    circuit_breaker::{
        Abandoned, Admission, Cause, Circuit, Counts, HalfOpen, Opened, Settings, SettingsBuilder, State,
        Status, Ticket, Transition, Trip, Window,
    },
};

pub(crate) const LANE: Lane = Lane::new(0);
pub(crate) const SECOND: u64 = 1000;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A circuit and its own little time, in milliseconds.
pub(crate) struct Play {
    pub(crate) circuit: Circuit,
    pub(crate) now: u64,
}

impl Play {
    pub(crate) fn of(settings: SettingsBuilder) -> Self {
        let settings = settings.build().expect("the settings mean something");
        Self { circuit: Circuit::new(settings, 4), now: 0 }
    }

    pub(crate) fn now(&self) -> Time {
        moment(self.now)
    }

    pub(crate) fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now, "time goes on");
        self.now = ms;
        self
    }

    pub(crate) fn arrive(&self) -> Admission {
        self.circuit.admit(LANE, || self.now())
    }

    pub(crate) fn admit(&self) -> Ticket {
        match self.arrive() {
            Admission::Pass(ticket, _) => ticket,
            refused => panic!("refused at {} ms: {refused:?}", self.now),
        }
    }

    pub(crate) fn refuses(&self) -> bool {
        matches!(self.arrive(), Admission::Refuse(..))
    }

    pub(crate) fn settle(&self, ticket: Ticket, outcome: Outcome) -> Option<Transition> {
        self.circuit.settle(ticket, outcome, || self.now())
    }

    /// One whole call with this status, which takes so long.
    pub(crate) fn call_for(&mut self, status: u16, took: u64) -> Option<Transition> {
        let ticket = self.admit();
        self.now += took;
        self.settle(ticket, outcome(status))
    }

    pub(crate) fn call(&mut self, status: u16) -> Option<Transition> {
        self.call_for(status, 0)
    }

    pub(crate) fn calls(&mut self, amount: usize, status: u16) -> &mut Self {
        for _ in 0..amount {
            self.call(status);
        }
        self
    }

    /// As one sees it who looks on.
    pub(crate) fn status(&self) -> Status {
        self.circuit.status(self.now())
    }

    pub(crate) fn state(&self) -> State {
        let state = self.circuit.state(self.now());
        assert_eq!(self.status().state, state);
        state
    }

    pub(crate) fn is_open(&self) -> bool {
        self.circuit.state(self.now()) != State::Closed
    }

    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        tuple(self.circuit.counts())
    }
}

pub(crate) fn tuple(counts: Counts) -> (u64, u64, u64) {
    (counts.total, counts.slow, counts.error)
}

pub(crate) fn outcome(status: u16) -> Outcome {
    if status < 500 { Outcome::Success } else { Outcome::Failure(Failure::Status(status)) }
}

pub(crate) fn opened(transition: Option<Transition>) -> Opened {
    match transition {
        Some(Transition::Opened(opened)) => opened,
        other => panic!("not opened: {other:?}"),
    }
}

/// The moment at so many milliseconds. Not at zero: a policy must not take the clock's base for "unset".
pub(crate) fn moment(at: u64) -> Time {
    Time::from_nanos(7) + ms(at)
}

/// Why it closed, and after how many milliseconds.
pub(crate) fn closed(transition: Option<Transition>) -> (Cause, u128) {
    match transition {
        Some(Transition::Closed(closed)) => (closed.cause, closed.after.as_millis()),
        other => panic!("not closed: {other:?}"),
    }
}

/// What an arrival found to be due, whether or not it passed.
pub(crate) fn found(admission: Admission) -> Option<Transition> {
    match admission {
        Admission::Pass(_, transition) | Admission::Refuse(_, transition) => transition,
    }
}
