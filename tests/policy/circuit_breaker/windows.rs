//! What is counted together: over a while, or over the last calls.

use super::play::*;

#[test]
fn case_16_a_window_tumbles() {
    let mut play = Play::of(Settings::builder().window(ms(60 * SECOND)).error_amount(3));
    play.call(500);
    play.at(59 * SECOND).call(500);
    assert_eq!(play.at(61 * SECOND).call(500), None);
    play.at(120 * SECOND).call(500);
    opened(play.call(500));
}

#[test]
fn a_window_is_over_exactly_at_its_length() {
    for (second, opens) in [(60 * SECOND - 1, true), (60 * SECOND, false)] {
        let mut play = Play::of(Settings::builder().window(ms(60 * SECOND)).error_amount(2));
        play.call(500);
        assert_eq!(play.at(second).call(500).is_some(), opens, "at {second} ms");
    }
}

#[test]
fn with_a_ratio_to_judge_the_window_begins_with_its_first_request() {
    let settings = Settings::builder().window(ms(60 * SECOND)).error_ratio(1.0).error_amount(2);
    let mut play = Play::of(settings);
    play.call(200);
    play.at(59 * SECOND).call(500);
    assert_eq!(play.at(60 * SECOND).call(500), None, "the window began at the good request");
    assert_eq!(play.counts(), (1, 0, 1));
}

#[test]
fn with_amounts_alone_the_window_begins_with_its_first_bad_response() {
    let mut play = Play::of(Settings::builder().window(ms(60 * SECOND)).error_amount(2));
    play.call(200);
    play.at(59 * SECOND).call(500);
    opened(play.at(60 * SECOND).call(500));
}

#[test]
fn idle_time_does_not_use_a_window_up() {
    let settings =
        Settings::builder().window(ms(SECOND)).error_ratio(1.0).minimum_requests(1).error_amount(2);
    let mut play = Play::of(settings);
    play.at(3_600 * SECOND).call(200);
    play.call(500);
    opened(play.at(3_601 * SECOND - 1).call(500));
}

#[test]
fn case_17_calls_that_outlive_their_window_count_in_the_one_they_end_in() {
    let settings = Settings::builder().window(ms(SECOND)).slow_time(ms(2 * SECOND)).slow_amount(3);
    let mut play = Play::of(settings);
    let tickets = [(); 3].map(|()| play.admit());
    play.at(2 * SECOND);
    let transitions = tickets.map(|ticket| play.settle(ticket, Outcome::Success));
    assert_eq!(transitions.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn more_bad_responses_than_requests_of_a_window_do_not_make_a_ratio_above_one() {
    let settings = Settings::builder().window(ms(SECOND)).error_ratio(1.0).minimum_requests(2);
    let mut play = Play::of(settings);
    let late = [(); 5].map(|()| play.admit());
    play.at(2 * SECOND).call(200);
    for ticket in late {
        assert_eq!(play.settle(ticket, outcome(500)), None, "one request in this window: below the minimum");
    }
    assert_eq!(play.counts(), (1, 0, 5));
}

#[test]
fn last_calls_are_those_answered_whether_or_not_a_rule_asks_for_them() {
    let mut play = Play::of(Settings::builder().last_calls(9));
    play.call(200);
    play.call(500);
    assert_eq!(play.counts(), (2, 0, 0));

    let mut play = Play::of(Settings::builder().last_calls(9).abandoned(Abandoned::FailureAfter(ms(10))));
    play.at(SECOND);
    let young = play.admit();
    play.settle(young, Outcome::Abandoned);
    assert_eq!(play.counts(), (0, 0, 0));
}
