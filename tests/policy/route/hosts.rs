//! What belongs to which host.

use tower_mesh::policy::route::{Field, HostPattern, Hosts};

use super::wrong;

fn pattern(text: &str) -> HostPattern {
    text.parse().expect("a host")
}

fn hosts(texts: &[&'static str]) -> Hosts<&'static str> {
    texts.iter().map(|text| (pattern(text), *text)).collect()
}

#[test]
fn a_named_host_comes_before_a_family_and_the_longest_family_before_others() {
    let hosts = hosts(&["*", "*.com", "*.example.com", "a.example.com", "*.a.example.com"]);
    for (host, expected) in [
        ("a.example.com", "a.example.com"),
        ("b.example.com", "*.example.com"),
        ("b.a.example.com", "*.a.example.com"),
        ("c.b.a.example.com", "*.a.example.com"),
        ("example.com", "*.com"),
        ("com", "*"),
        ("localhost", "*"),
    ] {
        assert_eq!(hosts.find(host), Some(&expected), "{host}");
    }
}

#[test]
fn a_family_has_something_before_its_end() {
    let dotted = hosts(&["*.foo.com"]);
    assert_eq!(dotted.find("foo.com"), None);
    assert_eq!(dotted.find(".foo.com"), None);
    assert_eq!(dotted.find("xfoo.com"), None);
    assert_eq!(dotted.find("x.foo.com"), Some(&"*.foo.com"));
    let plain = hosts(&["*foo.com"]);
    assert_eq!(plain.find("foo.com"), None);
    assert_eq!(plain.find("xfoo.com"), Some(&"*foo.com"));
    assert_eq!(plain.find("x.foo.com"), Some(&"*foo.com"));
}

#[test]
fn a_pattern_takes_what_a_look_up_finds() {
    for text in ["*", "*.foo.com", "*foo.com", "foo.com", "x.foo.com"] {
        for host in ["foo.com", "xfoo.com", "x.foo.com", "y.x.foo.com", "com", "foo.com.org"] {
            assert_eq!(pattern(text).takes(host), hosts(&[text]).find(host).is_some(), "{text}, {host}");
        }
    }
}

#[test]
fn without_a_star_only_named_hosts_are_found() {
    let hosts = hosts(&["reviews", "ratings"]);
    assert_eq!((hosts.find("reviews"), hosts.find("details")), (Some(&"reviews"), None));
    assert_eq!((hosts.named("ratings"), hosts.family("ratings")), (Some(&"ratings"), None));
}

#[test]
fn a_pattern_has_no_case_and_no_final_dot() {
    assert_eq!(pattern("Reviews.Prod."), pattern("reviews.prod"));
    assert_eq!(pattern("*.Example.COM.").to_string(), "*.example.com");
    assert_eq!(
        (pattern("*.a").text(), pattern("*.a").is_family(), pattern("a").is_family()),
        (".a", true, false)
    );
}

#[test]
fn what_is_no_host_is_told() {
    for text in ["", ".", "*.", "a.*", "**", "*a*", "a*b", "a b", "a\tb", "http://a", "a/b"] {
        let (field, message) = wrong(text.parse::<HostPattern>());
        let accepted = "but must be a host, with a `*` alone or in front perhaps, such as `*.example.com`";
        assert_eq!((field, message), (Field::Host, format!("host is `{text}`, {accepted}")));
    }
}

#[test]
fn a_host_that_is_said_again_has_what_was_said_last() {
    let mut hosts = hosts(&["a", "*.a"]);
    assert_eq!(hosts.insert(&pattern("A"), "other"), Some("a"));
    assert_eq!(hosts.insert(&pattern("*.a"), "others"), Some("*.a"));
    assert_eq!((hosts.find("a"), hosts.find("b.a")), (Some(&"other"), Some(&"others")));
    assert_eq!((hosts.at(&pattern("*.a")), hosts.at(&pattern("*.b"))), (Some(&"others"), None));
    assert!(!hosts.is_empty() && Hosts::<()>::default().is_empty());
}

#[test]
fn a_pattern_covers_those_that_take_no_more() {
    let covers = |one: &str, other: &str| pattern(one).covers(&pattern(other));
    assert!(covers("*", "a") && covers("*", "*.a") && covers("*", "*"));
    assert!(covers("*.com", "*.foo.com") && covers("*.com", "foo.com") && covers("a", "a"));
    assert!(covers("*foo.com", "*.foo.com"));
    assert!(!covers("*.foo.com", "*foo.com") && !covers("*.foo.com", "foo.com"));
    assert!(!covers("a", "*") && !covers("a", "b") && !covers("*.a", "*.b"));
}
