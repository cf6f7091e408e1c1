//! A thread that calls through a breaker, and another that looks on by its handle as often as it can.
//!
//! Nobody asks so often; a breaker that is not slowed down by this is not slowed down by any page that shows it.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use futures_util::FutureExt;

use super::{
    drive::{self, Maker},
    groups, ours,
    stopwatch::{median, took},
    upstream::Empty,
};
use crate::peers::tower_resilience;

/// A breaker, and a way to look at it.
pub(crate) struct Looker {
    pub(crate) name: &'static str,
    make: fn() -> (Maker, Look),
}

/// Looks so often.
type Look = Box<dyn FnMut(u64) + Send>;

/// Millions of calls per second, and nanoseconds per look.
pub(crate) struct Measured {
    pub(crate) alone: f64,
    pub(crate) with: f64,
    pub(crate) look: f64,
}

const ALL: &[Looker] = &[
    Looker {
        name: "ours, amounts: state()",
        make: || {
            let layer = ours::amounts(false);
            let handle = layer.handle();
            (maker(layer), looks(move || handle.state()))
        },
    },
    Looker {
        name: "ours, amounts: status()",
        make: || {
            let layer = ours::amounts(false);
            let handle = layer.handle();
            (maker(layer), looks(move || handle.status()))
        },
    },
    Looker {
        name: "ours, ratios: state()",
        make: || {
            let layer = ours::ratios(false);
            let handle = layer.handle();
            (maker(layer), looks(move || handle.state()))
        },
    },
    Looker {
        name: "ours, ratios: status()",
        make: || {
            let layer = ours::ratios(false);
            let handle = layer.handle();
            (maker(layer), looks(move || handle.status()))
        },
    },
    Looker {
        name: "t-resilience: state()",
        make: || {
            let (layer, handle) = tower_resilience::watched();
            (maker(layer), looks(move || handle.state()))
        },
    },
    Looker {
        name: "t-resilience: metrics()",
        make: || {
            let (layer, handle) = tower_resilience::watched();
            // Whoever finds its lock taken asks again.
            let ask = move || while black_box(handle.metrics().now_or_never()).is_none() {};
            (maker(layer), looks(ask))
        },
    },
];

/// All of them.
pub(crate) fn all() -> &'static [Looker] {
    ALL
}

fn maker<L: drive::Around<Empty>>(layer: L) -> Maker {
    drive::maker(layer, Empty, groups::BREAKER.situation("closed").expect("it is one of them"))
}

fn looks<T>(mut look: impl FnMut() -> T + Send + 'static) -> Look {
    Box::new(move |times| {
        (0..times).for_each(|_| {
            black_box(look());
        });
    })
}

const ROUNDS: usize = 5;
const CALLS: u64 = 1_000_000;
const LOOKS: u64 = 1000;

impl Looker {
    pub(crate) fn measure(&self) -> Measured {
        let rounds: Vec<_> = (0..ROUNDS).map(|_| self.round()).collect();
        let middle = |of: fn(&Measured) -> f64| median(rounds.iter().map(of).collect()).unwrap_or(f64::NAN);
        Measured { alone: middle(|m| m.alone), with: middle(|m| m.with), look: middle(|m| m.look) }
    }

    fn round(&self) -> Measured {
        let (maker, mut look) = (self.make)();
        let mut run = maker();
        let mut millions = || CALLS as f64 / 1e6 / took(|| run(CALLS)).as_secs_f64();
        millions();
        let alone = millions();
        let (stop, (here, arrived)) = (Arc::new(AtomicBool::new(false)), mpsc::channel());
        let looker = thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                here.send(()).expect("somebody waits");
                let mut looks = 0;
                let time = took(|| {
                    while !stop.load(Ordering::Relaxed) {
                        look(LOOKS);
                        looks += LOOKS;
                    }
                });
                time.as_secs_f64() * 1e9 / looks as f64
            }
        });
        arrived.recv().expect("the thread has begun");
        let with = millions();
        stop.store(true, Ordering::Relaxed);
        Measured { alone, with, look: looker.join().expect("the thread ends well") }
    }
}
