//! A choice by weight.

use tower_mesh::{
    layer::draw::Draws,
    policy::{
        Draw,
        route::{Action, Field, Leg, Route, Weighted},
    },
};

use super::wrong;

/// The draw that stands at this number of so many.
fn at(number: u64, of: u64) -> Draw {
    Draw::new((u128::from(number) << 64).div_ceil(u128::from(of)) as u64)
}

fn weighted(weights: &[u32]) -> Weighted<usize> {
    Weighted::new(weights.iter().copied().enumerate()).expect("weights")
}

/// How often each of three is picked.
fn drawn(weighted: &Weighted<usize>, seed: u64, draws: u64) -> [u64; 3] {
    let source = Draws::seeded(seed);
    let mut picked = [0; 3];
    (0..draws).for_each(|ordinal| picked[*weighted.pick(source.draw(ordinal, "route", 0))] += 1);
    picked
}

/// Envoy's worked example: 19 of a hundred is still the first, 20 the second, 49 too, 50 the third.
#[test]
fn weights_of_20_30_50_divide_a_hundred_at_20_and_50() {
    let weighted = weighted(&[20, 30, 50]);
    let picked = [0, 19, 20, 49, 50, 99].map(|number| *weighted.pick(at(number, 100)));
    assert_eq!(picked, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn what_weighs_nothing_is_never_picked_wherever_it_stands() {
    for weights in [[0, 50, 50], [50, 0, 50], [50, 50, 0]] {
        let weighted = weighted(&weights);
        let ends = [Draw::new(0), at(1, 2), Draw::new(u64::MAX)];
        assert!(ends.iter().all(|draw| weights[*weighted.pick(*draw)] > 0), "{weights:?}");
        let picked = drawn(&weighted, 7, 10_000);
        assert_eq!(picked.map(|count| count == 0), weights.map(|weight| weight == 0), "{weights:?}");
    }
}

#[test]
fn weights_need_not_add_up_to_a_hundred() {
    let shares: [([u32; 3], f64); 3] =
        [([1, 1, 1], 1.0 / 3.0), ([2, 3, 5], 0.5), ([1000, 2000, 1], 1.0 / 3001.0)];
    for (weights, third) in shares {
        let [.., last] = drawn(&weighted(&weights), 3, 100_000);
        let (expected, spread) = (100_000.0 * third, 5.0 * (100_000.0 * third * (1.0 - third)).sqrt());
        assert!((last as f64 - expected).abs() < spread, "{weights:?}: {last}");
    }
}

#[test]
fn one_alone_is_always_picked_whatever_it_weighs() {
    for weight in [0, 1, 100, u32::MAX] {
        let one = Weighted::new([("only", weight)]).expect("one is enough");
        assert!(one.is_certain());
        assert_eq!((one.pick(Draw::new(0)), one.pick(Draw::new(u64::MAX))), (&"only", &"only"));
    }
    assert!(!weighted(&[1, 0]).is_certain(), "of two one has to be drawn");
}

#[test]
fn weights_that_cannot_be_drawn_from_are_refused() {
    let accepted = "but must be weights that are not all zero and sum up to at most 4294967295";
    for (weights, found) in [
        (&[][..], "0"),
        (&[0, 0], "0"),
        (&[u32::MAX, 1], "4294967296"),
        (&[u32::MAX, u32::MAX, u32::MAX], "12884901885"),
    ] {
        let wrong = wrong(Weighted::new(weights.iter().copied().enumerate()));
        assert_eq!(wrong, (Field::Weights, format!("sum of the weights is {found}, {accepted}")));
    }
    assert_eq!(weighted(&[u32::MAX - 1, 1]).total(), u64::from(u32::MAX));
}

/// Five times what chance scatters by: fewer than one run in a million is further off.
#[test]
fn a_hundred_thousand_draws_come_out_by_weight_under_any_seed() {
    for seed in 0..5 {
        let picked = drawn(&weighted(&[20, 30, 50]), seed, 100_000);
        for (count, share) in picked.into_iter().zip([0.2, 0.3, 0.5]) {
            let spread = 5.0 * (100_000.0_f64 * share * (1.0 - share)).sqrt();
            assert!((count as f64 - 100_000.0 * share).abs() < spread, "seed {seed}: {picked:?}");
        }
    }
}

#[test]
fn the_same_draw_is_the_same_choice() {
    let weighted = weighted(&[20, 30, 50]);
    let choices = |seed| -> Vec<usize> {
        (0..100).map(|ordinal| *weighted.pick(Draws::seeded(seed).draw(ordinal, "route", 0))).collect()
    };
    assert_eq!(choices(1), choices(1));
    assert_ne!(choices(1), choices(2));
}

#[test]
fn each_is_told_with_what_it_weighs() {
    let weighted = Weighted::new([("a", 20), ("b", 0), ("c", 50)]).expect("weights");
    assert_eq!(weighted.iter().collect::<Vec<_>>(), [(&"a", 20), (&"b", 0), (&"c", 50)]);
    assert_eq!(
        weighted.map(str::to_uppercase).iter().map(|(name, _)| name.clone()).collect::<String>(),
        "ABC"
    );
}

#[test]
fn a_route_is_split_by_what_its_legs_weigh() {
    let route = Route::split([Leg::to("v1").weighing(75), Leg::to("v3").weighing(25)]).expect("weights");
    let picked = |draw| route.pick(draw).map(|leg| *leg.destination());
    assert_eq!((picked(at(74, 100)), picked(at(75, 100))), (Some("v1"), Some("v3")));
    let Action::Forward(legs) = route.action() else { panic!("it leads somewhere") };
    assert_eq!(legs.iter().map(|(_, weight)| weight).collect::<Vec<_>>(), [75, 25]);
    assert_eq!(wrong(Route::<&str>::split([])).0, Field::Weights);
}
