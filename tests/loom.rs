//! Every interleaving of a few calls, tried out by the model checker.
//!
//! The policies are compiled once more here, as they are, over the checker's own atomics and locks; that they compile
//! alone also shows that nothing of the floors above is known to them.

#[path = "../src/policy/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "a part of the crate, seen without the rest of it"
)]
mod policy;

#[path = "loom/balance.rs"]
mod balance;
#[path = "loom/limits.rs"]
mod limits;
#[path = "loom/mirror.rs"]
mod mirror;
#[path = "loom/outlier.rs"]
mod outlier;

/// What `src/sync.rs` is in the crate.
mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    };
}

use std::time::Duration;

use loom::{sync::Arc, thread};
use policy::{
    Failure, Lane, Outcome, Time,
    budget::{self, Budget},
    circuit_breaker::{Admission, Circuit, HalfOpen, Settings, SettingsBuilder, State, Ticket, Transition},
};

const FAILED: Outcome = Outcome::Failure(Failure::Transport);

/// Every interleaving in which no thread is put off its work more than twice: what goes wrong at all does so with few
/// changes of thread, and more of them take hours.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(run);
}

fn circuit(settings: SettingsBuilder) -> Arc<Circuit> {
    Arc::new(Circuit::new(settings.build().expect("these mean something"), 2))
}

fn at(seconds: u64) -> impl FnOnce() -> Time {
    move || Time::from_nanos(seconds * 1_000_000_000)
}

fn passed(admission: Admission) -> Option<Ticket> {
    match admission {
        Admission::Pass(ticket, _) => Some(ticket),
        Admission::Refuse(..) => None,
    }
}

fn is_open(transition: &Option<Transition>) -> bool {
    matches!(transition, Some(Transition::Opened(_)))
}

#[test]
fn failures_of_two_threads_open_the_circuit_exactly_once() {
    model(|| {
        let circuit = circuit(Settings::builder().error_amount(2));
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                let ticket = passed(circuit.admit(Lane::new(lane), at(1)))?;
                circuit.settle(ticket, FAILED, at(1)).filter(|t| is_open(&Some(*t)))
            })
        });
        let opened = threads.map(|thread| thread.join().expect("no panic"));
        // The second is refused only if the first alone had opened it, which takes two.
        assert_eq!(opened.iter().flatten().count(), 1);
        assert!(passed(circuit.admit(Lane::new(0), at(2))).is_none());
    });
}

#[test]
fn the_end_of_the_open_time_is_found_by_one_and_lets_all_pass() {
    model(|| {
        let circuit = circuit(Settings::builder().error_amount(1).open_for(Duration::from_secs(10)));
        let ticket = passed(circuit.admit(Lane::new(0), at(1))).expect("closed");
        assert!(is_open(&circuit.settle(ticket, FAILED, at(1))));
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || match circuit.admit(Lane::new(lane), at(11)) {
                Admission::Pass(_, transition) => transition,
                Admission::Refuse(..) => panic!("the time is over"),
            })
        });
        let closed = threads.map(|thread| thread.join().expect("no panic"));
        assert_eq!(closed.iter().flatten().count(), 1);
        assert_eq!(circuit.counts().total, 2, "both are counted, in the new period");
    });
}

#[test]
fn a_late_failure_never_counts_in_a_later_period() {
    model(|| {
        let circuit = circuit(Settings::builder().error_amount(1).open_for(Duration::from_secs(10)));
        let [late, tipping] =
            [0, 1].map(|lane| passed(circuit.admit(Lane::new(lane), at(1))).expect("closed"));
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.settle(late, FAILED, at(1)))
        };
        let mine = circuit.settle(tipping, FAILED, at(1));
        // Whichever came first opened it; this closes it while the other may still be under way.
        let reopened = passed(circuit.admit(Lane::new(1), at(11))).is_none();
        let theirs = other.join().expect("no panic");
        assert_eq!([mine, theirs].iter().filter(|t| is_open(t)).count(), 1, "one period, one opening");
        assert!(!reopened);
        assert_eq!(circuit.counts().error, 0);
    });
}

#[test]
fn a_window_that_turns_under_two_arrivals_loses_neither() {
    model(|| {
        let settings =
            Settings::builder().error_ratio(1.0).minimum_requests(9).window(Duration::from_secs(1));
        let circuit = circuit(settings);
        assert!(passed(circuit.admit(Lane::new(0), at(1))).is_some());
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || passed(circuit.admit(Lane::new(lane), at(5))).is_some())
        });
        assert!(threads.map(|thread| thread.join().expect("no panic")).iter().all(|passed| *passed));
        assert_eq!(circuit.counts().total, 2);
    });
}

#[test]
fn a_ratio_reached_by_two_threads_refuses_the_next_arrival() {
    model(|| {
        let circuit = circuit(Settings::builder().error_ratio(1.0).minimum_requests(2));
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                let ticket = passed(circuit.admit(Lane::new(lane), at(1)))?;
                circuit.settle(ticket, FAILED, at(1))
            })
        });
        let opened = threads.map(|thread| thread.join().expect("no panic"));
        assert!(opened.iter().filter(|t| is_open(t)).count() <= 1);
        assert!(passed(circuit.admit(Lane::new(0), at(1))).is_none(), "two of two were bad");
    });
}

/// Half-open at 11 s, as the next arrival will find; the probes have until 41 s.
fn about_to_be_half_open(probes: HalfOpen) -> Arc<Circuit> {
    let open_for = Duration::from_secs(10);
    let circuit = circuit(Settings::builder().error_amount(1).open_for(open_for).half_open(probes));
    let ticket = passed(circuit.admit(Lane::new(0), at(1))).expect("closed");
    assert!(is_open(&circuit.settle(ticket, FAILED, at(1))));
    circuit
}

#[test]
fn one_place_is_taken_by_one_probe_and_nobody_is_told_how_long_to_wait_for_it() {
    model(|| {
        let circuit = about_to_be_half_open(HalfOpen::new());
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.admit(Lane::new(lane), at(11)))
        });
        let mut probes = 0;
        for admission in threads.map(|thread| thread.join().expect("no panic")) {
            match admission {
                Admission::Pass(..) => probes += 1,
                Admission::Refuse(wait, _) => assert_eq!(wait, Duration::ZERO),
            }
        }
        assert_eq!(probes, 1);
    });
}

#[test]
fn who_looks_on_while_the_place_is_taken_sees_it_half_open() {
    model(|| {
        let circuit = about_to_be_half_open(HalfOpen::new());
        let onlooker = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.state(at(11)()))
        };
        assert!(passed(circuit.admit(Lane::new(0), at(11))).is_some());
        assert_eq!(onlooker.join().expect("no panic"), State::HalfOpen);
    });
}

#[test]
fn who_looks_on_while_it_is_forced_open_sees_one_of_the_two_states() {
    model(|| {
        let circuit = about_to_be_half_open(HalfOpen::new());
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.force_open(at(2)()))
        };
        let seen = circuit.state(at(2)());
        let until = at(11)();
        assert!(matches!(seen, State::ForcedOpen) || seen == State::Open { until }, "{seen:?}");
        other.join().expect("no panic");
    });
}

#[test]
fn who_comes_while_it_is_forced_open_does_not_undo_that() {
    model(|| {
        let circuit = about_to_be_half_open(HalfOpen::new());
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || passed(circuit.admit(Lane::new(0), at(11))).is_some())
        };
        circuit.force_open(at(11)());
        other.join().expect("no panic");
        assert_eq!(circuit.state(at(99)()), State::ForcedOpen);
    });
}

#[test]
fn the_place_of_a_dropped_probe_is_free_and_never_two() {
    model(|| {
        let circuit = about_to_be_half_open(HalfOpen::new());
        let probe = passed(circuit.admit(Lane::new(0), at(11))).expect("a place");
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.settle(probe, Outcome::Abandoned, at(12)))
        };
        let mut probes = usize::from(passed(circuit.admit(Lane::new(1), at(12))).is_some());
        assert_eq!(other.join().expect("no panic"), None);
        probes += usize::from(passed(circuit.admit(Lane::new(0), at(12))).is_some());
        assert_eq!(probes, 1, "before it was free or afterwards, and not twice");
    });
}

#[test]
fn a_late_failure_does_not_meet_a_probe() {
    model(|| {
        let open_for = Duration::from_secs(10);
        let settings = Settings::builder().error_amount(1).open_for(open_for).half_open(HalfOpen::new());
        let circuit = circuit(settings);
        let [late, tipping] =
            [0, 1].map(|lane| passed(circuit.admit(Lane::new(lane), at(1))).expect("closed"));
        assert!(is_open(&circuit.settle(tipping, FAILED, at(1))));
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || circuit.settle(late, FAILED, at(11)))
        };
        let probe = passed(circuit.admit(Lane::new(1), at(11))).expect("a place");
        let closed = circuit.settle(probe, Outcome::Success, at(11));
        assert!(matches!(closed, Some(Transition::Closed(_))));
        assert_eq!(other.join().expect("no panic"), None);
        assert_eq!((circuit.state(at(11)()), circuit.counts().error), (State::Closed, 0));
    });
}

#[test]
fn a_bucket_that_turns_under_two_arrivals_loses_neither() {
    model(|| {
        let settings = Settings::builder().error_ratio(1.0).minimum_requests(9);
        let circuit = circuit(settings.window(Duration::from_secs(4)).sliding(2));
        assert!(passed(circuit.admit(Lane::new(0), at(1))).is_some());
        let threads = [0, 1].map(|lane| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || passed(circuit.admit(Lane::new(lane), at(3))).is_some())
        });
        assert!(threads.map(|thread| thread.join().expect("no panic")).iter().all(|passed| *passed));
        assert_eq!(circuit.counts().total, 3);
        assert!(passed(circuit.admit(Lane::new(0), at(5))).is_some());
        assert_eq!(circuit.counts().total, 3, "two of the second bucket, one of the third");
    });
}

/// A failure was there; now a good answer and another failure come at once. What it came to, and what the failure told.
fn good_beside_bad(settings: SettingsBuilder) -> (Arc<Circuit>, bool) {
    let circuit = circuit(settings);
    let [before, good, bad] = [(); 3].map(|()| passed(circuit.admit(Lane::new(0), at(1))).expect("closed"));
    assert_eq!(circuit.settle(before, FAILED, at(1)), None);
    let other = {
        let circuit = Arc::clone(&circuit);
        thread::spawn(move || assert_eq!(circuit.settle(good, Outcome::Success, at(1)), None))
    };
    let opened = is_open(&circuit.settle(bad, FAILED, at(1)));
    other.join().expect("no panic");
    assert_eq!(circuit.state(at(1)()) != State::Closed, opened);
    (circuit, opened)
}

#[test]
fn a_good_answer_beside_a_bad_one_comes_before_or_after_it_in_the_row() {
    model(|| {
        let (circuit, opened) = good_beside_bad(Settings::builder().consecutive_errors(2));
        assert_eq!(circuit.counts().in_a_row, if opened { 2 } else { 1 });
    });
}

#[test]
fn a_good_answer_beside_a_bad_one_comes_before_or_after_it_among_the_last_calls() {
    model(|| {
        let (circuit, opened) = good_beside_bad(Settings::builder().last_calls(2).error_amount(2));
        let counts = circuit.counts();
        assert_eq!((counts.total, counts.error), if opened { (2, 2) } else { (2, 1) });
    });
}

// ===== faults =====

#[test]
fn never_more_faults_are_active_than_may_be_and_all_places_come_back() {
    use policy::{
        Draw,
        fault::{Faults, Settings},
    };

    model(|| {
        let settings =
            Settings::builder().abort(503, 100.0).most_active(1).build().expect("these mean something");
        let faults = Arc::new(Faults::new(settings));
        let inside = Arc::new(loom::sync::atomic::AtomicU64::new(0));
        let luck = || -> Draw { panic!("always needs no luck") };
        let call = move |faults: &Faults, inside: &loom::sync::atomic::AtomicU64| {
            let Some(fault) = faults.decide(None, luck, luck) else { return 0 };
            assert_eq!(inside.fetch_add(1, sync::Ordering::SeqCst), 0, "two are there at once");
            inside.fetch_sub(1, sync::Ordering::SeqCst);
            faults.settle(fault);
            1
        };
        let other = {
            let (faults, inside) = (Arc::clone(&faults), Arc::clone(&inside));
            thread::spawn(move || call(&faults, &inside) + call(&faults, &inside))
        };
        let met = call(&faults, &inside) + other.join().expect("the thread lives");
        let counts = faults.counts();
        assert_eq!((counts.active, counts.overflows + met), (0, 3));
        assert!(met >= 1, "who finds an empty room may enter");
    });
}

// ===== budgets of retries =====

/// A budget of half of what came, that two threads draw on: beside requests of a lane that they share, where a step
/// begins anew.
#[test]
fn a_budget_is_drawn_on_once_for_what_it_allows() {
    model(|| {
        let settings = budget::Settings::builder().ratio(0.5).minimum_per_second(0);
        let budget = Arc::new(Budget::new(settings.build().expect("these mean something"), 1));
        let arrives = |budget: &Budget| budget.arrived(Lane::new(0), at(1)());
        arrives(&budget);
        let other = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                arrives(&budget);
                budget.withdraw(at(1)())
            })
        };
        let one = budget.withdraw(at(1)());
        let two = other.join().expect("no panic");
        assert!(one != two, "of two requests there is one retry: {one} {two}");
        assert!(!budget.withdraw(at(1)()));
    });
}

#[test]
fn requests_that_begin_a_step_together_are_both_counted() {
    model(|| {
        let settings = budget::Settings::builder().ratio(1.0).minimum_per_second(0);
        let budget = Arc::new(Budget::new(settings.build().expect("these mean something"), 1));
        // The place of this step has been that of another one.
        budget.arrived(Lane::new(0), at(1)());
        let threads = [(); 2].map(|()| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.arrived(Lane::new(0), at(12)()))
        });
        for thread in threads {
            thread.join().expect("no panic");
        }
        let drawn = std::iter::from_fn(|| budget.withdraw(at(12)()).then_some(())).count();
        assert_eq!(drawn, 2);
    });
}
