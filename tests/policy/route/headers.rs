//! Headers that must be so, and headers that must not.

use tower_mesh::policy::route::{Condition, Field, ValueMatch};

use super::{Asked, asking, exact, get, header, meets, prefix, regex, without, wrong};

fn user(lines: &[&str]) -> Asked {
    asking("/", &lines.iter().map(|line| ("end-user", *line)).collect::<Vec<_>>())
}

#[test]
fn a_header_is_exact_or_begins_so_or_matches_as_a_whole() {
    let jason = user(&["jason"]);
    assert!(meets(&jason, &header("end-user", exact("jason"))));
    assert!(meets(&jason, &header("end-user", prefix("jas"))));
    assert!(meets(&jason, &header("end-user", regex("j.*n"))));
    assert!(!meets(&jason, &header("end-user", exact("jas"))));
    assert!(!meets(&jason, &header("end-user", prefix("son"))));
    assert!(!meets(&jason, &header("end-user", regex("jas"))));
}

#[test]
fn the_name_of_a_header_has_no_case_and_its_value_has() {
    assert!(meets(&asking("/", &[("End-User", "jason")]), &header("END-USER", exact("jason"))));
    assert!(!meets(&user(&["Jason"]), &header("end-user", exact("jason"))));
    assert!(meets(&user(&["Jason"]), &header("end-user", exact("jason").ignoring_case())));
}

#[test]
fn the_spaces_around_a_value_do_not_count() {
    for padded in [" jason", "jason ", "\t jason \t"] {
        assert!(meets(&user(&[padded]), &header("end-user", exact("jason"))), "{padded:?}");
    }
    assert!(!meets(&user(&["ja son"]), &header("end-user", exact("jason"))));
    assert!(meets(&user(&["  "]), &header("end-user", exact(""))), "nothing is left of spaces alone");
}

#[test]
fn one_of_several_lines_is_enough() {
    for lines in [["jason", "bob"], ["bob", "jason"]] {
        assert!(meets(&user(&lines), &header("end-user", exact("jason"))), "{lines:?}");
        assert!(meets(&user(&lines), &header("end-user", exact("bob"))), "{lines:?}");
        assert!(!meets(&user(&lines), &header("end-user", exact("eve"))), "{lines:?}");
    }
}

#[test]
fn a_list_on_one_line_is_one_value() {
    let listed = user(&["jason,bob"]);
    assert!(!meets(&listed, &header("end-user", exact("jason"))));
    assert!(meets(&listed, &header("end-user", exact("jason,bob"))));
    assert!(!meets(&user(&["jason", "bob"]), &header("end-user", exact("jason,bob"))));
}

#[test]
fn an_absent_header_is_never_so_not_even_by_an_expression_that_takes_all() {
    for wants in [regex(".*"), exact(""), prefix("")] {
        assert!(!meets(&get("/"), &header("end-user", wants.clone())), "{wants}");
        assert!(meets(&user(&[""]), &header("end-user", wants.clone())), "{wants}");
    }
}

#[test]
fn a_header_is_present_whatever_it_says() {
    let present = header("end-user", ValueMatch::Present);
    assert!(meets(&user(&["jason"]), &present) && meets(&user(&[""]), &present));
    assert!(!meets(&get("/"), &present));
}

#[test]
fn what_must_not_be_so_is_the_other_way_round() {
    let not_v = without("x", exact("v"));
    assert!(!meets(&asking("/", &[("x", "v")]), &not_v));
    assert!(meets(&asking("/", &[("x", "w")]), &not_v));
    let not_beginning = without("x", prefix("v"));
    assert!(!meets(&asking("/", &[("x", "value")]), &not_beginning));
    assert!(meets(&asking("/", &[("x", "other")]), &not_beginning));
}

/// As Envoy has it where a missing header is to be taken for an empty one.
#[test]
fn what_must_not_be_so_and_is_absent_is_taken_for_empty() {
    assert!(meets(&get("/"), &without("x", exact("v"))));
    assert!(meets(&get("/"), &without("x", regex(".+"))));
    for fails in [exact(""), regex(".*"), prefix("")] {
        assert!(!meets(&get("/"), &without("x", fails.clone())), "{fails}");
    }
}

#[test]
fn what_must_not_be_there_is_absent() {
    let absent = without("x", ValueMatch::Present);
    assert!(meets(&get("/"), &absent));
    assert!(!meets(&asking("/", &[("x", "")]), &absent) && !meets(&asking("/", &[("x", "v")]), &absent));
}

#[test]
fn no_line_may_be_what_a_header_must_not_be() {
    let not_v = without("x", exact("v"));
    for lines in [[("x", "v"), ("x", "w")], [("x", "w"), ("x", "v")]] {
        assert!(!meets(&asking("/", &lines), &not_v), "{lines:?}");
    }
    assert!(meets(&asking("/", &[("x", "w"), ("x", "u")]), &not_v));
}

#[test]
fn a_value_need_not_be_text() {
    let mut request = get("/");
    request.headers_mut().insert("x", http::HeaderValue::from_bytes(b"\xffv").expect("a value"));
    assert!(meets(&request, &header("x", regex(".v"))));
    assert!(!meets(&request, &header("x", exact("v"))));
}

#[test]
fn all_headers_must_be_so() {
    let both = header("a", exact("1")).header("b", exact("2")).expect("a name");
    assert!(meets(&asking("/", &[("a", "1"), ("b", "2")]), &both));
    assert!(!meets(&asking("/", &[("a", "1")]), &both) && !meets(&asking("/", &[("b", "2")]), &both));
}

#[test]
fn what_is_no_name_of_a_header_is_told() {
    for name in ["", ":path", "a b", "ä"] {
        let (field, message) = wrong(Condition::new().header(name, exact("v")));
        assert_eq!(field, Field::HeaderName);
        let expected =
            format!("header name is `{name}`, but must be the name of a header, such as `end-user`");
        assert_eq!(message, expected);
        assert_eq!(wrong(Condition::new().without_header(name, exact("v"))).0, Field::HeaderName);
    }
}
