//! Faults hit as many draws as they should, exclusive ones never both, and every place comes back.

use std::time::Duration;

use proptest::prelude::*;
use tower_mesh::policy::{
    Draw, PartsPerMillion,
    fault::{Faults, Settings},
};

/// Draws that stand at equal distances from one another.
fn spread(count: u64) -> impl Iterator<Item = Draw> {
    (0..count).map(move |at| Draw::new((u128::from(at) * (1 << 64) / u128::from(count)) as u64))
}

fn faults(delay: u32, abort: u32, exclusive: bool) -> Faults {
    let percent = |parts| f64::from(parts) / 10_000.0;
    let settings =
        Settings::builder().delay(Duration::from_millis(1), percent(delay)).abort(503, percent(abort));
    Faults::new(settings.exclusive(exclusive).build().expect("shares"))
}

/// Whether it is held back, and whether it is aborted.
fn met(faults: &Faults, delay: Draw, abort: Draw) -> (bool, bool) {
    faults.decide(None, || delay, || abort).map_or((false, false), |fault| {
        faults.settle(fault);
        (fault.delay().is_some(), fault.abort().is_some())
    })
}

/// Thousandths of a percent, so that a share is a whole number of parts and of draws.
fn share() -> impl Strategy<Value = u32> {
    (0u32..=1000).prop_map(|thousandths| thousandths * 1000)
}

proptest! {
    #[test]
    fn of_evenly_spread_draws_exactly_the_share_is_hit(parts in 0u32..=1_000_000) {
        let hits = spread(10_000).filter(|draw| PartsPerMillion::of(parts).hit_by(|| *draw)).count();
        // A share that is no whole number of draws has one draw more.
        prop_assert!(hits.abs_diff(parts.div_ceil(100) as usize) <= 1, "{hits} of {parts}");
    }

    #[test]
    fn independent_faults_hit_each_its_own_share_of_every_pair(delay in share(), abort in share()) {
        let faults = faults(delay, abort, false);
        let mut seen = [[0u64; 2]; 2];
        for one in spread(50) {
            for other in spread(50) {
                let (delayed, aborted) = met(&faults, one, other);
                seen[usize::from(delayed)][usize::from(aborted)] += 1;
            }
        }
        let of_fifty = |parts: u32| (u64::from(parts) * 50).div_ceil(1_000_000);
        let (delays, aborts) = (seen[1][0] + seen[1][1], seen[0][1] + seen[1][1]);
        prop_assert!(delays.abs_diff(of_fifty(delay) * 50) <= 50, "{delays}");
        prop_assert!(aborts.abs_diff(of_fifty(abort) * 50) <= 50, "{aborts}");
        prop_assert_eq!(seen[1][1] * 2500, delays * aborts, "one draw knew of the other");
    }

    #[test]
    fn exclusive_faults_are_never_both_and_share_what_there_is(delay in share(), abort in share()) {
        let faults = faults(delay, abort, true);
        let (mut delays, mut aborts) = (0u64, 0u64);
        for draw in spread(1000) {
            let (delayed, aborted) = met(&faults, draw, Draw::new(0));
            prop_assert!(!(delayed && aborted));
            delays += u64::from(delayed);
            aborts += u64::from(aborted);
        }
        let left = (1_000_000 - delay).min(abort);
        prop_assert!(delays.abs_diff(u64::from(delay / 1000)) <= 1, "{delays}");
        prop_assert!(aborts.abs_diff(u64::from(left / 1000)) <= 1, "{aborts}");
    }

    #[test]
    fn a_percentage_becomes_its_parts_and_prints_as_itself(parts in 1u32..=1_000_000) {
        let percent = f64::from(parts) / 10_000.0;
        let share = PartsPerMillion::from_percent(percent).expect("in range");
        // Istio cuts what is left of a product of floats.
        prop_assert!(parts - share.parts() <= 1);
        prop_assert_eq!(PartsPerMillion::of(parts).to_string(), format!("{percent} %"));
    }

    #[test]
    fn never_more_are_active_than_may_be_and_every_place_comes_back(
        most in 0u32..5,
        steps in prop::collection::vec(any::<((bool, bool, bool), prop::sample::Index)>(), 0..200),
    ) {
        let settings = Settings::builder().delay(Duration::from_millis(1), 50.0).abort(503, 50.0);
        let faults = Faults::new(settings.most_active(most).build().expect("shares"));
        let draw = |hit: bool| move || Draw::new(if hit { 0 } else { u64::MAX });
        let (mut held, mut overflows) = (Vec::new(), 0);
        for ((comes, delayed, aborted), which) in steps {
            if comes {
                let room = held.len() < most as usize;
                let fault = faults.decide(None, draw(delayed), draw(aborted));
                prop_assert_eq!(fault.is_some(), room && (delayed || aborted));
                overflows += if room { 0 } else { u64::from(delayed) + u64::from(aborted) };
                held.extend(fault);
            } else if !held.is_empty() {
                faults.settle(held.swap_remove(which.index(held.len())));
            }
            prop_assert_eq!(faults.counts().active, held.len() as u64);
            prop_assert_eq!(faults.counts().overflows, overflows);
        }
        held.drain(..).for_each(|fault| faults.settle(fault));
        prop_assert_eq!(faults.counts().active, 0);
    }
}
