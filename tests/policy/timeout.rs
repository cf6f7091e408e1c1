//! How long an exchange may take, by plain arithmetic.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tower_mesh::policy::{
    Time,
    timeout::{
        Awaited, Field, LONGEST, Limit, Limits, Said, Settings, SettingsBuilder, Trusted, grpc_timeout,
    },
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

fn settings(builder: SettingsBuilder) -> Settings {
    builder.build().expect("the settings mean something")
}

/// What requests with these headers are limited to, total and head.
fn limits(builder: SettingsBuilder, headers: &[(&str, &str)], is_grpc: bool) -> (Option<u128>, Option<u128>) {
    let header = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
    };
    let mut map = HeaderMap::new();
    headers.iter().map(header).for_each(|(name, value)| {
        map.append(name, value);
    });
    let settings = settings(builder);
    let limits = settings.effective(Said::read(&map, &settings, is_grpc));
    (limits.total().map(|time| time.as_millis()), limits.head().map(|time| time.as_millis()))
}

#[test]
fn nothing_is_limited_that_was_not_said() {
    let settings = settings(Settings::builder());
    assert_eq!(settings.effective(Said::default()), Limits::NONE);
    assert_eq!((settings.total(), settings.head(), settings.idle()), (None, None, None));
    assert!(!settings.is_off(), "a gRPC call may still ask for it");
    assert!(Settings::builder().grpc_timeout(false).build().expect("nothing").is_off());
    assert!(!Settings::builder().grpc_timeout(false).tell_deadline(true).build().expect("one").is_off());
}

#[test]
fn times_that_no_timer_can_be_set_to_are_refused_with_what_would_be_accepted() {
    let accepted = "must be a whole number of milliseconds, from 1 ms to 68719476734 ms (two years)";
    let begun = Settings::builder;
    for (builder, field, found) in [
        (begun().total(ms(0)), Field::Total, "zero"),
        (begun().head(Duration::from_micros(1500)), Field::Head, "1.5ms"),
        (begun().idle(Duration::from_nanos(1)), Field::Idle, "1ns"),
        (begun().total(LONGEST + ms(1)), Field::Total, "68719476.735s"),
        (begun().total(Duration::MAX), Field::Total, "18446744073709551615.999999999s"),
    ] {
        let error = builder.build().expect_err("means nothing");
        assert_eq!(error.to_string(), format!("{field} is {found}, but {accepted}"));
        assert_eq!((error.field(), error.found()), (field, found));
    }
    assert_eq!(settings(begun().total(LONGEST)).total(), Some(LONGEST));
}

#[test]
fn the_limit_that_comes_first_is_next() {
    let all = settings(Settings::builder().total(ms(3000)).head(ms(1000)).idle(ms(400)));
    let all = all.effective(Said::default());
    let next = |awaited, started: Option<u64>, moved| all.next(awaited, started.map(at), at(moved));
    assert_eq!(next(Awaited::Head, Some(0), 0), Some((Limit::Idle, at(400))));
    assert_eq!(next(Awaited::Head, Some(0), 601), Some((Limit::Head, at(1000))));
    assert_eq!(next(Awaited::Body, Some(0), 601), Some((Limit::Idle, at(1001))));
    assert_eq!(next(Awaited::Body, Some(0), 2601), Some((Limit::Total, at(3000))));
    assert_eq!(next(Awaited::Head, None, 2601), Some((Limit::Idle, at(3001))), "time does not count yet");
    assert_eq!(Limits::NONE.next(Awaited::Head, Some(at(0)), at(0)), None);
}

#[test]
fn of_a_try_nothing_is_left_after_its_head() {
    let limits = |set: SettingsBuilder| settings(set).effective(Said::default()).after_the_head();
    assert!(limits(Settings::builder().head(ms(1))).is_none());
    assert_eq!(limits(Settings::builder().head(ms(1)).total(ms(2))).total(), Some(ms(2)));
    assert_eq!(limits(Settings::builder().head(ms(1)).idle(ms(2))).idle(), Some(ms(2)));
}

/// As Envoy: a time for one try that is no shorter than that for all tries is ignored.
#[test]
fn of_two_at_the_same_moment_the_wider_one_ends_it() {
    let both = |head| {
        let limits = settings(Settings::builder().total(ms(5000)).head(ms(head))).effective(Said::default());
        limits.next(Awaited::Head, Some(at(0)), at(0))
    };
    assert_eq!(both(5000), Some((Limit::Total, at(5000))));
    assert_eq!(both(6000), Some((Limit::Total, at(5000))));
    assert_eq!(both(4999), Some((Limit::Head, at(4999))));
}

#[test]
fn trusted_headers_replace_limits_in_both_directions() {
    let total = |value: &str| {
        let set = Settings::builder().total(ms(500)).trust_request_headers(Trusted::Total);
        limits(set, &[("x-envoy-upstream-rq-timeout-ms", value)], false).0
    };
    assert_eq!(total("3000"), Some(3000));
    assert_eq!(total("100"), Some(100));
    assert_eq!(total(" 100 "), Some(100));
    assert_eq!(total("0"), None, "zero is for ever");
    assert_eq!(total("18446744073709551615"), Some(LONGEST.as_millis()), "as long as can be");
    for garbage in ["", "abc", "-1", "+1", "1.5", "100ms", "0x10", "1,2", "18446744073709551616"] {
        assert_eq!(total(garbage), Some(500), "{garbage:?} says nothing");
    }
}

#[test]
fn each_header_replaces_its_own_limit_also_where_none_was_set() {
    let said =
        [("x-envoy-upstream-rq-timeout-ms", "3000"), ("x-envoy-upstream-rq-per-try-timeout-ms", "1000")];
    let trusting = |trusted| limits(Settings::builder().trust_request_headers(trusted), &said, false);
    assert_eq!(trusting(Trusted::Nothing), (None, None));
    assert_eq!(trusting(Trusted::Total), (Some(3000), None));
    assert_eq!(trusting(Trusted::Head), (None, Some(1000)));
    assert_eq!(trusting(Trusted::Both), (Some(3000), Some(1000)));
}

/// Two lines are one list to Envoy, and a list is no number.
#[test]
fn a_header_that_is_there_twice_says_nothing() {
    let name = "x-envoy-upstream-rq-timeout-ms";
    let set = Settings::builder().total(ms(500)).trust_request_headers(Trusted::Both);
    assert_eq!(limits(set, &[(name, "100"), (name, "200")], false).0, Some(500));
    let grpc = Settings::builder().total(ms(500));
    assert_eq!(limits(grpc, &[("grpc-timeout", "100m"), ("grpc-timeout", "200m")], true).0, Some(500));
    let beside = [("cookie", "a"), ("grpc-timeout", "100m"), ("cookie", "b")];
    assert_eq!(limits(grpc, &beside, true).0, Some(100), "others may be there as often as they like");
}

#[test]
fn grpc_timeout_lowers_the_total_and_never_raises_it() {
    let grpc = |set: SettingsBuilder, value| limits(set, &[("grpc-timeout", value)], true).0;
    let half = Settings::builder().total(ms(500));
    assert_eq!(grpc(half, "100m"), Some(100));
    assert_eq!(grpc(half, "1S"), Some(500));
    assert_eq!(grpc(Settings::builder(), "1S"), Some(1000), "alone it is the total");
    assert_eq!(grpc(half.grpc_timeout(false), "100m"), Some(500));
    assert_eq!(limits(half, &[("grpc-timeout", "100m")], false).0, Some(500), "no gRPC call");
    assert_eq!(limits(half, &[], true).0, Some(500));
    assert_eq!(grpc(half, "0m"), Some(500), "zero limits nothing, as in Envoy");
}

#[test]
fn every_unit_of_grpc_timeout_is_read_and_rounded_up_to_a_millisecond() {
    let read = |value| limits(Settings::builder(), &[("grpc-timeout", value)], true).0;
    for (value, millis) in [
        ("2H", 7_200_000),
        ("2M", 120_000),
        ("2S", 2000),
        ("2m", 2),
        ("2u", 1),
        ("1001u", 2),
        ("1n", 1),
        ("1000001n", 2),
        ("99999999m", 99_999_999),
        ("99999999H", LONGEST.as_millis()),
    ] {
        assert_eq!(read(value), Some(millis), "{value}");
    }
    for garbage in ["", "m", "100", "100 m", " 100m", "-1m", "+1m", "1.5S", "100s", "123456789m", "1h"] {
        assert_eq!(read(garbage), None, "{garbage:?} says nothing");
    }
}

/// As in Envoy: over the route's own time, and over what gRPC says.
#[test]
fn a_trusted_header_goes_before_grpc_timeout() {
    let set = Settings::builder().total(ms(500)).trust_request_headers(Trusted::Total);
    let said = [("x-envoy-upstream-rq-timeout-ms", "3000"), ("grpc-timeout", "100m")];
    assert_eq!(limits(set, &said, true).0, Some(3000));
}

#[test]
fn the_next_hop_has_the_shortest_of_what_is_left() {
    let limits = |set: SettingsBuilder| settings(set).effective(Said::default());
    let total = limits(Settings::builder().total(ms(5000)));
    assert_eq!(total.expected(None), Some(ms(5000)));
    let both = limits(Settings::builder().total(ms(5000)).head(ms(2000)));
    assert_eq!(both.expected(None), Some(ms(2000)), "one try has less");
    let one_try = limits(Settings::builder().head(ms(2000)));
    assert_eq!(one_try.expected(Some((ms(5000), ms(0)))), Some(ms(2000)));
    assert_eq!(one_try.expected(Some((ms(5000), ms(4500)))), Some(ms(500)));
    assert_eq!(one_try.expected(Some((ms(5000), ms(5000)))), Some(ms(1)), "zero would be for ever");
    assert_eq!(Limits::NONE.expected(Some((ms(5000), ms(1)))), Some(ms(4999)));
    assert_eq!(Limits::NONE.expected(None), None);
}

#[test]
fn grpc_timeout_is_written_in_eight_digits() {
    for (millis, text) in [
        (1, "1m"),
        (99_999_999, "99999999m"),
        (100_000_000, "100000S"),
        (99_999_999_999, "99999999S"),
        (100_000_000_000, "1666666M"),
    ] {
        assert_eq!(grpc_timeout(ms(millis)), text);
    }
}
