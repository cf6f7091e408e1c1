//! What one call counts as.

use super::play::*;

#[test]
fn case_7_slow_is_from_the_threshold_on() {
    let mut play = Play::of(Settings::builder().slow_time(ms(200)).slow_amount(1));
    assert_eq!(play.call_for(200, 199), None);
    assert_eq!(opened(play.call_for(200, 200)).trip, Some(Trip::SlowAmount(1)));
}

#[test]
fn case_8_a_slow_time_alone_never_opens() {
    let mut play = Play::of(Settings::builder().slow_time(ms(1)));
    assert!(!play.circuit.settings().can_open());
    for _ in 0..1000 {
        assert_eq!(play.call_for(500, 10_000), None);
    }
}

#[test]
fn case_9_slow_is_five_seconds_unless_said() {
    let mut play = Play::of(Settings::builder().slow_amount(1));
    assert_eq!(play.call_for(200, 4999), None);
    opened(play.call_for(200, 5000));
}

#[test]
fn case_10_one_response_can_be_slow_and_an_error() {
    let mut play = Play::of(Settings::builder().slow_time(ms(200)).slow_amount(2).error_amount(2));
    play.call_for(500, 200);
    assert_eq!(play.counts(), (1, 1, 1));
    assert!(!play.is_open());
}

#[test]
fn case_31_an_abandoned_call_stays_in_the_total_and_is_no_error() {
    let mut play = Play::of(Settings::builder().error_amount(1).slow_amount(1).slow_time(ms(1)));
    let ticket = play.admit();
    play.at(10);
    assert_eq!(play.settle(ticket, Outcome::Abandoned), None);
    assert_eq!(play.counts(), (1, 0, 0));
}

#[test]
fn what_abandonment_means_is_a_setting() {
    for (abandoned, took, counts) in [
        (Abandoned::Neutral, 5000, (1, 0, 0)),
        (Abandoned::Failure, 10, (1, 0, 1)),
        (Abandoned::Failure, 5000, (1, 1, 1)),
        (Abandoned::Slow, 10, (1, 0, 0)),
        (Abandoned::Slow, 5000, (1, 1, 0)),
    ] {
        let mut play = Play::of(Settings::builder().error_amount(9).slow_amount(9).abandoned(abandoned));
        let ticket = play.admit();
        play.at(took).settle(ticket, Outcome::Abandoned);
        assert_eq!(play.counts(), counts, "{abandoned:?} after {took} ms");
    }
}

#[test]
fn a_local_answer_from_further_in_counts_as_nothing() {
    let mut play = Play::of(Settings::builder().error_amount(1).slow_amount(1));
    let ticket = play.admit();
    assert_eq!(play.at(9000).settle(ticket, Outcome::Local), None);
}

#[test]
fn how_long_a_call_took_can_be_measured_before_its_verdict() {
    let mut play = Play::of(Settings::builder().slow_amount(1).slow_time(ms(200)));
    let ticket = play.admit();
    play.at(199);
    let ticket = play.circuit.answered(ticket, || play.now());
    assert_eq!(play.at(60_000).settle(ticket, Outcome::Success), None);
}

#[test]
fn a_call_abandoned_late_is_slow_and_no_success_that_ends_a_row() {
    let rules = Settings::builder().consecutive_errors(3).slow_amount(9).slow_time(ms(10));
    let mut play = Play::of(rules.abandoned(Abandoned::Slow));
    play.calls(2, 500);
    let gone = play.admit();
    let now = play.now;
    assert_eq!(play.at(now + 10).settle(gone, Outcome::Abandoned), None);
    assert_eq!((play.counts(), play.circuit.counts().in_a_row), ((3, 1, 2), 2));
    opened(play.call(500));
}
