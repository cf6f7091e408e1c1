//! Rules that lead nowhere: what is answered, and what happens before that.

use super::*;

/// A route to this place, after what every client of reviews knows.
fn led(lines: &str) -> String {
    reviews(&format!("- {lines}"))
}

const NO_SUCH: &str = "route: [{destination: {host: reviews, subset: v9}}]";

/// What a mesh says of a request that goes nowhere: details and headers, beside status, content and flags.
fn told(got: &Got) -> (Option<&str>, Vec<(&str, &str)>) {
    (got.why(), got.headers())
}

// ===== nobody takes it =====

#[tokio::test(start_paused = true)]
async fn what_no_rule_takes_is_a_404_without_a_word() {
    let town = Town::new(&led(&format!("match: [{{uri: {{exact: /a}}}}]\n  {}", to("v1"))));
    let got = town.get(REVIEWS).await;
    assert_eq!(got.said(), (404, "", "NR".to_owned()));
    assert_eq!(told(&got), (Some("route_not_found"), vec![("content-length", "0")]));
    assert_eq!((got.reason(), got.after), (Some(Reason::NoRoute), 0));
    assert_eq!((town.asked(), town.heard().len()), ([0; 3], 0));
}

// ===== there is no such place =====

#[tokio::test(start_paused = true)]
async fn a_subset_that_no_policy_names_is_a_500_without_a_word() {
    for yaml in [led(NO_SUCH), routes("reviews", &format!("- {NO_SUCH}"))] {
        let town = Town::new(&yaml);
        let got = town.get(REVIEWS).await;
        assert_eq!(got.said(), (500, "", "NC".to_owned()));
        assert_eq!(told(&got), (Some("cluster_not_found"), vec![("content-length", "0")]));
        assert_eq!((got.reason(), got.after), (Some(Reason::NoCluster), 0));
        assert_eq!(town.heard().len(), 0, "all endpoints together are no substitute");
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_the_service_has_not_is_a_500_too() {
    let known = service("reviews", &[(9080, "http"), (9081, "http-admin")]);
    let at = |port: u16| {
        let place = format!("{{host: reviews, port: {{number: {port}}}}}");
        known.clone() + &routes("reviews", &format!("- route: [{{destination: {place}}}]"))
    };
    assert_eq!(Town::new(&at(9082)).whom(get_at(REVIEWS)).await, "500 NC");
    for port in [9080, 9081] {
        let town = Town::new(&at(port));
        assert!(town.whom(get_at(REVIEWS)).await.starts_with("reviews version="));
        let heard = town.heard().pop().expect("a request");
        assert!(heard.uri.contains(&format!(":{port}/")), "{heard:?}");
    }
    // Of a service that nobody speaks of it is taken that it has every port.
    let unknown = routes("reviews", "- route: [{destination: {host: reviews, port: {number: 9082}}}]");
    assert!(Town::new(&unknown).whom(get_at(REVIEWS)).await.starts_with("reviews version="));
}

/// A port that is not said is the only one that the service has, or else the one that was called.
#[tokio::test(start_paused = true)]
async fn a_port_that_is_not_said_is_the_only_one_or_the_one_that_was_called() {
    let led_to = async |ports: &[(u16, &str)], uri: &str| {
        let rule = routes("reviews", "- route: [{destination: {host: ratings}}]");
        let town = Town::new(&(service("ratings", ports) + &rule));
        let whom = town.whom(get_at(uri)).await;
        town.heard().pop().map_or(whom, |heard| heard.uri)
    };
    let ratings = |port| format!("http://ratings.bookinfo.svc.cluster.local:{port}/");
    let one = [(8080, "http")];
    let two = [(8080, "http"), (9090, "http-too")];
    assert_eq!(led_to(&one, "http://reviews:9080/").await, ratings(8080));
    assert_eq!(led_to(&two, "http://reviews:9090/").await, ratings(9090));
    assert_eq!(led_to(&two, "http://reviews:9080/").await, "500 NC");
    assert_eq!(led_to(&[], "http://reviews:9080/").await, ratings(9080));
}

// ===== nobody is there =====

fn endpoints(names: &[&str]) -> MeshBuilder {
    knowing(&bookinfo(), names)
}

#[tokio::test(start_paused = true)]
async fn a_subset_without_endpoints_is_a_503_at_once_and_never_tried_again() {
    let rule = format!("{}\n  retries: {{attempts: 3, retryOn: '5xx,503,gateway-error'}}", to("v3"));
    let town = Town::of(endpoints(&["v1", "v2"]), &led(&rule));
    let got = town.get(REVIEWS).await;
    let headers = vec![("content-length", "19"), ("content-type", "text/plain")];
    assert_eq!(got.said(), (503, "no healthy upstream", "UH".to_owned()));
    assert_eq!(told(&got), (Some("no_healthy_upstream"), headers));
    assert_eq!((got.reason(), got.after), (Some(Reason::NoHealthyUpstream), 0));
    assert_eq!(town.heard().len(), 0);

    let there = Town::of(endpoints(&["v1", "v3"]), &led(&rule));
    assert_eq!(there.whom(get_at(REVIEWS)).await, version("v3"));
    // Where nobody tells who is there, all are.
    assert_eq!(Town::new(&led(&rule)).whom(get_at(REVIEWS)).await, version("v3"));
}

#[tokio::test(start_paused = true)]
async fn neither_is_a_subset_that_is_missing_tried_again() {
    let rule = format!("{NO_SUCH}\n  retries: {{attempts: 3, retryOn: '5xx,500'}}");
    let got = Town::new(&led(&rule)).get(REVIEWS).await;
    assert_eq!(got.seen(), seen(500, "NC", 0), "no URX, no wait");
}

// ===== a share of it =====

/// A share that leads nowhere fails; the others do not get it.
#[tokio::test(start_paused = true)]
async fn of_several_places_the_share_of_one_that_is_missing_fails() {
    let halves = |other: &str| {
        let place = |subset, weight| {
            format!("  - {{destination: {{host: reviews, subset: {subset}}}, weight: {weight}}}\n")
        };
        format!("route:\n{}{}", place("v1", 75), place(other, 25))
    };
    for seed in 1..=3 {
        let missing = Town::of(Mesh::builder().seed(seed), &led(&halves("v9")));
        let report = missing.load(4, 1000, REVIEWS).await;
        is_about(report.count(500), 25.0, 1000);
        assert_eq!(
            (report.refused(Reason::NoCluster), missing.asked()[0]),
            (report.count(500), report.count(200))
        );

        let empty = Town::of(endpoints(&["v1"]).seed(seed), &led(&halves("v3")));
        let report = empty.load(4, 1000, REVIEWS).await;
        is_about(report.count(503), 25.0, 1000);
        assert_eq!(empty.asked(), [report.count(200), 0, 0]);
        assert_eq!(report.refused(Reason::NoHealthyUpstream), report.count(503));
    }
}

// ===== the fault of the rule comes first =====

#[tokio::test(start_paused = true)]
async fn a_fault_holds_back_or_answers_before_it_is_found_that_nobody_is_there() {
    let delay = "fault: {delay: {percentage: {value: 100}, fixedDelay: 1s}}";
    let abort = "fault: {abort: {percentage: {value: 100}, httpStatus: 418}}";
    let of = async |lines: &str, fault: &str| {
        let town = Town::of(endpoints(&["v1"]), &led(&format!("{lines}\n  {fault}")));
        town.get(REVIEWS).await.seen()
    };
    let empty = to("v3");
    assert_eq!(of(NO_SUCH, delay).await, seen(500, "DI,NC", 1000));
    assert_eq!(of(&empty, delay).await, seen(503, "DI,UH", 1000));
    assert_eq!(of(NO_SUCH, abort).await, seen(418, "FI", 0));
    assert_eq!(of(&empty, abort).await, seen(418, "FI", 0));
    // Without a rule that takes the request there is no fault either.
    let none = format!("match: [{{uri: {{exact: /a}}}}]\n  {}\n  {abort}", to("v1"));
    assert_eq!(Town::new(&led(&none)).get(REVIEWS).await.seen(), seen(404, "NR", 0));
}
