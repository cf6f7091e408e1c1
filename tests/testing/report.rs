//! The report.

use std::{
    convert::Infallible,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tower::{BoxError, service_fn};
use tower_mesh::{
    Flags, Reason, Refusal,
    testing::{Echo, Load, Report},
};

use super::ms;

fn refusal() -> Refusal {
    Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT).content("Coming soon ...")
}

/// Half a second of 100 calls a second, every tenth of which is bad and every fifth slow.
async fn mixed() -> Report {
    let upstream = Echo::new().every(10, 511).every_slow(5, ms(30));
    let report = Load::workers(2).requests(200).qps(100.0).run(upstream.clone()).await;
    report.with_upstream("v1", &upstream.seen())
}

#[tokio::test(start_paused = true)]
async fn a_report_prints_what_fortio_prints() {
    insta::assert_snapshot!(mixed().await, @r"
    Aggregated Function Time : count 200 avg 0.0068 +/- 0.0116 min 0.001 max 0.03 sum 1.36
    # target 50% 0.001
    # target 75% 0.001
    # target 90% 0.03
    # target 99% 0.03
    # target 99.9% 0.03
    Code 200 : 180 (90.0 %)
    Code 511 : 20 (10.0 %)
    Upstreams
          200  511
      v1  180   20
    All done 200 calls (plus 0 warmup) 6.800 ms avg, 99.5 qps
    ");
}

#[tokio::test(start_paused = true)]
async fn a_histogram_has_fortio_s_buckets() {
    insta::assert_snapshot!(mixed().await.histogram(), @r"
    # range, mid point, percentile, count
    >= 0.001 <= 0.001 , 0.001 , 80.00, 160
    > 0.025 <= 0.03 , 0.0275 , 100.00, 40
    ");
    let report = Load::workers(1).requests(3).run(Echo::new().latency(ms(0))).await;
    insta::assert_snapshot!(report.histogram(), @r"
    # range, mid point, percentile, count
    >= 0 <= 0 , 0 , 100.00, 3
    ");
}

#[tokio::test(start_paused = true)]
async fn seconds_are_a_table_of_codes() {
    let report = mixed().await;
    assert_eq!(report.seconds()[&1]["511"], 10);
    insta::assert_snapshot!(report.per_second(), @r"
         200  511
    0 s   90    9
    1 s   90   10
    2 s    0    1
    ");
}

#[tokio::test(start_paused = true)]
async fn the_shape_of_the_json_is_stable() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&mixed().await).unwrap(), @r#"
    {
      "requests": 200,
      "codes": {
        "200": 180,
        "511": 20
      },
      "latency_ms": {
        "min": 1.0,
        "avg": 6.8,
        "p50": 1.0,
        "p90": 30.0,
        "p99": 30.0,
        "max": 30.0
      },
      "refusals": {},
      "upstreams": {
        "v1": {
          "200": 180,
          "511": 20
        }
      },
      "events": [],
      "elapsed_ms": 2010.0,
      "qps": 99.50248756218906,
      "seconds": {
        "0": {
          "200": 90,
          "511": 9
        },
        "1": {
          "200": 90,
          "511": 10
        },
        "2": {
          "511": 1
        }
      },
      "errors": {},
      "flags": {}
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_read_back_knows_what_was_written() {
    let report = mixed().await;
    let json = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    assert_eq!(read.count(511), 20);
    assert_eq!(read.latency.percentile(75.0), report.latency.percentile(90.0));
    assert_eq!(read.latency.max(), ms(30));
    assert!(read.to_string().contains("Code 200 : 180 (90.0 %)"));
}

#[tokio::test(start_paused = true)]
async fn refusals_in_responses_are_counted_by_reason_and_flag() {
    let service = service_fn(|_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::from(refusal().body().clone()));
        *response.status_mut() = refusal().status();
        response.extensions_mut().insert(refusal());
        response.extensions_mut().insert(Flags::DI | Flags::URX);
        ready(Ok::<_, Infallible>(response))
    });
    let report = Load::workers(1).requests(3).run(service).await;
    assert_eq!((report.count(409), report.refused(Reason::CircuitOpen)), (3, 3));
    assert_eq!(report.refusals["circuit_open"], 3);
    assert_eq!(report.flags.keys().collect::<Vec<_>>(), ["DI", "UO", "URX"]);
    insta::assert_snapshot!(report, @r"
    Aggregated Function Time : count 3 avg 0 +/- 0 min 0 max 0 sum 0
    # target 50% 0
    # target 75% 0
    # target 90% 0
    # target 99% 0
    # target 99.9% 0
    Code 409 : 3 (100.0 %)
    Refusals
      circuit_open  3 (100.0 %)
    Flags
      DI   3 (100.0 %)
      UO   3 (100.0 %)
      URX  3 (100.0 %)
    Flags together
      DI,URX,UO  3 (100.0 %)
    All done 3 calls (plus 0 warmup) 0.000 ms avg, 0.0 qps
    ");
}

#[tokio::test(start_paused = true)]
async fn refusals_in_errors_are_found_under_their_wrappings() {
    #[derive(Debug, thiserror::Error)]
    #[error("the call failed")]
    struct Failed(#[source] Refusal);

    let service =
        service_fn(|_: Request<Full<Bytes>>| ready(Err::<Response<Full<Bytes>>, _>(Failed(refusal()))));
    let report = Load::workers(1).requests(2).run(service).await;
    assert_eq!((report.codes()["-1"], report.refused(Reason::CircuitOpen), report.flags["UO"]), (2, 2, 2));
    assert_eq!(report.errors["the call failed: refused: the circuit is open (409 Conflict)"], 2);
}

#[tokio::test(start_paused = true)]
async fn flags_are_counted_one_by_one_and_together_as_they_would_be_logged() {
    let turns = Arc::new(AtomicUsize::new(0));
    let service = service_fn(move |_: Request<Full<Bytes>>| {
        let sets = [Flags::NONE, Flags::DI, Flags::FI, Flags::DI | Flags::FI];
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(sets[turns.fetch_add(1, Ordering::Relaxed) % 4]);
        ready(Ok::<_, Infallible>(response))
    });
    let report = Load::workers(2).requests(80).percentiles([]).run(service).await;
    let quarters = [Flags::NONE, Flags::DI, Flags::FI, Flags::FI | Flags::DI].map(|set| report.flagged(set));
    assert_eq!((quarters, report.flagged(Flags::UT)), ([20; 4], 0));
    assert_eq!((report.flags["DI"], report.flags["FI"]), (40, 40));
    insta::assert_snapshot!(report, @r"
    Aggregated Function Time : count 80 avg 0 +/- 0 min 0 max 0 sum 0
    Code 200 : 80 (100.0 %)
    Flags
      DI  40 (50.0 %)
      FI  40 (50.0 %)
    Flags together
      DI,FI  20 (25.0 %)
    All done 80 calls (plus 0 warmup) 0.000 ms avg, 0.0 qps
    ");
    let json = serde_json::to_string(&report).unwrap();
    insta::assert_snapshot!(json.split_once("\"errors\"").unwrap().1, @r#":{},"flags":{"DI":40,"FI":40},"flag_sets":{"DI":20,"DI,FI":20,"FI":20}}"#);
    let read: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(read.flagged(Flags::DI | Flags::FI), 20);
}

#[tokio::test(start_paused = true)]
async fn answers_without_flags_are_all_flagged_with_none() {
    let report = mixed().await;
    assert_eq!((report.flagged(Flags::NONE), report.flagged(Flags::DI)), (200, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_ends_a_body_is_found_under_its_wrappings() {
    #[derive(Debug, thiserror::Error)]
    #[error("the body failed")]
    struct Failed(#[source] BoxError);

    fn cut() -> Refusal {
        Refusal::new(Reason::Timeout, StatusCode::GATEWAY_TIMEOUT).touched(Flags::URX)
    }

    let errors: [fn() -> BoxError; 3] =
        [|| cut().into(), || Failed(cut().into()).into(), || Failed(Failed(cut().into()).into()).into()];
    for (error, said) in errors.into_iter().zip(["", "the body failed: ", "the body failed: "]) {
        let service = service_fn(move |_: Request<Full<Bytes>>| {
            let data = Ok(Frame::data(Bytes::from("half")));
            let mut response = Response::new(StreamBody::new(stream::iter([data, Err(error())])));
            // What the head said of itself still holds.
            response.extensions_mut().insert(Flags::DI);
            ready(Ok::<_, Infallible>(response))
        });
        let report = Load::workers(1).requests(2).run(service).await;
        assert_eq!((report.codes()["-1"], report.refused(Reason::Timeout)), (2, 2));
        assert_eq!(report.flagged(Flags::UT | Flags::DI | Flags::URX), 2);
        let said = format!("{said}refused: the answer did not come in time (504 Gateway Timeout)");
        assert_eq!(report.errors[&said], 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_got_no_answer_has_no_code() {
    let upstream = Echo::new().refuse_percent(50.0).seed(1);
    let report = Load::workers(1).requests(20).percentiles([]).run(upstream.clone()).await;
    let report = report.with_upstream("v1", &upstream.seen());
    assert_eq!(report.upstreams["v1"], *report.codes());
    insta::assert_snapshot!(report, @r"
    Aggregated Function Time : count 20 avg 0.00055 +/- 0.0004975 min 0 max 0.001 sum 0.011
    Code  -1 : 9 (45.0 %)
    Code 200 : 11 (55.0 %)
    Errors
      connection refused  9 (45.0 %)
    Upstreams
           -1  200
      v1    9   11
    All done 20 calls (plus 0 warmup) 0.550 ms avg, 1818.2 qps
    ");
}

#[tokio::test(start_paused = true)]
async fn percentiles_are_latencies_that_occurred() {
    let report = Load::open().at([0, 10, 20, 30].map(ms)).uri("/?delay=10ms").run(Echo::new()).await;
    assert_eq!((report.latency.percentile(0.1), report.latency.percentile(100.0)), (ms(10), ms(10)));
    let upstream = Echo::new().every_slow(2, ms(3)).every_slow(3, ms(9));
    let report = Load::workers(1).requests(6).run(upstream).await;
    let percentiles = [0.0, 33.3, 33.4, 83.3, 83.4, 100.0].map(|p| report.latency.percentile(p).as_millis());
    assert_eq!(percentiles, [1, 1, 3, 3, 9, 9]);
    assert_eq!(report.latency.avg(), std::time::Duration::from_nanos(3_333_333));
}

#[tokio::test(start_paused = true)]
async fn a_report_of_nothing_prints() {
    insta::assert_snapshot!(Load::workers(1).requests(0).run(Echo::new()).await, @"All done 0 calls (plus 0 warmup) 0.000 ms avg, 0.0 qps");
}
