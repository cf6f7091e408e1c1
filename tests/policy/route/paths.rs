//! Paths: all of one, its beginning, or an expression that takes all of it.

use tower_mesh::policy::route::{Field, TextMatch};

use super::{exact, get, meets, path, prefix, regex, wrong};

fn takes(text: &TextMatch, uri: &str) -> bool {
    meets(&get(uri), &path(text.clone()))
}

#[test]
fn a_prefix_is_text_and_knows_no_segments() {
    let product = prefix("/product");
    for taken in ["/product", "/productpage", "/product/page", "/product?a=b"] {
        assert!(takes(&product, taken), "{taken}");
    }
    assert!(!takes(&product, "/produc"));
    assert!(!takes(&product, "/a/product"));
    assert!(!takes(&prefix("/product/"), "/product"), "the slash is text too");
}

/// Seen on Envoy: a broad prefix takes what nobody thought of.
#[test]
fn a_prefix_takes_a_longer_name() {
    assert!(takes(&prefix("/productpage"), "/productpageXYZ"));
}

#[test]
fn an_empty_prefix_takes_every_path() {
    assert!(takes(&prefix(""), "/") && takes(&prefix(""), "/a/b") && takes(&prefix(""), "*"));
}

#[test]
fn an_exact_path_is_all_of_it() {
    assert!(takes(&exact("/login"), "/login"));
    assert!(!takes(&exact("/login"), "/login/"));
    assert!(!takes(&exact("/login"), "/logi"));
}

#[test]
fn the_query_is_no_part_of_a_path() {
    assert!(takes(&exact("/login"), "/login?next=/cart"));
    assert!(takes(&regex("/log[a-z]+"), "/login?next=/cart"));
    assert!(!takes(&prefix("/login?next"), "/login?next=/cart"));
}

#[test]
fn a_path_is_looked_at_as_it_was_sent() {
    assert!(!takes(&exact("/a b"), "/a%20b"));
    assert!(takes(&exact("/a%20b"), "/a%20b"));
    assert!(!takes(&exact("/b"), "/a/../b"));
    assert!(!takes(&exact("/a/b"), "/a//b"));
}

#[test]
fn a_request_without_a_path_asks_for_the_root() {
    assert!(takes(&exact("/"), "http://reviews"));
    assert!(takes(&exact("/"), "http://reviews?a=b"));
    assert!(takes(&exact("/"), "reviews:443"), "nor does a CONNECT have one");
}

#[test]
fn the_case_of_a_path_counts_unless_it_is_to_be_ignored() {
    assert!(!takes(&exact("/login"), "/Login") && !takes(&prefix("/login"), "/LOGIN/now"));
    assert!(takes(&exact("/login").ignoring_case(), "/Login"));
    assert!(takes(&exact("/LOGIN").ignoring_case(), "/login"));
    assert!(takes(&prefix("/login").ignoring_case(), "/LOGIN/now"));
    assert!(!takes(&exact("/login").ignoring_case(), "/login/"));
    assert!(!takes(&prefix("/login").ignoring_case(), "/LOGI"));
}

#[test]
fn an_expression_keeps_its_case_whatever_is_said() {
    assert!(!takes(&regex("/login").ignoring_case(), "/Login"));
    assert_eq!(regex("/login").ignoring_case(), regex("/login"));
    assert!(takes(&regex("(?i)/login"), "/Login"));
}

/// Envoy's own example.
#[test]
fn an_expression_takes_all_of_a_path_or_nothing() {
    let bit = regex("/b[io]t");
    assert!(takes(&bit, "/bit?x=1") && takes(&bit, "/bot"));
    assert!(!takes(&bit, "/bite") && !takes(&bit, "/a/bit") && !takes(&bit, "/bt"));
}

#[test]
fn an_alternation_is_whole_on_both_sides() {
    let either = regex("/a|/b");
    assert!(takes(&either, "/a") && takes(&either, "/b"));
    assert!(!takes(&either, "/ab") && !takes(&either, "/a/b") && !takes(&either, "/c/b"));
}

#[test]
fn anchors_of_ones_own_change_nothing() {
    for text in ["^/a$", r"\A/a\z", "(^/a$)", "(?m)^/a$"] {
        assert!(takes(&regex(text), "/a"), "{text}");
        assert!(!takes(&regex(text), "/a/b") && !takes(&regex(text), "/b/a"), "{text}");
    }
    assert!(!regex("(?m)^a$").matches(b"a\nb"), "not even by lines");
}

#[test]
fn classes_are_those_of_ascii() {
    assert!(regex(r"\d+").matches(b"123"));
    for other in ["١٢٣", "１"] {
        assert!(!regex(r"\d+").matches(other.as_bytes()), "{other}");
    }
    assert!(!regex(r"\w+").matches("é".as_bytes()) && !regex("(?i)k").matches("\u{212a}".as_bytes()));
    assert!(regex(r".*").matches(b"\xff\xfe"), "any byte that a header can have");
}

#[test]
fn an_expression_that_names_other_scripts_is_taken_by_unicode() {
    assert!(regex(r"\p{Greek}+").matches("λόγος".as_bytes()));
    assert!(regex("[éè]t").matches("ét".as_bytes()));
}

#[test]
fn what_is_no_expression_is_told() {
    assert_eq!(
        wrong(TextMatch::regex("*")),
        (
            Field::Regex,
            "regular expression is `*` (repetition operator missing expression), but must be a regular \
             expression as RE2 has them, of at most 1024 bytes, that is not too large"
                .to_owned()
        )
    );
    for text in ["", "[", "(", "a{2", "(?P<", r"\", "(?<=a)b", r"(a)\1"] {
        assert_eq!(wrong(TextMatch::regex(text)).0, Field::Regex, "{text}");
    }
}

#[test]
fn a_parenthesis_too_many_cannot_leave_the_group_that_makes_it_whole() {
    for text in ["/a)|(?:/b", "/a)", ")|(", "/a)|.*|(?:b"] {
        let (field, message) = wrong(TextMatch::regex(text));
        assert_eq!(field, Field::Regex, "{text}");
        assert!(message.contains("unopened group"), "{message}");
    }
}

#[test]
fn a_comment_cannot_swallow_what_makes_it_whole() {
    for text in ["(?x)/a #", "(?x)/a # a comment", "(?x)/a #)|.*(?:"] {
        assert_eq!(wrong(TextMatch::regex(text)).0, Field::Regex, "{text}");
    }
    let ended = regex("(?x) /a # a comment\n");
    assert!(takes(&ended, "/a") && !takes(&ended, "/ab"));
}

#[test]
fn an_expression_has_at_most_1024_bytes() {
    assert!(regex(&"a".repeat(1024)).matches("a".repeat(1024).as_bytes()));
    let (field, message) = wrong(TextMatch::regex(&"a".repeat(1025)));
    assert_eq!(field, Field::Regex);
    assert!(message.starts_with("regular expression is 1025 bytes long, but must be "), "{message}");
}

#[test]
fn an_expression_that_grows_too_large_is_refused() {
    for text in
        ["(a{200}){200}", "((a{100}){100}){100}", r"[\p{L}\p{N}]{1000}", "(((a{1000}){1000}){1000}){1000}"]
    {
        let (field, message) = wrong(TextMatch::regex(text));
        assert_eq!(field, Field::Regex);
        assert!(message.contains("too large once it is compiled"), "{message}");
    }
    assert_eq!(wrong(TextMatch::regex(&"(".repeat(1000))).0, Field::Regex, "and one that is too deep");
}

/// One that tries all ways would take longer than the world has stood.
#[test]
fn an_expression_takes_no_more_time_for_being_nasty() {
    let nasty = regex("(a*)*b|(a|a)*c|(a|aa)+d");
    assert!(!nasty.matches("a".repeat(20_000).as_bytes()));
}
