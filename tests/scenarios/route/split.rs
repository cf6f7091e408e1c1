//! Who is sent where: by header, by path, by host, by chance.

use tower::{Layer, util::BoxCloneSyncService};
use tower_mesh::{
    layer::draw::Draws,
    policy::route::{Leg, Route, RouteTable, Rule},
    testing::{Echo, Load},
};

use super::{Upstream, always, ask, asking, beside, get, jason, router, split, under};
use crate::caller::with;

#[tokio::test(start_paused = true)]
async fn a_header_splits_one_users_requests_off() {
    let (v1, v2) = (Upstream::named("v1"), Upstream::named("v2"));
    let service = beside(RouteTable::new([Rule::when(jason(), Route::to(0))]), [v2]).layer(v1);
    assert_eq!(ask(&service, with(get(), "end-user", "jason")).await.content(), "v2");
    assert_eq!(ask(&service, with(get(), "end-user", "bob")).await.content(), "v1");
    assert_eq!(ask(&service, get()).await.content(), "v1");
}

#[tokio::test(start_paused = true)]
async fn a_client_has_its_upstreams_by_host_and_path() {
    let table =
        RouteTable::by_host().host("reviews".parse().expect("a host"), [Rule::always(Route::to(0))]).host(
            "*.example.com".parse().expect("a family"),
            [Rule::when(under("/old"), Route::to(1)), Rule::always(Route::to(2))],
        );
    let client = router(table, ["reviews", "old", "new"].map(Upstream::named));
    for (uri, expected) in [
        ("http://reviews:9080/old", "reviews"),
        ("http://shop.example.com/old/x", "old"),
        ("http://shop.example.com/x", "new"),
    ] {
        assert_eq!(ask(&client, asking(uri)).await.content(), expected, "{uri}");
    }
}

/// Whether so many out of a thousand are what this share comes to: within five standard deviations.
fn about(count: u64, expected: u64) -> bool {
    let share = expected as f64 / 1000.0;
    (count as f64 - expected as f64).abs() < 5.0 * (1000.0 * share * (1.0 - share)).sqrt()
}

#[tokio::test(start_paused = true)]
async fn weights_divide_a_thousand_calls_under_any_seed_and_under_none() {
    for draws in (1..=8).map(Draws::seeded).chain([Draws::random()]) {
        let echos = (Echo::new(), Echo::new().status(503));
        let table = always(split([Leg::to(0).weighing(75), Leg::to(1).weighing(25)]));
        let client = router(table, echos.clone()).drawing(draws);
        let report = Load::workers(20).requests(1000).run(client).await;
        assert!(about(report.count(200), 750), "{draws:?}: {report}");
        assert_eq!((report.count(200), report.count(503)), (echos.0.seen().calls, echos.1.seen().calls));
        assert_eq!(report.count(200) + report.count(503), 1000);
    }
}

/// Who got which of three, call by call.
async fn went(seed: u64, rules: Vec<Rule<Route<usize>>>) -> Vec<String> {
    let client =
        router(RouteTable::new(rules), ["v1", "v2", "v3"].map(Upstream::named)).drawing(Draws::seeded(seed));
    let mut went = Vec::new();
    for number in 0..200 {
        let request = asking(if number % 3 == 0 { "/own/x" } else { "/" });
        went.push(ask(&client, request).await.content().to_owned());
    }
    went
}

fn thirds() -> Rule<Route<usize>> {
    Rule::always(split((0..3).map(Leg::to)))
}

#[tokio::test(start_paused = true)]
async fn under_the_same_seed_the_same_calls_go_the_same_ways() {
    let first = went(7, vec![thirds()]).await;
    assert_eq!(went(7, vec![thirds()]).await, first);
    assert_ne!(went(8, vec![thirds()]).await, first);
    assert!(["v1", "v2", "v3"].iter().all(|name| first.iter().filter(|went| went == name).count() > 30));
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_added_does_not_move_the_luck_of_those_it_does_not_take() {
    let before = went(7, vec![thirds()]).await;
    let after = went(7, vec![Rule::when(under("/own"), Route::to(0)), thirds()]).await;
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        let expected = if number % 3 == 0 { "v1" } else { before };
        assert_eq!(after, expected, "call {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_seeded_router_are_one_order_of_calls() {
    let alone = went(7, vec![thirds()]).await;
    let router = router(RouteTable::new([thirds()]), ["v1", "v2", "v3"].map(Upstream::named))
        .drawing(Draws::seeded(7));
    let clones = [router.clone(), router.clone(), router];
    for (number, expected) in alone.iter().enumerate() {
        assert_eq!(ask(&clones[number % 3], get()).await.content(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn services_made_by_one_layer_are_one_order_of_calls() {
    let alone = went(7, vec![thirds()]).await;
    let layer = beside(RouteTable::new([thirds()]), ["v1", "v2", "v3"].map(Upstream::named));
    let layer = layer.drawing(Draws::seeded(7));
    for expected in &alone {
        let service = layer.clone().layer(Upstream::named("nobody"));
        assert_eq!(ask(&service, get()).await.content(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn destinations_may_differ_in_type_and_be_as_many_as_one_likes() {
    let boxed = |name| BoxCloneSyncService::new(Upstream::named(name));
    let by_path = |count: usize| {
        let rules = (0..count).map(|number| Rule::when(under(&format!("/{number}")), Route::to(number)));
        RouteTable::new(rules.collect::<Vec<_>>())
    };
    let (a, b, c, d, e) =
        (Upstream::named("a"), boxed("b"), Upstream::named("c"), boxed("d"), Upstream::named("e"));
    let six = router(by_path(6), (a.clone(), b.clone(), c.clone(), d.clone(), e.clone(), boxed("f")));
    let five = router(by_path(5), (a.clone(), b.clone(), c.clone(), d.clone(), e));
    let four = router(by_path(4), (a.clone(), b.clone(), c.clone(), d));
    let three = router(by_path(3), (a.clone(), b.clone(), c));
    let two = router(by_path(2), (a, b));
    let many = router(by_path(6), ["a", "b", "c", "d", "e", "f"].map(boxed).to_vec());
    for (number, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
        let request = || asking(&format!("/{number}"));
        let answers = [
            ask(&six, request()).await,
            ask(&many, request()).await,
            ask(&five, request()).await,
            ask(&four, request()).await,
            ask(&three, request()).await,
            ask(&two, request()).await,
        ];
        for (answer, count) in answers.iter().zip([6, 6, 5, 4, 3, 2]) {
            let expected = if number < count { (200, name) } else { (404, "") };
            assert_eq!((answer.status(), answer.content()), expected, "{number} of {count}");
        }
    }
}
