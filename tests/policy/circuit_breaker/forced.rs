//! What somebody does by hand.

use super::play::*;

#[test]
fn forced_open_it_refuses_until_it_is_told_otherwise() {
    let mut play = Play::of(Settings::builder().error_amount(9));
    let late = play.admit();
    play.call(500);
    let Transition::ForcedOpen(counts) = play.circuit.force_open(play.now()) else { panic!("forced open") };
    assert_eq!(tuple(counts), (2, 0, 1));
    for at in [0, SECOND, 999_999 * SECOND] {
        assert_eq!(play.at(at).arrive(), Admission::Refuse(Duration::ZERO, None));
        assert_eq!((play.state(), play.status().since), (State::ForcedOpen, Some(moment(0))));
    }
    assert_eq!(play.settle(late, outcome(500)), None);
    assert_eq!(play.counts(), (2, 0, 1), "what had been when it was opened");
    assert_eq!(play.circuit.reset(play.now()), Transition::Reset);
    assert_eq!((play.state(), play.counts()), (State::Closed, (0, 0, 0)));
    play.admit();
}

#[test]
fn forced_closed_it_counts_and_does_not_open() {
    let rules = Settings::builder().error_amount(1).error_ratio(0.1).minimum_requests(1);
    let mut play = Play::of(rules.consecutive_errors(1));
    play.call(500);
    assert_eq!(play.circuit.force_closed(play.now()), Transition::ForcedClosed);
    for _ in 0..20 {
        assert_eq!(play.call(500), None);
    }
    assert_eq!((play.state(), play.counts()), (State::ForcedClosed, (20, 0, 20)), "from zero");
    assert_eq!(play.circuit.counts().in_a_row, 20);
    play.circuit.reset(play.now());
    assert_eq!(play.counts(), (0, 0, 0));
    opened(play.call(500));
}

#[test]
fn what_began_before_the_hand_changes_nothing_after_it() {
    let hands: [fn(&Circuit, Time) -> Transition; 3] =
        [Circuit::force_open, Circuit::force_closed, Circuit::reset];
    for hand in hands {
        let play = Play::of(Settings::builder().error_amount(1));
        let late = play.admit();
        hand(&play.circuit, play.now());
        let before = play.status();
        assert_eq!(play.settle(late, outcome(500)), None);
        assert_eq!(play.status(), before);
    }
}

#[test]
fn a_probe_under_way_changes_nothing_after_a_reset_and_its_place_is_gone() {
    let mut play =
        Play::of(Settings::builder().error_amount(1).open_for(ms(SECOND)).half_open(HalfOpen::new()));
    play.call(500);
    let probe = play.at(SECOND).admit();
    play.circuit.reset(play.now());
    assert_eq!(play.settle(probe, outcome(500)), None);
    assert_eq!(play.state(), State::Closed);
    play.call(500);
    play.at(2 * SECOND).admit();
    assert!(play.refuses(), "one place, as before");
}

#[test]
fn a_reset_forgets_how_often_it_had_opened() {
    let settings = Settings::builder().error_amount(1).open_for(ms(SECOND)).open_growth(2.0, ms(9 * SECOND));
    let mut play = Play::of(settings);
    play.call(500);
    assert_eq!(opened(play.at(SECOND).call(500)).until, moment(3 * SECOND), "twice as long");
    play.circuit.reset(play.now());
    assert_eq!(opened(play.call(500)).until, moment(2 * SECOND));
}

#[test]
fn a_hand_ends_an_open_time() {
    let mut play = Play::of(Settings::builder().error_amount(1));
    play.call(500);
    play.circuit.force_closed(play.now());
    play.admit();
    play.circuit.force_open(play.now());
    assert!(play.at(60 * SECOND).refuses(), "nor does it close by itself");
}
