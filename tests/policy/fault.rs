//! Which requests meet with a fault, by draws that are handed in. The numbered cases are Envoy's: `docs/cases.md`.

use std::time::Duration;

use http::HeaderMap;
use tower_mesh::policy::{
    Draw, GrpcStatus, PartsPerMillion,
    fault::{Abort, Answer, Delay, Denominator, Faults, Settings, SettingsBuilder},
};

const HIT: fn() -> Draw = || Draw::new(0);
const MISS: fn() -> Draw = || Draw::new(u64::MAX);

/// A draw that nobody may ask for.
const UNASKED: fn() -> Draw = || panic!("a draw that decides nothing");

/// The draw that stands at so many parts per million.
fn at(parts: u64) -> impl Fn() -> Draw {
    move || Draw::new(((u128::from(parts) << 64).div_ceil(1_000_000)) as u64)
}

fn faults(settings: SettingsBuilder) -> Faults {
    Faults::new(settings.build().expect("these mean something"))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn http(status: u16) -> Answer {
    Answer::Http(status.try_into().expect("a status"))
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .collect()
}

/// Delay and abort of a request; what it took is given back.
fn decided(
    faults: &Faults,
    headers: &HeaderMap,
    delay: impl FnOnce() -> Draw,
    abort: impl FnOnce() -> Draw,
) -> (Option<Duration>, Option<Answer>) {
    let fault = faults.decide(Some(headers), delay, abort);
    if let Some(fault) = fault {
        faults.settle(fault);
    }
    (fault.and_then(|fault| fault.delay()), fault.and_then(|fault| fault.abort()))
}

fn simply(
    faults: &Faults,
    delay: impl FnOnce() -> Draw,
    abort: impl FnOnce() -> Draw,
) -> (Option<Duration>, Option<Answer>) {
    decided(faults, &HeaderMap::new(), delay, abort)
}

#[test]
fn case_38_both_at_100_percent_draw_nothing_and_both_happen() {
    let faults = faults(Settings::builder().delay(ms(200), 100.0).abort(503, 100.0));
    assert_eq!(simply(&faults, UNASKED, UNASKED), (Some(ms(200)), Some(http(503))));
    assert!(!faults.needs_luck());
}

#[test]
fn case_39_delay_and_abort_are_two_independent_draws() {
    let faults = faults(Settings::builder().delay(ms(200), 50.0).abort(503, 50.0));
    assert_eq!(simply(&faults, HIT, MISS), (Some(ms(200)), None));
    assert_eq!(simply(&faults, MISS, HIT), (None, Some(http(503))));
    assert_eq!(simply(&faults, HIT, HIT), (Some(ms(200)), Some(http(503))));
    assert_eq!(simply(&faults, MISS, MISS), (None, None));
    assert!(faults.needs_luck());
}

#[test]
fn what_is_not_asked_for_or_has_no_share_never_happens_and_draws_nothing() {
    for settings in [Settings::builder(), Settings::builder().delay(ms(1), 0.0).abort(500, 0.0)] {
        let faults = faults(settings);
        assert!(faults.settings().is_off());
        assert!(!faults.needs_luck());
        assert_eq!(simply(&faults, UNASKED, UNASKED), (None, None));
    }
}

#[test]
fn a_share_of_a_thousandth_is_met_by_a_thousandth_of_the_draws() {
    let faults = faults(Settings::builder().abort(503, 0.1));
    assert_eq!(simply(&faults, UNASKED, at(999)), (None, Some(http(503))));
    assert_eq!(simply(&faults, UNASKED, at(1000)), (None, None));
}

#[test]
fn adding_an_abort_does_not_move_the_delays_victims() {
    let alone = faults(Settings::builder().delay(ms(1), 30.0));
    for exclusive in [false, true] {
        let both = faults(Settings::builder().delay(ms(1), 30.0).abort(503, 30.0).exclusive(exclusive));
        for parts in (0..1_000_000).step_by(10_000) {
            assert_eq!(simply(&both, at(parts), MISS).0, simply(&alone, at(parts), MISS).0);
        }
    }
}

#[test]
fn exclusive_faults_share_one_draw() {
    let faults = faults(Settings::builder().delay(ms(1), 20.0).abort(503, 30.0).exclusive(true));
    assert_eq!(simply(&faults, at(199_999), UNASKED), (Some(ms(1)), None));
    assert_eq!(simply(&faults, at(200_000), UNASKED), (None, Some(http(503))));
    assert_eq!(simply(&faults, at(499_999), UNASKED), (None, Some(http(503))));
    assert_eq!(simply(&faults, at(500_000), UNASKED), (None, None));
}

#[test]
fn an_abort_has_what_a_delay_leaves_where_they_exclude_each_other() {
    let most = faults(Settings::builder().delay(ms(1), 70.0).abort(503, 50.0).exclusive(true));
    assert_eq!(simply(&most, at(699_999), UNASKED), (Some(ms(1)), None));
    assert_eq!(simply(&most, at(700_000), UNASKED), (None, Some(http(503))));
    assert_eq!(simply(&most, at(999_999), UNASKED), (None, Some(http(503))));
    let all = faults(Settings::builder().delay(ms(1), 100.0).abort(503, 100.0).exclusive(true));
    assert_eq!(simply(&all, MISS, UNASKED), (Some(ms(1)), None), "the delay leaves nothing");
}

// ===== by header =====

const DELAY: &str = "x-envoy-fault-delay-request";
const DELAY_SHARE: &str = "x-envoy-fault-delay-request-percentage";
const ABORT: &str = "x-envoy-fault-abort-request";
const ABORT_GRPC: &str = "x-envoy-fault-abort-grpc-request";
const ABORT_SHARE: &str = "x-envoy-fault-abort-request-percentage";

#[test]
fn case_40_a_header_says_how_long_and_lowers_the_share_but_never_raises_it() {
    let faults = faults(Settings::builder().delay_by_header(30.0));
    let delays = |pairs: &[_], parts| decided(&faults, &headers(pairs), at(parts), UNASKED).0;
    assert_eq!(delays(&[(DELAY, "7")], 299_999), Some(ms(7)));
    assert_eq!(delays(&[(DELAY, "7")], 300_000), None);
    for (share, effective) in
        [("80", 300_000), ("30", 300_000), ("10", 100_000), ("-1", 300_000), ("x", 300_000)]
    {
        let asked = [(DELAY, "7"), (DELAY_SHARE, share)];
        assert_eq!(delays(&asked, effective - 1), Some(ms(7)), "{share}");
        assert_eq!(delays(&asked, effective), None, "{share}");
    }
    for none in ["abc", "0", "-5", "1.5", ""] {
        assert_eq!(delays(&[(DELAY, none)], 0), None, "{none}");
    }
    assert_eq!(delays(&[(DELAY, "7"), (DELAY_SHARE, "0")], 0), None);
    assert_eq!(delays(&[], 0), None);
}

#[test]
fn the_first_of_two_headers_counts() {
    let faults = faults(Settings::builder().delay_by_header(100.0));
    let mut twice = headers(&[(DELAY, "7")]);
    twice.append(DELAY, "9".parse().expect("a value"));
    assert_eq!(decided(&faults, &twice, UNASKED, UNASKED).0, Some(ms(7)));
}

#[test]
fn a_headers_share_is_of_the_denominator_that_was_set() {
    for (denominator, effective) in
        [(Denominator::Hundred, 200_000), (Denominator::TenThousand, 2_000), (Denominator::Million, 20)]
    {
        let faults = faults(Settings::builder().delay_by_header(30.0).header_shares(denominator));
        let asked = headers(&[(DELAY, "7"), (DELAY_SHARE, "20")]);
        assert!(decided(&faults, &asked, at(effective - 1), UNASKED).0.is_some());
        assert!(decided(&faults, &asked, at(effective), UNASKED).0.is_none());
    }
}

#[test]
fn case_41_a_header_says_the_status_and_http_wins() {
    let faults = faults(Settings::builder().abort_by_header(100.0));
    let aborts = |pairs: &[_]| decided(&faults, &headers(pairs), UNASKED, HIT).1;
    for none in ["199", "600", "0", "65736", "99999999999999999999", "ok"] {
        assert_eq!(aborts(&[(ABORT, none)]), None, "{none}");
    }
    assert_eq!(aborts(&[(ABORT, "200")]), Some(http(200)));
    assert_eq!(aborts(&[(ABORT, "599")]), Some(http(599)));
    assert_eq!(aborts(&[(ABORT_GRPC, "14")]), Some(Answer::Grpc(GrpcStatus::Unavailable)));
    assert_eq!(aborts(&[(ABORT_GRPC, "17")]), None);
    assert_eq!(aborts(&[(ABORT_GRPC, "270")]), None);
    assert_eq!(aborts(&[(ABORT, "503"), (ABORT_GRPC, "14")]), Some(http(503)));
    assert_eq!(aborts(&[(ABORT, "600"), (ABORT_GRPC, "14")]), Some(Answer::Grpc(GrpcStatus::Unavailable)));
    assert_eq!(aborts(&[]), None);
    assert_eq!(
        decided(&faults, &headers(&[(ABORT, "503"), (ABORT_SHARE, "10")]), UNASKED, at(99_999)).1,
        Some(http(503))
    );
    assert_eq!(
        decided(&faults, &headers(&[(ABORT, "503"), (ABORT_SHARE, "10")]), UNASKED, at(100_000)).1,
        None
    );
}

#[test]
fn a_share_in_a_header_has_no_say_in_a_fixed_fault() {
    let faults = faults(Settings::builder().delay(ms(1), 50.0).abort(503, 50.0));
    assert!(!faults.reads_headers());
    let asked = headers(&[(DELAY, "9"), (DELAY_SHARE, "0"), (ABORT, "500"), (ABORT_SHARE, "0")]);
    assert_eq!(decided(&faults, &asked, HIT, HIT), (Some(ms(1)), Some(http(503))));
    let mixed = self::faults(Settings::builder().delay_by_header(100.0).abort(503, 50.0));
    assert_eq!(
        decided(&mixed, &asked, UNASKED, at(499_999)),
        (None, Some(http(503))),
        "a share of 0 was asked for"
    );
}

#[test]
fn what_a_request_does_not_ask_for_leaves_its_part_of_an_exclusive_draw_to_nobody() {
    let faults = faults(Settings::builder().delay_by_header(40.0).abort(503, 20.0).exclusive(true));
    assert_eq!(simply(&faults, at(199_999), UNASKED), (None, Some(http(503))));
    assert_eq!(simply(&faults, at(200_000), UNASKED), (None, None));
}

// ===== at most so many at once =====

#[test]
fn case_43_a_delay_for_which_there_is_no_room_does_not_happen_and_is_counted() {
    let faults = faults(Settings::builder().delay(ms(5), 100.0).most_active(1));
    let first = faults.decide(None, UNASKED, UNASKED).expect("there is room");
    assert_eq!(faults.counts().active, 1);
    assert_eq!(simply(&faults, UNASKED, UNASKED), (None, None));
    assert_eq!(faults.counts().overflows, 1);
    faults.settle(first);
    assert_eq!(simply(&faults, UNASKED, UNASKED), (Some(ms(5)), None));
    assert_eq!((faults.counts().overflows, faults.counts().active), (1, 0));
}

#[test]
fn a_delay_and_the_abort_after_it_are_one_fault() {
    let faults = faults(Settings::builder().delay(ms(5), 100.0).abort(503, 100.0).most_active(1));
    let both = faults.decide(None, UNASKED, UNASKED).expect("there is room");
    assert_eq!((both.delay(), both.abort()), (Some(ms(5)), Some(http(503))));
    assert_eq!((faults.counts().overflows, faults.counts().active), (0, 1));
    faults.settle(both);
}

#[test]
fn an_abort_whose_delay_found_no_room_tries_for_itself_and_is_counted_again() {
    let faults = faults(Settings::builder().delay(ms(5), 100.0).abort(503, 100.0).most_active(1));
    let held = faults.decide(None, UNASKED, UNASKED).expect("there is room");
    assert_eq!(simply(&faults, UNASKED, UNASKED), (None, None));
    assert_eq!(faults.counts().overflows, 2);
    faults.settle(held);
}

#[test]
fn no_room_at_all_is_no_fault_at_all() {
    let faults = faults(Settings::builder().abort(503, 100.0).most_active(0));
    assert_eq!(simply(&faults, UNASKED, UNASKED), (None, None));
    assert_eq!(faults.counts().overflows, 1);
}

// ===== what can be asked for =====

#[test]
fn settings_that_mean_nothing_are_refused_with_what_would_be_accepted() {
    let begun = Settings::builder;
    let (time, share) = ("whole milliseconds, at least one", "0, or 0.0001 to 100");
    for (settings, message) in [
        (begun().delay(ms(0), 1.0), format!("delay is 0ns, but must be {time}")),
        (begun().delay(Duration::from_micros(1500), 1.0), format!("delay is 1.5ms, but must be {time}")),
        (begun().delay(ms(1), -1.0), format!("delay percentage is -1, but must be {share}")),
        (begun().delay_by_header(100.1), format!("delay percentage is 100.1, but must be {share}")),
        (begun().abort(503, 0.00001), format!("abort percentage is 0.00001, but must be {share}")),
        (begun().abort(503, f64::NAN), format!("abort percentage is NaN, but must be {share}")),
    ] {
        assert_eq!(settings.build().expect_err("means nothing").to_string(), message);
    }
    for status in [0, 100, 199, 600, 1000] {
        let message = begun().abort(status, 1.0).build().expect_err("means nothing").to_string();
        assert_eq!(
            message,
            format!("abort status is {status}, but must be a status that Envoy aborts with: 200 to 599")
        );
    }
    for status in [200, 204, 304, 599] {
        assert!(begun().abort(status, 1.0).build().is_ok());
    }
}

#[test]
fn settings_tell_what_was_asked_for() {
    let settings =
        Settings::builder().delay(ms(5), 10.0).abort_grpc(GrpcStatus::DataLoss, 0.1).most_active(3);
    let settings = settings.build().expect("these mean something");
    let (tenth, thousandth) = (PartsPerMillion::of(100_000), PartsPerMillion::of(1000));
    assert_eq!(settings.delay(), Some((Delay::Fixed(ms(5)), tenth)));
    assert_eq!(settings.abort(), Some((Abort::With(Answer::Grpc(GrpcStatus::DataLoss)), thousandth)));
    assert_eq!(
        (settings.most_active(), settings.exclusive(), settings.reads_headers()),
        (Some(3), false, false)
    );
    assert_eq!(tenth.to_string(), "10 %");
    let last =
        Settings::builder().abort(503, 1.0).abort_by_header(2.0).build().expect("these mean something");
    assert_eq!(
        last.abort(),
        Some((Abort::ByHeader, PartsPerMillion::of(20_000))),
        "what was said last counts"
    );
}

#[test]
fn percentages_are_cut_to_parts_per_million_as_istio_does() {
    let parts = |percent| PartsPerMillion::from_percent(percent).map(PartsPerMillion::parts);
    assert_eq!(parts(0.0), Ok(0));
    assert_eq!(parts(0.0001), Ok(1));
    assert_eq!(parts(0.00019), Ok(1));
    assert_eq!(parts(33.333_39), Ok(333_333));
    assert_eq!(parts(100.0), Ok(1_000_000));
    for none in [-0.1, 0.000_09, 100.0001, f64::NAN, f64::INFINITY] {
        assert!(parts(none).is_err(), "{none}");
    }
}

#[test]
fn grpc_statuses_have_grpcs_numbers_and_names() {
    for (number, name) in [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ]
    .into_iter()
    .enumerate()
    {
        let status = GrpcStatus::from_number(number as u8).expect("a status");
        assert_eq!((usize::from(status.number()), status.name()), (number, name));
        assert_eq!(name.parse(), Ok(status));
    }
    let error = "unavailable".parse::<GrpcStatus>().expect_err("names are in capitals").to_string();
    assert!(error.starts_with("`unavailable` is no gRPC status: there are OK, CANCELLED, "), "{error}");
}
