//! The exercises: versions by user and by weight, a delay for one user, and what a chain of services makes of it.

use tower::ServiceBuilder;
use tower_mesh::mesh::Era;

use super::*;
use crate::mesh::chains::{Twice, lacks_reviews};

const RATINGS: &str = "http://ratings:9080/ratings/0";

/// The versions of everybody, as the first exercise defines them.
fn all_versions() -> String {
    versions("details", &["v1", "v2"])
        + &versions("productpage", &["v1"])
        + &versions("ratings", &["v1", "v2", "v2-mysql", "v2-mysql-vm"])
        + &versions("reviews", &["v1", "v2", "v3"])
}

/// Jason's reviews are of the second version, everybody else's of the first.
fn by_user() -> String {
    let jason = format!("- match: [{{headers: {{end-user: {{exact: jason}}}}}}]\n  {}\n", to("v2"));
    routes("reviews", &format!("{jason}- {}", to("v1")))
}

/// Half and half, between the first version and the third.
fn halves() -> String {
    let half = |version| format!("  - {{destination: {{host: reviews, subset: {version}}}, weight: 50}}\n");
    routes("reviews", &format!("- route:\n{}{}", half("v1"), half("v3")))
}

/// Ratings come late for Jason.
const LATE_FOR_JASON: &str = "
- match: [{headers: {end-user: {exact: jason}}}]
  fault: {delay: {percentage: {value: 100.0}, fixedDelay: 7s}}
  route: [{destination: {host: ratings, subset: v1}}]
- route: [{destination: {host: ratings, subset: v1}}]";

/// Ratings come late for all, in the old spelling.
const LATE_FOR_ALL: &str = "
- fault: {delay: {percent: 100, fixedDelay: 2s}}
  route: [{destination: {host: ratings, subset: v1}}]";

fn hurried_reviews() -> String {
    routes("reviews", &format!("- {}\n  timeout: 0.5s", to("v2")))
}

fn by(user: &str, uri: &str) -> Request<Full<Bytes>> {
    with(get_at(uri), "end-user", user)
}

// ===== versions =====

/// Exercise 3.
#[tokio::test(start_paused = true)]
async fn without_rules_each_of_three_versions_gets_about_a_third() {
    for seed in 1..=5 {
        let town = Town::with(Mesh::builder(), &all_versions(), bookinfo().seed(seed));
        let report = town.load(4, 300, REVIEWS).await;
        assert_eq!((report.count(200), town.asked().iter().sum::<u64>()), (300, 300));
        town.asked().into_iter().for_each(|third| is_about(third, 100.0 / 3.0, 300));
    }
}

/// Exercise 4.
#[tokio::test(start_paused = true)]
async fn a_rule_for_one_version_leads_all_there() {
    let first = routes("reviews", &format!("- {}", to("v1")));
    let town = Town::new(&(all_versions() + &first));
    let report = town.load(4, 100, REVIEWS).await;
    assert_eq!((report.count(200), town.asked()), (100, [100, 0, 0]));
    assert_eq!(town.mesh.notes(), []);
}

/// Exercise 5.
#[tokio::test(start_paused = true)]
async fn jason_sees_the_second_version_and_everybody_else_the_first() {
    let town = Town::new(&(all_versions() + &by_user()));
    for _ in 0..20 {
        assert_eq!(town.whom(by("jason", REVIEWS)).await, version("v2"));
        for other in ["Jason", "jason2", "jaso", "", "bob"] {
            assert_eq!(town.whom(by(other, REVIEWS)).await, version("v1"), "{other}");
        }
        assert_eq!(town.whom(get_at(REVIEWS)).await, version("v1"));
    }
    assert_eq!(town.asked(), [120, 20, 0]);
}

/// Exercise 9. The bound is three standard deviations.
#[tokio::test(start_paused = true)]
async fn half_and_half_is_within_chance_and_nobody_else_is_asked() {
    for seed in 1..=8 {
        let town = Town::of(Mesh::builder().seed(seed), &(all_versions() + &halves()));
        let report = town.load(10, 1000, REVIEWS).await;
        let [first, second, third] = town.asked();
        assert_eq!((report.count(200), second, first + third), (1000, 0, 1000));
        assert!(first.abs_diff(500) <= 48, "seed {seed}: {first}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_table_whatever_the_concurrency() {
    let table = async |seed, workers| {
        let town = Town::of(Mesh::builder().seed(seed), &(all_versions() + &halves()));
        (town.load(workers, 1000, REVIEWS).await, town.asked())
    };
    let first = table(7, 10).await;
    assert_eq!(table(7, 10).await, first, "the whole report");
    assert_eq!(table(7, 1).await.1, first.1);
    assert_eq!(table(7, 100).await.1, first.1);
    assert_ne!(table(8, 10).await.1, first.1);
}

/// Which request goes where is the same too, and not only how many.
#[tokio::test(start_paused = true)]
async fn the_same_seed_leads_the_same_requests_to_the_same_places() {
    let places = async |seed| {
        let town = Town::of(Mesh::builder().seed(seed), &(all_versions() + &halves()));
        town.load(1, 100, REVIEWS).await;
        town.heard().iter().map(|heard| heard.cluster.as_ref().expect("one").to_string()).collect::<Vec<_>>()
    };
    let first = places(3).await;
    assert_eq!(places(3).await, first);
    assert_ne!(places(4).await, first);
    assert!(first.contains(&"outbound|9080|v1|reviews.bookinfo.svc.cluster.local".to_owned()));
}

// ===== through the chain =====

/// The services of the exercises. Each has a mesh of its own, all have the same documents; reviews of the first version
/// have no stars, and the page gives reviews three seconds, twice.
struct Chain {
    page: Echo,
    reviews: Upstreams,
    ratings: Upstreams,
    to_reviews: Client<Upstreams>,
}

impl Chain {
    fn new(builder: impl Fn() -> MeshBuilder, rules: &str) -> Self {
        let yaml = all_versions() + rules;
        let sidecar = || sidecar(builder(), &yaml);
        let home = || Upstreams::new().in_namespace("bookinfo");
        let ratings = ["v1", "v2"];
        let ratings =
            ratings.into_iter().fold(home(), |all, name| all.at("ratings", [("version", name)], Echo::new()));
        let with_stars = || Echo::new().calling(sidecar().client(ratings.clone()), RATINGS);
        let reviews = home()
            .at("reviews", [("version", "v1")], Echo::new())
            .at("reviews", [("version", "v2")], with_stars())
            .at("reviews", [("version", "v3")], with_stars());
        let details = home().at("details", [("version", "v1")], Echo::new());
        let to_reviews = sidecar().client(reviews.clone());
        let patient = ServiceBuilder::new().timeout(ms(3000)).service(to_reviews.clone());
        let page = Echo::new()
            .named("productpage")
            .calling(sidecar().client(details), "http://details:9080/details/0")
            .trying_to_call(Twice(patient), REVIEWS);
        Self { page, reviews, ratings, to_reviews }
    }

    async fn page(&self, user: &str) -> Got {
        ask(&self.page, by(user, "http://productpage:9080/productpage")).await
    }
}

fn is_whole(page: &Got) -> bool {
    page.status() == 200 && page.header("x-missing").is_none()
}

/// Exercise 6, at the hop itself.
#[tokio::test(start_paused = true)]
async fn a_delay_for_jason_holds_jason_alone_back() {
    let town = Town::new(&(all_versions() + &routes("ratings", LATE_FOR_JASON)));
    assert_eq!(town.ask(by("jason", RATINGS)).await.seen(), seen(200, "DI", 7001));
    for other in ["Jason", "bob", ""] {
        assert_eq!(town.ask(by(other, RATINGS)).await.seen(), seen(200, "-", 1), "{other}");
    }
    assert_eq!(town.get(RATINGS).await.seen(), seen(200, "-", 1));
    assert_eq!(town.upstreams.seen()["ratings version=v1"].calls, 5);
}

/// Exercise 6, through the chain: three seconds twice are over before the seven.
#[tokio::test(start_paused = true)]
async fn jasons_page_lacks_reviews_after_six_seconds_and_others_are_whole() {
    let chain = Chain::new(Mesh::builder, &(by_user() + &routes("ratings", LATE_FOR_JASON)));
    let (jason, bob) = futures_util::join!(chain.page("jason"), chain.page("bob"));
    lacks_reviews(&jason);
    assert_eq!(jason.after, 6000 + 2, "its own millisecond, and that of the details");
    assert!(is_whole(&bob), "{bob:?}");
    assert_eq!(bob.after, 3);
    let reviews = chain.reviews.seen();
    assert_eq!((reviews["reviews version=v2"].abandoned, reviews["reviews version=v1"].calls), (2, 1));
    assert_eq!(chain.ratings.seen()["ratings version=v1"].calls, 0, "nobody waited for the seven seconds");

    // Were there no second version for Jason, ratings would not be asked at all.
    let first = routes("reviews", &format!("- {}", to("v1")));
    let chain = Chain::new(Mesh::builder, &(first + &routes("ratings", LATE_FOR_JASON)));
    assert!(is_whole(&chain.page("jason").await));
}

/// Exercise 10.
#[tokio::test(start_paused = true)]
async fn reviews_in_a_hurry_answer_504_after_half_a_second_and_the_page_after_a_second() {
    let chain = Chain::new(Mesh::builder, &(hurried_reviews() + &routes("ratings", LATE_FOR_ALL)));
    let reviews = ask(&chain.to_reviews, get_at(REVIEWS)).await;
    assert_eq!((reviews.seen(), reviews.content()), (seen(504, "UT", 500), "upstream request timeout"));
    assert_eq!(reviews.reason(), Some(Reason::Timeout));
    let page = chain.page("anybody").await;
    lacks_reviews(&page);
    assert_eq!(page.after, 1000 + 2);
}

/// Exercise 11.
#[tokio::test(start_paused = true)]
async fn where_callers_are_trusted_their_timeout_takes_the_place_of_the_rules() {
    let rules = hurried_reviews() + &routes("ratings", LATE_FOR_ALL);
    let asked = async |era: Era, time: &str| {
        let chain = Chain::new(|| Mesh::builder().era(era), &rules);
        ask(&chain.to_reviews, with(get_at(REVIEWS), "x-envoy-upstream-rq-timeout-ms", time)).await.seen()
    };
    assert_eq!(asked(Era::V1_14, "3000").await, seen(200, "-", 2002));
    assert_eq!(asked(Era::V1_14, "100").await, seen(504, "UT", 100));
    // Nobody is believed today.
    assert_eq!(asked(Era::CURRENT, "3000").await, seen(504, "UT", 500));
}
