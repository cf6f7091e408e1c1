use tower_mesh::config::{
    FindingKind, Resource,
    k8s::{Service, TargetPort},
};

use crate::{loaded, refused};

fn document(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: ratings}}\n{spec}\n")
}

fn service(spec: &str) -> Service {
    let documents = loaded(&document(spec));
    assert_eq!(documents[0].findings, []);
    match &documents[0].resource {
        Resource::Service(service) => (**service).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn its_ports_are_read() {
    let service = service(
        "spec:\n  type: NodePort\n  selector: {app: ratings}\n  ports:\n  - {name: http, port: 8000, targetPort: 80}\n  \
         - {name: grpc-x, port: 9, targetPort: web, protocol: TCP, appProtocol: kubernetes.io/h2c, nodePort: 30000}",
    );
    let [first, second] = service.ports.as_slice() else { panic!("{service:?}") };
    assert_eq!((first.name.as_deref(), first.port), (Some("http"), 8000));
    assert_eq!(first.target_port, Some(TargetPort::Number(80)));
    assert_eq!(second.target_port, Some(TargetPort::Name("web".into())));
    assert_eq!(
        (second.protocol.as_deref(), second.app_protocol.as_deref()),
        (Some("TCP"), Some("kubernetes.io/h2c"))
    );
    assert_eq!((service.kind.as_deref(), &*service.selector["app"]), (Some("NodePort"), "ratings"));
    let json = serde_json::to_value(&service).unwrap();
    assert_eq!(
        (&json["ports"][0]["targetPort"], &json["ports"][1]["targetPort"]),
        (&80.into(), &"web".into())
    );
    assert_eq!(serde_json::from_value::<Service>(json).unwrap(), service);
}

#[test]
fn it_may_be_another_name_of_a_host() {
    let service = service("spec: {type: ExternalName, externalName: www.example.com}");
    assert_eq!(
        (service.kind.as_deref(), service.external_name.as_deref()),
        (Some("ExternalName"), Some("www.example.com"))
    );
    assert_eq!(self::service("spec: {externalName: ~}").external_name, None);
}

#[test]
fn what_is_nothing_to_a_mesh_is_passed_over() {
    let spec = "spec: {clusterIP: None, sessionAffinity: None, ports: [{port: 1, nodePort: 2}], somethingNew: {}}\n\
                status: {loadBalancer: {}}\nextra: 1";
    assert_eq!(service(spec).ports.len(), 1);
    assert_eq!((service(""), service("spec: ~")), (Service::default(), Service::default()));
}

#[test]
fn what_kubernetes_would_refuse_is_told() {
    let documents = loaded(&document("spec: {ports: [{port: \"80\"}]}"));
    assert_eq!(documents[0].findings[0].kind, FindingKind::QuotedNumber);
    insta::assert_snapshot!(refused(&document("spec: {ports: [{name: http}, {port: 70000}, {port: 1, targetPort: true}]}")), @r"
    error: `ports[0]` lacks the required field `port`
      --> policy.yaml:4:16, spec.ports[0]
       |
     4 | spec: {ports: [{name: http}, {port: 70000}, {port: 1, targetPort: true}]}
       |                ^

    error: `port` must be a whole number, found the number 70000
      --> policy.yaml:4:37, spec.ports[1].port
       |
     4 | spec: {ports: [{name: http}, {port: 70000}, {port: 1, targetPort: true}]}
       |                                     ^^^^^
       = accepted: 0 to 65535

    error: `targetPort` must be a port, found `true`
      --> policy.yaml:4:67, spec.ports[2].targetPort
       |
     4 | spec: {ports: [{name: http}, {port: 70000}, {port: 1, targetPort: true}]}
       |                                                                   ^^^^
       = accepted: a number up to 65535, or a name
    ");
    assert!(
        refused(&document("").replace("v1", "v1beta1")).contains("`Service` has no apiVersion `v1beta1`")
    );
}
