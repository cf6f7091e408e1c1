use tower_mesh::config::{FindingKind, from_yaml, osm::CircuitBreaking};

use crate::refused;

#[test]
fn a_block_alone_loads_with_its_positions() {
    let (breaker, findings) =
        from_yaml::<CircuitBreaking>("minRequestAmount: 200\nerrorAmount: 100\n").unwrap();
    assert_eq!(breaker.min_request_amount, Some(200));
    let FindingKind::UnknownField { nearest, .. } = findings[0].kind else { panic!() };
    assert_eq!((findings[0].location.line(), nearest), (2, Some("errorAmountThreshold")));
}

#[test]
fn a_block_under_its_own_name_loads_too() {
    let (breaker, findings) =
        from_yaml::<CircuitBreaking>("circuitBreaking:\n  minRequestAmount: 200\n").unwrap();
    assert_eq!((breaker.min_request_amount, findings), (Some(200), vec![]));
    let errors = from_yaml::<CircuitBreaking>("circuitBreaking:\n  minRequestAmount: x\n").unwrap_err();
    assert_eq!(errors.iter().next().unwrap().path(), "circuitBreaking.minRequestAmount");
}

#[test]
fn a_fragment_is_one_document_and_a_mapping() {
    insta::assert_snapshot!(from_yaml::<CircuitBreaking>("").unwrap_err(), @"error: the text must hold one document, not none and not several");
    insta::assert_snapshot!(from_yaml::<CircuitBreaking>("hello").unwrap_err(), @r#"
    error: the document must be a mapping, found the text "hello"
      --> line 1, column 1
       |
     1 | hello
       | ^^^^^
    "#);
}

#[test]
fn a_fragment_where_a_document_should_be_is_recognised() {
    insta::assert_snapshot!(refused("http:\n- fault: {delay: {fixedDelay: 5s}}\n"), @"
    error: a document needs `apiVersion` and `kind`; this one lacks `apiVersion` and `kind`
      --> policy.yaml:1:1
       |
     1 | http:
       | ^^^^
       = hint: `http` looks like a part of a document: add the lines above it, or read the part alone with `config::from_yaml`
    ");
}
