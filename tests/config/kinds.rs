//! Which documents are read, and what is said of those that nearly are.

use tower_mesh::config::{FindingKind, Resource};

use crate::{istio, loaded, refused};

fn resource(api_version: &str, kind: &str, spec: &str) -> Resource {
    loaded(&format!("apiVersion: {api_version}\nkind: {kind}\nspec: {spec}\n"))[0].resource.clone()
}

#[test]
fn all_versions_of_istios_group_spell_the_same() {
    for version in ["v1", "v1beta1", "v1alpha3", "v2"] {
        let api_version = format!("networking.istio.io/{version}");
        assert!(matches!(
            resource(&api_version, "DestinationRule", "{host: a}"),
            Resource::DestinationRule(_)
        ));
        assert!(matches!(
            resource(&api_version, "VirtualService", "{hosts: [a]}"),
            Resource::VirtualService(_)
        ));
        assert!(matches!(resource(&api_version, "Gateway", "{servers: []}"), Resource::Gateway(_)));
        assert!(matches!(resource(&api_version, "ServiceEntry", "{hosts: [a]}"), Resource::ServiceEntry(_)));
        assert!(matches!(resource(&api_version, "WorkloadEntry", "{weight: 1}"), Resource::WorkloadEntry(_)));
        assert!(matches!(resource(&api_version, "WorkloadGroup", "{probe: {}}"), Resource::WorkloadGroup(_)));
    }
}

#[test]
fn a_wrong_group_is_told_with_the_right_one() {
    let text = istio("DestinationRule", "{host: a}").replace("networking.istio.io", "istio.io");
    insta::assert_snapshot!(refused(&text), @r"
    error: `DestinationRule` has no apiVersion `istio.io/v1`
      --> policy.yaml:1:13, apiVersion
       |
     1 | apiVersion: istio.io/v1
       |             ^^^^^^^^^^^
       = accepted: `networking.istio.io/v1`, `networking.istio.io/v1beta1`, `networking.istio.io/v1alpha3`
    ");
    for group in ["v1alpha3", "network.istio.io/v1", "networking.istio.io", "config.istio.io/v1alpha2"] {
        let text = istio("VirtualService", "{hosts: [a]}").replace("networking.istio.io/v1", group);
        assert!(
            refused(&text).starts_with(&format!("error: `VirtualService` has no apiVersion `{group}`")),
            "{group}"
        );
    }
    for group in ["istio.io/v1", "network.istio.io/v1", "networking.istio.oi/v1"] {
        let text = istio("Gateway", "{servers: []}").replace("networking.istio.io/v1", group);
        assert!(
            refused(&text).starts_with(&format!("error: `Gateway` has no apiVersion `{group}`")),
            "{group}"
        );
    }
    for group in ["v1", "istio.io/v1", "example.org/v1"] {
        for kind in ["ServiceEntry", "WorkloadEntry", "WorkloadGroup"] {
            let text = istio(kind, "{}").replace("networking.istio.io/v1", group);
            let told = format!("error: `{kind}` has no apiVersion `{group}`");
            assert!(refused(&text).starts_with(&told), "{group}");
        }
    }
}

#[test]
fn kinds_of_the_same_name_elsewhere_are_others() {
    for (api_version, kind) in [
        ("appmesh.k8s.aws/v1beta2", "VirtualService"),
        ("gateway.solo.io/v1", "VirtualService"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1beta1", "Gateway"),
        ("gateway.solo.io/v1", "Gateway"),
        ("v1", "Gateway"),
        ("serving.knative.dev/v1", "Service"),
        ("example.org/v1", "Retry"),
    ] {
        assert_eq!(resource(api_version, kind, "{ports: x}"), Resource::Other, "{api_version}");
    }
}

#[test]
fn a_spec_is_required() {
    for kind in
        ["DestinationRule", "VirtualService", "Gateway", "ServiceEntry", "WorkloadEntry", "WorkloadGroup"]
    {
        for spec in ["", "~"] {
            assert!(
                refused(&istio(kind, spec))
                    .starts_with("error: the document lacks the required field `spec`")
            );
        }
    }
}

#[test]
fn routes_under_the_name_of_a_rule_are_recognised() {
    let text =
        istio("DestinationRule", "{hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}");
    insta::assert_snapshot!(refused(&text), @r"
    error: a `DestinationRule` has no `hosts`, `http`; a `VirtualService` has
      --> policy.yaml:2:7, kind
       |
     2 | kind: DestinationRule
       |       ^^^^^^^^^^^^^^^
       = hint: write `kind: VirtualService`
    ");
}

#[test]
fn a_rule_under_the_name_of_routes_is_recognised() {
    let text = istio("VirtualService", "{host: reviews, subsets: [{name: v1}]}");
    insta::assert_snapshot!(refused(&text), @r"
    error: a `VirtualService` has no `host`, `subsets`; a `DestinationRule` has
      --> policy.yaml:2:7, kind
       |
     2 | kind: VirtualService
       |       ^^^^^^^^^^^^^^
       = hint: write `kind: DestinationRule`
    ");
}

#[test]
fn a_kind_is_recognised_by_the_fields_that_only_it_has() {
    for (kind, spec, meant) in [
        ("DestinationRule", "{hosts: [a.b], ports: [{number: 80}], resolution: DNS}", "ServiceEntry"),
        ("VirtualService", "{selector: {istio: x}, servers: [{hosts: [a]}]}", "Gateway"),
        ("Gateway", "{hosts: [a], http: [{timeout: 1s}]}", "VirtualService"),
        ("Gateway", "{hosts: [a.b]}", "VirtualService"),
        ("ServiceEntry", "{host: a, trafficPolicy: {}}", "DestinationRule"),
        ("ServiceEntry", "{servers: []}", "Gateway"),
        ("ServiceEntry", "{address: 1.1.1.1, labels: {app: a}}", "WorkloadEntry"),
        ("WorkloadGroup", "{locality: a/b}", "WorkloadEntry"),
        ("ServiceEntry", "{network: n}", "WorkloadEntry"),
        ("DestinationRule", "{weight: 1}", "WorkloadEntry"),
        ("Gateway", "{serviceAccount: a}", "WorkloadEntry"),
        ("WorkloadEntry", "{probe: {}}", "WorkloadGroup"),
        ("WorkloadEntry", "{metadata: {}, template: {address: 1.1.1.1}}", "WorkloadGroup"),
        ("WorkloadEntry", "{hosts: [a.b], resolution: DNS}", "ServiceEntry"),
        ("VirtualService", "{ports: []}", "ServiceEntry"),
    ] {
        let told = refused(&istio(kind, spec));
        assert!(told.contains(&format!("= hint: write `kind: {meant}`")), "{told}");
    }
    for (kind, spec) in [
        ("ServiceEntry", "{hosts: [a.b], http: []}"),
        ("Gateway", "{servers: [], hosts: [a]}"),
        ("Gateway", "{}"),
        ("ServiceEntry", "{exportTo: [.]}"),
        ("WorkloadEntry", "{labels: {app: a}, ports: {http: 80}}"),
        ("WorkloadGroup", "{metadata: {}}"),
    ] {
        assert_ne!(resource("networking.istio.io/v1", kind, spec), Resource::Other, "{kind} {spec}");
    }
}

#[test]
fn one_wrong_field_does_not_make_another_kind() {
    let documents = loaded(&istio("DestinationRule", "{host: a, gateways: [mesh]}"));
    assert_eq!(documents[0].findings[0].path, "spec.gateways");
    assert!(
        refused(&istio("DestinationRule", "{trafficPolicy: {}, hosts: [a]}"))
            .contains("line 3 has `hosts`: write `host`")
    );
}

#[test]
fn a_kind_that_is_nearly_known_is_told() {
    for (api_version, kind, meant) in [
        ("networking.istio.io/v1", "DestinationRules", "DestinationRule"),
        ("networking.istio.io/v1", "virtualService", "VirtualService"),
        ("networking.istio.io/v1", "Gateways", "Gateway"),
        ("networking.istio.io/v1", "serviceEntries", "ServiceEntry"),
        ("networking.istio.io/v1", "workloadentry", "WorkloadEntry"),
        ("networking.istio.io/v1", "WorkloadGroups", "WorkloadGroup"),
        ("discovery.k8s.io/v1", "EndpointSlices", "EndpointSlice"),
        ("policy.flomesh.io/v1alpha1", "retry", "Retry"),
        ("v1", "service", "Service"),
    ] {
        let documents = loaded(&format!("apiVersion: {api_version}\nkind: {kind}\nspec: {{}}\n"));
        let FindingKind::UnknownKind { nearest, .. } = documents[0].findings[0].kind else {
            panic!("{kind}")
        };
        assert_eq!(nearest, meant);
    }
    for (api_version, kind) in [
        ("networking.istio.io/v1", "Sidecar"),
        ("networking.istio.io/v1", "EnvoyFilter"),
        ("networking.istio.io/v1", "ProxyConfig"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "Gateways"),
        ("v1", "ServiceAccount"),
        ("v1", "Endpoints"),
        ("v1", "Node"),
        ("v1", "Secret"),
        ("apps/v1", "service"),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nspec: {{}}\n");
        assert_eq!(loaded(&text)[0].findings, [], "{kind}");
    }
}

#[test]
fn what_stands_beside_the_spec_is_known_or_told() {
    let text = istio("VirtualService", "{hosts: [a]}") + "status: {}\nhttp: []\n";
    let documents = loaded(&text);
    assert_eq!(documents[0].findings.iter().map(|finding| &*finding.path).collect::<Vec<_>>(), ["http"]);
}
