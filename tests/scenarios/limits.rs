//! Limits by layers that are composed by hand: under the exercises' load, and call by call.

mod bodies;
mod endpoints;
mod refusals;
mod retries;

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::poll;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, util::Oneshot};
use tower_mesh::{
    LimitsHandle, LimitsLayer, Reason,
    layer::limits::Limited,
    policy::limits::{Settings, SettingsBuilder, Upstream},
    testing::{Echo, Load, Report},
};

fn layer(settings: SettingsBuilder) -> LimitsLayer {
    LimitsLayer::new(settings.build().unwrap())
}

/// Limits around an upstream.
struct Stand {
    upstream: Echo,
    handle: LimitsHandle,
    service: Limited<Echo>,
}

impl Stand {
    fn new(settings: SettingsBuilder, upstream: Echo) -> Self {
        let layer = layer(settings);
        Self { handle: layer.handle(), service: layer.layer(upstream.clone()), upstream }
    }

    /// `-c workers -n calls -qps 0`.
    async fn load(&self, workers: u64, calls: u64) -> Report {
        Load::workers(workers).requests(calls).run(self.service.clone()).await
    }

    /// A call, polled once.
    async fn begin(&self, request: Request<Full<Bytes>>) -> Call {
        let mut call = Box::pin(self.service.clone().oneshot(request));
        assert!(poll!(&mut call).is_pending());
        call
    }

    fn counts(&self) -> (u64, u64) {
        (self.handle.active(), self.handle.waiting())
    }
}

type Call = Pin<Box<Oneshot<Limited<Echo>, Request<Full<Bytes>>>>>;

fn ask() -> Request<Full<Bytes>> {
    Request::get("http://httpbin/").body(Full::default()).unwrap()
}

/// What a refusal says, in its body.
async fn text<B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>>(response: Response<B>) -> String {
    let content = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    String::from_utf8(content.into()).unwrap()
}

fn one_and_one() -> SettingsBuilder {
    Settings::builder().connections(1).pending(1)
}

const MS: Duration = Duration::from_millis(1);

/// The exercise of `maxConnections: 1, http1MaxPendingRequests: 1`: fortio `-c 1` to `-c 10`, `-n 20`.
#[tokio::test(start_paused = true)]
async fn with_one_connection_and_one_pending_two_overlap_and_from_three_on_the_overflow_grows() {
    let mut overflow = Vec::new();
    for workers in 1..=10 {
        let stand = Stand::new(one_and_one(), Echo::new().latency(5 * MS));
        let report = stand.load(workers, 20).await;
        let (refused, status) = (report.count(503), stand.handle.status());
        assert_eq!(report.count(200) + refused, 20);
        assert_eq!((status.pending_overflow, status.request_overflow), (refused, 0));
        assert_eq!(report.refused(Reason::PendingOverflow), refused);
        assert_eq!(report.flags.get("UO").copied().unwrap_or(0), refused);
        assert_eq!(stand.upstream.seen().max_active, 1, "never more than one is in flight");
        assert_eq!(stand.upstream.seen().calls, report.count(200));
        assert_eq!((status.active, status.waiting), (0, 0));
        overflow.push(refused);
    }
    assert_eq!(overflow[..2], [0, 0], "one is in flight, one waits");
    assert!(overflow[2..].iter().all(|refused| *refused > 0), "{overflow:?}");
    // As fortio divides calls among its workers, the first has the rest for itself: so it need not rise with each.
    assert!(overflow[9] >= 2 * overflow[2], "{overflow:?}");
}

/// Never more wait than may, whenever one looks.
#[tokio::test(start_paused = true)]
async fn with_one_connection_and_one_pending_never_more_than_one_waits() {
    let stand = Stand::new(one_and_one(), Echo::new().latency(5 * MS));
    let load = stand.load(10, 200);
    let looks = async {
        for _ in 0..100 {
            tokio::time::sleep(MS).await;
            let (active, waiting) = stand.counts();
            assert!(active <= 1 && waiting <= 1);
        }
    };
    let (report, ()) = futures_util::join!(load, looks);
    assert!(report.count(503) > 0);
}

/// Ten connections and ten requests over HTTP/1: the queue comes first, and hides the limit on requests.
#[tokio::test(start_paused = true)]
async fn over_http1_with_ten_and_ten_all_pass_and_never_more_than_ten_at_once() {
    for (workers, calls) in [(20, 200), (30, 300), (40, 400)] {
        let stand =
            Stand::new(Settings::builder().connections(10).requests(10), Echo::new().latency(20 * MS));
        let report = stand.load(workers, calls).await;
        assert_eq!((report.count(200), stand.handle.overflows()), (calls, 0));
        assert_eq!(stand.upstream.seen().max_active, 10);
        // Ten at once, 20 ms each.
        assert_eq!(report.elapsed_ms, calls as f64 / 10.0 * 20.0);
    }
}

/// Over HTTP/2, and over HTTP/1 without a limit on connections, the eleventh is refused. Seen on Envoy, S2.7.
#[tokio::test(start_paused = true)]
async fn with_ten_requests_the_more_come_the_larger_a_share_is_refused() {
    let http2 = || Settings::builder().connections(10).requests(10).protocol(Upstream::Http2);
    for settings in [http2, || Settings::builder().requests(10)] {
        let mut shares = Vec::new();
        for (workers, calls) in [(20, 200), (30, 300), (40, 400)] {
            let stand = Stand::new(settings(), Echo::new().latency(20 * MS));
            let report = stand.load(workers, calls).await;
            let (refused, status) = (report.count(503), stand.handle.status());
            assert_eq!((status.pending_overflow, status.request_overflow), (0, refused));
            assert_eq!(report.count(200) + refused, calls);
            assert_eq!(report.refused(Reason::RequestOverflow), refused);
            assert_eq!(stand.upstream.seen().max_active, 10);
            shares.push(refused as f64 / calls as f64);
        }
        assert!(0.0 < shares[0] && shares[0] < shares[1] && shares[1] < shares[2], "{shares:?}");
    }
}

/// Two subsets are two clusters, each with limits of its own. Seen on Envoy, S2.3.
#[tokio::test(start_paused = true)]
async fn two_clusters_have_ten_each() {
    let upstream = Echo::new().latency(20 * MS);
    let ten = || layer(Settings::builder().requests(10)).layer(upstream.clone());
    let load = |service| Load::workers(20).requests(200).run(service);
    let (v1, v2) = futures_util::join!(load(ten()), load(ten()));
    assert_eq!((v1.count(200), v2.count(200), upstream.seen().max_active), (100, 100, 20));
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_waits_and_nothing_is_counted() {
    let stand = Stand::new(Settings::builder().pending(0).retries(1), Echo::new().latency(5 * MS));
    let report = stand.load(100, 1000).await;
    assert_eq!((report.count(200), stand.upstream.seen().max_active), (1000, 100));
    let _call = stand.begin(ask()).await;
    assert_eq!(stand.counts(), (0, 0));
}

/// With one connection and one that may wait: of three, the first is in flight, the second waits and goes when the first
/// has ended, the third is refused. Case 28 of Envoy.
#[tokio::test(start_paused = true)]
async fn of_three_at_once_the_second_follows_the_first_and_the_third_is_refused() {
    let stand = Stand::new(one_and_one(), Echo::new().latency(5 * MS));
    let (first, second) = (stand.begin(ask()).await, stand.begin(ask()).await);
    assert_eq!((stand.counts(), stand.upstream.seen().calls), ((1, 1), 1));
    assert_eq!(stand.service.clone().oneshot(ask()).await.unwrap().status(), 503);
    drop(first.await.unwrap());
    assert_eq!(stand.counts(), (1, 0));
    let before = tower_mesh::layer::clock::now();
    assert_eq!(second.await.unwrap().status(), 200);
    assert_eq!(tower_mesh::layer::clock::now().since(before), 5 * MS, "it was made when its turn had come");
    assert_eq!(stand.handle.status().pending_overflow, 1);
}

/// A caller that goes away while it waits leaves the queue, and was never made.
#[tokio::test(start_paused = true)]
async fn who_goes_away_while_he_waits_leaves_room_and_no_trace() {
    let stand = Stand::new(one_and_one(), Echo::new().latency(5 * MS));
    let (first, second) = (stand.begin(ask()).await, stand.begin(ask()).await);
    drop(second);
    assert_eq!(stand.counts(), (1, 0));
    let third = stand.begin(ask()).await;
    let (first, third) = futures_util::join!(first, third);
    assert_eq!(
        (first.unwrap().status(), third.unwrap().status()),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
    assert_eq!((stand.upstream.seen().calls, stand.handle.overflows()), (2, 0));
}
