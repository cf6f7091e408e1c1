//! The numbered cases are those of osm-edge's behaviour, as `docs/semantics.md` lists it.

use std::time::Duration;

use tower_mesh::policy::{
    Failure, Lane, Outcome, Time,
    circuit_breaker::{
        Abandoned, Admission, Cause, Circuit, Counts, Opened, Settings, SettingsBuilder, State, Ticket,
        Transition, Trip, Window,
    },
};

const LANE: Lane = Lane::new(0);
const SECOND: u64 = 1000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A circuit and its own little time, in milliseconds.
struct Play {
    circuit: Circuit,
    now: u64,
}

impl Play {
    fn of(settings: SettingsBuilder) -> Self {
        let settings = settings.build().expect("the settings mean something");
        Self { circuit: Circuit::new(settings, 4), now: 0 }
    }

    fn now(&self) -> Time {
        // Not at zero: a policy must not take the clock's base for "unset".
        Time::from_nanos(7) + ms(self.now)
    }

    fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.now, "time goes on");
        self.now = ms;
        self
    }

    fn arrive(&self) -> Admission {
        self.circuit.admit(LANE, || self.now())
    }

    fn admit(&self) -> Ticket {
        match self.arrive() {
            Admission::Pass(ticket, _) => ticket,
            refused => panic!("refused at {} ms: {refused:?}", self.now),
        }
    }

    fn refuses(&self) -> bool {
        matches!(self.arrive(), Admission::Refuse(..))
    }

    fn settle(&self, ticket: Ticket, outcome: Outcome) -> Option<Transition> {
        self.circuit.settle(ticket, outcome, || self.now())
    }

    /// One whole call with this status, which takes so long.
    fn call_for(&mut self, status: u16, took: u64) -> Option<Transition> {
        let ticket = self.admit();
        self.now += took;
        self.settle(ticket, outcome(status))
    }

    fn call(&mut self, status: u16) -> Option<Transition> {
        self.call_for(status, 0)
    }

    fn calls(&mut self, amount: usize, status: u16) -> &mut Self {
        for _ in 0..amount {
            self.call(status);
        }
        self
    }

    fn is_open(&self) -> bool {
        self.circuit.state(self.now()) != State::Closed
    }

    fn counts(&self) -> (u64, u64, u64) {
        tuple(self.circuit.counts())
    }
}

fn tuple(counts: Counts) -> (u64, u64, u64) {
    (counts.total, counts.slow, counts.error)
}

fn outcome(status: u16) -> Outcome {
    if status < 500 { Outcome::Success } else { Outcome::Failure(Failure::Status(status)) }
}

fn opened(transition: Option<Transition>) -> Opened {
    match transition {
        Some(Transition::Opened(opened)) => opened,
        other => panic!("not opened: {other:?}"),
    }
}

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
fn case_13_those_in_flight_when_it_opens_change_nothing() {
    let play = Play::of(Settings::builder().error_amount(1));
    let tickets = [(); 10].map(|()| play.admit());
    let transitions = tickets.map(|ticket| play.settle(ticket, outcome(500)));
    assert_eq!(transitions.iter().flatten().count(), 1, "no second event");
    assert_eq!(play.counts(), (10, 0, 1));
}

#[test]
fn case_14_it_is_open_for_exactly_the_time_set_and_then_closed_with_zero_counters() {
    let mut play = Play::of(Settings::builder().error_amount(1).open_for(ms(60 * SECOND)));
    play.call(500);
    assert!(play.at(60 * SECOND - 1).refuses());
    let Admission::Pass(_, Some(Transition::Closed(closed))) = play.at(60 * SECOND).arrive() else {
        panic!("closes straight at the first request")
    };
    assert_eq!(closed.after, Duration::from_secs(60));
    assert_eq!(play.counts(), (1, 0, 0));
}

#[test]
fn case_15_an_amount_does_not_survive_the_closing() {
    let settings = Settings::builder().window(ms(300 * SECOND)).open_for(ms(10 * SECOND)).error_amount(100);
    let mut play = Play::of(settings);
    play.calls(100, 500).at(10 * SECOND).calls(99, 500);
    assert!(!play.is_open());
    opened(play.call(500));
}

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
fn case_18_what_belongs_to_an_earlier_generation_changes_no_counter() {
    let mut play = Play::of(Settings::builder().error_amount(2).open_for(ms(SECOND)));
    let late = play.admit();
    play.calls(2, 500);
    play.at(SECOND).call(200);
    for outcome in [outcome(500), Outcome::Success, Outcome::Abandoned] {
        assert_eq!(play.settle(late, outcome), None);
    }
    assert_eq!(play.counts(), (1, 0, 0));
}

#[test]
fn case_19_traffic_does_not_prolong_the_open_time() {
    let mut play = Play::of(Settings::builder().error_amount(1).open_for(ms(SECOND)));
    play.call(500);
    for at in 0..SECOND {
        assert!(play.at(at).refuses());
    }
    assert_eq!(play.counts(), (1, 0, 1), "refused requests are not counted");
    assert!(!play.at(SECOND).refuses());
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
