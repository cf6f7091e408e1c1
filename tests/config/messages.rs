use crate::{breaker, loaded, refused};

#[test]
fn all_errors_of_a_document_are_told_at_once() {
    let text = breaker("statTimeWindow: 60, errorRatioThreshold: ten percent, minRequestAmount: -1");
    insta::assert_snapshot!(refused(&text), @"
    error: `statTimeWindow` must be a duration such as `1m` or `200ms`, found the number 60
      --> policy.yaml:7:41, spec.connectionSettings.http.circuitBreaking.statTimeWindow
       |
     7 |       circuitBreaking: {statTimeWindow: 60, errorRatioThreshold: ten percent, minRequestAmount: -1}
       |                                         ^^
       = hint: write `60s`

    error: `errorRatioThreshold` must be a number, found the text \"ten percent\"
      --> policy.yaml:7:66, spec.connectionSettings.http.circuitBreaking.errorRatioThreshold
       |
     7 |       circuitBreaking: {statTimeWindow: 60, errorRatioThreshold: ten percent, minRequestAmount: -1}
       |                                                                  ^^^^^^^^^^^
       = accepted: a fraction between 0 and 1, such as 0.10

    error: `minRequestAmount` must be a whole number, found the number -1
      --> policy.yaml:7:97, spec.connectionSettings.http.circuitBreaking.minRequestAmount
       |
     7 |       circuitBreaking: {statTimeWindow: 60, errorRatioThreshold: ten percent, minRequestAmount: -1}
       |                                                                                                 ^^
       = accepted: 0 to 4294967295
    ");
}

#[test]
fn a_duration_says_what_is_wrong_with_its_text() {
    insta::assert_snapshot!(refused(&breaker("degradedTimeWindow: 1d")), @r#"
    error: `degradedTimeWindow`: the duration "1d" has the unknown unit "d" (ns, us, ms, s, m, h)
      --> policy.yaml:7:45, spec.connectionSettings.http.circuitBreaking.degradedTimeWindow
       |
     7 |       circuitBreaking: {degradedTimeWindow: 1d}
       |                                             ^^
       = hint: Go knows no days: write `24h`
    "#);
}

#[test]
fn an_unknown_field_is_told_with_what_is_known_there() {
    let documents = loaded(&breaker("ErrorAmountThreshold: 100"));
    insta::assert_snapshot!(documents[0].findings[0].to_error(), @r"
    error: the field `ErrorAmountThreshold` is unknown here
      --> policy.yaml:7:25, spec.connectionSettings.http.circuitBreaking.ErrorAmountThreshold
       |
     7 |       circuitBreaking: {ErrorAmountThreshold: 100}
       |                         ^^^^^^^^^^^^^^^^^^^^
       = accepted: `statTimeWindow`, `minRequestAmount`, `degradedTimeWindow`, `slowTimeThreshold`, `slowAmountThreshold`, `slowRatioThreshold`, `errorAmountThreshold`, `errorRatioThreshold`, `degradedStatusCode`, `degradedResponseContent`, `towerMesh`
       = hint: did you mean `errorAmountThreshold`?
    ");
}

#[test]
fn a_missing_field_is_told_at_its_parent() {
    let text = "apiVersion: policy.flomesh.io/v1alpha1\nkind: UpstreamTrafficSetting\nspec:\n  Host: a.b\n";
    insta::assert_snapshot!(refused(text), @"
    error: `spec` lacks the required field `host`
      --> policy.yaml:4:3, spec
       |
     4 |   Host: a.b
       |   ^^^^
       = hint: line 4 has `Host`: write `host`
    ");
}

#[test]
fn an_unknown_unit_names_the_known_ones() {
    let text = breaker("") + "  rateLimit: {local: {http: {requests: 1, unit: sec}}}\n";
    insta::assert_snapshot!(refused(&text), @r#"
    error: `unit` cannot be the text "sec"
      --> policy.yaml:8:49, spec.rateLimit.local.http.unit
       |
     8 |   rateLimit: {local: {http: {requests: 1, unit: sec}}}
       |                                                 ^^^
       = accepted: `second`, `minute`, `hour`
       = hint: did you mean `second`?
    "#);
}

#[test]
fn a_known_kind_in_another_version_names_the_two_that_exist() {
    insta::assert_snapshot!(refused(&breaker("").replace("v1alpha1", "v1")), @"
    error: `UpstreamTrafficSetting` has no apiVersion `policy.openservicemesh.io/v1`
      --> policy.yaml:1:13, apiVersion
       |
     1 | apiVersion: policy.openservicemesh.io/v1
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = accepted: `policy.openservicemesh.io/v1alpha1`, `policy.flomesh.io/v1alpha1`
    ");
}

#[test]
fn an_item_of_a_list_is_called_by_its_number() {
    let text = breaker("")
        + "  httpRoutes:\n  - path: x\n  - {rateLimit: {local: {burst: x}}}\n  - {rateLimit: 1}\n";
    let told = refused(&text);
    assert!(told.contains("spec.httpRoutes[1].rateLimit.local.burst\n"), "{told}");
    assert!(told.contains("spec.httpRoutes[2].rateLimit\n"), "{told}");
}

#[test]
fn a_list_is_not_taken_for_a_struct() {
    let told = refused(&breaker("").replace("{}", "[1m, 200]"));
    assert!(told.starts_with("error: `circuitBreaking` must be a mapping, found a list"), "{told}");
}
