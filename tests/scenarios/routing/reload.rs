//! New documents: what stays, what begins anew.

use futures_util::poll;
use tower::ServiceExt;

use super::*;

/// A call that has begun: it must be kept.
macro_rules! begun {
    ($town:expr, $uri:expr) => {{
        let mut call = Box::pin($town.client.clone().oneshot(get_at($uri)));
        assert!(poll!(&mut call).is_pending());
        call
    }};
}

/// At most one at once in each cluster of a host with three versions.
fn limited(host: &str, requests: u32) -> String {
    let subsets = ["v1", "v2", "v3"].map(|name| format!("{{name: {name}, labels: {{version: {name}}}}}"));
    let pool = format!("{{connectionPool: {{http: {{http2MaxRequests: {requests}}}}}}}");
    let spec = format!("host: {host}\ntrafficPolicy: {pool}\nsubsets: [{}]", subsets.join(", "));
    document("DestinationRule", host, &spec)
}

fn lead(version: &str, lines: &str) -> String {
    routes("reviews", &format!("- {}\n{lines}", to(version)))
}

/// Reviews and ratings that never answer.
fn hanging() -> Upstreams {
    let all = Upstreams::new().in_namespace("bookinfo");
    let all = ["v1", "v2"]
        .into_iter()
        .fold(all, |all, name| all.at("reviews", [("version", name)], Echo::new().hang()));
    all.at("ratings", [("version", "v1")], Echo::new().hang())
}

fn town(yaml: &str) -> Town {
    Town::with(Mesh::builder().seed(1), yaml, hanging())
}

#[track_caller]
fn apply(town: &Town, yaml: &str) {
    town.mesh.apply_yaml(yaml).expect("policies");
}

/// Whether another request to this place is one too many.
async fn is_full(town: &Town, uri: &str) -> bool {
    let mut call = Box::pin(town.client.clone().oneshot(get_at(uri)));
    match poll!(&mut call) {
        std::task::Poll::Ready(answer) => answer.expect("an answer").status() == 503,
        std::task::Poll::Pending => false,
    }
}

const RATINGS: &str = "http://ratings:9080/";

// ===== clusters =====

#[tokio::test(start_paused = true)]
async fn a_cluster_keeps_what_is_in_flight_while_the_rules_before_it_change() {
    let town = town(&(limited("reviews", 1) + &lead("v1", "")));
    let call = begun!(town, REVIEWS);
    assert!(is_full(&town, REVIEWS).await);
    let others = [
        lead("v1", "  timeout: 9s\n"),
        lead("v1", "- match: [{uri: {exact: /never}}]\n  redirect: {uri: /}\n"),
        routes(
            "reviews",
            &format!(
                "- match: [{{uri: {{prefix: /}}}}]\n  headers: {{request: {{set: {{a: b}}}}}}\n  {}",
                to("v1")
            ),
        ),
        lead("v1", "") + &routes("ratings", "- route: [{destination: {host: ratings}}]"),
    ];
    for rules in others {
        apply(&town, &(limited("reviews", 1) + &rules));
        assert!(is_full(&town, REVIEWS).await, "{rules}");
    }
    // Whoever is led elsewhere finds a place, and who is led back finds the first call there.
    apply(&town, &(limited("reviews", 1) + &lead("v2", "")));
    assert!(!is_full(&town, REVIEWS).await);
    apply(&town, &(limited("reviews", 1) + &lead("v1", "")));
    assert!(is_full(&town, REVIEWS).await);
    drop(call);
    assert!(!is_full(&town, REVIEWS).await);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_policy_changes_begins_anew_and_others_stay() {
    let yaml = |reviews: u32, ratings: u32| {
        limited("reviews", reviews) + &limited("ratings", ratings) + &lead("v1", "")
    };
    let town = town(&yaml(1, 1));
    let calls = (begun!(town, REVIEWS), begun!(town, RATINGS));
    assert!(is_full(&town, REVIEWS).await && is_full(&town, RATINGS).await);
    apply(&town, &yaml(1, 2));
    assert!(is_full(&town, REVIEWS).await);
    assert!(!is_full(&town, RATINGS).await, "one of two, or the first of a new count");
    apply(&town, &yaml(2, 2));
    let more = (begun!(town, REVIEWS), begun!(town, REVIEWS));
    assert!(is_full(&town, REVIEWS).await, "two of a new count, with one of the old one");
    drop((calls, more));
}

/// Nor do timeouts, retries and faults say anything of a cluster, where a host has but one rule.
#[tokio::test(start_paused = true)]
async fn a_cluster_stays_while_what_stands_before_it_changes() {
    let plain =
        |lines: &str| routes("reviews", &format!("- route: [{{destination: {{host: reviews}}}}]\n{lines}"));
    let town = town(&(limited("reviews", 1) + &plain("  timeout: 1s\n")));
    let call = begun!(town, REVIEWS);
    for lines in ["  timeout: 9s\n", "  retries: {attempts: 9}\n", "", "- redirect: {uri: /}\n"] {
        apply(&town, &(limited("reviews", 1) + &plain(lines)));
        assert!(is_full(&town, REVIEWS).await, "{lines}");
    }
    apply(&town, &limited("reviews", 1));
    assert!(is_full(&town, REVIEWS).await, "without a rule");
    drop(call);
}

/// A host that rules lead to has one state, however it is reached, before and after.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_led_to_from_elsewhere_stays_too() {
    let to_ratings = |lines: &str| {
        routes("reviews", &format!("- route: [{{destination: {{host: ratings, subset: v1}}}}]\n{lines}"))
    };
    let town = town(&(limited("ratings", 1) + &to_ratings("")));
    let call = begun!(town, REVIEWS);
    apply(&town, &(limited("ratings", 1) + &to_ratings("  timeout: 9s\n")));
    assert!(is_full(&town, REVIEWS).await);
    apply(
        &town,
        &(limited("ratings", 1)
            + &routes("ratings", "- route: [{destination: {host: ratings, subset: v1}}]")),
    );
    assert!(is_full(&town, RATINGS).await, "by its own rule");
    drop(call);
}

/// One of a family has its own state, which the family's rules leave alone.
#[tokio::test(start_paused = true)]
async fn a_cluster_of_a_family_keeps_what_is_in_flight_while_its_rules_change() {
    let policy = "host: '*.example.com'\ntrafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}";
    let policy = document("DestinationRule", "any", policy);
    let rules = |lines: &str| {
        let here = "route: [{destination: {host: a.example.com}}]";
        document("VirtualService", "any", &format!("hosts: ['*.example.com']\nhttp:\n{lines}- {here}"))
    };
    let other = |path: &str| format!("- match: [{{uri: {{exact: {path}}}}}]\n  redirect: {{uri: /}}\n");
    let hang = Upstreams::new().otherwise(Echo::new().hang());
    let town = Town::with(Mesh::builder(), &(policy.clone() + &rules(&other("/x"))), hang);
    let calls = (begun!(town, "http://a.example.com/"), begun!(town, "http://a.example.com:81/"));
    apply(&town, &(policy.clone() + &rules(&other("/y"))));
    assert!(
        is_full(&town, "http://a.example.com/").await && is_full(&town, "http://a.example.com:81/").await
    );
    drop(calls);

    // Where no rule leads, what is in flight is of the host that was named.
    let town = Town::with(Mesh::builder(), &policy, Upstreams::new().otherwise(Echo::new().hang()));
    let call = begun!(town, "http://b.example.com/");
    let family = "hosts: ['*.example.com']\nhttp:\n- match: [{port: 81}]\n  redirect: {uri: /}";
    apply(&town, &(policy + &document("VirtualService", "any", family)));
    assert!(is_full(&town, "http://b.example.com/").await);
    assert!(!is_full(&town, "http://c.example.com/").await);
    drop(call);
}

#[tokio::test(start_paused = true)]
async fn documents_that_are_refused_change_nothing() {
    let town = town(&(limited("reviews", 1) + &lead("v1", "")));
    let call = begun!(town, REVIEWS);
    for wrong in ["  timeout: soon\n", "  retries: {attempts: -1}\n", "- route: []\n"] {
        assert!(town.mesh.apply_yaml(&(limited("reviews", 9) + &lead("v1", wrong))).is_err());
        assert!(is_full(&town, REVIEWS).await, "{wrong}");
    }
    drop(call);
}

// ===== rules =====

/// One is delayed at most; the others pass, and hang.
const DELAY: &str =
    "  fault: {delay: {percentage: {value: 100}, fixedDelay: 10s}, towerMesh: {mostActive: 1}}\n";

/// How many calls have come through to reviews.
fn through(town: &Town) -> u64 {
    town.asked().iter().sum()
}

/// Whether another request would be delayed: it is not, where one is already.
async fn is_delayed(town: &Town) -> bool {
    let before = through(town);
    let mut call = Box::pin(town.client.clone().oneshot(get_at(REVIEWS)));
    assert!(poll!(&mut call).is_pending());
    through(town) == before
}

#[tokio::test(start_paused = true)]
async fn a_fault_counts_on_while_its_rule_stays() {
    let town = town(&(limited("reviews", 9) + &lead("v1", DELAY)));
    let call = begun!(town, REVIEWS);
    assert_eq!((through(&town), is_delayed(&town).await), (0, false));
    let more = routes("ratings", "- route: [{destination: {host: ratings}}]");
    apply(&town, &(limited("reviews", 9) + &lead("v1", DELAY) + &more));
    assert!(!is_delayed(&town).await, "another document came");
    apply(&town, &(limited("reviews", 9) + &lead("v1", &(DELAY.to_owned() + "- redirect: {uri: /}\n"))));
    assert!(!is_delayed(&town).await, "another rule came after it");
    apply(&town, &(limited("reviews", 8) + &lead("v1", DELAY)));
    assert!(!is_delayed(&town).await, "the cluster behind it is another one");
    let before = "- match: [{uri: {exact: /never}}]\n  redirect: {uri: /}\n- ".to_owned() + &to("v1");
    apply(&town, &(limited("reviews", 8) + &routes("reviews", &format!("{before}\n{DELAY}"))));
    assert!(!is_delayed(&town).await, "another rule came before it");
    apply(&town, &(limited("reviews", 8) + &lead("v2", DELAY)));
    assert!(!is_delayed(&town).await, "it leads elsewhere, with the same fault for the same requests");
    apply(&town, &routes("reviews", &format!("- route: [{{destination: {{host: reviews}}}}]\n{DELAY}")));
    assert!(!is_delayed(&town).await, "it is the host's only rule, and leads to the host itself");
    drop(call);
    assert!(is_delayed(&town).await);
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_a_rule_that_changes_begins_anew() {
    let another = DELAY.replace("10s", "11s");
    let for_some = format!("- match: [{{method: {{exact: GET}}}}]\n  {}\n{DELAY}", to("v1"));
    for rules in [lead("v1", &another), routes("reviews", &for_some)] {
        let town = town(&(limited("reviews", 9) + &lead("v1", DELAY)));
        let call = begun!(town, REVIEWS);
        assert!(!is_delayed(&town).await);
        apply(&town, &(limited("reviews", 9) + &rules));
        assert!(is_delayed(&town).await, "{rules}");
        drop(call);
    }
}

/// Where a host has but one rule, which leaves its requests where they are, that is a rule too.
#[tokio::test(start_paused = true)]
async fn a_fault_of_the_only_rule_counts_on_too() {
    let only = |lines: &str| {
        routes("reviews", &format!("- route: [{{destination: {{host: reviews}}}}]\n{DELAY}{lines}"))
    };
    let town = town(&only(""));
    let call = begun!(town, REVIEWS);
    for lines in ["  timeout: 20s\n", "- redirect: {uri: /}\n", ""] {
        apply(&town, &(limited("reviews", 9) + &only(lines)));
        assert!(!is_delayed(&town).await, "{lines}");
    }
    drop(call);
}

/// What is drawn goes on: a reload that changes nothing does not repeat the beginning.
#[tokio::test(start_paused = true)]
async fn a_seeded_choice_goes_on_where_it_was_while_its_rule_stays() {
    let halves = "- route:\n  - {destination: {host: reviews, subset: v1}, weight: 50}\n  \
                  - {destination: {host: reviews, subset: v3}, weight: 50}\n";
    let yaml = reviews(halves);
    let places = async |changes: &[&str]| {
        let town = Town::of(Mesh::builder().seed(3), &yaml);
        let mut places = Vec::new();
        for nth in 0..40 {
            if let Some(more) = changes.get(nth / 10).filter(|_| nth % 10 == 5) {
                apply(&town, &(yaml.clone() + more));
            }
            places.push(town.whom(get_at(REVIEWS)).await);
        }
        places
    };
    let other = routes("ratings", "- route: [{destination: {host: ratings}}]");
    let straight = places(&[]).await;
    assert_eq!(places(&["", &other, ""]).await, straight);
    assert!(straight[..10] != straight[10..20]);
}
