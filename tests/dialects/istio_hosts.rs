//! Which hosts there are, which ports they have, and what is spoken there: `Service` and `ServiceEntry`.

use insta::assert_snapshot;

use crate::{
    istio::{document, routes, wrong},
    osm::{breaker, mesh, notes},
};

const TO: &str = "route: [{destination: {host: reviews}}]";

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

fn entry(name: &str, hosts: &str, rest: &str) -> String {
    document("ServiceEntry", name, &format!("  hosts: [{hosts}]\n{rest}"))
}

/// Where the first rule of a document with this place leads to, among these documents.
fn led(place: &str, beside: &[String]) -> String {
    let route = format!("{{match: [{{port: 1}}], route: [{{destination: {{{place}}}}}]}}");
    let text =
        [&[document("VirtualService", "a", &format!("  hosts: [a]\n  http: [{route}]"))], beside].concat();
    let plan = mesh(&text.join("---\n")).plan();
    let rules = &plan
        .destinations
        .iter()
        .find(|one| one.name == "a.default.svc.cluster.local")
        .expect("the host")
        .rules;
    rules[0].targets().next().expect("a place").to_string()
}

/// The ports of the first destination at which no HTTP is spoken.
fn silent(text: &str) -> Vec<u16> {
    let plan = mesh(text).plan();
    plan.destinations[0].ports.iter().filter(|port| !port.http).map(|port| port.number).collect()
}

#[test]
fn a_place_without_a_port_has_the_only_one_that_its_host_has() {
    let one = service("b", "ports: [{port: 9080, name: http}]");
    let two = service("b", "ports: [{port: 9080, name: http}, {port: 9081, name: admin}]");
    assert_snapshot!(led("host: b", &[]), @"b.default.svc.cluster.local");
    assert_snapshot!(led("host: b", std::slice::from_ref(&one)), @"b.default.svc.cluster.local:9080");
    assert_snapshot!(led("host: b.default.svc.cluster.local, port: {number: 1}", &[one]), @"b.default.svc.cluster.local:1");
    assert_snapshot!(led("host: b", &[two]), @"b.default.svc.cluster.local");
    assert_snapshot!(led("host: b.com", &[entry("b", "a.com, B.com", "  ports: [{number: 443, name: https, protocol: HTTPS}]")]), @"b.com:443");
}

#[test]
fn another_name_leads_one_step_on() {
    let alias = |name: &str, to: &str| service(name, &format!("type: ExternalName, externalName: {to}"));
    assert_snapshot!(led("host: b", &[alias("b", "c.com")]), @"c.com");
    assert_snapshot!(led("host: b", &[alias("b", "c.default.svc.cluster.local"), service("c", "ports: [{port: 80}]"), ]), @"c.default.svc.cluster.local:80");
    assert_snapshot!(led("host: b", &[alias("b", "c.default.svc.cluster.local"), alias("c", "d.com")]), @"c.default.svc.cluster.local");
    assert_snapshot!(led("host: b", &[service("b", "externalName: c.com")]), @"b.default.svc.cluster.local");
}

#[test]
fn an_entrys_names_stand_as_they_are() {
    let ports = "  ports: [{number: 80, name: http}]";
    assert_snapshot!(led("host: b", &[entry("b", "b", ports)]), @"b.default.svc.cluster.local");
    assert_snapshot!(led("host: b", &[entry("b", "b.default.svc.cluster.local", ports)]), @"b.default.svc.cluster.local:80");
    let plan = mesh(
        &[routes(&[&format!("{{timeout: 1s, {TO}}}")]), entry("b", "reviews, Shop.com", ports)].join("---\n"),
    )
    .plan();
    let names: Vec<_> =
        plan.destinations.iter().map(|one| format!("{}: {}\n", one.name, one.hosts.join(" "))).collect();
    assert_snapshot!(names.concat(), @r"
    reviews.default.svc.cluster.local: reviews.default.svc.cluster.local reviews.default.svc reviews.default reviews
    shop.com: shop.com
    ");
}

#[test]
fn the_protocol_of_a_port_is_said_by_its_field_or_its_name() {
    let all = "ports: [{port: 1}, {port: 2, name: http}, {port: 3, name: tcp-x}, {port: 4, name: web, protocol: UDP}, \
               {port: 5, name: http, appProtocol: tcp}, {port: 6, name: mysql, appProtocol: http}, {port: 7, name: GRPC-Web}, \
               {port: 8, name: https}, {port: 9, name: redis}, {port: 10, name: mongo-a}, {port: 11, name: tls}, \
               {port: 12, appProtocol: kubernetes.io/h2c}, {port: 13, name: metrics}, {port: 14, protocol: SCTP}]";
    let text = [service("reviews", all), routes(&[&format!("{{timeout: 1s, {TO}}}")])].join("---\n");
    assert_eq!(silent(&text), [3, 4, 5, 8, 9, 10, 11, 14]);
    let entry = entry(
        "a",
        "reviews.default.svc.cluster.local",
        "  ports:\n  - {number: 1, name: http, protocol: tcp}\n  - {number: 2, name: tcp, protocol: Http}\n  - {number: 3, name: a}\n  \
         - {number: 4, name: b, protocol: HTTP_PROXY}\n  - {number: 5, name: c, protocol: HTTPS}\n  - {number: 6, name: d, protocol: gRPC-Web}",
    );
    let text = [entry, routes(&[&format!("{{timeout: 1s, {TO}}}")])].join("---\n");
    assert_eq!(silent(&text), [1, 5]);
}

#[test]
fn a_rule_for_http_is_not_asked_where_no_http_is_spoken() {
    let rule = |port: u16| format!("{{match: [{{port: {port}}}], timeout: 1s, {TO}}}");
    let both = [
        service("reviews", "ports: [{port: 80, name: http}, {port: 81, name: tcp}]"),
        routes(&[&rule(80), &rule(81)]),
    ];
    assert_snapshot!(notes(&both.join("---\n")), @"policy.yaml:13:21 (document 2) spec.http[1].match[0].port: never takes a request: no HTTP is spoken at port 81 of `reviews.default.svc.cluster.local`");
    let none = [service("reviews", "ports: [{port: 81, name: tcp}]"), routes(&[&rule(80), &rule(81)])];
    assert_snapshot!(notes(&none.join("---\n")), @"policy.yaml:11:3 (document 2) spec.http: never takes a request: no HTTP is spoken at any port of `reviews.default.svc.cluster.local`");
    let gateway = document(
        "Gateway",
        "edge",
        "  servers: [{port: {number: 3306, name: tcp, protocol: tcp}, hosts: [reviews.default.svc.cluster.local]}]",
    );
    let bound = routes(&[&rule(3306), &rule(80)])
        .replace("hosts: [reviews]", "hosts: [reviews]\n  gateways: [edge, mesh]");
    assert_snapshot!(notes(&[gateway, bound].join("---\n")), @"policy.yaml:14:21 (document 2) spec.http[0].match[0].port: never takes a request: no HTTP is spoken at port 3306 of `reviews.default.svc.cluster.local`");
}

#[test]
fn of_two_documents_for_one_host_the_first_says_what_there_is() {
    let text = [
        service("reviews", "ports: [{port: 80, name: http}]"),
        entry("a", "reviews.default.svc.cluster.local, b.com", "  ports: [{number: 81, name: http}]"),
        entry("b", "b.com", "  ports: [{number: 82, name: http}]"),
    ];
    let text = text.join("---\n");
    let plan = mesh(&text).plan();
    let serves: Vec<_> = plan.destinations.iter().map(|one| (&*one.name, &*one.serves)).collect();
    assert_eq!(serves, [("reviews.default.svc.cluster.local", &[80][..]), ("b.com", &[81])]);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:10:11 (document 2) spec.hosts[0]: never applies: the document at policy.yaml:3:18 (document 1) is for the same host and comes first
    policy.yaml:17:11 (document 3) spec.hosts[0]: never applies: the document at policy.yaml:10:46 (document 2) is for the same host and comes first
    ");
}

#[test]
fn a_host_that_is_only_there_takes_no_name_from_a_policy() {
    let there = service("fortio", "ports: [{port: 8080, name: http}]")
        .replace("{name: fortio}", "{name: fortio, namespace: ns}");
    let leads =
        routes(&["{match: [{port: 1}], route: [{destination: {host: fortio.ns.svc.cluster.local}}]}"]);
    let policy = breaker("errorAmountThreshold: 1");
    for text in [[there.clone(), policy.clone(), leads.clone()], [leads, there, policy]] {
        let mesh = mesh(&text.join("---\n"));
        assert!(mesh.circuit_breaker("fortio.ns", 8080).is_some(), "the service has its breaker");
        assert_eq!(mesh.notes().len(), 0, "{:?}", mesh.notes());
    }
}

#[test]
fn a_service_alone_is_of_no_mesh() {
    let there = service("fortio", "ports: [{port: 8080, name: http}]");
    assert!(mesh(&there).plan().destinations.is_empty());
    let beside = [breaker("errorAmountThreshold: 1"), there.clone()].join("---\n");
    assert_eq!(mesh(&beside).plan().destinations.len(), 1, "osm-edge's retries are not Istio's");
    let both = [there, entry("a", "a.com", "")].join("---\n");
    assert_eq!(mesh(&both).plan().destinations.len(), 2);
}

#[test]
fn entries_are_seen_where_they_are_exported_to_and_perhaps_nowhere() {
    let to = |export_to: &str| entry("a", "a.com", &format!("  exportTo: [{export_to}]\n  resolution: DNS"));
    assert_snapshot!(notes(&to("\"~\"")), @"policy.yaml:6:3 spec.exportTo: never applies to this client: it is not exported to the client's namespace");
    assert_eq!(mesh(&to("b")).plan().destinations.len(), 0);
    for sound in ["\".\"", "\"*\"", "b, default"] {
        assert_eq!(mesh(&to(sound)).plan().destinations.len(), 1, "{sound}");
    }
    assert_snapshot!(wrong(&to("\"~\", b")), @r"
    error: `exportTo` cannot be `~` beside others
    --> policy.yaml:6:14, spec.exportTo[0]
    = accepted: `~` alone, or none of it
    ");
}

#[test]
fn what_of_an_entry_is_not_applied_is_told() {
    let rest = "  addresses: [10.0.0.1, 10.1.0.0/16]\n  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]\n  \
                location: MESH_INTERNAL\n  resolution: STATIC\n  \
                endpoints: [{address: 10.0.0.2, serviceAccount: a}]\n  subjectAltNames: [a]";
    assert_snapshot!(notes(&entry("a", "a.com, \"*.b.com\"", rest)), @r"
    policy.yaml:6:25 spec.addresses[1]: read, not applied: nobody is asked by `10.1.0.0/16`, which is many addresses
    policy.yaml:8:13 spec.location: read, not applied: hosts in the mesh and outside of it are asked alike
    policy.yaml:10:51 spec.endpoints[0].serviceAccount: read, left to the transport, which makes the connections
    policy.yaml:11:3 spec.subjectAltNames: read, left to the transport, which makes the connections
    ");
    assert_snapshot!(notes(&entry("a", "a.com", "  resolution: DYNAMIC_DNS")), @"policy.yaml:6:15 spec.resolution: the host that a request names is looked up by the transport, which makes the connections");
}

#[test]
fn hosts_and_ports_of_entries_that_are_none() {
    assert_snapshot!(wrong(&document("ServiceEntry", "a", "  ports: [{}, null]")), @r"
    error: `hosts` cannot be empty
    --> policy.yaml:4:1, spec.hosts
    = accepted: at least one host
    error: a port must have a `number`
    --> policy.yaml:5:11, spec.ports[0]
    = accepted: a number from 1 to 65535
    error: a port must have a `name`
    --> policy.yaml:5:11, spec.ports[0]
    = accepted: a name, such as `http`
    error: a port must have a `number`
    --> policy.yaml:5:15, spec.ports[1]
    = accepted: a number from 1 to 65535
    error: a port must have a `name`
    --> policy.yaml:5:15, spec.ports[1]
    = accepted: a name, such as `http`
    ");
    assert_snapshot!(wrong(&entry("a", "\"*\", \"a b\", 10.0.0.1, a_b.com", "")), @r"
    error: a host cannot be `*`
    --> policy.yaml:5:11, spec.hosts[0]
    = accepted: a name, with a `*` in front perhaps, such as `*.example.com`
    error: a host cannot be `a b`
    --> policy.yaml:5:16, spec.hosts[1]
    = accepted: a name, with a `*` in front perhaps, such as `*.example.com`
    error: a host cannot be `10.0.0.1`
    --> policy.yaml:5:23, spec.hosts[2]
    = accepted: a name, with a `*` in front perhaps, such as `*.example.com`
    error: a host cannot be `a_b.com`
    --> policy.yaml:5:33, spec.hosts[3]
    = accepted: a name, with a `*` in front perhaps, such as `*.example.com`
    ");
    let resolution =
        "  ports: [{number: 1, name: a, protocol: HTTP}, {number: 80, name: b}]\n  resolution: STATIC";
    assert_snapshot!(wrong(&entry("a", "a.com, b.com", resolution)), @r"
    error: several `hosts` cannot share a port whose protocol names no host
    --> policy.yaml:6:49, spec.ports[1]
    = accepted: one host, or one of HTTP, HTTP2, GRPC, GRPC-WEB, HTTPS, TLS, HTTP_PROXY as the port's `protocol`
    ");
    let ports = "  ports:\n  - {number: 80, name: a, protocol: HTPP}\n  - {number: 80, name: a}\n  - {number: 0, name: a_b}";
    assert_snapshot!(wrong(&entry("a", "a.com", ports)), @r"
    error: `protocol` cannot be `HTPP`
    --> policy.yaml:7:37, spec.ports[0].protocol
    = accepted: one of HTTP, HTTP2, GRPC, GRPC-WEB, HTTPS, TLS, TCP, UDP, MONGO, MYSQL, REDIS, HTTP_PROXY, or absent
    = hint: did you mean `HTTP`?
    error: `number` cannot be 80 again
    --> policy.yaml:8:14, spec.ports[1].number
    = accepted: a number of its own for each port
    error: `name` cannot be `a` again
    --> policy.yaml:8:24, spec.ports[1].name
    = accepted: a name of its own for each port
    error: a port must have a `number`
    --> policy.yaml:9:5, spec.ports[2]
    = accepted: a number from 1 to 65535
    error: `name` cannot be `a_b`
    --> policy.yaml:9:23, spec.ports[2].name
    = accepted: letters, digits and `-` in between, at most 63
    ");
}
