//! What rules make of a request's target; and what a transport sees of a request that is led elsewhere.

use super::*;

/// The path with its query that the upstream gets.
async fn path(lines: &str, asked: &str) -> String {
    let town = Town::new(&reviews(&format!("- {lines}\n  {}", to("v1"))));
    let got = town.get(&format!("http://reviews:9080{asked}")).await;
    assert_eq!(got.status(), 200);
    let heard = town.heard().pop().expect("it was sent");
    heard.uri.strip_prefix("http://reviews:9080").expect("the same host").to_owned()
}

// ===== paths =====

#[tokio::test(start_paused = true)]
async fn what_a_prefix_took_is_replaced_as_text() {
    let rule = |prefix: &str, with: &str| {
        format!("match: [{{uri: {{prefix: {prefix}}}}}]\n  rewrite: {{uri: {with}}}")
    };
    for (prefix, with, asked, made) in [
        ("/ratings/", "/v1", "/ratings/x", "/v1x"),
        ("/ratings", "/v1", "/ratings/x?full=1", "/v1/x?full=1"),
        ("/ratings", "/v1", "/ratings", "/v1"),
        ("/api/", "/", "/api/reviews/0", "/reviews/0"),
        ("/api", "/", "/api/reviews", "//reviews"),
        ("/", "/v1/", "/reviews", "/v1/reviews"),
    ] {
        assert_eq!(path(&rule(prefix, with), asked).await, made, "{prefix} by {with}");
    }
    let ignoring = "match: [{uri: {prefix: /Ratings}, ignoreUriCase: true}]\n  rewrite: {uri: /v1}";
    assert_eq!(path(ignoring, "/RATINGS/0").await, "/v1/0");
}

#[tokio::test(start_paused = true)]
async fn what_an_exact_path_or_an_expression_took_is_all_of_it() {
    let exact = "match: [{uri: {exact: /login}}]\n  rewrite: {uri: /v2/login}";
    assert_eq!(path(exact, "/login?user=1").await, "/v2/login?user=1");
    let regex = "match: [{uri: {regex: '/b[io]t/.*'}}]\n  rewrite: {uri: /both}";
    assert_eq!(path(regex, "/bit/a/b?c=d").await, "/both?c=d");
}

/// Without a path in the condition it is the first slash.
#[tokio::test(start_paused = true)]
async fn where_no_path_was_asked_for_the_first_slash_is_replaced() {
    assert_eq!(path("rewrite: {uri: /v1/}", "/reviews/0?a=1").await, "/v1/reviews/0?a=1");
    let by_method = "match: [{method: {exact: GET}}]\n  rewrite: {uri: /v1/}";
    assert_eq!(path(by_method, "/reviews").await, "/v1/reviews");
}

/// Of several entries it is the one that took the request.
#[tokio::test(start_paused = true)]
async fn the_entry_that_took_a_request_says_what_is_replaced() {
    let rule = "match: [{uri: {prefix: /old}}, {uri: {prefix: /older/}}, {uri: {exact: /a}}]\n  rewrite: {uri: /new}";
    assert_eq!(path(rule, "/older/x").await, "/newer/x", "the first of them took it");
    assert_eq!(path(rule, "/a").await, "/new");
}

#[tokio::test(start_paused = true)]
async fn each_match_of_an_expression_is_replaced_with_its_groups() {
    let rule = |pattern: &str, with: &str| {
        format!("rewrite: {{uriRegexRewrite: {{match: '{pattern}', rewrite: '{with}'}}}}")
    };
    for (pattern, with, asked, made) in [
        ("^/service/([^/]+)(/.*)$", r"\2/instance/\1", "/service/foo/v1/api", "/v1/api/instance/foo"),
        ("one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"),
        ("^(.*?)one(.*)$", r"\1two\2", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/one/zzz"),
        ("(?i)/xxx/", "/yyy/", "/aaa/XxX/bbb?c=XXX", "/aaa/yyy/bbb?c=XXX"),
        ("/none", "/some", "/a/b", "/a/b"),
    ] {
        assert_eq!(path(&rule(pattern, with), asked).await, made, "{pattern} by {with}");
    }
}

/// Rules are asked about what was sent, once.
#[tokio::test(start_paused = true)]
async fn what_a_rule_makes_of_a_path_is_not_asked_about_again() {
    let rules = format!(
        "- match: [{{uri: {{prefix: /a}}}}]\n  rewrite: {{uri: /b}}\n  {}\n\
         - match: [{{uri: {{prefix: /b}}}}]\n  {}",
        to("v1"),
        to("v2")
    );
    let town = Town::new(&reviews(&rules));
    assert_eq!(town.whom(get_at("http://reviews:9080/a")).await, version("v1"));
    assert_eq!(town.whom(get_at("http://reviews:9080/b")).await, version("v2"));
}

#[tokio::test(start_paused = true)]
async fn every_try_has_the_path_that_was_made_once() {
    let rule =
        format!("- rewrite: {{uri: /v1/}}\n  {}\n  retries: {{attempts: 2, retryOn: '503'}}", to("v1"));
    let town = Town::with(Mesh::builder(), &reviews(&rule), of_versions([("v1", Echo::new().status(503))]));
    town.get("http://reviews:9080/a").await;
    let heard: Vec<_> = town.heard().into_iter().map(|heard| heard.uri).collect();
    assert_eq!(heard, ["http://reviews:9080/v1/a"; 3]);
}

// ===== the authority, and where to connect =====

/// The URI says where to connect, the header what the upstream is told.
async fn led(lines: &str, request: Request<Full<Bytes>>) -> (String, Option<String>) {
    let town = Town::new(&(versions("ratings", &["v1", "v2"]) + &reviews(&format!("- {lines}"))));
    assert_eq!(town.ask(request).await.status(), 200);
    let heard = town.heard().pop().expect("it was sent");
    let (uri, host) = heard.led();
    (uri.to_owned(), host.map(str::to_owned))
}

fn there(uri: &str, host: &str) -> (String, Option<String>) {
    (uri.to_owned(), Some(host.to_owned()))
}

const TO_RATINGS: &str = "route: [{destination: {host: ratings}}]";
const RATINGS: &str = "http://ratings.bookinfo.svc.cluster.local";

#[tokio::test(start_paused = true)]
async fn who_is_led_elsewhere_connects_there_and_keeps_the_name_that_was_called() {
    assert_eq!(
        led(TO_RATINGS, get_at(REVIEWS)).await,
        there(&format!("{RATINGS}:9080/reviews/0"), "reviews:9080")
    );
    let https = led(TO_RATINGS, get_at("https://Reviews.bookinfo/a?b=c")).await;
    assert_eq!(https, there("https://ratings.bookinfo.svc.cluster.local:443/a?b=c", "Reviews.bookinfo"));
    // A port that goes without saying is not told, as it would not have been by the transport.
    assert_eq!(
        led(TO_RATINGS, get_at("http://reviews:80/a")).await,
        there(&format!("{RATINGS}:80/a"), "reviews")
    );
    assert_eq!(led(TO_RATINGS, get_at("http://reviews:443/a")).await.1.as_deref(), Some("reviews:443"));
    assert_eq!(led(TO_RATINGS, get_at("http://me@reviews:9080/")).await.1.as_deref(), Some("reviews:9080"));
}

/// A caller that names the host in a header alone is led by the URI all the same.
#[tokio::test(start_paused = true)]
async fn who_names_the_host_in_a_header_alone_is_led_too() {
    let request = |host| Request::get("/a?b=c").header(HOST, host).body(Full::default()).expect("a request");
    let place = format!("{RATINGS}:9080/a?b=c");
    assert_eq!(led(TO_RATINGS, request("reviews:9080")).await, there(&place, "reviews:9080"));
    let both = with(get_at("http://reviews:9080/a?b=c"), "host", "shop.example.com");
    assert_eq!(led(TO_RATINGS, both).await, there(&place, "shop.example.com"));
}

#[tokio::test(start_paused = true)]
async fn who_stays_at_the_host_is_not_told_anything() {
    assert_eq!(led(&to("v1"), get_at(REVIEWS)).await, (REVIEWS.to_owned(), None));
    assert_eq!(
        led("route: [{destination: {host: reviews}}]", get_at(REVIEWS)).await,
        (REVIEWS.to_owned(), None)
    );
    let other_port = "route: [{destination: {host: reviews, port: {number: 9081}}}]";
    let there = there("http://reviews.bookinfo.svc.cluster.local:9081/reviews/0", "reviews:9080");
    assert_eq!(led(other_port, get_at(REVIEWS)).await, there);
}

#[tokio::test(start_paused = true)]
async fn another_authority_is_told_and_does_not_lead() {
    let rewrite = "rewrite: {uri: /v1/, authority: 'stars.example.com:8080'}\n  ";
    let made = there("http://reviews:9080/v1/reviews/0", "stars.example.com:8080");
    assert_eq!(led(&format!("{rewrite}{}", to("v1")), get_at(REVIEWS)).await, made);
    let made = there(&format!("{RATINGS}:9080/v1/reviews/0"), "stars.example.com:8080");
    assert_eq!(led(&format!("{rewrite}{TO_RATINGS}"), get_at(REVIEWS)).await, made);
}

/// Callers may name any port. Those beyond a number share limits, and still go to their own.
#[tokio::test(start_paused = true)]
async fn who_is_led_elsewhere_goes_to_the_port_that_he_named_however_many_there_are() {
    let half = |place: &str| format!("  - {{destination: {{host: {place}}}, weight: 1}}\n");
    let rule = format!("- route:\n{}{}", half("ratings"), half("ratings, subset: v2"));
    let yaml = versions("ratings", &["v1", "v2"]) + &routes("reviews", &rule);
    let town = Town::of(Mesh::builder().seed(1), &yaml);
    for port in 1..=200 {
        town.get(&format!("http://reviews:{port}/a?b=c")).await;
        let heard = town.heard().pop().expect("it was sent");
        let named = if port == 80 { "reviews".to_owned() } else { format!("reviews:{port}") };
        assert_eq!(heard.led(), (&*format!("{RATINGS}:{port}/a?b=c"), Some(&*named)));
        assert!(heard.cluster.is_none_or(|cluster| cluster.port() == port && cluster.subset_name() == "v2"));
    }
}

/// Of the host itself the port is only told to who asks which part of it is meant.
#[tokio::test(start_paused = true)]
async fn a_part_of_the_host_is_meant_at_the_port_that_was_named_however_many_there_are() {
    let town = Town::new(&reviews(&format!("- {}", to("v1"))));
    for port in [1..=100, 1..=100].into_iter().flatten() {
        let uri = format!("http://reviews:{port}/");
        assert_eq!(town.whom(get_at(&uri)).await, version("v1"));
        let heard = town.heard().pop().expect("it was sent");
        assert_eq!(heard.led(), (&*uri, None));
        assert_eq!(heard.cluster.expect("a part").port(), port);
    }
}
