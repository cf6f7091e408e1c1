//! Two virtual machines behind one name, of which one goes down.

use super::*;

const DOCUMENTS: &str = "
apiVersion: networking.istio.io/v1beta1
kind: ServiceEntry
metadata: {name: httpd-se, namespace: vm-httpd}
spec:
  hosts: [httpd.vm.demo]
  addresses: [192.168.229.11]
  location: MESH_INTERNAL
  ports: [{number: 80, name: http-httpd, protocol: TCP, targetPort: 80}]
  resolution: STATIC
  workloadSelector: {labels: {app: httpd, type: vm}}
---
apiVersion: networking.istio.io/v1beta1
kind: WorkloadEntry
metadata: {name: httpd-146, namespace: vm-httpd}
spec:
  address: 192.168.229.146
  labels: {app: httpd, type: vm}
  locality: us-central1/z1/sz01
  network: network2
---
apiVersion: networking.istio.io/v1beta1
kind: WorkloadEntry
metadata: {name: httpd-147, namespace: vm-httpd}
spec:
  address: 192.168.229.147
  labels: {app: httpd, type: vm}
  locality: us-central2/z2/sz02
  network: network2
---
";

const FAILOVER: &str = "
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: dr-httpd, namespace: vm-httpd}
spec:
  host: httpd.vm.demo
  trafficPolicy:
    loadBalancer:
      localityLbSetting:
        enabled: true
        failover: [{from: us-central1, to: us-central2}, {from: us-central2, to: us-central1}]
    outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 1m}
";

const DISTRIBUTE: &str = "
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: httpd, namespace: vm-httpd}
spec:
  host: httpd.vm.demo
  trafficPolicy:
    loadBalancer:
      localityLbSetting:
        enabled: true
        distribute: [{from: us-central3/z3/*, to: {us-central2/z2/*: 100}}]
    outlierDetection: {consecutive5xxErrors: 1, interval: 5m, baseEjectionTime: 15m}
";

const URL: &str = "http://httpd.vm.demo/";

/// The first machine resets connections from the tenth second on.
fn machines() -> Upstreams {
    let dying = Echo::new().from(secs(10), Echo::reset);
    Upstreams::new().host("192.168.229.146:80", dying).host("192.168.229.147:80", Echo::new())
}

fn world(rule: &str, documents: &str, here: u32, era: Era) -> World {
    let builder = Mesh::builder().yaml(&format!("{documents}{rule}")).namespace("vm-httpd").seed(7);
    let mesh = builder.locality(region(here)).era(era).build().unwrap_or_else(|errors| panic!("{errors}"));
    World { mesh, upstreams: machines().seed(7) }
}

fn calls(report: &Report) -> [u64; 2] {
    [146, 147].map(|last| report.upstream_calls()[&*format!("192.168.229.{last}:80")])
}

#[tokio::test(start_paused = true)]
async fn both_answer_who_is_in_neither_region_and_the_near_one_who_is_in_its_own() {
    for (here, wanted) in [(1, [true, false]), (2, [false, true]), (3, [true, true])] {
        let report = world(FAILOVER, DOCUMENTS, here, Era::CURRENT).load(URL, 20.0, secs(9)).await;
        assert_eq!(calls(&report).map(|calls| calls > 0), wanted, "from region {here}");
    }
}

#[tokio::test(start_paused = true)]
async fn read_as_in_its_time_one_error_is_all_until_a_minute_later() {
    let world = world(FAILOVER, DOCUMENTS, 3, Era::V1_14);
    let before = world.load(URL, 20.0, secs(10)).await;
    assert!(before.errors.is_empty());
    let report = world.load(URL, 20.0, secs(55)).await;
    assert_eq!(report.errors.values().sum::<u64>(), 1, "{report}");
    assert_eq!((when(&report, "ejected").len(), calls(&report)[0]), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn read_as_today_nobody_is_ejected_half_go_on_failing_and_a_note_says_so() {
    let world = world(FAILOVER, DOCUMENTS, 3, Era::CURRENT);
    world.load(URL, 20.0, secs(10)).await;
    let report = world.load(URL, 20.0, secs(50)).await;
    let failed = report.errors.values().sum::<u64>() as f64 / report.requests as f64;
    assert!((0.3..0.7).contains(&failed), "{report}");
    assert!(
        world.notes().contains("never ejects: 10 % of 2 endpoints is less than one"),
        "{}",
        world.notes()
    );
}

#[tokio::test(start_paused = true)]
async fn with_all_of_them_allowed_to_be_ejected_it_is_again_one_error() {
    let rule = FAILOVER.replace("baseEjectionTime: 1m", "baseEjectionTime: 1m, maxEjectionPercent: 100");
    let world = world(&rule, DOCUMENTS, 1, Era::CURRENT);
    world.load(URL, 20.0, secs(10)).await;
    let report = world.load(URL, 20.0, secs(55)).await;
    assert_eq!(report.errors.values().sum::<u64>(), 1, "{report}");
    assert_eq!(calls(&report)[0], 1);
}

#[tokio::test(start_paused = true)]
async fn all_that_is_given_to_the_second_region_goes_to_the_machine_there() {
    let report = world(DISTRIBUTE, DOCUMENTS, 3, Era::CURRENT).load(URL, 20.0, secs(5)).await;
    assert_eq!(calls(&report), [0, 100]);
}

/// Without localities nobody is in the region that all was given to.
#[tokio::test(start_paused = true)]
async fn where_no_endpoint_has_the_locality_there_is_nobody_and_a_note_says_so() {
    let nowhere: String = DOCUMENTS
        .lines()
        .filter(|line| !line.contains("locality:"))
        .map(|line| format!("{line}\n"))
        .collect();
    let world = world(DISTRIBUTE, &nowhere, 3, Era::CURRENT);
    assert_eq!(world.get(URL).await.1, Flags::UH);
    let (notes, _) = Mesh::builder()
        .namespace("vm-httpd")
        .locality(region(3))
        .yaml(&format!("{nowhere}{DISTRIBUTE}"))
        .check();
    let told: String = notes.iter().map(|note| format!("{note}\n")).collect();
    assert!(told.contains("no endpoint of `httpd.vm.demo` has a locality"), "{told}");
}
