//! A call that passes is the call it would have been without the layer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Wake, Waker},
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header::CONTENT_LENGTH};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::runtime::Handle;

use crate::{
    loss::Loss,
    probe::{CONTENT, Mark},
    stand::hanging,
    subject::{Ending, Guard, Subject},
};

pub(crate) async fn requests_arrive_as_they_were_sent<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let request = Request::put("/ok?a=1").header("x-sent", "1").extension(Mark);
    let request = request.body(Bytes::from_static(b"sent").into()).unwrap();
    let sent = request.clone();
    stand.ask(&stand.service(), request).await.unwrap();
    let came = stand.probe.upstream().last().unwrap();
    assert_eq!((came.method(), came.uri()), (sent.method(), sent.uri()));
    assert_eq!(came.headers(), sent.headers());
    assert!(came.extensions().get::<Mark>().is_some(), "a request's extension was lost");
    assert_eq!(came.into_body().collect().await.unwrap().to_bytes(), "sent");
}

pub(crate) async fn answers_come_back_as_they_were_given<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    for (ending, status) in [(Ending::Success, 200), (Ending::Status, 500)] {
        let stand = subject.stand();
        let response = stand.ask(&stand.service(), ending.request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
        assert_eq!(response.headers()["x-probe"], "1");
        assert!(response.extensions().get::<Mark>().is_some(), "a response's extension was lost");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), CONTENT);
    }
}

pub(crate) async fn errors_come_back_as_they_were_given<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let answer = stand.ask(&stand.service(), Ending::Error.request()).await;
    assert!(answer.is_err_and(|error| error.is_lost()), "the inner service's error was lost");
}

/// Without it a server answers in chunks, and a client's progress bar is gone.
pub(crate) async fn the_length_of_a_response_survives<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    for (method, length) in [(Method::GET, CONTENT.len() as u64), (Method::HEAD, 0)] {
        let stand = subject.stand();
        let mut request = Ending::Success.request();
        *request.method_mut() = method.clone();
        let response = stand.ask(&stand.service(), request).await.unwrap();
        assert_eq!(
            response.headers().get(CONTENT_LENGTH).map(|length| length.to_str().unwrap()),
            Some(CONTENT.len().to_string().as_str()),
            "the content-length of a {method} was lost"
        );
        assert_eq!(response.body().size_hint().exact(), Some(length), "the size hint of a {method} was lost");
        assert_eq!(response.body().is_end_stream(), length == 0, "the end of a {method}'s body moved");
    }
}

/// Law 7: who drops a call wants it to be over.
pub(crate) async fn dropping_a_call_drops_the_inner_call<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let call = hanging(&mut stand.service()).await;
    assert_eq!(stand.probe.upstream().running(), 1);
    drop(call);
    assert_eq!(stand.probe.upstream().running(), 0, "the inner call outlived its caller");
}

pub(crate) async fn nothing_is_spawned<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let stand = subject.stand();
    let mut service = stand.service();
    let call = hanging(&mut service).await;
    let alive = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(alive(), 0, "a call that is under way spawned a task");
    drop(call);
    stand.ask(&stand.service(), Ending::Success.request()).await.unwrap();
    assert_eq!(alive(), 0, "a call spawned a task");
}

/// A future that wakes itself is a busy loop: it burns a core for as long as the upstream hangs.
pub(crate) async fn a_call_that_hangs_wakes_nobody<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    #[derive(Default)]
    struct Wakes(AtomicUsize);
    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    let stand = subject.stand();
    let mut call = hanging(&mut stand.service()).await;
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    for _ in 0..3 {
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(wakes.0.load(SeqCst), 0, "a call that hangs woke its own task");
}
