//! What a request is made to ask for instead.

use http::Uri;
use tower_mesh::policy::route::{Condition, Field, PathRewrite, Rewrite};

use super::{exact, header, path, prefix, regex, wrong};

/// Path and query of a request that this condition took; none if they stay.
fn rewritten(how: PathRewrite, sent: &str, taken: Option<&Condition>) -> Option<String> {
    let sent: Uri = sent.parse().expect("a URI");
    Rewrite::new().path(how).path_and_query(&sent, taken).map(|target| target.to_string())
}

fn matched(text: &str, sent: &str, taken: &Condition) -> String {
    rewritten(PathRewrite::matched(text), sent, Some(taken)).expect("a path")
}

fn replaced(pattern: &str, substitution: &str, sent: &str) -> Option<String> {
    rewritten(PathRewrite::regex(pattern, substitution).expect("a substitution"), sent, None)
}

/// Seen on Envoy: it is text that is put in the place of text.
#[test]
fn a_prefix_is_replaced_as_text() {
    assert_eq!(matched("/v1", "/ratings/x", &path(prefix("/ratings/"))), "/v1x");
    assert_eq!(matched("/v1", "/ratings/x", &path(prefix("/ratings"))), "/v1/x");
    assert_eq!(matched("/v1/", "/ratings/x", &path(prefix("/ratings/"))), "/v1/x");
    assert_eq!(matched("/", "/ratings/x", &path(prefix("/ratings"))), "//x");
    assert_eq!(matched("/v1", "/ratings", &path(prefix("/ratings"))), "/v1");
}

#[test]
fn a_prefix_in_any_case_is_replaced_by_its_length() {
    assert_eq!(matched("/v1", "/RATINGS/x", &path(prefix("/ratings").ignoring_case())), "/v1/x");
}

#[test]
fn an_exact_path_is_replaced_as_a_whole() {
    assert_eq!(matched("/v1", "/ratings/x", &path(exact("/ratings/x"))), "/v1");
}

#[test]
fn a_path_that_an_expression_took_is_replaced_as_a_whole() {
    assert_eq!(matched("/v1", "/ratings/x", &path(regex("/rat.*"))), "/v1");
}

#[test]
fn where_no_path_was_asked_for_the_slash_in_front_is_replaced() {
    for taken in [Some(header("x", exact("1"))), Some(Condition::new()), None] {
        let text = rewritten(PathRewrite::matched("/v1/"), "/ratings/x", taken.as_ref());
        assert_eq!(text.as_deref(), Some("/v1/ratings/x"));
    }
    assert_eq!(rewritten(PathRewrite::matched("/v1"), "/ratings", None).as_deref(), Some("/v1ratings"));
}

#[test]
fn the_query_stays_unless_the_new_path_has_one() {
    assert_eq!(matched("/v1", "/ratings/x?a=b&c", &path(prefix("/ratings"))), "/v1/x?a=b&c");
    assert_eq!(matched("/v1", "/ratings?a", &path(exact("/ratings"))), "/v1?a");
    assert_eq!(matched("/v1?z", "/ratings?a", &path(exact("/ratings"))), "/v1?z");
    assert_eq!(replaced("ratings", "v1", "/ratings?ratings=1").as_deref(), Some("/v1?ratings=1"));
}

#[test]
fn a_path_without_a_slash_in_front_is_given_one() {
    assert_eq!(matched("v1", "/ratings/x", &path(prefix("/ratings"))), "/v1/x");
    assert_eq!(matched("", "/ratings/x", &path(prefix("/ratings/"))), "/x");
    assert_eq!(matched("", "/ratings", &path(exact("/ratings"))), "/");
}

#[test]
fn an_expression_is_replaced_wherever_it_matches() {
    assert_eq!(replaced("a", "b", "/a/ca/d").as_deref(), Some("/b/cb/d"));
    assert_eq!(replaced("x", "b", "/a/ca/d").as_deref(), Some("/a/ca/d"));
    assert_eq!(replaced("^/a", "/b", "/a/a").as_deref(), Some("/b/a"));
    assert_eq!(replaced("b*", "-", "/abb").as_deref(), Some("/-/-a-"), "nothing matches too, beside others");
}

#[test]
fn a_substitution_has_the_groups_of_its_expression() {
    assert_eq!(
        replaced("^/service/([^/]+)(/.*)$", r"\2/instance/\1", "/service/foo/v1/api").as_deref(),
        Some("/v1/api/instance/foo")
    );
    assert_eq!(replaced("/([a-z])([0-9])", r"/\2\1\\$1", "/a1/b2").as_deref(), Some(r"/1a\$1/2b\$1"));
    assert_eq!(replaced("[a-z]+", r"<\0>", "/ab/c"), None, "what comes out is no path");
    assert_eq!(
        replaced("(a)|(b)", r"\1-\2", "/ab").as_deref(),
        Some("/a--b"),
        "a group that took nothing is nothing"
    );
}

#[test]
fn a_substitution_that_names_no_group_is_told() {
    for substitution in [r"\1", r"\9", r"\", r"a\", r"\a", r"\\\"] {
        let (field, message) = wrong(PathRewrite::regex("a", substitution));
        assert_eq!(field, Field::Substitution, "{substitution}");
        assert!(message.starts_with(&format!("substitution is `{substitution}`, but must be ")), "{message}");
    }
    assert_eq!(wrong(PathRewrite::regex("(", "a")).0, Field::Regex);
    assert!(PathRewrite::regex("(a)", r"\0\1\\").is_ok());
}

#[test]
fn what_comes_out_as_no_path_leaves_the_request_as_it_was_sent() {
    for text in ["/a b", "/a\nb", "/\0"] {
        assert_eq!(rewritten(PathRewrite::matched(text), "/x", Some(&path(exact("/x")))), None, "{text:?}");
    }
    assert_eq!(replaced("x", " ", "/x"), None);
    // Half of a character is none.
    assert_eq!(replaced("/(.).*", r"/\1", "/é"), None);
}

#[test]
fn a_request_that_asks_for_no_path_is_left_alone() {
    for sent in ["*", "reviews:443"] {
        assert_eq!(rewritten(PathRewrite::matched("/v1"), sent, None), None, "{sent}");
    }
}

/// Each group of each match would be all of a long path.
#[test]
fn what_grows_longer_than_a_path_may_be_is_given_up_on() {
    let long = format!("/{}", "a".repeat(60_000));
    assert_eq!(replaced("a", r"\0\0", &long), None);
    assert_eq!(replaced("^(.*)$", &r"\1".repeat(500), &long), None);
    assert_eq!(replaced("a", &"b".repeat(60_000), &long), None);
    assert_eq!(replaced("a", "b", &long).map(|path| path.len()), Some(60_001));
}

#[test]
fn an_authority_is_one() {
    let rewrite = Rewrite::new().authority("reviews:9080").expect("an authority");
    assert_eq!(rewrite.new_authority().map(|authority| authority.as_bytes()), Some(&b"reviews:9080"[..]));
    for authority in ["", "a b", "a/b", "http://a", "a\n"] {
        let (field, message) = wrong(Rewrite::new().authority(authority));
        let accepted = "but must be a host, with a port perhaps, such as `reviews:9080`";
        assert_eq!((field, message), (Field::Authority, format!("authority is {authority:?}, {accepted}")));
    }
}

#[test]
fn a_rewrite_says_what_it_does() {
    let both = Rewrite::new().path(PathRewrite::matched("/v1")).authority("a").expect("an authority");
    assert_eq!(both.to_string(), "path: `/v1` in the place of what was matched, authority: `a`");
    let swapped = PathRewrite::regex("(a)", r"\1").expect("a substitution");
    assert_eq!(swapped.to_string(), r"`\1` in the place of `(a)`");
    assert!(Rewrite::new().is_empty() && !both.is_empty());
}
