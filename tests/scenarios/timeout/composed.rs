//! Timeouts around tries and waits, as a mesh has them.

use std::future::{Ready, ready};

use http::Response;
use tower::{
    Layer,
    retry::{Policy, RetryLayer},
    service_fn,
};
use tower_mesh::{
    Reason,
    layer::body::Timed,
    testing::{Echo, EchoError, echo::EchoBody},
};

use super::*;

/// Tries again, so many times, what this says.
#[derive(Clone)]
struct Again<F>(u32, F);

impl<B, F> Policy<Request<Full<Bytes>>, Response<B>, EchoError> for Again<F>
where
    F: Fn(&Response<B>) -> bool,
{
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<B>, EchoError>,
    ) -> Option<Ready<()>> {
        let again = self.0 > 0 && result.as_ref().is_ok_and(&self.1);
        again.then(|| {
            self.0 -= 1;
            ready(())
        })
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

/// Case 45 of Envoy: 3 s for all tries, each of which fails after 2.7 s.
#[tokio::test(start_paused = true)]
async fn the_total_covers_all_tries() {
    let upstream = Echo::new().status(503).delay(ms(2700));
    let again = RetryLayer::new(Again(5, |response: &Response<EchoBody>| response.status() == 503));
    let service = (timeout(limits().total(ms(3000))), again).layer(upstream.clone());
    let got = ask(&service, get()).await;
    assert_eq!((got.ended(), got.flags().as_str()), ((504, Some("response_timeout"), 3000), "UT"));
    assert_eq!((upstream.seen().calls, upstream.seen().active), (2, 0));
}

/// Case 46 of Envoy: a try that is not tried again ends the call; one that is, is tried until the total is up.
#[tokio::test(start_paused = true)]
async fn a_try_has_its_own_time_within_the_total() {
    let upstream = Echo::new().hang();
    let layers = |tries| {
        let late = |response: &Response<EchoBody>| {
            response
                .extensions()
                .get::<Refusal>()
                .is_some_and(|refusal| refusal.reason() == Reason::TryTimeout)
        };
        (
            timeout(limits().total(ms(5000))),
            RetryLayer::new(Again(tries, late)),
            timeout(limits().head(ms(1000))).heads_only(),
        )
    };
    let got = ask(&layers(0).layer(upstream.clone()), get()).await;
    assert_eq!(got.ended(), (504, Some("upstream_per_try_timeout"), 1000));
    let got = ask(&layers(2).layer(upstream.clone()), get()).await;
    assert_eq!(got.ended(), (504, Some("upstream_per_try_timeout"), 3000));
    let before = upstream.seen().calls;
    let got = ask(&layers(9).layer(upstream.clone()), get()).await;
    assert_eq!(got.ended(), (504, Some("response_timeout"), 5000));
    assert_eq!((upstream.seen().calls - before, upstream.seen().active), (6, 0));
}

/// Case 48 of Envoy: what goes before a try (a wait, a connection) does not take from its time.
#[tokio::test(start_paused = true)]
async fn a_wait_outside_of_a_try_is_not_its_time() {
    let tries = timeout(limits().head(ms(1000))).heads_only().layer(Echo::new().delay(ms(900)));
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let tries = tries.clone();
        async move {
            tokio::time::sleep(ms(800)).await;
            tries.oneshot(request).await
        }
    });
    assert_eq!(ask(&service, get()).await.ended(), (200, None, 1700));
    let service = timeout(limits().total(ms(1600))).layer(service);
    assert_eq!(
        ask(&service, get()).await.ended(),
        (504, Some("response_timeout"), 1600),
        "of the total it is"
    );
}

/// A call that is made and then left alone for a while has lost nothing: its time counts from its first poll.
#[tokio::test(start_paused = true)]
async fn time_counts_from_the_first_poll() {
    let mut service = timeout(limits().total(ms(500))).layer(Echo::new().delay(ms(400)));
    // An `Echo` is always ready.
    let call = service.call(get());
    tokio::time::sleep(ms(10_000)).await;
    assert_eq!(call.await.expect("an answer").status(), 200);
}

/// Bodies as a server has them.
#[tokio::test(start_paused = true)]
async fn a_router_has_its_handlers_ended() {
    use axum::{Router, body::Body, routing::get as route};
    let app: Router = Router::new()
        .route("/slow", route(async || tokio::time::sleep(ms(1000)).await))
        .route("/quick", route(async || "a page"))
        .layer(timeout(limits().total(ms(500))));
    let ask = async |path: &str| ask(&app, Request::get(path).body(Body::empty()).expect("a request")).await;
    let got = ask("/slow").await;
    assert_eq!(
        (got.ended(), got.content()),
        ((504, Some("response_timeout"), 500), "upstream request timeout")
    );
    let got = ask("/quick").await;
    assert_eq!((got.ended(), got.content()), ((200, None, 0), "a page"));
}

/// Where a limit may be, every answer has the same type, and one on another needs nothing in between.
#[tokio::test(start_paused = true)]
async fn timeouts_stand_on_each_other() {
    let layers = (timeout(limits().total(ms(300))), timeout(limits().total(ms(200))));
    let service = layers.layer(Echo::new().hang());
    let response: Response<Timed<Timed<EchoBody>>> = service.oneshot(get()).await.expect("an answer");
    let refusal = response.extensions().get::<Refusal>().expect("a refusal");
    assert_eq!((response.status().as_u16(), refusal.why()), (504, "response_timeout"));
}
