//! A request body that is lent: one of two services may read it.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

/// Where a body lies until somebody takes it.
type Slot<B> = Arc<Mutex<Option<B>>>;

/// Lends a body, and keeps the right to take it back.
///
/// A body that is at its end already is no loss: it is just given, and the spare one is another that is at its end.
pub(super) fn lend<B: Body>(body: B) -> (Lent<B>, Spare<B>) {
    let hint = body.size_hint();
    if body.is_end_stream() {
        return (Lent::own(body), Spare::Ended(hint));
    }
    let slot = Arc::new(Mutex::new(Some(body)));
    (Lent { kind: Kind::Waiting { slot: Arc::clone(&slot), hint } }, Spare::Slot(slot))
}

/// The right to take a body back.
#[derive(Debug)]
pub(super) enum Spare<B> {
    Ended(SizeHint),
    Slot(Slot<B>),
}

impl<B> Spare<B> {
    /// The body, unless somebody began to read it.
    pub(super) fn back(self) -> Option<Lent<B>> {
        match self {
            Self::Ended(hint) => Some(Lent { kind: Kind::Ended { hint } }),
            Self::Slot(slot) => take(&slot).map(Lent::own),
        }
    }
}

fn take<B>(slot: &Slot<B>) -> Option<B> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pin_project! {
    /// A body that is lent to a service.
    ///
    /// It is the same body: its frames, its trailers, its error, its size. Polling it once makes it the reader's own.
    ///
    /// If it was taken back meanwhile, because its reader had refused and went on to read nevertheless, it is pending for
    /// ever: an end would make a whole request of half a one.
    ///
    /// Whether a request is refused is known when its answer comes, and by then it has been given away. A body cannot
    /// be cloned, and keeping a copy of what is read would hold a whole upload in memory. So the first service is lent
    /// the body: if it refuses without having read, as a service that refuses at once does, the body is taken back,
    /// whole.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::{BodyExt, Full};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_mesh::{FallbackLayer, Reason, Refusal, layer::fallback::Lent};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let refuses = service_fn(async |_: Request<Lent<Full<Bytes>>>| {
    ///     let mut response = Response::new(Full::default());
    ///     response.extensions_mut().insert(Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT));
    ///     Ok::<_, std::convert::Infallible>(response)
    /// });
    /// let echo = service_fn(async |request: Request<Lent<Full<Bytes>>>| {
    ///     Ok(Response::new(Full::new(request.into_body().collect().await?.to_bytes())))
    /// });
    ///
    /// let service = FallbackLayer::service(echo).layer(refuses);
    /// let response = service.oneshot(Request::new(Full::from("hello"))).await.unwrap();
    /// assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    /// # }
    /// ```
    pub struct Lent<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Kind<B> {
        Waiting { slot: Slot<B>, hint: SizeHint },
        Own { #[pin] body: B },
        Ended { hint: SizeHint },
    }
}

impl<B> Lent<B> {
    const fn own(body: B) -> Self {
        Self { kind: Kind::Own { body } }
    }
}

impl<B: Body> Body for Lent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut kind = self.project().kind;
        if let Projected::Waiting { slot, .. } = kind.as_mut().project() {
            match take(slot) {
                Some(body) => kind.set(Kind::Own { body }),
                None => return Poll::Pending,
            }
        }
        match kind.project() {
            Projected::Own { body } => body.poll_frame(cx),
            Projected::Waiting { .. } => Poll::Pending,
            Projected::Ended { .. } => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own { body } => body.is_end_stream(),
            // It was not when it came, or it would not wait here.
            Kind::Waiting { .. } => false,
            Kind::Ended { .. } => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own { body } => body.size_hint(),
            Kind::Waiting { hint, .. } | Kind::Ended { hint } => SizeHint::clone(hint),
        }
    }
}

impl<B> fmt::Debug for Lent<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Waiting { .. } => "Lent(unread)",
            Kind::Own { .. } => "Lent(own)",
            Kind::Ended { .. } => "Lent(ended)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use futures_util::{FutureExt, stream};
    use http::HeaderMap;
    use http_body_util::{BodyExt, Empty, Full, StreamBody};

    use super::*;

    fn full() -> Full<Bytes> {
        Full::from("content")
    }

    fn read<B: Body<Data = Bytes, Error: fmt::Debug>>(body: B) -> Bytes {
        body.collect().now_or_never().expect("a body that is there").expect("no error").to_bytes()
    }

    /// The next frame of a body that must not wait.
    fn frame<B: Body + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
        body.frame().now_or_never().expect("a frame that is there")
    }

    #[test]
    fn who_reads_it_has_the_whole_body() {
        let (lent, spare) = lend(full());
        assert_eq!(read(lent), "content");
        assert!(spare.back().is_none(), "it was read");
    }

    #[test]
    fn what_was_not_read_comes_back_whole() {
        for dropped in [true, false] {
            let (lent, spare) = lend(full());
            let kept = (!dropped).then_some(lent);
            assert_eq!(read(spare.back().expect("it is unread")), "content");
            drop(kept);
        }
    }

    #[test]
    fn one_poll_is_enough_to_have_begun() {
        let (mut lent, spare) = lend(StreamBody::new(stream::pending::<Result<Frame<Bytes>, io::Error>>()));
        assert!(lent.frame().now_or_never().is_none());
        assert!(
            spare.back().is_none(),
            "a body that was polled cannot be moved, and may have lost something"
        );
    }

    #[test]
    fn who_reads_what_was_taken_back_is_not_told_of_an_end() {
        let (mut lent, spare) = lend(full());
        let back = spare.back();
        assert!(lent.frame().now_or_never().is_none(), "an end would make a whole request of half a one");
        assert!(!lent.is_end_stream());
        assert_eq!(read(back.expect("it is unread")), "content");
    }

    #[test]
    fn the_size_and_the_end_are_known_before_and_after_reading() {
        let (mut lent, spare) = lend(full());
        assert_eq!((lent.size_hint().exact(), lent.is_end_stream()), (Some(7), false));
        frame(&mut lent).expect("data").expect("no error");
        assert_eq!((lent.size_hint().exact(), lent.is_end_stream()), (Some(0), true));
        assert!(spare.back().is_none());

        let (_, spare) = lend(full());
        let back = spare.back().expect("it is unread");
        assert_eq!((back.size_hint().exact(), back.is_end_stream()), (Some(7), false));
    }

    #[test]
    fn a_size_that_is_not_known_is_not_made_up() {
        let (lent, spare) = lend(StreamBody::new(stream::empty::<Result<Frame<Bytes>, io::Error>>()));
        assert_eq!((lent.size_hint().lower(), lent.size_hint().upper()), (0, None));
        assert_eq!(spare.back().expect("it is unread").size_hint().upper(), None);
    }

    #[test]
    fn both_have_a_body_that_was_at_its_end() {
        let (mut lent, spare) = lend(Empty::<Bytes>::new());
        assert!(matches!(spare, Spare::Ended(_)), "nothing is shared that is not there");
        assert!(frame(&mut lent).is_none());
        let mut back = spare.back().expect("there was nothing to read");
        for body in [&lent, &back] {
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
        }
        assert!(frame(&mut back).is_none());
    }

    #[test]
    fn trailers_and_errors_come_through() {
        let frames = || {
            let trailers =
                HeaderMap::from_iter([("a".parse().expect("a name"), "b".parse().expect("a value"))]);
            let data = Frame::data(Bytes::from_static(b"data"));
            StreamBody::new(stream::iter([
                Ok(data),
                Ok(Frame::trailers(trailers)),
                Err(io::Error::other("broken")),
            ]))
        };
        let (lent, _spare) = lend(frames());
        let (_, spare) = lend(frames());
        for mut body in [lent, spare.back().expect("it is unread")] {
            assert_eq!(frame(&mut body).expect("data").expect("no error").into_data().expect("data"), "data");
            let trailers = frame(&mut body).expect("trailers").expect("no error").into_trailers();
            assert_eq!(trailers.expect("trailers")["a"], "b");
            assert_eq!(frame(&mut body).expect("an error").expect_err("an error").to_string(), "broken");
        }
    }

    /// A server's body is `Send` and not `Sync`: what is lent must cross threads all the same.
    #[test]
    fn it_crosses_threads_as_its_body_does_and_need_not_be_unpin() {
        fn sent<T: Send>() {}
        fn shared<T: Sync>() {}
        fn moved<T: Unpin>() {}
        sent::<Lent<std::cell::Cell<u8>>>();
        shared::<Lent<Full<Bytes>>>();
        moved::<Lent<Full<Bytes>>>();
        let frame = async { Ok::<_, io::Error>(Frame::data(Bytes::from_static(b"pinned"))) };
        assert_eq!(read(lend(StreamBody::new(stream::once(frame))).0), "pinned");
    }
}
