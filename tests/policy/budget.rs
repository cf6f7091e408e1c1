//! A budget of retries, by plain arithmetic over `now`.

use std::time::Duration;

use tower_mesh::policy::{
    Lane, Time,
    budget::{Budget, Settings, SettingsBuilder, SettingsError},
};

fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

fn budget(settings: SettingsBuilder) -> Budget {
    Budget::new(settings.build().expect("these mean something"), 4)
}

/// How many retries there may be at this moment.
fn drawn(budget: &Budget, now: Time) -> usize {
    std::iter::from_fn(|| budget.withdraw(now).then_some(())).take(10_000).count()
}

#[test]
fn retries_are_a_share_of_the_requests_whatever_their_lane() {
    let budget = budget(Settings::builder().minimum_per_second(0));
    assert_eq!(drawn(&budget, at(0)), 0);
    (0..100).for_each(|lane| budget.arrived(Lane::new(lane), at(10)));
    assert_eq!(drawn(&budget, at(20)), 20);
    (0..4).for_each(|lane| budget.arrived(Lane::new(lane), at(30)));
    assert_eq!(drawn(&budget, at(40)), 0, "a fifth of four is none");
    budget.arrived(Lane::new(0), at(50));
    assert_eq!(drawn(&budget, at(60)), 1);
}

#[test]
fn a_few_are_allowed_whatever_comes() {
    let budget = budget(Settings::builder().minimum_per_second(2).over(Duration::from_secs(5)));
    assert_eq!(drawn(&budget, at(0)), 10);
    assert_eq!(drawn(&budget, at(4999)), 0);
    assert_eq!(drawn(&budget, at(5000)), 10);
}

/// The window moves on by tenths: what was in it leaves with its tenth, requests and retries alike.
#[test]
fn what_is_long_ago_buys_nothing_and_costs_nothing() {
    let budget = budget(Settings::builder().minimum_per_second(0));
    (0..50).for_each(|_| budget.arrived(Lane::new(1), at(500)));
    assert_eq!(drawn(&budget, at(9999)), 10);
    (0..50).for_each(|_| budget.arrived(Lane::new(1), at(10_500)));
    assert_eq!(
        drawn(&budget, at(10_500)),
        0,
        "the retries of 9.999 s still count, the first requests do not"
    );
    assert_eq!(drawn(&budget, at(19_500)), 10, "now they do not");
    assert_eq!(drawn(&budget, at(3_600_000)), 0);
}

/// The same place of the ring, many turns later, holds nothing of before.
#[test]
fn a_step_of_an_earlier_turn_is_not_taken_for_this_one() {
    let budget = budget(Settings::builder().minimum_per_second(0));
    for turn in 1..200 {
        let now = at(turn * 11_000);
        (0..5).for_each(|_| budget.arrived(Lane::new(2), now));
        assert_eq!(drawn(&budget, now), 1, "{turn}");
    }
}

/// A thread that read the clock earlier and comes later draws on the same budget.
#[test]
fn a_clock_that_was_read_earlier_allows_no_more() {
    let budget = budget(Settings::builder().minimum_per_second(1));
    assert_eq!(drawn(&budget, at(2000)), 10);
    assert_eq!(drawn(&budget, at(500)), 0);
}

#[test]
fn what_cannot_mean_anything_is_told() {
    for ratio in [0.0, -0.1, 1.1] {
        assert_eq!(Settings::builder().ratio(ratio).build(), Err(SettingsError::Ratio(ratio)));
    }
    assert!(Settings::builder().ratio(f64::NAN).build().is_err());
    for over in [Duration::ZERO, Duration::from_millis(9), Duration::from_secs(3601)] {
        assert_eq!(Settings::builder().over(over).build(), Err(SettingsError::Over(over)));
    }
    assert_eq!(Settings::default(), Settings::builder().build().expect("the defaults mean something"));
}

/// A word has room for so many steps' numbers, and then for the first ones again.
#[test]
fn what_comes_after_years_counts_as_what_came_before() {
    let budget = budget(Settings::builder().ratio(1.0).minimum_per_second(0).over(Duration::from_millis(10)));
    // Eleven slots; a slot's number is written in 32 bits.
    let years = 11 << 32;
    for now in [years - 20, years - 1, years + 30, years + 31] {
        budget.arrived(Lane::new(0), at(now));
        assert_eq!(drawn(&budget, at(now)), 1, "{now}");
    }
}
