//! Whatever a mirror does, the original's answer is what it would have been, when it would have been.

use std::future::{pending, ready};

use super::*;

/// What is wrong with a mirror.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    NeverReady,
    FailsToGetReady,
    PanicsGettingReady,
    PanicsInCall,
    Hangs,
    Fails,
    Panics,
    HangsInItsBody,
    FailsInItsBody,
    PanicsInItsBody,
    NeverEndsSlowly,
    NeverEnds,
}

const ALL: [Wrong; 12] = [
    Wrong::NeverReady,
    Wrong::FailsToGetReady,
    Wrong::PanicsGettingReady,
    Wrong::PanicsInCall,
    Wrong::Hangs,
    Wrong::Fails,
    Wrong::Panics,
    Wrong::HangsInItsBody,
    Wrong::FailsInItsBody,
    Wrong::PanicsInItsBody,
    Wrong::NeverEndsSlowly,
    Wrong::NeverEnds,
];

/// A body that goes on for ever, or does not.
struct Endless(Wrong);

impl Body for Endless {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        match self.0 {
            Wrong::FailsInItsBody => Poll::Ready(Some(Err("broken".to_owned()))),
            Wrong::PanicsInItsBody => panic!("a mirror was told to panic"),
            Wrong::NeverEnds => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"more"))))),
            Wrong::NeverEndsSlowly => {
                let waker = cx.waker().clone();
                tokio::spawn(async move {
                    tokio::time::sleep(ms(700)).await;
                    waker.wake();
                });
                Poll::Pending
            }
            _ => Poll::Pending,
        }
    }
}

#[derive(Clone)]
struct Bad(Wrong);

impl<B: Send + 'static> Service<Request<B>> for Bad {
    type Response = Response<Endless>;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Endless>, String>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        match self.0 {
            Wrong::NeverReady => Poll::Pending,
            Wrong::FailsToGetReady => Poll::Ready(Err("broken".to_owned())),
            Wrong::PanicsGettingReady => panic!("a mirror was told to panic"),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let wrong = self.0;
        assert!(wrong != Wrong::PanicsInCall, "a mirror was told to panic");
        Box::pin(async move {
            let _request = request;
            match wrong {
                Wrong::Hangs => pending().await,
                Wrong::Fails => Err("broken".to_owned()),
                Wrong::Panics => panic!("a mirror was told to panic"),
                _ => Ok(Response::new(Endless(wrong))),
            }
        })
    }
}

/// Answers what it was sent, after so long.
fn late(
    millis: u64,
) -> impl Service<
    Request<tower_mesh::layer::body::Sent<Full<Bytes>>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone {
    tower::service_fn(move |request: Request<tower_mesh::layer::body::Sent<Full<Bytes>>>| async move {
        let content = request.into_body().collect().await.expect("it is all there").to_bytes();
        if millis > 0 {
            tokio::time::sleep(ms(millis)).await;
        }
        Ok(Response::new(Full::from(content)))
    })
}

#[tokio::test(start_paused = true)]
async fn nothing_that_a_mirror_does_changes_the_answer_or_its_time() {
    for wrong in ALL {
        // One that is always there keeps time itself from passing, as long as it stands still.
        let takes = if wrong == Wrong::NeverEnds { 0 } else { 30 };
        let layer = mirror(all(), Bad(wrong));
        let service = layer.layer(late(takes));
        for request in [get(), post("an order")] {
            let sent = request.body().size_hint().exact();
            let answer = ask(&service, request).await;
            assert_eq!(
                (answer.status(), answer.size, answer.after),
                (200, sent, u128::from(takes)),
                "{wrong:?}"
            );
        }
        assert_eq!(layer.handle().counts().copied, 2, "{wrong:?}");
    }
}

/// What ends by itself is over, and what does not is given up.
#[tokio::test(start_paused = true)]
async fn a_copy_keeps_its_place_until_it_is_over_or_given_up() {
    for wrong in ALL.into_iter().filter(|wrong| *wrong != Wrong::NeverEnds) {
        let layer = mirror(all().timeout(ms(5000)), Bad(wrong));
        let handle = layer.handle();
        let service = layer.layer(late(0));
        ask(&service, get()).await;
        tokio::time::sleep(ms(4990)).await;
        let goes_on =
            [Wrong::NeverReady, Wrong::Hangs, Wrong::HangsInItsBody, Wrong::NeverEndsSlowly].contains(&wrong);
        assert_eq!(counted(handle.counts()), (1, 0, u64::from(goes_on)), "{wrong:?}");
        tokio::time::sleep(ms(20)).await;
        assert_eq!(counted(handle.counts()), (1, 0, 0), "{wrong:?}");
    }
}

/// It reads at most for as long as it may, and others run meanwhile, on one thread.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_always_there_leaves_room_for_others() {
    let service = mirror(all(), Bad(Wrong::NeverEnds)).layer(late(0));
    for _ in 0..100 {
        assert_eq!(ask(&service, post("an order")).await.content(), "an order");
        tokio::task::yield_now().await;
    }
    drop(service);
    tokio::task::yield_now().await;
}

/// A mirror is readied by nobody but its copies.
#[tokio::test(start_paused = true)]
async fn being_ready_is_a_matter_of_the_original_alone() {
    let mut service = mirror(all(), Bad(Wrong::PanicsGettingReady)).layer(late(0));
    let readied = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service).now_or_never();
    assert!(readied.is_some_and(|readied| readied.is_ok()));
}

/// The answer is read to its end, so that a connection can be used again.
#[tokio::test(start_paused = true)]
async fn a_copys_answer_is_read_to_its_end() {
    let read = Arc::new(Mutex::new(0));
    let v2 = {
        let read = Arc::clone(&read);
        tower::service_fn(move |_| {
            let read = Arc::clone(&read);
            let frames = (0..5).map(move |_| {
                *read.lock().expect("no panic") += 1;
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"some")))
            });
            ready(Ok::<_, Infallible>(Response::new(StreamBody::new(futures_util::stream::iter(frames)))))
        })
    };
    let layer = mirror(all(), v2);
    ask(&layer.layer(late(0)), get()).await;
    tokio::time::sleep(ms(1)).await;
    assert_eq!((*read.lock().expect("no panic"), counted(layer.handle().counts())), (5, (1, 0, 0)));
}

/// Its own threads, its own time: here the original's caller does nothing but wait.
#[tokio::test]
async fn threads_may_call_at_once() {
    let v2 = noting();
    let layer = mirror(all(), v2.clone());
    let calls = (0..8).map(|_| {
        let service = layer.layer(late(0));
        tokio::spawn(async move {
            for _ in 0..50 {
                assert_eq!(
                    in_time(service.clone().oneshot(post("an order")))
                        .await
                        .map(|answer| answer.status().as_u16()),
                    Ok(200)
                );
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no panic");
    }
    assert_eq!((layer.handle().counts().copied, layer.handle().counts().left_out), (400, 0));
}
