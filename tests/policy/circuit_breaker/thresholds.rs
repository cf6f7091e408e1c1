//! What opens a circuit.

use super::play::*;

#[test]
fn case_1_one_error_opens_at_once_where_the_amount_is_one() {
    let mut play = Play::of(Settings::builder().error_amount(1));
    let opened = opened(play.call(500));
    assert_eq!((opened.cause, opened.trip), (Cause::Report, Some(Trip::ErrorAmount(1))));
    assert!(play.refuses());
}

#[test]
fn case_2_amounts_do_not_wait_for_the_minimum() {
    let mut play = Play::of(Settings::builder().error_amount(100).minimum_requests(200));
    play.calls(99, 500);
    assert!(!play.is_open());
    assert_eq!(tuple(opened(play.call(500)).counts), (100, 0, 100));
}

#[test]
fn case_3_ratios_wait_for_the_minimum() {
    let mut play = Play::of(Settings::builder().error_ratio(0.5).minimum_requests(10));
    play.calls(9, 500);
    assert!(!play.is_open());
    opened(play.call(500));
}

#[test]
fn case_4_twenty_of_two_hundred_reach_ten_percent() {
    let mut play = Play::of(Settings::builder().error_ratio(0.10).minimum_requests(200));
    play.calls(180, 200).calls(19, 500);
    assert!(!play.is_open());
    opened(play.call(500));
}

#[test]
fn case_5_twenty_of_two_hundred_and_one_do_not() {
    let mut play = Play::of(Settings::builder().error_ratio(0.10).minimum_requests(200));
    play.calls(181, 200).calls(19, 500).calls(1, 500);
    assert!(!play.is_open());
    assert_eq!(play.counts(), (201, 0, 20));
}

#[test]
fn case_6_an_arrival_that_finds_the_minimum_reached_judges_the_ratio() {
    let mut play = Play::of(Settings::builder().error_ratio(0.5).minimum_requests(10));
    play.calls(5, 500).calls(5, 200);
    assert!(!play.is_open(), "nobody has looked yet");
    let Admission::Refuse(wait, transition) = play.arrive() else { panic!("the eleventh is degraded") };
    let opened = opened(transition);
    assert_eq!((opened.cause, tuple(opened.counts)), (Cause::Check, (10, 0, 5)));
    assert_eq!(wait, Duration::from_secs(30));
    assert!(play.is_open());
}

#[test]
fn a_window_that_was_judged_at_an_arrival_is_judged_again_at_bad_responses() {
    let mut play = Play::of(Settings::builder().error_ratio(0.5).minimum_requests(10));
    play.calls(4, 500).calls(6, 200).calls(1, 200);
    assert!(!play.is_open(), "4 of 10, judged at the eleventh arrival");
    play.calls(2, 500);
    assert!(!play.is_open(), "6 of 13");
    assert_eq!(opened(play.call(500)).cause, Cause::Report, "7 of 14");
}

#[test]
fn case_22_without_thresholds_it_never_opens() {
    let mut play = Play::of(Settings::builder());
    play.calls(10_000, 500);
    assert!(!play.is_open());
}

#[test]
fn case_23_a_ratio_of_one_wants_every_request_bad() {
    let mut play = Play::of(Settings::builder().error_ratio(1.0).minimum_requests(5));
    play.calls(4, 500);
    opened(play.call(500));

    let mut play = Play::of(Settings::builder().error_ratio(1.0).minimum_requests(5));
    play.calls(1, 200).calls(1000, 500);
    assert!(!play.is_open());
}

#[test]
fn the_time_is_asked_only_if_a_rule_needs_it() {
    let breaker = |settings: SettingsBuilder| Circuit::new(settings.build().expect("valid"), 1);
    let unasked = || -> Time { panic!("nobody needs the time") };
    let amounts = breaker(Settings::builder().error_amount(2));
    for _ in 0..1000 {
        let Admission::Pass(ticket, _) = amounts.admit(LANE, unasked) else { panic!("closed") };
        assert_eq!(amounts.settle(ticket, Outcome::Success, unasked), None);
    }
    let ratios = breaker(Settings::builder().error_ratio(0.5));
    let Admission::Pass(ticket, _) = ratios.admit(LANE, Time::default) else { panic!("closed") };
    assert_eq!(ratios.settle(ticket, Outcome::Success, unasked), None);
}

#[test]
fn lanes_add_up() {
    let settings = Settings::builder().error_ratio(0.5).minimum_requests(10).build().expect("valid");
    let circuit = Circuit::new(settings, 4);
    let mut transitions = Vec::new();
    for i in 0..10 {
        let Admission::Pass(ticket, _) = circuit.admit(Lane::new(i), Time::default) else { panic!("closed") };
        transitions.extend(circuit.settle(ticket, outcome(500), Time::default));
    }
    assert_eq!(tuple(opened(transitions.pop()).counts), (10, 0, 10));
}

#[test]
fn a_good_answer_never_opens_by_a_ratio_though_it_ends_a_row() {
    let rules = Settings::builder().window(ms(SECOND)).error_ratio(0.5).minimum_requests(2);
    for at in [0, 5 * SECOND] {
        let mut play = Play::of(rules.clone().consecutive_errors(9));
        play.call(500);
        let good = play.admit();
        assert_eq!(play.at(at).settle(good, Outcome::Success), None, "at {at} ms");
        assert_eq!(play.circuit.counts().in_a_row, 0);
    }
}

#[test]
fn who_looks_on_while_the_minimum_is_reached_does_not_take_the_judgement_from_the_next_arrival() {
    let rules = Settings::builder().error_ratio(0.5).minimum_requests(2);
    let mut play = Play::of(rules.clone());
    play.call(500);
    play.call(200);
    assert_eq!(play.counts(), (2, 0, 1));
    let Admission::Refuse(_, Some(Transition::Opened(_))) = play.arrive() else { panic!("1 of 2 were bad") };

    // Nor does a good answer that ends a row.
    let mut play = Play::of(rules.consecutive_errors(9));
    play.call(500);
    play.call(200);
    assert!(play.refuses());
}
