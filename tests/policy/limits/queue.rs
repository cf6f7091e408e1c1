//! The queue: in the order of arrival, without holes, one call at a time.

use std::task::Waker;

use tower_mesh::policy::limits::{Limits, Settings};

use super::{Bell, counts, leave, limits, passes, refused, release, waits};

/// Full, with so many places.
fn full(places: u32) -> Limits {
    let limits = limits(Settings::builder().connections(places));
    assert!((0..places).all(|_| passes(&limits)));
    limits
}

#[test]
fn first_come_first_served() {
    let limits = full(1);
    let turns: Vec<_> = (0..5).map(|_| waits(&limits)).collect();
    for up in 0..5 {
        release(&limits);
        let is_up: Vec<_> = turns.iter().map(|turn| limits.is_up(turn, Waker::noop())).collect();
        assert_eq!(is_up, (0..5).map(|turn| turn <= up).collect::<Vec<_>>());
        assert_eq!(counts(&limits), (1, 4 - up));
    }
    release(&limits);
    assert_eq!(counts(&limits), (0, 0));
}

#[test]
fn one_place_wakes_one_who_waits() {
    let limits = full(1);
    let bells: Vec<_> = (0..3).map(|_| (waits(&limits), Bell::new())).collect();
    assert!(bells.iter().all(|(turn, (_, waker))| !limits.is_up(turn, waker)));
    let rang = || bells.iter().map(|(_, (bell, _))| bell.rang()).collect::<Vec<_>>();
    release(&limits);
    assert_eq!(rang(), [1, 0, 0]);
    release(&limits);
    assert_eq!(rang(), [1, 1, 0]);
}

/// A task may move: who asked last is woken.
#[test]
fn whoever_asked_last_for_a_turn_is_woken() {
    let limits = full(1);
    let turn = waits(&limits);
    let ((first, waker), (second, other)) = (Bell::new(), Bell::new());
    assert!(!limits.is_up(&turn, &waker));
    assert!(!limits.is_up(&turn, &other));
    release(&limits);
    assert_eq!((first.rang(), second.rang()), (0, 1));
}

#[test]
fn nobody_overtakes_those_who_wait() {
    let limits = full(2);
    let first = waits(&limits);
    release(&limits);
    let second = waits(&limits);
    assert!(limits.is_up(&first, Waker::noop()) && !limits.is_up(&second, Waker::noop()));
    assert_eq!(counts(&limits), (2, 1));
}

#[test]
fn who_leaves_the_queue_leaves_no_hole() {
    let limits = limits(Settings::builder().connections(1).pending(3));
    assert!(passes(&limits));
    let [first, second, third] = [(); 3].map(|()| waits(&limits));
    let _ = refused(&limits);
    leave(&limits, second);
    assert_eq!(counts(&limits), (1, 2));
    let fourth = waits(&limits);
    for turn in [first, third, fourth] {
        release(&limits);
        assert!(limits.is_up(&turn, Waker::noop()));
    }
    assert_eq!(counts(&limits), (1, 0));
}

#[test]
fn who_leaves_though_it_is_his_turn_passes_his_place_on() {
    let limits = full(1);
    let [first, second] = [(); 2].map(|()| waits(&limits));
    let (bell, waker) = Bell::new();
    assert!(!limits.is_up(&second, &waker));
    release(&limits);
    assert_eq!(bell.rang(), 0, "it is the first one's turn, who does not know it yet");
    leave(&limits, first);
    assert_eq!((bell.rang(), counts(&limits)), (1, (1, 0)));
    leave(&limits, second);
    assert_eq!(counts(&limits), (0, 0));
    assert!(passes(&limits));
}

#[test]
fn a_waker_that_is_dropped_may_drop_a_call_in_flight() {
    // As the last handle on a task does: the task has a place of the same limits.
    struct Task(std::sync::Arc<Limits>);
    impl Drop for Task {
        fn drop(&mut self) {
            release(&self.0);
        }
    }
    impl std::task::Wake for Task {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let limits = std::sync::Arc::new(full(2));
    let [first, second] = [(); 2].map(|()| waits(&limits));
    let task = std::sync::Arc::new(Task(std::sync::Arc::clone(&limits)));
    assert!(!limits.is_up(&second, &Waker::from(task)));
    assert!(!limits.is_up(&second, Waker::noop()), "the task is dropped, and it does not hang");
    assert!(limits.is_up(&first, Waker::noop()));
    let task = std::sync::Arc::new(Task(std::sync::Arc::clone(&limits)));
    assert!(!limits.is_up(&second, &Waker::from(task)));
    leave(&limits, second);
    assert_eq!(counts(&limits), (1, 0));
}
