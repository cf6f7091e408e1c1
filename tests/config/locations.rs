use tower_mesh::config::Error;

use crate::{breaker, loaded};

#[test]
fn every_value_of_a_valid_document_can_be_found() {
    let documents = loaded(&breaker("errorRatioThreshold: 0.10"));
    let at = |path: &str| documents[0].locate(path).map(|at| (at.line(), at.column()));
    assert_eq!(at("spec.connectionSettings.http.circuitBreaking.errorRatioThreshold"), Some((7, 46)));
    assert_eq!(at("spec.connectionSettings"), Some((5, 3)), "a mapping stands where its key does");
    assert_eq!(at(""), Some((1, 1)));
    assert_eq!(at("spec.connectionSettings.tcp.maxConnections"), None);
    let nearest = documents[0].locate_nearest("spec.connectionSettings.tcp.maxConnections");
    assert_eq!((nearest.line(), nearest.column()), (5, 3));
}

#[test]
fn a_floor_above_says_its_errors_in_the_same_form() {
    let documents = loaded(&breaker("errorRatioThreshold: 1.5"));
    let path = "spec.connectionSettings.http.circuitBreaking.errorRatioThreshold";
    let error = Error::at(&documents[0], path, "`errorRatioThreshold` is 1.5, so the circuit never opens")
        .accepted("a fraction between 0 and 1, such as 0.10")
        .hint("150 % of all requests cannot fail");
    insta::assert_snapshot!(error, @"
    error: `errorRatioThreshold` is 1.5, so the circuit never opens
      --> policy.yaml:7:46, spec.connectionSettings.http.circuitBreaking.errorRatioThreshold
       |
     7 |       circuitBreaking: {errorRatioThreshold: 1.5}
       |                                              ^^^
       = accepted: a fraction between 0 and 1, such as 0.10
       = hint: 150 % of all requests cannot fail
    ");
}

#[test]
fn columns_count_characters_and_carets_count_cells() {
    let documents = loaded("apiVersion: v1\r\nkind: \"Κ\"\r\nα窗: {'口': 🔑, b: ü} # ä\r\n");
    let location = documents[0].locate("α窗.b").unwrap();
    assert_eq!((location.line(), location.column()), (3, 17));
    insta::assert_snapshot!(Error::at(&documents[0], "α窗.b", "so"), @"
    error: so
      --> policy.yaml:3:17, α窗.b
       |
     3 | α窗: {'口': 🔑, b: ü} # ä
       |                    ^
    ");
}

#[test]
fn a_value_behind_an_alias_stands_where_it_was_written() {
    let text =
        "apiVersion: v1\nkind: X\nbase: &base {a: 1, b: 2}\nother:\n  <<: *base\n  b: 3\nthird: *base\n";
    let documents = loaded(text);
    let at = |path: &str| documents[0].locate(path).map(|at| (at.line(), at.column()));
    assert_eq!((at("other.a"), at("other.b"), at("third.b")), (Some((3, 17)), Some((6, 6)), Some((3, 23))));
}

#[test]
fn a_byte_order_mark_takes_no_column() {
    let documents = loaded("\u{feff}kind: X\napiVersion: v1\n");
    assert_eq!(documents[0].locate("kind").unwrap().column(), 7);
}
