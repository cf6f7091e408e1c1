//! Limits under any sequence of arrivals, ends and departures: as a plain queue would have it.

use std::{collections::VecDeque, task::Waker};

use proptest::prelude::*;
use tower_mesh::policy::limits::{Admission, Limits, Overflow, Settings, Turn};

#[derive(Debug, Clone)]
enum Step {
    Arrive,
    /// One of those in flight ends.
    End,
    /// One of those that wait, or whose turn has come and who do not know it, goes away.
    Leave(prop::sample::Index),
    /// One of them asks.
    Ask(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Arrive),
        2 => Just(Step::End),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        1 => any::<prop::sample::Index>().prop_map(Step::Ask),
    ]
}

/// What should be: who waits, in order; and how many are in flight.
struct Model {
    most: u32,
    queue: Option<u32>,
    active: u32,
    line: VecDeque<u32>,
    overflow: (u64, u64),
}

impl Model {
    fn free_one(&mut self) {
        if self.line.pop_front().is_none() {
            self.active -= 1;
        }
    }
}

fn play(settings: &Settings, steps: &[Step]) -> Result<(), TestCaseError> {
    let limits = Limits::new(settings);
    let most = settings.most().unwrap_or(u32::MAX);
    let mut model =
        Model { most, queue: settings.queue(), active: 0, line: VecDeque::new(), overflow: (0, 0) };
    // Those who hold a turn, by number of arrival; how many are in flight and know it.
    let (mut turns, mut known) = (Vec::<(u32, Turn)>::new(), 0_u32);
    for (number, step) in (0_u32..).zip(steps) {
        match step {
            Step::Arrive => match limits.admit() {
                Admission::Pass => {
                    prop_assert!(model.active < model.most && model.line.is_empty(), "it passed too early");
                    (model.active, known) = (model.active + 1, known + 1);
                }
                Admission::Wait(turn) => {
                    prop_assert_eq!(model.active, model.most, "it waits, and there is room");
                    prop_assert!(model.queue.is_some_and(|queue| (model.line.len() as u32) < queue));
                    model.line.push_back(number);
                    turns.push((number, turn));
                }
                Admission::Refuse(overflow) => {
                    prop_assert_eq!(model.active, model.most);
                    match (overflow, model.queue) {
                        (Overflow::Pending, Some(queue)) => {
                            prop_assert_eq!(model.line.len() as u32, queue);
                            model.overflow.0 += 1;
                        }
                        (Overflow::Requests, None) => model.overflow.1 += 1,
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
            },
            Step::End if known > 0 => {
                known -= 1;
                model.free_one();
                drop(limits.release());
            }
            Step::Leave(index) if !turns.is_empty() => {
                let (number, turn) = turns.swap_remove(index.index(turns.len()));
                match model.line.iter().position(|other| *other == number) {
                    Some(place) => drop(model.line.remove(place)),
                    None => model.free_one(),
                }
                drop(limits.leave(turn));
            }
            Step::Ask(index) if !turns.is_empty() => {
                let index = index.index(turns.len());
                let up = limits.is_up(&turns[index].1, Waker::noop());
                prop_assert_eq!(up, !model.line.contains(&turns[index].0), "out of turn");
                if up {
                    drop(turns.swap_remove(index));
                    known += 1;
                }
            }
            _ => {}
        }
        prop_assert_eq!((limits.active(), limits.waiting()), (model.active, model.line.len() as u32));
        prop_assert!(limits.active() <= model.most);
        prop_assert_eq!((limits.pending_overflow(), limits.request_overflow()), model.overflow);
    }
    // All go, and nothing is left.
    turns.into_iter().for_each(|(_, turn)| drop(limits.leave(turn)));
    (0..known).for_each(|_| drop(limits.release()));
    prop_assert_eq!((limits.active(), limits.waiting()), (0, 0));
    Ok(())
}

proptest! {
    #[test]
    fn a_queue_is_fair_exact_and_loses_nothing(
        most in 1_u32..5,
        pending in prop::option::of(0_u32..5),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let settings = Settings::builder().connections(most);
        let settings = pending.into_iter().fold(settings, |settings, pending| settings.pending(pending));
        play(&settings.build().expect("settings"), &steps)?;
    }

    #[test]
    fn without_a_queue_nobody_waits(most in 1_u32..5, steps in prop::collection::vec(step(), 0..200)) {
        play(&Settings::builder().requests(most).build().expect("settings"), &steps)?;
    }
}
