//! Kubernetes' `EndpointSlice`, whose fields stand beside its `metadata`.

use tower_mesh::config::{
    FindingKind, Resource,
    k8s::{EndpointSlice, SERVICE_NAME},
};

use crate::{loaded, refused};

const SLICE: &str = r#"
addressType: IPv4
endpoints:
- addresses: [10.1.2.3]
  conditions: {ready: true, serving: true, terminating: false}
  hostname: pod-1
  nodeName: node-1
  zone: us-west2-a
  targetRef: {kind: Pod, name: reviews-v1-1, namespace: default}
  hints: {forZones: [{name: us-west2-a}]}
- addresses: [10.1.2.4, 10.1.2.5]
  conditions: {ready: false}
  topology: {topology.kubernetes.io/zone: us-west2-b}
- addresses: []
  deprecatedTopology: {topology.kubernetes.io/region: us-west2}
ports:
- {name: http, port: 9080, protocol: TCP, appProtocol: http}
- {name: "", port: ~}
"#;

fn document(rest: &str) -> String {
    format!(
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {{name: reviews-abc, labels: {{kubernetes.io/service-name: reviews}}}}{rest}"
    )
}

fn slice(rest: &str) -> EndpointSlice {
    let documents = loaded(&document(rest));
    assert_eq!(documents[0].findings, []);
    match &documents[0].resource {
        Resource::EndpointSlice(slice) => (**slice).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_lands_where_it_belongs() {
    let slice = slice(SLICE);
    assert_eq!(slice.address_type.as_deref(), Some("IPv4"));
    let [first, second, third] = &*slice.endpoints else { panic!("{slice:?}") };
    assert_eq!((&*first.addresses[0], first.zone.as_deref()), ("10.1.2.3", Some("us-west2-a")));
    let target = first.target_ref.as_ref().unwrap();
    assert_eq!((target.kind.as_deref(), target.name.as_deref()), (Some("Pod"), Some("reviews-v1-1")));
    assert_eq!(second.target_ref, None);
    let conditions = first.conditions.unwrap();
    assert_eq!(
        (conditions.ready, conditions.serving, conditions.terminating),
        (Some(true), Some(true), Some(false))
    );
    assert_eq!((second.addresses.len(), second.conditions.unwrap().ready), (2, Some(false)));
    assert_eq!((second.conditions.unwrap().serving, second.conditions.unwrap().terminating), (None, None));
    assert_eq!(second.topology["topology.kubernetes.io/zone"], "us-west2-b");
    assert_eq!((third.conditions, third.addresses.len()), (None, 0));
    assert_eq!(third.deprecated_topology["topology.kubernetes.io/region"], "us-west2");
    let [port, other] = &*slice.ports else { panic!("{slice:?}") };
    assert_eq!((port.name.as_deref(), port.port), (Some("http"), Some(9080)));
    assert_eq!((port.protocol.as_deref(), port.app_protocol.as_deref()), (Some("TCP"), Some("http")));
    assert_eq!((other.name.as_deref(), other.port), (Some(""), None));
    let json = serde_json::to_value(&slice).unwrap();
    assert_eq!(json["endpoints"][1]["addresses"][1], "10.1.2.5");
    assert_eq!(serde_json::from_value::<EndpointSlice>(json).unwrap(), slice);
}

#[test]
fn its_label_says_whose_it_is() {
    let documents = loaded(&document(SLICE));
    assert_eq!(documents[0].metadata.labels[SERVICE_NAME], "reviews");
}

#[test]
fn what_is_nothing_to_a_mesh_is_passed_over() {
    assert_eq!(slice("\nextra: 1\nendpoints: ~\nports: ~\n"), EndpointSlice::default());
    assert_eq!(slice(""), EndpointSlice::default());
}

#[test]
fn what_is_told_of_its_metadata_is_told() {
    let documents = loaded(&document("\n").replace("{name:", "{namspace: a, name:"));
    assert_eq!(documents[0].findings.len(), 1);
    assert_eq!(documents[0].findings[0].path, "metadata.namspace");
}

#[test]
fn paths_begin_beside_the_metadata() {
    let documents = loaded(&document(SLICE));
    let at = |path: &str| documents[0].locate(path).map(|at| at.to_string());
    assert_eq!(at("endpoints[1].addresses[1]").as_deref(), Some("policy.yaml:13:25"));
    assert_eq!(at("ports[0].port").as_deref(), Some("policy.yaml:19:22"));
    assert_eq!(at("spec.endpoints"), None);
    let documents = loaded(&document("\nports: [{port: \"80\"}]\n"));
    let [finding] = &*documents[0].findings else { panic!("{:?}", documents[0].findings) };
    assert_eq!((&*finding.path, &finding.kind), ("ports[0].port", &FindingKind::QuotedNumber));
}

#[test]
fn in_a_list_it_is_one_of_the_items() {
    let item = document("\nendpoints:\n- {addresses: 10.0.0.1}\n").replace('\n', "\n  ");
    let text = format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n");
    insta::assert_snapshot!(refused(&text), @r#"
    error: `addresses` must be a list, found the text "10.0.0.1"
      --> policy.yaml:8:17, items[0].endpoints[0].addresses
       |
     8 |   - {addresses: 10.0.0.1}
       |                 ^^^^^^^^
       = hint: write `["10.0.0.1"]`
    "#);
}

#[test]
fn what_kubernetes_would_refuse_is_told() {
    insta::assert_snapshot!(refused(&document("\nendpoints:\n- adresses: [10.0.0.1]\n- {addresses: [10.0.0.2], conditions: {ready: \"True\"}}\nports: {port: 80}\n")), @r#"
    error: `endpoints[0]` lacks the required field `addresses`
      --> policy.yaml:5:3, endpoints[0]
       |
     5 | - adresses: [10.0.0.1]
       |   ^^^^^^^^
       = hint: line 5 has `adresses`: write `addresses`

    error: `ready` must be `true` or `false`, found the text "True"
      --> policy.yaml:6:47, endpoints[1].conditions.ready
       |
     6 | - {addresses: [10.0.0.2], conditions: {ready: "True"}}
       |                                               ^^^^^^

    error: `ports` must be a list, found a mapping
      --> policy.yaml:7:8, ports
       |
     7 | ports: {port: 80}
       |        ^
       = hint: begin each item with `- `
    "#);
    insta::assert_snapshot!(refused(&document("\nports: [{port: 70000}, {port: http}]\n")), @r#"
    error: `port` must be a whole number, found the number 70000
      --> policy.yaml:4:16, ports[0].port
       |
     4 | ports: [{port: 70000}, {port: http}]
       |                ^^^^^
       = accepted: 0 to 65535

    error: `port` must be a whole number, found the text "http"
      --> policy.yaml:4:31, ports[1].port
       |
     4 | ports: [{port: 70000}, {port: http}]
       |                               ^^^^
       = accepted: 0 to 65535
    "#);
}

#[test]
fn both_of_its_versions_are_read_and_no_others() {
    let text = document(SLICE);
    let beta = text.replace("k8s.io/v1", "k8s.io/v1beta1");
    assert_eq!(loaded(&beta)[0].resource, loaded(&text)[0].resource);
    for wrong in ["v1", "discovery.k8s.io/v2", "discovery/v1"] {
        let told = refused(&text.replace("discovery.k8s.io/v1", wrong));
        assert!(told.starts_with(&format!("error: `EndpointSlice` has no apiVersion `{wrong}`")), "{told}");
        assert!(told.contains("accepted: `discovery.k8s.io/v1`, `discovery.k8s.io/v1beta1`"), "{told}");
    }
}
