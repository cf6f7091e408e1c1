//! Regions: who comes first, what share each has, and what happens when one of them is gone.

use super::*;

fn rule(host: &str, setting: &str, outlier: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: {host}}}, spec: {{
  host: {host}.istio.svc.cluster.local,
  trafficPolicy: {{loadBalancer: {{localityLbSetting: {setting}}}, outlierDetection: {outlier}}}}}}}\n---\n"
    )
}

const DISTRIBUTE: &str = "{enabled: true, distribute: [
  {from: us-central1/z1/*, to: {us-central3/z3/*: 100}},
  {from: us-central2/z2/*, to: {us-central3/z3/*: 10, us-central1/z1/*: 90}},
  {from: us-central3/z3/*, to: {us-central1/z1/*: 10, us-central2/z2/*: 10, us-central3/z3/*: 80}}]}";

const FAILOVER: &str = "{enabled: true, failover: [
  {from: us-central1, to: us-central2}, {from: us-central2, to: us-central1}, {from: us-central3, to: us-central1}]}";

const ONE_ERROR: &str = "{consecutive5xxErrors: 1, interval: 5m, baseEjectionTime: 15m}";
const ONE_ERROR_EACH: &str =
    "{consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 10s, maxEjectionPercent: 100}";

fn everywhere(upstreams: Upstreams, host: &str, echo: impl Fn(u32) -> Echo) -> Upstreams {
    (1..=3).fold(upstreams, |all, number| all.with(at(&format!("{host}:9080"), number, echo(number))))
}

fn world(yaml: &str, upstreams: Upstreams, here: Option<u32>) -> World {
    World::built(yaml, upstreams.in_namespace("istio"), |mesh| {
        let mesh = mesh.namespace("istio");
        match here {
            Some(number) => mesh.locality(region(number)),
            None => mesh,
        }
    })
}

/// The shares of the regions, in percent.
fn shares(report: &Report) -> [f64; 3] {
    let total: u64 = report.upstream_calls().values().sum();
    let mut calls = report.upstream_calls().values();
    [(); 3].map(|()| 100.0 * calls.next().map_or(0, |calls| *calls) as f64 / total as f64)
}

fn near(shares: [f64; 3], wanted: [f64; 3]) {
    assert!(shares.iter().zip(wanted).all(|(share, wanted)| (share - wanted).abs() < 1.0), "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn each_region_has_the_share_that_the_rule_gives_it_for_who_asks() {
    let yaml = rule("productpage", DISTRIBUTE, ONE_ERROR);
    for (here, wanted) in [(1, [0.0, 0.0, 100.0]), (2, [90.0, 0.0, 10.0]), (3, [10.0, 10.0, 80.0])] {
        let upstreams = everywhere(Upstreams::new(), "productpage", |_| Echo::new());
        let world = world(&yaml, upstreams, Some(here));
        let report = world.load("http://productpage:9080/", 100.0, secs(10)).await;
        assert_eq!(report.count(200), report.requests);
        near(shares(&report), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_say_where_it_is_asks_all_and_is_told_so() {
    let yaml = rule("productpage", DISTRIBUTE, ONE_ERROR);
    let upstreams = everywhere(Upstreams::new(), "productpage", |_| Echo::new());
    let world = world(&yaml, upstreams, None);
    let report = world.load("http://productpage:9080/", 300.0, secs(10)).await;
    assert!(shares(&report).iter().all(|share| (share - 33.3).abs() < 3.0), "{:?}", shares(&report));
    assert!(world.notes().contains("locality"), "{}", world.notes());
}

#[tokio::test(start_paused = true)]
async fn a_region_that_fails_is_left_for_the_next_and_taken_back() {
    let yaml = rule("productpage", FAILOVER, ONE_ERROR_EACH);
    let failing = |number| {
        let echo = Echo::new();
        match number {
            1 => echo.from(secs(8), |echo| echo.status(503)).from(secs(16), |echo| echo),
            _ => echo,
        }
    };
    let world = world(&yaml, everywhere(Upstreams::new(), "productpage", failing), Some(1));
    let report = world.load("http://productpage:9080/", 50.0, secs(40)).await;
    // One error at 8 s; it returns at 18 s, when it is well again.
    assert_eq!(report.count(503), 1);
    let name =
        |number: u32| report.upstream_calls().keys().nth(number as usize - 1).expect("an upstream").clone();
    let share = |number, second| report.shares_over_time().share(&name(number), second).unwrap_or(0.0);
    for (second, wanted) in [(5, [100.0, 0.0, 0.0]), (12, [0.0, 100.0, 0.0]), (30, [100.0, 0.0, 0.0])] {
        let shares = [1, 2, 3].map(|number| share(number, second));
        assert_eq!(shares, wanted, "at {second} s");
    }
}

/// Page, reviews, ratings and details in three regions, of which the second hangs: who has a rule for failover goes on, and
/// who has none fails for about a third.
#[tokio::test(start_paused = true)]
async fn where_a_region_hangs_services_with_a_rule_never_fail_and_those_without_fail_for_a_third() {
    let hosts = ["productpage", "reviews", "ratings", "details"];
    let hanging = |number| {
        let hangs = number == 2;
        if hangs { Echo::new().hang() } else { Echo::new() }
    };
    let failed = async |rules: &[&str]| {
        let yaml: String = rules.iter().map(|host| rule(host, FAILOVER, ONE_ERROR)).collect();
        let timeouts: String = hosts
            .iter()
            .map(|host| {
                format!(
                    "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: {host}}}, spec: {{
  hosts: [{host}], http: [{{timeout: 1s, retries: {{attempts: 0}}, route: [{{destination: {{host: {host}}}}}]}}]}}}}\n---\n"
                )
            })
            .collect();
        let upstreams = hosts.iter().fold(Upstreams::new(), |all, host| everywhere(all, host, hanging));
        let world = world(&(yaml + &timeouts), upstreams, Some(1));
        let mut shares = Vec::new();
        for host in hosts {
            let report = world.load(&format!("http://{host}:9080/"), 30.0, secs(10)).await;
            shares.push(100.0 * report.count(504) as f64 / report.requests as f64);
        }
        shares
    };
    let some = failed(&["productpage"]).await;
    assert_eq!(some[0], 0.0);
    // Who hangs has many in flight, so the one of two with fewer is nearly always another.
    assert!(some[1..].iter().all(|share| *share > 0.0 && *share < 40.0), "{some:?}");
    assert_eq!(failed(&hosts).await, [0.0; 4]);
}

#[tokio::test(start_paused = true)]
async fn with_two_regions_gone_the_third_serves_and_a_region_that_is_back_is_asked_again() {
    let yaml = rule("productpage", FAILOVER, ONE_ERROR_EACH);
    let upstreams = everywhere(Upstreams::new(), "productpage", |number| {
        if number < 3 { Echo::new().status(503).from(secs(30), |echo| echo) } else { Echo::new() }
    });
    let world = world(&yaml, upstreams, Some(1));
    let report = world.load("http://productpage:9080/", 20.0, secs(5)).await;
    assert_eq!(report.count(503), 2, "one error of each");
    near(shares(&report), [1.0, 1.0, 98.0]);
    tokio::time::sleep(secs(60)).await;
    let report = world.load("http://productpage:9080/", 20.0, secs(5)).await;
    near(shares(&report), [100.0, 0.0, 0.0]);
}
