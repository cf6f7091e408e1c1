//! A watched body, whoever watches it: the end is told exactly once, and nothing else changes.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use tower_mesh::layer::body::{End, Watch, Watched};

/// Writes down what it hears.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Watch for Log {
    fn data(&mut self, length: usize) {
        self.0.lock().unwrap().push(length.to_string());
    }

    fn end(&mut self, end: End<'_>) {
        let end = match end {
            End::Trailers(trailers) => format!("{} trailers", trailers.len()),
            end => format!("{end:?}"),
        };
        self.0.lock().unwrap().push(end);
    }
}

/// What is heard of a body that is read for so many frames, at most until it ends, and then dropped.
async fn heard(body: impl Body<Data = Bytes> + Unpin, frames: usize) -> Vec<String> {
    let log = Log::default();
    let mut body = Watched::new(body, Some(log.clone()));
    for _ in 0..frames {
        let _ = body.frame().await;
    }
    drop(body);
    let heard = log.0.lock().unwrap();
    heard.clone()
}

fn frames<E>(frames: Vec<Result<Frame<Bytes>, E>>) -> impl Body<Data = Bytes, Error = E> + Unpin {
    StreamBody::new(stream::iter(frames))
}

fn data<E>() -> Result<Frame<Bytes>, E> {
    Ok(Frame::data(Bytes::from_static(b"data")))
}

#[tokio::test]
async fn the_end_is_told_once_however_long_it_is_asked_for() {
    for asked in [2, 3, 5] {
        assert_eq!(heard(frames(vec![data::<Infallible>()]), asked).await, ["4", "Complete"]);
        let trailers = Ok::<_, Infallible>(Frame::trailers(HeaderMap::new()));
        assert_eq!(heard(frames(vec![data(), trailers]), asked).await, ["4", "0 trailers"]);
        let broken = Err(io::Error::other("broken"));
        assert_eq!(heard(frames(vec![data(), broken]), asked).await, ["4", "Error"]);
    }
}

#[tokio::test]
async fn a_body_that_knows_its_end_is_over_with_its_last_byte() {
    assert_eq!(heard(Full::new(Bytes::from_static(b"data")), 1).await, ["4", "Complete"]);
    assert_eq!(heard(Empty::<Bytes>::new(), 0).await, ["Complete"], "nobody reads what is empty");
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_end_is_told_to_be() {
    assert_eq!(heard(Full::new(Bytes::from_static(b"data")), 0).await, ["Dropped"]);
    assert_eq!(heard(frames(vec![data::<Infallible>()]), 1).await, ["4", "Dropped"]);
}
