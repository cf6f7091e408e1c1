//! Copies of requests: what arrives, how many, and that the original is none the wiser.

mod bodies;
mod bounds;
mod harmless;
mod retries;
mod shares;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Method, Request, Response, Version, header::HOST, request::Parts};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{Layer, Service, ServiceExt};
use tower_mesh::{
    MirrorLayer,
    layer::{clock, mirror::To},
    policy::{
        Time,
        mirror::{Counts, Settings, SettingsBuilder},
    },
};

use crate::caller::{Told, ask, get, in_time, ms, with};

/// What came, and when it was all there.
#[derive(Debug)]
struct Came {
    head: Parts,
    frames: Vec<String>,
    hint: SizeHint,
    at: u128,
}

impl Came {
    fn text(&self) -> String {
        self.frames.concat()
    }
}

/// Notes what comes, reads it to the end, and answers with it.
#[derive(Debug, Clone)]
struct Noting {
    came: Arc<Mutex<Vec<Came>>>,
    since: Time,
}

fn noting() -> Noting {
    Noting { came: Arc::default(), since: clock::now() }
}

impl Noting {
    /// What has come since it was asked last, once all that runs has run.
    async fn came(&self) -> Vec<Came> {
        tokio::time::sleep(ms(1)).await;
        std::mem::take(&mut self.came.lock().expect("no panic"))
    }

    async fn texts(&self) -> Vec<String> {
        self.came().await.iter().map(Came::text).collect()
    }
}

type Answering<E> = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, E>> + Send>>;

impl<B> Service<Request<B>> for Noting
where
    B: Body<Data = Bytes, Error: fmt::Debug + Send> + Unpin + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = String;
    type Future = Answering<String>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { came, since } = self.clone();
        Box::pin(async move {
            let (head, mut body) = request.into_parts();
            let (hint, mut frames) = (body.size_hint(), Vec::new());
            while let Some(frame) = body.frame().await {
                frames.push(match frame.map_err(|error| format!("{error:?}"))?.into_data() {
                    Ok(data) => String::from_utf8_lossy(&data).into_owned(),
                    Err(frame) => format!("{:?}", frame.into_trailers().expect("trailers")),
                });
            }
            let came_now = Came { head, frames, hint, at: clock::now().since(since).as_millis() };
            let answer = Response::new(Full::from(came_now.text()));
            came.lock().expect("no panic").push(came_now);
            Ok(answer)
        })
    }
}

fn all() -> SettingsBuilder {
    Settings::builder()
}

fn mirror<M>(settings: SettingsBuilder, service: M) -> MirrorLayer<To<M>> {
    MirrorLayer::new(settings.build().expect("these mean something"), service)
}

fn post(text: &'static str) -> Request<Full<Bytes>> {
    Request::post("/").body(Full::from(text)).expect("a request")
}

/// Copied, left out, under way.
fn counted(counts: Counts) -> (u64, u64, u64) {
    (counts.copied, counts.left_out, counts.under_way)
}

#[tokio::test(start_paused = true)]
async fn the_copy_has_the_same_head_and_body() {
    #[derive(Debug, Clone, PartialEq)]
    struct Mark;

    let (v1, v2) = (noting(), noting());
    let request = Request::patch("http://reviews:9080/0?a=1").version(Version::HTTP_2).extension(Mark);
    let request = request.header(HOST, "reviews:9080").header("a", "1").header("a", "2");
    let service = mirror(all(), v2.clone()).layer(v1.clone());
    let request = request.body(Full::<Bytes>::from("an order")).expect("a request");
    let answer = ask(&service, request).await;
    assert_eq!((answer.status(), answer.content()), (200, "an order"));

    let (original, copy) = (v1.came().await, v2.came().await);
    assert_eq!((original.len(), copy.len()), (1, 1));
    let head = |came: &Came| {
        let Parts { method, uri, version, headers, extensions, .. } = &came.head;
        let mark = extensions.get::<Mark>().cloned();
        (method.clone(), uri.clone(), *version, headers.clone(), mark)
    };
    assert_eq!(head(&copy[0]), head(&original[0]));
    assert_eq!(copy[0].head.headers.get_all("a").iter().count(), 2);
    assert!(copy[0].head.extensions.get::<Mark>().is_some());
    assert_eq!((&copy[0].frames, &copy[0].hint.exact()), (&vec!["an order".to_owned()], &Some(8)));
}

/// Whoever connects by the name is told another one too: it is the host that the request is for.
#[tokio::test(start_paused = true)]
async fn a_shadow_is_told_by_its_host() {
    for (uri, host, expected) in [
        ("/", Some("reviews:9080"), ("/", Some("reviews-shadow:9080"))),
        ("/", Some("reviews"), ("/", Some("reviews-shadow"))),
        ("/", None, ("/", None)),
        ("http://reviews:9080/0?a=1", None, ("http://reviews-shadow:9080/0?a=1", None)),
        ("https://me:it@a.b.c/", Some("a.b.c"), ("https://me:it@a.b.c-shadow/", Some("a.b.c-shadow"))),
        (
            "http://10.0.0.1:80/",
            Some("10.0.0.1:80"),
            ("http://10.0.0.1-shadow:80/", Some("10.0.0.1-shadow:80")),
        ),
        // An address in brackets with something after it is no host at all.
        ("http://[::1]:80/", Some("[::1]:80"), ("http://[::1]:80/", Some("[::1]:80"))),
        ("/", Some(":80"), ("/", Some(":80"))),
    ] {
        for shadow in [false, true] {
            let (v1, v2) = (noting(), noting());
            let request = Request::get(uri);
            let request = match host {
                Some(host) => request.header(HOST, host),
                None => request,
            };
            let service = mirror(all().shadow_host(shadow), v2.clone()).layer(v1.clone());
            ask(&service, request.body(Full::<Bytes>::default()).expect("a request")).await;
            let names = |came: Vec<Came>| {
                let Parts { uri, headers, .. } = &came[0].head;
                let host = headers.get(HOST).map(|host| host.to_str().expect("a text").to_owned());
                (uri.to_string(), host)
            };
            let text = |(uri, host): (&str, Option<&str>)| (uri.to_owned(), host.map(ToOwned::to_owned));
            assert_eq!(names(v1.came().await), text((uri, host)), "the original keeps its host");
            assert_eq!(names(v2.came().await), text(if shadow { expected } else { (uri, host) }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_for_the_connection_itself_is_not_copied() {
    let (v2, told) = (noting(), Told::new());
    let layer = mirror(all(), v2.clone()).told("reviews", &told.events);
    let service = layer.layer(noting());
    let mut connect = get();
    *connect.method_mut() = Method::CONNECT;
    for request in [connect, with(get(), "upgrade", "websocket")] {
        assert_eq!(ask(&service, request).await.status(), 200);
    }
    assert_eq!((v2.came().await.len(), counted(layer.handle().counts())), (0, (0, 2, 0)));
    let line = "not_mirrored: [reviews] not mirrored: it asks for the connection itself";
    assert_eq!(told.named(), [line, line]);
}

/// There is nobody who could run it, and it must not be missed.
#[test]
fn without_a_runtime_there_is_no_copy() {
    let v1 = tower::service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let layer = mirror(all(), v1);
    let call = layer.layer(v1).oneshot(Request::new(Full::<Bytes>::default()));
    assert!(call.now_or_never().expect("it is there at once").is_ok());
    assert_eq!(counted(layer.handle().counts()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn services_and_clones_of_one_layer_are_one_mirror_and_another_layer_is_another() {
    let v2 = noting();
    let layer = mirror(all(), v2.clone());
    for service in [layer.layer(noting()), layer.clone().layer(noting())] {
        ask(&service.clone(), get()).await;
        ask(&service, get()).await;
    }
    let other = mirror(all(), v2.clone());
    ask(&other.layer(noting()), get()).await;
    assert_eq!(v2.came().await.len(), 5);
    assert_eq!((counted(layer.handle().counts()), counted(other.handle().counts())), ((4, 0, 0), (1, 0, 0)));
}
