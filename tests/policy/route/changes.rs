//! What is changed of headers.

use http::HeaderMap;
use tower_mesh::policy::route::{Field, HeaderChanges, HeaderChangesBuilder};

use super::wrong;

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().expect("a value"));
    }
    headers
}

fn changed(changes: HeaderChangesBuilder, before: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = headers(before);
    changes.build().expect("changes").apply(&mut headers);
    headers
}

#[test]
fn removing_takes_every_line_and_setting_replaces_every_line() {
    let before = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "1")];
    let changes = HeaderChanges::builder().remove("a").set("b", "3").set("new", "4").remove("not-there");
    assert_eq!(changed(changes, &before), headers(&[("b", "3"), ("c", "1"), ("new", "4")]));
}

#[test]
fn adding_puts_a_line_beside_what_is_there() {
    let changes = HeaderChanges::builder().add("a", "2").add("a", "3").add("b", "1");
    assert_eq!(changed(changes, &[("a", "1")]), headers(&[("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")]));
}

#[test]
fn removing_comes_before_setting_and_setting_before_adding_in_whatever_order_it_is_said() {
    let said = [
        HeaderChanges::builder().add("a", "added").set("a", "set").remove("a"),
        HeaderChanges::builder().remove("a").set("a", "set").add("a", "added"),
    ];
    for changes in said {
        assert_eq!(changed(changes, &[("a", "sent")]), headers(&[("a", "set"), ("a", "added")]));
    }
    let removed = HeaderChanges::builder().add("a", "added").remove("a");
    assert_eq!(changed(removed, &[("a", "sent")]), headers(&[("a", "added")]));
}

#[test]
fn names_have_no_case() {
    let changes = HeaderChanges::builder().remove("X-A").set("X-B", "1");
    assert_eq!(changed(changes, &[("x-a", "1"), ("x-b", "0")]), headers(&[("x-b", "1")]));
}

/// A host is changed by rewriting the authority.
#[test]
fn the_host_and_what_begins_with_a_colon_stay_as_they_are() {
    let accepted = "but must be the name of a header other than `host` and those that begin with `:`";
    for name in ["host", "Host", ":authority", ":path", ":x", "", "a b"] {
        let expected = (Field::ChangedHeader, format!("header name is `{name}`, {accepted}"));
        assert_eq!(wrong(HeaderChanges::builder().remove(name).build()), expected);
        assert_eq!(wrong(HeaderChanges::builder().set(name, "v").build()), expected);
        assert_eq!(wrong(HeaderChanges::builder().add(name, "v").build()), expected);
    }
}

#[test]
fn what_is_no_value_is_told_and_the_first_thing_that_is_wrong() {
    let changes = HeaderChanges::builder().set("a", "b\nc").remove("host").add("d", "\0");
    let accepted = "but must be the value of a header: printable characters";
    let expected = (Field::HeaderValue, format!(r#"header value is "b\nc", {accepted}"#));
    assert_eq!(wrong(changes.build()), expected);
}

#[test]
fn nothing_said_is_nothing_changed() {
    let none = HeaderChanges::builder().build().expect("nothing");
    assert!(none.is_empty() && none == HeaderChanges::default());
    assert!(!HeaderChanges::builder().remove("a").build().expect("changes").is_empty());
}

#[test]
fn what_is_changed_can_be_listed() {
    let changes = HeaderChanges::builder().remove("a").set("b", "1").add("c", "2").build().expect("changes");
    assert_eq!(changes.removed().collect::<Vec<_>>(), ["a"]);
    assert_eq!(changes.set().map(|(name, _)| name).collect::<Vec<_>>(), ["b"]);
    assert_eq!(
        changes.added().map(|(name, value)| (name.as_str(), value.as_bytes())).collect::<Vec<_>>(),
        [("c", &b"2"[..])]
    );
}
