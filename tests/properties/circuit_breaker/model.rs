//! What the documentation says, step by step: it remembers whatever happened, and counts it again each time it is asked.

use tower_mesh::policy::circuit_breaker::Cause;

use super::{
    counting::Mark,
    rules::{Over, Probes, Rules, Verdict},
};

pub(crate) const MS: u64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) rules: Rules,
    pub(crate) state: State,
    /// The number of this state, and when it began.
    pub(crate) phase: usize,
    pub(crate) since: Option<u64>,
    /// Of the present closed state, or of the last one: in which span requests came.
    pub(super) arrivals: Vec<u64>,
    /// And what was answered, in which span.
    pub(super) answers: Vec<(Mark, u64)>,
    /// When the spans began to be counted, and the latest that is known.
    pub(super) begun: Option<u64>,
    pub(super) span: u64,
    /// Since it was new, or as if it were.
    story: Vec<(u64, Turn)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Closed { held: bool },
    Open { until: u64 },
    ForcedOpen,
    HalfOpen { until: u64, probes: Vec<Probe> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    UnderWay,
    Good,
    Bad,
    Neither,
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    Opened,
    ClosedStraight,
    ClosedByProbes,
}

/// A change that is due, and what may be named as its reason.
#[derive(Debug)]
pub(crate) enum Change {
    Opened(Cause, Vec<&'static str>),
    HalfOpened,
    Closed(Cause),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Good,
    Bad,
    Gone,
    Ours,
}

/// How a call ended, and how long it had taken: to its head, and altogether.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    pub(crate) head: u64,
    pub(crate) age: u64,
}

impl Model {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Closed { held: false },
            phase: 0,
            since: None,
            arrivals: Vec::new(),
            answers: Vec::new(),
            begun: None,
            span: 0,
            story: Vec::new(),
        }
    }

    // ===== what happens =====

    /// Whether the request passes, and what it found to be due.
    pub(crate) fn arrive(&mut self, now: u64) -> (bool, Option<Change>) {
        let due = match (&self.state, self.rules.probes) {
            (State::Open { until }, None) if now >= *until => Some(self.close(Cause::Check, now)),
            (State::Open { until }, Some(rules)) if now >= *until => {
                let (since, until) = (*until, now + rules.deadline * MS);
                self.enter(State::HalfOpen { until, probes: Vec::new() }, since);
                Some(Change::HalfOpened)
            }
            (State::HalfOpen { until, .. }, Some(rules)) if now >= *until => self.decide(rules, now),
            _ => None,
        };
        let judges = self.rules.error_ratio.is_some() || self.rules.slow_ratio.is_some();
        match (&mut self.state, self.rules.probes) {
            (State::Closed { held }, _) => {
                let held = *held;
                if judges && !matches!(self.rules.over, Over::LastCalls(_)) {
                    self.turn(now);
                    let reached = self.ratios_reached();
                    if !held && !reached.is_empty() {
                        return (false, Some(self.open(Cause::Check, reached, now)));
                    }
                }
                self.arrivals.push(self.span);
                (true, due)
            }
            (State::HalfOpen { probes, .. }, Some(rules)) => {
                let passes = number(probes, Probe::UnderWay) < rules.concurrent;
                probes.extend(passes.then_some(Probe::UnderWay));
                (passes, due)
            }
            (State::HalfOpen { .. } | State::Open { .. } | State::ForcedOpen, _) => (false, due),
        }
    }

    /// A request of this phase is settled; a probe is known by its place.
    pub(crate) fn settle(&mut self, probe: usize, ended: Ended, now: u64) -> Option<Change> {
        let mark = self.mark(ended);
        let judges = self.rules.error_ratio.is_some() || self.rules.slow_ratio.is_some();
        match (&mut self.state, self.rules.probes) {
            (State::Closed { held }, _) => {
                let (held, mark) = (*held, mark?);
                let is_judged = mark.error || mark.slow || matches!(self.rules.over, Over::LastCalls(_));
                // Where arrivals do not look at the window, who finds it over is in the new one.
                if is_judged && self.turn(now) && !judges {
                    self.arrivals.push(self.span);
                }
                self.answers.push((mark, self.span));
                let reached = if is_judged && !held { self.reached() } else { Vec::new() };
                (!reached.is_empty()).then(|| self.open(Cause::Report, reached, now))
            }
            (State::HalfOpen { until, .. }, Some(rules)) if now >= *until => self.decide(rules, now),
            (State::HalfOpen { probes, .. }, Some(Probes { verdict, .. })) => {
                probes[probe] = match mark {
                    None => Probe::Neither,
                    Some(Mark { success: true, slow: false, .. }) => Probe::Good,
                    Some(_) => Probe::Bad,
                };
                let (good, bad) = (number(probes, Probe::Good), number(probes, Probe::Bad));
                let (closes, opens) = match verdict {
                    Verdict::Count { good: enough, bad: many } => (good >= enough, bad >= many),
                    // Were all others bad: would it still be too few?
                    Verdict::Ratio { of, bad: share } => {
                        (good > of || (of - good) * 1000 < share * of, bad * 1000 >= share * of)
                    }
                };
                match (opens, closes) {
                    (true, _) => Some(self.open(Cause::Probe, Vec::new(), now)),
                    (false, true) => Some(self.close(Cause::Probe, now)),
                    (false, false) => None,
                }
            }
            _ => None,
        }
    }

    /// The probes' time is over.
    fn decide(&mut self, rules: Probes, now: u64) -> Option<Change> {
        let State::HalfOpen { until, probes } = &mut self.state else {
            unreachable!("asked of probes alone")
        };
        let good = number(probes, Probe::Good);
        let bad = number(probes, Probe::Bad) + number(probes, Probe::UnderWay);
        if good + bad == 0 {
            *until = now + rules.deadline * MS;
            return None;
        }
        let opens = match rules.verdict {
            // Whichever is nearer to its number.
            Verdict::Count { good: enough, bad: many } => bad * enough >= good * many,
            Verdict::Ratio { bad: share, .. } => bad * 1000 >= share * (good + bad),
        };
        Some(if opens {
            self.open(Cause::Deadline, Vec::new(), now)
        } else {
            self.close(Cause::Deadline, now)
        })
    }

    // ===== from state to state =====

    fn open(&mut self, cause: Cause, reached: Vec<&'static str>, now: u64) -> Change {
        self.story.push((now, Turn::Opened));
        let until = now + self.whole();
        self.enter(State::Open { until }, now);
        Change::Opened(cause, reached)
    }

    fn close(&mut self, cause: Cause, now: u64) -> Change {
        let (since, turn) = match self.state {
            State::Open { until } => (until, Turn::ClosedStraight),
            _ => (now, Turn::ClosedByProbes),
        };
        self.story.push((since, turn));
        self.begin_anew(false, since);
        Change::Closed(cause)
    }

    pub(crate) fn force_open(&mut self, now: u64) {
        self.enter(State::ForcedOpen, now);
    }

    pub(crate) fn force_closed(&mut self, now: u64) {
        self.begin_anew(true, now);
    }

    pub(crate) fn reset(&mut self, now: u64) {
        self.story.clear();
        self.begin_anew(false, now);
    }

    fn begin_anew(&mut self, held: bool, now: u64) {
        self.enter(State::Closed { held }, now);
        (self.arrivals, self.answers) = (Vec::new(), Vec::new());
        (self.begun, self.span) = (None, 0);
    }

    fn enter(&mut self, state: State, now: u64) {
        self.state = state;
        self.phase += 1;
        self.since = Some(now);
    }

    /// How long the last opening lasts, without chance.
    pub(crate) fn whole(&self) -> u64 {
        let first = self.rules.open_for * MS;
        let longer = |time: u64| match self.rules.growth {
            None => time,
            Some((factor, times)) => (time * u64::from(factor) / 1000).min(first * times),
        };
        let (mut last, mut closed) = (None, None);
        for (at, turn) in &self.story {
            match turn {
                Turn::Opened => {
                    let was_calm = closed.zip(last).is_some_and(|(closed, last)| at - closed >= last);
                    last = Some(last.filter(|_| !was_calm).map_or(first, longer));
                }
                Turn::ClosedStraight => closed = Some(*at),
                Turn::ClosedByProbes => (last, closed) = (None, None),
            }
        }
        last.unwrap_or(first)
    }
}

pub(crate) fn number(probes: &[Probe], like: Probe) -> u32 {
    probes.iter().filter(|probe| **probe == like).count() as u32
}
