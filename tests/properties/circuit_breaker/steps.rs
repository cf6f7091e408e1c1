//! The breaker and its model, led through the same steps.

use std::time::Duration;

use proptest::prelude::*;
use tower_mesh::policy::{
    Draw, Failure, Lane, Outcome, Time,
    circuit_breaker::{self as breaker, Admission, Circuit, Counts, Ticket, Transition},
};

use super::{
    counting::name,
    model::{Change, Ended, Ending, MS, Model, Probe, State, number},
    rules::Rules,
};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Arrive { lane: usize },
    Settle { which: usize, ending: Ending },
    Head { which: usize },
    Wait { ms: u64 },
    Force(Hand),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Hand {
    Open,
    Closed,
    Reset,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        3 => Just(Ending::Good),
        3 => Just(Ending::Bad),
        1 => Just(Ending::Gone),
        1 => Just(Ending::Ours),
    ];
    let hand = prop_oneof![1 => Just(Hand::Open), 1 => Just(Hand::Closed), 3 => Just(Hand::Reset)];
    prop_oneof![
        40 => (0usize..9).prop_map(|lane| Step::Arrive { lane }),
        40 => (any::<usize>(), ending).prop_map(|(which, ending)| Step::Settle { which, ending }),
        4 => any::<usize>().prop_map(|which| Step::Head { which }),
        14 => (0u64..25).prop_map(|ms| Step::Wait { ms }),
        2 => (25u64..400).prop_map(|ms| Step::Wait { ms }),
        1 => hand.prop_map(Step::Force),
    ]
}

/// A request that passed: in which state, and as which of its probes.
#[derive(Debug)]
struct Flying {
    ticket: Ticket,
    phase: usize,
    probe: usize,
    began: u64,
    head: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Play {
    circuit: Circuit,
    pub(crate) model: Model,
    flying: Vec<Flying>,
    pub(crate) now: u64,
    /// Whether somebody looks on: who looks makes the machine count what has passed, which must change nothing.
    looks: bool,
}

type Verdict = Result<(), TestCaseError>;

/// Not at zero: a policy must not take the clock's base for "unset".
fn time(now: u64) -> Time {
    Time::from_nanos(1_000 * MS + now)
}

fn tuple(counts: Counts) -> (u64, u64, u64, u64) {
    (counts.total, counts.slow, counts.error, counts.in_a_row)
}

impl Play {
    pub(crate) fn new(rules: &Rules, luck: u64, looks: bool) -> Self {
        Self {
            circuit: Circuit::new(rules.settings(), 4).drawing(Draw::new(luck)),
            model: Model::new(rules.clone()),
            flying: Vec::new(),
            now: 0,
            looks,
        }
    }

    pub(crate) fn step(&mut self, step: &Step) -> Verdict {
        match *step {
            Step::Wait { ms } => self.now += ms * MS,
            Step::Arrive { lane } => self.arrive(lane)?,
            Step::Head { which } => self.head(which),
            Step::Settle { which, ending } => self.settle(which, ending)?,
            Step::Force(hand) => self.force(hand)?,
        }
        if self.looks { self.look() } else { Ok(()) }
    }

    pub(crate) fn arrive(&mut self, lane: usize) -> Verdict {
        let since = self.model.since;
        let (passes, due) = self.model.arrive(self.now);
        match self.circuit.admit(Lane::new(lane), || time(self.now)) {
            Admission::Pass(ticket, transition) => {
                prop_assert!(passes, "passed, though the model refuses");
                self.same(transition, due, since)?;
                let (phase, began) = (self.model.phase, self.now);
                let probe = match &self.model.state {
                    State::HalfOpen { probes, .. } => probes.len() - 1,
                    _ => 0,
                };
                self.flying.push(Flying { ticket, phase, probe, began, head: None });
                self.no_more_probes_than_there_are_places()
            }
            Admission::Refuse(wait, transition) => {
                prop_assert!(!passes, "refused, though the model lets it pass");
                self.same(transition, due, since)?;
                let left = if let State::Open { until } = self.model.state { until - self.now } else { 0 };
                prop_assert_eq!(wait, Duration::from_nanos(left));
                Ok(())
            }
        }
    }

    fn head(&mut self, which: usize) {
        if !self.flying.is_empty() {
            let which = which % self.flying.len();
            let call = &mut self.flying[which];
            if call.head.is_none() {
                call.ticket = self.circuit.answered(call.ticket, || time(self.now));
                call.head = Some(self.now - call.began);
            }
        }
    }

    pub(crate) fn settle(&mut self, which: usize, ending: Ending) -> Verdict {
        if self.flying.is_empty() {
            return Ok(());
        }
        let call = self.flying.swap_remove(which % self.flying.len());
        let age = self.now - call.began;
        let ended = Ended { ending, head: call.head.unwrap_or(age), age };
        let outcome = match ending {
            Ending::Good => Outcome::Success,
            Ending::Bad => Outcome::Failure(Failure::Transport),
            Ending::Gone => Outcome::Abandoned,
            Ending::Ours => Outcome::Local,
        };
        if call.phase != self.model.phase {
            let before = self.looks.then(|| self.circuit.status(time(self.now)));
            prop_assert_eq!(self.circuit.settle(call.ticket, outcome, || time(self.now)), None);
            prop_assert_eq!(self.looks.then(|| self.circuit.status(time(self.now))), before);
            return Ok(());
        }
        let since = self.model.since;
        let due = self.model.settle(call.probe, ended, self.now);
        let transition = self.circuit.settle(call.ticket, outcome, || time(self.now));
        self.same(transition, due, since)
    }

    fn force(&mut self, hand: Hand) -> Verdict {
        let (now, counts) = (time(self.now), self.model.counts());
        let (forced, told) = match hand {
            Hand::Open => {
                self.model.force_open(self.now);
                let Transition::ForcedOpen(told) = self.circuit.force_open(now) else {
                    return Err(TestCaseError::fail("forced open, and told something else"));
                };
                prop_assert_eq!(tuple(told), counts);
                return Ok(());
            }
            Hand::Closed => {
                self.model.force_closed(self.now);
                (Transition::ForcedClosed, self.circuit.force_closed(now))
            }
            Hand::Reset => {
                self.model.reset(self.now);
                (Transition::Reset, self.circuit.reset(now))
            }
        };
        prop_assert_eq!(told, forced);
        Ok(())
    }

    /// Whether what was told is what was due. How long it will be open is what chance may choose within its bounds;
    /// the model goes on with that.
    fn same(&mut self, told: Option<Transition>, due: Option<Change>, since: Option<u64>) -> Verdict {
        let lasted = Duration::from_nanos(self.now - since.unwrap_or(0));
        match (told, due) {
            (None, None) => {}
            (Some(Transition::Closed(told)), Some(Change::Closed(cause))) => {
                prop_assert_eq!((told.cause, told.after), (cause, lasted));
            }
            (Some(Transition::HalfOpened(told)), Some(Change::HalfOpened)) => {
                prop_assert_eq!(told.after, lasted);
            }
            (Some(Transition::Opened(told)), Some(Change::Opened(cause, reached))) => {
                // Nothing is forgotten by opening; it includes what tipped it.
                prop_assert_eq!((told.cause, tuple(told.counts)), (cause, self.model.counts()));
                match &told.trip {
                    None => prop_assert!(reached.is_empty()),
                    Some(trip) => prop_assert!(reached.contains(&name(trip)), "{trip} of {reached:?}"),
                }
                let drawn = told.until.since(time(self.now)).as_nanos() as u64;
                let whole = self.model.whole();
                let least = whole - whole * u64::from(self.model.rules.jitter.unwrap_or(0)) / 1000;
                prop_assert!((least..=whole).contains(&drawn), "{drawn} is not within {least} and {whole}");
                let most = self.model.rules.growth.map_or(1, |(_, times)| times);
                prop_assert!(drawn <= self.model.rules.open_for * most * MS, "longer than the most");
                self.model.state = State::Open { until: self.now + drawn };
            }
            (told, due) => prop_assert!(false, "told {told:?}, and due was {due:?}"),
        }
        Ok(())
    }

    fn no_more_probes_than_there_are_places(&self) -> Verdict {
        if let (State::HalfOpen { probes, .. }, Some(rules)) = (&self.model.state, self.model.rules.probes) {
            let flying = self.flying.iter().filter(|call| call.phase == self.model.phase).count();
            prop_assert!(flying <= rules.concurrent as usize, "{flying} probes under way");
            prop_assert_eq!(flying as u32, number(probes, Probe::UnderWay));
        }
        Ok(())
    }

    /// What one sees who looks on.
    pub(crate) fn look(&self) -> Verdict {
        let (now, model) = (self.now, &self.model);
        let half_opens = model.rules.probes.is_some();
        let (state, since, counts) = match model.state {
            State::Closed { held: false } => (breaker::State::Closed, model.since, model.counts()),
            State::Closed { held: true } => (breaker::State::ForcedClosed, model.since, model.counts()),
            State::ForcedOpen => (breaker::State::ForcedOpen, model.since, model.counts()),
            State::HalfOpen { .. } => (breaker::State::HalfOpen, model.since, model.counts()),
            State::Open { until } if now < until => {
                (breaker::State::Open { until: time(until) }, model.since, model.counts())
            }
            State::Open { until } if half_opens => (breaker::State::HalfOpen, Some(until), model.counts()),
            State::Open { until } => (breaker::State::Closed, Some(until), (0, 0, 0, 0)),
        };
        prop_assert_eq!(self.circuit.state(time(now)), state);
        let seen = self.circuit.status(time(now));
        prop_assert_eq!((seen.state, seen.since, tuple(seen.counts)), (state, since.map(time), counts));
        Ok(())
    }
}
