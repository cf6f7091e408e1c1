//! Shares of priorities: all of them are everything, and nobody gets any who has none to answer.

use std::time::Duration;

use proptest::prelude::*;
use tower_mesh::policy::balance::{Counts, SlowStart, locality_weight, shares};

prop_compose! {
    fn counts()(total in prop_oneof![Just(0_u32), 1_u32..20, 1_u32..100_000], healthy in 0.0..=1.0, degraded in 0.0..=1.0)
        -> Counts
    {
        let healthy = (f64::from(total) * healthy) as u32;
        Counts { healthy, degraded: (f64::from(total - healthy) * degraded) as u32, total }
    }
}

proptest! {
    #[test]
    fn shares_are_a_hundred_percent(
        counts in prop::collection::vec(counts(), 1..8), overprovisioning in 0_u32..1000, panic in 0_u32..=120
    ) {
        let shares = shares(&counts, overprovisioning, panic);
        prop_assert_eq!(shares.loads().sum::<u32>(), 100);
        let picks: Vec<_> = (0..100).map(|number| shares.pick(number)).collect();
        for (priority, load) in shares.loads().enumerate() {
            prop_assert_eq!(picks.iter().filter(|pick| **pick == priority).count(), load as usize);
        }
        let degraded = (0..100).filter(|number| shares.is_degraded(*number)).count();
        prop_assert_eq!(shares.degraded_loads().sum::<u32>() as usize, degraded);
    }

    #[test]
    fn only_who_has_somebody_gets_some_unless_all_panic(
        counts in prop::collection::vec(counts(), 1..8), panic in 0_u32..=100
    ) {
        let shares = shares(&counts, 140, panic);
        let nobody = counts.iter().all(|it| 140 * u64::from(it.healthy + it.degraded) < u64::from(it.total.max(1)));
        for (priority, (load, counts)) in shares.loads().zip(&counts).enumerate() {
            let has_somebody = counts.healthy + counts.degraded > 0;
            prop_assert!(load == 0 || has_somebody || shares.all_panic() || panic == 0 && nobody, "{}", priority);
            prop_assert!(!shares.all_panic() || shares.panics(priority));
            prop_assert!(panic > 0 || !shares.panics(priority));
        }
    }

    /// What comes first keeps all that it can, whatever comes behind.
    #[test]
    fn who_comes_first_is_not_less_than_its_health(first in counts(), next in prop::collection::vec(counts(), 0..4)) {
        let health = (140 * u64::from(first.healthy)).checked_div(u64::from(first.total)).unwrap_or(0).min(100) as u32;
        let all: Vec<_> = std::iter::once(first).chain(next).collect();
        let kept = shares(&all, 140, 0).loads().next().expect("the first");
        prop_assert!(kept >= health, "{} of {}", kept, health);
    }

    #[test]
    fn a_locality_weighs_no_more_than_it_does_and_more_with_more_hosts(weight: u32, total in 1_u32..1000, healthy in 0_u32..1000) {
        let healthy = healthy.min(total);
        let found = locality_weight(weight, healthy, total, 140);
        prop_assert!((0.0..=f64::from(weight)).contains(&found));
        prop_assert!(healthy == total || found <= locality_weight(weight, healthy + 1, total, 140));
        prop_assert!(10 * healthy < 8 * total || found == f64::from(weight));
    }

    #[test]
    fn a_slow_start_never_goes_back(window in 1_u64..100_000, least in 0.0..=100.0, aggression in 0.01..10.0, age: u32, later: u32) {
        let slow = SlowStart::builder(Duration::from_millis(window)).minimum_percent(least).aggression(aggression);
        let slow = slow.build().expect("these mean something");
        let at = |age: u64| slow.factor(Duration::from_millis(age));
        let (age, later) = (u64::from(age) % (2 * window), u64::from(later) % window);
        prop_assert!(at(age) <= at(age + later) && at(age) <= 1.0 && at(age) >= least / 100.0);
        prop_assert_eq!(at(window), 1.0);
    }
}
