//! A circuit for each key: how many there are, which of them goes, and which never does.

use std::{fmt::Debug, hash::Hash, time::Duration};

use tower_mesh::policy::{
    Failure, Outcome, Time,
    circuit_breaker::{
        Admission, Circuits, HalfOpen, KeyTicket, Settings, SettingsBuilder, State, Transition,
    },
};

const BAD: Outcome = Outcome::Failure(Failure::Status(500));
const GOOD: Outcome = Outcome::Success;

fn at(seconds: u64) -> Time {
    Time::from_nanos(7) + Duration::from_secs(seconds)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn circuits<K: Hash + Eq + Clone>(settings: SettingsBuilder) -> Circuits<K> {
    Circuits::new(settings.build().expect("the settings mean something"))
}

/// Opens at two errors in a minute, for a minute.
fn fragile() -> SettingsBuilder {
    Settings::builder().window(secs(60)).open_for(secs(60)).error_amount(2)
}

fn admit<K: Hash + Eq + Copy + Debug>(circuits: &Circuits<K>, key: K, now: Time) -> KeyTicket {
    match circuits.admit(&key, now) {
        Admission::Pass(ticket, _) => ticket,
        refused => panic!("{key:?} is refused: {refused:?}"),
    }
}

/// A whole call, which takes no time.
fn call<K: Hash + Eq + Copy + Debug>(
    circuits: &Circuits<K>,
    key: K,
    outcome: Outcome,
    now: Time,
) -> Option<(Transition, K)> {
    let ticket = admit(circuits, key, now);
    circuits.settle(ticket, outcome, || now)
}

fn open<K: Hash + Eq + Copy + Debug>(circuits: &Circuits<K>, key: K, now: Time) {
    call(circuits, key, BAD, now);
    let opened = call(circuits, key, BAD, now);
    assert!(matches!(opened, Some((Transition::Opened(_), told)) if told == key));
}

fn state<K: Hash + Eq + Clone>(circuits: &Circuits<K>, key: &K, now: Time) -> Option<State> {
    circuits.status(key, now).map(|status| status.state)
}

fn is_open<K: Hash + Eq + Clone>(circuits: &Circuits<K>, key: &K, now: Time) -> bool {
    matches!(state(circuits, key, now), Some(State::Open { .. }))
}

#[test]
fn there_are_as_many_as_keys_and_never_more_than_the_most() {
    for most in [1, 3, 100, 1000] {
        let circuits = circuits(fragile().most_keys(most));
        assert!(circuits.is_empty());
        for key in 0..u64::from(most) * 4 {
            call(&circuits, key, if key % 3 == 0 { BAD } else { GOOD }, at(key));
            assert!(circuits.len() <= u64::from(most));
        }
        let mut seen = 0;
        circuits.each(at(0), |_, _| seen += 1);
        assert_eq!((circuits.len(), seen), (u64::from(most), most));
    }
}

#[test]
fn asking_for_the_status_of_a_key_makes_no_circuit() {
    let circuits = circuits(fragile());
    assert!(circuits.status(&"nobody", at(0)).is_none());
    assert!(circuits.reset(&"nobody", at(0)).is_none());
    assert!(circuits.is_empty());
}

#[test]
fn idle_ones_go_first_then_those_of_good_requests_alone_then_closed_ones_and_never_an_open_one() {
    // With a ratio to judge, a window begins with a request.
    let circuits = circuits(fragile().error_ratio(1.0).minimum_requests(100).most_keys(4));
    call(&circuits, "idle", BAD, at(0));
    open(&circuits, "open", at(60));
    call(&circuits, "bad", BAD, at(60));
    call(&circuits, "good", GOOD, at(60));
    let here = |keys: [&'static str; 4]| {
        let mut found = Vec::new();
        circuits.each(at(60), |key, _| found.push(key));
        found.sort_unstable();
        assert_eq!(found, keys);
    };
    here(["bad", "good", "idle", "open"]);
    call(&circuits, "new", BAD, at(60));
    here(["bad", "good", "new", "open"]);
    call(&circuits, "newer", BAD, at(60));
    here(["bad", "new", "newer", "open"]);
    for key in ["a", "b", "c", "d", "e"] {
        open(&circuits, key, at(60));
        assert!(is_open(&circuits, &"open", at(60)));
        if key == "c" {
            break;
        }
    }
    here(["a", "b", "c", "open"]);
}

#[test]
fn one_that_is_half_open_or_forced_does_not_go() {
    let circuits = circuits(fragile().half_open(HalfOpen::new()).most_keys(4));
    open(&circuits, "half-open", at(0));
    let probe = admit(&circuits, "half-open", at(60));
    assert!(circuits.force_open(&"forced open", at(60)).is_some());
    assert!(circuits.force_closed(&"forced closed", at(60)).is_some());
    for stranger in ["a", "b", "c", "d", "e"] {
        call(&circuits, stranger, BAD, at(89));
    }
    let kept = ["half-open", "forced open", "forced closed"].map(|key| state(&circuits, &key, at(89)));
    assert_eq!(kept, [Some(State::HalfOpen), Some(State::ForcedOpen), Some(State::ForcedClosed)]);
    assert_eq!(circuits.len(), 4);
    let closed = circuits.settle(probe, GOOD, || at(89));
    assert!(matches!(closed, Some((Transition::Closed(_), "half-open"))));
    for stranger in ["a", "b", "c"] {
        call(&circuits, stranger, BAD, at(1_000_000));
    }
    assert_eq!(
        state(&circuits, &"forced open", at(1_000_000)),
        Some(State::ForcedOpen),
        "time changes nothing"
    );
}

/// Nobody may have come since its time was over: that makes nobody well, but it has to end some day.
#[test]
fn one_that_was_open_is_kept_for_another_while_after_its_time_is_over() {
    for (seconds, kept) in [(60, true), (119, true), (120, false)] {
        let circuits = circuits(fragile().half_open(HalfOpen::new()).most_keys(1));
        open(&circuits, "open", at(0));
        call(&circuits, "stranger", GOOD, at(seconds));
        assert_eq!(circuits.status(&"open", at(seconds)).is_some(), kept, "after {seconds} s");
    }
}

#[test]
fn a_row_of_errors_and_the_last_calls_are_remembered_for_a_while_after_the_last_of_them() {
    for settings in [
        Settings::builder().window(secs(60)).open_for(secs(60)).last_calls(10).error_amount(2),
        Settings::builder().window(secs(60)).open_for(secs(60)).last_calls(10).consecutive_errors(2),
    ] {
        let circuits = circuits(settings.most_keys(2));
        call(&circuits, "bad", BAD, at(0));
        call(&circuits, "good", GOOD, at(0));
        call(&circuits, "new", GOOD, at(59));
        assert!(circuits.status(&"bad", at(59)).is_some(), "the good one went");
        assert!(matches!(call(&circuits, "bad", BAD, at(59)), Some((Transition::Opened(_), "bad"))));
    }
}

/// One hostile key space: whoever chooses keys frees nobody, himself included, and takes no more than there is.
#[test]
fn a_million_made_up_keys_push_out_no_open_circuit_and_grow_nothing() {
    let circuits = circuits::<u64>(fragile().most_keys(64));
    let victims = [u64::MAX, u64::MAX - 1, u64::MAX - 2];
    for victim in victims {
        open(&circuits, victim, at(0));
    }
    let flood = |keys: std::ops::Range<u64>| {
        for key in keys {
            // Some bad, and some that open too, as far as they are let.
            call(&circuits, key, if key % 2 == 0 { BAD } else { GOOD }, at(1));
        }
    };
    // As much as it is made of: its text has a comma for each part.
    let size = || format!("{circuits:?}").matches(',').count();
    flood(0..1000);
    let before = size();
    flood(1000..1_000_000);
    assert_eq!((circuits.len(), size()), (64, before));
    for victim in victims {
        assert!(matches!(circuits.admit(&victim, at(59)), Admission::Refuse(..)), "it is still refused");
    }
    assert!(matches!(circuits.admit(&victims[0], at(60)), Admission::Pass(_, Some(Transition::Closed(_)))));
}

/// The same with several shards, where one may fill before another.
#[test]
fn no_flood_of_bad_keys_pushes_an_open_circuit_out_of_any_shard() {
    let circuits = circuits::<u64>(fragile().most_keys(2000));
    let victims = u64::MAX - 100..u64::MAX;
    victims.clone().for_each(|victim| open(&circuits, victim, at(0)));
    for key in 0..20_000 {
        call(&circuits, key, BAD, at(1));
    }
    assert_eq!(circuits.len(), 2000);
    assert!(victims.into_iter().all(|victim| is_open(&circuits, &victim, at(1))));
}

#[test]
fn when_all_of_them_are_open_a_new_key_passes_and_is_not_counted() {
    let circuits = circuits(fragile().most_keys(3));
    for key in ["a", "b", "c"] {
        open(&circuits, key, at(0));
    }
    for _ in 0..10 {
        assert_eq!(call(&circuits, "new", BAD, at(1)), None);
        assert!(circuits.status(&"new", at(1)).is_none());
    }
    assert_eq!(circuits.force_open(&"new", at(1)), None, "there is no room");
    assert!(["a", "b", "c"].iter().all(|key| is_open(&circuits, key, at(1))));
    assert_eq!(circuits.len(), 3);
    let uncounted = admit(&circuits, "new", at(1));
    let uncounted = circuits.answered(uncounted, || at(1));
    circuits.reset(&"b", at(2));
    call(&circuits, "new", BAD, at(2));
    assert_eq!(circuits.settle(uncounted, BAD, || at(2)), None, "what was not counted never is");
    assert_eq!(circuits.status(&"new", at(2)).expect("there is room again").counts.error, 1);
}

#[test]
fn a_ticket_of_a_key_that_went_changes_nothing_for_the_one_that_came() {
    for half_open in [None, Some(HalfOpen::new())] {
        let settings = fragile().error_amount(1).most_keys(1);
        let circuits = circuits(half_open.into_iter().fold(settings, SettingsBuilder::half_open));
        let gone = admit(&circuits, "gone", at(0));
        let next = admit(&circuits, "next", at(0));
        assert!(circuits.status(&"gone", at(0)).is_none());
        assert_eq!(circuits.settle(gone, BAD, || at(1)), None);
        assert_eq!(circuits.status(&"next", at(1)).expect("a circuit").counts.error, 0);
        let opened = circuits.settle(next, BAD, || at(1));
        assert!(matches!(opened, Some((Transition::Opened(_), "next"))));

        // Again, when both keys have been where the other was.
        let probe = admit(&circuits, "next", at(61));
        admit(&circuits, "gone", at(1000));
        assert_eq!(state(&circuits, &"next", at(1000)), None);
        assert_eq!(circuits.settle(probe, BAD, || at(1000)), None);
        assert_eq!(circuits.settle(next, BAD, || at(1000)), None, "nor if it is settled twice");
        assert_eq!(circuits.status(&"gone", at(1000)).expect("a circuit").counts.error, 0);
    }
}

/// The last calls are remembered for a while after the last of them.
#[test]
fn a_late_answer_of_a_key_that_went_does_not_keep_the_one_that_came() {
    let settings = Settings::builder().last_calls(10).error_amount(5).open_for(secs(60)).most_keys(2);
    let circuits = circuits(settings);
    let late = admit(&circuits, "gone", at(0));
    call(&circuits, "good", GOOD, at(0));
    call(&circuits, "came", BAD, at(1));
    assert!(circuits.status(&"gone", at(1)).is_none());
    assert_eq!(circuits.settle(late, BAD, || at(50)), None);
    call(&circuits, "good", GOOD, at(60));
    call(&circuits, "new", GOOD, at(70));
    assert!(circuits.status(&"came", at(70)).is_none(), "its last answer was more than a minute ago");
    assert!(circuits.status(&"good", at(70)).is_some());
}

#[test]
fn a_key_that_comes_again_begins_anew() {
    let circuits = circuits(fragile().most_keys(1));
    call(&circuits, "a", BAD, at(0));
    call(&circuits, "b", BAD, at(0));
    call(&circuits, "a", BAD, at(0));
    assert_eq!(circuits.status(&"a", at(0)).expect("a circuit").counts.error, 1);
    assert_eq!(state(&circuits, &"a", at(0)), Some(State::Closed));
}

#[test]
fn many_threads_with_many_keys_never_make_more_than_the_most() {
    let circuits = circuits::<u64>(fragile().most_keys(600));
    open(&circuits, u64::MAX, at(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let circuits = &circuits;
            scope.spawn(move || {
                for key in 0..5_000 {
                    call(circuits, key * 4 + thread, BAD, at(1));
                    assert!(circuits.len() <= 604, "each may be about to give its own back");
                }
            });
        }
    });
    assert_eq!(circuits.len(), 600);
    assert!(is_open(&circuits, &u64::MAX, at(1)));
}
