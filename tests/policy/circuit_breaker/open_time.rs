//! How long a circuit is open, and what is left of it afterwards.

use super::play::*;

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
