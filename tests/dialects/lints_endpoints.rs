//! What policies ask of endpoints that are not there.

use insta::assert_snapshot;
use tower_mesh::mesh::{Code, MeshBuilder, Note};

use crate::{
    istio::document,
    istio_endpoints::{PORT, entry},
    osm::load,
};

/// What is told with this code at every load, each with its fix.
fn told(builder: MeshBuilder, code: Code) -> String {
    let mesh = builder.build().unwrap_or_else(|errors| panic!("{errors}"));
    let line = |note: &Note| format!("{note}\n  fix: {}\n", note.fix.as_deref().unwrap_or("none"));
    mesh.notes().iter().filter(|note| note.code == code).map(line).collect()
}

const ENDPOINTS: &str = "  resolution: STATIC\n  endpoints:\n  - {address: 10.0.0.1, locality: us/z1, labels: {version: v1}}\n  \
                         - {address: 10.0.0.2, locality: us/z2, labels: {version: v2}}\n  - {address: 10.0.0.3, locality: eu/z1}\n";

fn with_rule(endpoints: &str, rule: &str) -> String {
    let rule = document("DestinationRule", "httpd", &format!("  host: httpd.vm.demo\n{rule}"));
    [rule, entry(&format!("{PORT}{endpoints}"))].join("---\n")
}

fn localities(setting: &str) -> String {
    format!("  trafficPolicy: {{loadBalancer: {{localityLbSetting: {{{setting}}}}}}}")
}

#[test]
fn a_selector_that_selects_nobody() {
    let text = entry(&format!("{PORT}  resolution: STATIC\n  workloadSelector: {{labels: {{app: httpd}}}}"));
    assert_snapshot!(told(load(&text), Code::SelectorEmpty), @r"
    policy.yaml:8:3 spec.workloadSelector: selects no workload: requests are answered 503
      fix: write labels that a WorkloadEntry of the same namespace has
    ");
}

#[test]
fn a_subset_whose_labels_no_endpoint_has() {
    let rule = "  subsets: [{name: all}, {name: v1, labels: {version: v1}}, {name: v3, labels: {version: v3}}, {name: x, labels: {x: y}}]";
    assert_snapshot!(told(load(&with_rule(ENDPOINTS, rule)), Code::SubsetEmpty), @r"
    policy.yaml:6:72 (document 1) spec.subsets[2].labels: selects no endpoint: none of `httpd.vm.demo` has these labels
      fix: write labels that endpoints have: there are `version: v1`, `version: v2`
    policy.yaml:6:106 (document 1) spec.subsets[3].labels: selects no endpoint: none of `httpd.vm.demo` has these labels
      fix: add an endpoint with these labels, or remove the subset
    ");
    assert_eq!(told(load(&with_rule("", rule)), Code::SubsetEmpty), "", "nobody says who there is");
    // By what the program tells it is found too.
    let mesh = load(&with_rule("", rule))
        .endpoint("httpd.vm.demo", "10.0.0.1".parse::<tower_mesh::Endpoint>().expect("an address"));
    assert_eq!(told(mesh, Code::SubsetEmpty).lines().count(), 6);
}

#[test]
fn a_share_for_a_place_where_nobody_is() {
    let rule = localities(
        "distribute: [{from: us/*, to: {us/z1/*: 50, us/z3/*: 30, asia/*: 20}}, {from: eu/*, to: {mars: 100}}]",
    );
    let text = with_rule(ENDPOINTS, &rule);
    let at = |locality: &str| load(&text).locality(locality.parse().expect("a locality"));
    assert_snapshot!(told(at("us/z1"), Code::LocalityEmpty), @r#"
    policy.yaml:6:107 (document 1) spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/z3/*"]: gets nothing: no endpoint of `httpd.vm.demo` is in `us/z3/*`
      fix: write where endpoints are: `eu/z1`, `us/z1`, `us/z2`
    policy.yaml:6:119 (document 1) spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["asia/*"]: gets nothing: no endpoint of `httpd.vm.demo` is in `asia/*`
      fix: write where endpoints are: `eu/z1`, `us/z1`, `us/z2`
    "#);
    assert_snapshot!(told(at("eu/z1"), Code::LocalityEmpty), @r#"
    policy.yaml:6:149 (document 1) spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[1].to["mars"]: gets nothing: no endpoint of `httpd.vm.demo` is in `mars`
      fix: write where endpoints are: `eu/z1`, `us/z1`, `us/z2`
    "#);
    assert_eq!(told(at(""), Code::LocalityEmpty), "", "no share is for it");
    let (notes, _) = at("").check();
    assert_eq!(notes.iter().filter(|note| note.code == Code::LocalityEmpty).count(), 3, "{notes:?}");
    let off = with_rule(ENDPOINTS, &rule.replace("{distribute", "{enabled: false, distribute"));
    assert_eq!(told(load(&off).locality("us".parse().expect("a locality")), Code::LocalityEmpty), "");
}

#[test]
fn a_share_of_a_subset_goes_by_its_own_endpoints() {
    let policy = localities("distribute: [{from: \"*\", to: {us/z1: 50, us/z2: 50}}]");
    let rule = format!("  subsets:\n  - name: v1\n    labels: {{version: v1}}\n  {policy}");
    let mesh = load(&with_rule(ENDPOINTS, &rule)).locality("us".parse().expect("a locality"));
    assert_snapshot!(told(mesh, Code::LocalityEmpty), @r#"
    policy.yaml:9:104 (document 1) spec.subsets[0].trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/z2"]: gets nothing: no endpoint of `httpd.vm.demo` is in `us/z2`
      fix: write where endpoints are: `us/z1`
    "#);
}

#[test]
fn endpoints_of_which_nobody_knows_where_they_are() {
    let lost = "  resolution: STATIC\n  endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2}]\n";
    let some = lost.replace("10.0.0.2", "10.0.0.2, locality: us/z1");
    let shares = localities("distribute: [{from: us, to: {us: 100}}]");
    let failover = localities("failover: [{from: us, to: eu}]");
    assert_snapshot!(told(load(&with_rule(lost, &shares)), Code::LocalityUnknown), @r"
    policy.yaml:6:34 (document 1) spec.trafficPolicy.loadBalancer.localityLbSetting: no endpoint of `httpd.vm.demo` has a locality: those without get no requests, unless `*` gets some
      fix: give each endpoint its `locality`, or the label `topology.istio.io/locality`
    ");
    assert_snapshot!(told(load(&with_rule(&some, &failover)), Code::LocalityUnknown), @r"
    policy.yaml:6:34 (document 1) spec.trafficPolicy.loadBalancer.localityLbSetting: not every endpoint of `httpd.vm.demo` has a locality: those without count as of another region
      fix: give each endpoint its `locality`, or the label `topology.istio.io/locality`
    ");
    assert_eq!(told(load(&with_rule(ENDPOINTS, &shares)), Code::LocalityUnknown), "");
    assert_eq!(told(load(&with_rule(lost, &localities("enabled: true"))), Code::LocalityUnknown), "");
}

#[test]
fn two_endpoints_at_one_address() {
    let twice = "  resolution: STATIC\n  endpoints: [{address: 10.0.0.1}, {address: 10.0.0.2}, {address: 10.0.0.1, weight: 2}]\n";
    let ports = format!(
        "{}  - {{number: 81, name: admin, protocol: HTTP}}\n",
        PORT.replace("[{", "\n  - {").replace("}]", "}")
    );
    let text = entry(&format!("{ports}{twice}"));
    assert_snapshot!(told(load(&text), Code::DuplicateEndpoint), @r"
    policy.yaml:10:67 spec.endpoints[2].address: is at 10.0.0.1:8080, as the endpoint at policy.yaml:10:25 is: it is one endpoint
      fix: name each address once, and give it a `weight` if it is to get more
    ");
    let plan = load(&text).build().expect("a mesh").plan();
    assert_eq!(plan.destinations[0].endpoints[0].endpoints.len(), 2);
    assert_eq!(plan.destinations[0].endpoints[0].endpoints[0].weighs(), 2, "the last counts");
    let workload = |name: &str| document("WorkloadEntry", name, "  {address: 10.0.0.1, labels: {a: b}}");
    let text = [
        entry(&format!("{PORT}  resolution: STATIC\n  workloadSelector: {{labels: {{a: b}}}}")),
        workload("one"),
        workload("two"),
    ];
    assert_snapshot!(told(load(&text.join("---\n")), Code::DuplicateEndpoint), @r"
    policy.yaml:20:13 (document 3) spec.address: is at 10.0.0.1:8080, as the endpoint at policy.yaml:14:13 (document 2) is: it is one endpoint
      fix: name each address once, and give it a `weight` if it is to get more
    ");
}
