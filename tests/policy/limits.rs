//! Limits: which one acts, who waits, who is refused; how many retries there may be; and for whom it is counted.

mod keyed;
mod queue;
mod retries;
mod settings;
mod threads;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
};

use tower_mesh::policy::limits::{Admission, Limits, Overflow, SettingsBuilder, Turn};

fn limits(settings: SettingsBuilder) -> Limits {
    Limits::new(&settings.build().expect("these mean something"))
}

fn passes(limits: &Limits) -> bool {
    matches!(limits.admit(), Admission::Pass)
}

fn waits(limits: &Limits) -> Turn {
    match limits.admit() {
        Admission::Wait(turn) => turn,
        other => panic!("it should wait: {other:?}"),
    }
}

fn refused(limits: &Limits) -> Overflow {
    match limits.admit() {
        Admission::Refuse(overflow) => overflow,
        other => panic!("it should be refused: {other:?}"),
    }
}

fn release(limits: &Limits) {
    if let Some(waker) = limits.release() {
        waker.wake();
    }
}

fn leave(limits: &Limits, turn: Turn) {
    if let Some(waker) = limits.leave(turn) {
        waker.wake();
    }
}

fn counts(limits: &Limits) -> (u32, u32) {
    (limits.active(), limits.waiting())
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::<Self>::default();
        (Arc::clone(&bell), Waker::from(bell))
    }

    fn rang(&self) -> usize {
        self.0.load(SeqCst)
    }
}
