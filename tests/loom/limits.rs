//! Limits: who comes, goes, waits and leaves at the same moment.

use std::task::Waker;

use loom::{sync::Arc, thread};

use crate::{
    at, model,
    policy::limits::{Admission, Limits, Retries, Settings, Turn},
};

fn limits(connections: u32, pending: u32) -> Arc<Limits> {
    let settings = Settings::builder().connections(connections).pending(pending);
    Arc::new(Limits::new(&settings.build().expect("these mean something")))
}

/// A waker that tells whether it was woken.
#[derive(Default)]
struct Bell(std::sync::atomic::AtomicBool);

impl std::task::Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

fn bell() -> (std::sync::Arc<Bell>, Waker) {
    let bell = std::sync::Arc::new(Bell::default());
    (std::sync::Arc::clone(&bell), Waker::from(bell))
}

/// Does it on a thread of its own.
fn elsewhere<T: 'static, R: 'static>(
    shared: &Arc<T>,
    does: impl FnOnce(&T) -> R + 'static,
) -> thread::JoinHandle<R> {
    let shared = Arc::clone(shared);
    thread::spawn(move || does(&shared))
}

fn passes(limits: &Limits) -> bool {
    matches!(limits.admit(), Admission::Pass)
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

#[test]
fn two_who_come_at_once_do_not_share_the_last_place() {
    model(|| {
        let limits = limits(1, 0);
        let threads = [(); 2].map(|()| elsewhere(&limits, passes));
        let passed = threads.map(|thread| thread.join().expect("no panic"));
        assert_eq!(passed.iter().filter(|passed| **passed).count(), 1);
        assert_eq!((counts(&limits), limits.pending_overflow()), ((1, 0), 1));
    });
}

#[test]
fn who_comes_while_the_last_one_goes_passes_or_is_called() {
    model(|| {
        let limits = limits(1, 1);
        assert!(passes(&limits));
        let other = elsewhere(&limits, release);
        let turn = match limits.admit() {
            Admission::Pass => None,
            Admission::Wait(turn) => {
                let (bell, waker) = bell();
                Some((limits.is_up(&turn, &waker), turn, bell, waker))
            }
            Admission::Refuse(_) => panic!("one may wait"),
        };
        other.join().expect("no panic");
        if let Some((up, turn, bell, waker)) = turn {
            assert!(up || bell.0.load(std::sync::atomic::Ordering::SeqCst), "it waits, and nobody calls it");
            assert!(limits.is_up(&turn, &waker));
        }
        assert_eq!(counts(&limits), (1, 0));
        release(&limits);
        assert_eq!(counts(&limits), (0, 0));
    });
}

#[test]
fn a_place_that_is_handed_to_one_who_leaves_is_not_lost() {
    model(|| {
        let limits = limits(1, 1);
        assert!(passes(&limits));
        let Admission::Wait(turn) = limits.admit() else { panic!("one may wait") };
        let other = elsewhere(&limits, release);
        leave(&limits, turn);
        other.join().expect("no panic");
        assert_eq!(counts(&limits), (0, 0));
    });
}

#[test]
fn a_place_that_is_handed_to_one_who_leaves_goes_to_the_next() {
    model(|| {
        let limits = limits(1, 2);
        assert!(passes(&limits));
        let turns = [(); 2].map(|()| match limits.admit() {
            Admission::Wait(turn) => turn,
            _ => panic!("two may wait"),
        });
        let [first, second] = turns;
        let (bell, waker) = bell();
        assert!(!limits.is_up(&second, &waker));
        let other = elsewhere(&limits, release);
        leave(&limits, first);
        other.join().expect("no panic");
        assert!(bell.0.load(std::sync::atomic::Ordering::SeqCst), "nobody calls the second");
        assert!(limits.is_up(&second, &waker));
        assert_eq!(counts(&limits), (1, 0));
    });
}

#[test]
fn nobody_takes_the_place_of_one_who_waits() {
    model(|| {
        let limits = limits(1, 1);
        assert!(passes(&limits));
        let Admission::Wait(turn) = limits.admit() else { panic!("one may wait") };
        let other = elsewhere(&limits, passes);
        release(&limits);
        assert!(limits.is_up(&turn, Waker::noop()));
        assert!(!other.join().expect("no panic"), "two are in flight");
        assert_eq!(limits.active(), 1);
    });
}

#[test]
fn two_who_go_call_two_who_wait() {
    model(|| {
        let limits = limits(2, 2);
        assert!([(); 2].iter().all(|()| passes(&limits)));
        let turns = [(); 2].map(|()| match limits.admit() {
            Admission::Wait(turn) => turn,
            _ => panic!("two may wait"),
        });
        let other = elsewhere(&limits, release);
        release(&limits);
        other.join().expect("no panic");
        assert!(turns.iter().all(|turn| limits.is_up(turn, Waker::noop())));
        assert_eq!(counts(&limits), (2, 0));
    });
}

#[test]
fn two_who_want_to_retry_do_not_share_the_last_place() {
    model(|| {
        let settings = Settings::builder().retries(1).build().expect("these mean something");
        let retries = Arc::new(Retries::new(&settings));
        let threads = [(); 2].map(|()| elsewhere(&retries, |retries| retries.begin(|| 0, at(1))));
        let began = threads.map(|thread| thread.join().expect("no panic"));
        assert_eq!(began.iter().filter(|began| **began).count(), 1);
        assert_eq!((retries.under_way(), retries.overflow()), (1, 1));
        retries.end();
        assert_eq!(retries.under_way(), 0);
    });
}
