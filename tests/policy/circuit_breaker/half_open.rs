//! The few that pass when the open time is over, and what they decide.

use tower_mesh::policy::circuit_breaker::HalfOpen;

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
