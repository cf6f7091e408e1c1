//! Faults by YAML: how many they hit, what they answer, and where in the order they stand.

use futures_util::future::join_all;
use tower_mesh::EventKind;

use super::*;

fn fault(block: &str) -> String {
    route(&format!("fault: {block}"))
}

/// A thousand calls under this seed.
async fn thousand(yaml: &str, seed: u64, workers: u64) -> Report {
    let play = Play::of(Mesh::builder().seed(seed), yaml, Echo::new());
    let report = play.load(workers, 1000).await;
    let aborted = report.flagged(Flags::FI) + report.flagged(Flags::FI | Flags::DI);
    assert_eq!(play.upstream.seen().calls, 1000 - aborted, "who is aborted reaches nobody");
    report
}

/// How many of a thousand have these flags, for each set.
fn quarters(report: &Report) -> [u64; 4] {
    [Flags::NONE, Flags::DI, Flags::FI, Flags::DI | Flags::FI].map(|flags| report.flagged(flags))
}

/// Within five standard deviations of so many percent of a thousand.
fn is_about(count: u64, percent: f64) -> bool {
    let share = percent / 100.0;
    (count as f64 - 1000.0 * share).abs() < 5.0 * (1000.0 * share * (1.0 - share)).sqrt()
}

// ===== how many =====

/// Seen on Envoy, S4.4.
#[tokio::test(start_paused = true)]
async fn a_delay_of_100_percent_delays_all_and_one_of_50_about_half() {
    let delay = |percent| fault(&format!("{{delay: {{percentage: {{value: {percent}}}, fixedDelay: 5s}}}}"));
    let all = thousand(&delay(100), 1, 10).await;
    assert_eq!((all.count(200), all.flagged(Flags::DI)), (1000, 1000));
    assert_eq!((all.latency.min(), all.latency.max()), (ms(5001), ms(5001)));
    for seed in 1..=5 {
        let half = thousand(&delay(50), seed, 10).await;
        assert!(is_about(half.flagged(Flags::DI), 50.0), "seed {seed}: {half}");
        assert_eq!(half.flagged(Flags::DI) + half.flagged(Flags::NONE), 1000);
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_100_percent_answers_all_and_one_of_50_about_half() {
    let abort = |percent| fault(&format!("{{abort: {{percentage: {{value: {percent}}}, httpStatus: 503}}}}"));
    let all = thousand(&abort(100), 1, 10).await;
    assert_eq!((all.count(503), all.refused(Reason::FaultAbort)), (1000, 1000));
    for seed in 1..=5 {
        let half = thousand(&abort(50), seed, 10).await;
        assert!(is_about(half.count(503), 50.0), "seed {seed}: {half}");
        assert_eq!(half.count(503) + half.count(200), 1000);
    }
}

const BOTH: &str = "delay: {percentage: {value: 50}, fixedDelay: 1s}, \
                    abort: {percentage: {value: 50}, httpStatus: 500}";

/// Seen on Envoy, S4.7 and S4.8.
#[tokio::test(start_paused = true)]
async fn a_delay_and_an_abort_are_drawn_each_for_itself_and_the_abort_waits_for_the_delay() {
    let yaml = fault(&format!("{{{BOTH}}}"));
    for seed in 1..=5 {
        let report = thousand(&yaml, seed, 10).await;
        let quarters = quarters(&report);
        assert_eq!(quarters.iter().sum::<u64>(), 1000);
        assert!(quarters.iter().all(|quarter| is_about(*quarter, 25.0)), "seed {seed}: {quarters:?}");
        assert_eq!(report.count(500), quarters[2] + quarters[3]);
    }
    let play = Play::of(Mesh::builder().seed(1), &yaml, Echo::new());
    for _ in 0..100 {
        let got = play.get().await;
        let answer = match got.flags().as_str() {
            "-" => seen(200, "-", 1),
            "DI" => seen(200, "DI", 1001),
            "FI" => seen(500, "FI", 0),
            _ => seen(500, "DI,FI", 1000),
        };
        assert_eq!(got.seen(), answer);
    }
    assert!(play.has_note("a request can meet both"));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_hits_the_same_requests_whatever_their_concurrency() {
    let yaml = fault(&format!("{{{BOTH}}}"));
    let table = quarters(&thousand(&yaml, 7, 10).await);
    assert_eq!(quarters(&thousand(&yaml, 7, 10).await), table);
    assert_eq!(quarters(&thousand(&yaml, 7, 1).await), table);
    assert_eq!(quarters(&thousand(&yaml, 7, 250).await), table);
    assert_ne!(quarters(&thousand(&yaml, 8, 10).await), table);
}

#[tokio::test(start_paused = true)]
async fn what_is_exclusive_never_meets_in_one_request() {
    let yaml = fault(
        "{delay: {percentage: {value: 30}, fixedDelay: 1s}, abort: {percentage: {value: 20}, httpStatus: 500}, \
         towerMesh: {exclusive: true}}",
    );
    for seed in 1..=5 {
        let [none, delayed, aborted, both] = quarters(&thousand(&yaml, seed, 10).await);
        assert_eq!(both, 0);
        assert!(is_about(none, 50.0) && is_about(delayed, 30.0) && is_about(aborted, 20.0), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_a_percent_is_some_of_ten_thousand() {
    let yaml = fault("{abort: {percentage: {value: 0.1}, httpStatus: 500}}");
    let play = Play::of(Mesh::builder().seed(3), &yaml, Echo::new());
    assert!((1..=25).contains(&play.load(10, 10_000).await.count(500)));
}

// ===== what they answer =====

/// Seen on Envoy, S4.1.
#[tokio::test(start_paused = true)]
async fn an_abort_is_told_in_the_words_of_the_mesh() {
    let play = Play::new(&fault("{abort: {percentage: {value: 100}, httpStatus: 418}}"), Echo::new());
    let got = play.get().await;
    assert_eq!((got.seen(), got.content()), (seen(418, "FI", 0), "fault filter abort"));
    let mut headers: Vec<_> = got.head.headers.keys().map(http::HeaderName::as_str).collect();
    headers.sort_unstable();
    assert_eq!(headers, ["content-length", "content-type"]);
    assert_eq!((got.header("content-length"), got.header("content-type")), (Some("18"), Some("text/plain")));
    assert_eq!(play.upstream.seen().calls, 0);
}

/// Seen on Envoy, S4.10 and S4.11.
#[tokio::test(start_paused = true)]
async fn a_grpc_abort_is_a_status_to_grpc_clients_and_a_200_to_others() {
    let play = Play::new(&fault("{abort: {percentage: {value: 100}, grpcStatus: UNAVAILABLE}}"), Echo::new());
    let call = play.ask(grpc()).await;
    assert_eq!((call.status(), call.content(), call.flags()), (200, "", "FI".to_owned()));
    assert_eq!(call.header("grpc-status"), Some("14"));
    assert_eq!(call.header("grpc-message"), Some("fault filter abort"));
    let plain = play.get().await;
    assert_eq!((plain.seen(), plain.content()), (seen(200, "FI", 0), "fault filter abort"));
    assert_eq!((plain.header("grpc-status"), play.upstream.seen().calls), (None, 0));

    let play = Play::new(&fault("{abort: {percentage: {value: 100}, httpStatus: 503}}"), Echo::new());
    let call = play.ask(grpc()).await;
    assert_eq!((call.status(), call.header("grpc-status")), (200, Some("14")));
}

#[tokio::test(start_paused = true)]
async fn the_old_spelling_of_the_share_counts_and_none_means_never() {
    for (block, after) in [
        ("{delay: {percent: 100, fixedDelay: 1s}}", 1001),
        ("{delay: {percent: 100, percentage: {value: 0}, fixedDelay: 1s}}", 1),
        ("{delay: {fixedDelay: 1s}}", 1),
        ("{delay: {percentage: {}, fixedDelay: 1s}}", 1),
        ("{delay: {percentage: {value: 100}, exponentialDelay: 1s}}", 1),
    ] {
        assert_eq!(Play::new(&fault(block), Echo::new()).get().await.after, after, "{block}");
    }
    for (block, status) in [
        ("{abort: {percent: 100, httpStatus: 555}}", 555),
        ("{abort: {httpStatus: 555}}", 200),
        ("{abort: {percentage: {value: 100}, http2Error: CANCEL}}", 200),
    ] {
        assert_eq!(Play::new(&fault(block), Echo::new()).get().await.status(), status, "{block}");
    }
    let play = Play::new(&fault("{delay: {fixedDelay: 1s}}"), Echo::new());
    assert!(play.has_note("never happens: without a `percentage` it is 0 %"));
    let play = Play::new(&fault("{abort: {percentage: {value: 100}, http2Error: CANCEL}}"), Echo::new());
    assert!(play.has_note("has no effect: Istio knows this field and refuses it"));
}

/// Cases 40 and 41 of Envoy.
#[tokio::test(start_paused = true)]
async fn requests_say_by_headers_what_they_meet_where_they_may() {
    let play = Play::new(&fault("{towerMesh: {byHeaders: true}}"), Echo::new());
    let asked = |headers: &[(&'static str, &str)]| {
        play.ask(headers.iter().fold(get(), |request, (name, value)| with(request, name, value)))
    };
    let delay = ("x-envoy-fault-delay-request", "200");
    let abort = ("x-envoy-fault-abort-request", "503");
    assert_eq!(asked(&[]).await.seen(), seen(200, "-", 1));
    assert_eq!(asked(&[delay]).await.seen(), seen(200, "DI", 201));
    assert_eq!(asked(&[abort]).await.seen(), seen(503, "FI", 0));
    assert_eq!(asked(&[delay, abort]).await.seen(), seen(503, "DI,FI", 200));
    let grpc = ("x-envoy-fault-abort-grpc-request", "5");
    assert_eq!(asked(&[grpc, abort]).await.status(), 503, "the HTTP status wins");
    assert_eq!(asked(&[delay, ("x-envoy-fault-delay-request-percentage", "0")]).await.flags(), "-");
    for (name, value) in [(delay.0, "soon"), (delay.0, "0"), (abort.0, "199"), (abort.0, "600")] {
        assert_eq!(asked(&[(name, value)]).await.seen(), seen(200, "-", 1), "{name}: {value}");
    }
    let deaf = Play::new(&fault("{delay: {percentage: {value: 0}, fixedDelay: 1s}}"), Echo::new());
    assert_eq!(deaf.ask(with(get(), delay.0, delay.1)).await.seen(), seen(200, "-", 1));
}

// ===== where they stand =====

/// The time of a delay is not the route's: case 44 of Envoy. Seen on Envoy, S4.5.
#[tokio::test(start_paused = true)]
async fn a_delay_is_outside_of_the_timeout() {
    let play = |delay, timeout, upstream| {
        let lines = format!(
            "fault: {{delay: {{percentage: {{value: 100}}, fixedDelay: {delay}}}}}\ntimeout: {timeout}"
        );
        Play::new(&route(&lines), Echo::new().latency(ms(upstream)))
    };
    assert_eq!(play("1s", "0.5s", 1).get().await.seen(), seen(200, "DI", 1001));
    assert_eq!(play("3s", "1s", 100).get().await.seen(), seen(200, "DI", 3100));
    let late = play("0.3s", "0.5s", 700).get().await;
    assert_eq!((late.seen(), late.content()), (seen(504, "DI,UT", 800), "upstream request timeout"));
}

/// Seen on Envoy, S4.2.
#[tokio::test(start_paused = true)]
async fn an_abort_is_never_retried_and_holds_no_place() {
    let yaml = route(
        "fault: {abort: {percentage: {value: 100}, httpStatus: 503}}\nretries: {attempts: 3, retryOn: '5xx,503'}",
    ) + &pool(ONE_AND_ONE);
    let play = Play::new(&yaml, Echo::new());
    let mut told = play.mesh.events().stream();
    let answers = join_all((0..10).map(|_| play.get())).await;
    assert!(answers.iter().all(|answer| answer.seen() == seen(503, "FI", 0)));
    assert_eq!((play.upstream.seen().calls, play.limits().overflows()), (0, 0));
    for _ in 0..10 {
        let event = told.recv().await.expect("ten aborts are told");
        assert!(matches!(event.kind, EventKind::Refused(Reason::FaultAbort)), "{event}");
        assert_eq!(&*event.subject, "outbound|8000||httpbin.bookinfo.svc.cluster.local");
    }
}

/// A delayed request is not in flight yet: ten wait a second beside each other, then queue.
#[tokio::test(start_paused = true)]
async fn a_delayed_request_holds_no_connection() {
    let yaml =
        fault("{delay: {percentage: {value: 100}, fixedDelay: 1s}}") + &pool("{tcp: {maxConnections: 1}}");
    let play = Play::new(&yaml, Echo::new().latency(ms(5)));
    let (answers, status) = futures_util::join!(join_all((0..10).map(|_| play.get())), async {
        tokio::time::sleep(ms(500)).await;
        play.limits().status()
    });
    assert_eq!((status.active, status.waiting), (0, 0));
    let after: Vec<_> = answers.iter().map(|answer| answer.after).collect();
    assert_eq!(after, (1..=10).map(|nth| 1000 + nth * 5).collect::<Vec<_>>());
}

/// Case 43 of Envoy.
#[tokio::test(start_paused = true)]
async fn beyond_the_most_at_once_requests_pass() {
    let yaml = fault("{delay: {percentage: {value: 100}, fixedDelay: 1s}, towerMesh: {mostActive: 1}}");
    let play = Play::new(&yaml, Echo::new());
    let (first, second) = futures_util::join!(play.get(), play.get());
    assert_eq!((first.seen(), second.seen()), (seen(200, "DI", 1001), seen(200, "-", 1)));
    assert_eq!(play.get().await.flags(), "DI", "the first has ended");
}
