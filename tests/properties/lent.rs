//! A request body that is lent is read once: by the first service, or whole by the second.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{FallbackLayer, Reason, Refusal, layer::fallback::Lent};

/// A frame, as it can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Data(Vec<u8>),
    Trailers(u8),
    Error(u8),
}

impl Part {
    fn frame(self) -> Result<Frame<Bytes>, u8> {
        match self {
            Self::Data(data) => Ok(Frame::data(data.into())),
            Self::Trailers(value) => {
                let header = ("t".parse().expect("a name"), u16::from(value).into());
                Ok(Frame::trailers(HeaderMap::from_iter([header])))
            }
            Self::Error(error) => Err(error),
        }
    }

    fn of(frame: Result<Frame<Bytes>, u8>) -> Self {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => Self::Data(data.to_vec()),
            Ok(Err(frame)) => {
                let trailers = frame.into_trailers().expect("trailers");
                Self::Trailers(trailers["t"].to_str().expect("a text").parse().expect("a number"))
            }
            Err(error) => Self::Error(error),
        }
    }
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Part::Data),
        1 => any::<u8>().prop_map(Part::Trailers),
        1 => any::<u8>().prop_map(Part::Error),
    ]
}

/// At most so many frames of a body that never waits.
fn read<B: Body<Data = Bytes, Error = u8> + Unpin>(body: &mut B, most: usize) -> Vec<Part> {
    let mut next = || body.frame().now_or_never().expect("it does not wait");
    std::iter::from_fn(|| next().map(Part::of)).take(most).collect()
}

/// What the first service read, and the second if it was asked, where the first polls so often and refuses.
fn play<B>(body: B, polls: usize) -> (Vec<Part>, Option<Vec<Part>>)
where
    B: Body<Data = Bytes, Error = u8> + Unpin + Send + 'static,
{
    let (first, second) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(None)));
    let refuses = service_fn({
        let first = Arc::clone(&first);
        move |mut request: Request<Lent<B>>| {
            *first.lock().expect("no panic") = read(request.body_mut(), polls);
            let mut response = Response::new(Full::<Bytes>::default());
            response.extensions_mut().insert(Refusal::new(Reason::CircuitOpen, StatusCode::CONFLICT));
            ready(Ok::<_, Infallible>(response))
        }
    });
    let answers = service_fn({
        let second = Arc::clone(&second);
        move |mut request: Request<Lent<B>>| {
            *second.lock().expect("no panic") = Some(read(request.body_mut(), usize::MAX));
            ready(Ok(Response::new(Full::default())))
        }
    });
    let call = FallbackLayer::service(answers).layer(refuses).oneshot(Request::new(body));
    let response = call.now_or_never().expect("nobody waits").expect("an answer");
    let (first, second) = (first.lock().expect("no panic").clone(), second.lock().expect("no panic").clone());
    assert_eq!(
        response.extensions().get::<Refusal>().is_some(),
        second.is_none(),
        "the refusal stands or falls"
    );
    (first, second)
}

proptest! {
    #[test]
    fn who_begins_to_read_a_body_is_the_only_one(parts in prop::collection::vec(part(), 0..6), polls in 0_usize..8) {
        let body = StreamBody::new(stream::iter(parts.clone().into_iter().map(Part::frame)));
        let (first, second) = play(body, polls);
        prop_assert_eq!(&first[..], &parts[..polls.min(parts.len())]);
        prop_assert_eq!(second, (polls == 0).then_some(parts));
    }

    #[test]
    fn a_body_that_is_at_its_end_is_nobodys_own(polls in 0_usize..3) {
        let empty = Empty::<Bytes>::new().map_err(|never| match never {});
        prop_assert_eq!(play(empty, polls), (vec![], Some(vec![])));
    }
}
