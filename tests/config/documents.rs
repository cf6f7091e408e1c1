use tower_mesh::config::{FindingKind, Resource, load};

use crate::{loaded, refused, setting};

#[test]
fn a_text_without_documents_has_none() {
    for text in ["", "\n\n", "# nothing\n", "---\n", "---\n---\n# ä\n...\n", "\u{feff}", "~\n--- null\n"] {
        assert_eq!(loaded(text), [], "{text:?}");
    }
}

#[test]
fn kind_and_version_may_stand_anywhere() {
    let text = "spec: {host: a.b}\nmetadata: {name: x}\nkind: UpstreamTrafficSetting\n\
                apiVersion: policy.flomesh.io/v1alpha1\n";
    assert_eq!(setting(&loaded(text)[0]).host, "a.b");
}

#[test]
fn kinds_that_are_not_known_are_kept() {
    let text = "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata:\n  name: baidu\n\
                spec:\n  hosts:\n  - \"*\"\n  ports:\n  - number: 80\n    name: http\n  resolution: DNS\n";
    let documents = loaded(text);
    assert_eq!((&documents[0].resource, &documents[0].findings[..]), (&Resource::Other, &[][..]));
    assert_eq!(documents[0].metadata.name.as_deref(), Some("baidu"));
    let location = documents[0].locate("spec.ports[0].name").unwrap();
    assert_eq!(location.to_string(), "policy.yaml:10:11");
}

#[test]
fn known_kinds_stand_among_others() {
    let istio =
        |kind: &str, spec: &str| format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nspec: {spec}\n");
    let text = [
        istio("Gateway", "{servers: [{hosts: [a]}]}"),
        istio("ServiceEntry", "{hosts: [a.b]}"),
        istio("EnvoyFilter", "{configPatches: []}"),
        istio("DestinationRule", "{host: reviews}"),
        "# nothing\n".into(),
        "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: x}\n".into(),
        istio("VirtualService", "{hosts: [reviews]}"),
        "apiVersion: v1\nkind: Service\nspec: {ports: [{port: 80}]}\n".into(),
        "apiVersion: policy.flomesh.io/v1alpha1\nkind: Retry\nspec: {retryPolicy: {retryOn: 5xx}}\n".into(),
    ];
    let documents = loaded(&("---\n".to_owned() + &text.join("---\n") + "---\n"));
    let kinds: Vec<_> = documents
        .iter()
        .map(|document| match &document.resource {
            Resource::DestinationRule(rule) => format!("rule of {}", rule.host),
            Resource::VirtualService(routes) => format!("routes of {:?}", routes.hosts),
            Resource::Gateway(gateway) => format!("gateway for {:?}", gateway.servers[0].hosts),
            Resource::ServiceEntry(entry) => format!("entry of {:?}", entry.hosts),
            Resource::Service(service) => format!("service on {}", service.ports[0].port),
            Resource::Retry(retry) => format!("retry on {:?}", retry.retry_policy.as_ref().unwrap().retry_on),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "gateway for [\"a\"]",
            "entry of [\"a.b\"]",
            "Other",
            "rule of reviews",
            "Other",
            "routes of [\"reviews\"]",
            "service on 80",
            "retry on Some(\"5xx\")"
        ]
    );
    assert!(documents.iter().all(|document| document.findings.is_empty()));
}

#[test]
fn a_list_counts_as_its_items() {
    let text = "kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}}\n\
                - kind: UpstreamTrafficSetting\n  apiVersion: policy.flomesh.io/v1alpha1\n  spec:\n    host: a.b\n    hots: c\n";
    let documents = loaded(text);
    assert_eq!(
        documents.iter().map(|document| &*document.kind).collect::<Vec<_>>(),
        ["Service", "UpstreamTrafficSetting"]
    );
    assert_eq!(documents[1].locate("spec.host").unwrap().to_string(), "policy.yaml:8:11");
    assert_eq!(documents[1].findings[0].path, "items[1].spec.hots");
}

#[test]
fn what_the_api_server_adds_is_passed_over_and_a_slip_is_not() {
    let text = "apiVersion: policy.openservicemesh.io/v1alpha1\nkind: UpstreamTrafficSetting\nmetadata:\n  name: x\n  \
                uid: 7\n  resourceVersion: \"1\"\n  generation: 1\n  creationTimestamp: null\n  managedFields: [{a: b}]\n  \
                namspace: y\n  labels: {version: 1.10, on: yes}\nspec: {host: a.b}\nstatus: {currentStatus: x}\nspecs: {}\n";
    let documents = loaded(text);
    let told: Vec<_> = documents[0].findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "policy.yaml:10:3, metadata.namspace: the field `namspace` is unknown here; did you mean `namespace`?",
            "policy.yaml:11:21, metadata.labels.version: a text without quotes looks like something else; read as the text; put it in quotes",
            "policy.yaml:11:31, metadata.labels.on: a text without quotes looks like something else; read as the text; put it in quotes",
            "policy.yaml:14:1, specs: the field `specs` is unknown here; did you mean `spec`?",
        ]
    );
    assert_eq!(
        (&*documents[0].metadata.labels["version"], &*documents[0].metadata.labels["on"]),
        ("1.10", "yes")
    );
}

#[test]
fn a_kind_that_is_nearly_known_is_told() {
    let text = "apiVersion: policy.openservicemesh.io/v1alpha1\nkind: upstreamTrafficSettings\nspec: {}\n";
    let documents = loaded(text);
    let FindingKind::UnknownKind { nearest, .. } = documents[0].findings[0].kind else { panic!() };
    assert_eq!((nearest, documents[0].findings[0].location.column()), ("UpstreamTrafficSetting", 7));
}

#[test]
fn an_error_in_one_document_does_not_hide_another() {
    let text = "a: [1\n---\napiVersion: v1\nkind: Service\n---\nb: 1\n---\napiVersion: 1\nkind: x\n";
    let errors = load(text, None).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| error.location().unwrap().to_string()).collect();
    assert_eq!(
        places,
        ["line 1, column 4 (document 1)", "line 6, column 1 (document 3)", "line 8, column 13 (document 4)"]
    );
}

#[test]
fn documents_that_are_empty_do_not_count() {
    let text = "---\n# one\n---\n---\nb: 1\n";
    insta::assert_snapshot!(refused(text), @"
    error: a document needs `apiVersion` and `kind`; this one lacks `apiVersion` and `kind`
      --> policy.yaml:5:1
       |
     5 | b: 1
       | ^
    ");
}

#[test]
fn when_a_document_was_made_is_read() {
    let made = |stamp: &str| {
        let text =
            format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a, creationTimestamp: {stamp}}}\n");
        let documents = loaded(&text);
        assert_eq!(documents[0].findings, [], "{stamp}");
        documents[0].metadata.creation_timestamp.clone()
    };
    assert_eq!(made("2024-05-01T10:00:00Z").as_deref(), Some("2024-05-01T10:00:00Z"));
    assert_eq!(made("\"2024-05-01T10:00:00Z\"").as_deref(), Some("2024-05-01T10:00:00Z"));
    assert_eq!(made("null"), None);
}
