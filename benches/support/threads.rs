//! Two threads against one: the same calls through one layer, each thread with its own clone of the service.
//!
//! A policy that two cores share should let them make twice as many calls. Threads that happen to share a lane of ours
//! (there may be more threads than lanes) meet after all; what that costs is measured too.

use std::{
    num::NonZero,
    sync::{Arc, Barrier, mpsc},
    thread,
};

use super::{
    contestants::Contestant,
    drive::{Maker, Run},
    situations::Situation,
    stopwatch::{median, took},
};

/// How two threads stand to each other.
#[derive(Clone, Copy)]
pub(crate) enum Two {
    /// As they come: each with a lane of its own.
    Apart,
    /// So that their lanes are the same.
    OnOneLane,
}

/// Nanoseconds per call.
pub(crate) struct Measured {
    pub(crate) one: f64,
    pub(crate) two: f64,
    /// How many times as many calls two threads make, the median of the rounds.
    pub(crate) ratio: f64,
}

const ROUNDS: usize = 3;
const SECONDS: f64 = 0.5;

pub(crate) fn measure(contestant: &Contestant, situation: &Situation, two: Two) -> Measured {
    let maker = contestant.enter(situation);
    let calls = enough(&maker);
    let per_call = |threads: usize| spread(&maker, calls, threads, two) * 1e9 / calls as f64;
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (per_call(1), per_call(2))).collect();
    let middle = |of: fn(&(f64, f64)) -> f64| median(rounds.iter().map(of).collect()).unwrap_or(f64::NAN);
    Measured { one: middle(|r| r.0), two: middle(|r| r.1), ratio: middle(|r| r.0 / r.1) }
}

/// So many calls that one thread is busy for long enough; an even number.
fn enough(maker: &Maker) -> u64 {
    const TRIAL: u64 = 200_000;
    let mut run = maker();
    run(TRIAL);
    let seconds = took(|| run(TRIAL)).as_secs_f64();
    (SECONDS / seconds * TRIAL as f64) as u64 / 2 * 2
}

/// The seconds that so many threads need for these calls together.
fn spread(maker: &Maker, calls: u64, threads: usize, two: Two) -> f64 {
    let start = Arc::new(Barrier::new(threads + 1));
    let workers: Vec<_> = (0..threads)
        .map(|index| {
            if index > 0 && matches!(two, Two::OnOneLane) {
                (1..lanes()).for_each(|_| takes_a_lane(maker()));
            }
            let (mut run, start, (here, arrived)) = (maker(), Arc::clone(&start), mpsc::channel());
            let share = calls / threads as u64;
            let worker = thread::spawn(move || {
                // Its first call gives a thread its lane, so the threads begin one after the other.
                run(1000);
                here.send(()).expect("somebody waits");
                start.wait();
                run(share);
            });
            arrived.recv().expect("the thread has begun");
            worker
        })
        .collect();
    took(|| {
        start.wait();
        for worker in workers {
            worker.join().expect("the thread ends well");
        }
    })
    .as_secs_f64()
}

fn takes_a_lane(mut run: Run) {
    thread::spawn(move || run(1)).join().expect("the thread ends well");
}

/// As many as the crate makes; see `layer/lane.rs`.
fn lanes() -> usize {
    let threads = thread::available_parallelism().map_or(4, NonZero::get);
    (4 * threads).next_power_of_two().clamp(8, 64)
}
