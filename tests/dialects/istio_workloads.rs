//! `WorkloadEntry`, `WorkloadGroup`, and whose endpoints they are.

use insta::assert_snapshot;

use crate::{
    istio::{document, wrong},
    istio_endpoints::{PORT, entry, staff_of},
    osm::notes,
};

/// An entry that selects workloads with these labels.
fn selecting(labels: &str) -> String {
    entry(&format!("{PORT}  resolution: STATIC\n  workloadSelector: {{labels: {{{labels}}}}}"))
}

fn workload(name: &str, metadata: &str, spec: &str) -> String {
    let text = document("WorkloadEntry", name, &format!("  {spec}"));
    text.replace(&format!("{{name: {name}}}"), &format!("{{name: {name}{metadata}}}"))
}

fn group(name: &str, labels: &str, template: &str) -> String {
    document(
        "WorkloadGroup",
        name,
        &format!("  metadata: {{labels: {{{labels}}}}}\n  template: {{{template}}}"),
    )
}

fn all(texts: &[String]) -> String {
    texts.join("---\n")
}

// ===== who is selected =====

#[test]
fn a_selector_selects_those_of_its_namespace_that_have_all_of_its_labels() {
    let text = all(&[
        selecting("app: httpd, type: vm"),
        workload("one", "", "{address: 10.0.0.1, labels: {app: httpd, type: vm, version: v1}}"),
        workload(
            "two",
            ", labels: {app: httpd}",
            "{address: 10.0.0.2, labels: {app: other, type: vm}, ports: {http: 81}}",
        ),
        workload("three", "", "{address: 10.0.0.3, labels: {app: httpd}}"),
        workload("four", ", namespace: vm", "{address: 10.0.0.4, labels: {app: httpd, type: vm}}"),
        workload("five", "", "{address: five.example.com, labels: {app: httpd, type: vm}}"),
        workload(
            "six",
            "",
            "{address: \"unix:///six\", labels: {app: httpd, type: vm}, weight: 2, locality: us/z1}",
        ),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 app=httpd type=vm version=v1
        10.0.0.2:81 app=httpd type=vm
        unix:///six weight 2 in us/z1 app=httpd topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 type=vm
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:24:18 (document 4) metadata.name: is nobody's endpoint: no ServiceEntry or Service of its namespace selects it
    policy.yaml:30:18 (document 5) metadata.name: is nobody's endpoint: no ServiceEntry or Service of its namespace selects it
    policy.yaml:38:13 (document 6) spec.address: is no endpoint of the ServiceEntry at policy.yaml:7:15 (document 1): it is a name, and that looks none up
    ");
    let names = text.replace("resolution: STATIC", "resolution: DNS");
    assert_snapshot!(staff_of(&names), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 app=httpd type=vm version=v1
        10.0.0.2:81 app=httpd type=vm
        five.example.com:8080 app=httpd type=vm
        unix:///six weight 2 in us/z1 app=httpd topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 type=vm
    ");
}

#[test]
fn pods_are_selected_too() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: httpd}}\nstatus: {podIP: 10.1.0.1}\n";
    let starting = "apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {app: httpd}}\n";
    let text = all(&[selecting("app: httpd"), pod.to_owned(), starting.to_owned()]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.1.0.1:8080 app=httpd
    ");
    assert_snapshot!(notes(&text), @"");
}

#[test]
fn a_selector_without_labels_selects_all_of_its_namespace() {
    let text = all(&[selecting(""), workload("one", "", "{address: 10.0.0.1}")]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:8:3 (document 1) spec.workloadSelector: has no labels: it selects every workload of its namespace");
}

#[test]
fn a_selector_where_whoever_is_named_is_asked_selects_nobody() {
    let text = all(&[
        selecting("a: b").replace("STATIC", "NONE"),
        workload("one", "", "{address: 10.0.0.1, labels: {a: b}}"),
    ]);
    assert_snapshot!(staff_of(&text), @"httpd.vm.demo");
    assert_snapshot!(notes(&text), @"policy.yaml:8:3 (document 1) spec.workloadSelector: selects nobody: with the resolution NONE whoever the caller names is asked");
}

#[test]
fn a_service_has_the_workloads_that_it_selects() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: httpd}\nspec:\n  selector: {app: httpd}\n  \
                   ports: [{port: 80, name: http, targetPort: 8080}, {port: 81, targetPort: web}]\n";
    let text = all(&[
        service.to_owned(),
        workload("one", "", "{address: 10.0.0.1, labels: {app: httpd}, ports: {http: 9080}}"),
        workload("two", "", "{address: 10.0.0.2, labels: {app: httpd}}"),
        entry(""),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.default.svc.cluster.local
      80
        10.0.0.1:9080 app=httpd
        10.0.0.2:8080 app=httpd
      81
        10.0.0.1:81 app=httpd
        10.0.0.2:81 app=httpd
    httpd.vm.demo
    ");
    assert_snapshot!(notes(&text), @"");
}

// ===== what a group lends =====

#[test]
fn a_group_lends_what_its_entries_lack() {
    let lends =
        "labels: {app: httpd, tier: web}, locality: us/z1, network: network2, weight: 3, ports: {http: 9080}";
    let text = all(&[
        selecting("app: httpd"),
        group("httpd", "type: vm", lends),
        workload("own", ", annotations: {istio.io/autoRegistrationGroup: httpd}", "{address: 10.0.0.1}"),
        workload(
            "like",
            "",
            "{address: 10.0.0.2, labels: {type: vm, tier: db}, locality: us/z2, weight: 1, network: own, ports: {http: 1}}",
        ),
        workload("labelled", "", "{address: 10.0.0.3, labels: {type: vm, istio-locality: us.z3}}"),
        workload(
            "elsewhere",
            ", namespace: vm, annotations: {istio.io/autoRegistrationGroup: httpd}",
            "{address: 10.0.0.4}",
        ),
        workload("other", "", "{address: 10.0.0.5, labels: {app: httpd}}"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:9080 weight 3 in us/z1 network network2 app=httpd tier=web topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z1 type=vm
        10.0.0.2:1 in us/z2 network own app=httpd tier=db topology.istio.io/network=own topology.kubernetes.io/region=us topology.kubernetes.io/zone=z2 type=vm
        10.0.0.3:9080 weight 3 in us/z3 network network2 app=httpd istio-locality=us.z3 tier=web topology.istio.io/network=network2 topology.kubernetes.io/region=us topology.kubernetes.io/zone=z3 type=vm
        10.0.0.5:8080 app=httpd
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:37:18 (document 6) metadata.name: is nobody's endpoint: no ServiceEntry or Service of its namespace selects it");
}

#[test]
fn of_several_groups_that_one_lends_which_is_named_or_has_most_labels_or_is_first_by_name() {
    let text = all(&[
        selecting("type: vm"),
        group("d", "type: vm", "network: d"),
        group("c", "type: vm, app: httpd", "network: c"),
        group("b", "type: vm, app: httpd", "network: b"),
        group("a", "", "network: a"),
        workload("one", "", "{address: 10.0.0.1, labels: {type: vm, app: httpd}}"),
        workload("two", "", "{address: 10.0.0.2, labels: {type: vm}}"),
        workload(
            "three",
            ", annotations: {istio.io/autoRegistrationGroup: d}",
            "{address: 10.0.0.3, labels: {type: vm, app: httpd}}",
        ),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 network b app=httpd topology.istio.io/network=b type=vm
        10.0.0.2:8080 network d topology.istio.io/network=d type=vm
        10.0.0.3:8080 network d app=httpd topology.istio.io/network=d type=vm
    ");
    assert_snapshot!(notes(&text), @r"
    policy.yaml:19:18 (document 3) metadata.name: lends nothing: no WorkloadEntry is of this group
    policy.yaml:33:18 (document 5) metadata.name: lends nothing: no WorkloadEntry is of this group
    ");
}

#[test]
fn what_of_a_group_is_not_applied_is_told() {
    let spec = "  metadata: {labels: {a: b}, annotations: {c: d}}\n  template: {address: 10.0.0.9, serviceAccount: sa}\n  \
                probe: {tcpSocket: {port: 80}}";
    let text = all(&[
        selecting("a: b"),
        document("WorkloadGroup", "httpd", spec),
        workload("one", "", "{address: 10.0.0.1, labels: {a: b}, serviceAccount: sa}"),
    ]);
    assert_snapshot!(notes(&text), @r"
    policy.yaml:14:30 (document 2) spec.metadata.annotations: read, not applied: nothing here goes by annotations
    policy.yaml:15:23 (document 2) spec.template.address: read, not applied: each endpoint of a group has its own address
    policy.yaml:15:49 (document 2) spec.template.serviceAccount: read, left to the transport, which makes the connections
    policy.yaml:16:3 (document 2) spec.probe: read, not applied: endpoints are not asked whether they are well
    policy.yaml:22:55 (document 3) spec.serviceAccount: read, left to the transport, which makes the connections
    ");
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.1:8080 a=b
    ");
}

// ===== what is none =====

#[test]
fn workloads_and_groups_that_are_none() {
    assert_snapshot!(wrong(&workload("one", "", "{weight: 1}")), @r"
    error: an endpoint must have an `address`
    --> policy.yaml:4:1, spec
    = accepted: where it is, such as `10.0.0.1`
    ");
    assert_snapshot!(wrong(&workload("one", "", "{address: \"a b\", ports: {http: 0}, locality: a/b/c/d, labels: {\"\": a}}")), @r#"
    error: `address` cannot be `a b`
    --> policy.yaml:5:13, spec.address
    = accepted: an IP address, or a name
    error: `http` cannot be 0
    --> policy.yaml:5:34, spec.ports.http
    = accepted: a number from 1 to 65535
    error: `locality` cannot be `a/b/c/d`
    --> policy.yaml:5:48, spec.locality
    = accepted: `REGION/ZONE/SUBZONE`, or the first one or two of them
    error: a label cannot be `: a`
    --> policy.yaml:5:70, spec.labels[""]
    = accepted: a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each
    "#);
    assert_snapshot!(wrong(&document("WorkloadGroup", "a", "  metadata: {labels: {\"a b\": c}}")), @r#"
    error: a group must have a `template`
    --> policy.yaml:4:1, spec.template
    = accepted: what its endpoints have in common, such as `{locality: us-central1/z1}`
    error: a label cannot be `a b: c`
    --> policy.yaml:5:30, spec.metadata.labels["a b"]
    = accepted: a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each
    "#);
    assert_snapshot!(wrong(&group("a", "", "locality: a/b/c/d, labels: {\"a b\": c}")), @r#"
    error: `locality` cannot be `a/b/c/d`
    --> policy.yaml:6:24, spec.template.locality
    = accepted: `REGION/ZONE/SUBZONE`, or the first one or two of them
    error: a label cannot be `a b: c`
    --> policy.yaml:6:49, spec.template.labels["a b"]
    = accepted: a name and a value of letters, digits, `-`, `_` and `.`, at most 63 in each
    "#);
    // Names are fine for whoever looks them up, and there may be nothing but a network.
    assert_snapshot!(notes(&workload("one", "", "{address: a.example.com}")), @"policy.yaml:3:18 metadata.name: is nobody's endpoint: no ServiceEntry or Service of its namespace selects it");
    assert_snapshot!(notes(&workload("one", "", "{network: other}")), @r"
    policy.yaml:3:18 metadata.name: is nobody's endpoint: no ServiceEntry or Service of its namespace selects it
    policy.yaml:4:1 spec: is nobody's endpoint: it has no address, and nobody tells that of the gateway of `other`
    ");
}

#[test]
fn of_two_of_one_name_the_last_stands() {
    let text = all(&[
        selecting("a: b"),
        workload("one", "", "{address: 10.0.0.1, labels: {a: b}}"),
        workload("one", "", "{address: 10.0.0.2, labels: {a: b}}"),
    ]);
    assert_snapshot!(staff_of(&text), @r"
    httpd.vm.demo
      80
        10.0.0.2:8080 a=b
    ");
    assert_snapshot!(notes(&text), @"policy.yaml:12:18 (document 2) metadata.name: replaced by the document of the same name at policy.yaml:18:18 (document 3)");
}
