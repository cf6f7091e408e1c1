//! Names: which destination a host means, and what was perhaps meant by one that means none.

use insta::assert_snapshot;
use tower_mesh::{
    Mesh,
    mesh::{MeshBuilder, explain::End},
};

use crate::{document, explained, get, of, policy, routes, told};

fn limited(name: &str, host: &str) -> String {
    policy(
        name,
        &format!("host: \"{host}\"\ntrafficPolicy: {{connectionPool: {{tcp: {{maxConnections: 1}}}}}}"),
    )
}

/// Policies for a service of another namespace.
fn bookinfo() -> MeshBuilder {
    let text =
        limited("reviews", "reviews").replace("{name: reviews}", "{name: reviews, namespace: bookinfo}");
    of(&[
        text,
        limited("ratings", "ratings.bookinfo.svc.cluster.local"),
        limited("outside", "api.example.com"),
        routes("address", "hosts: [10.20.30.40]\nhttp: [{redirect: {uri: /}}]"),
    ])
}

#[test]
fn a_host_that_no_policy_means_passes_untouched_and_the_nearest_names_are_told() {
    assert_snapshot!(told(bookinfo(), &get("http://reviews:9080/0")), @r"
    GET http://reviews:9080/0
    no policy speaks of `reviews` to a client in the namespace `default`: requests pass untouched; did you mean `reviews.bookinfo`? the policies are for reviews.bookinfo.svc.cluster.local, ratings.bookinfo.svc.cluster.local, api.example.com, 10.20.30.40
    ");
    for (host, meant) in [
        ("reviews", &["reviews.bookinfo"][..]),
        ("reviwes.bookinfo", &["reviews.bookinfo"]),
        ("reviews.bookinfo.svc.cluster", &["reviews.bookinfo"]),
        ("reviews.default.svc.cluster.local", &["reviews.bookinfo"]),
        ("ratings.prod", &["ratings.bookinfo"]),
        ("api.exmaple.com", &["api.example.com"]),
        ("www.elsewhere.org", &[]),
        ("10.0.0.1", &[]),
    ] {
        let End::Untouched(untouched) = explained(bookinfo(), &get(&format!("http://{host}/"))).end else {
            panic!("{host} is meant")
        };
        assert_eq!(untouched.did_you_mean, meant, "{host}");
    }
}

#[test]
fn a_request_without_a_host_and_a_mesh_without_policies_are_told_as_such() {
    assert_snapshot!(told(bookinfo(), &get("/reviews/0")), @r"
    GET /reviews/0
    it names no host, and passes untouched
    ");
    assert_snapshot!(told(Mesh::builder(), &get("http://reviews/")), @r"
    GET http://reviews/
    no policy is applied to any host: requests to `reviews` pass untouched
    ");
}

#[test]
fn of_very_many_hosts_some_are_listed() {
    let many: Vec<_> =
        (0..13).map(|number| limited(&format!("a{number}"), &format!("a{number}.example.com"))).collect();
    assert_snapshot!(told(of(&many), &get("http://elsewhere/")), @r"
    GET http://elsewhere/
    no policy speaks of `elsewhere` to a client in the namespace `default`: requests pass untouched; the policies are for a0.example.com, a1.example.com, a2.example.com, a3.example.com, a4.example.com, a5.example.com, a6.example.com, a7.example.com, a8.example.com, a9.example.com and 3 more
    ");
}

#[test]
fn the_name_by_which_a_destination_was_found_is_told() {
    let first = |uri: &str, mesh: MeshBuilder| {
        told(mesh, &get(uri)).lines().skip(1).take(2).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(first("http://Reviews.bookinfo./", bookinfo()), @r"
    `reviews.bookinfo` is a short name of reviews.bookinfo.svc.cluster.local (istio); the port is 80
      DestinationRule bookinfo/reviews at mesh.yaml:6:9 (document 1)
    ");
    assert_snapshot!(first("http://reviews.bookinfo.svc.cluster.local/", bookinfo()), @r"
    `reviews.bookinfo.svc.cluster.local` is a destination (istio); the port is 80
      DestinationRule bookinfo/reviews at mesh.yaml:6:9 (document 1)
    ");
    let families = || {
        of(&[
            limited("a", "*.example.com"),
            limited("b", "*.corp.svc.cluster.local"),
            limited("c", "*.local"),
        ])
    };
    assert_snapshot!(first("https://www.example.com/", families()), @r"
    `www.example.com` is of the family *.example.com (istio); the port is 443
      DestinationRule default/a at mesh.yaml:6:9 (document 1)
    ");
    assert_snapshot!(first("http://db.corp:3306/", families()), @r"
    `db.corp` is short for db.corp.svc.cluster.local, which is of the family *.corp.svc.cluster.local (istio); the port is 3306
      DestinationRule default/b at mesh.yaml:13:9 (document 2)
    ");
    assert_snapshot!(first("http://db:3306/", families().namespace("corp")), @r"
    `db` is short for db.corp.svc.cluster.local, which is of the family *.corp.svc.cluster.local (istio); the port is 3306
      DestinationRule corp/b at mesh.yaml:13:9 (document 2)
    ");
    assert_snapshot!(first("http://printer.local/", families()), @r"
    `printer.local` is short for printer.local.svc.cluster.local, which is of the family *.local (istio); the port is 80
      DestinationRule default/c at mesh.yaml:20:9 (document 3)
    ");
}

#[test]
fn a_client_of_a_gateway_meets_the_rules_of_the_gateway() {
    let rule = "\
hosts: [api.example.com]
gateways: [mesh, edge]
http:
- match: [{gateways: [mesh], port: 80}]
  route: [{destination: {host: egress.istio-system.svc.cluster.local, port: {number: 80}}}]
- match: [{gateways: [edge], port: 80}]
  route: [{destination: {host: api.example.com, port: {number: 443}}}]
";
    let mesh = || of(&[routes("api", rule)]);
    assert_snapshot!(told(mesh(), &get("http://api.example.com/")), @r"
    GET http://api.example.com/
    `api.example.com` is a destination (istio); the port is 80
    default/api http[1] at mesh.yaml:11:5 is for other clients:
      `gateways` names none that this client acts for: `mesh`
    rule 1, default/api http[0] at mesh.yaml:9:5, takes it: port is 80
      to egress.istio-system.svc.cluster.local:80
    ");
    assert_snapshot!(told(mesh().gateway("default/edge"), &get("http://api.example.com/")), @r"
    GET http://api.example.com/
    `api.example.com` is a destination (istio); the port is 80
    default/api http[0] at mesh.yaml:9:5 is for other clients:
      `gateways` names none that this client acts for: `default/edge`
    rule 1, default/api http[1] at mesh.yaml:11:5, takes it: port is 80
      to api.example.com:443
    ");
}

#[test]
fn a_destination_of_osm_edge_has_its_stations_and_no_rules() {
    let spec = "\
host: fortio.default.svc.cluster.local
connectionSettings:
  tcp: {maxConnections: 3, connectTimeout: 5s}
  http: {circuitBreaking: {errorAmountThreshold: 100, statTimeWindow: 1m}}
";
    let retry = "\
destinations: [{kind: Service, name: fortio, namespace: default}]
retryPolicy: {retryOn: 5xx, numRetries: 2, perTryTimeout: 1s}
";
    let api = "policy.openservicemesh.io/v1alpha1";
    let documents =
        [document(api, "UpstreamTrafficSetting", "fortio", spec), document(api, "Retry", "fortio", retry)];
    assert_snapshot!(told(of(&documents), &get("http://fortio:8080/echo")), @r#"
    GET http://fortio:8080/echo
    `fortio` is a short name of default/fortio (osm-edge); the port is 8080
      UpstreamTrafficSetting default/fortio at mesh.yaml:6:9 (document 1)
      Retry default/fortio at mesh.yaml:15:18 (document 2)
    it goes to the host itself:
      1. circuit breaker, one per port: opens at 100 errors, counted over 1m; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
      2. retries: up to 2 times on 500-599, no answer, a late try, at once; a try is given up after 1s
      to fortio.default.svc.cluster.local:8080
        3. limits per port over HTTP/1: 3 exchanges at once, others wait
        connections (left to the transport): made within 5s
    "#);
}
