//! How many retries there may be at once.

use std::time::Duration;

use tower_mesh::policy::{
    Time,
    limits::{Retries, RetryBudget, Settings, SettingsBuilder},
};

fn retries(settings: SettingsBuilder) -> Retries {
    Retries::new(&settings.build().expect("these mean something"))
}

fn budget(budget: RetryBudget) -> Retries {
    retries(Settings::builder().retries(0).retry_budget(budget))
}

/// How many begin while so many requests are in flight, all of which end again.
fn begin(retries: &Retries, in_flight: u64, now: u64) -> u64 {
    let at = || Time::from_nanos(now * 1_000_000);
    let began = (0..1000).filter(|_| retries.begin(|| in_flight, at)).count() as u64;
    assert_eq!(retries.under_way(), began);
    (0..began).for_each(|_| retries.end());
    began
}

fn unasked() -> Time {
    panic!("nobody needs to know when it is")
}

#[test]
fn without_a_limit_all_may() {
    assert_eq!(begin(&retries(Settings::builder()), 0, 0), 1000);
}

#[test]
fn a_number_is_a_number() {
    for number in [0, 1, 7] {
        let retries = retries(Settings::builder().retries(number));
        assert_eq!(begin(&retries, 1_000_000, 0), u64::from(number));
        assert_eq!(retries.overflow(), 1000 - u64::from(number));
    }
}

/// Envoy's: 20 percent of those in flight and those that wait, but always three. Case 33 of Envoy.
#[test]
fn a_budget_is_a_share_of_what_is_in_flight_and_never_less_than_the_minimum() {
    let retries = budget(RetryBudget::new());
    for (in_flight, may) in [(0, 3), (5, 3), (19, 3), (20, 4), (24, 4), (100, 20), (1000, 200)] {
        assert_eq!(begin(&retries, in_flight, 0), may, "{in_flight}");
    }
    assert_eq!(begin(&budget(RetryBudget::new().percent(0.0).minimum(2)), 1000, 0), 2);
    assert_eq!(begin(&budget(RetryBudget::new().percent(0.0).minimum(0)), 1000, 0), 0);
    // 0.29 × 100 is 28.999… in binary.
    assert_eq!(begin(&budget(RetryBudget::new().percent(29.0)), 100, 0), 29);
}

#[test]
fn one_that_ends_makes_room_for_one() {
    let retries = retries(Settings::builder().retries(1));
    assert!(retries.begin(|| 0, unasked));
    assert!(!retries.begin(|| 0, unasked));
    retries.end();
    assert!(retries.begin(|| 0, unasked));
}

#[test]
fn the_clock_is_not_asked_unless_requests_count_for_a_while() {
    let retries = budget(RetryBudget::new());
    assert!(!retries.looks_back());
    assert!(retries.begin(|| 0, unasked));
}

#[test]
fn within_the_interval_requests_count_though_they_have_ended() {
    let retries = budget(RetryBudget::new().interval(Duration::from_millis(640)));
    assert!(retries.looks_back());
    let at = |millis: u64| Time::from_nanos(millis * 1_000_000);
    for _ in 0..50 {
        retries.request_ended(at(1000), at(1100));
        retries.request_ended(at(1300), at(1310));
    }
    // Of a hundred that have ended and those in flight.
    assert_eq!(begin(&retries, 0, 1400), 20);
    assert_eq!(begin(&retries, 50, 1400), 30);
    // Those that began first count no longer.
    assert_eq!(begin(&retries, 0, 1629), 20);
    assert_eq!(begin(&retries, 0, 1640), 10);
    assert_eq!(begin(&retries, 0, 1940), 3);
}

#[test]
fn what_began_before_the_interval_does_not_count_when_it_ends() {
    let retries = budget(RetryBudget::new().interval(Duration::from_millis(640)));
    let at = |millis: u64| Time::from_nanos(millis * 1_000_000);
    (0..100).for_each(|_| retries.request_ended(at(1000), at(5000)));
    assert_eq!(begin(&retries, 0, 5000), 3);
}
