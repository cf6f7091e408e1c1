//! Several places, by weight.

use tower_mesh::Flags;

use super::*;

/// A route to these versions, each with its weight.
fn split(weights: &[(&str, &str)]) -> String {
    let place = |(name, weight): &(&str, &str)| {
        let weight = if weight.is_empty() { String::new() } else { format!(", weight: {weight}") };
        format!("  - {{destination: {{host: reviews, subset: {name}}}{weight}}}\n")
    };
    format!("- route:\n{}", weights.iter().map(place).collect::<String>())
}

async fn asked(weights: &[(&str, &str)], seed: u64) -> [u64; 3] {
    let town = Town::of(Mesh::builder().seed(seed), &reviews(&split(weights)));
    assert_eq!(town.load(4, 1000, REVIEWS).await.count(200), 1000);
    town.asked()
}

#[tokio::test(start_paused = true)]
async fn weights_need_not_be_a_hundred_together() {
    for seed in 1..=3 {
        let [first, second, third] = asked(&[("v1", "1"), ("v2", "3")], seed).await;
        is_about(second, 75.0, 1000);
        assert_eq!((first + second, third), (1000, 0));
        let [first, second, third] = asked(&[("v1", "200"), ("v2", "100"), ("v3", "100")], seed).await;
        is_about(first, 50.0, 1000);
        is_about(second, 25.0, 1000);
        is_about(third, 25.0, 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn who_weighs_nothing_among_others_is_never_asked() {
    for seed in 1..=3 {
        let [first, second, third] = asked(&[("v1", "50"), ("v2", "0"), ("v3", "50")], seed).await;
        is_about(first, 50.0, 1000);
        assert_eq!((second, first + third), (0, 1000));
        // Without a weight it is 0.
        assert_eq!(asked(&[("v1", "100"), ("v2", "")], seed).await, [1000, 0, 0]);
        assert_eq!(asked(&[("v1", "0"), ("v2", "1")], seed).await, [0, 1000, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_place_alone_gets_all_whatever_it_weighs() {
    for weight in ["", "0", "1", "50", "100"] {
        let town = Town::new(&reviews(&split(&[("v2", weight)])));
        town.load(4, 20, REVIEWS).await;
        assert_eq!(town.asked(), [0, 20, 0], "{weight}");
    }
}

#[test]
fn weights_of_which_nothing_can_be_drawn_are_refused_where_they_stand() {
    let refused = |weights: &[(&str, &str)]| {
        let errors = Mesh::from_yaml(&reviews(&split(weights))).expect_err("it means nothing");
        errors.to_string()
    };
    let none = refused(&[("v1", "0"), ("v2", "0")]);
    assert!(none.contains("cannot be 0") && none.contains("spec.http[0].route"), "{none}");
    let negative = refused(&[("v1", "-1"), ("v2", "100")]);
    assert!(negative.contains("`weight` cannot be -1"), "{negative}");
}

/// As it was seen on Envoy: where one of two always fails, about half fail, however often they are tried again.
#[tokio::test(start_paused = true)]
async fn a_request_keeps_its_place_over_its_retries() {
    let lines = split(&[("v1", "50"), ("v3", "50")]) + "  retries: {attempts: 2, retryOn: '503'}";
    for seed in 1..=5 {
        let places = of_versions([("v1", Echo::new().status(503)), ("v3", Echo::new())]);
        let town = Town::with(Mesh::builder().seed(seed), &reviews(&lines), places);
        let report = town.load(4, 1000, REVIEWS).await;
        is_about(report.count(503), 50.0, 1000);
        assert_eq!(report.flagged(Flags::URX), report.count(503));
        assert_eq!(town.asked(), [3 * report.count(503), 0, report.count(200)]);
    }
}

/// Each rule has its own chance: what one draws does not move what another draws.
#[tokio::test(start_paused = true)]
async fn rules_draw_apart_from_each_other() {
    let half =
        |entry: &str| split(&[("v1", "50"), ("v3", "50")]).replace("- route:", &format!("- {entry}route:"));
    let rules = half("match: [{uri: {prefix: /a}}]\n  ") + &half("");
    let places = async |paths: &[&str]| {
        let town = Town::of(Mesh::builder().seed(5), &reviews(&rules));
        let mut reached = Vec::new();
        for nth in 0..100 {
            for path in paths {
                let whom = town.whom(get_at(&format!("http://reviews:9080{path}"))).await;
                if *path == "/a" {
                    reached.push((nth, whom));
                }
            }
        }
        reached
    };
    let alone = places(&["/a"]).await;
    assert_eq!(places(&["/b", "/a", "/b"]).await, alone);

    // The same chances, and other luck.
    let other = rules.replace("/a", "/none");
    let town = Town::of(Mesh::builder().seed(5), &reviews(&other));
    let mut reached = Vec::new();
    for nth in 0..100 {
        reached.push((nth, town.whom(get_at("http://reviews:9080/a")).await));
    }
    assert_ne!(reached, alone);
}
