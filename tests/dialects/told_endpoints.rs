//! Endpoints that the program tells of: which hosts they make known, and before which documents they count.

use insta::assert_snapshot;
use tower_mesh::{
    Endpoint, Endpoints, Mesh,
    mesh::{MeshBuilder, Plan},
};

use crate::{
    istio::{document, routes},
    istio_endpoints::{PORT, entry, staff},
    osm::{breaker, load},
};

fn at(address: &str) -> Endpoint {
    address.parse().expect("an address")
}

fn known(builder: MeshBuilder) -> String {
    staff(&plan(builder))
}

fn plan(builder: MeshBuilder) -> Plan {
    builder.build().expect("a mesh").plan()
}

#[test]
fn a_host_of_which_nobody_else_speaks_is_a_destination() {
    let told =
        Mesh::builder().endpoint("reviews:9080", at("10.0.0.1")).endpoint("a.example.com", at("10.0.0.2"));
    assert_snapshot!(plan(told), @r"
    era: request headers not trusted, default retries of what was not sent, least request by default, ejections by the percentage alone, consecutiveErrors counts 502, 503 and 504
    reviews.default.svc.cluster.local (istio), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews
      1. timeout: none, but a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      1 endpoint behind port 9080
    a.example.com (istio), as a.example.com
      1. timeout: none, but a gRPC call's `grpc-timeout`
      2. retries: up to 2 times on connect-failure, refused-stream, cancelled, unavailable, after up to 25ms and twice that each time, at most 250ms; tries are numbered
      1 endpoint
    ");
    let beside =
        load(&document("DestinationRule", "a", "  host: a")).endpoint("reviews.other", at("10.0.0.1"));
    assert_snapshot!(known(beside), @r"
    a.default.svc.cluster.local
    reviews.other
      any port
        10.0.0.1
    ");
    // In a mesh of osm-edge's nothing of Istio's is added.
    let osm = load(&breaker("errorAmountThreshold: 1")).endpoint("reviews", at("10.0.0.1"));
    assert_snapshot!(plan(osm), @r#"
    ns/fortio (osm-edge), as fortio.ns.svc.cluster.local, fortio.ns.svc, fortio.ns, fortio.ns.svc.cluster
      1. circuit breaker, one per port: opens at 1 errors, counted over 30s; open for 30s, then straight closed; meanwhile 409 "Coming soon ..."
    default/reviews (osm-edge), as reviews.default.svc.cluster.local, reviews.default.svc, reviews.default, reviews.default.svc.cluster, reviews
      1 endpoint
    "#);
    assert_eq!(plan(Mesh::builder()).destinations.len(), 0);
}

#[test]
fn a_host_that_documents_know_by_another_name_is_no_other_host() {
    let told = |name: &str| {
        let route = "{route: [{destination: {host: ratings}}]}";
        let plan = plan(load(&routes(&[route])).endpoint(name, at("10.0.0.1")));
        plan.destinations
            .iter()
            .map(|one| format!("{} {}", one.name, one.endpoints.len()))
            .collect::<Vec<_>>()
    };
    let reviews = ["reviews.default.svc.cluster.local 1"];
    for name in [
        "reviews",
        "Reviews.",
        "reviews.default",
        "reviews.default.svc",
        "reviews.default.svc.cluster.local:9080",
    ] {
        assert_eq!(told(name), reviews, "{name}");
    }
    // To which a rule leads.
    let ratings = ["reviews.default.svc.cluster.local 0", "ratings.default.svc.cluster.local 1"];
    for name in ["ratings", "ratings.default", "ratings.default.svc"] {
        assert_eq!(told(name), ratings, "{name}");
    }
    assert_eq!(told("ratings.other"), ["reviews.default.svc.cluster.local 0", "ratings.other 1"]);
}

#[test]
fn what_the_program_tells_counts_before_documents_port_by_port() {
    let ports = format!(
        "{}  - {{number: 81, name: admin, protocol: HTTP}}\n",
        PORT.replace("[{", "\n  - {").replace("}]", "}")
    );
    let text = entry(&format!(
        "{ports}  resolution: STATIC\n  endpoints: [{{address: 10.0.0.1}}]\n  addresses: [192.0.2.9]"
    ));
    assert_snapshot!(known(load(&text).endpoint("httpd.vm.demo:80", at("10.9.9.9"))), @r"
    httpd.vm.demo
      80
        10.9.9.9
      81
        10.0.0.1:81
    ");
    assert_snapshot!(known(load(&text).endpoint("httpd.vm.demo", at("10.9.9.9"))), @r"
    httpd.vm.demo
      any port
        10.9.9.9
    ");
    // By an address that means the host too.
    assert_snapshot!(known(load(&text).endpoint("192.0.2.9:81", at("10.9.9.9"))), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080
      81
        10.9.9.9
    ");
    // Nobody is somebody, too; and whoever says nothing yet says that nobody knows.
    assert_snapshot!(known(load(&text).endpoints("httpd.vm.demo", &Endpoints::new([""; 0].map(at)))), @r"
    httpd.vm.demo
      any port
    ");
    assert_snapshot!(known(load(&text).endpoints("httpd.vm.demo", &Endpoints::unknown())), @"httpd.vm.demo");
}

#[test]
fn of_what_is_told_twice_of_one_port_the_last_counts() {
    let [one, two] = ["10.0.0.1", "10.0.0.2"].map(|address| Endpoints::new([at(address)]));
    let told = Mesh::builder().endpoints("reviews", &one).endpoints("reviews.default", &two);
    let mesh = told.build().expect("a mesh");
    assert_snapshot!(staff(&mesh.plan()), @r"
    reviews.default.svc.cluster.local
      any port
        10.0.0.2
    ");
    let picked = mesh.balance("reviews", 9080, None).expect("it is known").status();
    assert_eq!(picked[0].endpoint.address().to_string(), "10.0.0.2:9080");
}

#[test]
fn endpoints_of_one_host_may_be_told_under_all_of_its_names() {
    let names = [
        "reviews:9080",
        "reviews.other.svc:9080",
        "Reviews.other:9080",
        "reviews.other.svc.cluster.local:9080",
    ];
    let told = names.iter().enumerate().fold(Mesh::builder().namespace("other"), |mesh, (number, name)| {
        mesh.endpoint(*name, at(&format!("10.0.0.{number}")))
    });
    assert_snapshot!(known(told.endpoint("reviews", at("10.0.1.1"))), @r"
    reviews.other.svc.cluster.local
      any port
        10.0.1.1
      9080
        10.0.0.0
        10.0.0.1
        10.0.0.2
        10.0.0.3
    ");
}
