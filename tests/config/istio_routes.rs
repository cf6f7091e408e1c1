//! `VirtualService` as it is spelled: conditions, places, and what else becomes of a request.

use tower_mesh::config::{
    FindingKind, from_yaml,
    istio::{
        CorsPolicy, DerivePort, Destination, HttpMatch, HttpRoute, L4Match, Redirect, StringMatch, TlsRoute,
        UnmatchedPreflights, VirtualService,
    },
};

use crate::{
    istio,
    istio_fields::{ROUTES, read},
    loaded, route,
};

fn exact(text: &str) -> StringMatch {
    read(&format!("exact: {text}"))
}

#[test]
fn every_field_of_a_route_lands_where_it_belongs() {
    let routes: VirtualService = read(ROUTES);
    let route = &routes.http[0];
    let condition = &route.matches[0];
    assert_eq!(condition.name.as_deref(), Some("from-a-browser"));
    assert_eq!(condition.uri.as_ref().unwrap().prefix.as_deref(), Some("/"));
    assert_eq!(condition.scheme, Some(exact("https")));
    assert_eq!(condition.method.as_ref().unwrap().regex.as_deref(), Some("GET|HEAD"));
    assert_eq!(condition.authority, Some(exact("\"reviews:9080\"")));
    assert_eq!(condition.headers["end-user"], exact("jason"));
    assert_eq!(condition.without_headers["x-user"].prefix.as_deref(), Some("test-"));
    assert_eq!(condition.query_params["id"].regex.as_deref(), Some(r"\d+$"));
    assert_eq!((condition.ignore_uri_case, condition.port), (Some(true), Some(80)));
    assert_eq!(condition.source_labels["app"], "productpage");
    assert_eq!(condition.source_namespace.as_deref(), Some("default"));
    assert_eq!(
        (&*condition.gateways, condition.stat_prefix.as_deref()),
        (&["mesh".into()][..], Some("jason"))
    );

    let headers = route.route[0].headers.as_ref().unwrap();
    assert_eq!(headers.request.as_ref().unwrap().set["a"], "b");
    let headers = route.headers.as_ref().unwrap().response.as_ref().unwrap();
    assert_eq!((&*headers.set["x"], &*headers.add["x"], &*headers.remove), ("w", "v", &["z".into()][..]));
    let redirect = route.redirect.as_ref().unwrap();
    assert_eq!((redirect.uri.as_deref(), redirect.prefix_rewrite.as_deref()), (Some("/x"), Some("/y")));
    assert_eq!((redirect.port, redirect.derive_port), (Some(443), Some(DerivePort::FromRequestPort)));
    assert_eq!((redirect.redirect_code, redirect.scheme.as_deref()), (Some(308), Some("https")));
    let direct = route.direct_response.as_ref().unwrap();
    let body = direct.body.as_ref().unwrap();
    assert_eq!(
        (direct.status, body.string.as_deref(), body.bytes.as_deref()),
        (Some(503), Some("full"), Some("ZnVsbA=="))
    );
    let delegate = route.delegate.as_ref().unwrap();
    assert_eq!((delegate.name.as_deref(), delegate.namespace.as_deref()), (Some("reviews"), Some("prod")));
    let rewrite = route.rewrite.as_ref().unwrap();
    let regex = rewrite.uri_regex_rewrite.as_ref().unwrap();
    assert_eq!((regex.matches.as_deref(), regex.rewrite.as_deref()), (Some("^/v1/(.*)"), Some(r"/\1")));
    assert_eq!(route.mirror.as_ref().unwrap().subset.as_deref(), Some("v1"));
    let mirror = &route.mirrors[0];
    assert_eq!(mirror.destination.as_ref().unwrap().port.unwrap().number, Some(80));
    assert_eq!((mirror.percentage.unwrap().value, route.mirror_percent), (Some(1.5), Some(10)));
    assert_eq!(route.mirror_percentage.unwrap().value, Some(10.5));
    let cors = route.cors_policy.as_ref().unwrap();
    assert_eq!((&cors.allow_origins[0], &*cors.allow_origin[0]), (&exact("\"*\""), "https://example.com"));
    assert_eq!(cors.max_age.unwrap().to_string(), "24h0m0s");
    assert_eq!(
        (cors.allow_credentials, cors.unmatched_preflights),
        (Some(false), Some(UnmatchedPreflights::Ignore))
    );
    assert_eq!((&*routes.tls[0].matches[0].sni_hosts[0], routes.tcp[0].matches[0].port), ("a", Some(3306)));
    assert_eq!(routes.tcp[0].route[0].destination.host, "b");
}

#[test]
fn a_condition_that_is_null_or_empty_is_met_by_all() {
    let empty = [HttpMatch::default()];
    for text in ["match: [null]", "match: [~]", "match: [{}]", "match:\n-"] {
        assert_eq!(read::<HttpRoute>(text).matches, empty, "{text}");
    }
    assert!(read::<HttpRoute>("match: ~").matches.is_empty());
    assert_eq!(read::<VirtualService>("{tls: [~, {match: [~]}], tcp: [~]}").tls.len(), 2);
    assert_eq!(read::<TlsRoute>("match: [~]").matches.len(), 1);
}

#[test]
fn a_header_that_is_null_or_empty_must_be_there() {
    let read =
        read::<HttpMatch>("headers: {a: null, b: ~, c:, d: {}, e: {exact: ~}}\nwithout_headers: {x: }");
    assert_eq!(read.headers.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    assert!(
        read.headers
            .values()
            .chain(read.without_headers.values())
            .all(|text| *text == StringMatch::default())
    );
    assert!(
        self::read::<HttpMatch>("{headers: ~, without_headers: ~, query_params: ~}") == HttpMatch::default()
    );
    let empty: StringMatch = self::read("exact: \"\"");
    assert_eq!(empty.exact.as_deref(), Some(""), "an empty text is a text");
}

#[test]
fn a_place_that_is_null_has_no_destination() {
    assert_eq!(read::<HttpRoute>("mirrors: [~, {}]").mirrors.len(), 2);
    assert_eq!(read::<HttpRoute>("mirrors: [{}]").mirrors[0].destination, None);
    assert_eq!(read::<HttpRoute>("{mirror: ~, redirect: ~, direct_response: ~}"), HttpRoute::default());
    assert_eq!(
        read::<HttpRoute>("redirect: {}").redirect,
        Some(Redirect::default()),
        "an empty block is a block"
    );
}

#[test]
fn names_of_headers_and_labels_are_not_fields() {
    let documents =
        loaded(&route("match: [{headers: {x_request_id: {}}, sourceLabels: {my_app: a, my-app: b}}]"));
    assert_eq!(documents[0].findings, []);
    let route: HttpRoute = read("headers: {request: {set: {max_connections: a}}}");
    assert_eq!(route.headers.unwrap().request.unwrap().set["max_connections"], "a");
}

#[test]
fn both_ways_to_say_a_text_are_kept_for_the_floor_above_to_judge() {
    let text: StringMatch = read("{exact: a, prefix: b, regex: c}");
    assert_eq!(
        (text.exact.as_deref(), text.prefix.as_deref(), text.regex.as_deref()),
        (Some("a"), Some("b"), Some("c"))
    );
}

#[test]
fn enums_of_routes_are_names_or_numbers() {
    let port = |value: &str| read::<Redirect>(&format!("derivePort: {value}")).derive_port;
    for (number, name, variant) in [
        ("0", "FROM_PROTOCOL_DEFAULT", DerivePort::FromProtocolDefault),
        ("1", "FROM_REQUEST_PORT", DerivePort::FromRequestPort),
    ] {
        assert_eq!((port(number), port(name)), (Some(variant), Some(variant)));
    }
    let preflights =
        |value: &str| read::<CorsPolicy>(&format!("unmatchedPreflights: {value}")).unmatched_preflights;
    for (number, name, variant) in [
        ("0", "UNSPECIFIED", UnmatchedPreflights::Unspecified),
        ("1", "FORWARD", UnmatchedPreflights::Forward),
        ("2", "IGNORE", UnmatchedPreflights::Ignore),
    ] {
        assert_eq!((preflights(number), preflights(name)), (Some(variant), Some(variant)));
    }
    for wrong in ["derivePort: 2", "derivePort: from_request_port", "derivePort: true"] {
        assert!(from_yaml::<Redirect>(wrong).is_err(), "{wrong}");
    }
    assert!(from_yaml::<CorsPolicy>("unmatchedPreflights: 3").is_err());
}

#[test]
fn a_text_that_looks_like_something_else_is_read_and_told() {
    let documents = loaded(&route(
        "match: [{headers: {x-retry: {exact: 1}}}], headers: {request: {set: {x-debug: true}, remove: [5]}}",
    ));
    let told: Vec<_> = documents[0].findings.iter().map(|finding| (&*finding.path, &finding.kind)).collect();
    assert_eq!(
        told,
        [
            ("spec.http[0].match[0].headers.x-retry.exact", &FindingKind::UnquotedText),
            ("spec.http[0].headers.request.set.x-debug", &FindingKind::UnquotedText),
            ("spec.http[0].headers.request.remove[0]", &FindingKind::UnquotedText),
        ]
    );
}

#[test]
fn fields_that_were_dropped_long_ago_are_unknown() {
    let dropped = [
        "websocketUpgrade: true",
        "appendHeaders: {a: b}",
        "removeResponseHeaders: {a: b}",
        "appendResponseHeaders: {a: b}",
        "removeRequestHeaders: [a]",
        "appendRequestHeaders: {a: b}",
    ];
    let route = format!("\n  hosts: [a]\n  http: [{{{}}}]", dropped.join(", "));
    let documents = loaded(&istio("VirtualService", &route));
    let unknown = |finding: &_| matches!(finding, FindingKind::UnknownField { .. });
    assert_eq!(documents[0].findings.len(), dropped.len());
    assert!(documents[0].findings.iter().all(|finding| unknown(&finding.kind)));
}

#[test]
fn a_routes_value_is_found_by_its_path() {
    let documents = loaded(&route(
        "match: [{headers: {x.y: {prefix: /a}, end-user: ~}}], redirect: {prefix_rewrite: /b}",
    ));
    let at = |path: &str| documents[0].locate(path).map(|at| at.column());
    assert_eq!(at("spec.http[0].match[0].headers[\"x.y\"].prefix"), Some(39));
    assert_eq!(at("spec.http[0].match[0].headers.end-user"), Some(44));
    assert_eq!(at("spec.http[0].redirect.prefixRewrite"), Some(87));
}

#[test]
fn a_route_that_says_nothing_is_written_as_nothing() {
    for json in [
        serde_json::to_string(&HttpRoute::default()),
        serde_json::to_string(&HttpMatch::default()),
        serde_json::to_string(&L4Match::default()),
        serde_json::to_string(&CorsPolicy::default()),
    ] {
        assert_eq!(json.unwrap(), "{}");
    }
    assert_eq!(serde_json::to_string(&Destination::default()).unwrap(), r#"{"host":""}"#);
}
