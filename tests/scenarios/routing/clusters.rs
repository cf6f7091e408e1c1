//! Clusters have limits of their own, and whoever is led to one shares them.

use futures_util::future::join_all;

use super::*;

/// Everybody at once: how many of these requests are answered 200, and how many 503 since there are too many.
async fn at_once(town: &Town, requests: Vec<Request<Full<Bytes>>>) -> (usize, usize) {
    let answers = join_all(requests.into_iter().map(|request| town.ask(request))).await;
    let good = answers.iter().filter(|got| got.status() == 200).count();
    let over = answers.iter().filter(|got| got.status() == 503 && got.flags() == "UO").count();
    assert_eq!(good + over, answers.len());
    (good, over)
}

/// Versions of reviews whose answers take 5 ms.
fn slow() -> Upstreams {
    of_versions(["v1", "v2", "v3"].map(|name| (name, Echo::new().latency(ms(5)))))
}

/// A rule for reviews in three subsets, with this policy for all of it.
fn limited(policy: &str) -> String {
    let subsets = ["v1", "v2", "v3"].map(|name| format!("{{name: {name}, labels: {{version: {name}}}}}"));
    let spec = format!("host: reviews\ntrafficPolicy: {policy}\nsubsets: [{}]", subsets.join(", "));
    document("DestinationRule", "reviews", &spec)
}

const ONE: &str = "{connectionPool: {http: {http2MaxRequests: 1}}}";

/// Where each user sees a version; who has none sees any.
fn by_user() -> String {
    let rule = |user: &str, version| {
        format!("- match: [{{headers: {{end-user: {{exact: {user}}}}}}}]\n  {}\n", to(version))
    };
    let any = "- route: [{destination: {host: reviews}}]";
    routes("reviews", &format!("{}{}{any}", rule("one", "v1"), rule("two", "v2")))
}

fn by(user: &str) -> Request<Full<Bytes>> {
    with(get_at(REVIEWS), "end-user", user)
}

// ===== of their own =====

/// The host's limit is no limit for all of it together: v1, v2 and the host itself have one each.
#[tokio::test(start_paused = true)]
async fn subsets_and_the_host_itself_have_three_limits() {
    let town = Town::with(Mesh::builder(), &(limited(ONE) + &by_user()), slow());
    let all = ["one", "one", "two", "two", "any", "any"].map(by);
    assert_eq!(at_once(&town, all.into()).await, (3, 3));
    assert_eq!(at_once(&town, ["one", "one", "one"].map(by).into()).await, (1, 2));
    assert_eq!(at_once(&town, ["one", "two", "any"].map(by).into()).await, (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_weighted_route_has_a_limit_for_each_of_its_places() {
    let halves = "- route:\n  - {destination: {host: reviews, subset: v1}, weight: 50}\n  \
                  - {destination: {host: reviews, subset: v3}, weight: 50}";
    let town = Town::with(Mesh::builder().seed(1), &(limited(ONE) + &routes("reviews", halves)), slow());
    let (good, over) = at_once(&town, (0..20).map(|_| get_at(REVIEWS)).collect()).await;
    assert_eq!((good, over, town.asked()), (2, 18, [1, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn ports_of_a_subset_have_limits_of_their_own() {
    let rule = routes("reviews", &format!("- {}", to("v1")));
    let town = Town::with(Mesh::builder(), &(limited(ONE) + &rule), slow());
    let at = |port: u16| get_at(&format!("http://reviews:{port}/"));
    assert_eq!(at_once(&town, vec![at(9080), at(9080), at(9081), at(9081)]).await, (2, 2));
}

/// As many retries at once as the cluster may have; of another cluster there are others.
#[tokio::test(start_paused = true)]
async fn a_subset_has_a_limit_on_retries_of_its_own() {
    let limit = limited("{connectionPool: {http: {maxRetries: 1}}}");
    let retries = "retries: {attempts: 1, retryOn: '503', backoff: 1s}";
    let rule = |user: &str, version| {
        format!("- match: [{{headers: {{end-user: {{exact: {user}}}}}}}]\n  {}\n  {retries}\n", to(version))
    };
    let rules = routes("reviews", &(rule("one", "v1") + &rule("two", "v2")));
    let failing = ["v1", "v2"].map(|name| (name, Echo::new().status(503)));
    let town = Town::with(Mesh::builder().seed(1), &(limit + &rules), of_versions(failing));
    let users = ["one", "one", "one", "two", "two", "two"];
    let answers = join_all(users.map(|user| town.ask(by(user)))).await;
    assert_eq!(answers.iter().filter(|got| got.flags() == "URX").count(), 2, "one of each");
    assert_eq!(answers.iter().filter(|got| got.flags() == "UO").count(), 4);
    assert_eq!(town.asked(), [4, 4, 0]);
}

// ===== shared =====

#[tokio::test(start_paused = true)]
async fn two_rules_that_lead_to_one_cluster_share_its_limits() {
    let rules = format!("- match: [{{uri: {{exact: /a}}}}]\n  {}\n- {}", to("v1"), to("v1"));
    let town = Town::with(Mesh::builder(), &(limited(ONE) + &routes("reviews", &rules)), slow());
    let at = |path: &str| get_at(&format!("http://reviews:9080{path}"));
    assert_eq!(at_once(&town, vec![at("/a"), at("/b")]).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn hosts_that_are_led_to_one_cluster_share_its_limits_too() {
    let leading = |host: &str| {
        let spec = format!(
            "hosts: [{host}]\nhttp:\n- route: [{{destination: {{host: reviews, port: {{number: 9080}}}}}}]"
        );
        document("VirtualService", host, &spec)
    };
    let yaml = limited(ONE) + &leading("old-reviews") + &leading("shop.example.com");
    let town = Town::with(Mesh::builder(), &yaml, slow());
    let hosts = ["old-reviews", "shop.example.com", "reviews:9080", "reviews.bookinfo:9080"];
    let requests = hosts.map(|host| get_at(&format!("http://{host}/")));
    assert_eq!(at_once(&town, requests.into()).await, (1, 3));
    assert_eq!(town.mesh.limits("reviews", 9080).expect("limits").status().active, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_fault_holds_back_takes_no_place_and_one_that_goes_nowhere_neither() {
    let delay = "fault: {delay: {percentage: {value: 100}, fixedDelay: 1s}}";
    let rules = format!(
        "- match: [{{uri: {{exact: /late}}}}]\n  {delay}\n  {}\n- match: [{{uri: {{exact: /none}}}}]\n  {}\n- {}",
        to("v1"),
        to("v9"),
        to("v1")
    );
    let town = Town::with(Mesh::builder(), &(limited(ONE) + &routes("reviews", &rules)), slow());
    let at = |path: &str| get_at(&format!("http://reviews:9080{path}"));
    let calls = join_all([at("/late"), at("/none"), at("/")].map(|request| town.ask(request))).await;
    let answers: Vec<_> = calls.iter().map(Got::seen).collect();
    assert_eq!(answers, [seen(200, "DI", 1005), seen(500, "NC", 0), seen(200, "-", 5)]);
}

// ===== the exercise =====

const BREAKER: &str = "{connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1, \
                       maxRequestsPerConnection: 1}}, outlierDetection: {consecutive5xxErrors: 1, interval: 1s, \
                       baseEjectionTime: 3m, maxEjectionPercent: 100}}";

fn page(policy: &str, subset: &str) -> String {
    let policy = if policy.is_empty() { String::new() } else { format!("trafficPolicy: {policy}\n") };
    let subsets = format!("subsets: [{{name: {subset}, labels: {{version: v1}}}}]");
    document("DestinationRule", "productpage", &format!("host: productpage\n{policy}{subsets}"))
}

const TO_PAGE: &str = "- route: [{destination: {host: productpage, subset: v1}}]";
const PAGE: &str = "http://productpage:9080/productpage";

/// Exercise 12: one active and one waiting of three at once; then the rule's subset is renamed, and whoever names it by
/// its old name finds nothing.
#[tokio::test(start_paused = true)]
async fn a_subset_has_the_limits_of_its_host_until_it_is_renamed_while_a_rule_names_it() {
    let leading = routes("productpage", TO_PAGE);
    let upstreams = || {
        let page = [("version", "v1")];
        Upstreams::new().in_namespace("bookinfo").at("productpage", page, Echo::new().latency(ms(5)))
    };
    let town = Town::with(Mesh::builder(), &(page(BREAKER, "v1") + &leading), upstreams());
    let report = town.load(3, 20, PAGE).await;
    let (good, over) = (report.count(200), report.count(503));
    assert_eq!((good + over, report.refused(Reason::PendingOverflow)), (20, over));
    assert!(good >= 2 && over >= 1, "{report}");
    assert_eq!(town.upstreams.seen()["productpage version=v1"].max_active, 1);
    assert_eq!(town.load(2, 20, PAGE).await.count(200), 20, "two are never too many");

    town.mesh.apply_yaml(&(page("", "v1DestinationRule") + &leading)).expect("policies");
    let got = town.get(PAGE).await;
    assert_eq!((got.seen(), got.content()), (seen(500, "NC", 0), ""));
    assert_eq!(town.load(3, 20, PAGE).await.refused(Reason::NoCluster), 20);

    // Without a rule that names it nothing is limited.
    town.mesh.apply_yaml(&page("", "v1DestinationRule")).expect("policies");
    assert_eq!(town.load(3, 20, PAGE).await.count(200), 20);
    // By its new name it is there.
    let renamed = leading.replace("subset: v1", "subset: v1DestinationRule");
    town.mesh.apply_yaml(&(page("", "v1DestinationRule") + &renamed)).expect("policies");
    assert_eq!(town.whom(get_at(PAGE)).await, "productpage version=v1");
}
