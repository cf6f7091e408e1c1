//! What stands before one rule and not before another: faults, timeouts, retries; and gRPC calls on their way.

use http::header::CONTENT_TYPE;
use tower::Layer;
use tower_mesh::{
    FaultLayer, Flags,
    config::{
        self,
        istio::{HttpRoute, VirtualService},
    },
    layer::draw::Draws,
    policy::fault::Settings,
};

use super::*;

// ===== fragments, by the settings =====

/// A layer of the fault in a fragment: of `http`, or of `fault` alone. Nothing of it goes unheard.
fn layer(fragment: &str) -> FaultLayer {
    let fault = if fragment.starts_with("http:") {
        let (routes, findings) = config::from_yaml::<VirtualService>(fragment).expect("a fragment");
        assert_eq!(findings, []);
        routes.http[0].fault.clone()
    } else {
        let (route, findings) = config::from_yaml::<HttpRoute>(fragment).expect("a fragment");
        assert_eq!(findings, []);
        route.fault
    };
    FaultLayer::new(Settings::try_from(fault.expect("a fault")).expect("it means something"))
}

/// A thousand calls through it.
async fn thousand(fragment: &str, seed: u64) -> (Report, u64) {
    let upstream = Echo::new();
    let faulty = layer(fragment).drawing(Draws::seeded(seed)).layer(upstream.clone());
    (Load::workers(10).requests(1000).run(faulty).await, upstream.seen().calls)
}

const DELAY: &str = "delay:\n      percentage:\n        value: 50.0\n      fixedDelay: 5s\n";
const ABORT: &str = "abort:\n      percentage:\n        value: 50.0\n      httpStatus: 503\n";

fn all(block: &str) -> String {
    block.replace("50.0", "100.0")
}

/// Exercise 7.
#[tokio::test(start_paused = true)]
async fn a_fragment_of_a_delay_delays_all_or_half() {
    let (report, _) = thousand(&format!("http:\n- fault:\n    {}", all(DELAY)), 1).await;
    assert_eq!((report.count(200), report.flagged(Flags::DI)), (1000, 1000));
    assert_eq!((report.latency.min(), report.latency.max()), (ms(5001), ms(5001)));
    for seed in 1..=3 {
        let (report, reached) = thousand(&format!("fault:\n    {DELAY}"), seed).await;
        is_about(report.flagged(Flags::DI), 50.0, 1000);
        assert_eq!((report.count(200), reached), (1000, 1000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fragment_of_an_abort_answers_all_or_half_in_the_upstreams_place() {
    let fragment = format!("http:\n- fault:\n    {}", all(ABORT));
    let (report, reached) = thousand(&fragment, 1).await;
    assert_eq!((report.count(503), report.refused(Reason::FaultAbort), reached), (1000, 1000, 0));
    let got = ask(&layer(&fragment).layer(Echo::new()), get_at(REVIEWS)).await;
    assert_eq!(got.said(), (503, "fault filter abort", "FI".to_owned()));
    for seed in 1..=3 {
        let (report, reached) = thousand(&format!("fault:\n    {ABORT}"), seed).await;
        is_about(report.count(503), 50.0, 1000);
        assert_eq!(report.count(200), reached);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fragment_of_both_makes_four_quarters_or_two_halves_where_they_exclude_each_other() {
    let flags = [Flags::NONE, Flags::DI, Flags::FI, Flags::DI | Flags::FI];
    let both = format!("http:\n- fault:\n    {DELAY}    {ABORT}");
    for seed in 1..=3 {
        let (report, _) = thousand(&both, seed).await;
        flags.into_iter().for_each(|flags| is_about(report.flagged(flags), 25.0, 1000));
        let (report, _) = thousand(&format!("{both}    towerMesh: {{exclusive: true}}\n"), seed).await;
        let [none, delayed, aborted, both] = flags.map(|flags| report.flagged(flags));
        assert_eq!((none, delayed + aborted, both), (0, 1000, 0));
        is_about(delayed, 50.0, 1000);
    }
}

// ===== before one rule =====

/// Exercise 8, for the requests of one rule.
#[tokio::test(start_paused = true)]
async fn a_grpc_status_is_one_to_grpc_callers_and_a_200_to_others() {
    let fault = "fault: {abort: {percentage: {value: 100}, grpcStatus: UNAVAILABLE}}";
    let jason =
        format!("- match: [{{headers: {{end-user: {{exact: jason}}}}}}]\n  {fault}\n  {}\n", to("v1"));
    let town = Town::new(&reviews(&format!("{jason}- {}", to("v1"))));
    let by_jason = |request| with(request, "end-user", "jason");
    let call = town.ask(by_jason(grpc("/bookinfo.Reviews/Get"))).await;
    assert_eq!((call.status(), call.flags(), call.header("grpc-status")), (200, "FI".to_owned(), Some("14")));
    assert_eq!(call.header("grpc-message"), Some("fault filter abort"));
    let plain = town.ask(by_jason(get_at(REVIEWS))).await;
    assert_eq!(plain.said(), (200, "fault filter abort", "FI".to_owned()));
    assert_eq!(town.asked(), [0; 3]);
    assert_eq!(town.ask(grpc("/bookinfo.Reviews/Get")).await.flags(), "-");
    assert_eq!(town.asked(), [1, 0, 0]);
}

/// What Istio knows and refuses: a note, and no fault.
#[tokio::test(start_paused = true)]
async fn an_http2_error_is_told_and_injects_nothing() {
    let fault = "fault: {abort: {percentage: {value: 100}, http2Error: CANCEL}}";
    let town = Town::new(&reviews(&format!("- {}\n  {fault}", to("v2"))));
    assert_eq!(town.get(REVIEWS).await.seen(), seen(200, "-", 1));
    town.told("spec.http[0].fault.abort.http2Error: has no effect: Istio knows this field and refuses it");
}

fn path(entry: &str, lines: &str) -> String {
    format!("- match: [{{uri: {{prefix: {entry}}}}}]\n  {}\n  {lines}\n", to("v1"))
}

#[tokio::test(start_paused = true)]
async fn each_rule_has_a_timeout_of_its_own_or_none() {
    let rules = path("/a", "timeout: 0.5s") + &path("/b", "timeout: 2s") + &path("/", "");
    let late = || of_versions([("v1", Echo::new().delay(ms(5000)))]);
    let town = Town::with(Mesh::builder(), &reviews(&rules), late());
    let at = async |path: &str| town.get(&format!("http://reviews:9080{path}")).await.seen();
    assert_eq!(at("/a").await, seen(504, "UT", 500));
    assert_eq!(at("/b").await, seen(504, "UT", 2000));
    assert_eq!(at("/c").await, seen(200, "-", 5000));
}

#[tokio::test(start_paused = true)]
async fn each_rule_has_retries_of_its_own_or_those_of_the_mesh() {
    let rules = path("/a", "retries: {attempts: 1, retryOn: '503'}")
        + &path("/b", "retries: {attempts: 4, retryOn: '503'}")
        + &path("/c", "retries: {attempts: 0}")
        + &path("/", "");
    let town = Town::with(Mesh::builder(), &reviews(&rules), of_versions([("v1", Echo::new().status(503))]));
    for (path, tries, flags) in [("/a", 2, "URX"), ("/b", 5, "URX"), ("/c", 1, "-"), ("/d", 1, "-")] {
        let before = town.asked()[0];
        let got = town.get(&format!("http://reviews:9080{path}")).await;
        assert_eq!((got.status(), got.flags()), (503, flags.to_owned()), "{path}");
        assert_eq!(town.asked()[0] - before, tries, "{path}");
    }
}

/// The time of a delay is not the rule's; the time of a try is one try's.
#[tokio::test(start_paused = true)]
async fn faults_are_of_one_rule_and_outside_of_its_timeout() {
    let rules = path("/a", "timeout: 0.5s\n  fault: {delay: {percentage: {value: 100}, fixedDelay: 1s}}")
        + &path("/", "timeout: 0.5s");
    let town = Town::new(&reviews(&rules));
    assert_eq!(town.get("http://reviews:9080/a").await.seen(), seen(200, "DI", 1001));
    assert_eq!(town.get("http://reviews:9080/b").await.seen(), seen(200, "-", 1));
}

// ===== gRPC =====

fn grpc(method: &str) -> Request<Full<Bytes>> {
    let request =
        Request::post(format!("http://reviews:9080{method}")).header(CONTENT_TYPE, "application/grpc");
    request.body(Full::from("message")).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn a_grpc_call_goes_by_its_method_and_its_metadata() {
    let rules = format!(
        "- match: [{{uri: {{prefix: /bookinfo.Reviews/}}, headers: {{end-user: {{exact: jason}}}}}}]\n  {}\n\
         - match: [{{uri: {{exact: /bookinfo.Reviews/Get}}, method: {{exact: POST}}}}]\n  {}\n\
         - match: [{{headers: {{content-type: {{prefix: application/grpc}}}}}}]\n  {}\n",
        to("v2"),
        to("v1"),
        to("v3"),
    );
    let town = Town::new(&reviews(&rules));
    assert_eq!(town.whom(with(grpc("/bookinfo.Reviews/Get"), "end-user", "jason")).await, version("v2"));
    assert_eq!(town.whom(grpc("/bookinfo.Reviews/Get")).await, version("v1"));
    assert_eq!(town.whom(grpc("/bookinfo.Reviews/List")).await, version("v3"));
    assert_eq!(town.whom(get_at(REVIEWS)).await, "404 NR");
}

/// Trailers-only, with the status that HTTP's maps to.
#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_told_by_trailers_only_that_its_call_goes_nowhere() {
    let rules = |lines: &str| reviews(&format!("- match: [{{uri: {{prefix: /bookinfo}}}}]\n  {lines}"));
    let empty = || knowing(&bookinfo(), &["v1"]);
    for (lines, method, flags, status, message) in [
        (to("v1"), "/other.Service/Get", "NR", "12", None),
        (to("v9"), "/bookinfo.Reviews/Get", "NC", "2", None),
        (to("v3"), "/bookinfo.Reviews/Get", "UH", "14", Some("no healthy upstream")),
    ] {
        let got = Town::of(empty(), &rules(&lines)).ask(grpc(method)).await;
        assert_eq!((got.status(), got.content(), got.flags()), (200, "", flags.to_owned()));
        assert_eq!((got.header("grpc-status"), got.header("grpc-message")), (Some(status), message));
        assert_eq!(got.header("content-type"), Some("application/grpc"));
    }
}
