//! What the victims are answered: each word as Envoy says it.

use http::{Method, StatusCode};
use tower::Layer;
use tower_mesh::{
    FaultLayer, Reason,
    policy::{GrpcStatus, Outcome, fault::Settings},
    testing::Echo,
};

use super::{MS, ask, asking, delay, faults, get, grpc};

fn aborting(status: u16) -> FaultLayer {
    faults(Settings::builder().abort(status, 100.0))
}

fn aborting_grpc(status: GrpcStatus) -> FaultLayer {
    faults(Settings::builder().abort_grpc(status, 100.0))
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_the_status_eighteen_bytes_of_text_and_no_other_header() {
    let upstream = Echo::new();
    let got = ask(&aborting(503).layer(upstream.clone()), get()).await;
    assert_eq!(got.said(), (503, "fault filter abort", "FI".to_owned()));
    assert_eq!(got.headers(), [("content-length", "18"), ("content-type", "text/plain")]);
    let refusal = got.refusal().expect("it carries its reason");
    assert_eq!((refusal.reason(), refusal.why()), (Reason::FaultAbort, "fault_filter_abort"));
    assert_eq!(refusal.reason().outcome(), Outcome::Local, "it says nothing about the upstream");
    assert_eq!(upstream.seen().calls, 0, "the upstream never sees it");
}

#[tokio::test(start_paused = true)]
async fn an_abort_can_have_any_final_status_of_http() {
    for status in [200, 404, 429, 500, 599] {
        let got = ask(&aborting(status).layer(Echo::new()), get()).await;
        assert_eq!(got.said(), (status, "fault filter abort", "FI".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_aborted_head_is_the_head_of_the_aborted_get() {
    let service = aborting(503).layer(Echo::new());
    let mut request = get();
    *request.method_mut() = Method::HEAD;
    let got = ask(&service, request).await;
    assert_eq!(got.said(), (503, "", "FI".to_owned()));
    assert_eq!(got.headers(), ask(&service, get()).await.headers());
}

#[tokio::test(start_paused = true)]
async fn a_grpc_caller_is_told_of_an_http_abort_by_the_status_it_maps_to() {
    for (status, number) in [
        (400, "13"),
        (401, "16"),
        (403, "7"),
        (404, "12"),
        (429, "14"),
        (500, "2"),
        (502, "14"),
        (503, "14"),
        (504, "14"),
    ] {
        let got = ask(&aborting(status).layer(Echo::new()), grpc()).await;
        assert_eq!(got.said(), (200, "", "FI".to_owned()));
        assert_eq!(
            got.headers(),
            [
                ("content-type", "application/grpc"),
                ("grpc-message", "fault filter abort"),
                ("grpc-status", number)
            ],
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn case_42_a_grpc_abort_is_its_status_to_grpc_and_a_200_to_everybody_else() {
    let service = aborting_grpc(GrpcStatus::Unavailable).layer(Echo::new());
    let got = ask(&service, grpc()).await;
    assert_eq!(got.said(), (200, "", "FI".to_owned()));
    assert_eq!(
        got.headers(),
        [("content-type", "application/grpc"), ("grpc-message", "fault filter abort"), ("grpc-status", "14")]
    );
    let got = ask(&service, get()).await;
    assert_eq!(got.said(), (200, "fault filter abort", "FI".to_owned()));
    assert_eq!(got.headers(), [("content-length", "18"), ("content-type", "text/plain")]);
    assert!(got.refusal().is_some(), "though it looks well, it is no answer of the upstream");
}

#[tokio::test(start_paused = true)]
async fn each_grpc_status_is_told_as_its_number() {
    for number in 0..=16 {
        let status = GrpcStatus::from_number(number).expect("a status");
        let got = ask(&aborting_grpc(status).layer(Echo::new()), grpc()).await;
        assert_eq!(got.head.headers["grpc-status"], number.to_string());
    }
}

/// Seen on Envoy, S0.3: there it is `DI,FI`.
#[tokio::test(start_paused = true)]
async fn an_answer_after_a_delay_says_so_beside_what_it_says_already() {
    let delayed = faults(delay(MS, 100.0));
    assert_eq!(ask(&delayed.layer(Echo::new()), get()).await.said(), (200, "", "DI".to_owned()));
    let twice = (delayed.clone(), delayed.clone(), aborting(503)).layer(Echo::new());
    assert_eq!(ask(&twice, get()).await.flags(), "DI,FI", "delayed twice, aborted further in");
    let both = faults(delay(MS, 100.0).abort(503, 100.0)).layer(Echo::new());
    let got = ask(&both, get()).await;
    assert_eq!(got.said(), (503, "fault filter abort", "DI,FI".to_owned()));
    assert_eq!(got.refusal().expect("a refusal").flags().to_string(), "DI,FI");
}

#[tokio::test(start_paused = true)]
async fn who_meets_with_no_fault_gets_the_upstreams_answer_untouched() {
    let got = ask(&faults(delay(MS, 0.0).abort(503, 0.0)).layer(Echo::new()), get()).await;
    assert_eq!(got.said(), (200, "", "-".to_owned()));
    assert!(got.refusal().is_none());
}

// ===== what a request's headers ask for =====

#[tokio::test(start_paused = true)]
async fn headers_ask_for_faults_where_they_are_listened_to() {
    let settings = Settings::builder().delay_by_header(100.0).abort_by_header(100.0);
    let service = faults(settings).layer(Echo::new());
    let start = tower_mesh::layer::clock::now();
    let after = || tower_mesh::layer::clock::now().since(start);
    assert_eq!(ask(&service, get()).await.said(), (200, "", "-".to_owned()));
    assert_eq!(after(), MS);
    let both = [("x-envoy-fault-delay-request", "250"), ("x-envoy-fault-abort-request", "418")];
    assert_eq!(ask(&service, asking(&both)).await.said(), (418, "fault filter abort", "DI,FI".to_owned()));
    assert_eq!(after(), 251 * MS);
    let grpc_only = [("x-envoy-fault-abort-grpc-request", "14")];
    assert_eq!(ask(&service, asking(&grpc_only)).await.said(), (200, "fault filter abort", "FI".to_owned()));
    let statuses = [("x-envoy-fault-abort-request", "503"), ("x-envoy-fault-abort-grpc-request", "5")];
    assert_eq!(ask(&service, asking(&statuses)).await.head.status, StatusCode::SERVICE_UNAVAILABLE);
    let none = [("x-envoy-fault-delay-request", "abc"), ("x-envoy-fault-abort-request", "199")];
    assert_eq!(ask(&service, asking(&none)).await.said(), (200, "", "-".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn headers_are_nothing_where_they_are_not_listened_to() {
    let service = faults(delay(MS, 0.0001)).layer(Echo::new());
    let both = [("x-envoy-fault-delay-request", "250"), ("x-envoy-fault-abort-request", "418")];
    assert_eq!(ask(&service, asking(&both)).await.said(), (200, "", "-".to_owned()));
}
