//! Scripts as text, and as the query of a request.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_mesh::{
    layer::clock,
    testing::{Echo, EchoBody, Load},
};

use super::{ms, since};

async fn get(upstream: &Echo, uri: &str) -> Response<EchoBody> {
    upstream.clone().oneshot(Request::get(uri).body(Empty::<Bytes>::new()).unwrap()).await.unwrap()
}

fn error(text: &str) -> String {
    text.parse::<Echo>().unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_text_says_what_the_builder_says() {
    let text = "status=511:20,503:10&delay=200ms:20&size=3&header=x-version:v1&every=5:429,7:300ms&latency=2ms\
                &refuse=1&hang=2&close=true:3&slow-body=1s&break-body=4";
    let built = Echo::new()
        .status_percent(511, 20.0)
        .status_percent(503, 10.0)
        .delay_percent(ms(200), 20.0)
        .size(3)
        .header("x-version", "v1")
        .every(5, 429)
        .every_slow(7, ms(300))
        .latency(ms(2))
        .refuse_percent(1.0)
        .hang_percent(2.0)
        .reset_percent(3.0)
        .slow_body(ms(1000))
        .break_body_percent(4.0);
    assert_eq!(format!("{:?}", text.parse::<Echo>().unwrap()), format!("{built:?}"));
    assert_eq!(format!("{:?}", format!("/echo?{text}").parse::<Echo>().unwrap()), format!("{built:?}"));
}

#[test]
fn an_empty_script_is_the_default_upstream() {
    assert_eq!(format!("{:?}", "".parse::<Echo>().unwrap()), format!("{:?}", Echo::new()));
}

#[test]
fn a_wrong_script_names_its_parameter_and_what_is_accepted() {
    insta::assert_snapshot!(error("status=abc"), @"status=abc: expected a status such as 511, or statuses with percentages such as 503:20,429:10");
    insta::assert_snapshot!(error("status=99"), @"status=99: expected a status such as 511, or statuses with percentages such as 503:20,429:10");
    insta::assert_snapshot!(error("status=511:20,503"), @"status=511:20,503: expected a status such as 511, or statuses with percentages such as 503:20,429:10");
    insta::assert_snapshot!(error("status=511:120"), @"status=511:120: expected a status such as 511, or statuses with percentages such as 503:20,429:10");
    insta::assert_snapshot!(error("status=503:60,429:50.5"), @"status=503:60,429:50.5: the percentages sum up to 110.5, above 100");
    insta::assert_snapshot!(error("delay=20"), @"delay=20: expected a duration such as 200ms, or durations with percentages such as 10ms:20,0.5s:5");
    insta::assert_snapshot!(error("size=17000000"), @"size=17000000: expected a number of bytes up to 16777216, or numbers with percentages such as 512:20,16384:10");
    insta::assert_snapshot!(error("hang=maybe"), @"hang=maybe: expected a percentage such as 20, or true, false, true:20");
    insta::assert_snapshot!(error("close=yes"), @"close=yes: expected a percentage such as 20, or true, false, true:20");
    insta::assert_snapshot!(error("every=0:511"), @"every=0:511: expected a status or a duration for every so many requests, such as 5:511 or 5:200ms");
    insta::assert_snapshot!(error("latency="), @"latency=: expected a duration such as 5ms");
    insta::assert_snapshot!(error("header=no colon"), @"header=no colon: expected a header such as x-version:v1");
    insta::assert_snapshot!(error("status=200&status=500"), @"status=500: is given twice");
    insta::assert_snapshot!(error("colour=red"), @"colour=red: no such parameter; there are status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, break-body");
    insta::assert_snapshot!(error("status=200&seed"), @"seed=: no such parameter; there are status, delay, size, close, header, latency, every, refuse, hang, reset, slow-body, break-body");
}

#[test]
fn percentages_may_carry_their_sign_and_sum_up_to_a_hundred_exactly() {
    for text in
        ["status=511:20%,503:80%", "status=200:50.5", "status=500:33.3,501:33.3,502:33.4", "close=10%"]
    {
        assert!(text.parse::<Echo>().is_ok(), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_s_query_comes_before_the_script_parameter_by_parameter() {
    let upstream: Echo = "status=503&delay=100ms".parse().unwrap();
    let start = clock::now();
    assert_eq!(get(&upstream, "http://upstream/echo?status=404").await.status(), 404);
    assert_eq!(since(start), ms(100));
    assert_eq!(get(&upstream, "http://upstream/echo?delay=5ms").await.status(), 503);
    assert_eq!(since(start), ms(105));
}

#[tokio::test(start_paused = true)]
async fn a_request_s_query_is_obeyed_request_by_request() {
    let upstream = Echo::new().seed(1);
    let load = Load::workers(10).requests(1000).uri("http://upstream/echo?status=511:20&delay=200ms:20");
    let report = load.run(upstream).await;
    assert!((140..=260).contains(&report.count(511)), "{report}");
    let slow =
        1000 - (0..=1000).filter(|n| report.latency.percentile(f64::from(*n) / 10.0) < ms(200)).count();
    assert!((140..=260).contains(&slow), "{slow}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_asks_for_a_status_gets_it_also_as_the_nth() {
    let upstream = Echo::new().every(1, 511).every_slow(1, ms(30));
    let start = clock::now();
    assert_eq!(get(&upstream, "/?status=404").await.status(), 404);
    assert_eq!(since(start), ms(30));
    assert_eq!(get(&upstream, "/?delay=5ms").await.status(), 511);
    assert_eq!(since(start), ms(35));
    assert_eq!(get(&upstream, "/?every=1:429").await.status(), 429);
}

#[tokio::test(start_paused = true)]
async fn what_means_nothing_in_a_query_is_ignored() {
    let upstream = Echo::new().status(204);
    assert_eq!(get(&upstream, "/?status=abc&colour=red&delay=&status").await.status(), 204);
    assert_eq!(get(&upstream, "/?status=404&status=500").await.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn a_query_is_percent_decoded() {
    let upstream = Echo::new();
    assert_eq!(get(&upstream, "/?status=511%3A100").await.status(), 511);
    let response = get(&upstream, "/?header=x-a%3a+one%20two&header=x-b:2&size=4").await;
    assert_eq!(response.headers()["x-a"], "one two");
    assert_eq!(response.headers()["x-b"], "2");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 4);
}
