//! A copy is all of a request's body, frame by frame, or there is none: however it came, wherever tries were lost.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{Full, StreamBody};
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    MirrorLayer, RetryLayer,
    layer::body::Sent,
    policy::{backoff::Backoff, mirror, retry},
};

use crate::sent::{Part, part, read};

/// What was copied, where each try asks for so many frames and then answers 503; and how many tries there were.
fn play(parts: &[Part], limits: (usize, usize), polls: &[usize]) -> (Vec<Vec<Part>>, usize) {
    let (copies, tries) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let v2 = service_fn({
        let copies = Arc::clone(&copies);
        move |request: Request<Sent<_>>| {
            copies.lock().expect("no panic").push(read(&mut request.into_body(), usize::MAX));
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        }
    });
    let (tried, asked) = (Arc::clone(&tries), polls.to_vec());
    let v1 = service_fn(move |request: Request<Sent<_>>| {
        let mut tries = tried.lock().expect("no panic");
        read(&mut request.into_body(), asked[*tries]);
        *tries += 1;
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        ready(Ok::<_, Infallible>(response))
    });
    let retries =
        retry::Settings::builder().attempts(polls.len() as u32 - 1).on("503".parse().expect("words"));
    let retries =
        retries.backoff(Backoff::AT_ONCE).body_limit(limits.0).build().expect("these mean something");
    let settings = mirror::Settings::builder().body_limit(limits.1).build().expect("these mean something");
    let layer = MirrorLayer::new(settings, v2).below_retries();
    let service = RetryLayer::new(retries).layer(layer.layer(v1));
    let body = StreamBody::new(stream::iter(parts.to_vec()).map(Part::frame));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        service.oneshot(Request::new(body)).await.expect("an answer");
        // The copy's task runs when this one lets it.
        tokio::task::yield_now().await;
    });
    let counts = layer.handle().counts();
    let copies = std::mem::take(&mut *copies.lock().expect("no panic"));
    assert_eq!((counts.copied, counts.left_out), (copies.len() as u64, 1 - copies.len() as u64));
    (copies, *tries.lock().expect("no panic"))
}

proptest! {
    #[test]
    fn a_copy_is_all_of_a_body_that_a_try_read_to_its_end(
        parts in prop::collection::vec(part(), 0..8),
        retrys in 0_usize..30,
        mirrors in 0_usize..30,
        polls in prop::collection::vec(0_usize..10, 1..4),
    ) {
        let (copies, tries) = play(&parts, (retrys, mirrors), &polls);
        let size: usize = parts.iter().map(Part::size).sum();
        // A body that streams is known to have ended when it is asked for what follows its last frame.
        let read = polls[..tries].iter().any(|polls| *polls > parts.len());
        let expected = if read && size <= mirrors { vec![parts] } else { Vec::new() };
        prop_assert_eq!(copies, expected);
    }
}
