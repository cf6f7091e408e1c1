//! Kubernetes' `Pod`, of which its labels and its address are read.

use tower_mesh::config::{Document, Resource, k8s::Pod};

use crate::{loaded, refused};

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: reviews-v1-1
  namespace: bookinfo
  labels: {app: reviews, version: v1}
  ownerReferences: [{kind: ReplicaSet, name: reviews-v1}]
spec: {nodeName: node-1, containers: [{name: reviews, image: reviews:1, ports: [{containerPort: 9080}]}]}
status:
  phase: Running
  podIP: 10.1.2.3
  podIPs: [{ip: 10.1.2.3}]
  conditions: [{type: Ready, status: 'True'}]
";

fn read(text: &str) -> (Document, Pod) {
    let document = loaded(text).remove(0);
    assert_eq!(document.findings, []);
    match &document.resource {
        Resource::Pod(pod) => (document.clone(), (**pod).clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn its_labels_and_its_address_are_read_and_the_rest_is_passed_over() {
    let (document, pod) = read(POD);
    assert_eq!(document.metadata.labels["version"], "v1");
    assert_eq!(pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()), Some("10.1.2.3"));
    assert_eq!(
        document.locate("status.podIP").map(|at| at.to_string()).as_deref(),
        Some("policy.yaml:11:10")
    );
    let json = serde_json::to_value(&pod).unwrap();
    assert_eq!(json["status"]["podIP"], "10.1.2.3");
    assert_eq!(serde_json::from_value::<Pod>(json).unwrap(), pod);
}

#[test]
fn one_that_is_not_there_yet_has_no_address() {
    assert_eq!(read("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n").1, Pod::default());
    assert_eq!(read("apiVersion: v1\nkind: Pod\nstatus: {podIP: ~}\n").1.status.unwrap().pod_ip, None);
}

#[test]
fn what_kubernetes_would_refuse_is_told() {
    insta::assert_snapshot!(refused("apiVersion: v1\nkind: Pod\nstatus: {podIP: [10.0.0.1]}\n"), @r"
    error: `podIP` must be a text, found a list
      --> policy.yaml:3:17, status.podIP
       |
     3 | status: {podIP: [10.0.0.1]}
       |                 ^
    ");
    let told = refused("apiVersion: v2\nkind: Pod\n");
    assert!(told.starts_with("error: `Pod` has no apiVersion `v2`"), "{told}");
    // Of another project's group it is another kind.
    let other = loaded("apiVersion: example.org/v1\nkind: Pod\n");
    assert_eq!(other[0].resource, Resource::Other);
}
