//! osm-edge's circuit breaker: counts and ratios over a window, then a degraded reply for a while.
//!
//! A service that fails, or answers late, should be left alone: to recover, and so that its callers do not queue up
//! behind it. The breaker counts bad responses over a window; when an amount or a ratio is reached the circuit opens,
//! and every request is refused on the spot for exactly the time that was set. Then it closes straight, with all
//! counters at zero.
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::policy::{Failure, Lane, Outcome, Time};
//! use tower_mesh::policy::circuit_breaker::{Admission, Circuit, Settings};
//!
//! let settings = Settings::builder().error_amount(1).open_for(Duration::from_secs(60)).build()?;
//! let (breaker, lane) = (Circuit::new(settings, 1), Lane::new(0));
//! let at = |seconds: u64| move || Time::from_nanos(seconds * 1_000_000_000);
//!
//! let Admission::Pass(ticket, _) = breaker.admit(lane, at(0)) else { panic!("a new circuit is closed") };
//! breaker.settle(ticket, Outcome::Failure(Failure::Status(500)), at(1));
//! assert!(matches!(breaker.admit(lane, at(60)), Admission::Refuse(..)));
//! assert!(matches!(breaker.admit(lane, at(61)), Admission::Pass(..)));
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! # How it counts
//!
//! Requests are many and mostly good, so they must not meet: a request adds one to its thread's lane and reads a line
//! that hardly ever changes. Bad responses, turns of a window and changes of state are few; they happen one at a time,
//! under a short lock, which makes them exact. Sequential calls are therefore counted exactly, and concurrent ones can
//! overshoot a threshold only by those that were already in flight.
//!
//! A ratio is judged at every bad response, and once at the arrival that finds the window's requests to have reached
//! the minimum: no other arrival can raise it.

mod invalid;
mod rules;
mod settings;
mod transition;

use std::time::Duration;

pub use invalid::{Field, SettingsError};
pub(crate) use settings::DEFAULT_CONTENT;
pub use settings::{Abandoned, GrpcReply, Recovery, Reply, Settings, SettingsBuilder, Trip, Window};
pub use transition::{Cause, Closed, Counts, Opened, Transition};

use self::rules::Rules;
use super::{Fraction, Lane, Lanes, Outcome, Time};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// Later than any time, and more than any sum.
const NEVER: u64 = u64::MAX;

/// One circuit: shared by all that go through it, from any thread.
#[derive(Debug)]
pub struct Circuit {
    settings: Settings,
    rules: Rules,
    gate: Gate,
    tally: Mutex<Tally>,
    totals: Lanes,
}

/// What every arrival reads; written only under the lock, at turns and transitions.
#[derive(Debug)]
#[repr(align(128))]
struct Gate {
    /// Counts the transitions: even while closed, odd while open.
    generation: AtomicU64,
    /// While open: when that ends.
    until: AtomicU64,
    /// From when on an arrival looks closer: when the window ends, at once, or [`NEVER`].
    look_from: AtomicU64,
    /// While closed: when the window ends, in nanoseconds; 0 before it has begun.
    window_end: AtomicU64,
    /// The sum of the lanes at which an arrival has to judge the ratios, or [`NEVER`].
    crossing: AtomicU64,
}

/// What is counted one at a time.
#[derive(Debug, Default)]
struct Tally {
    /// When the window began, or, while open, when the circuit opened.
    since: Time,
    /// The sum of the lanes when the counters were last at zero.
    base: u64,
    slow: u64,
    error: u64,
}

/// What became of a request that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// It passes, and its outcome is to be settled. The circuit may have closed just now.
    Pass(Ticket, Option<Transition>),
    /// It is refused, for at least so long. The circuit may have opened just now.
    Refuse(Duration, Option<Transition>),
}

/// A request that passed and is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    generation: u64,
    /// From when on its response is slow.
    slow_from: Time,
}

/// Whether requests pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// They pass.
    Closed,
    /// They are refused.
    Open {
        /// When that ends.
        until: Time,
    },
}

impl Circuit {
    /// A closed circuit that has counted nothing, and spreads its count of requests over so many lanes.
    #[must_use]
    pub fn new(settings: Settings, lanes: usize) -> Self {
        let rules = Rules::of(&settings);
        Self {
            settings,
            gate: Gate {
                generation: AtomicU64::new(0),
                until: AtomicU64::new(0),
                look_from: AtomicU64::new(if rules.judges_ratios { 0 } else { NEVER }),
                window_end: AtomicU64::new(0),
                crossing: AtomicU64::new(NEVER),
            },
            rules,
            tally: Mutex::new(Tally::default()),
            totals: Lanes::new(lanes),
        }
    }

    /// What it was told to do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A request arrives. `now` is asked only if a rule needs the time.
    #[inline(always)]
    pub fn admit(&self, lane: Lane, now: impl FnOnce() -> Time) -> Admission {
        let generation = self.gate.generation.load(Ordering::Acquire);
        if !is_open(generation) && !self.rules.clocked {
            self.totals.add(lane);
            return Admission::Pass(Ticket { generation, slow_from: Time::default() }, None);
        }
        let now = now();
        if is_open(generation) || now.as_nanos() >= self.gate.look_from.load(Ordering::Relaxed) {
            return self.admit_with_care(generation, lane, now);
        }
        self.totals.add(lane);
        Admission::Pass(self.ticket(generation, now), None)
    }

    /// A request that passed is settled: once. `now` is asked only if a rule needs the time.
    ///
    /// What belongs to an earlier generation of the circuit changes nothing.
    #[inline(always)]
    pub fn settle(&self, ticket: Ticket, outcome: Outcome, now: impl FnOnce() -> Time) -> Option<Transition> {
        match outcome {
            Outcome::Success if !self.rules.counts_slow => None,
            Outcome::Success => {
                let now = now();
                if now >= ticket.slow_from { self.count(ticket, false, true, now) } else { None }
            }
            outcome => self.settle_otherwise(ticket, outcome, now),
        }
    }

    /// The head of the response has come, its outcome has not: how long it took is measured here.
    #[must_use]
    pub fn answered(&self, ticket: Ticket, now: impl FnOnce() -> Time) -> Ticket {
        let slow = self.rules.counts_slow && now() >= ticket.slow_from;
        // Whenever it is settled, that will be before one and after the other.
        Ticket { slow_from: Time::from_nanos(if slow { 0 } else { u64::MAX }), ..ticket }
    }

    /// Whether requests pass at this moment.
    #[must_use]
    pub fn state(&self, now: Time) -> State {
        let open = is_open(self.gate.generation.load(Ordering::Acquire));
        let until = Time::from_nanos(self.gate.until.load(Ordering::Relaxed));
        if open && now < until { State::Open { until } } else { State::Closed }
    }

    /// What has been counted since the counters were last at zero.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counted(&self.lock())
    }

    /// What is no success.
    #[inline(never)]
    fn settle_otherwise(
        &self,
        ticket: Ticket,
        outcome: Outcome,
        now: impl FnOnce() -> Time,
    ) -> Option<Transition> {
        let failed = match (outcome, self.settings.abandoned()) {
            (Outcome::Failure(_), _) | (Outcome::Abandoned, Abandoned::Failure) => true,
            (Outcome::Abandoned, Abandoned::Slow) => false,
            _ => return None,
        };
        let error = failed && self.rules.counts_errors;
        if !(error || self.rules.counts_slow) {
            return None;
        }
        let now = now();
        let slow = self.rules.counts_slow && now >= ticket.slow_from;
        if !(error || slow) { None } else { self.count(ticket, error, slow, now) }
    }

    #[inline]
    fn ticket(&self, generation: u64, now: Time) -> Ticket {
        Ticket { generation, slow_from: Time::from_nanos(now.as_nanos() + self.rules.slow_time) }
    }

    /// An arrival that looks closer: the circuit is open, or its time over, or the window over, or its requests at the
    /// minimum.
    #[cold]
    fn admit_with_care(&self, generation: u64, lane: Lane, now: Time) -> Admission {
        if is_open(generation) {
            let left = self.time_left(now);
            return if left.is_zero() {
                self.admit_exactly(lane, now)
            } else {
                Admission::Refuse(left, None)
            };
        }
        let over = now.as_nanos() >= self.gate.window_end.load(Ordering::Relaxed);
        if over || self.totals.sum() >= self.gate.crossing.load(Ordering::Relaxed) {
            return self.admit_exactly(lane, now);
        }
        self.totals.add(lane);
        Admission::Pass(self.ticket(generation, now), None)
    }

    /// An arrival that may turn the window, or open or close the circuit.
    fn admit_exactly(&self, lane: Lane, now: Time) -> Admission {
        let mut tally = self.lock();
        let mut transition = None;
        if is_open(self.generation()) {
            let left = self.time_left(now);
            if !left.is_zero() {
                return Admission::Refuse(left, None);
            }
            transition = Some(self.close(&mut tally, now));
        }
        if self.rules.judges_ratios {
            self.turn(&mut tally, now);
            if self.gate.crossing.load(Ordering::Relaxed) != NEVER
                && let Some(trip) = self.judge_ratios(&tally)
            {
                return Admission::Refuse(
                    self.settings.open_for(),
                    Some(self.open(&mut tally, Cause::Check, trip, now)),
                );
            }
            self.guide_arrivals();
        }
        self.totals.add(lane);
        Admission::Pass(self.ticket(self.generation(), now), transition)
    }

    /// Counts a bad response and judges what it did.
    #[cold]
    fn count(&self, ticket: Ticket, error: bool, slow: bool, now: Time) -> Option<Transition> {
        if self.gate.generation.load(Ordering::Acquire) != ticket.generation {
            return None;
        }
        let mut tally = self.lock();
        if self.generation() != ticket.generation {
            return None;
        }
        self.turn(&mut tally, now);
        tally.error += u64::from(error);
        tally.slow += u64::from(slow);
        let trip = self.judge_amounts(&tally).or_else(|| self.judge_ratios(&tally));
        self.guide_arrivals();
        trip.map(|trip| self.open(&mut tally, Cause::Report, trip, now))
    }

    fn judge_amounts(&self, tally: &Tally) -> Option<Trip> {
        if tally.error >= self.rules.error_amount {
            Some(Trip::ErrorAmount(self.rules.error_amount as u32))
        } else if tally.slow >= self.rules.slow_amount {
            Some(Trip::SlowAmount(self.rules.slow_amount as u32))
        } else {
            None
        }
    }

    /// Judges the ratios if enough requests are counted; if not, has the arrival judge them that finds enough.
    fn judge_ratios(&self, tally: &Tally) -> Option<Trip> {
        if !self.rules.judges_ratios {
            return None;
        }
        let Counts { total, slow, error } = self.counted(tally);
        if total < self.rules.minimum {
            self.gate.crossing.store(tally.base + self.rules.minimum, Ordering::Relaxed);
            return None;
        }
        self.gate.crossing.store(NEVER, Ordering::Relaxed);
        // A call that outlived its window counts in the next one: more may be bad than came.
        let reached =
            |ratio: Option<Fraction>, bad: u64| ratio.filter(|r| r.reached_by(bad.min(total), total));
        reached(self.rules.error_ratio, error)
            .map(Trip::ErrorRatio)
            .or_else(|| reached(self.rules.slow_ratio, slow).map(Trip::SlowRatio))
    }

    /// Has arrivals look closer when there will be something to see.
    fn guide_arrivals(&self) {
        if self.rules.judges_ratios {
            let judging = self.gate.crossing.load(Ordering::Relaxed) != NEVER;
            let end = self.gate.window_end.load(Ordering::Relaxed);
            self.gate.look_from.store(if judging { 0 } else { end }, Ordering::Relaxed);
        }
    }

    /// Begins a window if none has begun, and the next one if it is over.
    fn turn(&self, tally: &mut Tally, now: Time) {
        let end = self.gate.window_end.load(Ordering::Relaxed);
        if now.as_nanos() < end {
            return;
        }
        if end != 0 {
            self.clear(tally);
        }
        tally.since = now;
        self.gate.window_end.store((now + self.rules.window).as_nanos(), Ordering::Relaxed);
    }

    fn open(&self, tally: &mut Tally, cause: Cause, trip: Trip, now: Time) -> Transition {
        let until = now + self.settings.open_for();
        let counts = self.counted(tally);
        let into_window = now.since(tally.since);
        tally.since = now;
        self.gate.until.store(until.as_nanos(), Ordering::Relaxed);
        self.gate.generation.store(self.generation() + 1, Ordering::Release);
        Transition::Opened(Opened { cause, trip, counts, into_window, until })
    }

    fn close(&self, tally: &mut Tally, now: Time) -> Transition {
        let after = now.since(tally.since);
        self.clear(tally);
        self.gate.window_end.store(0, Ordering::Relaxed);
        self.guide_arrivals();
        self.gate.generation.store(self.generation() + 1, Ordering::Release);
        Transition::Closed(Closed { after })
    }

    /// All counters to zero. The lanes only grow: their sum becomes the new base.
    fn clear(&self, tally: &mut Tally) {
        *tally = Tally { base: self.totals.sum(), ..Tally::default() };
        self.gate.crossing.store(NEVER, Ordering::Relaxed);
    }

    fn counted(&self, tally: &Tally) -> Counts {
        Counts { total: self.totals.sum() - tally.base, slow: tally.slow, error: tally.error }
    }

    /// How long it is still open.
    fn time_left(&self, now: Time) -> Duration {
        Time::from_nanos(self.gate.until.load(Ordering::Relaxed)).since(now)
    }

    /// The generation, to be read under the lock.
    fn generation(&self) -> u64 {
        self.gate.generation.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        // Nothing panics under this lock; if it did, whole counts are still counts.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_open(generation: u64) -> bool {
    generation % 2 == 1
}
