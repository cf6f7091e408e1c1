//! What of a request is hashed, and how.

use std::{net::IpAddr, time::Duration};

use http::{HeaderMap, HeaderName, header::COOKIE};
use tower_mesh::policy::{
    Draw,
    balance::{Cookie, CookieError, HashKey, HashKeys, Hashed},
};
use xxhash_rust::xxh64::xxh64;

fn of(text: &str) -> Option<u64> {
    Some(xxh64(text.as_bytes(), 0))
}

fn user() -> HashKey {
    HashKey::Header(HeaderName::from_static("end-user"))
}

fn cookie() -> Cookie {
    Cookie::new("user").expect("a name")
}

fn headers<const N: usize>(lines: [(&'static str, &'static str); N]) -> HeaderMap {
    lines
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value")))
        .collect()
}

fn hashed(keys: &HashKeys, headers: &HeaderMap) -> Hashed {
    keys.hash(headers, None, None, || Draw::new(0xbee))
}

fn hash<const N: usize>(keys: impl Into<HashKeys>, lines: [(&'static str, &'static str); N]) -> Option<u64> {
    hashed(&keys.into(), &headers(lines)).hash
}

#[test]
fn a_header_is_hashed_as_it_is() {
    assert_eq!(hash(user(), [("end-user", "jason")]), of("jason"));
    assert_eq!(hash(user(), [("end-user", "")]), of(""));
    assert_eq!(hash(user(), [("end-users", "jason")]), None);
    assert_eq!(hash(HashKeys::none(), [("end-user", "jason")]), None);
}

#[test]
fn lines_of_one_header_are_one_whatever_their_order() {
    for lines in [["foo", "bar", "baz"], ["baz", "bar", "foo"]] {
        assert_eq!(hash(user(), lines.map(|line| ("end-user", line))), of("barbazfoo"));
    }
}

#[test]
fn a_source_is_hashed_as_it_is_written() {
    let keys = HashKeys::of(HashKey::SourceIp);
    let hash = |source| keys.hash(&HeaderMap::new(), None, source, || Draw::new(0)).hash;
    for address in ["10.0.0.1", "::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"] {
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(hash(Some(address)), of(&address.to_string()));
    }
    assert_eq!(hash(None), None);
}

#[test]
fn a_parameter_is_the_first_of_its_name_as_it_was_sent() {
    let keys = HashKeys::of(HashKey::QueryParameter("user".to_owned()));
    let hash = |query| keys.hash(&HeaderMap::new(), query, None, || Draw::new(0)).hash;
    assert_eq!(hash(Some("a=b&user=j%20&user=k")), of("j%20"));
    assert_eq!([hash(Some("user")), hash(Some("user=&user=k"))], [of(""); 2]);
    assert_eq!([hash(Some("users=k")), hash(Some("")), hash(None)], [None; 3]);
}

#[test]
fn a_cookie_is_found_among_others_and_without_its_quotes() {
    for (line, value) in [
        ("user=jason", of("jason")),
        ("a=b;   user=\"jason\"; c", of("jason")),
        ("user; user=\"", of("\"")),
        ("users=a; xuser=b; user =c", None),
        ("user=", None),
        ("user=\"\"; user=b", None),
    ] {
        assert_eq!(hash(HashKey::Cookie(cookie()), [("cookie", line)]), value, "{line}");
    }
    let lines = [("cookie", "a=b"), ("cookie", "user=jason"), ("cookie", "user=bob")];
    assert_eq!(hash(HashKey::Cookie(cookie()), lines), of("jason"));
}

#[test]
fn keys_decide_together_in_their_order() {
    let (a, b) = (xxh64(b"jason", 0), xxh64(b"bob", 0));
    let both = HashKeys::of(user()).and(HashKey::Cookie(cookie()));
    assert_eq!(
        hash(both.clone(), [("end-user", "jason"), ("cookie", "user=bob")]),
        Some(a.rotate_left(1) ^ b)
    );
    assert_eq!(hash(both, [("cookie", "user=bob")]), Some(b));
    // The same twice is not nothing.
    assert_eq!(hash(HashKeys::of(user()).and(user()), [("end-user", "jason")]), Some(a.rotate_left(1) ^ a));
}

#[test]
fn what_comes_after_a_key_that_stops_has_no_part() {
    let keys = HashKeys::none().and_stop(user()).and(HashKey::Cookie(cookie()));
    assert_eq!(hash(keys.clone(), [("end-user", "jason"), ("cookie", "user=bob")]), of("jason"));
    assert_eq!(hash(keys, [("cookie", "user=bob")]), of("bob"));
    // It stops if by then there is a hash, whoever's it is.
    let keys = HashKeys::of(HashKey::Cookie(cookie())).and_stop(user()).and(HashKey::Cookie(cookie()));
    assert_eq!(hash(keys, [("cookie", "user=bob")]), of("bob"));
}

#[test]
fn a_missing_cookie_is_made_if_it_is_to_live() {
    let living = || cookie().ttl(Duration::from_secs(60));
    let keys = HashKeys::of(HashKey::Cookie(living().path("/").expect("a path")));
    let first = hashed(&keys, &HeaderMap::new());
    let made: Vec<_> = keys.set_cookies(first.made.expect("one is made")).collect();
    assert_eq!(made, ["user=\"bee\"; Max-Age=60; Path=/; HttpOnly"]);
    // Who comes back with it finds the same host.
    let next = hashed(&keys, &headers([("cookie", "user=\"bee\"")]));
    assert_eq!((next.hash, next.made), (first.hash, None));
    assert_eq!(first.hash, of("bee"));
    // An empty one is none.
    assert_eq!(hashed(&keys, &headers([("cookie", "user=")])), first);
    assert_eq!(hashed(&HashKeys::of(HashKey::Cookie(cookie())), &HeaderMap::new()).made, None);
}

#[test]
fn cookies_that_are_made_together_have_one_value_and_one_draw() {
    let living = |name: &str| HashKey::Cookie(Cookie::new(name).expect("a name").ttl(Duration::ZERO));
    let keys = HashKeys::of(living("a")).and(living("b")).and(living("c"));
    let mut draws = 0;
    let hashed = keys.hash(&headers([("cookie", "b=bee")]), None, None, || {
        draws += 1;
        Draw::new(0xbee)
    });
    let made: Vec<_> = keys.set_cookies(hashed.made.expect("some are made")).collect();
    assert_eq!(made, ["a=\"bee\"; HttpOnly", "c=\"bee\"; HttpOnly"]);
    assert_eq!(draws, 1);
    let bee = xxh64(b"bee", 0);
    assert_eq!(hashed.hash, Some((bee.rotate_left(1) ^ bee).rotate_left(1) ^ bee));
}

#[test]
fn a_cookie_is_written_as_envoy_writes_it() {
    let attribute = |cookie: Cookie, name, value| cookie.attribute(name, value).expect("an attribute");
    assert_eq!(cookie().set_cookie(u64::MAX), "user=\"ffffffffffffffff\"; HttpOnly");
    assert_eq!(cookie().ttl(Duration::from_millis(1500)).set_cookie(1), "user=\"1\"; Max-Age=1; HttpOnly");
    let many = attribute(attribute(cookie(), "SameSite", "None"), "Secure", "").path("/a").expect("a path");
    assert_eq!(many.set_cookie(16), "user=\"10\"; Path=/a; SameSite=None; Secure; HttpOnly");
}

#[test]
fn what_cannot_be_sent_is_told_so() {
    for name in ["", "a b", "a=b", "a;", "ü"] {
        assert_eq!(Cookie::new(name), Err(CookieError::Name(name.to_owned())));
    }
    for value in ["/a;b", "/a\n", "/ü"] {
        assert_eq!(cookie().path(value), Err(CookieError::Value(value.to_owned())));
        assert!(cookie().attribute("a", value).is_err());
    }
    assert_eq!(cookie().value_in(&headers([(COOKIE.as_str(), "User=a")])), None, "case counts");
}
