//! One breaker for many threads.
//!
//! The machine stands behind a lock. What most requests need to know of it is written on a line in front, the gate,
//! whenever a step has been taken; so a request that passes reads one line, adds one to its lane, and goes on.

use std::time::Duration;

use super::{
    Admission, Counts, Phase, Settings, State, Status, Ticket, Transition,
    machine::{Machine, Moment},
    phase::Kind,
    rules::Rules,
};
use crate::{
    policy::{Draw, Lane, Lanes, Outcome, Time, time::asked_once},
    sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError},
};

/// Later than any time, and more than any sum.
const NEVER: u64 = u64::MAX;

/// One circuit: shared by all that go through it, from any thread.
#[derive(Debug)]
pub struct Circuit {
    settings: Settings,
    rules: Rules,
    luck: Draw,
    gate: Gate,
    exact: Mutex<Exact>,
    totals: Lanes,
}

/// What every request reads; written only under the lock.
#[derive(Debug)]
#[repr(align(128))]
struct Gate {
    phase: AtomicU64,
    /// While it is open: until when. A word apart from the next one: who still sees the state before must not take the one
    /// for the other.
    open_until: AtomicU64,
    /// While it is half-open: until when there is no place for a probe, unless one comes back; 0 if there is one.
    full_until: AtomicU64,
    /// While it is closed: from when on an arrival looks closer; when the window ends, at once, or [`NEVER`].
    look_from: AtomicU64,
    /// While it is closed: when the window, or its current bucket, ends; 0 before it has begun.
    edge: AtomicU64,
    /// The sum of the lanes at which an arrival has to judge the ratios, or [`NEVER`].
    crossing: AtomicU64,
    /// Whether a good answer looks closer: 0 or 1.
    heeds_good: AtomicU64,
}

/// What happens one at a time.
#[derive(Debug)]
struct Exact {
    machine: Machine,
    /// The sum of the lanes that the machine has been told.
    told: u64,
}

impl Circuit {
    /// A closed circuit that has counted nothing, and spreads its count of requests over so many lanes.
    #[must_use]
    pub fn new(settings: Settings, lanes: usize) -> Self {
        let rules = Rules::of(&settings);
        let machine = Machine::new(&rules, Phase::default());
        let circuit = Self {
            settings,
            rules,
            luck: Draw::new(0),
            gate: Gate {
                phase: AtomicU64::new(0),
                open_until: AtomicU64::new(0),
                full_until: AtomicU64::new(0),
                look_from: AtomicU64::new(0),
                edge: AtomicU64::new(0),
                crossing: AtomicU64::new(NEVER),
                heeds_good: AtomicU64::new(0),
            },
            exact: Mutex::new(Exact { machine, told: 0 }),
            totals: Lanes::new(lanes),
        };
        circuit.publish(&circuit.lock());
        circuit
    }

    /// The same with a draw of its own, from which the jitter of its open times follows.
    #[must_use]
    pub const fn drawing(mut self, luck: Draw) -> Self {
        self.luck = luck;
        self
    }

    /// What it was told to do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A request arrives. `now` is asked only if a rule needs the time.
    #[inline(always)]
    pub fn admit(&self, lane: Lane, now: impl FnOnce() -> Time) -> Admission {
        let phase = self.phase();
        if phase.is_closed() && !self.rules.clocked {
            self.totals.add(lane);
            return Admission::Pass(Ticket::new(phase, Time::default()), None);
        }
        let now = now();
        if !phase.is_closed() || now.as_nanos() >= self.gate.look_from.load(Ordering::Relaxed) {
            return self.admit_with_care(phase, lane, now);
        }
        self.totals.add(lane);
        Admission::Pass(Ticket::new(phase, now), None)
    }

    /// A request that passed is settled: once. `now` is asked only if a rule needs the time.
    ///
    /// What began in an earlier state of the circuit changes nothing.
    #[inline(always)]
    pub fn settle(&self, ticket: Ticket, outcome: Outcome, now: impl FnOnce() -> Time) -> Option<Transition> {
        if outcome != Outcome::Success || self.gate.heeds_good.load(Ordering::Relaxed) != 0 {
            return self.settle_with_care(ticket, outcome, now);
        }
        if !self.rules.counts_slow {
            return None;
        }
        let now = now();
        if ticket.is_slow(&self.rules, now) {
            self.settle_with_care(ticket, outcome, move || now)
        } else {
            None
        }
    }

    /// The head of the response has come, its outcome has not: how long it took is measured here.
    #[must_use]
    pub fn answered(&self, ticket: Ticket, now: impl FnOnce() -> Time) -> Ticket {
        ticket.answered(&self.rules, now)
    }

    /// Whether requests pass at this moment.
    ///
    /// An open time that is over is shown as the next request will find it. The deadline of probes shows only when a
    /// request or a probe has found it out.
    #[must_use]
    pub fn state(&self, now: Time) -> State {
        let phase = self.phase();
        self.rules.state(phase, Time::from_nanos(self.gate.open_until.load(Ordering::Acquire)), now)
    }

    /// Its state, since when it is so, and what it has counted: all of one moment.
    ///
    /// The state is that of [`state`](Self::state). A window that is over is found out by the next request, or with
    /// amounts alone by the next bad answer: its counts stand until then.
    #[must_use]
    pub fn status(&self, now: Time) -> Status {
        self.told().machine.status(&self.rules, now)
    }

    /// What is counted now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.told().machine.counts()
    }

    /// Refuses everything until it is [reset](Self::reset), or forced closed.
    pub fn force_open(&self, now: Time) -> Transition {
        self.exactly(|machine| machine.force_open(now))
    }

    /// Lets everything pass until it is [reset](Self::reset), or forced open: it counts on, from zero, and does not open.
    pub fn force_closed(&self, now: Time) -> Transition {
        self.exactly(|machine| machine.force_closed(now))
    }

    /// Begins anew: closed, with all counters at zero, and nothing forced.
    pub fn reset(&self, now: Time) -> Transition {
        self.exactly(|machine| machine.reset(now))
    }

    // ===== what few requests come to =====

    /// An arrival that looks closer: the circuit is not closed, or the window over, or its requests at the minimum.
    #[cold]
    fn admit_with_care(&self, phase: Phase, lane: Lane, now: Time) -> Admission {
        if phase.is_closed() {
            let over = now.as_nanos() >= self.gate.edge.load(Ordering::Relaxed);
            if !over && self.totals.sum() < self.gate.crossing.load(Ordering::Relaxed) {
                self.totals.add(lane);
                return Admission::Pass(Ticket::new(phase, now), None);
            }
        } else {
            // Nobody knows when a place for a probe will be free, or a circuit that is forced open no longer so.
            let (until, is_known) = match (phase.kind(), phase.is_held()) {
                (Kind::Open, true) => return Admission::Refuse(Duration::ZERO, None),
                (Kind::Open, false) => (&self.gate.open_until, true),
                (Kind::HalfOpen | Kind::Closed, _) => (&self.gate.full_until, false),
            };
            let until = Time::from_nanos(until.load(Ordering::Relaxed));
            if now < until {
                return Admission::Refuse(if is_known { until.since(now) } else { Duration::ZERO }, None);
            }
        }
        self.admit_exactly(lane, now)
    }

    /// An arrival that may turn the window, or change the state.
    fn admit_exactly(&self, lane: Lane, now: Time) -> Admission {
        let at = Moment { now, luck: || self.luck };
        self.exactly(|machine| match machine.arrive(&self.rules, at) {
            (Ok(()), transition) => {
                let phase = machine.phase();
                if phase.is_closed() {
                    self.totals.add(lane);
                }
                Admission::Pass(Ticket::new(phase, now), transition)
            }
            (Err(left), transition) => Admission::Refuse(left, transition),
        })
    }

    /// An outcome that is no success, or one that is late, or at a time at which successes count.
    #[inline(never)]
    fn settle_with_care(
        &self,
        ticket: Ticket,
        outcome: Outcome,
        now: impl FnOnce() -> Time,
    ) -> Option<Transition> {
        let mut now = asked_once(now);
        let mark = self.rules.mark(&ticket, outcome, &mut now);
        if mark.is_none() && ticket.phase.is_closed() || self.phase() != ticket.phase {
            return None;
        }
        self.exactly(|machine| machine.settle(ticket.phase, mark, &self.rules, || self.luck, now))
    }

    // ===== the machine and its gate =====

    /// The machine, told what has passed. For the gate that changes nothing: what it says of sums stays true.
    #[inline]
    fn told(&self) -> MutexGuard<'_, Exact> {
        let mut exact = self.lock();
        let sum = self.totals.sum();
        let passed = sum.wrapping_sub(exact.told);
        exact.told = sum;
        exact.machine.passed(passed);
        exact
    }

    /// Takes a step, after which the gate is told what the machine has come to.
    fn exactly<T>(&self, step: impl FnOnce(&mut Machine) -> T) -> T {
        let mut exact = self.told();
        let came_to = step(&mut exact.machine);
        self.publish(&exact);
        came_to
    }

    #[inline]
    fn publish(&self, Exact { machine, told }: &Exact) {
        let gate = &self.gate;
        let edge = machine.edge().as_nanos();
        let short = machine.short_of_minimum(&self.rules);
        let look_from = match short {
            _ if !self.rules.arrivals_turn => NEVER,
            Some(_) => 0,
            None => edge,
        };
        gate.edge.store(edge, Ordering::Relaxed);
        gate.look_from.store(look_from, Ordering::Relaxed);
        gate.crossing.store(short.map_or(NEVER, |short| told + short), Ordering::Relaxed);
        gate.heeds_good.store(machine.heeds_good().into(), Ordering::Relaxed);
        match machine.phase().kind() {
            Kind::Open if machine.phase().is_held() => {}
            Kind::Open => gate.open_until.store(edge, Ordering::Release),
            Kind::HalfOpen => {
                gate.full_until.store(machine.full_until(&self.rules).as_nanos(), Ordering::Release);
            }
            Kind::Closed => {}
        }
        gate.phase.store(machine.phase().word(), Ordering::Release);
    }

    #[inline(always)]
    fn phase(&self) -> Phase {
        Phase::of(self.gate.phase.load(Ordering::Acquire))
    }

    fn lock(&self) -> MutexGuard<'_, Exact> {
        // Nothing panics under this lock; if it did, whole counts are still counts.
        self.exact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
