//! The picture of a run.

use std::time::Duration;

use tower::Layer;
use tower_mesh::{
    CircuitBreakerLayer, Events,
    policy::circuit_breaker::Settings,
    testing::{Echo, Load, Report, Upstreams, report::Moment, upstreams::Upstream},
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn moment(at_ms: u64, kind: &str, endpoint: &str, until_ms: Option<u64>) -> Moment {
    let moment = serde_json::json!({
        "at_ms": at_ms, "kind": kind, "subject": "outbound|9080||reviews", "detail": "5 errors < 6 & more",
        "line": "", "endpoint": endpoint, "until_ms": until_ms,
    });
    serde_json::from_value(moment).unwrap()
}

/// Twenty seconds in which one of two is ill for a while, behind a breaker; and ejections as a balancer tells of them.
async fn run() -> Report {
    let ill = Echo::new().from(s(8), |echo| echo.status(503)).from(s(16), |echo| echo);
    let upstreams = Upstreams::new()
        .with(Upstream::new("reviews:9080", [("version", "v1")], Echo::new()))
        .with(Upstream::new("reviews:9080", [("version", "<v2>")], ill))
        .seed(7);
    let events = Events::new();
    let settings = Settings::builder().error_amount(10).open_for(s(2)).build().unwrap();
    let service = CircuitBreakerLayer::new(settings).told("reviews|9080", &events).layer(upstreams.clone());
    let load = Load::workers(2).qps(20.0).duration(s(20)).uri("http://reviews:9080/").events(&events);
    let mut report = load.run(service).await;
    report.events.extend([
        moment(8_500, "ejected", "10.0.1.2:9080", Some(11_500)),
        moment(11_500, "returned", "10.0.1.2:9080", None),
        moment(12_000, "ejected", "10.0.1.2:9080", Some(90_000)),
        moment(3_000, "ejected", "10.9.9.9:1", Some(4_000)),
    ]);
    report.with_upstreams(&upstreams.seen())
}

fn texts(picture: &str) -> Vec<&str> {
    let after = picture.split("<text ").skip(1).filter_map(|rest| rest.split_once('>'));
    after.map(|(_, rest)| rest.split("</text>").next().unwrap_or_default()).collect()
}

/// Every element that is opened is closed, in order.
fn is_well_formed(picture: &str) -> bool {
    let mut open = Vec::new();
    for tag in picture.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        match tag.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return false,
            Some(_) => {}
            None if tag.ends_with('/') => {}
            None => open.push(tag.split([' ', '\n']).next().unwrap_or_default()),
        }
    }
    open.is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_picture_shows_codes_circuits_and_each_upstream_with_its_ejections() {
    let picture = run().await.plot();
    assert!(is_well_formed(&picture), "{picture}");
    insta::assert_snapshot!(texts(&picture).join("\n"), @r##"
    400 calls in 20 s
    20 a second; half of them within 1 ms, 99 % within 1 ms
    200: 250 (62.5 %)
    409: 120 (30.0 %)
    503: 30 (7.5 %)
    circuit open
    ejected
    <tspan font-weight="600">Answers a second</tspan> <tspan fill="#59636e">by when the calls ended</tspan>
    0
    5
    10
    15
    20
    <tspan font-weight="600">Circuits</tspan> <tspan fill="#59636e">when they were not closed</tspan>
    reviews|9080<title>reviews|9080</title>
    open for 6.3 s, 3 times
    <tspan font-weight="600">Upstreams</tspan> <tspan fill="#59636e">each one's share of the calls, by when they arrived; a full lane is 90 %</tspan>
    10.9.9.9:1<title>10.9.9.9:1</title>
    0 calls, 0.0 %, out once
    reviews:9080 version=&lt;v2&gt;<title>reviews:9080 version=&lt;v2&gt;</title>
    149 calls, 53.2 %, out twice
    reviews:9080 version=v1<title>reviews:9080 version=v1</title>
    131 calls, 46.8 %
    0 s
    2 s
    4 s
    6 s
    8 s
    10 s
    12 s
    14 s
    16 s
    18 s
    20 s
    "##);
    // Whoever points at a span reads why.
    let told: Vec<_> = picture
        .split("<title>")
        .filter_map(|rest| rest.split("</title>").next())
        .filter(|told| told.starts_with("open") || told.starts_with("ejected"))
        .collect();
    insta::assert_snapshot!(told.join("\n--\n"), @r"
    open from 8.7 s to 10.8 s
    reviews|9080
    176 requests, 10 errors, 0 slow; until 10701 ms
    --
    open from 11.6 s to 13.7 s
    reviews|9080
    18 requests, 10 errors, 0 slow; until 13601 ms
    --
    open from 14.6 s to 16.7 s
    reviews|9080
    20 requests, 10 errors, 0 slow; until 16601 ms
    --
    ejected from 3 s to 4 s
    10.9.9.9:1 of outbound|9080||reviews
    5 errors &lt; 6 &amp; more
    --
    ejected from 8.5 s to 11.5 s
    10.0.1.2:9080 of outbound|9080||reviews
    5 errors &lt; 6 &amp; more
    --
    ejected from 12 s to 20 s
    10.0.1.2:9080 of outbound|9080||reviews
    5 errors &lt; 6 &amp; more
    ");
}

#[tokio::test(start_paused = true)]
async fn the_same_run_is_the_same_picture() {
    assert_eq!(run().await.plot(), run().await.plot());
}

#[tokio::test(start_paused = true)]
async fn what_is_at_an_endpoint_s_address_is_named_in_its_events() {
    let report = run().await;
    let named: Vec<_> = report.events.iter().map(|moment| moment.upstream.as_deref()).collect();
    let v2 = Some("reviews:9080 version=<v2>");
    assert_eq!(named[named.len() - 4..], [v2, v2, v2, None]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_read_back_draws_what_it_knows() {
    let report = run().await;
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(texts(&read.plot()), texts(&report.plot()));
    let one =
        Load::workers(1).requests(100).run(Echo::new()).await.with_upstream("only", &Echo::new().seen());
    let read: Report = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
    assert!(one.plot().contains(">only<") && is_well_formed(&read.plot()));
}

#[tokio::test(start_paused = true)]
async fn odd_runs_are_drawn_too() {
    let nothing = Load::workers(1).requests(0).run(Echo::new()).await;
    let at_once = Load::workers(1).requests(3).run(Echo::new().latency(Duration::ZERO)).await;
    let once = Load::workers(1).requests(1).run(Echo::new()).await;
    let long = Load::open().at([s(0), s(40 * 86_400)]).run(Echo::new()).await;
    for report in [nothing, at_once, once, long] {
        let picture = report.plot();
        assert!(
            is_well_formed(&picture) && !picture.contains("NaN") && !picture.contains("inf"),
            "{picture}"
        );
        assert!(picture.len() < 20_000);
    }
}

#[tokio::test(start_paused = true)]
async fn many_upstreams_are_not_all_drawn() {
    let upstreams = (0..100).fold(Upstreams::new(), |all, _| all.host("a", Echo::new())).seed(7);
    let report = Load::workers(1).requests(1000).uri("http://a/").run(upstreams.clone()).await;
    let picture = report.with_upstreams(&upstreams.seen()).plot();
    assert!(picture.contains("and 40 more"));
}
