//! `towerMesh` in a policy: the same settings as the builder's, and a mesh that does as they say.

use std::time::Duration;

use tokio::time::sleep;
use tower_mesh::{
    Mesh,
    config::{from_yaml, osm::CircuitBreaking},
    policy::circuit_breaker::{Abandoned, GrpcReply, HalfOpen, Settings},
    testing::{Echo, Load, Report},
};

use super::{HOST, Stage, events, mesh};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn read(block: &str) -> Settings {
    let (block, findings) = from_yaml::<CircuitBreaking>(block).expect("it reads");
    assert_eq!(findings, []);
    Settings::try_from(block).expect("it means something")
}

#[test]
fn yaml_and_the_builder_make_equal_settings() {
    let yaml = "
        statTimeWindow: 1m
        minRequestAmount: 20
        errorRatioThreshold: 0.5
        degradedTimeWindow: 10s
        degradedStatusCode: 503
        towerMesh:
          slidingBuckets: 10
          consecutiveErrorThreshold: 5
          openTime: {growthFactor: 2, most: 5m, jitter: 0.2}
          halfOpen: {concurrentProbes: 3, successes: 4, failures: 2, deadline: 5s}
          abandoned: failure
          abandonedAfter: 2s
          shadow: true
          grpcReply: plain";
    let built = Settings::builder()
        .window(60 * SECOND)
        .minimum_requests(20)
        .error_ratio(0.5)
        .open_for(10 * SECOND)
        .reply_status(503)
        .sliding(10)
        .consecutive_errors(5)
        .open_growth(2.0, 300 * SECOND)
        .open_jitter(0.2)
        .half_open(HalfOpen::new().concurrent(3).successes(4).failures(2).deadline(5 * SECOND))
        .abandoned(Abandoned::FailureAfter(2 * SECOND))
        .shadow(true)
        .grpc_reply(GrpcReply::Plain);
    assert_eq!(Ok(read(yaml)), built.build());
}

#[test]
fn the_other_choices_are_equal_too() {
    let builder = Settings::builder;
    for (yaml, built) in [
        ("lastCalls: 50", builder().last_calls(50)),
        ("openTime: {jitter: 0.1}", builder().open_jitter(0.1)),
        ("halfOpen: {}", builder().half_open(HalfOpen::new())),
        ("halfOpen: {failures: 3}", builder().half_open(HalfOpen::new().failures(3))),
        ("halfOpen: {probes: 10, errorRatio: 0.5}", builder().half_open(HalfOpen::new().ratio(10, 0.5))),
        ("abandoned: failure", builder().abandoned(Abandoned::Failure)),
        ("abandoned: slow", builder().abandoned(Abandoned::Slow)),
        ("abandoned: neutral", builder()),
        ("shadow: false", builder()),
        ("grpcReply: unavailable", builder()),
        ("", builder()),
    ] {
        assert_eq!(Ok(read(&format!("towerMesh: {{{yaml}}}"))), built.build(), "{yaml}");
    }
}

#[test]
fn the_shipped_policy_means_something_and_holds_no_surprise() {
    let mesh = Mesh::from_yaml(include_str!("../../examples/policies/half-open.yaml")).expect("it loads");
    assert_eq!(mesh.notes(), []);
    let settings = mesh.plan().destinations[0].way.circuit_breaker().cloned();
    let built = Settings::builder()
        .error_ratio(0.5)
        .last_calls(50)
        .open_for(10 * SECOND)
        .open_growth(2.0, 300 * SECOND)
        .open_jitter(0.2)
        .reply_status(503)
        .half_open(HalfOpen::new().concurrent(3).successes(3).failures(2).deadline(5 * SECOND));
    assert_eq!(settings, built.build().ok());
}

/// So many calls, one after another, a millisecond each.
async fn calls(mesh: &Mesh, upstream: &Echo, calls: u64) -> Report {
    let load = Load::workers(1).requests(calls).uri(format!("http://{HOST}:8080/echo")).events(mesh.events());
    load.run(mesh.client(upstream.clone())).await
}

#[tokio::test(start_paused = true)]
async fn a_half_open_mesh_stays_open_longer_and_recovers_by_its_probes() {
    let mesh = mesh(
        "errorAmountThreshold: 5
         degradedTimeWindow: 10s
         towerMesh: {openTime: {growthFactor: 2, most: 1m}, halfOpen: {successes: 3, failures: 2}}",
    );
    let (bad, good) = (Echo::new().status(500), Echo::new());

    let first = calls(&mesh, &bad, 20).await;
    assert_eq!((first.count(500), first.count(409)), (5, 15), "{first}");
    assert_eq!(events(&first), ["opened"]);

    sleep(10 * SECOND).await;
    let second = calls(&mesh, &bad, 10).await;
    assert_eq!((second.count(500), second.count(409)), (2, 8), "two bad probes open it again: {second}");
    assert_eq!(events(&second), ["half_opened", "opened"]);

    // One probe after the other took a millisecond; a refusal takes none.
    sleep(20 * SECOND - MS).await;
    let still = calls(&mesh, &good, 1).await;
    assert_eq!(still.count(409), 1, "now it is open for twice as long: {still}");

    sleep(MS).await;
    let third = calls(&mesh, &good, 10).await;
    assert_eq!(third.count(200), 10, "three good probes close it: {third}");
    assert_eq!(events(&third), ["half_opened", "closed"]);

    let fourth = calls(&mesh, &bad, 20).await;
    assert_eq!((fourth.count(500), fourth.count(409)), (5, 15), "the counters began at zero: {fourth}");
    sleep(10 * SECOND).await;
    let fifth = calls(&mesh, &good, 1).await;
    assert_eq!(fifth.count(200), 1, "and the open time began anew: {fifth}");
}

#[tokio::test(start_paused = true)]
async fn a_mesh_in_shadow_tells_and_refuses_nothing() {
    let block = "errorAmountThreshold: 5\ndegradedTimeWindow: 1h\ntowerMesh: {shadow: true}";
    let stage = Stage::new(block, Echo::new().every(5, 511));
    let report = stage.queue().await;
    assert_eq!((report.count(200), report.count(511)), (800, 200), "{report}");
    assert_eq!(events(&report), ["opened"]);
}

#[tokio::test(start_paused = true)]
async fn errors_in_a_row_open_whatever_the_window() {
    let stage = Stage::new("towerMesh: {consecutiveErrorThreshold: 3}", Echo::new().every(2, 511));
    assert_eq!(events(&stage.queue().await), Vec::<&str>::new(), "every other answer is good");
    let stage = Stage::new("towerMesh: {consecutiveErrorThreshold: 3}", Echo::new().status(511));
    let report = stage.queue().await;
    assert_eq!((report.count(511), report.count(409)), (3, 997), "{report}");
}
