//! Failures that no answer told of, counted apart: as Envoy does.

use super::*;

fn split() -> SettingsBuilder {
    istio().max_ejection_percent(100).split_local_origin(true)
}

const LOCAL: Kind = Kind::ConsecutiveLocalOrigin;

/// Case 8.
#[test]
fn connections_that_fail_eject_by_a_row_of_their_own() {
    let mut pool = Pool::new(2, split());
    assert_eq!(pool.see_all(1, [Seen::ConnectFailed; 4], 10), []);
    assert_eq!(kinds(&pool.see(1, Seen::ConnectFailed, 10)), [("ejected", LOCAL)]);
    assert_eq!(pool.see_all(1, [Seen::ConnectFailed; 5], 10), []);
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 0);
}

/// Case 9.
#[test]
fn errors_that_were_answered_end_the_row_of_failures_and_have_their_own() {
    let mut pool = Pool::new(2, split());
    assert_eq!(pool.see_all(1, [Seen::ConnectFailed; 4], 10), []);
    assert_eq!(pool.see_all(1, [Seen::Answered(500); 4], 10), []);
    assert_eq!(pool.in_a_row(1, LOCAL), 0);
    assert_eq!(kinds(&pool.see(1, Seen::Answered(500), 10)), [("ejected", Kind::Consecutive5xx)]);
}

#[test]
fn a_failure_does_not_touch_the_row_of_errors() {
    let mut pool = Pool::new(2, split().consecutive_5xx(2));
    let between = [Seen::Answered(503), Seen::ConnectFailed, Seen::Broken, Seen::TimedOut(504)];
    assert_eq!(pool.see_all(1, between, 10), []);
    assert_eq!((pool.in_a_row(1, Kind::Consecutive5xx), pool.in_a_row(1, Kind::ConsecutiveGateway)), (1, 1));
    assert_eq!(names(&pool.see(1, Seen::Answered(503), 10)), ["ejected"]);
}

/// As was seen of Envoy: each failure costs a connection, and that this comes about ends the row.
#[test]
fn a_host_that_accepts_connections_and_then_hangs_or_resets_is_never_ejected() {
    let mut pool = Pool::new(2, split().consecutive_local_origin(2));
    for seen in [Seen::TimedOut(504), Seen::Broken, Seen::TimedOut(204)] {
        for _ in 0..100 {
            assert_eq!(pool.see(1, seen, 10), []);
            assert_eq!(pool.in_a_row(1, LOCAL), 1);
        }
    }
    assert_eq!(pool.see(1, Seen::ConnectFailed, 10).len(), 1, "the last of them was a failure still");
}

#[test]
fn a_row_of_one_is_full_also_over_a_connection() {
    let mut pool = Pool::new(2, split().consecutive_local_origin(1));
    assert_eq!(kinds(&pool.see(1, Seen::Broken, 10)), [("ejected", LOCAL)]);
}

#[test]
fn failures_over_shared_connections_add_up() {
    let mut pool = Pool::new(2, split().multiplexed(true).consecutive_local_origin(3));
    assert_eq!(pool.see_all(1, [Seen::Broken, Seen::TimedOut(504)], 10), []);
    assert_eq!(pool.in_a_row(1, LOCAL), 2);
    assert_eq!(pool.see(1, ok(), 10), []);
    assert_eq!(pool.in_a_row(1, LOCAL), 0, "an answer came over a connection");
    let row = [Seen::TimedOut(204), Seen::ConnectFailed, Seen::Broken];
    assert_eq!(kinds(&pool.see_all(1, row, 10)), [("ejected", LOCAL)]);
}

#[test]
fn a_threshold_of_zero_is_never_reached_and_not_split_there_is_no_row_of_failures() {
    let mut pool = Pool::new(2, split().consecutive_local_origin(0));
    assert_eq!(pool.see_all(1, [Seen::ConnectFailed; 100], 10), []);
    let mut pool = Pool::new(2, split().split_local_origin(false).consecutive_5xx(0));
    assert_eq!(kinds(&pool.see_all(1, [Seen::ConnectFailed; 5], 10)).len(), 1);
    assert_eq!(pool.in_a_row(1, LOCAL), 0);
}
