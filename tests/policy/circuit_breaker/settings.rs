//! What can be asked for, and what is refused with what would be accepted.

use super::play::*;

#[test]
fn case_32_defaults_are_osm_edges() {
    let settings = Settings::builder().build().expect("defaults mean something");
    assert_eq!(settings.window(), Window::Tumbling(Duration::from_secs(30)));
    assert_eq!(settings.open_for(), Duration::from_secs(30));
    assert_eq!(settings.slow_time(), Duration::from_secs(5));
    assert_eq!(settings.minimum_requests(), 100);
    assert_eq!(settings.reply().status, 409);
    assert_eq!(settings.reply().content, "Coming soon ...");
}

#[test]
fn settings_that_mean_nothing_are_refused_with_what_would_be_accepted() {
    let message = |settings: SettingsBuilder| settings.build().expect_err("means nothing").to_string();
    let ratio = "must be above 0 and at most 1 (0.10 is ten percent)";
    assert_eq!(message(Settings::builder().error_ratio(-0.1)), format!("error_ratio is -0.1, but {ratio}"));
    assert_eq!(message(Settings::builder().slow_ratio(1.5)), format!("slow_ratio is 1.5, but {ratio}"));
    assert_eq!(message(Settings::builder().slow_ratio(f64::NAN)), format!("slow_ratio is NaN, but {ratio}"));
    assert_eq!(message(Settings::builder().error_amount(0)), "error_amount is 0, but must be at least 1");
    assert_eq!(message(Settings::builder().window(ms(0))), "window is zero, but must be longer than zero");
    for status in [0, 99, 100, 199, 1000] {
        let message = message(Settings::builder().reply(status, ""));
        assert_eq!(message, format!("reply status is {status}, but must be a final HTTP status: 200 to 999"));
    }
}

#[test]
fn what_is_new_says_what_would_be_accepted_too() {
    let begun = Settings::builder;
    let probes = |half_open: HalfOpen| begun().half_open(half_open);
    let share = "must be above 0 and at most 1 (0.10 is ten percent)";
    let buckets = "must be 1 to 1000 buckets, none of no length, and not together with last_calls";
    for (settings, message) in [
        (begun().sliding(0), format!("sliding is 0, but {buckets}")),
        (begun().sliding(1001), format!("sliding is 1001, but {buckets}")),
        (begun().window(Duration::from_nanos(9)).sliding(10), format!("sliding is 10 in 9ns, but {buckets}")),
        (begun().sliding(10).last_calls(5), format!("sliding is set, as is last_calls (5), but {buckets}")),
        (begun().last_calls(0), "last_calls is 0, but must be 1 to 1000000".to_owned()),
        (begun().last_calls(1_000_001), "last_calls is 1000001, but must be 1 to 1000000".to_owned()),
        (begun().consecutive_errors(0), "consecutive_errors is 0, but must be at least 1".to_owned()),
        (
            begun().last_calls(10).minimum_requests(11),
            "minimum_requests is 11, but must be at least 1, and no more than last_calls".to_owned(),
        ),
        (
            begun().minimum_requests(0),
            "minimum_requests is 0, but must be at least 1, and no more than last_calls".to_owned(),
        ),
        (begun().open_growth(0.5, ms(90 * SECOND)), "open_growth is 0.5, but must be 1 to 1000".to_owned()),
        (
            begun().open_growth(f64::NAN, ms(90 * SECOND)),
            "open_growth is NaN, but must be 1 to 1000".to_owned(),
        ),
        (
            begun().open_growth(2.0, ms(29 * SECOND)),
            "open_growth's most is 29s, but must be at least as long as open_for".to_owned(),
        ),
        (begun().open_jitter(0.0), format!("open_jitter is 0, but {share}")),
        (begun().open_jitter(1.1), format!("open_jitter is 1.1, but {share}")),
        (probes(HalfOpen::new().successes(0)), "half_open successes is 0, but must be 1 to 10000".to_owned()),
        (
            probes(HalfOpen::new().failures(10_001)),
            "half_open failures is 10001, but must be 1 to 10000".to_owned(),
        ),
        (
            probes(HalfOpen::new().ratio(0, 0.5)),
            "half_open ratio's probes is 0, but must be 1 to 10000".to_owned(),
        ),
        (probes(HalfOpen::new().ratio(9, 2.0)), format!("half_open ratio is 2, but {share}")),
        (
            probes(HalfOpen::new().deadline(ms(0))),
            "half_open deadline is zero, but must be longer than zero".to_owned(),
        ),
        (
            probes(HalfOpen::new().concurrent(0)),
            "half_open concurrent is 0, but must be 1 to 10000".to_owned(),
        ),
        (begun().most_keys(0), "most_keys is 0, but must be 1 to 100000000".to_owned()),
    ] {
        assert_eq!(settings.build().expect_err("means nothing").to_string(), message);
    }
}
