//! Who gets copies of requests, and of how many.

use insta::assert_snapshot;

use crate::{
    istio::{routes, slips},
    osm::{errors, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

/// Who gets copies by the plan of one route.
fn plan(route: &str) -> String {
    let plan = mesh(&routes(&[&format!("{{{route}}}")])).plan();
    let mirrors =
        plan.destinations.iter().flat_map(|destination| &destination.rules).flat_map(|rule| &rule.mirrors);
    mirrors.map(|mirror| format!("{} to {}\n", mirror.share, mirror.target)).collect()
}

fn told(route: &str) -> String {
    notes(&routes(&[&format!("{{{route}}}")]))
}

fn route(route: &str) -> String {
    errors(&routes(&[&format!("{{{route}}}")]))
}

#[test]
fn copies() {
    let mirror = |rest: &str| format!("{TO}, mirror: {{host: a, subset: v1}}{rest}");
    assert_snapshot!(plan(&mirror("")), @"100 % to a.default.svc.cluster.local, subset v1");
    assert_snapshot!(plan(&mirror(", mirrorPercentage: {value: 12.5}, mirrorPercent: 3")), @"12.5 % to a.default.svc.cluster.local, subset v1");
    assert_snapshot!(told(&mirror(", mirrorPercentage: {value: 12.5}, mirrorPercent: 3")), @r"
    policy.yaml:7:73 spec.http[0].mirror.subset: nothing is copied: no rule for `a.default.svc.cluster.local` defines the subset `v1`
    policy.yaml:7:126 spec.http[0].mirrorPercent: has no effect beside `mirrorPercentage`
    ");
    assert_snapshot!(plan(&mirror(", mirror_percent: 3")), @"3 % to a.default.svc.cluster.local, subset v1");
    assert_snapshot!(told(&mirror(", mirror_percent: 3")), @r"
    policy.yaml:7:73 spec.http[0].mirror.subset: nothing is copied: no rule for `a.default.svc.cluster.local` defines the subset `v1`
    policy.yaml:7:94 spec.http[0].mirrorPercent: an old spelling, read as `mirrorPercentage`
    ");
    assert_snapshot!(told(&mirror(", mirrorPercentage: {}")), @r"
    policy.yaml:7:73 spec.http[0].mirror.subset: nothing is copied: no rule for `a.default.svc.cluster.local` defines the subset `v1`
    policy.yaml:7:78 spec.http[0].mirrorPercentage.value: copies nothing: it is 0 %
    ");
    assert_eq!(plan(&mirror(", mirrorPercentage: {}")), "");
    assert_snapshot!(plan(&format!("{TO}, mirrors: [{{destination: {{host: a}}}}, {{destination: {{host: b, port: {{number: 1}}}}, percentage: {{value: 1}}}}, {{destination: {{host: c}}, percentage: {{value: 0}}}}]")), @r"
    100 % to a.default.svc.cluster.local
    1 % to b.default.svc.cluster.local:1
    ");
    assert_snapshot!(told(&format!("{TO}, mirrors: [{{destination: {{host: c}}, percentage: {{value: 0}}}}], mirrorPercentage: {{value: 3}}")), @r"
    policy.yaml:7:102 spec.http[0].mirrors[0].percentage.value: copies nothing: it is 0 %
    policy.yaml:7:134 spec.http[0].mirrorPercentage.value: has no effect: there is no `mirror`
    ");
}

#[test]
fn mirrors_that_are_none() {
    assert_snapshot!(route(&format!("{TO}, mirror: {{host: a}}, mirrors: [{{destination: {{host: b}}}}]")), @r"
    error: `mirrors` cannot stand beside `mirror`
      --> policy.yaml:7:66, spec.http[0].mirrors
       |
     7 |   - {route: [{destination: {host: reviews}}], mirror: {host: a}, mirrors: [{destination: {host: b}}]}
       |                                                                  ^^^^^^^
       = accepted: one of them
    ");
    assert_snapshot!(route(&format!("{TO}, mirrors: [{{}}, null]")), @r"
    error: a mirror must have a `destination`
      --> policy.yaml:7:57, spec.http[0].mirrors[0]
       |
     7 |   - {route: [{destination: {host: reviews}}], mirrors: [{}, null]}
       |                                                         ^
       = accepted: `destination: {host: …}`

    error: a mirror must have a `destination`
      --> policy.yaml:7:61, spec.http[0].mirrors[1]
       |
     7 |   - {route: [{destination: {host: reviews}}], mirrors: [{}, null]}
       |                                                             ^^^^
       = accepted: `destination: {host: …}`
    ");
    assert_snapshot!(route(&format!("{TO}, mirror: {{host: a}}, mirrorPercentage: {{value: 100.1}}")), @r"
    error: a share cannot be 100.1 %
      --> policy.yaml:7:92, spec.http[0].mirrorPercentage.value
       |
     7 |   - {route: [{destination: {host: reviews}}], mirror: {host: a}, mirrorPercentage: {value: 100.1}}
       |                                                                                            ^^^^^
       = accepted: 0, or 0.0001 to 100
    ");
    let several = [
        format!("{{{TO}, mirror: {{host: \"\"}}, mirrorPercentage: {{value: -1}}, mirrorPercent: 101}}"),
        format!("{{{TO}, mirrorPercent: 101}}"),
        format!("{{{TO}, mirrors: [{{destination: {{host: a}}, percentage: {{value: 0.00001}}}}]}}"),
    ];
    assert_snapshot!(slips(&routes(&several.each_ref().map(String::as_str))), @r"
    spec.http[0].mirror.host: `host` cannot be empty
    spec.http[0].mirrorPercentage.value: a share cannot be -1 %
    spec.http[0].mirrorPercent: a share cannot be 101 %
    spec.http[1].mirrorPercent: a share cannot be 101 %
    spec.http[2].mirrors[0].percentage.value: a share cannot be 0.00001 %
    ");
}
