//! Upstreams that change over time.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Service, ServiceExt, service_fn};
use tower_mesh::{
    layer::clock,
    testing::{Echo, EchoError, Load, Upstreams},
};

use super::{ms, since};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Well, ill from 8 s on, and well again from 16 s on.
fn ill(tell: impl FnOnce(Echo) -> Echo) -> Echo {
    Echo::new().from(s(8), tell).from(s(16), |echo| echo)
}

async fn get(upstream: &Echo) -> Result<u16, EchoError> {
    upstream.clone().oneshot(Request::new(String::new())).await.map(|response| response.status().as_u16())
}

#[tokio::test(start_paused = true)]
async fn what_is_told_from_a_moment_on_holds_from_it_to_the_next() {
    let times = [0, 7_999, 8_000, 15_999, 16_000, 60_000].map(ms);
    for (upstream, then) in [
        (ill(|echo| echo.status(503)), "503"),
        (ill(Echo::refuse), "-1"),
        (ill(Echo::reset), "-1"),
        (ill(|echo| echo.hang()), "-1"),
        (ill(|echo| echo.status(500).delay(ms(1))), "500"),
    ] {
        let report = Load::open().at(times).timeout(s(1)).run(upstream.clone()).await;
        assert_eq!((report.count(200), report.codes()[then]), (4, 2), "{upstream}: {report}");
        let by_second: Vec<_> = report.seconds().values().map(|codes| codes.contains_key("200")).collect();
        assert!(by_second.first() == Some(&true) && by_second.last() == Some(&true), "{by_second:?}");
    }
    let slow = Load::open().at(times).run(ill(|echo| echo.delay(ms(700)))).await;
    assert_eq!((slow.latency.percentile(66.0), slow.latency.percentile(67.0)), (ms(1), ms(700)));
}

#[tokio::test(start_paused = true)]
async fn what_is_told_replaces_all_that_was_told_before() {
    let upstream =
        Echo::new().status(404).delay(ms(50)).header("x-v", "1").from(s(1), |echo| echo.status(204));
    let start = clock::now();
    assert_eq!(get(&upstream).await, Ok(404));
    tokio::time::sleep(s(1) - since(start)).await;
    let response = upstream.clone().oneshot(Request::new(String::new())).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get("x-v")), (204, None));
    assert_eq!(since(start), s(1) + ms(1));
}

#[tokio::test(start_paused = true)]
async fn moments_can_be_told_in_any_order_and_the_last_word_holds() {
    let told = Echo::new()
        .from(s(9), |echo| echo.status(509))
        .from(s(3), |echo| echo.status(500))
        .from(s(9), |echo| echo.status(503))
        .from(s(0), |echo| echo.status(404));
    assert_eq!(told.to_string(), "status=404; 3s: status=500; 9s: status=503");
    let nested = Echo::new().from(s(1), |echo| echo.status(500).from(s(5), |echo| echo.hang()));
    assert_eq!(nested.to_string(), "1s: status=500; 5s: hang");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_by_what_held_when_it_arrived() {
    let upstream = Echo::new().delay(s(3)).from(s(1), |echo| echo.status(503));
    assert_eq!(Load::open().at([ms(0), ms(999), ms(1000)]).run(upstream).await.count(200), 2);
}

#[tokio::test(start_paused = true)]
async fn the_order_of_arrivals_and_its_luck_go_on() {
    let upstream = Echo::new().every(5, 511).from(s(1), |echo| echo.every(5, 503)).seed(7);
    let report = Load::open().rate(7.0).requests(10).run(upstream.clone()).await;
    assert_eq!((report.count(511), report.count(503)), (1, 1));
    assert_eq!(upstream.seen().calls, 10);
}

#[tokio::test(start_paused = true)]
async fn whom_it_asks_stays_until_it_is_told_to_ask_others() {
    let (one, two) = (Echo::new().named("one"), Echo::new().named("two"));
    let upstream = Echo::new()
        .from(s(1), |echo| echo.size(3))
        .from(s(2), |echo| echo.calling(two.clone(), "http://two/"))
        .from(s(3), |echo| echo.size(4))
        .calling(one.clone(), "http://one/");
    Load::open().at([0, 1000, 2000, 3000, 4000].map(ms)).run(upstream).await;
    assert_eq!((one.seen().calls, two.seen().calls), (2, 3));
}

// ===== when its time begins =====

#[tokio::test(start_paused = true)]
async fn its_time_begins_with_the_load_even_if_it_is_called_late() {
    tokio::time::sleep(s(100)).await;
    let upstream = ill(|echo| echo.status(503));
    let report = Load::open().at([s(10), s(17)]).run(upstream.clone()).await;
    assert_eq!((report.count(503), report.count(200)), (1, 1));
    // Another load finds it where it is by then.
    assert_eq!(Load::open().at([s(0)]).run(upstream).await.count(200), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_load_its_time_begins_with_the_first_call() {
    let upstream = ill(|echo| echo.status(503));
    tokio::time::sleep(s(10)).await;
    assert_eq!(get(&upstream).await, Ok(200));
    tokio::time::sleep(s(8)).await;
    assert_eq!(get(&upstream.clone()).await, Ok(503));
    // Told something more it is another one.
    assert_eq!(get(&upstream.named("another")).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn its_time_can_be_begun_and_begun_anew() {
    let upstream = ill(|echo| echo.status(503));
    upstream.start();
    tokio::time::sleep(s(9)).await;
    assert_eq!(get(&upstream).await, Ok(503));
    upstream.clone().start();
    assert_eq!(get(&upstream).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn several_have_one_time_whoever_is_called_first() {
    let upstreams = || {
        let [a, b] = [503, 504].map(|status| ill(|echo| echo.status(status)));
        Upstreams::new().host("a", a).host("b", b).otherwise(ill(|echo| echo.status(505)))
    };
    async fn ask(upstreams: &Upstreams, uri: &str) -> u16 {
        let request = Request::get(uri).body(String::new()).unwrap();
        upstreams.clone().oneshot(request).await.unwrap().status().as_u16()
    }
    let called = upstreams();
    assert_eq!(ask(&called, "http://a/").await, 200);
    tokio::time::sleep(s(8)).await;
    assert_eq!((ask(&called, "http://b/").await, ask(&called, "http://c/").await), (504, 505));
    assert_eq!(ask(&called.clone().seed(7), "http://b/").await, 200);
    called.start();
    assert_eq!(ask(&called, "http://b/").await, 200);
    // In a load it is the load's, for whom it reaches late too.
    let late = upstreams();
    let report = Load::open().at([s(9)]).uri("http://b/").run(late).await;
    assert_eq!(report.count(504), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_called_by_another_has_the_time_of_the_load_too() {
    let ratings = ill(|echo| echo.status(503));
    let page = Echo::new().calling(ratings, "http://ratings/");
    assert_eq!(Load::open().at([s(9)]).run(page).await.count(503), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_timeline_gives_the_same_table() {
    async fn run() -> String {
        let upstreams = Upstreams::new()
            .host("a", ill(|echo| echo.status_percent(503, 50.0)))
            .host("a", ill(|echo| echo.delay_percent(ms(20), 50.0)))
            .seed(7);
        let load = Load::workers(5).qps(40.0).duration(s(20)).uri("http://a/");
        let report = load.run(upstreams.clone()).await.with_upstreams(&upstreams.seen());
        format!("{}{report}", serde_json::to_string(&report).unwrap())
    }
    let first = run().await;
    tokio::time::sleep(ms(12_345)).await;
    assert_eq!(run().await, first);
}

#[tokio::test(start_paused = true)]
async fn a_load_asks_services_of_every_kind() {
    // What tells upstreams when the load began does not get into anybody's way.
    let service = service_fn(|request: Request<Full<Bytes>>| async move {
        assert!(request.headers().is_empty());
        Echo::new().call(request).await
    });
    assert_eq!(Load::workers(1).requests(3).run(service).await.count(200), 3);
}

// ===== as text =====

#[test]
fn a_timeline_is_read_and_written() {
    let text = "latency=5ms; 8s: refuse; 16s: latency=5ms";
    let told = Echo::new().latency(ms(5)).from(s(8), Echo::refuse).from(s(16), |echo| echo.latency(ms(5)));
    assert_eq!(format!("{:?}", text.parse::<Echo>().unwrap()), format!("{told:?}"));
    for (text, written) in [
        (text, text),
        ("  8s : refuse ;16s:", "8s: refuse; 16s:"),
        ("8s:hang=20%;16s:latency=5ms;", "8s: hang=20; 16s: latency=5ms"),
        ("0s: status=404; 1m: close", "status=404; 60s: reset"),
        ("/echo?status=511:20; 8s: status=503:20,429:10", "status=511:20; 8s: status=503:20,429:10"),
        ("", ""),
    ] {
        let echo: Echo = text.parse().unwrap();
        assert_eq!(echo.to_string(), written, "{text}");
        assert_eq!(echo.to_string().parse::<Echo>().unwrap().to_string(), written, "{text}");
    }
}

#[test]
fn all_that_an_upstream_does_is_written() {
    let text = "status=511:20,503:10.5&delay=10ms:20,500ms:5&size=512&header=x-a:one%3B%20two%26&latency=2ms\
                &every=5:429&every=7:300ms&refuse=1&hang&reset=3&break-body=4&slow-body=1s";
    let echo: Echo = text.parse().unwrap();
    assert_eq!(echo.to_string(), text);
    // What has no text of its own is said so that it means the same.
    assert_eq!(Echo::new().status(404).status_percent(511, 20.0).to_string(), "status=511:20,404:80");
}

#[test]
fn a_wrong_timeline_says_where_and_what_is_accepted() {
    let wrong = [
        "8x: refuse",
        "latency=5ms; refuse",
        "status=503; 8s",
        "8s: refuse; 8s: hang",
        "8s: refuse; 3s: hang",
        "status=503; 0s: hang",
        "8s: refuse;; 9s: hang",
        "8s: stauts=503",
        "status=503; 8s: status=abc",
    ];
    let told = wrong.map(|text| format!("{text:27} {}\n", text.parse::<Echo>().unwrap_err()));
    insta::assert_snapshot!(told.concat(), @r"
    8x: refuse                  8x: refuse: expected from when on, such as `8s: refuse`; within a value write %3B for `;`
    latency=5ms; refuse         refuse: expected from when on, such as `8s: refuse`; within a value write %3B for `;`
    status=503; 8s              8s: expected from when on, such as `8s: refuse`; within a value write %3B for `;`
    8s: refuse; 8s: hang        8s: hang: the moments must be in their order, and each be there once
    8s: refuse; 3s: hang        3s: hang: the moments must be in their order, and each be there once
    status=503; 0s: hang        0s: hang: the moments must be in their order, and each be there once
    8s: refuse;; 9s: hang       : expected from when on, such as `8s: refuse`; within a value write %3B for `;`
    8s: stauts=503              from 8s on: stauts=503: no such parameter; there are status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, break-body
    status=503; 8s: status=abc  from 8s on: status=abc: expected a status such as 511, or statuses with percentages such as 503:20,429:10
    ");
    assert_eq!("8s: refuse; 3s: hang".parse::<Echo>().unwrap_err().parameter(), "3s");
}
