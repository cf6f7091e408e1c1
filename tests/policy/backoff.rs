//! Waits, with draws that are handed in.

use std::time::Duration;

use tower_mesh::policy::{
    Draw,
    backoff::{Backoff, Jitter},
};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn waits(backoff: Backoff, draw: u64) -> [u64; 6] {
    [1, 2, 3, 4, 5, 6].map(|retry| backoff.wait(retry, Draw::new(draw)).as_millis() as u64)
}

/// Case 55 of Envoy: as it waits at most, with its base of 25 ms.
#[test]
fn the_longest_waits_double_up_to_ten_times_the_base() {
    assert_eq!(waits(Backoff::default(), u64::MAX), [24, 49, 99, 199, 249, 249]);
    assert_eq!(waits(Backoff::default(), 0), [0; 6]);
    assert_eq!(waits(Backoff::default(), 1 << 63), [12, 25, 50, 100, 125, 125]);
    assert_eq!(waits(Backoff::new(ms(100)), u64::MAX), [99, 199, 399, 799, 999, 999]);
}

#[test]
fn without_jitter_the_wait_is_the_time_itself() {
    let exact = Backoff::new(ms(1000)).jitter(Jitter::None);
    assert_eq!(waits(exact, 7), [1000, 2000, 4000, 8000, 10_000, 10_000]);
    assert_eq!(waits(exact.most(ms(1500)), 7), [1000, 1500, 1500, 1500, 1500, 1500]);
    assert_eq!(waits(Backoff::AT_ONCE, u64::MAX), [0; 6]);
}

#[test]
fn what_timers_cannot_measure_is_a_millisecond() {
    for base in [Duration::ZERO, Duration::from_micros(999), Duration::from_micros(1001)] {
        assert_eq!(Backoff::new(base).base(), ms(1));
    }
    assert_eq!(Backoff::new(ms(20)).most(ms(5)).longest(), ms(20));
}

/// Many retries, and bases as long as there are, overflow nothing.
#[test]
fn no_number_is_too_large() {
    assert_eq!(Backoff::default().wait(u32::MAX, Draw::new(u64::MAX)), ms(249));
    let endless = Backoff::new(Duration::MAX).jitter(Jitter::None);
    assert_eq!(endless.wait(40, Draw::new(0)), ms(u64::MAX));
    assert_eq!(Backoff::asked_for(Duration::MAX, Draw::new(u64::MAX)), ms(u64::MAX));
}

/// Case 56 of Envoy: from what was asked for on to half as long again.
#[test]
fn what_was_asked_for_is_waited_and_a_little_more() {
    let wait = |draw| Backoff::asked_for(ms(5000), Draw::new(draw));
    assert_eq!([wait(0), wait(1 << 63), wait(u64::MAX)], [ms(5000), ms(6250), ms(7499)]);
}
