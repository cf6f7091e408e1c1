//! What a mirror is told, and how many copies there may be.

use std::time::Duration;

use tower_mesh::policy::{
    Draw, PartsPerMillion,
    mirror::{Copies, Field, Settings, SettingsBuilder},
};

fn copies(most: u32) -> Copies {
    Copies::new(&Settings::builder().most_under_way(most).build().expect("these mean something"))
}

fn counts(copies: &Copies) -> (u64, u64, u64) {
    let counts = copies.counts();
    (counts.copied, counts.left_out, counts.under_way)
}

#[test]
fn a_mirror_that_is_told_nothing_gets_everything_within_bounds() {
    let settings = Settings::default();
    assert_eq!(settings, Settings::builder().build().expect("these mean something"));
    assert_eq!((settings.share(), settings.most_under_way()), (PartsPerMillion::ALL, 1024));
    assert_eq!((settings.timeout(), settings.body_limit()), (Some(Duration::from_secs(60)), 1 << 20));
    assert!(!settings.shadow_host() && !settings.is_off() && !settings.needs_luck());
}

#[test]
fn a_mirror_does_as_it_is_told() {
    let settings = Settings::builder()
        .percent(12.5)
        .most_under_way(3)
        .timeout(Duration::from_millis(1))
        .body_limit(7)
        .shadow_host(true);
    let told = settings.clone().build().expect("these mean something");
    assert_eq!((told.share().parts(), told.most_under_way()), (125_000, 3));
    assert_eq!((told.timeout(), told.body_limit()), (Some(Duration::from_millis(1)), 7));
    assert!(told.shadow_host() && told.needs_luck());
    assert_eq!(settings.no_timeout().build().expect("these mean something").timeout(), None);
}

#[test]
fn a_share_is_of_parts_per_million() {
    let parts = |percent| Settings::builder().percent(percent).build().expect("a share").share().parts();
    assert_eq!([0.0, 0.0001, 0.1, 100.0].map(parts), [0, 1, 1000, 1_000_000]);
    let tenth = Settings::builder().percent(0.1).build().expect("a share").share();
    let at = |parts: u128| move || Draw::new(((parts << 64).div_ceil(1_000_000)) as u64);
    assert!(tenth.hit_by(at(999)) && !tenth.hit_by(at(1000)));
    assert!(Settings::builder().percent(0.0).build().expect("a share").is_off());
}

#[test]
fn what_cannot_mean_anything_is_refused_with_what_would() {
    let percent = |percent| Settings::builder().percent(percent);
    let timeout = |time| Settings::builder().timeout(time);
    let cases: [(SettingsBuilder, Field, &str); 7] = [
        (percent(101.0), Field::Percent, "percent is 101, but must be 0, or 0.0001 to 100"),
        (percent(-1.0), Field::Percent, "percent is -1, but must be 0, or 0.0001 to 100"),
        (percent(0.00001), Field::Percent, "percent is 0.00001, but must be 0, or 0.0001 to 100"),
        (percent(f64::NAN), Field::Percent, "percent is NaN, but must be 0, or 0.0001 to 100"),
        (
            Settings::builder().most_under_way(0),
            Field::MostUnderWay,
            "most under way is 0, but must be at least 1",
        ),
        (
            timeout(Duration::ZERO),
            Field::Timeout,
            "timeout is 0ns, but must be whole milliseconds, at least one",
        ),
        (
            timeout(Duration::from_micros(1500)),
            Field::Timeout,
            "timeout is 1.5ms, but must be whole milliseconds, at least one",
        ),
    ];
    for (settings, field, text) in cases {
        let error = settings.build().expect_err(text);
        assert_eq!((error.field(), error.to_string().as_str()), (field, text));
    }
}

#[test]
fn there_are_no_more_copies_than_may_be() {
    let copies = copies(2);
    assert!(copies.begin() && copies.begin());
    assert!(copies.is_full() && !copies.begin());
    copies.leave_out();
    assert_eq!(counts(&copies), (2, 1, 2));
    copies.end();
    assert!(!copies.is_full() && copies.begin());
    assert_eq!(counts(&copies), (3, 1, 2));
}

#[test]
fn counts_of_several_add_up() {
    let (one, other) = (copies(1), copies(2));
    assert!(one.begin() && other.begin() && other.begin());
    other.leave_out();
    other.end();
    let both = one.counts().with(other.counts());
    assert_eq!((both.copied, both.left_out, both.under_way), (3, 1, 2));
}
