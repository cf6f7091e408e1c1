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
