//! `Gateway` and `ServiceEntry` as they are spelled: what is at the mesh's edges.

use tower_mesh::config::{
    FindingKind, Resource, from_yaml,
    istio::{Gateway, Location, Resolution, ServiceEntry},
};

use crate::{
    istio,
    istio_fields::{ENTRY, GATEWAY, read},
    loaded, refused,
};

#[test]
fn every_field_of_a_gateway_lands_where_it_belongs() {
    let gateway: Gateway = read(GATEWAY);
    assert_eq!(gateway.selector["istio"], "ingressgateway");
    let server = &gateway.servers[0];
    let port = server.port.as_ref().unwrap();
    assert_eq!((port.number, port.target_port), (Some(443), Some(8443)));
    assert_eq!((port.name.as_deref(), port.protocol.as_deref()), (Some("https"), Some("HTTPS")));
    assert_eq!(server.hosts, ["*.bookinfo.com", "prod/*"]);
    assert_eq!((server.name.as_deref(), server.bind.as_deref()), (Some("edge"), Some("0.0.0.0")));
    assert!(server.tls.is_some() && server.default_endpoint.is_some());
}

#[test]
fn every_field_of_an_entry_lands_where_it_belongs() {
    let entry: ServiceEntry = read(ENTRY);
    assert_eq!((&*entry.hosts[0], &*entry.addresses[1]), ("*.bing.com", "10.0.0.0/8"));
    let port = &entry.ports[0];
    assert_eq!((port.number, port.target_port), (Some(80), Some(8080)));
    assert_eq!((port.name.as_deref(), port.protocol.as_deref()), (Some("http"), Some("HTTP")));
    assert_eq!(
        (entry.location, entry.resolution),
        (Some(Location::MeshInternal), Some(Resolution::DnsRoundRobin))
    );
    let [endpoint, socket] = &*entry.endpoints.unwrap() else { panic!() };
    assert_eq!((endpoint.ports["http"], &*endpoint.labels["version"]), (8080, "v1"));
    assert_eq!(socket.address.as_deref(), Some("unix:///run/app.sock"));
    assert_eq!(entry.workload_selector.unwrap().labels["app"], "a");
    assert_eq!((&*entry.export_to[0], entry.subject_alt_names.len()), ("*", 1));
}

#[test]
fn enums_of_an_entry_are_names_or_numbers() {
    let location = |value: &str| read::<ServiceEntry>(&format!("location: {value}")).location;
    for (number, name, variant) in
        [("0", "MESH_EXTERNAL", Location::MeshExternal), ("1", "MESH_INTERNAL", Location::MeshInternal)]
    {
        assert_eq!((location(number), location(name)), (Some(variant), Some(variant)));
    }
    let resolution = |value: &str| read::<ServiceEntry>(&format!("resolution: {value}")).resolution;
    for (number, name, variant) in [
        ("0", "NONE", Resolution::None),
        ("1", "STATIC", Resolution::Static),
        ("2", "DNS", Resolution::Dns),
        ("3", "DNS_ROUND_ROBIN", Resolution::DnsRoundRobin),
        ("4", "DYNAMIC_DNS", Resolution::DynamicDns),
    ] {
        assert_eq!((resolution(number), resolution(name)), (Some(variant), Some(variant)));
    }
    assert_eq!(resolution("~"), None);
    for wrong in ["location: 2", "resolution: 5", "resolution: none", "resolution: [DNS]"] {
        assert!(from_yaml::<ServiceEntry>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn null_items_are_empty_ones() {
    assert_eq!(read::<Gateway>("servers: [~]").servers.len(), 1);
    assert_eq!(read::<ServiceEntry>("{ports: [~], endpoints: ~}").ports[0].number, None);
    let endpoints = |text: &str| read::<ServiceEntry>(text).endpoints.map(|endpoints| endpoints.len());
    assert_eq!((endpoints("endpoints: [~]"), endpoints("endpoints: []")), (Some(1), Some(0)));
    assert_eq!(endpoints("endpoints: ~"), None);
    assert_eq!(
        (read::<Gateway>("{selector: ~, servers: ~}"), read::<ServiceEntry>("{}")),
        (Gateway::default(), ServiceEntry::default())
    );
}

#[test]
fn wrong_values_are_told_with_their_places() {
    insta::assert_snapshot!(refused(&istio("Gateway", "\n  selector: istio\n  servers:\n  - {port: 80, hosts: \"*\"}\n  - port: {number: 65536}")), @r#"
    error: `selector` must be a mapping, found the text "istio"
      --> policy.yaml:4:13, spec.selector
       |
     4 |   selector: istio
       |             ^^^^^

    error: `port` must be a mapping, found the number 80
      --> policy.yaml:6:12, spec.servers[0].port
       |
     6 |   - {port: 80, hosts: "*"}
       |            ^^

    error: `hosts` must be a list, found the text "*"
      --> policy.yaml:6:23, spec.servers[0].hosts
       |
     6 |   - {port: 80, hosts: "*"}
       |                       ^^^
       = hint: write `["*"]`

    error: `number` must be a whole number, found the number 65536
      --> policy.yaml:7:20, spec.servers[1].port.number
       |
     7 |   - port: {number: 65536}
       |                    ^^^^^
       = accepted: 0 to 65535
    "#);
    insta::assert_snapshot!(refused(&istio("ServiceEntry", "\n  hosts: baidu.com\n  ports: [{number: http}]\n  location: mesh_internal\n  resolution: 7")), @r#"
    error: `hosts` must be a list, found the text "baidu.com"
      --> policy.yaml:4:10, spec.hosts
       |
     4 |   hosts: baidu.com
       |          ^^^^^^^^^
       = hint: write `["baidu.com"]`

    error: `number` must be a whole number, found the text "http"
      --> policy.yaml:5:20, spec.ports[0].number
       |
     5 |   ports: [{number: http}]
       |                    ^^^^
       = accepted: 0 to 65535

    error: `location` cannot be the text "mesh_internal"
      --> policy.yaml:6:13, spec.location
       |
     6 |   location: mesh_internal
       |             ^^^^^^^^^^^^^
       = accepted: `MESH_EXTERNAL`, `MESH_INTERNAL`
       = hint: did you mean `MESH_INTERNAL`?

    error: `resolution` cannot be the number 7
      --> policy.yaml:7:15, spec.resolution
       |
     7 |   resolution: 7
       |               ^
       = accepted: `NONE`, `STATIC`, `DNS`, `DNS_ROUND_ROBIN`, `DYNAMIC_DNS`
    "#);
}

#[test]
fn a_slip_in_a_field_is_told() {
    let documents =
        loaded(&istio("ServiceEntry", "{hosts: [a.b], address: [1.1.1.1], ports: [{nmae: http}]}"));
    let told: Vec<_> = documents[0].findings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    policy.yaml:3:22, spec.address: the field `address` is unknown here; did you mean `addresses`?
    policy.yaml:3:51, spec.ports[0].nmae: the field `nmae` is unknown here; did you mean `name`?
    ");
    let documents = loaded(&istio("Gateway", "{servers: [{port: {number: 80}, host: [a]}]}"));
    let FindingKind::UnknownField { nearest, .. } = documents[0].findings[0].kind else { panic!() };
    assert_eq!(nearest, Some("hosts"));
    let Resource::Gateway(gateway) = &documents[0].resource else { panic!("{:?}", documents[0].resource) };
    assert_eq!(gateway.servers[0].port.as_ref().unwrap().number, Some(80));
}
