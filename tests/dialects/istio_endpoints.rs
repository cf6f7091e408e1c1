//! Who the endpoints of a `ServiceEntry`'s hosts are: where, with which labels, and what is no endpoint.

use insta::assert_snapshot;
use tower_mesh::{
    Mesh,
    mesh::{Plan, plan::Backends},
    policy::balance::Endpoint,
};

use crate::{
    istio::{document, wrong},
    osm::{load, mesh, notes},
};

/// An entry for `httpd.vm.demo` with these lines.
pub(crate) fn entry(rest: &str) -> String {
    document("ServiceEntry", "httpd", &format!("  hosts: [httpd.vm.demo]\n{rest}"))
}

/// One port, which is 80 behind which is 8080.
pub(crate) const PORT: &str = "  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]\n";

/// An endpoint in a line: where, what it weighs, and what else is known of it.
fn line(endpoint: &Endpoint) -> String {
    let labels = endpoint.labels().iter().map(|(name, value)| format!("{name}={value}"));
    let locality = endpoint.in_locality();
    let known = [
        (endpoint.weighs() > 1, format!("weight {}", endpoint.weighs())),
        (!locality.is_unknown(), format!("in {locality}")),
        (!endpoint.in_network().is_empty(), format!("network {}", endpoint.in_network())),
        (!endpoint.is_ready(), "not ready".to_owned()),
    ];
    let known = known.into_iter().filter(|(is_known, _)| *is_known).map(|(_, known)| known).chain(labels);
    known.fold(endpoint.address().to_string(), |line, known| format!("{line} {known}"))
}

/// The endpoints of all destinations.
pub(crate) fn staff(plan: &Plan) -> String {
    let port =
        |backends: &Backends| backends.port.map_or_else(|| "any port".to_owned(), |port| port.to_string());
    let of = |backends: &Backends| {
        let lines = backends.endpoints.iter().map(|endpoint| format!("    {}\n", line(endpoint)));
        format!("  {}\n{}", port(backends), lines.collect::<String>())
    };
    let destinations = plan.destinations.iter();
    let each = |one: &tower_mesh::mesh::plan::Destination| {
        format!("{}\n{}", one.name, one.endpoints.iter().map(of).collect::<String>())
    };
    destinations.map(each).collect()
}

pub(crate) fn staff_of(text: &str) -> String {
    staff(&mesh(text).plan())
}

// ===== where =====

#[test]
fn an_endpoints_port_is_its_own_or_the_target_or_the_hosts() {
    let ports = "  ports:\n  - {number: 80, name: http, protocol: HTTP, targetPort: 8080}\n  - {number: 81, name: admin, protocol: HTTP}\n";
    let endpoints = "  resolution: STATIC\n  endpoints:\n  - {address: 10.0.0.1}\n  - {address: 10.0.0.2, ports: {http: 9080}}\n  \
                     - {address: \"fe80::1\", ports: {admin: 9081, http: 9080}}\n";
    assert_snapshot!(staff_of(&entry(&format!("{ports}{endpoints}"))), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080
        10.0.0.2:9080
        [fe80::1]:9080
      81
        10.0.0.1:81
        10.0.0.2:81
        [fe80::1]:9081
    ");
    let mute = entry("  resolution: STATIC\n  endpoints: [{address: 10.0.0.1}]");
    assert_snapshot!(staff_of(&mute), @r"
    httpd.vm.demo
      any port
        10.0.0.1
    ");
    let socket = format!(
        "{PORT}  resolution: STATIC\n  endpoints: [{{address: \"unix:///run/app.sock\"}}, {{address: \"unix://@app\"}}]"
    );
    assert_snapshot!(staff_of(&entry(&socket)), @r"
    httpd.vm.demo
      80
        unix:///run/app.sock
        unix://@app
    ");
}

#[test]
fn who_there_is_depends_on_the_resolution() {
    let staff = |rest: &str| staff_of(&entry(&format!("{PORT}{rest}")));
    assert_snapshot!(staff(""), @"httpd.vm.demo");
    assert_snapshot!(staff("  resolution: NONE"), @"httpd.vm.demo");
    assert_snapshot!(staff("  resolution: STATIC"), @r"
    httpd.vm.demo
      80
    ");
    assert_snapshot!(staff("  resolution: DNS"), @r"
    httpd.vm.demo
      80
        httpd.vm.demo:8080
    ");
    assert_snapshot!(staff("  resolution: DNS_ROUND_ROBIN\n  endpoints: []"), @r"
    httpd.vm.demo
      80
        httpd.vm.demo:8080
    ");
    assert_snapshot!(staff("  resolution: DNS\n  endpoints: [{address: a.example.com}, {address: B.example.com, ports: {http: 81}}, {address: 10.0.0.1}]"), @r"
    httpd.vm.demo
      80
        a.example.com:8080
        b.example.com:81
        10.0.0.1:8080
    ");
    assert_snapshot!(staff("  resolution: DNS_ROUND_ROBIN\n  endpoints: [{address: a.example.com}]"), @r"
    httpd.vm.demo
      80
        a.example.com:8080
    ");
    assert_snapshot!(staff("  resolution: DYNAMIC_DNS"), @"httpd.vm.demo");
}

#[test]
fn each_host_of_an_entry_has_its_endpoints_and_a_family_too() {
    let text =
        |rest: &str| document("ServiceEntry", "all", &format!("  hosts: [a.com, \"*.b.com\"]\n{PORT}{rest}"));
    assert_snapshot!(staff_of(&text("  resolution: STATIC\n  endpoints: [{address: 10.0.0.1}]")), @r"
    a.com
      80
        10.0.0.1:8080
    *.b.com
      80
        10.0.0.1:8080
    ");
    let looked_up = text("  resolution: DNS").replace("\"*.b.com\"", "b.com");
    assert_snapshot!(staff_of(&looked_up), @r"
    a.com
      80
        a.com:8080
    b.com
      80
        b.com:8080
    ");
}

// ===== what is known of it =====

#[test]
fn a_locality_is_that_of_the_field_or_of_labels_and_is_written_into_labels() {
    let endpoints = "  resolution: STATIC\n  endpoints:\n  \
        - {address: 10.0.0.1, locality: us-central1/z1/sz01, labels: {app: httpd, istio-locality: a.b}}\n  \
        - {address: 10.0.0.2, locality: us-central2, weight: 0, network: network2}\n  \
        - {address: 10.0.0.3, labels: {topology.istio.io/locality: us.z3.s3, istio-locality: a.b}, weight: 3}\n  \
        - {address: 10.0.0.4, labels: {istio-locality: us.z4, topology.istio.io/network: network4}}\n  \
        - {address: 10.0.0.5, locality: \"\"}\n";
    assert_snapshot!(staff_of(&entry(&format!("{PORT}{endpoints}"))), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 in us-central1/z1/sz01 app=httpd istio-locality=a.b topology.istio.io/subzone=sz01 topology.kubernetes.io/region=us-central1 topology.kubernetes.io/zone=z1
        10.0.0.2:8080 in us-central2 network network2 topology.istio.io/network=network2 topology.kubernetes.io/region=us-central2
        10.0.0.3:8080 weight 3 in us/z3/s3 istio-locality=a.b topology.istio.io/locality=us.z3.s3 topology.istio.io/subzone=s3 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z3
        10.0.0.4:8080 in us/z4 network network4 istio-locality=us.z4 topology.istio.io/network=network4 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z4
        10.0.0.5:8080
    ");
}

#[test]
fn places_can_be_asked_for_by_labels() {
    let endpoints = "  resolution: STATIC\n  endpoints: [{address: 10.0.0.1, locality: us/z1}, {address: 10.0.0.2, locality: us/z2}]\n";
    let rule = "  host: httpd.vm.demo\n  subsets: [{name: near, labels: {topology.kubernetes.io/zone: z1}}]";
    let text =
        [entry(&format!("{PORT}{endpoints}")), document("DestinationRule", "httpd", rule)].join("---\n");
    let mesh = mesh(&text);
    let near = mesh.balance("httpd.vm.demo", 80, Some("near")).expect("it is known").status();
    assert_eq!(
        near.iter().map(|one| one.endpoint.address().to_string()).collect::<Vec<_>>(),
        ["10.0.0.1:8080"]
    );
}

#[test]
fn subsets_have_endpoints_where_documents_tell_of_one() {
    let rule = "  host: httpd.vm.demo\n  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]";
    let of = |rest: &str| {
        let text =
            [entry(&format!("{PORT}{rest}")), document("DestinationRule", "httpd", rule)].join("---\n");
        let plan = mesh(&text).plan();
        let subsets = plan.destinations[0].subsets.iter();
        subsets.map(|subset| subset.has_endpoints).collect::<Vec<_>>()
    };
    assert_eq!(
        of("  resolution: STATIC\n  endpoints: [{address: 10.0.0.1, labels: {version: v1}}]"),
        [true, false]
    );
    assert_eq!(of("  resolution: STATIC"), [false, false]);
    // One that is its host has no labels.
    assert_eq!(of("  resolution: DNS"), [false, false]);
    assert_eq!(of("  resolution: NONE"), [true, true]);
}

// ===== how it is meant =====

#[test]
fn an_address_of_an_entry_means_its_host() {
    let text = entry(&format!(
        "{PORT}  addresses: [192.168.229.11, \"2001:db8::1\", 10.0.0.0/8]\n  resolution: STATIC\n  endpoints: [{{address: 10.0.0.1}}]"
    ));
    let plan = mesh(&text).plan();
    assert_eq!(plan.destinations[0].hosts, ["httpd.vm.demo", "192.168.229.11", "[2001:db8::1]"]);
    for authority in ["192.168.229.11", "[2001:db8::1]"] {
        let request = http::Request::get(format!("http://{authority}/")).body(()).expect("a request");
        let told = plan.explain(&request).to_string();
        let second = told.lines().nth(2).expect("who is meant").to_owned();
        assert_eq!(second, format!("`{authority}` is an address of httpd.vm.demo (istio); the port is 80"));
    }
    assert_snapshot!(notes(&text), @"policy.yaml:7:46 spec.addresses[2]: read, not applied: nobody is asked by `10.0.0.0/8`, which is many addresses");
}

#[test]
fn of_two_hosts_with_one_address_it_means_the_first() {
    let other = entry("  addresses: [10.1.1.1]")
        .replace("httpd.vm.demo", "other.demo")
        .replace("name: httpd", "name: other");
    let plan = mesh(&[entry("  addresses: [10.1.1.1]"), other].join("---\n")).plan();
    let hosts: Vec<_> = plan.destinations.iter().map(|one| one.hosts.join(" ")).collect();
    assert_eq!(hosts, ["httpd.vm.demo 10.1.1.1", "other.demo"]);
}

// ===== other networks =====

#[test]
fn endpoints_of_another_network_are_asked_at_its_gateway() {
    let endpoints = "  resolution: STATIC\n  endpoints:\n  \
        - {address: 10.0.0.1, network: network1}\n  \
        - {address: 10.0.0.2, network: network2, labels: {app: httpd, version: v1}, locality: us/z1, weight: 2}\n  \
        - {network: network2, labels: {app: httpd, version: v2}, locality: us/z2}\n  \
        - {network: network3}\n";
    let text = entry(&format!("{PORT}{endpoints}"));
    let known = |own: &str, gateway: &str| {
        let gateway = gateway.parse().expect("an address");
        let mesh = load(&text).network(own).network_gateway("network2", gateway).build().expect("a mesh");
        staff(&mesh.plan())
    };
    // One endpoint for both that are behind it.
    assert_snapshot!(known("network1", "192.0.2.1:15443"), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network network1 topology.istio.io/network=network1
        192.0.2.1:15443 weight 3 in us network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us
    ");
    assert_snapshot!(known("network1", "192.0.2.1"), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network network1 topology.istio.io/network=network1
        192.0.2.1:8080 weight 3 in us network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us
    ");
    // Whoever has an address is asked there by those of whom nobody knows where they are.
    assert_snapshot!(known("", "192.0.2.1:15443"), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network network1 topology.istio.io/network=network1
        10.0.0.2:8080 weight 2 in us/z1 network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 version=v1
        192.0.2.1:15443 in us/z2 network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z2 version=v2
    ");
    assert_snapshot!(known("network2", "192.0.2.1:15443"), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network network1 topology.istio.io/network=network1
        10.0.0.2:8080 weight 2 in us/z1 network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 version=v1
        192.0.2.1:15443 in us/z2 network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z2 version=v2
    ");
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network network1 topology.istio.io/network=network1
        10.0.0.2:8080 weight 2 in us/z1 network network2 app=httpd topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 version=v1
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:11:5 spec.endpoints[2]: is nobody's endpoint: it has no address, and nobody tells that of the gateway of `network2`
    policy.yaml:12:5 spec.endpoints[3]: is nobody's endpoint: it has no address, and nobody tells that of the gateway of `network3`
    ");
}

// ===== what is none =====

#[test]
fn what_the_resolution_does_not_allow() {
    assert_snapshot!(wrong(&entry("  endpoints: [{address: 10.0.0.1}]")), @r"
    error: `endpoints` cannot be set with the resolution NONE
    --> policy.yaml:6:3, spec.endpoints
    = accepted: the resolution STATIC for addresses, DNS for names, or no `endpoints`
    ");
    assert_snapshot!(wrong(&entry("  resolution: DYNAMIC_DNS\n  endpoints: [{address: a.com}]")), @r"
    error: `endpoints` cannot be set with the resolution DYNAMIC_DNS
    --> policy.yaml:7:3, spec.endpoints
    = accepted: the resolution STATIC for addresses, DNS for names, or no `endpoints`
    ");
    let two = "  resolution: DNS_ROUND_ROBIN\n  endpoints: [{address: a.com}, {address: b.com}]";
    assert_snapshot!(wrong(&entry(two)), @r"
    error: `endpoints` cannot be 2 with the resolution DNS_ROUND_ROBIN
    --> policy.yaml:7:3, spec.endpoints
    = accepted: one, or none; DNS takes several
    ");
    assert_snapshot!(wrong(&entry("  resolution: STATIC\n  endpoints: []\n  workloadSelector: {labels: {\"\": a}}")), @r#"
    error: `endpoints` cannot be set beside `workloadSelector`
    --> policy.yaml:7:3, spec.endpoints
    = accepted: one of the two
    error: a label cannot be `: a`
    --> policy.yaml:8:35, spec.workloadSelector.labels[""]
    = accepted: a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each
    "#);
    assert_snapshot!(wrong(&entry("  resolution: DNS").replace("httpd.vm.demo", "\"*.vm.demo\"")), @r"
    error: nobody can look up `*.vm.demo`, and there are no `endpoints`
    --> policy.yaml:5:11, spec.hosts[0]
    = accepted: the name of one host, `endpoints`, or the resolution NONE
    ");
}

#[test]
fn endpoints_that_are_none() {
    let of = |resolution: &str, endpoints: &str| {
        let ports = "  ports: [{number: 80, name: http, protocol: HTTP}, {number: 81, name: admin, protocol: HTTP}]\n";
        wrong(&entry(&format!("{ports}  resolution: {resolution}\n  endpoints:\n{endpoints}")))
    };
    assert_snapshot!(of("STATIC", "  - {}\n  - {address: a.com}\n  - {address: 10.0.0.1:80}\n  - {address: unix://run}\n  - {address: \"unix:///a\", ports: {http: 1}}"), @r"
    error: an endpoint must have an `address`
    --> policy.yaml:9:5, spec.endpoints[0]
    = accepted: where it is, such as `10.0.0.1`
    error: `address` cannot be `a.com`
    --> policy.yaml:10:15, spec.endpoints[1].address
    = accepted: an IP address; names are looked up by `resolution: DNS`
    error: `address` cannot be `10.0.0.1:80`
    --> policy.yaml:11:15, spec.endpoints[2].address
    = accepted: an IP address; names are looked up by `resolution: DNS`
    error: `address` cannot be `unix://run`
    --> policy.yaml:12:15, spec.endpoints[3].address
    = accepted: a whole path, such as `unix:///run/app.sock`
    error: a socket cannot be behind 2 ports
    --> policy.yaml:12:15, spec.endpoints[3].address
    = accepted: exactly one port of the host
    error: a socket cannot be behind 2 ports
    --> policy.yaml:13:15, spec.endpoints[4].address
    = accepted: exactly one port of the host
    error: a socket cannot have `ports`
    --> policy.yaml:13:28, spec.endpoints[4].ports
    = accepted: no `ports` beside its path
    ");
    assert_snapshot!(of("STATIC", "  - {address: 10.0.0.1, ports: {http: 0, other: 1, a_b: 1}, labels: {\"a b\": c}, locality: a/b/c/d}\n  - {address: 10.0.0.2, locality: \"us/*\"}"), @r#"
    error: `http` cannot be 0
    --> policy.yaml:9:39, spec.endpoints[0].ports.http
    = accepted: a number from 1 to 65535
    error: `ports` cannot have `other`: the host has no port of this name
    --> policy.yaml:9:49, spec.endpoints[0].ports.other
    = accepted: names of the host's own `ports`
    error: the name of a port cannot be `a_b`
    --> policy.yaml:9:57, spec.endpoints[0].ports.a_b
    = accepted: letters, digits and `-` in between, at most 63
    error: a label cannot be `a b: c`
    --> policy.yaml:9:77, spec.endpoints[0].labels["a b"]
    = accepted: a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each
    error: `locality` cannot be `a/b/c/d`
    --> policy.yaml:9:91, spec.endpoints[0].locality
    = accepted: `REGION/ZONE/SUBZONE`, or the first one or two of them
    error: `locality` cannot be `us/*`
    --> policy.yaml:10:35, spec.endpoints[1].locality
    = accepted: `REGION/ZONE/SUBZONE`, or the first one or two of them
    "#);
    assert_snapshot!(of("DNS", "  - {network: a}\n  - {address: \"*.a.com\"}\n  - {address: \"unix:///a\"}\n  - {address: \"a b\"}"), @r"
    error: an endpoint must have an `address`
    --> policy.yaml:9:5, spec.endpoints[0]
    = accepted: where it is, such as `10.0.0.1`
    error: `address` cannot be `*.a.com`
    --> policy.yaml:10:15, spec.endpoints[1].address
    = accepted: an IP address, or a name
    error: `address` cannot be `unix:///a`
    --> policy.yaml:11:15, spec.endpoints[2].address
    = accepted: an IP address, or a name
    error: `address` cannot be `a b`
    --> policy.yaml:12:15, spec.endpoints[3].address
    = accepted: an IP address, or a name
    ");
}

#[test]
fn addresses_that_are_none() {
    assert_snapshot!(wrong(&entry("  addresses: [10.0.0.256, a.com, 10.0.0.0/33, \"::1\", \"2001:db8::/32\"]")), @r"
    error: an address cannot be `10.0.0.256`
    --> policy.yaml:6:15, spec.addresses[0]
    = accepted: an IP address, or a range such as `10.0.0.0/8`
    error: an address cannot be `a.com`
    --> policy.yaml:6:27, spec.addresses[1]
    = accepted: an IP address, or a range such as `10.0.0.0/8`
    error: an address cannot be `10.0.0.0/33`
    --> policy.yaml:6:34, spec.addresses[2]
    = accepted: an IP address, or a range such as `10.0.0.0/8`
    ");
    assert_snapshot!(wrong(&entry("  resolution: DNS\n  addresses: [10.0.0.1, 10.0.0.0/8]")), @r"
    error: an address cannot be the range `10.0.0.0/8` where names are looked up
    --> policy.yaml:7:25, spec.addresses[1]
    = accepted: one IP address, or the resolution NONE or STATIC
    ");
}

#[test]
fn a_label_that_tells_no_locality_is_told() {
    let text =
        entry("  resolution: STATIC\n  endpoints: [{address: 10.0.0.1, labels: {istio-locality: a.b.c.d}}]");
    assert_snapshot!(notes(&text), @"policy.yaml:7:15 spec.endpoints[0]: its label tells no locality: `a/b/c/d` is no locality: write `REGION/ZONE/SUBZONE`, or the first one or two of them");
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      any port
        10.0.0.1 istio-locality=a.b.c.d
    ");
}

#[test]
fn an_entry_that_others_see_is_judged_and_has_no_endpoints_here() {
    let text = entry("  exportTo: [\"~\"]\n  resolution: STATIC\n  workloadSelector: {labels: {a: b}}");
    assert_eq!(Mesh::from_yaml(&text).expect("a mesh").plan().destinations.len(), 0);
    assert_snapshot!(notes(&text), @"policy.yaml:6:3 spec.exportTo: never applies to this client: it is not exported to the client's namespace");
}
