use std::time::Duration;

use proptest::prelude::*;
use tower_mesh::config::{from_yaml, istio::HttpRoute, load, osm::UpstreamTrafficSetting, tree::Value};

use crate::{loaded, refused};

#[test]
fn a_key_given_twice_is_refused_with_both_places() {
    insta::assert_snapshot!(refused("apiVersion: v1\nkind: X\na:\n- {b: 1}\n- b: 1\n  c: {b: 3}\n  b: 2\n"), @"
    error: the key `b` is given twice in one mapping; first at line 5, column 3
      --> policy.yaml:7:3
       |
     7 |   b: 2
       |   ^
    ");
}

#[test]
fn aliases_that_laugh_end_quickly() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let alias = format!("*a{}, ", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", alias.repeat(10));
    }
    let begun = stopwatch();
    let told = refused(&(text.clone() + "---\n" + &text));
    assert!(told.starts_with("error: the aliases, written out, would be too large"), "{told}");
    assert_eq!(told.matches("error:").count(), 1, "the rest is not looked at");
    assert!(begun() < Duration::from_secs(20));
}

/// Real time: what is measured here is the parser.
fn stopwatch() -> impl Fn() -> Duration {
    #[allow(clippy::disallowed_methods)]
    let begun = std::time::Instant::now();
    #[allow(clippy::disallowed_methods)]
    move || begun.elapsed()
}

#[test]
fn an_alias_knows_only_what_stands_before_it_and_not_itself() {
    assert!(refused("a: *b\n").contains("names no anchor"));
    assert!(refused("a: &b 1\n---\na: *b\n").contains("names no anchor"));
    assert!(refused("a: &b [*b]\n").contains("inside the value it names"));
}

#[test]
fn depth_is_bounded() {
    let block: String = (0..100).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for deep in [block, "[".repeat(100_000), "- ".repeat(10_000) + "x", "{a: ".repeat(70) + &"}".repeat(70)] {
        assert!(refused(&deep).contains("32 deep"), "{}", refused(&deep));
    }
    let fine = "apiVersion: v1\nkind: X\na: ".to_owned() + &"[".repeat(30) + &"]".repeat(30);
    loaded(&fine);
}

#[test]
fn what_is_plainly_written_is_never_too_much_and_what_is_repeated_is_bounded() {
    let much = format!("kind: X\napiVersion: v1\na: [{}]\n---\n", "1,".repeat(100_000));
    assert_eq!(loaded(&much.repeat(5)).len(), 5);
    let repeated =
        format!("kind: X\napiVersion: v1\na: &a [{}]\nb: [{}]\n---\n", "1,".repeat(500), "*a,".repeat(90));
    assert_eq!(loaded(&repeated).len(), 1);
    assert!(
        refused(&repeated.repeat(20)).contains("too large: more than 250000 values, aliases written out")
    );
}

#[test]
fn the_number_of_documents_is_bounded() {
    assert!(refused(&"---\na: 1\n".repeat(100_001)).contains("more than 100000 documents"));
}

#[test]
fn numbers_keep_their_text_and_their_type() {
    let documents = loaded("apiVersion: v1\nkind: X\na: 0.10\nb: \"0.10\"\nc: 1_000\n007: on\n");
    let value = |key: &str| documents[0].tree.entry(key).map(|entry| entry.value.value().clone());
    assert!(matches!(value("a"), Some(Value::Number(_, written)) if &*written == "0.10"));
    assert_eq!(value("b"), Some(Value::Text("0.10".into())));
    assert!(matches!(value("c"), Some(Value::Number(_, written)) if &*written == "1_000"));
    assert!(matches!(value("007"), Some(Value::Bool(true, written)) if &*written == "on"));
}

#[test]
fn what_is_not_yaml_is_told_with_its_place() {
    insta::assert_snapshot!(refused("apiVersion: v1\nkind: [X\n"), @"
    error: this is not YAML: unclosed bracket '['
      --> policy.yaml:2:7
       |
     2 | kind: [X
       |       ^
    ");
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ \\n\\r\\t:\\-#\\[\\]{}&*!|>'\"%@`.,?~<aA1µ：“\u{feff}\u{85}\u{2028}é🔑]{0,60}|\\PC{0,40}") {
        if let Err(errors) = load(&text, None) {
            prop_assert!(errors.iter().count() > 0);
            prop_assert!(errors.to_string().starts_with("error: "));
        }
    }

    #[test]
    fn no_value_panics(value in "[ :\\-\\[\\]{}&*!|>'\".,~aA1µ“é🔑%]{0,12}", key in "host|rateLimit|httpRoutes|connectionSettings") {
        let route = key.replace("rateLimit", "timeout").replace("httpRoutes", "route");
        let _ = from_yaml::<HttpRoute>(&format!("{route}: {value}\nretries: {{attempts: {value}}}\nmatch: {value}\n"));
        let _ = from_yaml::<UpstreamTrafficSetting>(&format!("host: x.y\n{key}: {value}\n")).map_err(|errors| errors.to_string());
    }
}
