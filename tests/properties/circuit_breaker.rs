//! The breaker against a naive model of itself, which counts everything at every step and has one thread.

use std::time::Duration;

use proptest::prelude::*;
use tower_mesh::policy::{
    Failure, Lane, Outcome, Time,
    circuit_breaker::{Abandoned, Admission, Circuit, Counts, Settings, State, Ticket, Transition},
};

#[derive(Debug, Clone)]
struct Rules {
    window: u64,
    open_for: u64,
    slow_time: u64,
    minimum: u32,
    error_amount: Option<u32>,
    slow_amount: Option<u32>,
    // In thousandths.
    error_ratio: Option<u32>,
    slow_ratio: Option<u32>,
    abandoned: Abandoned,
}

impl Rules {
    fn settings(&self) -> Settings {
        let ms = Duration::from_millis;
        let mut settings = Settings::builder()
            .window(ms(self.window))
            .open_for(ms(self.open_for))
            .slow_time(ms(self.slow_time))
            .minimum_requests(self.minimum)
            .abandoned(self.abandoned);
        if let Some(amount) = self.error_amount {
            settings = settings.error_amount(amount);
        }
        if let Some(amount) = self.slow_amount {
            settings = settings.slow_amount(amount);
        }
        if let Some(ratio) = self.error_ratio {
            settings = settings.error_ratio(f64::from(ratio) / 1000.0);
        }
        if let Some(ratio) = self.slow_ratio {
            settings = settings.slow_ratio(f64::from(ratio) / 1000.0);
        }
        settings.build().expect("these mean something")
    }
}

/// The model: what `docs/semantics.md` says, step by step.
#[derive(Debug)]
struct Model {
    rules: Rules,
    open_until: Option<u64>,
    period: u64,
    window: Option<u64>,
    total: u64,
    error: u64,
    slow: u64,
}

impl Model {
    fn clear(&mut self) {
        (self.total, self.error, self.slow) = (0, 0, 0);
    }

    fn turn(&mut self, now: u64) {
        match self.window {
            Some(start) if now - start < self.rules.window => {}
            Some(_) => {
                self.clear();
                self.window = Some(now);
            }
            None => self.window = Some(now),
        }
    }

    fn ratio_reached(&self) -> bool {
        let reached = |ratio: Option<u32>, bad: u64| {
            ratio.is_some_and(|ratio| bad.min(self.total) * 1000 >= u64::from(ratio) * self.total)
        };
        self.total >= u64::from(self.rules.minimum)
            && (reached(self.rules.error_ratio, self.error) || reached(self.rules.slow_ratio, self.slow))
    }

    fn open(&mut self, now: u64) {
        self.open_until = Some(now + self.rules.open_for);
        self.period += 1;
    }

    /// Whether the request passes.
    fn arrive(&mut self, now: u64) -> bool {
        if let Some(until) = self.open_until {
            if now < until {
                return false;
            }
            self.open_until = None;
            self.window = None;
            self.period += 1;
            self.clear();
        }
        if self.rules.error_ratio.is_some() || self.rules.slow_ratio.is_some() {
            self.turn(now);
            if self.ratio_reached() {
                self.open(now);
                return false;
            }
        }
        self.total += 1;
        true
    }

    /// Whether this opens the circuit.
    fn settle(&mut self, period: u64, ending: Ending, took: u64, now: u64) -> bool {
        let (failed, timed) = match (ending, self.rules.abandoned) {
            (Ending::Good, _) => (false, true),
            (Ending::Bad, _) | (Ending::Gone, Abandoned::Failure) => (true, true),
            (Ending::Gone, Abandoned::Slow) => (false, true),
            (Ending::Gone | Ending::Ours, _) => (false, false),
        };
        let rules = &self.rules;
        let error = failed && (rules.error_amount.is_some() || rules.error_ratio.is_some());
        let slow =
            timed && (rules.slow_amount.is_some() || rules.slow_ratio.is_some()) && took >= rules.slow_time;
        if period != self.period || !(error || slow) {
            return false;
        }
        self.turn(now);
        self.error += u64::from(error);
        self.slow += u64::from(slow);
        let amount = |amount: Option<u32>, bad| amount.is_some_and(|amount| bad >= u64::from(amount));
        let opens = amount(self.rules.error_amount, self.error)
            || amount(self.rules.slow_amount, self.slow)
            || self.ratio_reached();
        if opens {
            self.open(now);
        }
        opens
    }
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Good,
    Bad,
    Gone,
    Ours,
}

#[derive(Debug, Clone)]
enum Step {
    Arrive { lane: usize },
    Settle { which: usize, ending: Ending },
    Wait { ms: u64 },
}

fn rules() -> impl Strategy<Value = Rules> {
    let amount = || proptest::option::of(1u32..8);
    let ratio = || proptest::option::of(1u32..=1000);
    let abandoned = prop_oneof![Just(Abandoned::Neutral), Just(Abandoned::Failure), Just(Abandoned::Slow)];
    (1u64..60, 1u64..60, 1u64..20, 1u32..12, amount(), amount(), ratio(), ratio(), abandoned).prop_map(
        |(
            window,
            open_for,
            slow_time,
            minimum,
            error_amount,
            slow_amount,
            error_ratio,
            slow_ratio,
            abandoned,
        )| Rules {
            window,
            open_for,
            slow_time,
            minimum,
            error_amount,
            slow_amount,
            error_ratio,
            slow_ratio,
            abandoned,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        3 => Just(Ending::Good),
        3 => Just(Ending::Bad),
        1 => Just(Ending::Gone),
        1 => Just(Ending::Ours),
    ];
    prop_oneof![
        4 => (0usize..9).prop_map(|lane| Step::Arrive { lane }),
        4 => (any::<usize>(), ending).prop_map(|(which, ending)| Step::Settle { which, ending }),
        1 => (0u64..25).prop_map(|ms| Step::Wait { ms }),
    ]
}

fn play(rules: &Rules, steps: &[Step]) -> Result<(), TestCaseError> {
    let circuit = Circuit::new(rules.settings(), 4);
    let mut model = Model {
        rules: rules.clone(),
        open_until: None,
        period: 0,
        window: None,
        total: 0,
        error: 0,
        slow: 0,
    };
    let mut flying: Vec<(Ticket, u64, u64)> = Vec::new();
    let (start, mut now) = (1_000, 0);
    let at = |now: u64| Time::from_nanos((start + now) * 1_000_000);

    for step in steps {
        match *step {
            Step::Wait { ms } => now += ms,
            Step::Arrive { lane } => {
                let passes = model.arrive(now);
                match circuit.admit(Lane::new(lane), || at(now)) {
                    Admission::Pass(ticket, _) => {
                        prop_assert!(passes, "passed, though the model refuses");
                        flying.push((ticket, model.period, now));
                    }
                    Admission::Refuse(wait, _) => {
                        prop_assert!(!passes, "refused, though the model lets it pass");
                        let left = model.open_until.map(|until| Duration::from_millis(until - now));
                        prop_assert_eq!(Some(wait), left);
                    }
                }
            }
            Step::Settle { which, ending } if !flying.is_empty() => {
                let (ticket, period, started) = flying.swap_remove(which % flying.len());
                let opens = model.settle(period, ending, now - started, now);
                let outcome = match ending {
                    Ending::Good => Outcome::Success,
                    Ending::Bad => Outcome::Failure(Failure::Transport),
                    Ending::Gone => Outcome::Abandoned,
                    Ending::Ours => Outcome::Local,
                };
                let transition = circuit.settle(ticket, outcome, || at(now));
                prop_assert_eq!(matches!(transition, Some(Transition::Opened(_))), opens);
            }
            Step::Settle { .. } => {}
        }
        let open = model.open_until.is_some_and(|until| now < until);
        prop_assert_eq!(circuit.state(at(now)) != State::Closed, open);
        let Counts { total, slow, error, .. } = circuit.counts();
        prop_assert_eq!((total, slow, error), (model.total, model.slow, model.error));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_and_waits_leaves_the_breaker_as_the_model(
        rules in rules(),
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        play(&rules, &steps)?;
    }
}
