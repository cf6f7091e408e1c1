//! Many threads that come, wait, go and leave: never more in flight than may be, and nothing is lost.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    thread::{self, Thread},
};

use tower_mesh::policy::limits::{Admission, LimitsByKey, Settings};

use super::{Limits, counts, leave, limits, release};

const THREADS: u32 = 8;
const CALLS: u32 = 2000;

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What one thread does; says how many calls passed, waited and left, were refused.
fn calls(limits: &Limits, number: u32, in_flight: &AtomicU32, most: u32) -> (u32, u32, u32) {
    let (mut passed, mut left, mut refused) = (0, 0, 0);
    for call in 0..CALLS {
        match limits.admit() {
            Admission::Pass => {}
            // Every third does not wait for its turn.
            Admission::Wait(turn) if (call + number).is_multiple_of(3) => {
                leave(limits, turn);
                left += 1;
                continue;
            }
            Admission::Wait(turn) => {
                let waker = Waker::from(Arc::new(Unpark(thread::current())));
                while !limits.is_up(&turn, &waker) {
                    thread::park();
                }
            }
            Admission::Refuse(_) => {
                refused += 1;
                continue;
            }
        }
        assert!(in_flight.fetch_add(1, SeqCst) < most, "more in flight than may be");
        if call.is_multiple_of(7) {
            thread::yield_now();
        }
        in_flight.fetch_sub(1, SeqCst);
        release(limits);
        passed += 1;
    }
    (passed, left, refused)
}

fn storm(most: u32, pending: u32) {
    let limits = limits(Settings::builder().connections(most).pending(pending));
    let (in_flight, start) = (AtomicU32::new(0), Barrier::new(THREADS as usize));
    let did: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..THREADS)
            .map(|number| {
                let (limits, in_flight, start) = (&limits, &in_flight, &start);
                scope.spawn(move || {
                    start.wait();
                    calls(limits, number, in_flight, most)
                })
            })
            .collect();
        all.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(
        did.iter().map(|(passed, left, refused)| passed + left + refused).sum::<u32>(),
        THREADS * CALLS
    );
    assert_eq!(did.iter().map(|(.., refused)| u64::from(*refused)).sum::<u64>(), limits.pending_overflow());
    assert_eq!(counts(&limits), (0, 0), "a place was lost");
}

/// Seen on Envoy, S1.13 and S2.6: there each worker counts for itself.
#[test]
fn places_are_never_shared_and_never_lost() {
    for (most, pending) in [(1, 1), (1, 100), (2, 3), (3, 100), (7, 1)] {
        storm(most, pending);
    }
}

#[test]
fn keys_that_come_and_go_on_many_threads_are_counted_right() {
    let keys = LimitsByKey::new(Settings::builder().requests(1).build().expect("settings"));
    let in_flight: Vec<_> = (0..64).map(|_| AtomicU32::new(0)).collect();
    thread::scope(|scope| {
        for number in 0..4_u32 {
            let (keys, in_flight) = (&keys, &in_flight);
            scope.spawn(move || {
                for call in 0..20_000_u32 {
                    // Some keys that all use, and some that nobody will use again.
                    let key = if call.is_multiple_of(2) { call % 64 } else { 1000 + call * 4 + number };
                    let limits = keys.of(&key);
                    if let Admission::Pass = limits.admit() {
                        if let Some(count) = in_flight.get(key as usize) {
                            assert_eq!(count.fetch_add(1, SeqCst), 0, "two with one key");
                            count.fetch_sub(1, SeqCst);
                        }
                        release(&limits);
                    }
                }
            });
        }
    });
    assert_eq!(keys.load(), 0);
}
