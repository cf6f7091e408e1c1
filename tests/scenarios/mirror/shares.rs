//! How many are copied, and that under the same seed they are the same ones.

use std::collections::BTreeMap;

use tower_mesh::layer::draw::Draws;

use super::*;

/// Which of a thousand requests each of these mirrors got, by their numbers.
async fn victims(percents: &[f64], draws: Draws) -> Vec<Vec<u64>> {
    let services: Vec<_> = percents.iter().map(|_| noting()).collect();
    let settings = percents.iter().map(|percent| all().percent(*percent).build().expect("a share"));
    let layer = MirrorLayer::several(settings.zip(services.clone())).drawing(draws);
    let service = layer.layer(noting());
    for number in 0..1000 {
        ask(&service, with(get(), "number", &number.to_string())).await;
    }
    let counts: Vec<_> = layer.handle().each().map(|counts| counts.copied).collect();
    let mut all = Vec::new();
    for (service, counted) in services.iter().zip(counts) {
        let number =
            |came: &Came| came.head.headers["number"].to_str().expect("a text").parse().expect("a number");
        let mut numbers: Vec<u64> = service.came().await.iter().map(number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers.len() as u64, counted);
        all.push(numbers);
    }
    all
}

/// Whether so many out of a thousand are what such a share comes to: within five standard deviations.
fn about(count: usize, expected: u32) -> bool {
    let share = f64::from(expected) / 1000.0;
    (count as f64 - f64::from(expected)).abs() < 5.0 * (1000.0 * share * (1.0 - share)).sqrt()
}

#[tokio::test(start_paused = true)]
async fn all_are_copied_at_100_percent_and_none_at_0() {
    let copied: Vec<_> = victims(&[100.0, 0.0], Draws::seeded(1)).await.iter().map(Vec::len).collect();
    assert_eq!(copied, [1000, 0]);
}

#[tokio::test(start_paused = true)]
async fn about_as_many_are_copied_as_the_share_says() {
    for seed in 1..=4 {
        let copied = victims(&[50.0, 10.0], Draws::seeded(seed)).await;
        assert!(about(copied[0].len(), 500) && about(copied[1].len(), 100), "seed {seed}");
    }
    // Where no one can foretell them: one run in some millions is further off.
    assert!(about(victims(&[50.0], Draws::random()).await[0].len(), 500));
}

#[tokio::test(start_paused = true)]
async fn mirrors_have_nothing_in_common() {
    let copied = victims(&[50.0, 50.0], Draws::seeded(7)).await;
    let mut quarters = BTreeMap::new();
    for number in 0..1000 {
        let of = |mirror: usize| copied[mirror].binary_search(&number).is_ok();
        *quarters.entry((of(0), of(1))).or_insert(0) += 1;
    }
    assert_eq!(quarters.len(), 4);
    assert!(quarters.values().all(|count| about(*count, 250)), "{quarters:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_copies_the_same_requests_whatever_other_mirrors_there_are() {
    let first = victims(&[20.0, 30.0], Draws::seeded(7)).await;
    assert_eq!(first, victims(&[20.0, 30.0], Draws::seeded(7)).await);
    assert_ne!(first, victims(&[20.0, 30.0], Draws::seeded(8)).await);
    assert_eq!(first[0], victims(&[20.0], Draws::seeded(7)).await[0]);
    assert_eq!(first[1], victims(&[100.0, 30.0], Draws::seeded(7)).await[1]);
}
