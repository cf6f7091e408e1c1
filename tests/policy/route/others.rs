//! Scheme, method, authority, query and port.

use http::Method;
use tower_mesh::policy::route::{Condition, Head, ValueMatch};

use super::{Asked, asking, exact, get, meets, prefix, regex, with_method};

#[test]
fn a_method_is_compared_by_its_case() {
    let post = Condition::new().method(exact("POST"));
    assert!(meets(&with_method(Method::POST, "/"), &post));
    assert!(!meets(&get("/"), &post));
    assert!(!meets(&with_method(Method::POST, "/"), &Condition::new().method(exact("post"))));
    assert!(meets(&with_method(Method::PATCH, "/"), &Condition::new().method(regex("PUT|PATCH"))));
    assert!(meets(&with_method(Method::POST, "/"), &Condition::new().method(prefix("P"))));
}

#[test]
fn a_request_that_names_no_scheme_has_http() {
    let (http, https) = (Condition::new().scheme(exact("http")), Condition::new().scheme(exact("https")));
    assert!(meets(&get("/"), &http) && !meets(&get("/"), &https));
    assert!(meets(&get("https://a/"), &https) && !meets(&get("https://a/"), &http));
    assert!(meets(&get("https://a/"), &Condition::new().scheme(prefix("http"))));
}

#[test]
fn an_authority_is_what_was_sent_with_its_port() {
    let shop = Condition::new().authority(exact("shop.example.com"));
    assert!(meets(&get("http://shop.example.com/"), &shop));
    assert!(!meets(&get("http://shop.example.com:80/"), &shop));
    assert!(meets(&asking("/", &[("host", "shop.example.com")]), &shop));
    assert!(!meets(&asking("/", &[("host", "shop.example.com:80")]), &shop));
    assert!(!meets(&asking("/", &[("host", "Shop.example.com")]), &shop));
    assert!(meets(&get("http://shop.example.com:80/"), &Condition::new().authority(regex(r"shop\..*:\d+"))));
}

#[test]
fn the_uri_names_the_authority_before_the_host_header() {
    let both = asking("http://reviews/", &[("host", "ratings")]);
    assert!(meets(&both, &Condition::new().authority(exact("reviews"))));
    assert!(!meets(&both, &Condition::new().authority(exact("ratings"))));
}

#[test]
fn a_request_for_nobody_has_no_authority() {
    for wants in [exact(""), prefix(""), regex(".*")] {
        assert!(!meets(&get("/"), &Condition::new().authority(wants)));
    }
}

fn parameter(uri: &str, wants: impl Into<ValueMatch>) -> bool {
    meets(&get(uri), &Condition::new().parameter("a", wants))
}

#[test]
fn a_parameter_is_exact_or_begins_so_or_matches_as_a_whole() {
    assert!(parameter("/?a=123", exact("123")) && !parameter("/?a=1234", exact("123")));
    assert!(parameter("/?a=123", prefix("12")));
    assert!(parameter("/?a=123", regex(r"\d+")) && !parameter("/?a=123b", regex(r"\d+")));
    assert!(parameter("/?b=0&a=123&c", exact("123")));
}

#[test]
fn a_parameter_is_present_whatever_it_says() {
    for uri in ["/?a", "/?a=", "/?a=1", "/?b&a", "/?&&a&"] {
        assert!(parameter(uri, ValueMatch::Present), "{uri}");
    }
    for uri in ["/", "/?", "/?b=a", "/?ab", "/?A=1", "/a"] {
        assert!(!parameter(uri, ValueMatch::Present), "{uri}");
    }
}

#[test]
fn an_empty_parameter_is_there_without_a_value() {
    assert!(parameter("/?a", exact("")) && parameter("/?a=", exact("")));
    assert!(!parameter("/?a=1", exact("")) && !parameter("/", exact("")));
}

/// Envoy's case: `?a=1&a=2` is not 2.
#[test]
fn the_first_of_a_repeated_parameter_counts() {
    assert!(parameter("/?a=1&a=2", exact("1")));
    assert!(!parameter("/?a=1&a=2", exact("2")));
}

#[test]
fn a_parameter_is_looked_at_as_it_was_sent() {
    assert!(!parameter("/?a=b%20c", exact("b c")) && parameter("/?a=b%20c", exact("b%20c")));
    assert!(!parameter("/?%61=1", exact("1")), "its name too");
    assert!(parameter("/?a=b=c", exact("b=c")), "the first sign of equality divides");
}

#[test]
fn all_parameters_must_be_so() {
    let both = Condition::new().parameter("a", exact("1")).parameter("b", ValueMatch::Present);
    assert!(meets(&get("/?b&a=1"), &both));
    assert!(!meets(&get("/?a=1"), &both) && !meets(&get("/?b"), &both));
}

fn port(request: &Asked, port: u16) -> bool {
    meets(request, &Condition::new().port(port))
}

#[test]
fn the_port_is_the_one_that_is_named_or_the_schemes_own() {
    assert!(port(&get("http://a:9080/"), 9080) && !port(&get("http://a:9080/"), 80));
    assert!(port(&get("http://a/"), 80) && port(&get("https://a/"), 443));
    assert!(port(&asking("/", &[("host", "a:9080")]), 9080) && port(&asking("/", &[("host", "a")]), 80));
    assert!(port(&asking("/", &[("host", "[::1]")]), 80) && port(&asking("/", &[("host", "[::1]:81")]), 81));
}

#[test]
fn a_request_for_nobody_is_for_no_port_unless_it_is_known() {
    let (request, wanted) = (get("/"), Condition::new().port(9080));
    assert!(!wanted.is_met(&Head::of(&request)));
    assert!(wanted.is_met(&Head::of(&request).to_port(9080)));
    assert!(!wanted.is_met(&Head::of(&get("http://a:9080/")).to_port(80)), "what is known comes first");
}
