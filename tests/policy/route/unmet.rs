//! What a request is not, in words; and conditions, as sentences.

use http::Method;
use tower_mesh::policy::route::{Condition, Head, ValueMatch};

use super::{Asked, asking, exact, get, header, path, prefix, regex, with_method, without};

#[track_caller]
fn says(condition: &Condition, request: &Asked, expected: &str) {
    let unmet = condition.unmet(&Head::of(request)).expect("it is not met");
    assert_eq!(unmet.to_string(), expected);
}

#[test]
fn each_part_says_what_must_be_and_what_is() {
    let b = get("/b");
    says(&path(prefix("/a")), &b, "path must begin with `/a`, but is `/b`");
    says(&path(exact("/a")), &b, "path must be `/a`, but is `/b`");
    says(&path(regex("/[a]+")), &b, "path must match `/[a]+`, but is `/b`");
    says(&path(exact("/A").ignoring_case()), &b, "path must be `/A` (in any case), but is `/b`");
    says(&Condition::new().scheme(exact("https")), &b, "scheme must be `https`, but is `http`");
    says(
        &Condition::new().method(exact("GET")),
        &with_method(Method::PUT, "/"),
        "method must be `GET`, but is `PUT`",
    );
    says(&Condition::new().authority(exact("a")), &b, "authority must be `a`, but is absent");
    says(
        &Condition::new().authority(exact("a")),
        &get("http://a:80/"),
        "authority must be `a`, but is `a:80`",
    );
    says(&Condition::new().port(81), &get("http://a/"), "port must be 81, but is `80`");
    says(&Condition::new().port(81), &b, "port must be 81, but is absent");
}

#[test]
fn a_header_says_its_name_and_all_its_lines() {
    let jason = || header("end-user", exact("jason"));
    says(&jason(), &get("/"), "header `end-user` must be `jason`, but is absent");
    says(&jason(), &asking("/", &[("end-user", "")]), "header `end-user` must be `jason`, but is empty");
    let two = asking("/", &[("end-user", "bob"), ("end-user", " eve ")]);
    says(&jason(), &two, "header `end-user` must be `jason`, but is `bob`, `eve`");
    says(&header("x", ValueMatch::Present), &get("/"), "header `x` must be present, but is not");
    says(&header("x", exact("")), &asking("/", &[("x", "v")]), "header `x` must be empty, but is `v`");
}

#[test]
fn what_must_not_be_so_says_that_it_is() {
    let v = asking("/", &[("x", "v")]);
    says(&without("x", exact("v")), &v, "header `x` must not be `v`, but is `v`");
    says(&without("x", prefix("v")), &v, "header `x` must not begin with `v`, but is `v`");
    says(&without("x", regex("[v]")), &v, "header `x` must not match `[v]`, but is `v`");
    says(&without("x", ValueMatch::Present), &v, "header `x` must be absent, but is `v`");
    let empty = "header `x` must not be empty, but is absent, which counts as empty";
    says(&without("x", exact("")), &get("/"), empty);
}

#[test]
fn a_parameter_says_its_name() {
    let wanted = || Condition::new().parameter("p", exact("1"));
    says(&wanted(), &get("/"), "query parameter `p` must be `1`, but is absent");
    says(&wanted(), &get("/?p=2&p=1"), "query parameter `p` must be `1`, but is `2`");
    says(&wanted(), &get("/?p"), "query parameter `p` must be `1`, but is empty");
    let present = Condition::new().parameter("p", ValueMatch::Present);
    says(&present, &get("/?q"), "query parameter `p` must be present, but is not");
}

#[test]
fn of_several_things_the_first_is_told_in_the_order_of_the_meshs_fields() {
    let all = path(exact("/a")).scheme(exact("https")).method(exact("PUT")).authority(exact("a"));
    let all = all.header("x", exact("1")).expect("a name").parameter("p", exact("1")).port(81);
    let asked = [
        (get("/"), "path"),
        (get("/a"), "scheme"),
        (get("https://b/a"), "method"),
        (with_method(Method::PUT, "https://b/a"), "authority"),
        (with_method(Method::PUT, "https://a/a"), "header `x`"),
    ];
    for (request, expected) in asked {
        let unmet = all.unmet(&Head::of(&request)).expect("it is not met").to_string();
        assert!(unmet.starts_with(&format!("{expected} must ")), "{unmet}");
    }
    let rest = Condition::new().port(81).parameter("p", exact("1"));
    says(&rest, &get("/"), "query parameter `p` must be `1`, but is absent");
}

#[test]
fn a_condition_is_a_sentence() {
    let all = path(prefix("/reviews")).method(exact("GET")).port(9080);
    let all = all.header("end-user", exact("jason")).expect("a name").parameter("p", ValueMatch::Present);
    let all = all.without_header("cookie", ValueMatch::Present).expect("a name");
    let all = all.without_header("x", prefix("v")).expect("a name");
    assert_eq!(
        all.to_string(),
        "path begins with `/reviews`, method is `GET`, header `end-user` is `jason`, \
         header `cookie` is absent, header `x` does not begin with `v`, query parameter `p` is present, port is 9080"
    );
    assert_eq!(Condition::new().to_string(), "every request");
    assert_eq!(without("x", exact("v")).to_string(), "header `x` is not `v`");
    assert_eq!(without("x", regex("v")).to_string(), "header `x` does not match `v`");
    assert_eq!(header("x", exact("")).to_string(), "header `x` is empty");
    assert_eq!(path(exact("/A").ignoring_case()).to_string(), "path is `/A` (in any case)");
}
