//! Bodies that are sent again.

use http_body::Frame;
use http_body_util::StreamBody;
use tower_mesh::{
    layer::body::{Sent, SentError},
    policy::backoff::Backoff,
};

use super::*;

fn at_once(attempts: u32, on: &str) -> SettingsBuilder {
    settings(attempts, on).backoff(Backoff::AT_ONCE)
}

/// Answers 503 so often, having read so many frames, and then with what it was sent.
#[derive(Debug, Clone)]
struct Hasty {
    bad: Arc<Mutex<u32>>,
    frames: usize,
}

impl<B> Service<Request<B>> for Hasty
where
    B: Body<Data = Bytes, Error: fmt::Debug + Send> + Unpin + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = std::io::Error;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        let mut bad = self.bad.lock().expect("no panic");
        let (fails, frames) = (*bad > 0, self.frames);
        *bad = bad.saturating_sub(1);
        Box::pin(async move {
            let mut body = request.into_body();
            if fails {
                for _ in 0..frames {
                    body.frame().await;
                }
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return Ok(response);
            }
            let body = body.collect().await.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
            let mut text =
                body.trailers().map_or_else(String::new, |trailers| format!("{} ", trailers.len()));
            text.push_str(&String::from_utf8_lossy(&body.to_bytes()));
            Ok(Response::new(Full::from(text)))
        })
    }
}

fn hasty(bad: u32, frames: usize) -> Hasty {
    Hasty { bad: Arc::new(Mutex::new(bad)), frames }
}

/// A body that comes in pieces, one each 10 ms, with trailers.
fn slowly(
    texts: &'static [&'static str],
) -> impl Body<Data = Bytes, Error = std::io::Error> + Send + Unpin + 'static {
    let pieces = texts.iter().map(|text| Frame::data(Bytes::from_static(text.as_bytes())));
    let trailers =
        http::HeaderMap::from_iter([("t".parse().expect("a name"), "1".parse().expect("a value"))]);
    let frames: Vec<_> = pieces.chain([Frame::trailers(trailers)]).collect();
    StreamBody::new(Box::pin(futures_util::StreamExt::then(
        futures_util::stream::iter(frames),
        async |frame| {
            tokio::time::sleep(ms(10)).await;
            Ok(frame)
        },
    )))
}

#[tokio::test(start_paused = true)]
async fn a_post_is_sent_again_with_its_body() {
    let got = ask(&layer(at_once(3, "5xx")).layer(hasty(2, 9)), post("order")).await;
    assert_eq!(got.seen(), (200, "order", "-"));
}

/// The next try is sent what had been read, and then goes on reading.
#[tokio::test(start_paused = true)]
async fn a_body_that_was_sent_in_part_is_sent_from_its_beginning_and_to_its_end() {
    for frames in 0..=6 {
        let request = Request::new(slowly(&["a", "b", "c", "d"]));
        let got = ask(&layer(at_once(3, "5xx")).layer(hasty(2, frames)), request).await;
        assert_eq!(got.seen(), (200, "1 abcd", "-"), "{frames}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_sent_on_and_not_again() {
    for (limit, status) in [(4, 200), (3, 503)] {
        let (told, upstream) = (Told::new(), noted(hasty(1, 9)));
        let layer = layer(at_once(3, "5xx").body_limit(limit)).told("reviews", &told.events);
        let got = ask(&layer.layer(upstream.clone()), post("body")).await;
        assert_eq!((got.status, got.flags.as_str()), (status, "-"));
        assert_eq!(upstream.log().len(), if status == 200 { 2 } else { 1 });
    }
    // What was not read yet may still be read by another.
    let upstream = noted(hasty(1, 2));
    let long = Request::new(slowly(&["a", "b", "c", "d", "e", "f"]));
    let got = ask(&layer(at_once(3, "5xx").body_limit(3)).layer(upstream.clone()), long).await;
    assert_eq!((got.seen(), upstream.log().len()), ((200, "1 abcdef", "-"), 2));
}

/// Whoever sent it has the error; it would only come again.
#[tokio::test(start_paused = true)]
async fn a_request_whose_own_body_fails_is_not_tried_again() {
    let broken = StreamBody::new(futures_util::stream::iter([
        Ok(Frame::data(Bytes::from_static(b"half"))),
        Err(std::io::Error::other("gone")),
    ]));
    let upstream = Echo::new();
    try_ask(&layer(at_once(3, "5xx")).layer(upstream.clone()), Request::new(broken)).await.unwrap_err();
    assert_eq!(upstream.seen().calls, 1);
}

/// A server may answer and go on reading: what it reads is not kept for anybody.
#[tokio::test(start_paused = true)]
async fn an_answer_before_the_end_of_the_request_leaves_the_body_with_its_reader() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = Arc::new(Mutex::new(Some(sender)));
    let early = tower::service_fn(move |request: Request<tower_mesh::layer::body::Sent<_>>| {
        sender
            .lock()
            .expect("no panic")
            .take()
            .expect("one call")
            .send(request.into_body())
            .expect("a receiver");
        std::future::ready(Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default())))
    });
    let request = Request::new(slowly(&["a", "b"]));
    assert_eq!(ask(&layer(at_once(3, "5xx")).layer(early), request).await.status, 200);
    let body = receiver.await.expect("a body").collect().await.expect("it goes on");
    assert_eq!(
        (body.trailers().map(http::HeaderMap::len), body.to_bytes()),
        (Some(1), Bytes::from_static(b"ab"))
    );
}

/// A connection's task goes on with what it was given, though the answer is there: it hears that it is in vain.
#[tokio::test(start_paused = true)]
async fn what_a_lost_try_still_sends_is_broken_off() {
    let status =
        |status: u16| Response::builder().status(status).body(Full::<Bytes>::default()).expect("a response");
    let sending = Arc::new(Mutex::new(None));
    let upstream = tower::service_fn({
        let sending = Arc::clone(&sending);
        move |request: Request<Sent<_>>| {
            let mut sending = sending.lock().expect("no panic");
            let (first, body) = (sending.is_none(), tokio::spawn(request.into_body().collect()));
            let second = if first { sending.replace(body) } else { Some(body) };
            async move {
                tokio::time::sleep(ms(15)).await;
                let Some(second) = second else { return Ok(status(503)) };
                second.await.expect("no panic").map_err(std::io::Error::other)?;
                Ok::<_, std::io::Error>(status(200))
            }
        }
    });
    let service = layer(at_once(1, "5xx")).layer(upstream);
    assert_eq!(ask(&service, Request::new(slowly(&["a", "b", "c"]))).await.status, 200);
    let lost = sending.lock().expect("no panic").take().expect("a first try");
    let lost = in_time(lost).await.expect("no panic");
    assert!(matches!(lost, Err(SentError::Lost)), "{lost:?}");
}

/// An upload may go on for hours after its answer's head.
#[tokio::test(start_paused = true)]
async fn what_was_sent_before_the_answer_is_not_kept_while_the_rest_is_sent() {
    struct Held {
        _by: Arc<()>,
    }

    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            b"held"
        }
    }

    let (held, bodies) = (Arc::new(()), Arc::new(Mutex::new(None)));
    let frames = futures_util::stream::repeat_with({
        let held = Arc::clone(&held);
        move || Ok::<_, std::io::Error>(Frame::data(Bytes::from_owner(Held { _by: Arc::clone(&held) })))
    });
    let upstream = tower::service_fn(async |request: Request<Sent<_>>| {
        let mut body = request.into_body();
        for _ in 0..9 {
            body.frame().await.expect("a frame").expect("no error");
        }
        *bodies.lock().expect("no panic") = Some(body);
        Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default()))
    });
    let layer = RetryLayer::new(at_once(1, "5xx").build().expect("these mean something"));
    let answer = layer.layer(upstream).oneshot(Request::new(StreamBody::new(frames))).await;
    assert!(answer.is_ok_and(|answer| answer.status() == 200));
    let mut body = bodies.lock().expect("no panic").take().expect("a body");
    assert_eq!(Arc::strong_count(&held), 2 + 9, "the test, the stream, and what might have been sent again");
    drop(body.frame().await);
    assert_eq!(Arc::strong_count(&held), 2);
}

/// All that a request has besides its body is sent again with it.
#[tokio::test(start_paused = true)]
async fn a_retry_has_the_head_of_the_first_try() {
    #[derive(Debug, Clone, PartialEq)]
    struct Mark;

    let came = Arc::new(Mutex::new(Vec::new()));
    let upstream = tower::service_fn(async |request: Request<Sent<Full<Bytes>>>| {
        let (head, _) = request.into_parts();
        came.lock().expect("no panic").push(head);
        let response = Response::builder().status(503).body(Full::<Bytes>::default());
        Ok::<_, std::convert::Infallible>(response.expect("a response"))
    });
    let layer = RetryLayer::new(at_once(1, "503").build().expect("they mean something"));
    let request = Request::patch("http://reviews:9080/0?a=1").version(http::Version::HTTP_2);
    let request = request.header("a", "1").header("a", "2").extension(Mark).body(Full::default());
    let answer = layer.layer(upstream).oneshot(request.expect("a request")).await;

    assert!(answer.is_ok());
    let came = came.lock().expect("no panic");
    let heads: Vec<_> =
        came.iter().map(|head| (&head.method, &head.uri, head.version, &head.headers)).collect();
    assert_eq!(heads.len(), 2);
    assert_eq!(heads[0], heads[1]);
    assert_eq!((heads[1].0.as_str(), heads[1].1.path(), heads[1].2), ("PATCH", "/0", http::Version::HTTP_2));
    assert!(came.iter().all(|head| head.extensions.get() == Some(&Mark)));
}
