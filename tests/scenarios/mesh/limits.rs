//! The exercises on connection pools: fortio against limits that YAML sets.

use futures_util::future::join_all;
use tower_mesh::config::Errors;

use super::*;

/// The exercise's rule: one connection, one that waits, a connection for each request, and whoever fails leaves.
const EXERCISE: &str = "connectionPool:
  tcp: {maxConnections: 1}
  http: {http1MaxPendingRequests: 1, maxRequestsPerConnection: 1}
outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}";

fn exercise() -> Play {
    Play::new(&rule_for(HOST, EXERCISE), Echo::new().latency(ms(5)))
}

/// Fortio `-c 1` to `-c 10`, each `-n 20`. Seen on Envoy, S1.5 and S1.10.
#[tokio::test(start_paused = true)]
async fn with_one_connection_two_clients_share_it_and_from_three_on_the_refused_share_grows() {
    let mut refused = Vec::new();
    for workers in 1..=10 {
        let play = exercise();
        let report = play.load(workers, 20).await;
        let status = play.limits().status();
        assert_eq!(report.count(200) + report.count(503), 20, "{report}");
        assert_eq!(status.pending_overflow, report.count(503));
        assert_eq!(report.refused(Reason::PendingOverflow), report.count(503));
        assert_eq!(report.flagged(Flags::UO), report.count(503), "{report}");
        assert_eq!(status.request_overflow, 0);
        assert_eq!(play.upstream.seen().max_active, 1);
        assert_eq!(play.upstream.seen().calls, report.count(200), "refusals are not tried again");
        play.is_at_rest();
        refused.push(report.count(503));
    }
    assert_eq!(refused[..2], [0, 0]);
    assert!(refused[2..].iter().all(|refused| *refused > 0), "{refused:?}");
    // Fortio's way to divide calls among workers leaves some for the first alone: so not every step rises.
    assert!(refused[2] < refused[4] && refused[4] < refused[9], "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn with_one_connection_and_one_that_may_wait_no_look_finds_more() {
    let play = exercise();
    let load = play.load(10, 200);
    let looks = async {
        let mut most = (0, 0);
        for _ in 0..200 {
            tokio::time::sleep(ms(1)).await;
            let status = play.limits().status();
            most = (most.0.max(status.active), most.1.max(status.waiting));
        }
        most
    };
    let (report, most) = futures_util::join!(load, looks);
    assert_eq!(most, (1, 1));
    assert!(report.count(503) > 0);
}

/// The first is in flight, the second waits and goes out when the first has ended, the third is refused at once.
/// Case 28 of Envoy.
#[tokio::test(start_paused = true)]
async fn of_three_at_once_the_third_is_refused_in_the_words_of_the_mesh() {
    let play = exercise();
    let answers = join_all([play.get(), play.get(), play.get()]).await;
    let told: Vec<_> = answers.iter().map(Got::seen).collect();
    assert_eq!(told, [seen(200, "-", 5), seen(200, "-", 10), seen(503, "UO", 0)]);
    let refused = &answers[2];
    assert_eq!(
        refused.content(),
        "upstream connect error or disconnect/reset before headers. reset reason: overflow"
    );
    assert_eq!(refused.header("x-envoy-overloaded"), Some("true"));
    assert_eq!(refused.header("content-type"), Some("text/plain"));
    assert_eq!(refused.reason(), Some(Reason::PendingOverflow));
    assert!(answers[..2].iter().all(|answer| answer.header("x-envoy-overloaded").is_none()));

    let calls = join_all([grpc(), grpc(), grpc()].map(|call| play.ask(call))).await;
    assert_eq!((calls[2].status(), calls[2].header("grpc-status")), (200, Some("14")));
    assert_eq!(calls[2].header("x-envoy-overloaded"), Some("true"));
}

/// Of 20 calls each client makes as many, and the first one also those that are left over: two of six clients, six of
/// seven. Those it makes alone. Seen on Envoy, S1.6.
#[tokio::test(start_paused = true)]
async fn seven_clients_get_more_through_than_six() {
    let mut answered = Vec::new();
    for workers in [6, 7] {
        let play = exercise();
        answered.push(play.load(workers, 20).await.count(200));
    }
    assert!(answered[0] < answered[1], "{answered:?}");
}

/// A sidecar takes in as many only when its connections are there. Ours are the transport's: what is counted is the same,
/// cold or warm. Seen on Envoy, S1.1, S1.2 and S1.3.
#[tokio::test(start_paused = true)]
async fn a_burst_takes_all_connections_and_all_places_to_wait() {
    for (connections, pending, taken) in [(1, 1, 2), (3, 2, 5), (1, 5, 6), (10, 1, 10)] {
        let block = format!(
            "{{tcp: {{maxConnections: {connections}}}, http: {{http1MaxPendingRequests: {pending}}}}}"
        );
        let play = Play::new(&pool(&block), Echo::new().latency(ms(5)));
        let report = play.load(10, 10).await;
        assert_eq!((report.count(200), report.count(503)), (taken, 10 - taken), "{block}");
        play.is_at_rest();
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_rule_ten_clients_are_all_answered() -> Result<(), Errors> {
    let play = exercise();
    assert!(play.load(10, 20).await.count(503) > 0);
    play.mesh.apply([])?;
    assert!(play.mesh.limits(HOST, 8000).is_none());
    assert_eq!(play.load(10, 20).await.count(200), 20);
    assert_eq!(play.upstream.seen().max_active, 10);
    Ok(())
}

/// Case 29 of Envoy. Seen on Envoy, S1.4.
#[test]
fn what_the_rule_says_and_the_mesh_does_not_do_is_told() {
    let mesh = sidecar(Mesh::builder(), &rule_for(HOST, EXERCISE));
    let notes: Vec<_> = mesh.notes().iter().map(|note| format!("{}: {}", note.path, note.message)).collect();
    assert_eq!(
        notes,
        [
            "spec.trafficPolicy.connectionPool.http.maxRequestsPerConnection: \
             read, left to the transport, which makes the connections",
            "spec.trafficPolicy.outlierDetection: nobody is ejected: nobody tells who the endpoints are, so requests are left to the transport",
        ]
    );
}

// ===== ten and ten =====

const TEN_AND_TEN: &str =
    "{tcp: {maxConnections: 10}, http: {http2MaxRequests: 10, maxRequestsPerConnection: 10}}";

const LOADS: [(u64, u64); 3] = [(20, 200), (30, 300), (40, 400)];

/// Seen on Envoy, S2.5.
#[tokio::test(start_paused = true)]
async fn over_http1_the_queue_for_connections_comes_first_and_nobody_is_refused() {
    for (workers, calls) in LOADS {
        let play = Play::new(&pool(TEN_AND_TEN), Echo::new().latency(ms(20)));
        let report = play.load(workers, calls).await;
        assert_eq!((report.count(200), play.limits().overflows()), (calls, 0), "{report}");
        assert_eq!(play.upstream.seen().max_active, 10);
        assert_eq!(report.elapsed_ms, calls as f64 / 10.0 * 20.0);
        assert!(play.has_note("http2MaxRequests: never refuses over HTTP/1"), "{:?}", play.notes());
    }
}

/// That HTTP/2 is spoken to an upstream can be said in four ways. Case 31 of Envoy.
#[tokio::test(start_paused = true)]
async fn over_http2_the_eleventh_is_refused_and_the_share_grows_with_the_clients() {
    let service = |port: &str| {
        let ports = format!("ports: [{{port: 8000, {port}}}]");
        document("v1", "Service", HOST, &ports)
    };
    let upgraded = TEN_AND_TEN.replace("http: {", "http: {h2UpgradePolicy: UPGRADE, ");
    let ways = [
        (Mesh::builder().http2(true), pool(TEN_AND_TEN)),
        (Mesh::builder(), service("name: http2") + &pool(TEN_AND_TEN)),
        (Mesh::builder(), pool(TEN_AND_TEN) + &service("name: grpc-api")),
        (Mesh::builder(), service("name: web, appProtocol: kubernetes.io/h2c") + &pool(TEN_AND_TEN)),
        (Mesh::builder(), pool(&upgraded)),
    ];
    for (builder, yaml) in ways {
        let mesh = sidecar(builder, &yaml);
        let over_http1 = mesh.notes().iter().any(|note| note.message.contains("over HTTP/1"));
        assert!(!over_http1, "{yaml}{:?}", mesh.notes());
        let mut shares = Vec::new();
        for (workers, calls) in LOADS {
            mesh.apply([]).expect("no policy is a policy");
            mesh.apply_yaml(&yaml).expect("the same again");
            let upstream = Echo::new().latency(ms(20));
            let load = Load::workers(workers).requests(calls).uri(URI);
            let report = load.run(mesh.client(upstream.clone())).await;
            let (refused, status) = (report.count(503), mesh.limits(HOST, 8000).unwrap().status());
            assert_eq!(report.count(200) + refused, calls, "{yaml}{report}");
            assert_eq!((status.pending_overflow, status.request_overflow), (0, refused));
            assert_eq!(report.refused(Reason::RequestOverflow), refused);
            assert_eq!(report.flagged(Flags::UO), refused);
            assert_eq!(upstream.seen().max_active, 10);
            shares.push(refused as f64 / calls as f64);
        }
        assert!(0.0 < shares[0] && shares[0] < shares[1] && shares[1] < shares[2], "{yaml}{shares:?}");
    }
}

/// Another port of the same service may speak HTTP/1: there the queue comes first.
#[tokio::test(start_paused = true)]
async fn which_limit_acts_depends_on_the_port() {
    let ports = "ports: [{port: 8000, name: http}, {port: 9000, name: http2}]";
    let yaml = pool("{tcp: {maxConnections: 1}, http: {http2MaxRequests: 1}}")
        + &document("v1", "Service", HOST, ports);
    let play = Play::new(&yaml, Echo::new());
    let two_at = |port: u16| {
        let uri = format!("http://{HOST}:{port}/");
        Load::workers(2).requests(2).uri(uri).run(play.client.clone())
    };
    assert_eq!(two_at(8000).await.count(200), 2);
    let report = two_at(9000).await;
    assert_eq!((report.count(200), report.count(503)), (1, 1));
}

// ===== single limits =====

/// Seen on Envoy, S2.1.
#[tokio::test(start_paused = true)]
async fn a_limit_on_requests_alone_refuses_over_http1_too() {
    let play = Play::new(&pool("{http: {http2MaxRequests: 10}}"), Echo::new().latency(ms(20)));
    let report = play.load(20, 200).await;
    assert!(report.count(503) > 0, "{report}");
    assert_eq!(play.limits().status().request_overflow, report.count(503));
    assert_eq!(play.upstream.seen().max_active, 10);
}

/// Seen on Envoy, S2.4.
#[tokio::test(start_paused = true)]
async fn without_a_limit_on_who_waits_everybody_waits_and_zero_is_no_limit() {
    for block in [
        "{tcp: {maxConnections: 1}}",
        "{tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 0, http2MaxRequests: 0}}",
    ] {
        let play = Play::new(&pool(block), Echo::new().latency(ms(5)));
        let report = play.load(50, 50).await;
        assert_eq!((report.count(200), play.upstream.seen().max_active), (50, 1));
        assert_eq!(report.latency.max(), ms(250), "the last of them waited for all others");
    }
}

/// What is in flight is so to the end of its body.
#[tokio::test(start_paused = true)]
async fn a_connection_is_free_when_the_body_has_ended_and_not_with_the_head() {
    let play = Play::new(&pool(ONE_AND_ONE), Echo::new().size(4).slow_body(ms(100)));
    let (first, second) = futures_util::join!(play.get(), play.get());
    assert_eq!((first.head_after, first.after), (1, 101));
    assert_eq!((second.head_after, second.after), (102, 202));
}
