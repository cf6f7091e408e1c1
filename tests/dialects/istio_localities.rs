//! Istio's `localityLbSetting` and `zoneAwareLbSetting`: who comes first for a client that is somewhere.

use insta::assert_snapshot;
use tower_mesh::{
    Endpoint,
    mesh::{Code, MeshBuilder, plan::Station},
    policy::balance::Placement,
};

use crate::{
    istio::{rule, slips},
    lints,
    osm::load,
};

/// A rule that says this of localities, and detects outliers so that it matters.
fn localities(setting: &str) -> String {
    rule(&format!(
        "{{loadBalancer: {{localityLbSetting: {{{setting}}}}}, outlierDetection: {{maxEjectionPercent: 100}}}}"
    ))
}

fn zones(setting: &str) -> String {
    localities(setting).replace("localityLbSetting", "zoneAwareLbSetting")
}

const ALL: [&str; 5] = ["us/z1/a", "us/z1/b", "us/z2/a", "eu/z1/a", "asia/z1/a"];

fn endpoint(number: usize, locality: &str) -> Endpoint {
    let endpoint = format!("10.0.0.{number}:80").parse::<Endpoint>().expect("an endpoint");
    endpoint.locality(locality.parse().expect("a locality"))
}

fn at(text: &str, client: &str) -> MeshBuilder {
    let endpoints = (1..).zip(ALL).map(|(number, locality)| endpoint(number, locality));
    let mesh = load(text).locality(client.parse().expect("a locality"));
    endpoints.fold(mesh, |mesh, endpoint| mesh.endpoint("reviews", endpoint))
}

fn placement(mesh: MeshBuilder) -> Placement {
    let plan = mesh.build().expect("it means something").plan();
    let found = plan.destinations[0].way.stations.iter().find_map(|station| match station {
        Station::Balance(balance) => Some(balance.placement().clone()),
        _ => None,
    });
    found.expect("somebody is picked")
}

/// The groups in their order: `priority: localities, share`.
fn order(text: &str, client: &str) -> String {
    let layout = placement(at(text, client))
        .lay_out(&(1..).zip(ALL).map(|(n, at)| endpoint(n, at)).collect::<Vec<_>>());
    let groups = layout.groups.iter().map(|group| {
        let share = if layout.weighted { format!(" {}", group.weight) } else { String::new() };
        format!("{}: {}{share}", group.priority, group.locality)
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort();
    groups.join(", ")
}

fn notes(text: &str, client: &str) -> String {
    let mesh = at(text, client).build().expect("it means something");
    mesh.notes().iter().map(|note| format!("{} {note}\n", note.code)).collect()
}

#[test]
fn where_outliers_are_detected_the_nearest_come_first_although_nobody_asked() {
    let said = localities("");
    let bare = rule("{outlierDetection: {maxEjectionPercent: 100}}");
    assert_snapshot!(order(&bare, "us/z1/a"), @"0: us/z1/a, 1: us/z1/b, 2: us/z2/a, 3: asia/z1/a, 3: eu/z1/a");
    assert_eq!(order(&said, "us/z1/a"), order(&bare, "us/z1/a"));
    // Priorities have no gaps.
    assert_snapshot!(order(&bare, "eu/z9"), @"0: eu/z1/a, 1: asia/z1/a, 1: us/z1/a, 1: us/z1/b, 1: us/z2/a");
    assert_snapshot!(order(&localities("enabled: false"), "us/z1/a"), @"0: asia/z1/a, 0: eu/z1/a, 0: us/z1/a, 0: us/z1/b, 0: us/z2/a");
    let blind = rule("{loadBalancer: {simple: RANDOM}}");
    assert_snapshot!(order(&blind, "us/z1/a"), @"0: asia/z1/a, 0: eu/z1/a, 0: us/z1/a, 0: us/z1/b, 0: us/z2/a");
}

#[test]
fn a_region_takes_over_from_another() {
    let text = localities(
        "enabled: true, failover: [{from: eu, to: asia}, {from: us, to: eu}, {from: us, to: asia}]",
    );
    assert_snapshot!(order(&text, "us/z2/a"), @"0: us/z2/a 1, 1: us/z1/a 1, 1: us/z1/b 1, 2: eu/z1/a 1, 3: asia/z1/a 1");
    assert_snapshot!(order(&text, "asia/z1/a"), @"0: asia/z1/a 1, 1: eu/z1/a 1, 1: us/z1/a 1, 1: us/z1/b 1, 1: us/z2/a 1");
}

#[test]
fn requests_are_shared_among_localities_by_the_first_entry_that_fits() {
    let text = localities(
        "distribute: [{from: us/z1/*, to: {us/z1/*: 80, eu/*: 20}}, {from: us/z2/*, to: {asia/z1/a: 100}}]",
    );
    assert_snapshot!(order(&text, "us/z1/a"), @"0: eu/z1/a 20, 0: us/z1/a 40, 0: us/z1/b 40");
    assert_snapshot!(order(&text, "us/z2/a"), @"0: asia/z1/a 100");
    // No entry is for it: each locality by what its endpoints weigh.
    assert_snapshot!(order(&text, "eu/z1/a"), @"0: asia/z1/a 1, 0: eu/z1/a 1, 0: us/z1/a 1, 0: us/z1/b 1, 0: us/z2/a 1");
    assert_eq!(notes(&text, "eu/z1/a"), "");
    // Shares need nobody to be found out.
    let alone = rule("{loadBalancer: {localityLbSetting: {distribute: [{from: \"*\", to: {eu: 100}}]}}}");
    assert_snapshot!(order(&alone, "us/z1/a"), @"0: eu/z1/a 100");
    let plan = at(&text, "us/z1/a").build().expect("it means something").plan().to_string();
    assert_snapshot!(plan.lines().find(|line| line.contains("balance")).unwrap_or_default().trim(), @"3. balance per port: the one of two with fewer requests; by locality 20 % to eu/*, 80 % to us/z1/*; ejects at 5 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 100 % at once");
}

#[test]
fn labels_may_say_who_is_near() {
    let text = localities("failoverPriority: [topology.istio.io/network, version, tier=gold]");
    let client = || at(&text, "us/z1/a").network("n1").labels([("version", "v1")]);
    let of = |network: &str, version: &str, tier: &str| {
        endpoint(9, "us/z1/a").network(network).label("version", version).label("tier", tier)
    };
    let all = [of("n1", "v1", "gold"), of("n1", "v1", "tin"), of("n1", "v2", "gold"), of("n2", "v1", "gold")];
    let layout = placement(client()).lay_out(&all);
    let mut tiers = vec![0; 4];
    for group in &layout.groups {
        group.members.iter().for_each(|member| tiers[*member as usize] = group.priority);
    }
    assert_eq!(tiers, [0, 1, 2, 3]);
}

#[test]
fn zones_are_as_one_where_regions_alone_are_asked_for() {
    assert_snapshot!(order(&zones("failover: [{from: us, to: eu}]"), "us/z1/a"), @"0: us/z1/a 1, 0: us/z1/b 1, 0: us/z2/a 1, 1: eu/z1/a 1, 2: asia/z1/a 1");
    assert_snapshot!(order(&zones("enabled: false"), "us/z1/a"), @"0: asia/z1/a, 0: eu/z1/a, 0: us/z1/a, 0: us/z1/b, 0: us/z2/a");
    assert_snapshot!(notes(&zones("minClusterSize: 3"), "us/z1/a"), @r"
    TM003 policy.yaml:6:34 spec.trafficPolicy.loadBalancer.zoneAwareLbSetting: keeps to the region alone: its zones are as one, and have no shares
    TM002 policy.yaml:6:71 spec.trafficPolicy.loadBalancer.zoneAwareLbSetting.minClusterSize: read, not applied: the zones of a region are as one, however many endpoints there are
    ");
    let both = zones("failover: [{from: us, to: eu}]")
        .replace("{zoneAware", "{localityLbSetting: {failover: [{from: us, to: asia}]}, zoneAware");
    assert_eq!(order(&both, "us/z1/a"), order(&zones("failover: [{from: us, to: eu}]"), "us/z1/a"));
    assert_snapshot!(notes(&both, "us/z1/a"), @r"
    TM003 policy.yaml:6:34 spec.trafficPolicy.loadBalancer.localityLbSetting: has no effect beside `zoneAwareLbSetting`
    TM003 policy.yaml:6:89 spec.trafficPolicy.loadBalancer.zoneAwareLbSetting: keeps to the region alone: its zones are as one, and have no shares
    ");
}

#[test]
fn what_means_nothing_is_refused() {
    let share = |to: &str| localities(&format!("distribute: [{{from: us/*, to: {{{to}}}}}]"));
    assert_snapshot!(slips(&share("us/*: 80, eu/*: 10")), @"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to: the shares cannot be 90 together");
    assert_snapshot!(slips(&share("us/*: 101")), @r#"
    spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to: the shares cannot be 101 together
    spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/*"]: a share cannot be 101
    "#);
    assert_snapshot!(slips(&share("us/*: 100, eu/*: 0")), @r#"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["eu/*"]: a share cannot be 0"#);
    assert_snapshot!(slips(&share("")), @"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to: the shares cannot be 0 together");
    assert_snapshot!(slips(&share("us/*: 50, us/z1/*: 50")), @r#"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/z1/*"]: `to` cannot be `us/z1/*` beside `us/*`, which means some of it too"#);
    assert_snapshot!(slips(&share("us: 50, us/z1/*: 50")), @r#"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/z1/*"]: `to` cannot be `us/z1/*` beside `us`, which means some of it too"#);
    assert_snapshot!(slips(&share("\"us/*/a\": 50, \"us*\": 50")), @r#"
    spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us/*/a"]: `to` cannot be `us/*/a`
    spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["us*"]: `to` cannot be `us*`
    "#);
    assert_snapshot!(slips(&localities("distribute: [{to: {us: 100}}, {from: us, to: {us: 100}}, {from: us/z1, to: {us: 100}}]")), @"spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[0].from: `from` cannot be empty");
    assert_snapshot!(slips(&localities("failover: [{from: us, to: us}, {from: us/z1, to: \"*\"}, {from: us}, {}]")), @r"
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0].to: `to` cannot be `us`, which is `from` too
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[1].from: `from` cannot be `us/z1`
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[1].to: `to` cannot be `*`
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[2].to: `to` cannot be empty
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[3].from: `from` cannot be empty
    spec.trafficPolicy.loadBalancer.localityLbSetting.failover[3].to: `to` cannot be empty
    ");
    assert_snapshot!(slips(&localities("distribute: [{from: us, to: {us: 100}}], failover: [{from: us, to: eu}]")), @"spec.trafficPolicy.loadBalancer.localityLbSetting.failover: `failover` cannot stand beside `distribute`");
    assert_snapshot!(slips(&localities("failover: [{from: us, to: eu}], failoverPriority: [version, topology.kubernetes.io/region, \"\", topology.istio.io/subzone=a]")), @r"
    spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority[1]: `topology.kubernetes.io/region` cannot stand beside `failover`, which is about regions too
    spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority[2]: a label cannot be ``
    spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority[3]: `topology.istio.io/subzone` cannot stand beside `failover`, which is about regions too
    ");
    assert_snapshot!(slips(&zones("failover: [{from: us, to: us}]")), @"spec.trafficPolicy.loadBalancer.zoneAwareLbSetting.failover[0].to: `to` cannot be `us`, which is `from` too");
    // What is hidden by another block is judged too.
    let hidden =
        zones("").replace("{zoneAware", "{localityLbSetting: {failover: [{from: us, to: us}]}, zoneAware");
    assert_snapshot!(slips(&hidden), @"spec.trafficPolicy.loadBalancer.localityLbSetting.failover[0].to: `to` cannot be `us`, which is `from` too");
}

// ===== lints =====

fn blind(text: &str) -> String {
    lints::told(at(text, "us/z1/a"), Code::FailoverBlind)
}

#[test]
fn to_go_elsewhere_somebody_has_to_find_out_who_is_ill() {
    let alone = |setting: &str| rule(&format!("{{loadBalancer: {{localityLbSetting: {{{setting}}}}}}}"));
    assert_snapshot!(blind(&alone("failover: [{from: us, to: eu}]")), @r"
    policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.failover: never acts without `outlierDetection`: nobody is found to be ill
      fix: add an `outlierDetection`, with a `maxEjectionPercent` that lets all endpoints of a locality go
    ");
    assert_snapshot!(blind(&alone("failoverPriority: [version]")), @r"
    policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority: never acts without `outlierDetection`: nobody is found to be ill
      fix: add an `outlierDetection`, with a `maxEjectionPercent` that lets all endpoints of a locality go
    ");
    assert_snapshot!(blind(&alone("")), @"");
    assert_snapshot!(blind(&alone("enabled: false, failover: [{from: us, to: eu}]")), @"");
    assert_snapshot!(blind(&alone("distribute: [{from: us/*, to: {us/*: 100}}]")), @"");
    assert_snapshot!(blind(&localities("failover: [{from: us, to: eu}]")), @"");
    // A subset has that of its host, an entry for a port has only its own.
    let subset = "  subsets:
  - name: v1
    trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: us, to: eu}]}}}\n";
    assert_snapshot!(blind(&[rule("{outlierDetection: {maxEjectionPercent: 100}}"), subset.to_owned()].concat()), @"");
    let port = "{outlierDetection: {}, portLevelSettings: [{port: {number: 80}, loadBalancer: {localityLbSetting: {failover: [{from: us, to: eu}]}}}]}";
    assert_snapshot!(blind(&rule(port)), @r"
    policy.yaml:6:117 spec.trafficPolicy.portLevelSettings[0].loadBalancer.localityLbSetting.failover: never acts without `outlierDetection`: nobody is found to be ill
      fix: add an `outlierDetection`, with a `maxEjectionPercent` that lets all endpoints of a locality go
    ");
}

#[test]
fn a_client_that_is_nowhere_is_told_where_it_matters() {
    let nowhere = |text: &str| lints::told(load(text), Code::ClientNowhere);
    assert_snapshot!(nowhere(&localities("failover: [{from: us, to: eu}]")), @r"
    policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.failover: nothing comes of it: nobody says where the client is
      fix: tell the client's locality, by `MeshBuilder::locality` or `--locality REGION/ZONE/SUBZONE`
    ");
    assert_snapshot!(nowhere(&localities("distribute: [{from: us/*, to: {us/*: 100}}]")), @r"
    policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.distribute: nothing comes of it: nobody says where the client is
      fix: tell the client's locality, by `MeshBuilder::locality` or `--locality REGION/ZONE/SUBZONE`
    ");
    assert_snapshot!(nowhere(&localities("failoverPriority: [version]")), @r"
    policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority: nothing comes of it: nobody says which labels the client has, or where it is
      fix: tell the client's labels, by `MeshBuilder::labels` or `--labels`
    ");
    assert_snapshot!(nowhere(&localities("")), @"");
    assert_snapshot!(nowhere(&localities("enabled: false, failover: [{from: us, to: eu}]")), @"");
    assert_snapshot!(nowhere(&localities("distribute: [{from: \"*\", to: {us/*: 100}}]")), @"");
    let labelled = load(&localities("failoverPriority: [version]")).labels([("version", "v1")]);
    assert_eq!(lints::told(labelled, Code::ClientNowhere), "");
    let text = localities("failover: [{from: us, to: eu}]");
    assert_eq!(lints::told(at(&text, "us"), Code::ClientNowhere), "");
    // It is not advice: whoever loads it is told.
    assert!(
        load(&text)
            .build()
            .expect("it means something")
            .notes()
            .iter()
            .any(|note| note.code == Code::ClientNowhere)
    );
}

#[test]
fn a_client_for_whom_no_share_is_said_is_told_when_it_is_asked_for() {
    let text = localities("distribute: [{from: us/*, to: {us/*: 100}}]");
    let (told, sound) = at(&text, "eu").check();
    sound.expect("it means something");
    assert_snapshot!(told.iter().map(|note| format!("{note}\n")).collect::<String>(), @"policy.yaml:6:54 spec.trafficPolicy.loadBalancer.localityLbSetting.distribute: no entry is for clients in eu: their requests go anywhere");
}

#[test]
fn that_detecting_outliers_keeps_requests_near_is_told_when_it_is_asked_for() {
    let unasked = |mesh: MeshBuilder| lints::told(mesh, Code::FailoverUnasked);
    let text = rule("{outlierDetection: {maxEjectionPercent: 100}}");
    assert_snapshot!(unasked(at(&text, "us/z1/a")), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: keeps requests to the nearest endpoints too, as long as these are well: where outliers are detected, localities count
      fix: set `loadBalancer.localityLbSetting`: `{enabled: false}` for all localities alike, `{enabled: true}` if the nearest are meant
    ");
    assert_snapshot!(unasked(load(&text).locality("us".parse().expect("a locality"))), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: keeps requests to the nearest endpoints too, as long as these are well: where outliers are detected, localities count
      fix: set `loadBalancer.localityLbSetting`: `{enabled: false}` for all localities alike, `{enabled: true}` if the nearest are meant
    ");
    assert_eq!(notes(&text, "us/z1/a"), "");
    // Where it is asked for, where nobody knows where the client is, and where all are in one place, there is nothing to say.
    assert_eq!(unasked(at(&localities(""), "us/z1/a")), "");
    assert_eq!(unasked(load(&text)), "");
    let one = load(&text).locality("us".parse().expect("a locality")).endpoint("reviews", endpoint(1, "eu"));
    assert_eq!(unasked(one.endpoint("reviews", endpoint(2, "eu"))), "");
}

#[test]
fn what_is_switched_off_or_hidden_is_told() {
    assert_snapshot!(notes(&localities("enabled: false, failover: [{from: us, to: eu}]"), "us/z1/a"), @"TM003 policy.yaml:6:34 spec.trafficPolicy.loadBalancer.localityLbSetting: has no effect: it is switched off by `enabled`");
    assert_snapshot!(notes(&localities("distribute: [{from: us/*, to: {us/*: 100}}], failoverPriority: [version]"), "us/z1/a"), @"TM003 policy.yaml:6:99 spec.trafficPolicy.loadBalancer.localityLbSetting.failoverPriority: has no effect beside `distribute`");
    assert_eq!(notes(&localities("enabled: false"), "us/z1/a"), "");
    let both = localities("distribute: [{from: us/*, to: {us/*: 100}}, {from: \"*\", to: {eu/*: 100}}]");
    assert_snapshot!(notes(&both, "us/z1/a"), @"TM003 policy.yaml:6:105 spec.trafficPolicy.loadBalancer.localityLbSetting.distribute[1].from: Istio refuses it beside `us/*`, which means some of `*` too: here the first counts");
    assert_snapshot!(order(&both, "us/z1/a"), @"0: us/z1/a 34, 0: us/z1/b 34, 0: us/z2/a 34");
    assert_snapshot!(order(&both, "asia/z1/a"), @"0: eu/z1/a 100");
}
