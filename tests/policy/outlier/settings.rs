//! What a detector is told: the defaults of Envoy and Istio, and what cannot mean anything.

use tower_mesh::policy::outlier::{Field, HowMany};

use super::*;

#[test]
fn the_defaults_are_those_of_envoy() {
    let settings = Settings::default();
    assert_eq!(settings, settled(Settings::builder()));
    let rows = [Kind::Consecutive5xx, Kind::ConsecutiveGateway, Kind::ConsecutiveLocalOrigin];
    assert_eq!(rows.map(|kind| settings.consecutive(kind)), [5; 3]);
    assert_eq!(Kind::ALL.map(|kind| settings.enforcing(kind)), [100, 0, 100, 100, 100, 0, 0]);
    assert_eq!((settings.interval(), settings.base_ejection_time()), (secs(10), secs(30)));
    assert_eq!((settings.max_ejection_time(), settings.jitter()), (secs(300), secs(0)));
    assert_eq!((settings.max_ejection_percent(), settings.how_many()), (10, HowMany::Strict));
    let rates = settings.success_rate();
    assert_eq!((rates.minimum_hosts, rates.request_volume, rates.stdev_factor), (5, 100, 1900));
    let failures = settings.failure_percentage();
    assert_eq!((failures.threshold, failures.minimum_hosts, failures.request_volume), (85, 5, 50));
    assert!(!settings.split_local_origin() && !settings.multiplexed() && settings.checks_return());
    assert_eq!(settings.error_statuses(), None);
    assert!(settings.has_statistics() && !settings.is_off());
}

#[test]
fn istio_leaves_success_rates_out() {
    let settings = Settings::istio_default();
    assert_eq!(settings, settled(istio()));
    assert_eq!(Kind::ALL.map(|kind| settings.enforcing(kind)), [100, 0, 100, 0, 0, 0, 0]);
    assert!(!settings.has_statistics() && !settings.is_off());
}

#[test]
fn what_detects_nothing_is_off() {
    let none = istio().consecutive_5xx(0).consecutive_gateway(0);
    assert!(settled(none.clone()).is_off());
    assert!(!settled(none.clone().split_local_origin(true)).is_off());
    assert!(settled(none.clone().split_local_origin(true).consecutive_local_origin(0)).is_off());
    assert!(!settled(none.clone().enforcing(Kind::FailurePercentage, 1)).is_off());
    assert!(settled(none.clone().enforcing(Kind::LocalOriginFailurePercentage, 1)).is_off());
    assert!(!settled(none.consecutive_gateway(1)).is_off());
}

#[test]
fn a_longest_time_that_is_not_set_is_as_long_as_the_base_time_at_least() {
    assert_eq!(settled(Settings::builder().base_ejection_time(secs(301))).max_ejection_time(), secs(301));
    let equal = Settings::builder().base_ejection_time(secs(7)).max_ejection_time(secs(7));
    assert_eq!(settled(equal).max_ejection_time(), secs(7));
}

/// Case 27, and others.
#[test]
fn what_cannot_mean_anything_is_refused_with_what_would() {
    let builder = Settings::builder;
    let micros = Duration::from_micros(1_500);
    let cases = [
        (
            builder().base_ejection_time(secs(9)).max_ejection_time(secs(8)),
            Field::MaxEjectionTime,
            "max_ejection_time is 8s, but must be at least as long as base_ejection_time",
        ),
        (
            builder().enforcing(Kind::ConsecutiveGateway, 101),
            Field::Enforcing(Kind::ConsecutiveGateway),
            "enforcing consecutive_gateway_failure is 101, but must be 0 to 100",
        ),
        (
            builder().max_ejection_percent(256),
            Field::MaxEjectionPercent,
            "max_ejection_percent is 256, but must be 0 to 100",
        ),
        (
            builder().failure_percentage_threshold(101),
            Field::FailurePercentageThreshold,
            "failure_percentage_threshold is 101, but must be 0 to 100",
        ),
        (
            builder().interval(secs(0)),
            Field::Interval,
            "interval is 0ns, but must be whole milliseconds, at least one",
        ),
        (
            builder().base_ejection_time(micros),
            Field::BaseEjectionTime,
            "base_ejection_time is 1.5ms, but must be whole milliseconds, at least one",
        ),
        (builder().jitter(micros), Field::Jitter, "jitter is 1.5ms, but must be whole milliseconds"),
        (
            builder().error_statuses([503, 99]),
            Field::ErrorStatuses,
            "error_statuses is 99, but must be statuses from 100 to 999",
        ),
    ];
    for (settings, field, text) in cases {
        let error = settings.build().expect_err(text);
        assert_eq!((error.field(), error.to_string().as_str()), (field, text));
    }
}

#[test]
fn a_list_of_no_statuses_is_none() {
    assert_eq!(settled(Settings::builder().error_statuses([])), Settings::default());
    let listed = settled(Settings::builder().error_statuses([502, 401]));
    assert_eq!(listed.error_statuses().expect("a list").to_string(), "401,502");
}

#[test]
fn of_no_hosts_none_is_ejected() {
    for rule in [HowMany::Strict, HowMany::OneAtLeast, HowMany::Legacy] {
        assert_eq!(settled(Settings::builder().how_many(rule).max_ejection_percent(100)).most_ejected(0), 0);
    }
}
