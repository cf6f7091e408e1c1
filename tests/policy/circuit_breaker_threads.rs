//! What many threads may do to a breaker: overshoot a threshold, by those that were in flight.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tower_mesh::policy::{
    Failure, Lane, Outcome, Time,
    circuit_breaker::{Admission, Circuit, Settings, SettingsBuilder, Transition},
};

const THREADS: usize = 8;

/// How many calls pass, all of them failing, and how often the circuit opens, before every thread is refused.
fn storm(settings: SettingsBuilder) -> (u64, u64) {
    let circuit = Circuit::new(settings.build().expect("the settings mean something"), 4);
    let (start, passed, opened) = (Barrier::new(THREADS), AtomicU64::new(0), AtomicU64::new(0));
    let now = || Time::from_nanos(1);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (circuit, start, passed, opened) = (&circuit, &start, &passed, &opened);
            scope.spawn(move || {
                start.wait();
                while let Admission::Pass(ticket, _) = circuit.admit(Lane::new(number), now) {
                    passed.fetch_add(1, Ordering::Relaxed);
                    let outcome = Outcome::Failure(Failure::Transport);
                    if let Some(Transition::Opened(_)) = circuit.settle(ticket, outcome, now) {
                        opened.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    (passed.into_inner(), opened.into_inner())
}

#[test]
fn an_amount_is_overshot_by_no_more_than_were_in_flight() {
    for _ in 0..50 {
        let (passed, opened) = storm(Settings::builder().error_amount(1000));
        assert!((1000..1000 + THREADS as u64).contains(&passed), "{passed}");
        assert_eq!(opened, 1);
    }
}

#[test]
fn a_ratio_is_overshot_by_no_more_than_were_in_flight() {
    for _ in 0..50 {
        let (passed, opened) = storm(Settings::builder().error_ratio(0.5).minimum_requests(1000));
        assert!((1000..1000 + THREADS as u64).contains(&passed), "{passed}");
        // An arrival may have found it out, and opened it.
        assert!(opened <= 1);
    }
}
