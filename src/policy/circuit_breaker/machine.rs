//! The breaker itself: one thing after another, exactly.
//!
//! A plain machine that is owned by whoever steps it. A [`Circuit`](super::Circuit) has one under a lock, which most
//! requests need not take; [`Circuits`](super::Circuits) have one for each key. It is small because there may be a
//! million of them.

mod closed;
mod half_open;

use std::time::Duration;

use super::{
    Cause, Closed, Counts, HalfOpened, Opened, Phase, State, Status, Transition, Trip, Window,
    phase::Kind,
    rules::{Rules, Trial},
    tally::{Counted, Mark, Tally},
};
use crate::policy::{Draw, Time};

/// All that a breaker remembers.
#[derive(Debug)]
pub(super) struct Machine {
    tally: Tally,
    /// When this state began; at no time, if it was there from the beginning.
    since: Time,
    /// When the present stretch is over. While closed: of the window, or of its current bucket; no time before it has
    /// begun. While open: of the open time. While half-open: of the time that the probes have.
    edge: Time,
    phase: Phase,
    /// Failures one after another.
    row: u32,
    /// Probes that came back, and those that are under way.
    good: u16,
    bad: u16,
    out: u16,
    /// Openings one after another.
    openings: u8,
}

/// When a step is taken, and where to get its share of chance, which few steps need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<L> {
    pub(super) now: Time,
    pub(super) luck: L,
}

/// How much would be lost with a machine, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Nothing: it has forgotten everything.
    Nothing,
    /// A number of good requests.
    Requests,
    /// Bad answers that it has counted.
    Trouble,
    /// A state that must not be lost.
    InForce,
}

/// Whether an arrival passes, or else for how long it is refused at least; and what it found to be due.
pub(super) type Arrival = (Result<(), Duration>, Option<Transition>);

impl Machine {
    pub(super) fn new(rules: &Rules, phase: Phase) -> Self {
        Self {
            tally: Tally::over(rules.window),
            since: Time::default(),
            edge: Time::default(),
            phase,
            row: 0,
            good: 0,
            bad: 0,
            out: 0,
            openings: 0,
        }
    }

    // ===== what it is like =====

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    /// When this state began, unless it was there from the beginning.
    pub(super) fn since(&self) -> Option<Time> {
        Some(self.since).filter(|since| *since != Time::default())
    }

    pub(super) const fn edge(&self) -> Time {
        self.edge
    }

    pub(super) fn counts(&self) -> Counts {
        let counted = &self.tally.counted;
        Counts {
            total: counted.total,
            slow: u64::from(counted.slow),
            error: u64::from(counted.error),
            in_a_row: u64::from(self.row),
        }
    }

    /// As one who looks on sees it: an open time that is over is so already. The deadline of probes and the end of a
    /// window wait for who finds them out.
    pub(super) fn status(&self, rules: &Rules, now: Time) -> Status {
        let state = rules.state(self.phase, self.edge, now);
        match (self.phase.kind(), state) {
            (Kind::Open, State::Closed) => {
                Status { state, since: Some(self.edge), counts: Counts::default() }
            }
            (Kind::Open, State::HalfOpen) => Status { state, since: Some(self.edge), counts: self.counts() },
            _ => Status { state, since: self.since(), counts: self.counts() },
        }
    }

    /// While half-open: until when there is no place for a probe, unless one comes back.
    pub(super) fn full_until(&self, rules: &Rules) -> Time {
        let is_full = rules.probes.is_some_and(|trial| self.out >= trial.concurrent);
        if is_full { self.edge } else { Time::default() }
    }

    /// Whether a good answer changes anything.
    pub(super) fn heeds_good(&self) -> bool {
        match self.phase.kind() {
            Kind::Closed => self.row > 0 || !self.tally.is_flawless(),
            Kind::HalfOpen => true,
            Kind::Open => false,
        }
    }

    /// How many more requests there must be until a ratio means anything; none if that changes nothing. Zero if it means
    /// something already and nobody has judged it: it was found out by one who only looked.
    pub(super) fn short_of_minimum(&self, rules: &Rules) -> Option<u64> {
        let Counted { total, slow, error } = self.tally.counted;
        if !rules.arrivals_turn || self.phase.is_held() || (error == 0 && slow == 0) {
            return None;
        }
        let short = rules.minimum.saturating_sub(total);
        (short > 0 || self.judge_ratios(rules).is_some()).then_some(short)
    }

    // ===== what happens to it =====

    /// Requests have passed meanwhile, in the state that it is in.
    pub(super) fn passed(&mut self, requests: u64) {
        if self.phase.kind() == Kind::Closed {
            self.tally.arrived(requests);
        }
    }

    /// A request arrives.
    pub(super) fn arrive(&mut self, rules: &Rules, at: Moment<impl FnOnce() -> Draw + Copy>) -> Arrival {
        let mut transition = None;
        if at.now >= self.edge {
            transition = match (self.phase.kind(), rules.probes) {
                (Kind::Open, None) => Some(self.close(Cause::Check, at.now)),
                (Kind::Open, Some(trial)) => Some(self.half_open(trial, at.now)),
                (Kind::HalfOpen, Some(trial)) => self.decide(rules, trial, at),
                (Kind::HalfOpen, None) | (Kind::Closed, _) => None,
            };
        }
        match (self.phase.kind(), rules.probes) {
            (Kind::Closed, _) if rules.arrivals_turn => {
                self.turn(rules, at.now);
                match self.judge_ratios(rules).filter(|_| !self.phase.is_held()) {
                    Some(trip) => {
                        let opened = self.open(Cause::Check, Some(trip), rules, at);
                        (Err(self.left(at.now)), Some(opened))
                    }
                    None => (Ok(()), transition),
                }
            }
            (Kind::HalfOpen, Some(trial)) if self.out < trial.concurrent => {
                self.out += 1;
                (Ok(()), transition)
            }
            (Kind::Closed, _) => (Ok(()), transition),
            (Kind::Open | Kind::HalfOpen, _) => (Err(self.left(at.now)), transition),
        }
    }

    /// What passed in this phase is settled: with a mark, or as if it had not been.
    pub(super) fn settle(
        &mut self,
        phase: Phase,
        mark: Option<Mark>,
        rules: &Rules,
        luck: impl FnOnce() -> Draw,
        mut now: impl FnMut() -> Time,
    ) -> Option<Transition> {
        if phase != self.phase {
            return None;
        }
        match (self.phase.kind(), rules.probes) {
            (Kind::Closed, _) => self.count(mark?, rules, luck, now),
            (Kind::HalfOpen, Some(trial)) => self.take_back(mark, rules, trial, Moment { now: now(), luck }),
            (Kind::HalfOpen, None) | (Kind::Open, _) => None,
        }
    }

    /// Opened by hand: until it is told otherwise.
    pub(super) fn force_open(&mut self, now: Time) -> Transition {
        let counts = self.counts();
        self.enter(Kind::Open, true, now);
        self.edge = Time::NEVER;
        Transition::ForcedOpen(counts)
    }

    /// Closed by hand: it counts, and does not open until it is told otherwise.
    pub(super) fn force_closed(&mut self, now: Time) -> Transition {
        self.begin_anew(true, now);
        Transition::ForcedClosed
    }

    /// As if it were new.
    pub(super) fn reset(&mut self, now: Time) -> Transition {
        self.begin_anew(false, now);
        self.openings = 0;
        Transition::Reset
    }

    /// Another key takes its place: what began before counts for nobody.
    pub(super) fn replace(&mut self, rules: &Rules) {
        *self = Self::new(rules, self.phase.next(Kind::Closed, false));
    }

    /// Over the last calls there is no window to be over: they are remembered for a while after the last of them.
    pub(super) fn remember(&mut self, rules: &Rules, now: Time) {
        if self.phase.is_closed() && !rules.window.is_of_time() {
            self.edge = now + rules.memory;
        }
    }

    /// How much would be lost with it.
    pub(super) fn worth(&self, rules: &Rules, now: Time) -> Worth {
        let remembered_until = match (self.phase.kind(), rules.window) {
            _ if self.phase.is_held() => return Worth::InForce,
            (Kind::Closed, Window::Sliding { length, buckets }) => self.edge + (length - length / buckets),
            (Kind::Closed, _) => self.edge,
            // Nobody may have come since it was over: that does not make it well.
            (Kind::Open | Kind::HalfOpen, _) => self.edge + rules.memory,
        };
        let Counted { slow, error, .. } = self.tally.counted;
        let is_over = now >= remembered_until;
        if self.phase.is_closed() && self.row > 0 {
            // No window ends a row.
            Worth::Trouble
        } else if is_over {
            Worth::Nothing
        } else if !self.phase.is_closed() {
            Worth::InForce
        } else if slow > 0 || error > 0 {
            Worth::Trouble
        } else {
            Worth::Requests
        }
    }

    // ===== from state to state =====

    fn open(
        &mut self,
        cause: Cause,
        trip: Option<Trip>,
        rules: &Rules,
        at: Moment<impl FnOnce() -> Draw>,
    ) -> Transition {
        let counts = self.counts();
        let lasted = at.now.since(self.since);
        let into_window = match self.phase.kind() {
            Kind::Closed => self.window_so_far(rules, at.now),
            Kind::Open | Kind::HalfOpen => lasted,
        };
        // Closed straight, nobody has judged whether the trouble was over: that it stayed closed as long as it had
        // been open is what shows it.
        if let Some(before) = self.openings.checked_sub(1)
            && self.phase.kind() == Kind::Closed
            && lasted >= rules.open_time.after(before)
        {
            self.openings = 0;
        }
        let until = at.now + rules.open_time.drawn(self.openings, (at.luck)().nth(self.phase.number()));
        self.openings = self.openings.saturating_add(1);
        self.enter(Kind::Open, false, at.now);
        self.edge = until;
        Transition::Opened(Opened { cause, trip, counts, into_window, until })
    }

    fn half_open(&mut self, trial: Trial, now: Time) -> Transition {
        let after = now.since(self.since);
        // It has been ready for probes since its time was over, though nobody came to be one.
        self.enter(Kind::HalfOpen, false, self.edge);
        (self.good, self.bad, self.out) = (0, 0, 0);
        self.edge = now + trial.deadline;
        Transition::HalfOpened(HalfOpened { after })
    }

    fn close(&mut self, cause: Cause, now: Time) -> Transition {
        let after = now.since(self.since);
        if self.phase.kind() == Kind::HalfOpen {
            self.openings = 0;
            self.begin_anew(false, now);
        } else {
            // It has been as good as closed since its time was over, though nobody came to find it so.
            self.begin_anew(false, self.edge);
        }
        Transition::Closed(Closed { cause, after })
    }

    /// Closed, with all counters at zero.
    fn begin_anew(&mut self, held: bool, now: Time) {
        self.enter(Kind::Closed, held, now);
        self.edge = Time::default();
        self.tally.clear();
        self.row = 0;
    }

    fn enter(&mut self, kind: Kind, held: bool, now: Time) {
        self.phase = self.phase.next(kind, held);
        self.since = now;
    }

    /// How long arrivals will be refused at least, where that is known.
    fn left(&self, now: Time) -> Duration {
        if self.phase.kind() == Kind::Open && !self.phase.is_held() {
            self.edge.since(now)
        } else {
            Duration::ZERO
        }
    }
}
