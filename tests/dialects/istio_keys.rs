//! Keys by which the same request finds the same endpoint: they belong to routes, and what they are looked up in to clusters.

use std::{collections::BTreeSet, convert::Infallible};

use http::{Request, Response, header::HOST};
use http_body_util::Empty;
use insta::assert_snapshot;
use tower::{ServiceExt as _, service_fn};
use tower_mesh::Endpoint;

use crate::{
    istio::{document, routes, rule, told},
    osm::{load, mesh},
};

/// Rules of the plan: which keys they have of their own, and which retries.
fn rules(policy: &str, destinations: &str) -> String {
    let text = [
        document("DestinationRule", "reviews", &format!("  host: reviews\n{policy}")),
        routes(&[&format!("{{name: ours, match: [{{method: {{exact: GET}}}}], route: [{destinations}]}}")]),
    ];
    told(&text.join("---\n"), &["keys of the route", "tried"])
}

const ONE: &str = "{destination: {host: reviews}}";
const V1: &str = "{destination: {host: reviews, subset: v1}}";

#[test]
fn one_place_has_the_keys_of_its_cluster() {
    let policy = "  trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: a}}}
  subsets:
  - {name: v1, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: b}}}}";
    assert_eq!(rules(policy, ONE), "");
    assert_eq!(rules(policy, V1), "");
}

#[test]
fn several_places_have_the_keys_of_all() {
    let policy = "  trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: a}}}
  subsets:
  - {name: v1, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: b}}}}
  - {name: v2}
  - {name: v3, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}";
    let places = |names: &[&str]| {
        let place = |name: &&str| format!("{{destination: {{host: reviews, subset: {name}}}, weight: 50}}");
        names.iter().map(place).collect::<Vec<_>>().join(", ")
    };
    assert_snapshot!(rules(policy, &places(&["v1", "v2"])), @"keys of the route, in the place of its clusters': header b, then header a");
    assert_snapshot!(rules(policy, &places(&["v2", "v2"])), @"keys of the route, in the place of its clusters': header a, then header a");
    // A place that is told to go round has the host's key all the same, and no use of it.
    assert_snapshot!(rules(policy, &places(&["v1", "v3"])), @"keys of the route, in the place of its clusters': header b, then header a");
    assert_snapshot!(rules(policy, &places(&["v3"])), @"");
}

#[test]
fn the_key_of_a_port_counts_where_the_route_writes_the_port() {
    let policy = "  trafficPolicy:
    loadBalancer: {consistentHash: {httpHeaderName: a}}
    portLevelSettings:
    - {port: {number: 80}, loadBalancer: {consistentHash: {httpHeaderName: p}}}";
    assert_snapshot!(rules(policy, ONE), @"keys of the route, in the place of its clusters': header a");
    assert_snapshot!(rules(policy, "{destination: {host: reviews, port: {number: 80}}}"), @"");
    assert_snapshot!(rules(policy, "{destination: {host: reviews, port: {number: 81}}}"), @"");
    // The part's comes before the port's, and the port's of the part before that.
    let parts = format!(
        "{policy}\n  subsets:\n  - name: v1\n    trafficPolicy:\n      loadBalancer: {{consistentHash: {{httpHeaderName: s}}}}\n      \
         portLevelSettings: [{{port: {{number: 81}}, loadBalancer: {{consistentHash: {{httpHeaderName: sp}}}}}}]"
    );
    let to = |port: &str| format!("{{destination: {{host: reviews, subset: v1, port: {{number: {port}}}}}}}");
    assert_snapshot!(rules(&parts, &format!("{}, {}", to("80"), to("81")).replace("}}}", "}}, weight: 1}")), @"keys of the route, in the place of its clusters': header s, then header sp");
}

#[test]
fn a_route_that_is_all_of_a_host_keeps_its_keys() {
    let text = [
        rule(
            "{loadBalancer: {consistentHash: {httpHeaderName: a}}, portLevelSettings: \
             [{port: {number: 80}, loadBalancer: {consistentHash: {httpHeaderName: p}}}]}",
        ),
        routes(&["{timeout: 1s}"]),
    ];
    assert_snapshot!(told(&text.join("---\n"), &["rule 1", "keys of the route", "timeout"]), @r"
    rule 1, default/reviews http[0]: every request
    keys of the route, in the place of its clusters': header a
    1. timeout: 1s, or less by a gRPC call's `grpc-timeout`
    ");
}

#[test]
fn where_a_key_decides_a_further_try_goes_to_the_same_unless_the_route_says_otherwise() {
    let hashed = rule("{loadBalancer: {consistentHash: {httpHeaderName: a}}}");
    let avoids = |retries: &str| {
        let route = format!("{{{retries}}}");
        let text = if retries.is_empty() {
            hashed.clone()
        } else {
            [hashed.clone(), routes(&[&route])].join("---\n")
        };
        let plan = serde_json::to_string(&mesh(&text).plan()).expect("JSON");
        (plan.contains(r#""avoidPreviousHosts":true"#), plan.contains(r#""avoidPreviousHosts":false"#))
    };
    assert_eq!(avoids(""), (false, true));
    assert_eq!(avoids("timeout: 1s"), (false, true));
    assert_eq!(avoids("retries: {attempts: 3}"), (false, true));
    assert_eq!(avoids("retries: {attempts: 3, retryIgnorePreviousHosts: true}"), (true, false));
    // Without a key there is none to keep to; and of several places there is not one.
    let free = mesh(&rule("{loadBalancer: {consistentHash: {}}}")).plan();
    assert!(serde_json::to_string(&free).expect("JSON").contains(r#""avoidPreviousHosts":true"#));
    let split = "{route: [{destination: {host: reviews}, weight: 1}, {destination: {host: reviews, port: {number: 81}}, weight: 1}]}";
    let split = mesh(&[hashed.clone(), routes(&[split])].join("---\n")).plan();
    let rule = &serde_json::to_value(&split).expect("JSON")["destinations"][0]["rules"][0];
    assert!(rule.to_string().contains(r#""avoidPreviousHosts":true"#), "{rule}");
}

/// Where requests go that have these two headers, each once.
async fn reached(destination: &str, headers: impl Iterator<Item = (String, String)>) -> BTreeSet<String> {
    let text = [
        rule(
            "{loadBalancer: {consistentHash: {httpHeaderName: a}}, portLevelSettings: \
             [{port: {number: 80}, loadBalancer: {consistentHash: {httpHeaderName: p}}}]}",
        ),
        routes(&[&format!("{{route: [{{destination: {{{destination}}}}}]}}")]),
    ];
    let endpoints = (1..=5).map(|n| format!("10.0.0.{n}:80").parse::<Endpoint>().expect("an endpoint"));
    let mesh = endpoints.fold(load(&text.join("---\n")), |mesh, endpoint| mesh.endpoint("reviews", endpoint));
    let mesh = mesh.build().expect("it means something");
    let client = mesh.client(service_fn(|request: Request<_>| async move {
        let _: &tower_mesh::mesh::RequestBody<Empty<bytes::Bytes>> = request.body();
        let response = Response::builder().header(HOST, request.uri().authority().expect("one").as_str());
        Ok::<_, Infallible>(response.body(Empty::<bytes::Bytes>::new()).expect("a response"))
    }));
    let mut reached = BTreeSet::new();
    for (a, p) in headers {
        let request = Request::get("http://reviews/").header("a", a).header("p", p);
        let request = request.body(Empty::<bytes::Bytes>::new()).expect("a request");
        let answer = client.clone().oneshot(request).await.expect("an answer");
        reached.insert(answer.headers()[HOST].to_str().expect("text").to_owned());
    }
    reached
}

fn each(n: usize) -> String {
    format!("user-{n}")
}

#[tokio::test(start_paused = true)]
async fn the_key_of_the_route_decides_and_not_that_of_its_cluster() {
    let same_a = || (0..40).map(|n| ("jason".to_owned(), each(n)));
    let same_p = || (0..40).map(|n| (each(n), "jason".to_owned()));
    let here = "host: reviews";
    assert_eq!(reached(here, same_a()).await.len(), 1, "the route does not write the port");
    assert_eq!(reached(here, same_p()).await.len(), 5);
    let written = "host: reviews, port: {number: 80}";
    assert_eq!(reached(written, same_p()).await.len(), 1, "the route writes the port");
    assert_eq!(reached(written, same_a()).await.len(), 5);
}
