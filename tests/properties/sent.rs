//! A request body is sent again byte by byte, frame by frame, however it came and wherever a try was lost.

use std::{
    convert::Infallible,
    fmt::Debug,
    future::ready,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};
use tower_mesh::{
    Flags, RetryLayer,
    layer::{
        body::{Sent, SentError},
        retry::RetryBudget,
    },
    policy::{
        Lane, Time,
        backoff::Backoff,
        budget::{self, Budget},
        retry::Settings,
    },
};

/// A frame, as it can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Data(Vec<u8>),
    Trailers(u8),
}

impl Part {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(value) => "t".len() + value.to_string().len(),
        }
    }

    pub(crate) fn frame(self) -> Result<Frame<Bytes>, Infallible> {
        Ok(match self {
            Self::Data(data) => Frame::data(data.into()),
            Self::Trailers(value) => {
                let header = ("t".parse().expect("a name"), u16::from(value).into());
                Frame::trailers(HeaderMap::from_iter([header]))
            }
        })
    }

    fn of(frame: Frame<Bytes>) -> Self {
        match frame.into_data() {
            Ok(data) => Self::Data(data.to_vec()),
            Err(frame) => {
                let trailers = frame.into_trailers().expect("trailers");
                Self::Trailers(trailers["t"].to_str().expect("a text").parse().expect("a number"))
            }
        }
    }
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Part::Data),
        1 => any::<u8>().prop_map(Part::Trailers),
    ]
}

/// At most so many frames of a body that never waits.
pub(crate) fn read<B: Body<Data = Bytes, Error: Debug> + Unpin>(body: &mut B, most: usize) -> Vec<Part> {
    let mut next = || body.frame().now_or_never().expect("it does not wait");
    std::iter::from_fn(|| next().map(|frame| Part::of(frame.expect("no error")))).take(most).collect()
}

/// What each try read, where each asks for so many frames and answers 503, and whether retries were used up.
fn play(parts: &[Part], limit: usize, polls: &[usize]) -> (Vec<Vec<Part>>, bool) {
    let tries = Arc::new(Mutex::new(Vec::new()));
    let lost = Arc::new(Mutex::new(Vec::new()));
    let (seen, polls_of, kept) = (Arc::clone(&tries), polls.to_vec(), Arc::clone(&lost));
    let service = service_fn(move |request: Request<Sent<_>>| {
        let mut tries = seen.lock().expect("no panic");
        let mut body = request.into_body();
        let frames = read(&mut body, polls_of[tries.len()]);
        tries.push(frames);
        // As a connection's task may: what a try was sent is still held, and polled, after it has lost.
        kept.lock().expect("no panic").push(body);
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        ready(Ok::<_, Infallible>(response))
    });
    let settings = Settings::builder().attempts(polls.len() as u32 - 1).on("503".parse().expect("words"));
    let settings =
        settings.backoff(Backoff::AT_ONCE).body_limit(limit).build().expect("these mean something");
    let body = StreamBody::new(stream::iter(parts.to_vec()).map(Part::frame));
    let call = RetryLayer::new(settings).layer(service).oneshot(Request::new(body));
    let response = call.now_or_never().expect("nobody waits").expect("an answer");
    let mut lost = lost.lock().expect("no panic");
    let last = lost.len() - 1;
    for (body, polls) in lost[..last].iter_mut().zip(polls) {
        match body.frame().now_or_never().expect("it does not wait") {
            None => {
                assert!(*polls >= parts.len() && body.is_end_stream(), "half of it was taken for the whole");
            }
            Some(next) => {
                assert_eq!(next.map(Part::of), Err(SentError::Lost), "a try that has lost reads on");
            }
        }
    }
    let mut whole = tries.lock().expect("no panic")[last].clone();
    whole.extend(read(&mut lost[last], usize::MAX));
    assert_eq!(whole, parts, "the last try has all of it, before the answer and after");
    let flags = response.extensions().get::<Flags>().copied().unwrap_or_default();
    (tries.lock().expect("no panic").clone(), flags.contains(Flags::URX))
}

proptest! {
    #[test]
    fn every_try_reads_the_body_from_its_beginning(
        parts in prop::collection::vec(part(), 0..8),
        limit in 0_usize..30,
        polls in prop::collection::vec(0_usize..10, 2..5),
    ) {
        let (tries, used_up) = play(&parts, limit, &polls);
        for (frames, polls) in tries.iter().zip(&polls) {
            prop_assert_eq!(&frames[..], &parts[..(*polls).min(parts.len())]);
        }
        // There is another try as long as what was read fits.
        let read = |try_at: usize| parts.iter().take(polls[try_at]).map(Part::size).sum::<usize>();
        let fits = polls.iter().enumerate().take_while(|(at, _)| read(*at) <= limit).count();
        prop_assert_eq!(tries.len(), (fits + 1).min(polls.len()));
        prop_assert_eq!(used_up, fits == polls.len());
    }

    #[test]
    fn there_are_never_more_tries_than_one_and_the_retries(
        attempts in 0_u32..6,
        statuses in prop::collection::vec(prop_oneof![Just(200_u16), Just(404), Just(500), Just(503)], 8),
        budgeted in any::<bool>(),
    ) {
        let calls = Arc::new(Mutex::new(0_usize));
        let (count, answers) = (Arc::clone(&calls), statuses.clone());
        let service = service_fn(move |_: Request<Sent<Full<Bytes>>>| {
            let mut calls = count.lock().expect("no panic");
            *calls += 1;
            let mut response = Response::new(Full::<Bytes>::default());
            *response.status_mut() = StatusCode::from_u16(answers[*calls - 1]).expect("a status");
            ready(Ok::<_, Infallible>(response))
        });
        let settings = Settings::builder().attempts(attempts).on("5xx".parse().expect("a word")).backoff(Backoff::AT_ONCE);
        let layer = RetryLayer::new(settings.build().expect("these mean something"));
        let budget = budget::Settings::builder().minimum_per_second(0).build().expect("these mean something");
        let layer = if budgeted { layer.gated_by(RetryBudget::new(budget)) } else { layer };
        let call = layer.layer(service).oneshot(Request::new(Full::default()));
        call.now_or_never().expect("nobody waits").expect("an answer");
        let bad = statuses.iter().take_while(|status| **status >= 500).count();
        let most = if budgeted { 1 } else { 1 + attempts as usize };
        prop_assert_eq!(*calls.lock().expect("no panic"), (bad + 1).min(most));
    }

    /// In any ten seconds retries are no more than their share of the requests of these, and the few besides.
    #[test]
    fn a_budget_is_never_exceeded(
        steps in prop::collection::vec((0_u64..3000, any::<bool>(), 0_usize..4), 1..200),
        minimum in 0_u32..3,
    ) {
        let settings = budget::Settings::builder().ratio(0.5).minimum_per_second(minimum);
        let settings = settings.build().expect("these mean something");
        let (budget, mut now, mut requests, mut retries) = (Budget::new(settings, 4), 0, Vec::new(), Vec::new());
        for (passed, retry, lane) in steps {
            now += passed;
            let time = Time::from_nanos(now * 1_000_000);
            if !retry {
                budget.arrived(Lane::new(lane), time);
                requests.push(now);
                continue;
            }
            // It moves on by seconds: this one, and the nine before.
            let live = |all: &[u64]| all.iter().filter(|at| **at / 1000 + 10 > now / 1000).count() as u64;
            let allowed = live(&retries) < settings.allowed(live(&requests));
            prop_assert_eq!(budget.withdraw(time), allowed);
            if allowed {
                retries.push(now);
            }
        }
    }
}
