//! Where requests go when endpoints are near and far, as it was seen on a real Envoy.

use tower_mesh::policy::balance::{Distribute, Placement};

use super::*;

/// Five endpoints in each of three regions, and a client in the first.
fn town(placement: impl FnOnce(Placement) -> Placement) -> Town {
    let client = Placement::of("r1/z1/s1".parse().unwrap());
    let outlier = outlier().consecutive_5xx(1).base_ejection_time(secs(3600)).build().unwrap();
    let settings = Settings::builder().round_robin().ejecting(outlier).placing(placement(client));
    let all = (1..=15).map(|number| {
        let region = (number - 1) / 5 + 1;
        (endpoint(number).locality(format!("r{region}/z{region}/s1").parse().unwrap()), Echo::new())
    });
    Town::of(settings.build().unwrap(), all)
}

/// Ejects so many of the first region.
fn eject(town: &Town, count: usize) {
    for number in 1..=count {
        town.balance.handle().eject(endpoint(number).address());
    }
}

/// The percentages of the regions.
async fn regions(town: &Town) -> Vec<f64> {
    let before = town.asked();
    let report = Load::workers(1).requests(10_000).run(town.balance.clone()).await;
    assert_eq!(report.count(200), 10_000);
    let asked: Vec<_> = town.asked().iter().zip(&before).map(|(now, before)| now - before).collect();
    asked.chunks(5).map(|region| region.iter().sum::<u64>() as f64 / 100.0).collect()
}

fn near(shares: &[f64], wanted: [f64; 3], by: f64) {
    assert!(shares.iter().zip(wanted).all(|(share, wanted)| (share - wanted).abs() <= by), "{shares:?}");
}

fn distributed(placement: Placement) -> Placement {
    let to = |distribute: Distribute, to: &str, share| distribute.to(to.parse().unwrap(), share);
    let shares = [("r1/z1/*", 80), ("r2/z2/*", 10), ("r3/z3/*", 10)];
    let distribute = Distribute::from("r1/z1/*".parse().unwrap());
    placement.distribute(shares.iter().fold(distribute, |all, (place, share)| to(all, place, *share)))
}

#[tokio::test(start_paused = true)]
async fn shares_of_localities_are_exact_and_shrink_with_those_who_are_well() {
    let town = town(distributed);
    near(&regions(&town).await, [80.0, 10.0, 10.0], 0.1);
    // Four of five can bear it all.
    for (ejected, first) in [(1, 80.0), (2, 77.05), (3, 69.15), (4, 52.8)] {
        eject(&town, ejected);
        near(&regions(&town).await, [first, (100.0 - first) / 2.0, (100.0 - first) / 2.0], 0.1);
    }
    eject(&town, 5);
    near(&regions(&town).await, [0.0, 50.0, 50.0], 0.1);
}

#[tokio::test(start_paused = true)]
async fn all_that_comes_first_keeps_everything_down_to_seven_tenths_and_then_spills_over() {
    let town = town(|placement| placement.failover("r1", "r2"));
    near(&regions(&town).await, [100.0, 0.0, 0.0], 0.0);
    eject(&town, 1);
    near(&regions(&town).await, [100.0, 0.0, 0.0], 0.0);
    for (ejected, first) in [(2, 84.0), (3, 56.0), (4, 28.0), (5, 0.0)] {
        eject(&town, ejected);
        near(&regions(&town).await, [first, 100.0 - first, 0.0], 1.5);
    }
    // The second region is gone too: what is left answers.
    (6..=10).for_each(|number| assert!(town.balance.handle().eject(endpoint(number).address())));
    near(&regions(&town).await, [0.0, 0.0, 100.0], 0.0);
    (11..=15).for_each(|number| assert!(town.balance.handle().eject(endpoint(number).address())));
    assert_eq!(town.get().await.flags, Some(Flags::UH));
}

#[tokio::test(start_paused = true)]
async fn without_outlier_detection_nobody_comes_first() {
    let client = Placement::of("r1/z1/s1".parse().unwrap()).failover("r1", "r2");
    let settings = Settings::builder().round_robin().placing(client).build().unwrap();
    let all = (1..=15).map(|number| {
        let region = (number - 1) / 5 + 1;
        (endpoint(number).locality(format!("r{region}/z1/s1").parse().unwrap()), Echo::new())
    });
    let town = Town::of(settings, all);
    near(&regions(&town).await, [33.3, 33.3, 33.3], 0.1);
}
