//! `WorkloadEntry` and `WorkloadGroup` as they are spelled, and the endpoints of a `ServiceEntry`.

use tower_mesh::config::{
    Resource, Unapplied,
    istio::{ServiceEntry, WorkloadEntry, WorkloadGroup},
};

use crate::{
    istio,
    istio_fields::{GROUP, WORKLOAD, read},
    loaded, refused,
};

#[test]
fn every_field_of_an_endpoint_lands_where_it_belongs() {
    let entry: WorkloadEntry = read(WORKLOAD);
    assert_eq!(
        (entry.address.as_deref(), entry.network.as_deref()),
        (Some("192.168.229.146"), Some("network2"))
    );
    assert_eq!((entry.ports["http"], entry.ports["grpc"]), (8080, 3550));
    assert_eq!((&*entry.labels["app"], &*entry.labels["type"]), ("httpd", "vm"));
    assert_eq!((entry.locality.as_deref(), entry.weight), (Some("us-central1/z1/sz01"), Some(2)));
    assert_eq!(entry.service_account.as_deref(), Some("sa-httpd"));
}

#[test]
fn an_endpoint_is_the_same_alone_in_an_entry_and_in_a_group() {
    let alone: WorkloadEntry = read(WORKLOAD);
    let indented = WORKLOAD.replace('\n', "\n  ");
    let entry: ServiceEntry = read(&format!("endpoints:\n-{}", &indented[2..]));
    assert_eq!(entry.endpoints, Some(vec![alone.clone()]));
    let group: WorkloadGroup = read(&format!("template:{indented}"));
    assert_eq!(group.template, Some(alone));
}

#[test]
fn every_field_of_a_group_lands_where_it_belongs() {
    let group: WorkloadGroup = read(GROUP);
    let metadata = group.metadata.unwrap();
    assert_eq!((&*metadata.labels["app"], &*metadata.annotations["test"]), ("httpd", "test"));
    let template = group.template.unwrap();
    assert_eq!((template.address, template.locality.as_deref()), (None, Some("us-central1/z1/sz01")));
    assert!(matches!(group.probe, Some(Unapplied::Map(_))));
}

#[test]
fn documents_have_their_labels_and_their_places() {
    let text = "apiVersion: networking.istio.io/v1beta1\nkind: WorkloadEntry\n\
                metadata: {name: vm, labels: {zone: a}}\nspec:\n  address: 10.0.0.1\n  service_account: sa\n";
    let documents = loaded(text);
    assert_eq!(documents[0].findings, []);
    assert_eq!(documents[0].metadata.labels["zone"], "a");
    let Resource::WorkloadEntry(entry) = &documents[0].resource else {
        panic!("{:?}", documents[0].resource)
    };
    assert_eq!(entry.address.as_deref(), Some("10.0.0.1"));
    let at = |path: &str| documents[0].locate(path).map(|at| at.to_string());
    assert_eq!(at("spec.address").as_deref(), Some("policy.yaml:5:12"));
    assert_eq!(at("spec.serviceAccount").as_deref(), Some("policy.yaml:6:20"));

    let documents = loaded(&istio("WorkloadGroup", "{template: {network: n}}"));
    let Resource::WorkloadGroup(group) = &documents[0].resource else {
        panic!("{:?}", documents[0].resource)
    };
    assert_eq!(group.template.as_ref().unwrap().network.as_deref(), Some("n"));
}

#[test]
fn wrong_values_are_told_with_their_places() {
    insta::assert_snapshot!(refused(&istio("WorkloadEntry", "\n  address: [10.0.0.1]\n  ports: [80]\n  labels: vm\n  weight: -1")), @r#"
    error: `address` must be a text, found a list
      --> policy.yaml:4:12, spec.address
       |
     4 |   address: [10.0.0.1]
       |            ^

    error: `ports` must be a mapping, found a list
      --> policy.yaml:5:10, spec.ports
       |
     5 |   ports: [80]
       |          ^
       = hint: a mapping is written `key: value`, without `- ` or brackets

    error: `labels` must be a mapping, found the text "vm"
      --> policy.yaml:6:11, spec.labels
       |
     6 |   labels: vm
       |           ^^

    error: `weight` must be a whole number, found the number -1
      --> policy.yaml:7:11, spec.weight
       |
     7 |   weight: -1
       |           ^^
       = accepted: 0 to 4294967295
    "#);
    insta::assert_snapshot!(refused(&istio("ServiceEntry", "\n  hosts: [a.b]\n  endpoints: [10.0.0.1, {ports: {http: 70000, grpc: x}}]\n  workloadSelector: {labels: [a]}")), @r#"
    error: `endpoints[0]` must be a mapping, found the text "10.0.0.1"
      --> policy.yaml:5:15, spec.endpoints[0]
       |
     5 |   endpoints: [10.0.0.1, {ports: {http: 70000, grpc: x}}]
       |               ^^^^^^^^

    error: `http` must be a whole number, found the number 70000
      --> policy.yaml:5:40, spec.endpoints[1].ports.http
       |
     5 |   endpoints: [10.0.0.1, {ports: {http: 70000, grpc: x}}]
       |                                        ^^^^^
       = accepted: 0 to 65535

    error: `grpc` must be a whole number, found the text "x"
      --> policy.yaml:5:53, spec.endpoints[1].ports.grpc
       |
     5 |   endpoints: [10.0.0.1, {ports: {http: 70000, grpc: x}}]
       |                                                     ^
       = accepted: 0 to 65535

    error: `labels` must be a mapping, found a list
      --> policy.yaml:6:30, spec.workloadSelector.labels
       |
     6 |   workloadSelector: {labels: [a]}
       |                              ^
       = hint: a mapping is written `key: value`, without `- ` or brackets
    "#);
    insta::assert_snapshot!(refused(&istio("WorkloadGroup", "{metadata: [a], template: vm}")), @r#"
    error: `metadata` must be a mapping, found a list
      --> policy.yaml:3:18, spec.metadata
       |
     3 | spec: {metadata: [a], template: vm}
       |                  ^
       = hint: a mapping is written `key: value`, without `- ` or brackets

    error: `template` must be a mapping, found the text "vm"
      --> policy.yaml:3:33, spec.template
       |
     3 | spec: {metadata: [a], template: vm}
       |                                 ^^
    "#);
}

#[test]
fn a_slip_in_a_field_is_told_with_what_was_meant() {
    let told = |text: &str| {
        let findings = loaded(text)[0].findings.clone();
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told(&istio("WorkloadEntry", "{addres: 10.0.0.1, weigth: 1, locality: a, service_acount: b}")), @r"
    policy.yaml:3:8, spec.addres: the field `addres` is unknown here; did you mean `address`?
    policy.yaml:3:26, spec.weigth: the field `weigth` is unknown here; did you mean `weight`?
    policy.yaml:3:50, spec.service_acount: the field `service_acount` is unknown here; did you mean `serviceAccount`?
    ");
    insta::assert_snapshot!(told(&istio("ServiceEntry", "{hosts: [a.b], endpoints: [{address: a, label: {}}], workloadSelector: {matchLabels: {a: b}}}")), @r"
    policy.yaml:3:47, spec.endpoints[0].label: the field `label` is unknown here; did you mean `labels`?
    policy.yaml:3:79, spec.workloadSelector.matchLabels: the field `matchLabels` is unknown here
    ");
    insta::assert_snapshot!(told(&istio("WorkloadGroup", "{metadata: {label: {}, name: a}, template: {locallity: a}, probes: {}}")), @r"
    policy.yaml:3:19, spec.metadata.label: the field `label` is unknown here; did you mean `labels`?
    policy.yaml:3:30, spec.metadata.name: the field `name` is unknown here
    policy.yaml:3:51, spec.template.locallity: the field `locallity` is unknown here; did you mean `locality`?
    policy.yaml:3:66, spec.probes: the field `probes` is unknown here; did you mean `probe`?
    ");
}
