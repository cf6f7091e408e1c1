//! What can be told of conditions without a request.

use tower_mesh::policy::route::{Condition, Rule, TextMatch, ValueMatch};

use super::{exact, header, path, prefix, regex, without};

fn covers(one: &TextMatch, other: &TextMatch) -> bool {
    one.covers(other)
}

#[test]
fn a_text_covers_those_that_take_no_more() {
    for (one, other) in [
        (exact("/a"), exact("/a")),
        (prefix("/a"), exact("/ab")),
        (prefix("/a"), prefix("/a/b")),
        (prefix(""), regex("b")),
        (prefix(""), prefix("").ignoring_case()),
        (regex("[ab]"), exact("a")),
        (regex(".*"), exact("A").ignoring_case()),
        (regex("^.*$"), prefix("/")),
        (regex("a+"), regex("a+")),
        (exact("a").ignoring_case(), exact("A")),
        (exact("a").ignoring_case(), exact("A").ignoring_case()),
        (prefix("/A").ignoring_case(), exact("/ab")),
        (prefix("/"), prefix("/a").ignoring_case()),
        (exact("/1"), exact("/1").ignoring_case()),
        (regex("/[0-9]"), exact("/1").ignoring_case()),
    ] {
        assert!(covers(&one, &other), "`{one}` covers `{other}`");
    }
}

#[test]
fn a_text_does_not_cover_what_takes_something_else() {
    for (one, other) in [
        (exact("/a"), exact("/b")),
        (exact("/a"), prefix("/a")),
        (prefix("/a/b"), prefix("/a")),
        (prefix("/a"), exact("/")),
        (prefix("/a"), regex("/a.*")),
        (regex("[ab]"), exact("c")),
        (regex("[ab]"), prefix("a")),
        (regex("a+"), regex("aa*")),
        (exact("a"), exact("a").ignoring_case()),
        (prefix("/a"), exact("/ab").ignoring_case()),
        (regex("a"), exact("a").ignoring_case()),
        (prefix("é"), exact("e")),
    ] {
        assert!(!covers(&one, &other), "`{one}` does not cover `{other}`, or nobody knows");
    }
}

#[test]
fn a_condition_covers_those_that_ask_for_more() {
    let both = || path(prefix("/a/b")).header("x", exact("1")).expect("a name");
    assert!(path(prefix("/a")).covers(&both()) && header("x", exact("1")).covers(&both()));
    assert!(header("x", ValueMatch::Present).covers(&both()) && Condition::new().covers(&both()));
    assert!(!both().covers(&path(prefix("/a/b"))) && !both().covers(&Condition::new()));
    assert!(!path(exact("/a")).covers(&both()) && !header("y", exact("1")).covers(&both()));
}

#[test]
fn every_part_of_a_condition_has_to_cover() {
    let all = || {
        let all = path(exact("/")).scheme(exact("http")).method(exact("GET")).authority(exact("a"));
        all.port(80).parameter("p", exact("1"))
    };
    assert!(all().covers(&all()));
    let other = exact("other");
    for differing in [
        all().path(other.clone()),
        all().scheme(other.clone()),
        all().method(other.clone()),
        all().authority(other.clone()),
        all().port(81),
        all().parameter("q", other),
    ] {
        assert!(!differing.covers(&all()), "{differing}");
    }
    assert!(!Condition::new().port(80).covers(&Condition::new()));
    assert!(Condition::new().parameter("p", ValueMatch::Present).covers(&all()));
}

#[test]
fn a_prefix_of_a_slash_takes_every_path() {
    for all in [path(prefix("/")), path(prefix("")), path(regex(".*")), Condition::new()] {
        assert!(all.takes_all(), "{all}");
    }
    assert!(
        !path(prefix("/a")).takes_all() && !path(exact("/")).takes_all() && !path(regex("/.*")).takes_all()
    );
    assert!(!header("x", regex(".*")).takes_all(), "an absent header is not so");
    assert!(!Condition::new().authority(prefix("")).takes_all(), "nor is an absent authority");
}

#[test]
fn what_must_not_be_so_covers_the_other_way_round() {
    assert!(without("x", exact("ab")).covers(&without("x", prefix("a"))));
    assert!(!without("x", prefix("a")).covers(&without("x", exact("ab"))));
    assert!(without("x", exact("v")).covers(&without("x", ValueMatch::Present)));
    assert!(!without("x", ValueMatch::Present).covers(&without("x", exact("v"))));
    assert!(!header("x", exact("a")).covers(&without("x", exact("b"))));
    assert!(!without("x", exact("a")).covers(&header("x", exact("b"))), "there may be two lines");
}

/// What is absent is taken for empty: it meets "absent", and not "not empty".
#[test]
fn an_absent_header_keeps_what_must_not_be_empty_from_covering() {
    for empty in [exact(""), regex(".*"), prefix("")] {
        assert!(!without("x", empty.clone()).covers(&without("x", ValueMatch::Present)), "{empty}");
    }
    assert!(without("x", exact("")).covers(&without("x", regex(".*"))));
}

#[test]
fn a_rule_covers_one_whose_every_condition_it_covers() {
    let (a, b) = (|| path(prefix("/a")), || path(prefix("/b")));
    let either = Rule::when_any([a(), b()], ());
    assert!(either.covers(&Rule::when(a(), "x")) && either.covers(&Rule::when_any([b(), a()], "x")));
    assert!(!either.covers(&Rule::when_any([a(), path(prefix("/c"))], "x")));
    assert!(!Rule::when(a(), ()).covers(&either));
    assert!(Rule::always(()).covers(&either) && Rule::when(path(prefix("/")), ()).covers(&Rule::always("x")));
    assert!(!either.covers(&Rule::always("x")));
}

#[test]
fn a_condition_that_no_request_can_meet_is_impossible() {
    for impossible in [
        path(exact("a")),
        path(prefix("a/")),
        path(exact("")),
        path(exact("/a?b=c")),
        path(prefix("/a#b")),
        header("x", exact("v")).without_header("x", ValueMatch::Present).expect("a name"),
        header("x", exact("v")).without_header("X", prefix("")).expect("a name"),
        header("x", ValueMatch::Present).without_header("x", ValueMatch::Present).expect("a name"),
        Condition::new().parameter("p", exact("1")).parameter("p", exact("2")),
    ] {
        assert!(impossible.is_impossible(), "{impossible}");
    }
}

#[test]
fn a_condition_that_some_request_can_meet_is_not() {
    for possible in [
        Condition::new(),
        path(prefix("")),
        path(exact("*")),
        path(regex("a")),
        header("x", exact("v")).without_header("x", exact("w")).expect("a name"),
        header("x", exact("v")).without_header("y", ValueMatch::Present).expect("a name"),
        // On two lines.
        header("x", exact("v")).header("x", exact("w")).expect("a name"),
        Condition::new().parameter("p", exact("1")).parameter("q", exact("2")),
        Condition::new().parameter("p", exact("1")).parameter("p", ValueMatch::Present),
    ] {
        assert!(!possible.is_impossible(), "{possible}");
    }
}
