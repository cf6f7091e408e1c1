//! What is held back keeps nobody else waiting, and who goes away meanwhile leaves nothing behind.

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::poll;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::advance;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_mesh::{
    Events, Plain, Refusal,
    layer::{clock, draw::Draws},
    policy::fault::Settings,
    testing::Echo,
};

use super::{MS, SECOND, ask, delay, faults, get};

/// The service, when it is ready for such a request.
async fn readied<S>(service: &mut S) -> &mut S
where
    S: Service<Request<Full<Bytes>>, Error: fmt::Debug>,
{
    service.ready().await.expect("it gets ready")
}

#[tokio::test(start_paused = true)]
async fn case_38_a_delay_comes_first_and_the_abort_after_it() {
    let upstream = Echo::new();
    let service = faults(delay(200 * MS, 100.0).abort(503, 100.0)).layer(upstream.clone());
    let start = clock::now();
    assert_eq!(ask(&service, get()).await.said(), (503, "fault filter abort", "DI,FI".to_owned()));
    assert_eq!(clock::now().since(start), 200 * MS);
    assert_eq!(upstream.seen().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_delay_lasts_to_the_millisecond_and_the_call_comes_after_it() {
    let upstream = Echo::new();
    let mut call = Box::pin(faults(delay(SECOND, 100.0)).layer(upstream.clone()).oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    advance(SECOND - MS).await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(upstream.seen().calls, 0, "nothing has reached the upstream");
    advance(MS).await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(upstream.seen().calls, 1);
    assert_eq!(call.await.expect("an answer").status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_delay_begins_when_its_answer_is_first_asked_for() {
    let mut service = faults(delay(SECOND, 100.0)).layer(Echo::new());
    let call = readied(&mut service).await.call(get());
    advance(10 * SECOND).await;
    let start = clock::now();
    call.await.expect("an answer");
    assert_eq!(clock::now().since(start), SECOND + MS);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_while_held_back_frees_everything_and_reaches_nobody() {
    let upstream = Echo::new();
    for settings in [delay(SECOND, 100.0), delay(SECOND, 100.0).abort(503, 100.0)] {
        let layer = faults(settings.most_active(1));
        let (service, handle) = (layer.layer(upstream.clone()), layer.handle());
        for _ in 0..3 {
            let mut call = Box::pin(service.clone().oneshot(get()));
            assert!(poll!(&mut call).is_pending());
            assert_eq!(handle.counts().active, 1);
            drop(call);
            assert_eq!(handle.counts().active, 0);
        }
        // Also who never asked for the answer.
        drop(service.clone().call(get()));
        assert_eq!(handle.counts().active, 0);
        advance(10 * SECOND).await;
        let counts = handle.counts();
        assert_eq!((counts.delays, counts.aborts, counts.overflows), (3, 0, 0));
    }
    assert_eq!(upstream.seen().calls, 0);
}

/// What was readied is given back at once: here it is the only place there is.
#[tokio::test(start_paused = true)]
async fn a_place_further_in_is_not_kept_while_held_back() {
    for settings in [delay(SECOND, 100.0), delay(SECOND, 100.0).abort(503, 100.0)] {
        let one_place = ServiceBuilder::new().concurrency_limit(1).service(Echo::new());
        let mut held_back = faults(settings).layer(one_place.clone());
        let mut call = Box::pin(readied(&mut held_back).await.call(get()));
        assert!(poll!(&mut call).is_pending());
        let other = tokio::time::timeout(100 * MS, one_place.clone().oneshot(get())).await;
        assert_eq!(other.expect("there is a place").expect("an answer").status(), 200);
        call.await.expect("an answer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_after_the_delay_is_waited_for() {
    let one_place = ServiceBuilder::new().concurrency_limit(1).service(Echo::new().delay(5 * SECOND));
    let held_back = faults(delay(SECOND, 100.0)).layer(one_place.clone());
    let start = clock::now();
    // While the one is held back, the other takes the only place.
    let (one, other) = tokio::join!(held_back.oneshot(get()), one_place.oneshot(get()));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(clock::now().since(start), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_upstreams_error_after_a_delay_is_still_its_error() {
    let error = faults(delay(SECOND, 100.0)).layer(Echo::new().reset()).oneshot(get()).await;
    assert_eq!(error.expect_err("an error").to_string(), "connection reset before the response");
}

// ===== at most so many at once =====

#[tokio::test(start_paused = true)]
async fn case_43_the_second_of_two_passes_where_one_may_be_held_back() {
    let layer = faults(delay(SECOND, 100.0).most_active(1));
    let (service, handle) = (layer.layer(Echo::new()), layer.handle());
    let timed = async || {
        let start = clock::now();
        let flags = ask(&service, get()).await.flags();
        (flags, clock::now().since(start))
    };
    let (first, second) = tokio::join!(timed(), timed());
    assert_eq!(first, ("DI".to_owned(), SECOND + MS));
    assert_eq!(second, ("-".to_owned(), MS));
    assert_eq!(handle.counts().overflows, 1);
    assert_eq!(timed().await, ("DI".to_owned(), SECOND + MS), "the third is held back again");
}

#[tokio::test(start_paused = true)]
async fn a_delay_without_an_abort_frees_its_place_when_it_is_over_not_with_the_answer() {
    let layer = faults(delay(SECOND, 100.0).most_active(1));
    let handle = layer.handle();
    let mut call = Box::pin(layer.layer(Echo::new().delay(10 * SECOND)).oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    assert_eq!(handle.counts().active, 1);
    advance(SECOND).await;
    assert!(poll!(&mut call).is_pending());
    assert_eq!(handle.counts().active, 0, "the upstream is at it");
}

#[tokio::test(start_paused = true)]
async fn a_panic_further_in_frees_the_place() {
    let layer = faults(delay(SECOND, 100.0).most_active(1));
    let handle = layer.handle();
    let fails = service_fn(async |_: Request<Full<Bytes>>| -> Result<Response<Full<Bytes>>, Infallible> {
        panic!("as it was told to")
    });
    let call = tokio::spawn(layer.layer(fails).oneshot(get()));
    assert!(call.await.expect_err("it panics").is_panic());
    assert_eq!((handle.counts().active, handle.counts().delays), (0, 1));
}

// ===== who is told =====

#[tokio::test(start_paused = true)]
async fn each_delay_and_each_abort_is_told_and_counted() {
    let events = Events::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    let _listening = events.listen({
        let (log, start) = (Arc::clone(&log), clock::now());
        move |event| log.lock().unwrap().push((event.at.since(start), event.to_string()))
    });
    let layer = faults(delay(SECOND, 100.0).abort(503, 100.0)).told("ratings", &events);
    ask(&layer.layer(Echo::new()), get()).await;
    assert_eq!(
        *log.lock().unwrap(),
        [
            (Duration::ZERO, "[ratings] delayed by 1s".to_owned()),
            (SECOND, "[ratings] refused fault_abort".to_owned())
        ]
    );
    let counts = layer.handle().counts();
    assert_eq!((counts.delays, counts.aborts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_takes_nothing_with_it() {
    let events = Events::new();
    let _listening = events.listen(|_| panic!("a listener may"));
    let layer = faults(delay(SECOND, 100.0).abort(503, 100.0).most_active(1)).told("ratings", &events);
    assert_eq!(ask(&layer.layer(Echo::new()), get()).await.head.status, 503);
    assert_eq!((events.panics(), layer.handle().counts().active), (2, 0));
}

// ===== the state is the layer's, and other protocols =====

#[tokio::test(start_paused = true)]
async fn clones_and_services_of_one_layer_count_together_and_another_drawing_anew() {
    let layer = faults(Settings::builder().abort(503, 50.0)).drawing(Draws::seeded(7));
    let statuses = async |services: &mut dyn FnMut() -> _| {
        let mut seen = Vec::new();
        for _ in 0..64 {
            let service: tower_mesh::layer::fault::Fault<Echo> = services();
            seen.push(ask(&service, get()).await.head.status.as_u16());
        }
        seen
    };
    let service = layer.clone().drawing(Draws::seeded(7)).layer(Echo::new());
    let one = statuses(&mut || service.clone()).await;
    let each = statuses(&mut || layer.clone().layer(Echo::new())).await;
    assert_eq!(one, each);
    assert!(one.contains(&200) && one.contains(&503));
}

#[tokio::test(start_paused = true)]
async fn over_plain_services_an_abort_is_an_error_and_a_delay_a_delay() {
    let row = service_fn(async |_: ()| Ok::<_, BoxError>("a row"));
    let aborting = faults(Settings::builder().abort(503, 100.0)).over(Plain).layer(row);
    let error = aborting.oneshot(()).await.expect_err("an error");
    assert_eq!(
        error.downcast_ref::<Refusal>().map(|refusal| refusal.flags().to_string()),
        Some("FI".to_owned())
    );

    let start = clock::now();
    let delaying = faults(delay(SECOND, 100.0)).over(Plain).layer(row);
    assert_eq!(delaying.oneshot(()).await.expect("a row"), "a row");
    assert_eq!(clock::now().since(start), SECOND);

    let asked =
        faults(Settings::builder().delay_by_header(100.0).abort_by_header(100.0)).over(Plain).layer(row);
    assert_eq!(asked.oneshot(()).await.expect("there are no headers"), "a row");
}
