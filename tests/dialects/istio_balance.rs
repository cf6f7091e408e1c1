//! Istio's `loadBalancer`: who is picked, by which key, and how new endpoints begin.

use insta::assert_snapshot;
use tower_mesh::{
    Endpoint,
    mesh::{Code, DefaultBalancing, Era, MeshBuilder},
};

use crate::{
    istio::{rule, slips, told},
    lints,
    osm::{load, mesh},
};

const BALANCE: [&str; 1] = ["balance"];

fn balanced(block: &str) -> String {
    rule(&format!("{{loadBalancer: {{{block}}}}}"))
}

/// What the plan says of it.
fn says(block: &str) -> String {
    told(&balanced(block), &BALANCE)
}

fn with_endpoints(text: &str) -> MeshBuilder {
    let endpoints = ["10.0.0.1:80", "10.0.0.2:80"].map(|one| one.parse::<Endpoint>().expect("an endpoint"));
    endpoints.into_iter().fold(load(text), |mesh, one| mesh.endpoint("reviews", one))
}

fn notes(block: &str) -> String {
    let mesh = with_endpoints(&balanced(block)).build().expect("it means something");
    let line = |fix: &Option<String>| fix.as_ref().map_or_else(String::new, |fix| format!("  fix: {fix}\n"));
    mesh.notes().iter().map(|note| format!("{} {note}\n{}", note.code, line(&note.fix))).collect()
}

#[test]
fn the_one_of_two_with_fewer_requests_is_picked_where_nobody_says() {
    // What is so anyway is no station.
    for block in ["", "simple: UNSPECIFIED", "simple: LEAST_REQUEST", "simple: LEAST_CONN", "simple: 5"] {
        assert_eq!(says(block), "", "{block}");
    }
    assert_snapshot!(says("simple: ROUND_ROBIN"), @"3. balance per port: one after another");
    assert_snapshot!(says("simple: RANDOM"), @"3. balance per port: any, by chance");
    assert_snapshot!(says("simple: PASSTHROUGH"), @"3. balance per port: nobody: requests go where their caller sends them");
}

#[test]
fn in_an_old_era_it_is_one_after_another() {
    let plan = |block: &str, era: Era| {
        let plan = load(&balanced(block)).era(era).build().expect("it means something").plan().to_string();
        plan.lines()
            .filter(|line| line.contains("balance"))
            .map(|line| format!("{}\n", line.trim()))
            .collect::<String>()
    };
    assert_snapshot!(plan("", Era::V1_5), @"3. balance per port: one after another");
    assert_snapshot!(plan("simple: UNSPECIFIED", Era::V1_5), @"3. balance per port: one after another");
    assert_eq!(plan("simple: LEAST_CONN", Era::V1_5), "");
    assert_eq!(plan("", Era::V1_14), "");
    let mut era = Era::CURRENT;
    era.default_balancing = DefaultBalancing::RoundRobin;
    assert_eq!(plan("", era), plan("", Era::V1_5));
}

#[test]
fn old_words_are_read_and_told() {
    assert_snapshot!(notes("simple: LEAST_CONN"), @r"
    TM004 policy.yaml:6:42 spec.trafficPolicy.loadBalancer.simple: an old word for `LEAST_REQUEST`
      fix: write `LEAST_REQUEST`
    ");
    assert_snapshot!(notes("warmupDurationSecs: 30s"), @r"
    TM004 policy.yaml:6:54 spec.trafficPolicy.loadBalancer.warmupDurationSecs: an old word for `warmup.duration`
      fix: write `warmup: {duration: 30s}`
    ");
    assert_snapshot!(notes("consistentHash: {useSourceIp: true, minimumRingSize: 4096}"), @r"
    TM004 policy.yaml:6:87 spec.trafficPolicy.loadBalancer.consistentHash.minimumRingSize: an old word, read as `ringHash: {minimumRingSize: 4096}`
      fix: write `ringHash: {minimumRingSize: 4096}`
    ");
    assert_snapshot!(notes("consistentHash: {useSourceIp: true, minimumRingSize: 4096, maglev: {}}"), @"TM003 policy.yaml:6:87 spec.trafficPolicy.loadBalancer.consistentHash.minimumRingSize: has no effect beside an algorithm");
    assert_snapshot!(notes("warmup: {duration: 10s}, warmupDurationSecs: 30s"), @"TM003 policy.yaml:6:79 spec.trafficPolicy.loadBalancer.warmupDurationSecs: has no effect beside `warmup`");
}

#[test]
fn a_key_decides_on_a_ring_or_in_a_table() {
    assert_snapshot!(says("consistentHash: {httpHeaderName: End-User}"), @"3. balance per port: by a key, on a ring of 1024 places or more (header end-user)");
    assert_snapshot!(says("consistentHash: {useSourceIp: true, ringHash: {}}"), @"3. balance per port: by a key, on a ring of 1024 places or more (source address)");
    assert_snapshot!(says("consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 0}}"), @"3. balance per port: by a key, on a ring of 1024 places or more (source address)");
    assert_snapshot!(says("consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 2048}}"), @"3. balance per port: by a key, on a ring of 2048 places or more (source address)");
    assert_snapshot!(says("consistentHash: {useSourceIp: true, minimumRingSize: 4096}"), @"3. balance per port: by a key, on a ring of 4096 places or more (source address)");
    assert_snapshot!(says("consistentHash: {useSourceIp: true, ringHash: {}, minimumRingSize: 4096}"), @"3. balance per port: by a key, on a ring of 1024 places or more (source address)");
    assert_snapshot!(says("consistentHash: {httpQueryParameterName: user, maglev: {}}"), @"3. balance per port: by a key, in a table of 65537 places (query parameter user)");
    assert_snapshot!(says("consistentHash: {httpQueryParameterName: user, maglev: {tableSize: 307}}"), @"3. balance per port: by a key, in a table of 307 places (query parameter user)");
    assert_snapshot!(says("consistentHash: {httpCookie: {name: user}}"), @"3. balance per port: by a key, on a ring of 1024 places or more (cookie user)");
    let made = "consistentHash: {httpCookie: {name: user, path: /, ttl: 0s, attributes: [{name: SameSite, value: Lax}, {name: Secure}]}}";
    assert_snapshot!(says(made), @"3. balance per port: by a key, on a ring of 1024 places or more (cookie user, made where it is missing)");
    assert_eq!(notes(made), "");
}

#[test]
fn without_a_key_it_is_chance_and_told() {
    assert_snapshot!(notes("consistentHash: {}"), @r"
    TM506 policy.yaml:6:34 spec.trafficPolicy.loadBalancer.consistentHash: no key is set: each request goes anywhere, by chance
      fix: set one of `httpHeaderName`, `httpCookie`, `useSourceIp` and `httpQueryParameterName`, or a `simple` load balancer
    ");
    assert_snapshot!(notes("consistentHash: {useSourceIp: false, maglev: {}}"), @r"
    TM506 policy.yaml:6:34 spec.trafficPolicy.loadBalancer.consistentHash: no key is set: each request goes anywhere, by chance
      fix: set one of `httpHeaderName`, `httpCookie`, `useSourceIp` and `httpQueryParameterName`, or a `simple` load balancer
    ");
    assert_snapshot!(says("consistentHash: {}"), @"3. balance per port: by a key, on a ring of 1024 places or more (there is none: any, by chance)");
    assert_snapshot!(notes("consistentHash: {httpHeaderName: \":path\"}"), @"TM002 policy.yaml:6:67 spec.trafficPolicy.loadBalancer.consistentHash.httpHeaderName: read, not applied: `:path` is no header here, so requests go anywhere");
}

#[test]
fn what_excludes_each_other_and_what_means_nothing_is_refused() {
    for (block, message) in [
        (
            "simple: RANDOM, consistentHash: {useSourceIp: true}",
            "consistentHash: `consistentHash` cannot be set beside `simple`",
        ),
        (
            "consistentHash: {useSourceIp: true, httpHeaderName: a}",
            "consistentHash.useSourceIp: `useSourceIp` cannot be set beside `httpHeaderName`",
        ),
        (
            "consistentHash: {useSourceIp: true, ringHash: {}, maglev: {}}",
            "consistentHash.maglev: `maglev` cannot be set beside `ringHash`",
        ),
        (
            "consistentHash: {httpHeaderName: \"a b\"}",
            "consistentHash.httpHeaderName: `httpHeaderName` cannot be `a b`",
        ),
        (
            "consistentHash: {httpHeaderName: \"\"}",
            "consistentHash.httpHeaderName: `httpHeaderName` cannot be empty",
        ),
        (
            "consistentHash: {httpQueryParameterName: \"\"}",
            "consistentHash.httpQueryParameterName: `httpQueryParameterName` cannot be empty",
        ),
        (
            "consistentHash: {httpCookie: {ttl: 1s}}",
            "consistentHash.httpCookie.name: `httpCookie.name` cannot be empty",
        ),
        (
            "consistentHash: {httpCookie: {name: a, path: \"/;b\"}}",
            "consistentHash.httpCookie.path: `httpCookie.path` cannot be `/;b`",
        ),
        (
            "consistentHash: {httpCookie: {name: a, attributes: [{value: Lax}]}}",
            "consistentHash.httpCookie.attributes: `httpCookie.attributes` cannot be `=Lax`",
        ),
        (
            "consistentHash: {useSourceIp: true, maglev: {tableSize: 1024}}",
            "consistentHash.maglev.tableSize: `maglev.tableSize` cannot be 1024",
        ),
        (
            "consistentHash: {useSourceIp: true, maglev: {tableSize: 0}}",
            "consistentHash.maglev.tableSize: `maglev.tableSize` cannot be 0",
        ),
        (
            "consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 8388609}}",
            "consistentHash.ringHash.minimumRingSize: `ringHash.minimumRingSize` cannot be 8388609",
        ),
        ("warmup: {minimumPercent: 20}", "warmup.duration: `warmup.duration` cannot be absent"),
        (
            "warmup: {duration: 1s, minimumPercent: 101}",
            "warmup.minimumPercent: `warmup.minimumPercent` cannot be 101",
        ),
        ("warmup: {duration: 1s, aggression: 0}", "warmup.aggression: `warmup.aggression` cannot be 0"),
        ("simple: RANDOM, warmup: {}", "warmup.duration: `warmup.duration` cannot be absent"),
    ] {
        assert_eq!(
            slips(&balanced(block)),
            format!("spec.trafficPolicy.loadBalancer.{message}\n"),
            "{block}"
        );
    }
    // Both are told at once.
    let two = "consistentHash: {useSourceIp: true, httpHeaderName: a, ringHash: {}, maglev: {}}";
    assert_eq!(slips(&balanced(two)).lines().count(), 2);
}

#[test]
fn new_endpoints_begin_with_less_where_that_is_known() {
    assert_snapshot!(says("warmup: {duration: 30s}"), @"3. balance per port: the one of two with fewer requests; new ones little by little, over 30s");
    assert_snapshot!(says("simple: ROUND_ROBIN, warmupDurationSecs: 1m"), @"3. balance per port: one after another; new ones little by little, over 1m");
    assert_eq!(says("simple: RANDOM, warmup: {duration: 30s}"), says("simple: RANDOM"));
    assert_snapshot!(notes("simple: RANDOM, warmup: {duration: 30s}"), @"TM003 policy.yaml:6:50 spec.trafficPolicy.loadBalancer.warmup: has no effect: only `ROUND_ROBIN` and `LEAST_REQUEST` know new endpoints");
    assert_snapshot!(notes("consistentHash: {useSourceIp: true}, warmupDurationSecs: 30s"), @"TM003 policy.yaml:6:91 spec.trafficPolicy.loadBalancer.warmupDurationSecs: has no effect: only `ROUND_ROBIN` and `LEAST_REQUEST` know new endpoints");
    let plan = mesh(&balanced("warmup: {duration: 30s, minimumPercent: 25, aggression: 2}")).plan();
    let json = serde_json::to_value(&plan).expect("JSON");
    let slow = &json["destinations"][0]["stations"][2]["balance"]["slowStart"];
    assert_snapshot!(slow, @r#"{"aggression":2.0,"minimumPercent":25.0,"window":"30s"}"#);
}

#[test]
fn that_nobody_is_picked_where_nobody_tells_of_endpoints_is_told() {
    assert_snapshot!(lints::told(load(&balanced("simple: RANDOM")), Code::EndpointsUnknown), @r"
    policy.yaml:6:19 spec.trafficPolicy.loadBalancer: nobody is picked: nobody tells who the endpoints are, so requests are left to the transport
      fix: tell who they are: by a ServiceEntry with endpoints, an EndpointSlice, or `MeshBuilder::endpoints`
    ");
    assert_snapshot!(lints::told(load(&balanced("simple: PASSTHROUGH")), Code::EndpointsUnknown), @"");
    assert_snapshot!(lints::told(load(&rule("{connectionPool: {tcp: {maxConnections: 1}}}")), Code::EndpointsUnknown), @"");
}
