//! A second service answers: with the whole request, or not at all.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use futures_util::{FutureExt, future, poll, stream};
use http::{HeaderMap, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::sync::Semaphore;
use tower::{Layer, limit::ConcurrencyLimit, service_fn};
use tower_mesh::{FallbackLayer, layer::fallback::Lent, testing::Echo};

use super::*;

type Answered<E = Infallible> = Result<Response<Full<Bytes>>, E>;

/// Answers with what it was asked.
async fn echo<B>(request: Request<Lent<B>>) -> Answered
where
    B: Body<Data = Bytes, Error: fmt::Debug>,
{
    let (head, body) = request.into_parts();
    let size = format!("{:?}", body.size_hint().exact());
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned();
    let mut response = Response::new(Full::new(body.to_bytes()));
    *response.headers_mut() = head.headers;
    response.headers_mut().extend(trailers.unwrap_or_default());
    let line = format!("{} {} {:?}", head.method, head.uri, head.version);
    response.headers_mut().insert("line", line.parse().expect("a value"));
    response.headers_mut().insert("size", size.parse().expect("a value"));
    if let Some(number) = head.extensions.get::<u8>() {
        response.headers_mut().insert("extension", u16::from(*number).into());
    }
    Ok(response)
}

/// A body of these frames and a trailer, whose length nobody knows.
fn frames(texts: &[&'static str]) -> impl Body<Data = Bytes, Error = io::Error> + Unpin + Send + 'static {
    let trailers = HeaderMap::from_iter([("t".parse().expect("a name"), "1".parse().expect("a value"))]);
    let data = texts.iter().map(|text| Frame::data(Bytes::from_static(text.as_bytes())));
    let frames: Vec<_> = data.chain([Frame::trailers(trailers)]).map(Ok).collect();
    StreamBody::new(stream::iter(frames))
}

#[tokio::test(start_paused = true)]
async fn it_gets_the_request_as_it_came_and_its_answer_tells_of_it() {
    let told = Told::new();
    let layer = FallbackLayer::service(service_fn(echo)).told("reviews", &told.events);
    let request = Request::put("/page?a").version(Version::HTTP_2).header("a", "b").extension(7_u8);
    let got =
        ask(&layer.layer(service_fn(refuses)), request.body(Full::<Bytes>::from("sent")).expect("a request"))
            .await;
    assert_eq!(got.said(), (200, "sent", "DI,UO,FB".to_owned()));
    assert_eq!(got.why(), None, "it is an upstream's answer");
    let headers = ["line", "a", "extension", "size"].map(|name| got.header(name).expect("a header"));
    assert_eq!(headers, ["PUT /page?a HTTP/2.0", "b", "7", "Some(4)"]);
    assert_eq!(told.named(), [FELL_BACK]);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_comes_with_its_trailers() {
    let service = FallbackLayer::service(service_fn(echo)).layer(service_fn(refuses));
    let got = ask(&service, Request::new(frames(&["a", "b"]))).await;
    assert_eq!((got.content(), got.header("t"), got.header("size")), ("ab", Some("1"), Some("None")));
}

/// The breaker lets the first call through, whose body is read, and refuses the second, whose body is not.
#[tokio::test(start_paused = true)]
async fn over_a_breaker_an_upload_that_is_refused_arrives_elsewhere() {
    let (first, second) = (Echo::new().status(500), Echo::new().named("second"));
    let service = (FallbackLayer::service(second.clone()), fragile()).layer(first.clone());
    let upload = || Request::post("/").body(Full::<Bytes>::from("upload")).expect("a request");
    assert_eq!(ask(&service, upload()).await.said(), (500, "upload", "-".to_owned()));
    assert_eq!(ask(&service, upload()).await.said(), (200, "upload", "UO,FB".to_owned()));
    assert_eq!((first.seen().calls, second.seen().calls), (1, 1));
}

/// Half a request must not be taken for a whole one.
#[tokio::test(start_paused = true)]
async fn a_refusal_stands_once_the_body_was_begun() {
    let told = Told::new();
    let (begins, second) = (
        service_fn(async |request: Request<Lent<_>>| {
            let frame = request.into_body().frame().await.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), "a");
            Ok::<_, Infallible>(refused("begun"))
        }),
        Echo::new(),
    );
    let answers = service_fn({
        let second = second.clone();
        move |request| second.clone().oneshot(request).map(|_| Ok(Response::new(Full::default())))
    });
    let layer = FallbackLayer::service(answers).told("reviews", &told.events);
    let got = ask(&layer.layer(begins), Request::new(frames(&["a", "b"]))).await;
    assert_eq!(got.said(), (409, "begun", "DI,UO".to_owned()));
    assert_eq!(got.why(), Some("begun"));
    assert_eq!((second.seen().calls, told.named().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_body_it_does_not_matter_who_looked_for_one() {
    let looks = service_fn(async |request: Request<Lent<Full<Bytes>>>| {
        assert_eq!(request.body().size_hint().exact(), Some(0));
        assert!(request.into_body().frame().await.is_none());
        Ok(refused("first"))
    });
    let got = ask(&FallbackLayer::service(service_fn(echo)).layer(looks), get()).await;
    assert_eq!((got.said(), got.header("size")), ((200, "", "DI,UO,FB".to_owned()), Some("Some(0)")));
}

/// Who refused may still hold the body in a task of its own: it has no claim any more.
#[tokio::test(start_paused = true)]
async fn who_refused_and_reads_on_does_not_take_the_second_services_body() {
    let late = Arc::new(Mutex::new(None));
    let keeps = service_fn({
        let late = Arc::clone(&late);
        move |request: Request<Lent<Full<Bytes>>>| {
            *late.lock().expect("no panic") = Some(request.into_body());
            future::ok::<_, Infallible>(refused("first"))
        }
    });
    let mut call = Box::pin(
        FallbackLayer::service(service_fn(async |request: Request<Lent<Full<Bytes>>>| {
            tokio::task::yield_now().await;
            echo(request).await
        }))
        .layer(keeps)
        .oneshot(Request::new(Full::<Bytes>::from("sent"))),
    );
    assert!(poll!(&mut call).is_pending());
    let mut late = late.lock().expect("no panic").take().expect("it was kept");
    assert!(late.frame().now_or_never().is_none(), "nothing, and no end that is none");
    let body = in_time(call).await.expect("an answer").into_body();
    assert_eq!(body.collect().await.expect("a body").to_bytes(), "sent");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_chosen_goes_to_it() {
    let service = FallbackLayer::service(service_fn(echo)).only(|_| false).layer(service_fn(refuses));
    assert_eq!(ask(&service, get()).await.said(), (409, "first", "DI,UO".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn its_error_is_the_calls_error_and_that_of_getting_ready_too() {
    #[derive(Debug, PartialEq)]
    struct Failed(&'static str);

    #[derive(Clone)]
    struct NeverReady;
    impl<B> Service<Request<B>> for NeverReady {
        type Response = Response<Full<Bytes>>;
        type Error = Failed;
        type Future = future::Ready<Answered<Failed>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
            Poll::Ready(Err(Failed("when readied")))
        }

        fn call(&mut self, _: Request<B>) -> Self::Future {
            panic!("an instance was called that was not readied")
        }
    }

    let first = || service_fn(async |_: Request<Lent<Full<Bytes>>>| Ok::<_, Failed>(refused("first")));
    let fails = service_fn(async |_: Request<Lent<Full<Bytes>>>| Answered::Err(Failed("when called")));
    assert_eq!(
        FallbackLayer::service(fails).layer(first()).oneshot(get()).await.err(),
        Some(Failed("when called"))
    );
    let service = FallbackLayer::service(NeverReady).layer(first());
    assert_eq!(service.oneshot(get()).await.err(), Some(Failed("when readied")));
}

/// Laws 4 and 10: one clone for each call that falls back, none for the others; what is readied is what is called.
#[tokio::test(start_paused = true)]
async fn it_is_cloned_when_it_is_needed_and_readied_before_it_is_called() {
    struct Counted<S>(S, Arc<AtomicUsize>);
    impl<S: Clone> Clone for Counted<S> {
        fn clone(&self) -> Self {
            self.1.fetch_add(1, SeqCst);
            Self(self.0.clone(), Arc::clone(&self.1))
        }
    }
    impl<S: Service<R>, R> Service<R> for Counted<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: R) -> S::Future {
            self.0.call(request)
        }
    }

    // It panics if it is called without having been readied.
    let (places, clones) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let second = ConcurrencyLimit::with_semaphore(service_fn(echo), Arc::clone(&places));
    let layers = (FallbackLayer::service(Counted(second, Arc::clone(&clones))), fragile());
    let service = layers.clone().layer(service_fn(async |_| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Ok(response)
    }));
    let ask = || Box::pin(service.clone().oneshot(Request::new(Full::<Bytes>::from("sent"))));
    assert_eq!(ask().await.expect("an answer").status(), 500);
    assert_eq!(clones.load(SeqCst), 0, "a call that was not refused cloned it");

    let mut call = ask();
    assert!(poll!(&mut call).is_pending(), "it waits for a service that is not ready");
    places.add_permits(1);
    assert_eq!(in_time(call).await.expect("an answer").status(), 200);
    assert_eq!((clones.load(SeqCst), places.available_permits()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_ends_both_calls() {
    let running = Arc::new(());
    let first = service_fn({
        let running = Arc::clone(&running);
        move |request: Request<Lent<Full<Bytes>>>| {
            let running = Arc::clone(&running);
            async move {
                let _held = (running, request);
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, Infallible>(refused("first"))
            }
        }
    });
    let second = service_fn({
        let running = Arc::clone(&running);
        move |request: Request<Lent<Full<Bytes>>>| {
            let running = Arc::clone(&running);
            async move {
                let _held = (running, request);
                future::pending::<Answered>().await
            }
        }
    });
    let at_rest = Arc::strong_count(&running);
    let service = FallbackLayer::service(second).layer(first);
    let call = || Box::pin(service.clone().oneshot(Request::new(Full::<Bytes>::from("sent"))));
    for seconds in [0, 2] {
        let mut call = call();
        assert!(poll!(&mut call).is_pending());
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert!(poll!(&mut call).is_pending());
        // The clone of `service` that is called lives in the call, too.
        let busy = Arc::strong_count(&running);
        drop(call);
        assert!(busy > at_rest && Arc::strong_count(&running) == at_rest, "after {seconds} s");
    }
}

/// Whoever counts what is in flight counts one.
#[tokio::test(start_paused = true)]
async fn the_refused_call_and_its_answer_are_gone_when_the_second_begins() {
    let running = Arc::new(());
    let first = service_fn({
        let running = Arc::clone(&running);
        move |_: Request<Lent<Full<Bytes>>>| {
            let running = Arc::clone(&running);
            future::poll_fn(move |_| {
                let mut response = refused("first");
                response.extensions_mut().insert(Arc::clone(&running));
                Poll::Ready(Ok::<_, Infallible>(response))
            })
        }
    });
    let at_rest = Arc::strong_count(&running);
    let second = service_fn({
        let running = Arc::downgrade(&running);
        move |_: Request<Lent<Full<Bytes>>>| {
            let now = running.strong_count();
            future::ready(Answered::Ok(Response::new(Full::from(now.to_string()))))
        }
    });
    let service = FallbackLayer::service(second).layer(first);
    assert_eq!(ask(&service, get()).await.content(), at_rest.to_string());
}
