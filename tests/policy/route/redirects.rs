//! Where a caller is sent instead, and direct answers.

use tower_mesh::policy::route::{
    Condition, DirectAnswer, Field, Head, Redirect, RedirectBuilder, RedirectPort,
};

use super::{Asked, asking, exact, get, path, prefix, regex, wrong};

const SENT: &str = "http://shop.example.com/cart?full=1";

fn to() -> RedirectBuilder {
    Redirect::builder()
}

fn location(redirect: RedirectBuilder, request: &Asked, taken: Option<&Condition>) -> String {
    redirect.build().expect("a redirect").location(&Head::of(request), taken)
}

fn sent_to(redirect: RedirectBuilder, uri: &str) -> String {
    location(redirect, &get(uri), None)
}

#[test]
fn five_statuses_send_elsewhere_and_301_does_by_default() {
    assert_eq!(to().path("/x").build().expect("a redirect").status(), 301);
    for status in [301, 302, 303, 307, 308] {
        assert_eq!(to().path("/x").status(status).build().expect("a redirect").status(), status);
    }
    for status in [0, 200, 300, 304, 305, 306, 309, 399, 404, 1000] {
        let expected = format!("status of the redirect is {status}, but must be 301, 302, 303, 307 or 308");
        let wrong = wrong(to().path("/x").status(status).build());
        assert_eq!(wrong, (Field::RedirectStatus, expected));
    }
}

#[test]
fn what_is_not_said_stays_as_it_was_asked_for() {
    assert_eq!(sent_to(to().path("/basket"), SENT), "http://shop.example.com/basket?full=1");
    assert_eq!(sent_to(to().authority("other.com"), SENT), "http://other.com/cart?full=1");
    assert_eq!(sent_to(to().scheme("https"), SENT), "https://shop.example.com/cart?full=1");
    assert_eq!(
        sent_to(to().port(RedirectPort::Number(8080)), SENT),
        "http://shop.example.com:8080/cart?full=1"
    );
    let all = to().path("/b?c").authority("other.com").scheme("https").port(RedirectPort::Number(8443));
    assert_eq!(sent_to(all, SENT), "https://other.com:8443/b?c");
}

#[test]
fn a_path_is_whole_and_keeps_the_query_unless_it_has_one() {
    assert_eq!(sent_to(to().path("/b"), "http://a/x/y?q=1"), "http://a/b?q=1");
    assert_eq!(sent_to(to().path("/b?z"), "http://a/x/y?q=1"), "http://a/b?z");
    assert_eq!(sent_to(to().path("b"), "http://a/x/y"), "http://a/b");
}

#[test]
fn a_prefix_is_put_in_the_place_of_the_one_that_was_taken() {
    let sent = get("http://a/old/x?q=1");
    let by = |taken: Option<&Condition>| location(to().prefix("/new"), &sent, taken);
    assert_eq!(by(Some(&path(prefix("/old")))), "http://a/new/x?q=1");
    assert_eq!(by(Some(&path(exact("/old/x")))), "http://a/new?q=1");
    assert_eq!(by(Some(&path(regex("/o.*")))), "http://a/new?q=1");
    assert_eq!(by(None), "http://a/newold/x?q=1");
}

#[test]
fn a_port_that_the_scheme_has_anyway_is_not_said() {
    for (scheme, port, said) in [
        ("http", 80, "http://shop.example.com"),
        ("https", 443, "https://shop.example.com"),
        ("http", 443, "http://shop.example.com:443"),
        ("https", 80, "https://shop.example.com:80"),
        ("https", 8443, "https://shop.example.com:8443"),
    ] {
        let redirect = to().scheme(scheme).port(RedirectPort::Number(port)).path("/");
        assert_eq!(sent_to(redirect, "http://shop.example.com:9080/"), format!("{said}/"));
    }
}

#[test]
fn the_port_of_the_request_is_the_one_that_was_asked_for() {
    let redirect = || to().authority("other.com").port(RedirectPort::OfRequest);
    assert_eq!(sent_to(redirect(), "http://a:9080/"), "http://other.com:9080/");
    assert_eq!(sent_to(redirect(), "http://a/"), "http://other.com/");
    assert_eq!(sent_to(redirect().scheme("https"), "http://a/"), "https://other.com:80/");
    let known = redirect().build().expect("a redirect");
    assert_eq!(known.location(&Head::of(&get("/")).to_port(8080), None), "http://other.com:8080/");
}

#[test]
fn a_port_takes_the_place_of_one_that_an_authority_names() {
    let redirect = to().authority("other.com:1").port(RedirectPort::Number(2));
    assert_eq!(sent_to(redirect, "http://a:3/"), "http://other.com:2/");
    assert_eq!(sent_to(to().authority("other.com:1"), "http://a:3/"), "http://other.com:1/");
    assert_eq!(sent_to(to().port(RedirectPort::Number(2)), "http://[::1]:3/"), "http://[::1]:2/");
    assert_eq!(sent_to(to().port(RedirectPort::Number(2)), "http://[::1]/"), "http://[::1]:2/");
}

/// As Envoy does: `http://a:80` is sent to `https://a`, not to a port that speaks no TLS.
#[test]
fn the_usual_port_of_the_scheme_that_was_asked_for_is_left_behind_with_it() {
    assert_eq!(sent_to(to().scheme("https"), "http://a:80/"), "https://a/");
    assert_eq!(sent_to(to().scheme("http"), "https://a:443/"), "http://a/");
    assert_eq!(sent_to(to().scheme("https"), "http://a:9080/"), "https://a:9080/");
    assert_eq!(sent_to(to().path("/b"), "http://a:80/"), "http://a:80/b");
    assert_eq!(sent_to(to().scheme("https").authority("b:80"), "http://a:80/"), "https://b:80/");
}

#[test]
fn a_host_header_names_the_host_where_the_uri_does_not() {
    let asked = asking("/cart", &[("host", "shop:9080")]);
    assert_eq!(location(to().path("/b"), &asked, None), "http://shop:9080/b");
}

#[test]
fn where_nobody_names_a_host_it_is_a_path_alone() {
    assert_eq!(sent_to(to().path("/b"), "/cart?a"), "/b?a");
    assert_eq!(sent_to(to().scheme("https"), "/cart?a"), "/cart?a");
}

#[test]
fn what_a_header_cannot_carry_is_escaped() {
    assert_eq!(sent_to(to().scheme("https"), "http://a/caf\u{e9}?q=\u{e9}"), "https://a/caf%C3%A9?q=%C3%A9");
    assert_eq!(sent_to(to().scheme("https"), "/a%20b"), "/a%20b");
}

#[test]
fn a_redirect_that_means_nothing_is_told() {
    let nothing = "but must be a redirect that changes at least one of path, authority, port and scheme";
    let expected = format!("redirect is one that changes nothing, {nothing}");
    assert_eq!(wrong(to().build()), (Field::Redirect, expected.clone()));
    assert_eq!(wrong(to().status(302).build()), (Field::Redirect, expected));
    assert_eq!(wrong(to().path("/a").prefix("/b").build()).0, Field::Redirect);
    for (redirect, field) in [
        (to().path("/a b"), Field::Path),
        (to().prefix("/a\n"), Field::Path),
        (to().authority("a b"), Field::Authority),
        (to().authority(""), Field::Authority),
        (to().scheme("ftp"), Field::Scheme),
        (to().scheme("HTTPS"), Field::Scheme),
    ] {
        assert_eq!(wrong(redirect.build()).0, field);
    }
}

#[test]
fn a_redirect_says_what_it_does() {
    let all = to().scheme("https").authority("a").port(RedirectPort::OfRequest).path("/b").status(308);
    let all = all.build().expect("a redirect");
    assert_eq!(
        all.to_string(),
        "redirects by 308: scheme `https`, authority `a`, the request's port, path `/b`"
    );
    let prefix = to().prefix("/b").port(RedirectPort::Number(1)).build().expect("a redirect");
    assert_eq!(prefix.to_string(), "redirects by 301: port 1, path `/b` in the place of what was matched");
}

#[test]
fn a_direct_answer_has_a_status_that_answers_have() {
    let answer = DirectAnswer::new(503, b"unknown error").expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.content()), (503, &b"unknown error"[..]));
    for status in [0, 100, 199, 600, 1000] {
        let expected = format!("status is {status}, but must be a status from 200 to 599");
        assert_eq!(wrong(DirectAnswer::new(status, b"")), (Field::Status, expected));
    }
}
