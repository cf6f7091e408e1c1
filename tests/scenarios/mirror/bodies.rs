//! What is copied of a body: all of it, once it is all there, or nothing.

use std::{future::pending, io};

use futures_util::{StreamExt, poll, stream};
use tower_mesh::layer::body::Sent;

use super::*;

/// A body that comes in pieces, one each 10 ms, with trailers.
pub(super) fn slowly(
    texts: &'static [&'static str],
) -> impl Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static {
    let pieces = texts.iter().map(|text| Frame::data(Bytes::from_static(text.as_bytes())));
    let trailers =
        http::HeaderMap::from_iter([("t".parse().expect("a name"), "1".parse().expect("a value"))]);
    let frames: Vec<_> = pieces.chain([Frame::trailers(trailers)]).collect();
    StreamBody::new(Box::pin(stream::iter(frames).then(async |frame| {
        tokio::time::sleep(ms(10)).await;
        Ok(frame)
    })))
}

/// A body that fails half-way.
fn broken() -> impl Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static {
    let frames = [Ok(Frame::data(Bytes::from_static(b"half"))), Err(io::Error::other("gone"))];
    StreamBody::new(stream::iter(frames))
}

/// Answers at once, and hands the body over unread.
pub(super) fn unread<B: Send + 'static>(
    to: &Arc<Mutex<Option<Sent<B>>>>,
) -> impl Service<Request<Sent<B>>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone {
    let to = Arc::clone(to);
    tower::service_fn(move |request: Request<Sent<B>>| {
        *to.lock().expect("no panic") = Some(request.into_body());
        std::future::ready(Ok(Response::new(Full::default())))
    })
}

#[tokio::test(start_paused = true)]
async fn a_copy_without_a_body_does_not_wait_for_the_original() {
    let v2 = noting();
    let hanging = tower::service_fn(async |_: Request<Sent<Full<Bytes>>>| {
        pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let service = mirror(all(), v2.clone()).layer(hanging);
    let mut call = Box::pin(service.clone().oneshot(get()));
    assert!(poll!(&mut call).is_pending());
    let came = v2.came().await;
    assert_eq!((came.len(), came[0].at, came[0].text().as_str()), (1, 0, ""));
}

#[tokio::test(start_paused = true)]
async fn a_copy_with_a_body_begins_when_the_original_has_read_all_of_it() {
    let (v1, v2) = (noting(), noting());
    let service = mirror(all(), v2.clone()).layer(v1.clone());
    let answer = ask(&service, Request::new(slowly(&["a", "b", "c"]))).await;
    assert_eq!(answer.after, 40);
    let (original, copy) = (v1.came().await, v2.came().await);
    assert_eq!((original[0].at, copy[0].at), (40, 40));
    // Frame by frame, with the trailers; of a length that nobody knows.
    assert_eq!(copy[0].frames, ["a", "b", "c", r#"{"t": "1"}"#]);
    assert_eq!(copy[0].frames, original[0].frames);
    assert_eq!((copy[0].hint.lower(), copy[0].hint.upper()), (0, None));
}

/// What answers in time to be read may be read long after, or by a connection's task.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_read_after_the_answer_is_copied_then() {
    let (v2, body) = (noting(), Arc::default());
    let layer = mirror(all(), v2.clone());
    let service = layer.layer(unread(&body));
    ask(&service, Request::new(slowly(&["a", "b"]))).await;
    assert_eq!((v2.texts().await, counted(layer.handle().counts())), (Vec::<String>::new(), (0, 0, 0)));
    let body = body.lock().expect("no panic").take().expect("a body");
    body.collect().await.expect("it goes on");
    assert_eq!(v2.texts().await, [r#"ab{"t": "1"}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_reads_is_not_copied() {
    let (v2, body, told) = (noting(), Arc::default(), Told::new());
    let layer = mirror(all(), v2.clone()).told("reviews", &told.events);
    ask(&layer.layer(unread(&body)), post("an order")).await;
    assert_eq!(counted(layer.handle().counts()), (0, 0, 0), "it may still be read");
    *body.lock().expect("no panic") = None;
    assert_eq!((v2.came().await.len(), counted(layer.handle().counts())), (0, (0, 1, 0)));
    assert_eq!(told.lines(), ["[reviews] not mirrored: its body did not come to its end"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_is_not_copied() {
    let (v2, told) = (noting(), Told::new());
    let layer = mirror(all(), v2.clone()).told("reviews", &told.events);
    layer.layer(noting()).oneshot(Request::new(broken())).await.unwrap_err();
    assert_eq!((v2.came().await.len(), counted(layer.handle().counts())), (0, (0, 1, 0)));
    assert_eq!(told.lines(), ["[reviews] not mirrored: its body did not come to its end"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_sent_on_and_not_copied() {
    // Trailers count too: a name and a value, one byte each.
    for (limit, copied) in [(6, 1), (5, 0), (0, 0)] {
        let (v1, v2, told) = (noting(), noting(), Told::new());
        let layer = mirror(all().body_limit(limit), v2.clone()).told("reviews", &told.events);
        ask(&layer.layer(v1.clone()), Request::new(slowly(&["ab", "cd"]))).await;
        assert_eq!(v1.texts().await, [r#"abcd{"t": "1"}"#]);
        assert_eq!(v2.came().await.len(), copied, "{limit}");
        assert_eq!(counted(layer.handle().counts()), (copied as u64, 1 - copied as u64, 0));
        let line = "[reviews] not mirrored: its body is too long";
        assert_eq!(told.lines(), [line; 1][copied..]);
    }
}

/// That it is too long can be known at once: then nothing is kept of it.
#[tokio::test(start_paused = true)]
async fn a_body_that_says_that_it_is_too_long_is_not_kept() {
    let (v2, body) = (noting(), Arc::default());
    let layer = mirror(all().body_limit(7), v2.clone());
    ask(&layer.layer(unread(&body)), post("an order")).await;
    assert_eq!(counted(layer.handle().counts()), (0, 1, 0));
    let body = body.lock().expect("no panic").take().expect("a body");
    assert_eq!(format!("{body:?}"), "Sent(once)");
}

/// And a request that is not copied has nothing kept either.
#[tokio::test(start_paused = true)]
async fn what_is_not_copied_is_not_kept() {
    let body = Arc::default();
    let layer = mirror(all().percent(0.0001), noting()).drawing(tower_mesh::layer::draw::Draws::seeded(7));
    ask(&layer.layer(unread(&body)), post("an order")).await;
    let body = body.lock().expect("no panic").take().expect("a body");
    assert_eq!((format!("{body:?}"), counted(layer.handle().counts())), ("Sent(once)".to_owned(), (0, 0, 0)));
}

/// Bytes that know how many hold them.
fn held(by: &Arc<()>) -> Bytes {
    struct Held {
        _by: Arc<()>,
    }

    impl AsRef<[u8]> for Held {
        fn as_ref(&self) -> &[u8] {
            b"held"
        }
    }

    Bytes::from_owner(Held { _by: Arc::clone(by) })
}

/// Frames without end.
fn endless(by: &Arc<()>) -> impl Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static {
    let by = Arc::clone(by);
    StreamBody::new(stream::repeat_with(move || Ok(Frame::data(held(&by)))))
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_half_way_leaves_no_copy_and_nothing_behind() {
    let (v2, by) = (noting(), Arc::new(()));
    let layer = mirror(all(), v2.clone());
    let reads_some = tower::service_fn(async |request: Request<Sent<_>>| {
        let mut body = request.into_body();
        for _ in 0..9 {
            body.frame().await.expect("a frame").expect("no error");
        }
        pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let mut call = Box::pin(layer.layer(reads_some).oneshot(Request::new(endless(&by))));
    assert!(poll!(&mut call).is_pending());
    assert_eq!(Arc::strong_count(&by), 2 + 9, "the test, the stream, and what may be copied");
    drop(call);
    assert_eq!(Arc::strong_count(&by), 1);
    assert_eq!((v2.came().await.len(), counted(layer.handle().counts())), (0, (0, 1, 0)));
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_to_be_too_long_is_let_go_of() {
    let (by, kept) = (Arc::new(()), Arc::default());
    let layer = mirror(all().body_limit(9 * 4), noting());
    ask(&layer.layer(unread(&kept)), Request::new(endless(&by))).await;
    let mut body = kept.lock().expect("no panic").take().expect("a body");
    for _ in 0..9 {
        drop(body.frame().await);
    }
    assert_eq!((Arc::strong_count(&by), counted(layer.handle().counts())), (2 + 9, (0, 0, 0)));
    drop(body.frame().await);
    assert_eq!((Arc::strong_count(&by), counted(layer.handle().counts())), (2, (0, 1, 0)));
}

/// Whoever reads it last tells: the copy's task holds what it sends, and nobody else does.
#[tokio::test(start_paused = true)]
async fn what_was_copied_is_held_by_the_copy_alone() {
    let by = Arc::new(());
    let frames = [Ok::<_, io::Error>(Frame::data(held(&by)))];
    let layer = mirror(all(), noting());
    assert_eq!(
        ask(&layer.layer(noting()), Request::new(StreamBody::new(stream::iter(frames)))).await.status(),
        200
    );
    tokio::time::sleep(ms(1)).await;
    assert_eq!((Arc::strong_count(&by), counted(layer.handle().counts())), (1, (1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn each_of_several_mirrors_gets_all_of_it_within_its_own_limit() {
    let services = [noting(), noting(), noting()];
    let settings = [4, 6, 600].map(|limit| all().body_limit(limit).build().expect("these mean something"));
    let layer = MirrorLayer::several(settings.into_iter().zip(services.clone()));
    ask(&layer.layer(noting()), Request::new(slowly(&["ab", "cd"]))).await;
    let mut came = Vec::new();
    for service in &services {
        came.push(service.texts().await.len());
    }
    assert_eq!(came, [0, 1, 1]);
}
