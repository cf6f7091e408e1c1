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

fn sliding() -> SettingsBuilder {
    Settings::builder().window(ms(10 * SECOND)).sliding(5)
}

#[test]
fn a_sliding_window_forgets_one_bucket_after_another() {
    let mut play = Play::of(sliding().error_amount(9).error_ratio(1.0));
    play.call(200);
    play.at(SECOND).call(500);
    play.at(3 * SECOND).call(500);
    play.at(9 * SECOND).call(500);
    assert_eq!(play.counts(), (4, 0, 3));
    play.at(10 * SECOND - 1).call(200);
    assert_eq!(play.counts(), (5, 0, 3), "the first bucket is not over");
    play.at(10 * SECOND).call(200);
    assert_eq!(play.counts(), (4, 0, 2), "the first bucket had two, one bad");
    play.at(12 * SECOND).call(200);
    assert_eq!(play.counts(), (4, 0, 1));
    play.at(99 * SECOND).call(200);
    assert_eq!(play.counts(), (1, 0, 0), "all are forgotten");
}

#[test]
fn failures_on_both_sides_of_a_turn_open_where_a_tumbling_window_forgets() {
    for (settings, opens) in [(sliding(), true), (Settings::builder().window(ms(10 * SECOND)), false)] {
        let mut play = Play::of(settings.error_amount(3));
        play.call(200);
        play.call(500);
        play.at(9 * SECOND).call(500);
        assert!(play.at(11 * SECOND).call(500).is_none(), "the first is forgotten by both");
        assert_eq!(play.at(12 * SECOND).call(500).is_some(), opens);
    }
}

#[test]
fn a_ratio_that_rises_because_good_ones_slide_out_is_judged_at_the_next_arrival() {
    let mut play = Play::of(sliding().error_ratio(0.5).minimum_requests(2));
    play.calls(9, 200).at(2 * SECOND).calls(2, 500);
    assert!(!play.at(10 * SECOND - 1).refuses());
    let opened = opened(found(play.at(10 * SECOND).arrive()));
    assert_eq!((opened.cause, tuple(opened.counts)), (Cause::Check, (3, 0, 2)));
}

#[test]
fn a_response_counts_in_the_bucket_that_it_comes_back_in() {
    let mut play = Play::of(sliding().error_amount(9).error_ratio(1.0));
    let late = play.admit();
    play.at(9 * SECOND).settle(late, outcome(500));
    play.at(10 * SECOND).call(200);
    assert_eq!(play.counts(), (1, 0, 1), "the request is forgotten, its response is not");
}

#[test]
fn buckets_are_aligned_to_the_first_thing_counted() {
    // With a ratio that is the request at 0 s, with amounts alone the failure at 1 s.
    for (settings, errors) in [(sliding().error_ratio(1.0), 1), (sliding(), 2)] {
        let mut play = Play::of(settings.error_amount(9));
        play.call(200);
        play.at(SECOND).call(500);
        play.at(10 * SECOND).call(500);
        assert_eq!(play.circuit.counts().error, errors);
    }
}

#[test]
fn the_last_calls_are_so_many_however_long_ago() {
    let mut play = Play::of(Settings::builder().last_calls(4).error_amount(3));
    play.call(500);
    play.at(3_600 * SECOND).calls(3, 200).call(500);
    assert_eq!(play.counts(), (4, 0, 1), "the first failure has gone");
    play.calls(1, 200).calls(1, 500);
    opened(play.at(9_999 * SECOND).call(500));
}

#[test]
fn the_last_calls_are_counted_when_they_are_answered() {
    let play = Play::of(Settings::builder().last_calls(4).error_amount(3));
    let [first, second] = [play.admit(), play.admit()];
    assert_eq!(play.counts(), (0, 0, 0));
    play.settle(second, outcome(500));
    play.settle(first, Outcome::Abandoned);
    assert_eq!(play.counts(), (1, 0, 1), "nothing came of the first");
}

#[test]
fn the_last_calls_are_judged_at_every_answer_once_there_is_the_minimum() {
    let mut play = Play::of(Settings::builder().last_calls(4).error_ratio(0.5).minimum_requests(3));
    play.calls(2, 500);
    assert!(!play.is_open(), "two of two, and three are the minimum");
    assert_eq!(opened(play.call(200)).cause, Cause::Report, "a good answer is the third");

    let settings = Settings::builder().last_calls(4).build().expect("valid");
    assert_eq!(settings.minimum_requests(), 4, "at most as many as there are");
}

#[test]
fn errors_in_a_row_count_over_any_window_and_one_success_ends_them() {
    let mut play = Play::of(Settings::builder().window(ms(1)).consecutive_errors(3).slow_amount(9));
    play.calls(2, 500);
    play.call_for(200, 6 * SECOND);
    play.call(500);
    play.at(60 * SECOND).call(500);
    assert_eq!(play.circuit.counts().in_a_row, 2);
    assert_eq!(opened(play.at(120 * SECOND).call(500)).trip, Some(Trip::ConsecutiveErrors(3)));
}

#[test]
fn neither_an_abandoned_call_nor_a_local_answer_ends_a_row() {
    let play = Play::of(Settings::builder().consecutive_errors(2));
    let [first, gone, ours, last] = [(); 4].map(|()| play.admit());
    play.settle(first, outcome(500));
    play.settle(gone, Outcome::Abandoned);
    play.settle(ours, Outcome::Local);
    opened(play.settle(last, outcome(500)));
}
