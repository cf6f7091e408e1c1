//! What part of its weight a host has that has just come.

use std::time::Duration;

use tower_mesh::policy::balance::{SlowStart, SlowStartBuilder, SlowStartField};

fn minute() -> SlowStartBuilder {
    SlowStart::builder(Duration::from_secs(60))
}

fn factor(slow: SlowStartBuilder, millis: u64) -> f64 {
    slow.build().expect("these mean something").factor(Duration::from_millis(millis))
}

/// Case 98.
#[test]
fn a_host_gets_more_the_longer_it_is_there() {
    for (aggression, millis, expected) in [
        (1.0, 0, 0.1),
        (1.0, 6_000, 0.1),
        (1.0, 30_000, 0.5),
        (2.0, 30_000, 0.5_f64.sqrt()),
        (0.5, 30_000, 0.25),
        (1.0, 45_000, 0.75),
        (1.0, 59_999, 59.999 / 60.0),
        (1.0, 60_000, 1.0),
        (2.0, u64::MAX, 1.0),
    ] {
        let factor = factor(minute().aggression(aggression), millis);
        assert!((factor - expected).abs() < 1e-12, "{aggression} at {millis} ms: {factor}");
    }
}

#[test]
fn it_begins_with_the_least_share_and_never_with_nothing() {
    assert_eq!(factor(minute().minimum_percent(50.0), 6_000), 0.5);
    assert_eq!(factor(minute().minimum_percent(100.0), 0), 1.0);
    assert_eq!(factor(minute().minimum_percent(0.0), 0), 0.001 / 60.0, "as after a millisecond");
}

#[test]
fn what_means_nothing_is_told_so() {
    for (builder, field) in [
        (SlowStart::builder(Duration::ZERO), SlowStartField::Window),
        (minute().minimum_percent(-1.0), SlowStartField::MinimumPercent),
        (minute().minimum_percent(100.1), SlowStartField::MinimumPercent),
        (minute().minimum_percent(f64::NAN), SlowStartField::MinimumPercent),
        (minute().aggression(0.0), SlowStartField::Aggression),
        (minute().aggression(f64::INFINITY), SlowStartField::Aggression),
    ] {
        assert_eq!(builder.build().unwrap_err().field(), field);
    }
}
