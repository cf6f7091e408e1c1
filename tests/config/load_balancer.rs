//! The block `loadBalancer` as it is spelled.

use tower_mesh::config::{
    from_yaml,
    istio::{
        ConsistentHash, DestinationRule, Failover, LoadBalancer, LocalityLbSetting, SimpleLoadBalancer,
        Subset, TrafficPolicy,
    },
};

use crate::{
    istio_fields::{RULE, json, read},
    loaded, policy, refused,
};

fn told(inside: &str) -> String {
    let findings = loaded(&policy(inside))[0].findings.clone();
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_field_lands_where_it_belongs() {
    let rule: DestinationRule = read(RULE);
    let policy = rule.traffic_policy.unwrap();
    let balancer = policy.load_balancer.unwrap();
    assert_eq!(balancer.simple, Some(SimpleLoadBalancer::LeastConn));
    assert_eq!(balancer.warmup_duration_secs.unwrap().to_string(), "1m0s");
    let warmup = balancer.warmup.unwrap();
    assert_eq!((warmup.minimum_percent, warmup.aggression), (Some(12.5), Some(1.5)));
    assert_eq!(warmup.duration.unwrap().to_string(), "30s");

    let hash = balancer.consistent_hash.unwrap();
    let cookie = hash.http_cookie.unwrap();
    assert_eq!((cookie.name.as_deref(), cookie.path.as_deref()), (Some("user"), Some("/")));
    assert_eq!(cookie.ttl.map(|ttl| ttl.nanos()), Some(0), "a cookie may last as long as the browser");
    let attributes = cookie.attributes.iter().map(|told| (told.name.as_deref(), told.value.as_deref()));
    assert_eq!(
        attributes.collect::<Vec<_>>(),
        [(Some("SameSite"), Some("Strict")), (Some("Secure"), None)],
        "in their order"
    );
    assert_eq!((hash.http_header_name.as_deref(), hash.use_source_ip), (Some("x-user"), Some(true)));
    assert_eq!(hash.http_query_parameter_name.as_deref(), Some("user"));
    assert_eq!(hash.ring_hash.unwrap().minimum_ring_size, Some(2048));
    assert_eq!((hash.maglev.unwrap().table_size, hash.minimum_ring_size), (Some(65537), Some(1024)));

    let locality = balancer.locality_lb_setting.unwrap();
    let shares = &locality.distribute[0];
    assert_eq!((shares.from.as_deref(), shares.to["b/*"], shares.to["a/z1/*"]), (Some("a/*"), 80, 20));
    assert_eq!(regions(&locality.failover), [("a", "b"), ("b", "a")]);
    assert_eq!(locality.failover_priority, ["topology.istio.io/network", "version=v1"]);
    assert_eq!(locality.enabled, Some(true));
    let zones = balancer.zone_aware_lb_setting.unwrap();
    assert_eq!((zones.enabled, zones.min_cluster_size), (Some(false), Some(6)));
    assert_eq!((regions(&zones.failover), &*zones.failover_priority[0]), (vec![("a", "b")], "version"));

    let port = policy.port_level_settings[0].load_balancer.as_ref().unwrap();
    assert_eq!(port.simple, Some(SimpleLoadBalancer::Random));
}

fn regions(failover: &[Failover]) -> Vec<(&str, &str)> {
    failover.iter().map(|pair| (pair.from.as_deref().unwrap(), pair.to.as_deref().unwrap())).collect()
}

#[test]
fn a_subset_has_one_of_its_own() {
    let subset: Subset = read("{name: v1, trafficPolicy: {loadBalancer: {simple: RANDOM}}}");
    let balancer = subset.traffic_policy.unwrap().load_balancer.unwrap();
    assert_eq!(balancer.simple, Some(SimpleLoadBalancer::Random));
}

#[test]
fn the_simple_ones_are_names_or_numbers() {
    let simple = |value: &str| read::<LoadBalancer>(&format!("simple: {value}")).simple;
    for (number, name, variant) in [
        ("0", "UNSPECIFIED", SimpleLoadBalancer::Unspecified),
        ("1", "LEAST_CONN", SimpleLoadBalancer::LeastConn),
        ("2", "RANDOM", SimpleLoadBalancer::Random),
        ("3", "PASSTHROUGH", SimpleLoadBalancer::Passthrough),
        ("4", "ROUND_ROBIN", SimpleLoadBalancer::RoundRobin),
        ("5", "LEAST_REQUEST", SimpleLoadBalancer::LeastRequest),
    ] {
        assert_eq!((simple(number), simple(name)), (Some(variant), Some(variant)));
        assert_eq!(json(variant), name);
    }
    assert_eq!(simple("~"), None);
    for wrong in ["6", "-1", "random", "LEAST_REQUESTS", "[RANDOM]", "true"] {
        assert!(from_yaml::<LoadBalancer>(&format!("simple: {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn an_empty_block_is_a_block() {
    let locality = |text: &str| read::<LoadBalancer>(text).locality_lb_setting;
    assert_eq!(locality("localityLbSetting: {}"), Some(LocalityLbSetting::default()));
    assert_eq!((locality("localityLbSetting: ~"), locality("{}")), (None, None));
    let hash: ConsistentHash = read("{ringHash: {}, maglev: {}, httpCookie: {}}");
    assert!(hash.ring_hash.is_some() && hash.maglev.is_some() && hash.http_cookie.is_some());
    let locality: LocalityLbSetting = read("{distribute: [~], failover: [~, {from: a}]}");
    assert_eq!((locality.distribute.len(), locality.failover.len()), (1, 2), "a null item is an empty one");
}

#[test]
fn a_fragment_loads_under_its_own_name() {
    let text = "loadBalancer: {localityLbSetting: {enabled: false}}";
    let balancer: LoadBalancer = read(text);
    assert_eq!(balancer.locality_lb_setting.as_ref().unwrap().enabled, Some(false));
    assert_eq!(read::<TrafficPolicy>(text).load_balancer.as_ref(), Some(&balancer));
    let told = refused("consistentHash: {httpHeaderName: x}\n");
    assert!(told.contains("`consistentHash` looks like a part of a document"), "{told}");
}

#[test]
fn what_excludes_each_other_and_what_is_too_much_is_judged_elsewhere() {
    let both: LoadBalancer = read("{simple: RANDOM, consistentHash: {useSourceIp: true, httpHeaderName: x}}");
    assert!(both.simple.is_some() && both.consistent_hash.is_some());
    let shares: LocalityLbSetting = read("distribute: [{from: '*/*', to: {a: 0, b: 1000}}]");
    assert_eq!(shares.distribute[0].to["b"], 1000);
    let warmup = read::<LoadBalancer>("warmup: {minimumPercent: 120, aggression: -1}").warmup.unwrap();
    assert_eq!((warmup.duration, warmup.minimum_percent), (None, Some(120.0)));
}

#[test]
fn values_of_the_wrong_kind_are_told_together() {
    let hash = "consistentHash: {httpHeaderName: [x], httpCookie: user, useSourceIp: \"yes\", maglev: 65537, ringHash: {minimumRingSize: -1}}";
    insta::assert_snapshot!(refused(&policy(&format!("loadBalancer: {{simple: ROUNDROBIN, {hash}}}"))), @r#"
    error: `simple` cannot be the text "ROUNDROBIN"
      --> policy.yaml:5:42, spec.trafficPolicy.loadBalancer.simple
       |
     5 |   trafficPolicy: {loadBalancer: {simple: ROUNDROBIN, consistentHash: {httpHeaderName: [x], httpCookie: user, useSourceIp…
       |                                          ^^^^^^^^^^
       = accepted: `UNSPECIFIED`, `LEAST_CONN`, `RANDOM`, `PASSTHROUGH`, `ROUND_ROBIN`, `LEAST_REQUEST`
       = hint: did you mean `ROUND_ROBIN`?

    error: `httpHeaderName` must be a text, found a list
      --> policy.yaml:5:87, spec.trafficPolicy.loadBalancer.consistentHash.httpHeaderName
       |
     5 | …ncer: {simple: ROUNDROBIN, consistentHash: {httpHeaderName: [x], httpCookie: user, useSourceIp: "yes", maglev: 65537, ri…
       |                                                              ^

    error: `httpCookie` must be a mapping, found the text "user"
      --> policy.yaml:5:104, spec.trafficPolicy.loadBalancer.consistentHash.httpCookie
       |
     5 | …UNDROBIN, consistentHash: {httpHeaderName: [x], httpCookie: user, useSourceIp: "yes", maglev: 65537, ringHash: {minimumR…
       |                                                              ^^^^

    error: `useSourceIp` must be `true` or `false`, found the text "yes"
      --> policy.yaml:5:123, spec.trafficPolicy.loadBalancer.consistentHash.useSourceIp
       |
     5 | …tHash: {httpHeaderName: [x], httpCookie: user, useSourceIp: "yes", maglev: 65537, ringHash: {minimumRingSize: -1}}}}
       |                                                              ^^^^^

    error: `maglev` must be a mapping, found the number 65537
      --> policy.yaml:5:138, spec.trafficPolicy.loadBalancer.consistentHash.maglev
       |
     5 | …derName: [x], httpCookie: user, useSourceIp: "yes", maglev: 65537, ringHash: {minimumRingSize: -1}}}}
       |                                                              ^^^^^
       = accepted: `{tableSize: 65537}`

    error: `minimumRingSize` must be a whole number, found the number -1
      --> policy.yaml:5:173, spec.trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize
       |
     5 | …SourceIp: "yes", maglev: 65537, ringHash: {minimumRingSize: -1}}}}
       |                                                              ^^
       = accepted: 0 to 18446744073709551615
    "#);
    let locality = "localityLbSetting: {distribute: [{from: a, to: {b: 80%}}, {to: [a]}], failover: {from: a, to: b}, failoverPriority: version, enabled: 1}";
    insta::assert_snapshot!(refused(&policy(&format!("loadBalancer: {{{locality}, warmup: 30s, warmupDurationSecs: 30}}"))), @r#"
    error: `b` must be a whole number, found the text "80%"
      --> policy.yaml:5:85, spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to.b
       |
     5 | …lancer: {localityLbSetting: {distribute: [{from: a, to: {b: 80%}}, {to: [a]}], failover: {from: a, to: b}, failoverPrior…
       |                                                              ^^^
       = accepted: 0 to 4294967295

    error: `to` must be a mapping, found a list
      --> policy.yaml:5:97, spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[1].to
       |
     5 | …alityLbSetting: {distribute: [{from: a, to: {b: 80%}}, {to: [a]}], failover: {from: a, to: b}, failoverPriority: version…
       |                                                              ^
       = hint: a mapping is written `key: value`, without `- ` or brackets

    error: `failover` must be a list, found a mapping
      --> policy.yaml:5:114, spec.trafficPolicy.loadBalancer.localityLbSetting.failover
       |
     5 | …distribute: [{from: a, to: {b: 80%}}, {to: [a]}], failover: {from: a, to: b}, failoverPriority: version, enabled: 1}, wa…
       |                                                              ^
       = hint: begin each item with `- `

    error: `failoverPriority` must be a list, found the text "version"
      --> policy.yaml:5:150, spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority
       |
     5 | …, {to: [a]}], failover: {from: a, to: b}, failoverPriority: version, enabled: 1}, warmup: 30s, warmupDurationSecs: 30}}
       |                                                              ^^^^^^^
       = hint: write `["version"]`

    error: `enabled` must be `true` or `false`, found the number 1
      --> policy.yaml:5:168, spec.trafficPolicy.loadBalancer.localityLbSetting.enabled
       |
     5 | …over: {from: a, to: b}, failoverPriority: version, enabled: 1}, warmup: 30s, warmupDurationSecs: 30}}
       |                                                              ^

    error: `warmup` must be a mapping, found the text "30s"
      --> policy.yaml:5:180, spec.trafficPolicy.loadBalancer.warmup
       |
     5 | … a, to: b}, failoverPriority: version, enabled: 1}, warmup: 30s, warmupDurationSecs: 30}}
       |                                                              ^^^

    error: `warmupDurationSecs` must be a duration such as `1m` or `200ms`, found the number 30
      --> policy.yaml:5:205, spec.trafficPolicy.loadBalancer.warmupDurationSecs
       |
     5 | …ity: version, enabled: 1}, warmup: 30s, warmupDurationSecs: 30}}
       |                                                              ^^
       = hint: write `30s`
    "#);
}

#[test]
fn durations_are_whole_milliseconds_and_only_that_of_a_cookie_may_be_zero() {
    let cookie = |ttl: &str| from_yaml::<ConsistentHash>(&format!("httpCookie: {{name: a, ttl: {ttl}}}"));
    assert!(cookie("0s").is_ok() && cookie("1h30m").is_ok());
    for ttl in ["-1s", "0.5ms", "60", "1d"] {
        assert!(cookie(ttl).is_err(), "{ttl}");
    }
    for text in ["warmup: {duration: 0s}", "warmupDurationSecs: 0s", "warmup: {duration: 1.5ms}"] {
        assert!(from_yaml::<LoadBalancer>(text).is_err(), "{text}");
    }
}

#[test]
fn a_slip_in_a_field_is_told_with_what_was_meant() {
    let locality = "localityLbSetting: {enable: true, failovers: [], distribute: [{form: a}]}";
    let hash = "consistent_hash: {httpHeader: x, ring_hash: {minimumRingsize: 1}, httpCookie: {tll: 1s}}";
    insta::assert_snapshot!(told(&format!("loadBalancer: {{{locality}, {hash}, warmUp: {{}}, simpel: RANDOM}}")), @r"
    policy.yaml:5:54, spec.trafficPolicy.loadBalancer.localityLbSetting.enable: the field `enable` is unknown here; did you mean `enabled`?
    policy.yaml:5:68, spec.trafficPolicy.loadBalancer.localityLbSetting.failovers: the field `failovers` is unknown here; did you mean `failover`?
    policy.yaml:5:97, spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].form: the field `form` is unknown here; did you mean `from`?
    policy.yaml:5:127, spec.trafficPolicy.loadBalancer.consistent_hash.httpHeader: the field `httpHeader` is unknown here; did you mean `httpHeaderName`?
    policy.yaml:5:154, spec.trafficPolicy.loadBalancer.consistent_hash.ring_hash.minimumRingsize: the field `minimumRingsize` is unknown here; did you mean `minimumRingSize`?
    policy.yaml:5:188, spec.trafficPolicy.loadBalancer.consistent_hash.httpCookie.tll: the field `tll` is unknown here; did you mean `ttl`?
    policy.yaml:5:199, spec.trafficPolicy.loadBalancer.warmUp: the field `warmUp` is unknown here; did you mean `warmup`?
    policy.yaml:5:211, spec.trafficPolicy.loadBalancer.simpel: the field `simpel` is unknown here; did you mean `simple`?
    ");
}
