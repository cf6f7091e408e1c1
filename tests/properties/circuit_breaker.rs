//! The breaker against a naive model of it, which counts everything at every step and has one thread.

use proptest::{collection::vec, prelude::*};

use self::{
    model::{Ending, MS, State},
    rules::{probes, rules},
    steps::{Play, step},
};

mod counting;
mod model;
mod rules;
mod steps;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Which includes that never more probes are under way than have a place, that a result of an earlier state changes
    /// nothing, and that chance keeps within its bounds.
    #[test]
    fn any_sequence_of_calls_and_waits_leaves_the_breaker_as_the_model(
        rules in rules(),
        luck in any::<u64>(),
        looks in any::<bool>(),
        steps in vec(step(), 1..120),
    ) {
        let mut play = Play::new(&rules, luck, looks);
        for step in &steps {
            play.step(step)?;
        }
        play.look()?;
    }

    #[test]
    fn a_circuit_does_not_stay_half_open_while_requests_come_and_their_answers_mean_something(
        mut rules in rules(),
        probes in probes(),
        endings in vec(proptest::option::of(prop_oneof![Just(Ending::Good), Just(Ending::Bad)]), 1..6),
    ) {
        rules.error_amount = Some(1);
        rules.probes = Some(probes);
        let mut play = Play::new(&rules, 0, false);
        play.arrive(0)?;
        play.settle(0, Ending::Bad)?;
        play.now += rules.open_for * MS;
        play.arrive(0)?;
        let is_half_open = matches!(play.model.state, State::HalfOpen { .. });
        prop_assert!(is_half_open);
        let (phase, until) = (play.model.phase, play.now + probes.deadline * MS);
        // Some answer, some hang.
        for ending in endings.iter().cycle() {
            if play.now > until || play.model.phase != phase {
                break;
            }
            if let Some(ending) = ending {
                play.settle(0, *ending)?;
            }
            play.now += MS;
            play.arrive(0)?;
        }
        prop_assert!(play.model.phase != phase, "still half-open after its time");
        play.look()?;
    }
}
