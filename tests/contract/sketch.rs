//! A small layer that keeps the contract, or breaks one law of it on purpose.
//!
//! A suite is worth what it notices. Whatever mistake is to be tried, it is made here in an otherwise sound layer, so
//! that nothing but the mistake can be what a law complains about; and that the layer is sound without one is shown
//! by a line of the contract, in [`bites`](crate::bites).

mod service;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
    thread::{self, ThreadId},
    time::Duration,
};

use tower::Layer;
use tower_mesh::{layer::clock, policy::Time};

use self::service::Sketched;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    CallsAClone,
    ReadiesAndCallsAClone,
    ReservesWhenReadied,
    IsAlwaysReady,
    LosesErrors,
    LosesHeaders,
    Spawns,
    WakesItself,
    StateOfEachService,
    StateOfEachClone,
    StateOfEachThread,
    StateOfAll,
    SettlesTwice,
    SettlesAnswersOnly,
    ForgetsPanics,
    CountsTheLate,
    RefusesAfterReaching,
    EndsEarly,
    ReadsTheSystemsClock,
    RefusesOnATask,
    RefusesInOtherWords,
    RefusesHeadsWithABody,
    RefusesGrpcAsHttp,
    TakesGetsForGrpc,
    TellsNoReason,
    TellsNoFlags,
}

/// Refuses after two strikes for 30 s, or while one call is in flight.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    limit: bool,
    fault: Fault,
    state: Arc<Mutex<State>>,
}

/// By thread where that is the fault, else all under `None`.
type State = HashMap<Option<ThreadId>, Tally>;

#[derive(Debug, Default)]
struct Tally {
    generation: usize,
    strikes: usize,
    in_flight: isize,
    until: Option<Time>,
}

impl Sketch {
    pub(crate) fn striking(fault: Fault) -> Self {
        static ALL: LazyLock<Arc<Mutex<State>>> = LazyLock::new(Arc::default);
        let state = if fault == Fault::StateOfAll { ALL.clone() } else { Arc::default() };
        Self { limit: false, fault, state }
    }

    pub(crate) fn limiting(fault: Fault) -> Self {
        Self { limit: true, ..Self::striking(fault) }
    }

    /// The same, or one with a state of its own if this is the fault.
    fn unless(&self, fault: Fault) -> Self {
        let state = if self.fault == fault { Arc::default() } else { Arc::clone(&self.state) };
        Self { state, ..*self }
    }

    fn tally<T>(&self, read: impl FnOnce(&mut Tally) -> T) -> T {
        let key = (self.fault == Fault::StateOfEachThread).then(|| thread::current().id());
        read(self.state.lock().unwrap().entry(key).or_default())
    }

    fn now(&self) -> Time {
        if self.fault == Fault::ReadsTheSystemsClock {
            #[expect(clippy::disallowed_methods, reason = "this is the fault")]
            let now = std::time::Instant::now();
            static BASE: LazyLock<std::time::Instant> = LazyLock::new(|| {
                #[expect(clippy::disallowed_methods, reason = "this is the fault")]
                std::time::Instant::now()
            });
            return Time::from_nanos(now.saturating_duration_since(*BASE).as_nanos() as u64);
        }
        clock::now()
    }

    fn refuses(&self) -> bool {
        let now = self.now();
        self.tally(|tally| {
            if self.limit {
                return tally.in_flight >= 1;
            }
            if tally.until.is_some_and(|until| now >= until) {
                *tally = Tally { generation: tally.generation + 1, ..Tally::default() };
            }
            tally.until.is_some()
        })
    }

    fn claim(&self) -> Claim {
        let generation = self.tally(|tally| {
            tally.in_flight += 1;
            tally.generation
        });
        Claim { sketch: self.clone(), generation, settled: false }
    }
}

/// A call that was let through: a strike, if it is dropped.
#[derive(Debug)]
struct Claim {
    sketch: Sketch,
    generation: usize,
    settled: bool,
}

impl Claim {
    fn settle(&mut self, bad: bool) {
        let Sketch { limit, fault, .. } = self.sketch;
        let length = Duration::from_millis(if fault == Fault::EndsEarly { 29_998 } else { 30_000 });
        let now = self.sketch.now();
        self.settled = fault != Fault::SettlesTwice;
        self.sketch.tally(|tally| {
            let stale = tally.generation != self.generation && fault != Fault::CountsTheLate;
            tally.in_flight -= 1;
            tally.strikes += usize::from(bad && !stale);
            if !limit && tally.strikes >= 2 && tally.until.is_none() {
                tally.until = Some(now + length);
            }
        });
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let forgets = match self.sketch.fault {
            Fault::SettlesAnswersOnly => true,
            Fault::ForgetsPanics => thread::panicking(),
            _ => false,
        };
        if !(self.settled || forgets) {
            self.settle(true);
        }
    }
}

impl<S> Layer<S> for Sketch {
    type Service = Sketched<S>;

    fn layer(&self, inner: S) -> Sketched<S> {
        Sketched { inner, sketch: self.unless(Fault::StateOfEachService), reserved: None }
    }
}
