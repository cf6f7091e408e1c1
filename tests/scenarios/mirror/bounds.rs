//! There are never more copies than so many, and none outlives its layer.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::*;

/// Never answers; counts those who wait.
#[derive(Clone, Default)]
struct Hanging(Arc<AtomicUsize>);

struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Hanging {
    async fn waiting(&self) -> usize {
        tokio::time::sleep(ms(1)).await;
        self.0.load(SeqCst)
    }
}

impl<B> Service<Request<B>> for Hanging {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        self.0.fetch_add(1, SeqCst);
        let waits = Waits(Arc::clone(&self.0));
        Box::pin(async move {
            let _waits = waits;
            std::future::pending().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_would_be_one_copy_too_many_is_not_copied() {
    let (v2, told) = (Hanging::default(), Told::new());
    let layer = mirror(all().most_under_way(3), v2.clone()).told("reviews", &told.events);
    let service = layer.layer(noting());
    for request in [get(), post("1"), get(), get(), post("2")] {
        assert_eq!(ask(&service, request).await.status(), 200);
    }
    assert_eq!((v2.waiting().await, counted(layer.handle().counts())), (3, (3, 2, 3)));
    let line = "[reviews] not mirrored: too many copies are under way";
    assert_eq!(told.lines(), [line, line]);

    // A minute later they are given up, and others may follow.
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!((v2.waiting().await, counted(layer.handle().counts())), (0, (3, 2, 0)));
    ask(&service, get()).await;
    assert_eq!((v2.waiting().await, counted(layer.handle().counts())), (1, (4, 2, 1)));
    assert!(told.lines().is_empty());
}

/// Those whose bodies are still on their way have no place yet, and find out at the end.
#[tokio::test(start_paused = true)]
async fn a_place_is_taken_when_the_copy_begins() {
    let v2 = Hanging::default();
    let layer = mirror(all().most_under_way(1), v2.clone());
    let service = layer.layer(noting());
    let slow = tokio::spawn({
        let service = service.clone();
        async move { ask(&service, Request::new(bodies::slowly(&["a", "b"]))).await.status() }
    });
    tokio::time::sleep(ms(5)).await;
    ask(&layer.layer(noting()), get()).await;
    assert_eq!((v2.waiting().await, counted(layer.handle().counts())), (1, (1, 0, 1)));
    assert_eq!(slow.await.expect("no panic"), 200);
    assert_eq!(counted(layer.handle().counts()), (1, 1, 1));
}

/// What finds no room when it comes need not be kept.
#[tokio::test(start_paused = true)]
async fn while_there_is_no_room_no_body_is_kept() {
    let (v2, body) = (Hanging::default(), Arc::default());
    let layer = mirror(all().most_under_way(1), v2.clone());
    for kept in ["Sent(try 1)", "Sent(once)"] {
        ask(&layer.layer(bodies::unread(&body)), post("an order")).await;
        let body = body.lock().expect("no panic").take().expect("a body");
        assert_eq!(format!("{body:?}"), kept);
        body.collect().await.expect("it is all there");
    }
    assert_eq!((v2.waiting().await, counted(layer.handle().counts())), (1, (1, 1, 1)));
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_a_copy_goes_on() {
    let v2 = Hanging::default();
    let layer = mirror(all().no_timeout(), v2.clone());
    ask(&layer.layer(noting()), get()).await;
    tokio::time::sleep(ms(24 * 3_600_000)).await;
    assert_eq!(v2.waiting().await, 1);
}

#[tokio::test(start_paused = true)]
async fn copies_end_with_the_layer_and_its_services() {
    let v2 = Hanging::default();
    let layer = mirror(all(), v2.clone()).below_retries();
    let (handle, service) = (layer.handle(), layer.layer(noting()));
    let request = get().map(tower_mesh::layer::body::Sent::through);
    assert!(service.clone().oneshot(request).await.is_ok());
    drop(layer);
    assert_eq!(v2.waiting().await, 1, "a service is left");
    drop(service);
    assert_eq!(
        (v2.waiting().await, counted(handle.counts())),
        (0, (1, 0, 0)),
        "a handle keeps nothing going"
    );
}

#[tokio::test(start_paused = true)]
async fn each_mirror_has_places_of_its_own() {
    let (a, b) = (Hanging::default(), Hanging::default());
    let settings = |most| all().most_under_way(most).build().expect("these mean something");
    let layer = MirrorLayer::several([(settings(1), a.clone()), (settings(2), b.clone())]);
    let service = layer.layer(noting());
    for _ in 0..3 {
        ask(&service, get()).await;
    }
    assert_eq!((a.waiting().await, b.waiting().await), (1, 2));
    let each: Vec<_> = layer.handle().each().map(counted).collect();
    assert_eq!((each, counted(layer.handle().counts())), (vec![(1, 2, 1), (2, 1, 2)], (3, 3, 3)));
}
