//! With retries around it a request is copied once, whichever try sends it.

use tower_mesh::{
    RetryLayer,
    layer::{body::Sent, mirror::BelowRetries},
    policy::{backoff::Backoff, retry},
};

use super::*;

fn retries(attempts: u32) -> retry::SettingsBuilder {
    retry::Settings::builder().attempts(attempts).on("5xx".parse().expect("words")).backoff(Backoff::AT_ONCE)
}

fn retry(settings: retry::SettingsBuilder) -> RetryLayer {
    RetryLayer::new(settings.build().expect("these mean something"))
}

/// Answers 503 so often, having read so many frames, and then with 200, having read all.
fn hasty<B>(
    bad: u32,
    frames: usize,
) -> impl Service<Request<Sent<B>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone
where
    B: Body<Error: fmt::Debug + Send> + Unpin + Send + 'static,
{
    let left = Arc::new(Mutex::new(bad));
    tower::service_fn(move |request: Request<Sent<B>>| {
        let mut left = left.lock().expect("no panic");
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        async move {
            let mut body = request.into_body();
            let mut read = 0;
            while (!fails || read < frames) && body.frame().await.is_some() {
                read += 1;
            }
            let status = if fails { 503 } else { 200 };
            Ok(Response::builder().status(status).body(Full::default()).expect("a response"))
        }
    })
}

fn below(settings: SettingsBuilder, v2: &Noting) -> MirrorLayer<To<Noting>, BelowRetries> {
    mirror(settings, v2.clone()).below_retries()
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_once_however_often_it_is_tried() {
    for request in [get, || post("an order")] {
        let v2 = noting();
        let layer = below(all(), &v2);
        let answer = ask(&retry(retries(3)).layer(layer.layer(hasty(2, 9))), request()).await;
        assert_eq!((answer.status(), v2.came().await.len()), (200, 1));
        assert_eq!(counted(layer.handle().counts()), (1, 0, 0));
    }
}

/// And of another seed's luck there is no second chance at a later try.
#[tokio::test(start_paused = true)]
async fn tries_that_follow_draw_nothing() {
    let draws = tower_mesh::layer::draw::Draws::seeded(7);
    let mut copied = Vec::new();
    for bad in [0, 2] {
        let v2 = noting();
        let layer = below(all().percent(50.0), &v2).drawing(draws);
        for number in 0..20 {
            let service = retry(retries(3)).layer(layer.layer(hasty(bad, 9)));
            assert_eq!(ask(&service, with(get(), "number", &number.to_string())).await.status(), 200);
        }
        let numbers: Vec<_> =
            v2.came().await.iter().map(|came| came.head.headers["number"].clone()).collect();
        copied.push(numbers);
    }
    assert_eq!(copied[0], copied[1]);
    assert!((1..20).contains(&copied[0].len()));
}

/// The first try may be lost before it has read all: then the next one reads the rest, and that is when it is whole.
#[tokio::test(start_paused = true)]
async fn a_body_that_a_later_try_reads_to_its_end_is_copied_with_the_first_ones_head() {
    for frames in 0..=5 {
        let v2 = noting();
        let layer = below(all(), &v2);
        let settings = retries(3).count_attempts(true);
        let request = Request::new(bodies::slowly(&["a", "b", "c"]));
        let answer = ask(&retry(settings).layer(layer.layer(hasty(2, frames))), request).await;
        assert_eq!(answer.status(), 200);
        let came = v2.came().await;
        assert_eq!((came.len(), came[0].frames.concat().as_str()), (1, r#"abc{"t": "1"}"#), "{frames}");
        assert_eq!(came[0].head.headers["x-envoy-attempt-count"], "1");
    }
}

/// It is kept for the mirror alone.
#[tokio::test(start_paused = true)]
async fn where_nothing_is_tried_again_bodies_are_copied_all_the_same() {
    let safe = retries(3).methods(retry::Methods::Safe);
    for settings in [retries(0), safe] {
        let v2 = noting();
        let request = Request::post("/").body(bodies::slowly(&["a", "b"])).expect("a request");
        let service = retry(settings).layer(below(all(), &v2).layer(hasty(0, 0)));
        assert_eq!(ask(&service, request).await.status(), 200);
        assert_eq!(v2.texts().await, [r#"ab{"t": "1"}"#]);
    }
}

/// As much is kept as the one asks for that asks for more.
#[tokio::test(start_paused = true)]
async fn each_limit_holds_for_its_own() {
    for (retrys, mirrors, copied) in [(4, 100, 1), (100, 4, 0), (6, 6, 1), (4, 4, 0)] {
        let v2 = noting();
        let settings = retries(1).body_limit(retrys);
        let service = retry(settings).layer(below(all().body_limit(mirrors), &v2).layer(hasty(0, 0)));
        ask(&service, Request::new(bodies::slowly(&["ab", "cd"]))).await;
        assert_eq!(v2.came().await.len(), copied, "{retrys} {mirrors}");
    }
}

/// The answer stands, nothing is tried again, and the upload goes on: the mirror still waits for all of it.
#[tokio::test(start_paused = true)]
async fn a_body_is_kept_for_its_copy_when_retries_need_it_no_more() {
    let (v2, bodies) = (noting(), Arc::new(Mutex::new(None)));
    let early = tower::service_fn({
        let bodies = Arc::clone(&bodies);
        move |request: Request<Sent<_>>| {
            let bodies = Arc::clone(&bodies);
            async move {
                let mut body = request.into_body();
                body.frame().await.expect("a frame").expect("no error");
                *bodies.lock().expect("no panic") = Some(body);
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            }
        }
    });
    let service = retry(retries(1)).layer(below(all(), &v2).layer(early));
    assert_eq!(ask(&service, Request::new(bodies::slowly(&["a", "b"]))).await.status(), 200);
    let body = bodies.lock().expect("no panic").take().expect("a body");
    body.collect().await.expect("it goes on");
    assert_eq!(v2.texts().await, [r#"ab{"t": "1"}"#]);
}

/// Two layers, one below the other, each with services of its own kind.
#[tokio::test(start_paused = true)]
async fn a_mirror_stands_below_another_one() {
    let (a, b) = (noting(), noting());
    let service = mirror(all(), a.clone()).layer(below(all(), &b).layer(hasty(0, 0)));
    ask(&service, Request::new(bodies::slowly(&["a", "b"]))).await;
    ask(&service, Request::new(bodies::slowly(&[]))).await;
    let (a, b) = (a.texts().await, b.texts().await);
    assert_eq!((a.len(), &a), (2, &b));
}

/// A mirror may have retries of its own, and mirrors again.
#[tokio::test(start_paused = true)]
async fn a_copy_can_be_copied() {
    let v3 = noting();
    let service = mirror(all(), below(all(), &v3).layer(hasty(0, 0))).layer(hasty(0, 0));
    ask(&service, post("an order")).await;
    assert_eq!(v3.texts().await, ["an order"]);
}

/// Tries that are late are joined by others: they send the same body, and there is one copy.
#[tokio::test(start_paused = true)]
async fn of_hedged_tries_there_is_one_copy() {
    let v2 = noting();
    let layer = below(all(), &v2);
    let slow = tower::service_fn(async |request: Request<Sent<_>>| {
        request.into_body().collect().await.expect("it is all there");
        tokio::time::sleep(ms(35)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let settings = retries(5).per_try_timeout(ms(10)).hedging(true);
    let answer = ask(&retry(settings).layer(layer.layer(slow)), post("an order")).await;
    assert_eq!((answer.status(), answer.after, v2.texts().await), (200, 35, vec!["an order".to_owned()]));
}
