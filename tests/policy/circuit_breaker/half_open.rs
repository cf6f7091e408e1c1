//! The few that pass when the open time is over, and what they decide.

use super::play::*;

/// Half-open, one second after the only failure; the deadline is ten seconds later.
fn half_open(probes: HalfOpen) -> Play {
    let settings = Settings::builder().error_amount(1).open_for(ms(SECOND));
    let mut play = Play::of(settings.half_open(probes.deadline(ms(10 * SECOND))));
    play.call(500);
    play.at(SECOND);
    play
}

#[test]
fn at_the_deadline_a_ratio_is_the_share_of_those_known() {
    // 3 of 7 are more than 0.41; 5 of 6 are less than 0.9; though of the ten neither number is near.
    for (share, good, bad, opens) in [(0.41, 4, 3, true), (0.9, 1, 5, false)] {
        let mut play = half_open(HalfOpen::new().ratio(10, share));
        play.calls(good, 200).calls(bad, 500);
        match (play.at(11 * SECOND).arrive(), opens) {
            (Admission::Refuse(_, Some(Transition::Opened(_))), true) => {}
            (Admission::Pass(_, Some(Transition::Closed(_))), false) => {}
            other => panic!("{bad} bad ones beside {good} good ones, at {share}: {other:?}"),
        }
    }
}

#[test]
fn it_opens_by_ratio_of_those_under_way_too() {
    let play = &mut half_open(HalfOpen::new().ratio(10, 0.5).concurrent(4));
    play.calls(2, 200);
    let _hang = [play.admit(), play.admit()];
    assert_eq!(opened(found(play.at(11 * SECOND).arrive())).cause, Cause::Deadline, "2 of 4");
}

#[test]
fn the_first_request_after_the_open_time_is_a_probe_and_others_wait_for_nobody_knows_how_long() {
    let play = half_open(HalfOpen::new());
    assert_eq!(play.state(), State::HalfOpen, "also before anybody came");
    let Admission::Pass(_, Some(Transition::HalfOpened(half))) = play.arrive() else { panic!("a place") };
    assert_eq!(half.after, ms(SECOND));
    assert_eq!(play.arrive(), Admission::Refuse(Duration::ZERO, None));
    assert_eq!(play.state(), State::HalfOpen);
}

#[test]
fn the_first_good_probe_closes_and_the_first_bad_one_opens_unless_told_otherwise() {
    let mut play = half_open(HalfOpen::new());
    assert_eq!(closed(play.call_for(200, 30)), (Cause::Probe, 30));
    assert_eq!((play.counts(), play.state()), ((0, 0, 0), State::Closed));

    let mut play = half_open(HalfOpen::new());
    let opened = opened(play.call_for(500, 30));
    assert_eq!((opened.cause, opened.trip, tuple(opened.counts)), (Cause::Probe, None, (1, 0, 1)));
    assert_eq!((opened.into_window, opened.until), (ms(30), moment(2030)));
    assert_eq!(play.arrive(), Admission::Refuse(ms(SECOND), None));
}

#[test]
fn a_flaky_probe_does_not_reopen_where_two_failures_do() {
    let probes = HalfOpen::new().successes(3).failures(2);
    let mut play = half_open(probes);
    for status in [200, 500, 200] {
        assert_eq!(play.call(status), None);
    }
    closed(play.call(200));

    let mut play = half_open(probes);
    for status in [200, 500, 200] {
        assert_eq!(play.call(status), None);
    }
    opened(play.call(500));
}

#[test]
fn a_ratio_is_judged_as_soon_as_no_other_probe_can_change_it() {
    let probes = HalfOpen::new().ratio(4, 0.5);
    let mut play = half_open(probes);
    assert_eq!([play.call(500), play.call(200), play.call(200)], [None; 3]);
    closed(play.call(200));

    let mut play = half_open(probes);
    assert_eq!([play.call(200), play.call(200)], [None; 2]);
    closed(play.call(200));

    let mut play = half_open(probes);
    assert_eq!(play.call(500), None);
    assert_eq!(opened(play.call(500)).cause, Cause::Probe);
}

#[test]
fn no_more_probes_are_under_way_than_have_a_place() {
    let play = half_open(HalfOpen::new().concurrent(3).successes(9));
    let probes = [(); 3].map(|()| play.admit());
    assert!(play.refuses());
    play.settle(probes[0], Outcome::Success);
    play.admit();
    assert!(play.refuses());
}

#[test]
fn a_dropped_probe_and_a_local_answer_give_their_place_back_and_decide_nothing() {
    for outcome in [Outcome::Abandoned, Outcome::Local] {
        let play = half_open(HalfOpen::new());
        for _ in 0..5 {
            let probe = play.admit();
            assert!(play.refuses());
            assert_eq!(play.settle(probe, outcome), None);
        }
        assert_eq!(play.state(), State::HalfOpen);
    }
}

#[test]
fn an_abandoned_probe_is_bad_where_abandonment_is_a_failure() {
    let settings = Settings::builder().error_amount(1).open_for(ms(SECOND)).half_open(HalfOpen::new());
    for (abandoned, took, opens) in [
        (Abandoned::Failure, 0, true),
        (Abandoned::FailureAfter(ms(50)), 49, false),
        (Abandoned::FailureAfter(ms(50)), 50, true),
    ] {
        let mut play = Play::of(settings.clone().abandoned(abandoned));
        play.call(500);
        let probe = play.at(SECOND).admit();
        let transition = play.at(SECOND + took).settle(probe, Outcome::Abandoned);
        assert_eq!(transition.is_some(), opens, "{abandoned:?} after {took} ms");
    }
}

#[test]
fn a_slow_probe_is_bad_where_slow_is_counted() {
    let settings = Settings::builder().slow_amount(1).slow_time(ms(200)).open_for(ms(SECOND));
    for (took, opens) in [(199, false), (200, true)] {
        let mut play = Play::of(settings.clone().half_open(HalfOpen::new()));
        opened(play.call_for(200, 200));
        let transition = play.at(2 * SECOND).call_for(200, took);
        assert_eq!(matches!(transition, Some(Transition::Opened(_))), opens, "after {took} ms");
    }
}

#[test]
fn at_the_deadline_good_ones_alone_close() {
    let mut play = half_open(HalfOpen::new().successes(3));
    play.call(200);
    assert_eq!(play.at(11 * SECOND - 1).state(), State::HalfOpen);
    let Admission::Pass(_, transition) = play.at(11 * SECOND).arrive() else { panic!("it closes") };
    assert_eq!(closed(transition), (Cause::Deadline, 10_000));
    assert_eq!(play.counts(), (1, 0, 0));
}

#[test]
fn at_the_deadline_a_hung_probe_is_bad() {
    let mut play = half_open(HalfOpen::new());
    let hung = play.admit();
    assert!(play.at(11 * SECOND - 1).refuses());
    let Admission::Refuse(wait, transition) = play.at(11 * SECOND).arrive() else { panic!("it opens") };
    assert_eq!((wait, opened(transition).cause), (ms(SECOND), Cause::Deadline));
    assert_eq!(play.settle(hung, Outcome::Success), None, "too late");
}

#[test]
fn a_probe_that_comes_back_after_the_deadline_is_bad_whatever_it_says() {
    for outcome in [Outcome::Success, Outcome::Abandoned, outcome(500)] {
        let mut play = half_open(HalfOpen::new());
        let probe = play.admit();
        assert_eq!(opened(play.at(11 * SECOND).settle(probe, outcome)).cause, Cause::Deadline);
    }
}

#[test]
fn of_two_numbers_the_nearer_one_decides_at_the_deadline() {
    for (good, bad, opens) in [(2, 1, false), (1, 1, true), (2, 2, true), (3, 1, false)] {
        // As near means that it opens.
        let mut play = half_open(HalfOpen::new().successes(4).failures(4));
        play.calls(good, 200).calls(bad, 500);
        let transition = found(play.at(11 * SECOND).arrive());
        assert_eq!(matches!(transition, Some(Transition::Opened(_))), opens, "{good} good, {bad} bad");
    }
}

#[test]
fn where_nothing_is_known_at_the_deadline_the_time_starts_again() {
    let mut play = half_open(HalfOpen::new());
    let probe = play.admit();
    play.settle(probe, Outcome::Abandoned);
    assert_eq!(found(play.at(15 * SECOND).arrive()), None);
    assert_eq!(play.at(25 * SECOND - 1).arrive(), Admission::Refuse(Duration::ZERO, None));
    assert_eq!(opened(found(play.at(25 * SECOND).arrive())).cause, Cause::Deadline, "ten seconds later");
}

#[test]
fn probes_of_an_earlier_half_open_state_change_nothing() {
    let mut play = half_open(HalfOpen::new().concurrent(2));
    let [late, bad] = [play.admit(), play.admit()];
    opened(play.settle(bad, outcome(500)));
    let probe = play.at(2 * SECOND).admit();
    assert_eq!(play.settle(late, Outcome::Success), None);
    assert_eq!(play.state(), State::HalfOpen);
    closed(play.settle(probe, Outcome::Success));
}
