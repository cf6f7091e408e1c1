use tower_mesh::config::{
    FindingKind, from_yaml,
    istio::{ConnectionPool, Fault, Headers, HttpRoute, Retries, Rewrite, TrafficPolicy, VirtualService},
    osm::CircuitBreaking,
};

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

#[test]
fn istios_fragments_load_into_the_struct_around_them_or_their_own() {
    let fault = "fault:\n  delay:\n    percentage:\n      value: 50.0\n    fixedDelay: 5s\n";
    let (route, findings) = from_yaml::<HttpRoute>(fault).unwrap();
    assert_eq!((route.fault.clone(), findings), (Some(from_yaml::<Fault>(fault).unwrap().0), vec![]));
    assert_eq!(route.fault.unwrap().delay.unwrap().percentage.unwrap().value, Some(50.0));

    let (routes, findings) = from_yaml::<VirtualService>(
        "http:\n- fault:\n    abort:\n      percentage:\n        value: 100.0\n      httpStatus: 503\n",
    )
    .unwrap();
    assert!(routes.hosts.is_empty() && findings.is_empty());
    assert_eq!(routes.http[0].fault.clone().unwrap().abort.unwrap().http_status, Some(503));

    let both = "http:\n- fault:\n    delay:\n      percentage:\n        value: 50.0\n      fixedDelay: 5s\n    \
                abort:\n      percentage:\n        value: 50.0\n      httpStatus: 503\n";
    let (routes, findings) = from_yaml::<VirtualService>(both).unwrap();
    let fault = routes.http[0].fault.as_ref().unwrap();
    assert!(fault.delay.is_some() && fault.abort.is_some() && findings.is_empty());

    let pool = "connectionPool: {tcp: {maxConnections: 1}}";
    let (policy, _) = from_yaml::<TrafficPolicy>(pool).unwrap();
    assert_eq!(policy.connection_pool, Some(from_yaml::<ConnectionPool>(pool).unwrap().0));
    assert_eq!(from_yaml::<TrafficPolicy>(&format!("trafficPolicy: {{{pool}}}")).unwrap().0, policy);
    assert_eq!(from_yaml::<Retries>("retries: {attempts: 1}").unwrap().0.attempts, Some(1));
}

#[test]
fn routes_without_the_document_around_them_load() {
    let text = "http:
- match:
  - headers:
      end-user:
        exact: jason
  route:
  - destination:
      host: reviews
      subset: v2
- route:
  - destination:
      host: reviews
      subset: v1
";
    let (routes, findings) = from_yaml::<VirtualService>(text).unwrap();
    assert_eq!(findings, []);
    assert_eq!(routes.http[0].matches[0].headers["end-user"].exact.as_deref(), Some("jason"));
    let places: Vec<_> = routes.http.iter().map(|route| &route.route[0].destination.subset).collect();
    assert_eq!(places, [&Some("v2".to_owned()), &Some("v1".to_owned())]);

    let (rewrite, _) = from_yaml::<Rewrite>("rewrite: {uri: /v1}").unwrap();
    assert_eq!(rewrite.uri.as_deref(), Some("/v1"));
    let (headers, _) = from_yaml::<Headers>("headers:\n  request: {remove: [x-debug]}\n").unwrap();
    assert_eq!(headers.request.unwrap().remove, ["x-debug"]);
}

#[test]
fn a_part_of_a_route_where_a_document_should_be_is_recognised() {
    for part in
        ["redirect", "rewrite", "headers", "mirror", "mirrors", "corsPolicy", "directResponse", "servers"]
    {
        let told = refused(&format!("{part}: {{}}\n"));
        assert!(told.contains(&format!("`{part}` looks like a part of a document")), "{told}");
    }
}
