//! Endpoints that fail leave, and return.

use super::*;

fn rule(host: &str, outlier: &str) -> String {
    format!(
        "{{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {{name: {host}}}, spec: {{host: {host},
  trafficPolicy: {{loadBalancer: {{simple: ROUND_ROBIN}}, outlierDetection: {outlier}}}}}}}\n---\n"
    )
}

const URL: &str = "http://reviews:9080/";

fn three(first: Echo) -> Upstreams {
    let others = (2..=3).map(|number| (number, Echo::new()));
    [(1, first)].into_iter().chain(others).fold(Upstreams::new(), |all, (number, echo)| {
        all.at("reviews:9080", [("pod", number.to_string())], echo)
    })
}

#[tokio::test(start_paused = true)]
async fn one_of_three_that_fails_leaves_and_returns_after_once_twice_three_times_the_base_time() {
    let outlier = "{consecutive5xxErrors: 3, interval: 1s, baseEjectionTime: 3s, maxEjectionPercent: 34}";
    let world = World::new(&rule("reviews", outlier), three(Echo::new().status(500)));
    let report = world.load(URL, 60.0, secs(30)).await;
    let (ejected, returned) = (when(&report, "ejected"), when(&report, "returned"));
    let lasts: Vec<_> = ejected.iter().zip(&returned).map(|(from, to)| (to - from) / 1000).collect();
    assert_eq!(lasts[..3], [3, 6, 9], "{ejected:?} {returned:?}");
    assert!(report.events.iter().all(|event| event.upstream.as_deref() == Some("reviews:9080 pod=1")));
    assert_eq!(report.count(500), 3 * ejected.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn when_all_have_left_it_is_a_503_of_ours() {
    let outlier = "{consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 60s, maxEjectionPercent: 100}";
    let upstreams = Upstreams::new().host("reviews:9080", Echo::new().status(500));
    let world = World::new(&rule("reviews", outlier), upstreams);
    assert_eq!(world.get(URL).await.0, 500);
    let before = clock::now();
    let (status, flags, why, body) = world.get(URL).await;
    assert_eq!(
        (status, flags, &*why, &*body),
        (503, Flags::UH, "no_healthy_upstream", "no healthy upstream")
    );
    assert_eq!(clock::now(), before, "at once, and not tried again");
}

/// Ten percent of three is less than one: the defaults eject nobody, as in today's mesh; one, as in the older ones.
#[tokio::test(start_paused = true)]
async fn the_default_percentage_ejects_nobody_of_a_few_unless_it_is_read_as_it_was_once() {
    for (era, ejected) in [(Era::CURRENT, 0), (Era::V1_14, 1), (Era::V0_8, 1)] {
        let world = World::built(
            &rule("reviews", "{consecutive5xxErrors: 1, baseEjectionTime: 1h}"),
            three(Echo::new().status(500)),
            |mesh| mesh.era(era),
        );
        let report = world.load(URL, 30.0, secs(5)).await;
        assert_eq!(when(&report, "ejected").len(), ejected, "{era}");
        assert_eq!(world.notes().contains("never ejects"), ejected == 0, "{}", world.notes());
    }
}

/// The document of 2018, whose `consecutiveErrors` meant gateway errors in the mesh that read it.
#[tokio::test(start_paused = true)]
async fn consecutive_errors_eject_by_503_and_not_by_500() {
    let outlier = "{consecutiveErrors: 3, interval: 3s, baseEjectionTime: 3m, maxEjectionPercent: 100}";
    for (status, ejected) in [(503, 1), (500, 0)] {
        let world = World::new(
            &rule("service-go", outlier),
            Upstreams::new().at("service-go:80", [("version", "v1")], Echo::new().status(status)).at(
                "service-go:80",
                [("version", "v2")],
                Echo::new(),
            ),
        );
        let report = world.load("http://service-go/", 10.0, secs(60)).await;
        assert_eq!(when(&report, "ejected").len(), ejected, "{status}");
        if ejected > 0 {
            assert_eq!(report.count(503), 3, "then all goes to the other");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_its_time_a_host_is_tried_again() {
    let outlier = "{consecutiveErrors: 3, interval: 3s, baseEjectionTime: 3m, maxEjectionPercent: 100}";
    let failing = || Echo::new().status(503).from(secs(120), |echo| echo);
    let world = World::new(
        &rule("service-go", outlier),
        Upstreams::new().at("service-go:80", [("version", "v1")], failing()).at(
            "service-go:80",
            [("version", "v2")],
            failing(),
        ),
    );
    let report = world.load("http://service-go/", 10.0, secs(60)).await;
    assert_eq!(when(&report, "ejected").len(), 2);
    assert_eq!(world.get("http://service-go/").await.1, Flags::UH);
    tokio::time::sleep(secs(180)).await;
    assert_eq!(world.get("http://service-go/").await.0, 200);
}

/// A subset and the whole host, and the same rules in another mesh, know nothing of each other's ejections.
#[tokio::test(start_paused = true)]
async fn each_cluster_has_ejections_of_its_own_and_so_has_each_mesh() {
    let yaml = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, baseEjectionTime: 1h, maxEjectionPercent: 100}}
  subsets: [{name: v1, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - {match: [{uri: {prefix: /v1}}], route: [{destination: {host: reviews, subset: v1}}]}
  - route: [{destination: {host: reviews}}]
";
    let upstreams = Upstreams::new().at("reviews:9080", [("version", "v1")], Echo::new());
    let world = World::new(yaml, upstreams.clone());
    assert_eq!(world.get("http://reviews:9080/v1?status=500").await.0, 500);
    assert_eq!(world.get("http://reviews:9080/v1").await.1, Flags::UH);
    assert_eq!(world.get("http://reviews:9080/").await.0, 200);
    let other = World::new(yaml, upstreams);
    assert_eq!(other.get("http://reviews:9080/v1").await.0, 200);
}

/// A local answer says nothing of an endpoint: faults, overflows and timeouts of the way to it are told apart.
#[tokio::test(start_paused = true)]
async fn what_never_reached_an_endpoint_does_not_eject_it_and_a_timeout_does() {
    let rule = rule("reviews", "{consecutive5xxErrors: 2, baseEjectionTime: 1h, maxEjectionPercent: 100}");
    let route = |http: &str| {
        format!(
            "{rule}{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: r}},
              spec: {{hosts: [reviews], http: [{{{http}, route: [{{destination: {{host: reviews}}}}]}}]}}}}"
        )
    };
    let upstreams = || Upstreams::new().host("reviews:9080", Echo::new().hang());
    let faulty = route("fault: {abort: {percentage: {value: 100}, httpStatus: 503}}");
    let late = route("timeout: 1s");
    for (yaml, status, ejected) in [(faulty, 503, false), (late, 504, true)] {
        let world = World::new(&yaml, upstreams());
        for _ in 0..2 {
            assert_eq!(world.get(URL).await.0, status);
        }
        let handle = world.mesh.balance("reviews", 9080, None).expect("it is known");
        assert_eq!(!handle.status()[0].is_healthy(), ejected);
    }
}
