//! Who is there at a cluster, and that nobody is.

use insta::assert_snapshot;

use crate::{document, get, of, policy, told};

const ISTIO: &str = "networking.istio.io/v1";

fn entry(rest: &str) -> String {
    let ports = "[{number: 80, name: http, protocol: HTTP}, {number: 81, name: admin, protocol: HTTP}]";
    let spec = format!("hosts: [httpd.vm.demo]\naddresses: [192.0.2.1]\nports: {ports}\n{rest}");
    document(ISTIO, "ServiceEntry", "httpd", &spec)
}

const THREE: &str =
    "resolution: STATIC\nendpoints: [{address: 10.0.0.1}, {address: 10.0.0.2}, {address: 10.0.0.3}]";

#[test]
fn how_many_endpoints_there_are_is_told_where_it_is_known() {
    let mesh = of(&[entry(THREE)]);
    assert_snapshot!(told(mesh, &get("http://192.0.2.1/")), @r"
    GET http://192.0.2.1/
    `192.0.2.1` is an address of httpd.vm.demo (istio); the port is 80
      ServiceEntry default/httpd at mesh.yaml:6:11
    there is no rule; it goes to the host itself:
      to httpd.vm.demo:80
        3 endpoints
    ");
    assert_snapshot!(told(of(&[entry("")]), &get("http://httpd.vm.demo/")), @r"
    GET http://httpd.vm.demo/
    `httpd.vm.demo` is a destination (istio); the port is 80
      ServiceEntry default/httpd at mesh.yaml:6:11
    there is no rule; it goes to the host itself:
      to httpd.vm.demo:80
    ");
}

#[test]
fn where_nobody_is_known_to_be_there_it_is_told_with_the_answer() {
    let none = of(&[entry("resolution: STATIC")]);
    assert_snapshot!(told(none, &get("http://httpd.vm.demo:81/")), @r#"
    GET http://httpd.vm.demo:81/
    `httpd.vm.demo` is a destination (istio); the port is 81
      ServiceEntry default/httpd at mesh.yaml:6:11
    there is no rule; it goes to the host itself:
      to httpd.vm.demo:81
        answered 503 (UH) "no healthy upstream": no endpoint is known to be there
    "#);
    let passed = policy("httpd", "host: httpd.vm.demo\ntrafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}");
    let passed = of(&[entry("resolution: STATIC"), passed]);
    assert_snapshot!(told(passed, &get("http://httpd.vm.demo:81/")), @r"
    GET http://httpd.vm.demo:81/
    `httpd.vm.demo` is a destination (istio); the port is 81
      ServiceEntry default/httpd at mesh.yaml:6:11 (document 1)
      DestinationRule default/httpd at mesh.yaml:15:9 (document 2)
    there is no rule; it goes to the host itself:
      to httpd.vm.demo:81
        1. balance per port: nobody: requests go where their caller sends them
    ");
}

#[test]
fn endpoints_that_are_not_ready_are_told_as_such() {
    let service = "\
---
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{port: 80, name: http}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: reviews-1, labels: {kubernetes.io/service-name: reviews}}
ports: [{name: http, port: 8080}]
endpoints:
- {addresses: [10.0.0.1], conditions: {ready: false}}
";
    let one = || of(&[service.to_owned()]);
    assert_snapshot!(told(one(), &get("http://reviews/")), @r#"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      Service default/reviews at mesh.yaml:4:18 (document 1)
    there is no rule; it goes to the host itself:
      to reviews.default.svc.cluster.local:80
        answered 503 (UH) "no healthy upstream": none of its endpoints is ready
    "#);
    let two = format!("{service}- {{addresses: [10.0.0.2]}}\n");
    assert_snapshot!(told(of(&[two]), &get("http://reviews/")), @r"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      Service default/reviews at mesh.yaml:4:18 (document 1)
    there is no rule; it goes to the host itself:
      to reviews.default.svc.cluster.local:80
        2 endpoints, 1 of them ready
    ");
    let anyhow = "host: reviews\ntrafficPolicy: {outlierDetection: {minHealthPercent: 50}}";
    assert_snapshot!(told(of(&[service.to_owned(), policy("reviews", anyhow)]), &get("http://reviews/")), @r"
    GET http://reviews/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      Service default/reviews at mesh.yaml:4:18 (document 1)
      DestinationRule default/reviews at mesh.yaml:18:9 (document 3)
    there is no rule; it goes to the host itself:
      to reviews.default.svc.cluster.local:80
        1 endpoint, which is not ready
        1. balance per port: the one of two with fewer requests; ejects at 5 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 10 % at once; below 50 % healthy all are asked
    ");
}
