//! Ports: rules for others, ports where no HTTP is spoken, ports that there are not.

use insta::assert_snapshot;

use crate::{get, of, policy, routes, service, told};

#[test]
fn a_rule_for_another_port_is_passed_over_for_that() {
    let rule = "\
hosts: [ratings]
http:
- match: [{port: 3306, uri: {prefix: /db}}, {port: 3307}]
  route: [{destination: {host: mysql}}]
";
    let mesh = || of(&[routes("ratings", rule)]);
    assert_snapshot!(told(mesh(), &get("http://ratings/")), @r"
    GET http://ratings/
    `ratings` is a short name of ratings.default.svc.cluster.local (istio); the port is 80
    rule 1, default/ratings http[0] at mesh.yaml:8:5, is passed over:
      port must be 3306, but is `80`
      or port must be 3307, but is `80`
    no rule is for port 80; it goes to the host itself:
      to ratings.default.svc.cluster.local:80
    ");
    assert_snapshot!(told(mesh(), &get("http://ratings:3306/")), @r"
    GET http://ratings:3306/
    `ratings` is a short name of ratings.default.svc.cluster.local (istio); the port is 3306
    rule 1, default/ratings http[0] at mesh.yaml:8:5, is passed over:
      path must begin with `/db`, but is `/`
      or port must be 3307, but is `3306`
    no rule takes it:
      answered 404 (NR)
    ");
    assert_snapshot!(told(mesh(), &get("http://ratings:3307/")), @r"
    GET http://ratings:3307/
    `ratings` is a short name of ratings.default.svc.cluster.local (istio); the port is 3307
    rule 1, default/ratings http[0] at mesh.yaml:8:5, takes it: port is 3307
      to mysql.default.svc.cluster.local:3307
    ");
}

#[test]
fn where_no_http_is_spoken_no_rule_is_asked() {
    let rule =
        "hosts: [mysql]\nhttp: [{match: [{uri: {exact: /}}], redirect: {uri: /}}, {redirect: {uri: /b}}]";
    let ports = "[{port: 3306, name: tcp}, {port: 80, name: http}]";
    let limits = policy("mysql", "host: mysql\ntrafficPolicy: {connectionPool: {tcp: {maxConnections: 2}}}");
    let mesh = of(&[service("mysql", ports), routes("mysql", rule), limits]);
    assert_snapshot!(told(mesh, &get("http://mysql:3306/")), @r"
    GET http://mysql:3306/
    `mysql` is a short name of mysql.default.svc.cluster.local (istio); the port is 3306
      Service default/mysql at mesh.yaml:4:18 (document 1)
      DestinationRule default/mysql at mesh.yaml:19:9 (document 3)
    no HTTP is spoken at port 3306, so that no rule is asked; it goes to the host itself:
      to mysql.default.svc.cluster.local:3306
        1. limits per port over HTTP/1: 2 exchanges at once, others wait
    ");
}

#[test]
fn a_port_that_a_service_has_not_is_told() {
    let rule = "\
hosts: [reviews]
http:
- match: [{uri: {prefix: /out}}]
  route: [{destination: {host: reviews, port: {number: 81}}}]
- match: [{port: 9081}]
  redirect: {uri: /}
";
    let mesh = |rules: &[String]| of(&[rules, &[service("reviews", "[{port: 80}, {port: 9080}]")]].concat());
    assert_snapshot!(told(mesh(&[routes("reviews", rule)]), &get("http://reviews/out")), @r"
    GET http://reviews/out
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 80
      Service default/reviews at mesh.yaml:15:18 (document 2)
    rule 1, default/reviews http[0] at mesh.yaml:8:5 (document 1), takes it: path begins with `/out`
      to reviews.default.svc.cluster.local:81
        answered 500 (NC): reviews.default.svc.cluster.local has no port 81: it has 80, 9080
    1 later rule is not asked
    ");
    let elsewhere = policy("ratings", "host: ratings");
    assert_snapshot!(told(mesh(&[elsewhere]), &get("http://reviews:81/")), @r"
    GET http://reviews:81/
    `reviews` is a short name of reviews.default.svc.cluster.local (istio); the port is 81
      Service default/reviews at mesh.yaml:10:18 (document 2)
    there is no rule; it goes to the host itself:
      to reviews.default.svc.cluster.local:81
        reviews.default.svc.cluster.local has no port 81: it has 80, 9080; requests go there all the same
    ");
}
