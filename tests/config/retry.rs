use tower_mesh::config::{
    Document, Resource,
    osm::{Group, Retry},
};

use crate::{loaded, refused};

const WHOLE: &str = "
apiVersion: policy.openservicemesh.io/v1alpha1
kind: Retry
metadata: {name: retry, namespace: client}
spec:
  source: {kind: ServiceAccount, name: curl, namespace: client}
  destinations:
  - {kind: Service, name: httpbin, namespace: server}
  - {kind: Service, name: httpbin2}
  retryPolicy:
    retryOn: \"5xx,404\"
    perTryTimeout: 1s
    numRetries: 5
    retryBackoffBaseInterval: 250us
";

fn retry(document: &Document) -> &Retry {
    match &document.resource {
        Resource::Retry(retry) => retry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_is_read() {
    let documents = loaded(WHOLE);
    assert_eq!(documents[0].findings, []);
    let spec = retry(&documents[0]);
    let source = spec.source.as_ref().unwrap();
    assert_eq!(
        (&*source.kind, &*source.name, source.namespace.as_deref()),
        ("ServiceAccount", "curl", Some("client"))
    );
    assert_eq!((&*spec.destinations[0].name, spec.destinations[1].namespace.as_deref()), ("httpbin", None));
    let policy = spec.retry_policy.as_ref().unwrap();
    assert_eq!((policy.retry_on.as_deref(), policy.num_retries), (Some("5xx,404"), Some(5)));
    assert_eq!(policy.per_try_timeout.unwrap().to_string(), "1s");
    assert_eq!(policy.retry_backoff_base_interval.unwrap().nanos(), 250_000, "as fine as Go has it");
    let json = serde_json::to_string(spec).unwrap();
    assert_eq!(&serde_json::from_str::<Retry>(&json).unwrap(), spec);
}

#[test]
fn both_api_groups_spell_the_same_spec() {
    let (osm, fsm) = (loaded(WHOLE), loaded(&WHOLE.replace("openservicemesh", "flomesh")));
    assert_eq!(retry(&osm[0]), retry(&fsm[0]));
    assert_eq!((osm[0].group(), fsm[0].group()), (Some(Group::Osm), Some(Group::Fsm)));
}

#[test]
fn what_a_schema_requires_may_be_missing_but_not_a_name() {
    let (head, _) = WHOLE.split_once("spec:").unwrap();
    assert_eq!(retry(&loaded(&format!("{head}spec: {{}}\n"))[0]), &Retry::default());
    insta::assert_snapshot!(refused(&format!("{head}spec: {{source: {{kind: ServiceAccount, nam: x}}, retryPolicy: {{numRetries: -1}}}}\n")), @r"
    error: `source` lacks the required field `name`
      --> policy.yaml:5:16, spec.source
       |
     5 | spec: {source: {kind: ServiceAccount, nam: x}, retryPolicy: {numRetries: -1}}
       |                ^
       = hint: line 5 has `nam`: write `name`

    error: `numRetries` must be a whole number, found the number -1
      --> policy.yaml:5:74, spec.retryPolicy.numRetries
       |
     5 | spec: {source: {kind: ServiceAccount, nam: x}, retryPolicy: {numRetries: -1}}
       |                                                                          ^^
       = accepted: 0 to 4294967295
    ");
    assert!(refused(head).starts_with("error: the document lacks the required field `spec`"));
}

#[test]
fn another_version_and_unknown_fields_are_told() {
    insta::assert_snapshot!(refused(&WHOLE.replace("v1alpha1", "v1")), @r"
    error: `Retry` has no apiVersion `policy.openservicemesh.io/v1`
      --> policy.yaml:2:13, apiVersion
       |
     2 | apiVersion: policy.openservicemesh.io/v1
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = accepted: `policy.openservicemesh.io/v1alpha1`, `policy.flomesh.io/v1alpha1`
    ");
    let documents = loaded(&WHOLE.replace("numRetries", "num_retries"));
    assert!(documents[0].findings[0].to_string().ends_with("did you mean `numRetries`?"));
}
