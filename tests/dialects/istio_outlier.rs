//! Istio's `outlierDetection`: what a control plane makes of each field, and of the words of former years.

use std::time::Duration;

use insta::assert_snapshot;
use tower_mesh::{
    Endpoint,
    config::{from_yaml, istio::OutlierDetection},
    mesh::{Code, ConsecutiveErrors, Era, InvalidBlock, MeshBuilder},
    policy::outlier::{HowMany, Kind, Settings},
};

use crate::{
    istio::{rule, slips, told},
    lints,
    osm::{load, mesh},
};

const EJECTS: [&str; 1] = ["ejects"];

fn read(block: &str) -> Result<Settings, InvalidBlock> {
    Settings::try_from(from_yaml::<OutlierDetection>(block).expect("it is spelled right").0)
}

fn settings(block: &str) -> Settings {
    read(block).expect("it means something")
}

fn refused(block: &str) -> String {
    read(block).expect_err("it means nothing").to_string()
}

/// A rule with this block, for endpoints that are known.
fn detecting(block: &str) -> String {
    rule(&format!("{{outlierDetection: {{{block}}}}}"))
}

fn with_endpoints(text: &str, count: u8) -> MeshBuilder {
    (1..=count).fold(load(text), |mesh, number| {
        mesh.endpoint("reviews", format!("10.0.0.{number}:80").parse::<Endpoint>().expect("an endpoint"))
    })
}

/// What is told of a mesh with so many endpoints that its percentages mean what they say.
fn notes(text: &str) -> String {
    let mesh = with_endpoints(text, 20).build().expect("it means something");
    mesh.notes().iter().map(|note| format!("{} {note}\n", note.code)).collect()
}

fn in_era(text: &str, era: Era) -> String {
    let mesh = with_endpoints(text, 20).era(era).build().expect("it means something");
    let plan = mesh.plan().to_string();
    let lines = plan.lines().filter(|line| line.contains("ejects at")).map(str::trim);
    let notes = mesh.notes();
    let notes = notes.iter().map(|note| format!("{note}\n  fix: {}", note.fix.as_deref().unwrap_or("none")));
    lines.map(str::to_owned).chain(notes).map(|line| line + "\n").collect()
}

#[test]
fn a_block_alone_is_outlier_detection_by_defaults_and_none_is_none() {
    assert_eq!(settings("{}"), Settings::istio_default());
    assert_snapshot!(told(&detecting(""), &EJECTS), @"3. balance per port: the one of two with fewer requests; ejects at 5 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 10 % at once");
    assert_snapshot!(told(&rule("{connectionPool: {tcp: {maxConnections: 1}}}"), &EJECTS), @"");
}

#[test]
fn five_of_any_kind_eject_unless_it_is_said() {
    let errors = |block: &str| {
        let settings = settings(block);
        let kind = Kind::Consecutive5xx;
        settings.is_enforced(kind).then(|| settings.consecutive(kind))
    };
    assert_eq!(errors("{}"), Some(5));
    assert_eq!(errors("consecutive5xxErrors: 1"), Some(1));
    // Zero is "never" here, and not "unset".
    assert_eq!(errors("consecutive5xxErrors: 0"), None);
    assert_eq!(errors("consecutiveGatewayErrors: 3"), Some(5));
}

#[test]
fn gateway_errors_eject_only_if_it_is_said() {
    let errors = |block: &str| {
        let settings = settings(block);
        let kind = Kind::ConsecutiveGateway;
        (settings.is_enforced(kind), settings.consecutive(kind))
    };
    // It is looked for all the same, and told.
    assert_eq!(errors("{}"), (false, 5));
    assert_eq!(errors("consecutiveGatewayErrors: 2"), (true, 2));
    assert_eq!(errors("consecutiveGatewayErrors: 0"), (false, 0));
}

#[test]
fn failures_without_an_answer_are_counted_apart_only_if_they_are_split() {
    let failures = |block: &str| {
        let settings = settings(block);
        (settings.split_local_origin(), settings.consecutive(Kind::ConsecutiveLocalOrigin))
    };
    assert_eq!(failures("consecutiveLocalOriginFailures: 2"), (false, 5));
    assert_eq!(
        failures("{splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2}"),
        (true, 2)
    );
    // As the mesh has it, zero does not switch it off.
    assert_eq!(
        failures("{splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0}"),
        (true, 5)
    );
    let split = settings("splitExternalLocalOriginErrors: true");
    assert!(!split.is_enforced(Kind::SuccessRate) && !split.is_enforced(Kind::LocalOriginSuccessRate));
    assert_snapshot!(notes(&detecting("consecutiveLocalOriginFailures: 2")), @"TM003 policy.yaml:6:70 spec.trafficPolicy.outlierDetection.consecutiveLocalOriginFailures: has no effect without `splitExternalLocalOriginErrors`");
    assert_snapshot!(notes(&detecting("splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0")), @"TM003 policy.yaml:6:108 spec.trafficPolicy.outlierDetection.consecutiveLocalOriginFailures: does not switch it off: 0 is the default, 5");
}

#[test]
fn over_http_2_a_connection_that_stands_says_little_of_a_request() {
    let split = detecting("splitExternalLocalOriginErrors: true");
    let multiplexed = |text: &str| {
        let plan = serde_json::to_string(&mesh(text).plan()).expect("JSON");
        plan.contains(r#""multiplexed":true"#)
    };
    assert!(!multiplexed(&split));
    let upgraded = split.replace(
        "{outlierDetection",
        "{connectionPool: {http: {h2UpgradePolicy: UPGRADE}}, outlierDetection",
    );
    assert!(multiplexed(&upgraded));
    assert!(!multiplexed(&upgraded.replace("splitExternalLocalOriginErrors: true", "")));
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: reviews}\nspec: {ports: [{name: grpc, port: 80}]}\n";
    assert!(multiplexed(&[split, service.to_owned()].join("---\n")));
}

#[test]
fn times_are_those_that_are_said_and_the_longest_is_five_minutes_or_the_first() {
    let times = |block: &str| {
        let settings = settings(block);
        [settings.interval(), settings.base_ejection_time(), settings.max_ejection_time()]
            .map(|time| time.as_secs())
    };
    assert_eq!(times("{}"), [10, 30, 300]);
    assert_eq!(times("{interval: 1s, baseEjectionTime: 3m}"), [1, 180, 300]);
    assert_eq!(times("baseEjectionTime: 15m"), [10, 900, 900]);
}

#[test]
fn a_tenth_may_be_ejected_unless_it_is_said_and_zero_says_nothing() {
    let percent = |block: &str| settings(block).max_ejection_percent();
    assert_eq!(["{}", "maxEjectionPercent: 0", "maxEjectionPercent: 100"].map(percent), [10, 10, 100]);
}

#[test]
fn listed_statuses_are_errors_and_no_others() {
    let listed =
        settings("outlierDetectionHttpErrorCodes: [429, 503]").error_statuses().expect("they are listed");
    assert_eq!([429, 500, 503].map(|status| listed.has(status)), [true, false, true]);
    assert_eq!(settings("{}").error_statuses(), None);
    assert_snapshot!(told(&detecting("outlierDetectionHttpErrorCodes: [429, 503]"), &EJECTS), @"3. balance per port: the one of two with fewer requests; ejects at 5 errors in a row (429, 503) for 30s, longer each time up to 5m, looking every 10s; at most 10 % at once");
}

#[test]
fn below_the_least_health_all_are_asked_and_otherwise_nobody_panics() {
    let panics = |block: &str| {
        let plan = mesh(&detecting(block)).plan();
        let tower_mesh::mesh::plan::Station::Balance(balance) =
            plan.destinations[0].way.stations.last().expect("one")
        else {
            panic!("it is picked last")
        };
        balance.panic_percent()
    };
    assert_eq!(["", "minHealthPercent: 0", "minHealthPercent: 30"].map(panics), [0, 0, 30]);
    assert_snapshot!(notes(&detecting("maxEjectionPercent: 50, minHealthPercent: 51")), @"");
    assert_snapshot!(notes(&detecting("maxEjectionPercent: 50, minHealthPercent: 50")), @"TM003 policy.yaml:6:80 spec.trafficPolicy.outlierDetection.minHealthPercent: no ejection brings it about: 50 % stay in any case, by `maxEjectionPercent`");
    assert_snapshot!(notes(&detecting("maxEjectionPercent: 50, minHealthPercent: 100")), @"TM003 policy.yaml:6:80 spec.trafficPolicy.outlierDetection.minHealthPercent: nobody is ever left out: as soon as one is ejected, all are asked again");
}

#[test]
fn what_eight_wrote_one_level_down_is_read_as_it_was_meant() {
    let old = "http: {consecutiveErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}";
    let new = "consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100";
    assert_eq!(settings(old), settings(&format!("{{{new}}}")));
    // Whatever the era: it was never anything else.
    let [old, new] = [old, new].map(detecting);
    for era in [Era::V0_8, Era::V1_5, Era::CURRENT] {
        let plan = |text: &str| load(text).era(era).build().expect("it means something").plan();
        assert_eq!(plan(&old), plan(&new), "{era}");
    }
    assert_snapshot!(in_era(&old, Era::CURRENT), @r"
    3. balance per port: the one of two with fewer requests; ejects at the first error (5xx) for 3m, longer each time up to 5m, looking every 1s; at most 100 % at once
    policy.yaml:6:38 spec.trafficPolicy.outlierDetection.http: as Istio 0.8 spelled it: read as if it stood one level up, with `consecutive5xxErrors: 1`
      fix: write its fields into `outlierDetection` itself, with `consecutive5xxErrors: 1`
    ");
    let both = "http: {consecutiveErrors: 1, interval: 1s, maxEjectionPercent: 100}, consecutive5xxErrors: 2, interval: 3s";
    assert_snapshot!(in_era(&detecting(both), Era::CURRENT), @r"
    3. balance per port: the one of two with fewer requests; ejects at 2 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 3s; at most 100 % at once
    policy.yaml:6:38 spec.trafficPolicy.outlierDetection.http: as Istio 0.8 spelled it: read as if it stood one level up
      fix: write its fields into `outlierDetection` itself
    policy.yaml:6:64 spec.trafficPolicy.outlierDetection.http.consecutiveErrors: has no effect beside what stands one level up
      fix: none
    policy.yaml:6:77 spec.trafficPolicy.outlierDetection.http.interval: has no effect beside what stands one level up
      fix: none
    ");
}

#[test]
fn what_a_flat_number_of_errors_counts_is_a_matter_of_the_era() {
    let text = detecting("consecutiveErrors: 3, interval: 3s, baseEjectionTime: 3m, maxEjectionPercent: 100");
    assert_snapshot!(in_era(&text, Era::V0_8), @r"
    3. balance per port: one after another; ejects at 3 errors in a row (5xx) for 3m, longer each time up to 5m, looking every 3s; at most 100 % at once, and one in any case
    policy.yaml:6:57 spec.trafficPolicy.outlierDetection.consecutiveErrors: an old word: it counts every 5xx, as `consecutive5xxErrors: 3`
      fix: write `consecutive5xxErrors: 3`
    ");
    assert_snapshot!(in_era(&text, Era::CURRENT), @r"
    3. balance per port: the one of two with fewer requests; ejects at 3 gateway errors in a row for 3m, longer each time up to 5m, looking every 3s; at most 100 % at once
    policy.yaml:6:57 spec.trafficPolicy.outlierDetection.consecutiveErrors: an old word: it counts 502, 503 and 504 and no other 5xx, as `consecutiveGatewayErrors: 3` and `consecutive5xxErrors: 0`
      fix: write `consecutiveGatewayErrors: 3` and `consecutive5xxErrors: 0`, or `consecutive5xxErrors: 3` if every 5xx is meant
    ");
    let mut era = Era::CURRENT;
    era.consecutive_errors = ConsecutiveErrors::Nothing;
    assert_snapshot!(in_era(&text, era), @r"
    3. balance per port: the one of two with fewer requests; ejects at 5 errors in a row (5xx) for 3m, longer each time up to 5m, looking every 3s; at most 100 % at once
    policy.yaml:6:57 spec.trafficPolicy.outlierDetection.consecutiveErrors: an old word that counts for nothing: five 5xx eject, as by default
      fix: write `consecutive5xxErrors: 3`, or `consecutiveGatewayErrors: 3` and `consecutive5xxErrors: 0`
    ");
    let said = detecting("consecutiveErrors: 3, consecutive5xxErrors: 7, maxEjectionPercent: 100");
    assert_snapshot!(in_era(&said, Era::CURRENT), @r"
    3. balance per port: the one of two with fewer requests; ejects at 7 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 100 % at once
    policy.yaml:6:57 spec.trafficPolicy.outlierDetection.consecutiveErrors: has no effect beside the words that took its place
      fix: remove it
    ");
    assert_snapshot!(in_era(&detecting("consecutiveErrors: 0"), Era::CURRENT), @r"
    3. balance per port: the one of two with fewer requests; ejects at 5 errors in a row (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 10 % at once
    policy.yaml:6:57 spec.trafficPolicy.outlierDetection.consecutiveErrors: an old word that says nothing here: 0 is the default, five 5xx
      fix: remove it
    ");
}

#[test]
fn in_an_old_era_one_goes_in_any_case() {
    let text = detecting("consecutive5xxErrors: 1");
    let how_many = |era: Era| {
        let plan = load(&text).era(era).build().expect("it means something").plan();
        let stations = plan.destinations[0].way.stations.clone();
        stations.iter().find_map(|station| match station {
            tower_mesh::mesh::plan::Station::Balance(balance) => balance.outlier().map(Settings::how_many),
            _ => None,
        })
    };
    assert_eq!([Era::V1_14, Era::CURRENT].map(how_many), [Some(HowMany::Legacy), Some(HowMany::Strict)]);
    assert_snapshot!(in_era(&text, Era::V1_14), @"3. balance per port: the one of two with fewer requests; ejects at the first error (5xx) for 30s, longer each time up to 5m, looking every 10s; at most 10 % at once, and one in any case");
}

#[test]
fn gateway_errors_that_come_too_late_are_told() {
    assert_snapshot!(notes(&detecting("consecutiveGatewayErrors: 5")), @"TM003 policy.yaml:6:64 spec.trafficPolicy.outlierDetection.consecutiveGatewayErrors: never acts: 5 errors of any kind in a row eject by default, and these are among them");
    assert_snapshot!(notes(&detecting("consecutiveGatewayErrors: 3, consecutive5xxErrors: 2")), @"TM003 policy.yaml:6:64 spec.trafficPolicy.outlierDetection.consecutiveGatewayErrors: never acts: 2 errors of any kind in a row eject, and these are among them");
    assert_snapshot!(notes(&detecting("consecutiveGatewayErrors: 4")), @"");
    assert_snapshot!(notes(&detecting("consecutiveGatewayErrors: 9, consecutive5xxErrors: 0")), @"");
}

#[test]
fn values_that_mean_nothing_are_refused_with_what_would_be_accepted() {
    for (block, message) in [
        (
            "maxEjectionPercent: 101",
            "`maxEjectionPercent` is 101, but must be a percentage from 0 to 100; 0 is 10",
        ),
        (
            "maxEjectionPercent: -1",
            "`maxEjectionPercent` is -1, but must be a percentage from 0 to 100; 0 is 10",
        ),
        (
            "minHealthPercent: 200",
            "`minHealthPercent` is 200, but must be a percentage from 0 to 100; 0 is \"never\"",
        ),
        (
            "outlierDetectionHttpErrorCodes: [503, 99]",
            "`outlierDetectionHttpErrorCodes` is 99, but must be statuses from 100 to 599",
        ),
        (
            "outlierDetectionHttpErrorCodes: [600]",
            "`outlierDetectionHttpErrorCodes` is 600, but must be statuses from 100 to 599",
        ),
        ("consecutiveErrors: -1", "`consecutiveErrors` is -1, but must be non-negative; 0 is the default, 5"),
        (
            "http: {consecutiveErrors: -2, maxEjectionPercent: 1}",
            "`http.consecutiveErrors` is -2, but must be non-negative; 0 is the default, 5",
        ),
        (
            "http: {maxEjectionPercent: 400}",
            "`http.maxEjectionPercent` is 400, but must be a percentage from 0 to 100; 0 is 10",
        ),
    ] {
        assert_eq!(refused(block), message);
    }
    let mut by_hand = OutlierDetection::default();
    by_hand.interval = "1.5ms".parse().ok();
    assert_eq!(
        Settings::try_from(by_hand).expect_err("it means nothing").to_string(),
        "`interval` is 1.5ms, but must be at least 1ms, in whole milliseconds; write `2ms`"
    );
    assert_eq!(settings("interval: 1ms").interval(), Duration::from_millis(1));
    let text = rule(
        "{outlierDetection: {maxEjectionPercent: 200}, portLevelSettings: \
         [{port: {number: 80}, outlierDetection: {http: {maxEjectionPercent: 300}}}]}",
    );
    assert_snapshot!(slips(&text), @r"
    spec.trafficPolicy.outlierDetection.maxEjectionPercent: `maxEjectionPercent` cannot be 200
    spec.trafficPolicy.portLevelSettings[0].outlierDetection.http.maxEjectionPercent: `http.maxEjectionPercent` cannot be 300
    ");
}

// ===== lints =====

fn never_ejects(builder: MeshBuilder) -> String {
    lints::told(builder, Code::NeverEjects)
}

#[test]
fn a_share_of_few_endpoints_that_is_less_than_one_is_told() {
    let text = detecting("consecutive5xxErrors: 1");
    assert_snapshot!(never_ejects(with_endpoints(&text, 3)), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: never ejects: 10 % of 3 endpoints is less than one
      fix: set `maxEjectionPercent` to at least 34
    ");
    assert_snapshot!(never_ejects(with_endpoints(&text, 1)), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: never ejects: 10 % of 1 endpoint is less than one
      fix: set `maxEjectionPercent` to at least 100
    ");
    assert_snapshot!(never_ejects(with_endpoints(&text, 10)), @"");
    assert_snapshot!(never_ejects(with_endpoints(&detecting("maxEjectionPercent: 33"), 3)), @r"
    policy.yaml:6:58 spec.trafficPolicy.outlierDetection.maxEjectionPercent: never ejects: 33 % of 3 endpoints is less than one
      fix: set `maxEjectionPercent` to at least 34
    ");
    assert_snapshot!(never_ejects(with_endpoints(&detecting("maxEjectionPercent: 34"), 3)), @"");
    assert_snapshot!(never_ejects(with_endpoints(&detecting("http: {maxEjectionPercent: 5}"), 3)), @r"
    policy.yaml:6:65 spec.trafficPolicy.outlierDetection.http.maxEjectionPercent: never ejects: 5 % of 3 endpoints is less than one
      fix: set `maxEjectionPercent` to at least 34
    ");
    // Of one host at least an old mesh never asks how many that is.
    assert_snapshot!(never_ejects(with_endpoints(&text, 3).era(Era::V1_14)), @"");
    // It is not advice: whoever loads it is told.
    let notes = with_endpoints(&text, 3).build().expect("it means something").notes().to_vec();
    assert_eq!(notes.iter().map(|note| note.code).collect::<Vec<_>>(), [Code::NeverEjects]);
}

#[test]
fn of_a_subset_only_its_own_endpoints_count() {
    let text =
        [detecting("maxEjectionPercent: 30"), "  subsets: [{name: v1, labels: {version: v1}}]\n".to_owned()]
            .concat();
    let one = "10.0.1.1:80".parse::<Endpoint>().expect("an endpoint").label("version", "v1");
    assert_snapshot!(never_ejects(with_endpoints(&text, 9).endpoint("reviews", one)), @r"
    policy.yaml:6:58 spec.trafficPolicy.outlierDetection.maxEjectionPercent: never ejects: 30 % of 1 endpoint of subset `v1` is less than one
      fix: set `maxEjectionPercent` to at least 100
    ");
}

#[test]
fn where_nobody_tells_how_many_there_are_it_is_advice() {
    let text = detecting("consecutive5xxErrors: 1");
    assert_snapshot!(never_ejects(load(&text)), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: of fewer than 10 endpoints none is ejected, since at most 10 % are
      fix: set `maxEjectionPercent` to at least 50 if they may be few
    ");
    assert_snapshot!(never_ejects(load(&detecting("maxEjectionPercent: 20"))), @"");
    assert_snapshot!(lints::told(load(&text), Code::EndpointsUnknown), @r"
    policy.yaml:6:19 spec.trafficPolicy.outlierDetection: nobody is ejected: nobody tells who the endpoints are, so requests are left to the transport
      fix: tell who they are: by a ServiceEntry with endpoints, an EndpointSlice, or `MeshBuilder::endpoints`
    ");
    let codes: Vec<_> = mesh(&text).notes().iter().map(|note| note.code).collect();
    assert_eq!(codes, [Code::EndpointsUnknown]);
    // Who they are may come to be known while it runs.
    let later = load(&text).endpoints("reviews", &tower_mesh::Endpoints::default());
    assert_snapshot!(lints::told(later, Code::EndpointsUnknown), @"");
}

#[test]
fn where_nobody_is_picked_nobody_is_ejected() {
    let text = rule("{loadBalancer: {simple: PASSTHROUGH}, outlierDetection: {maxEjectionPercent: 100}}");
    assert_snapshot!(never_ejects(with_endpoints(&text, 3)), @r"
    policy.yaml:6:56 spec.trafficPolicy.outlierDetection: nobody is ejected: by `PASSTHROUGH` nobody is picked
      fix: choose another load balancer, or remove it
    ");
}
