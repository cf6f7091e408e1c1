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

/// Opens, and lets the open time pass; how many whole milliseconds that was.
fn reopen(play: &mut Play) -> u64 {
    let begun = play.now();
    let time = opened(play.call(500)).until.since(begun).as_millis() as u64;
    play.now += time + 1;
    time
}

fn growing() -> SettingsBuilder {
    Settings::builder().error_amount(1).open_for(ms(SECOND)).open_growth(2.0, ms(5 * SECOND))
}

#[test]
fn each_opening_is_longer_than_the_one_before_up_to_the_most() {
    for settings in [growing(), growing().half_open(HalfOpen::new())] {
        let mut play = Play::of(settings);
        let times = [(); 5].map(|()| reopen(&mut play));
        assert_eq!(times, [1000, 2000, 4000, 5000, 5000]);
    }
}

#[test]
fn closed_straight_it_has_to_stay_closed_as_long_as_it_had_been_open() {
    // It has been closed for a millisecond already.
    for (closed_for, next) in [(1998, 4000), (1999, 1000)] {
        let mut play = Play::of(growing());
        assert_eq!([reopen(&mut play), reopen(&mut play)], [1000, 2000]);
        play.call(200);
        play.now += closed_for;
        assert_eq!(reopen(&mut play), next, "after {closed_for} ms");
    }
}

#[test]
fn closed_by_its_probes_it_begins_with_the_first_time() {
    let mut play = Play::of(growing().half_open(HalfOpen::new()));
    assert_eq!([reopen(&mut play), reopen(&mut play)], [1000, 2000]);
    closed(play.call(200));
    assert_eq!(reopen(&mut play), 1000);
}

#[test]
fn probes_that_take_long_do_not_begin_with_the_first_time() {
    let mut play = Play::of(growing().half_open(HalfOpen::new()));
    reopen(&mut play);
    let begun = play.now + 20 * SECOND;
    let opened = opened(play.call_for(500, 20 * SECOND));
    assert_eq!(opened.until, moment(begun + 2 * SECOND));
}

#[test]
fn chance_shortens_an_open_time_and_never_prolongs_it() {
    use tower_mesh::policy::Draw;
    let settings = || growing().open_jitter(0.25).build().expect("valid");
    let times = |bits: u64| {
        let circuit = Circuit::new(settings(), 1).drawing(Draw::new(bits));
        let mut play = Play { circuit, now: 0 };
        [(); 5].map(|()| reopen(&mut play))
    };
    for bits in 0..100 {
        for (time, whole) in times(bits).into_iter().zip([1000, 2000, 4000, 5000, 5000]) {
            assert!((whole * 3 / 4..=whole).contains(&time), "{time} of {whole}");
        }
    }
    assert_ne!(times(1), times(2));
    assert_eq!(times(1), times(1), "the same draw, the same times");
    assert_ne!(times(1)[3], times(1)[4], "each opening draws anew");
}

#[test]
fn an_onlooker_sees_what_the_next_request_will_find() {
    let mut play = Play::of(Settings::builder().error_amount(1).open_for(ms(SECOND)));
    assert_eq!((play.state(), play.status().since), (State::Closed, None));
    play.at(5).call(500);
    let until = moment(SECOND + 5);
    assert_eq!((play.state(), play.status().since), (State::Open { until }, Some(moment(5))));
    assert_eq!(tuple(play.status().counts), (1, 0, 1));
    play.at(SECOND + 5);
    assert_eq!((play.state(), play.status().since), (State::Closed, Some(until)));
    assert_eq!(tuple(play.status().counts), (0, 0, 0));
    play.at(9 * SECOND).call(200);
    assert_eq!((play.state(), play.status().since), (State::Closed, Some(until)));
}

#[test]
fn an_onlooker_sees_a_circuit_half_open_from_the_end_of_its_open_time() {
    let settings = Settings::builder().error_amount(1).open_for(ms(SECOND)).half_open(HalfOpen::new());
    let mut play = Play::of(settings);
    play.call(500);
    play.at(3 * SECOND);
    assert_eq!((play.state(), play.status().since), (State::HalfOpen, Some(moment(SECOND))));
    play.admit();
    assert_eq!((play.state(), play.status().since), (State::HalfOpen, Some(moment(SECOND))));
    assert_eq!(tuple(play.status().counts), (1, 0, 1), "those it opened by");
}
