//! Drives calls by hand: a loop that polls with a waker that does nothing, so that no runtime is measured.
//!
//! What every call has around the breaker, making a request and dropping its answer, stands in functions that are never
//! inlined, and what the breaker is in stands in another: so that what surrounds it does not change with it.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response, StatusCode};
use tower::{Layer, Service};

use super::{
    situations::{Situation, Way},
    upstream::{Body, Fate, Traffic, Upstream},
};

/// Makes so many calls.
pub(crate) type Run = Box<dyn FnMut(u64) + Send>;

/// Makes runs; all that one maker makes go through clones of one service, so through one circuit.
pub(crate) type Maker = Box<dyn Fn() -> Run>;

/// A breaker that can be put around the upstream.
pub(crate) trait Around<T>:
    Layer<
        Upstream<T>,
        Service: Service<Request<Fate>, Response = Response<Body>, Error: 'static> + Clone + Send + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<T, L> Around<T> for L
where
    L: Layer<Upstream<T>> + Clone + Send + 'static,
    L::Service: Service<Request<Fate>, Response = Response<Body>, Error: 'static> + Clone + Send + 'static,
{
}

/// Where requests come from: every `every`th is one that fails.
#[derive(Clone)]
struct Source<T> {
    traffic: T,
    every: u32,
    count: u32,
}

impl<T: Traffic> Source<T> {
    #[inline(never)]
    fn request(&mut self) -> Request<Fate> {
        self.count += 1;
        if self.count == self.every {
            self.count = 0;
            return self.traffic.request(Fate::Fails);
        }
        self.traffic.request(Fate::Succeeds)
    }
}

/// What one run writes to; on lines of its own, so that two threads do not meet in the benchmark itself.
#[repr(align(128))]
struct Own<S, T> {
    service: S,
    source: Source<T>,
}

/// What runs in this situation, once it is shown that the breaker does what it should there.
pub(crate) fn maker<T: Traffic, L: Around<T>>(layer: L, traffic: T, situation: &Situation) -> Maker {
    let upstream = Upstream::<T>::new(situation.pends);
    let service = layer.layer(upstream.clone());
    let source = Source { traffic, every: situation.every, count: 0 };
    expect(situation, &mut service.clone(), &mut source.clone());
    let way = situation.way;
    Box::new(move || {
        let (layer, service, upstream) = (layer.clone(), service.clone(), upstream.clone());
        let mut own = Own { service, source: source.clone() };
        match way {
            Way::Call => Box::new(move |calls| {
                let Own { service, source } = &mut own;
                (0..calls).for_each(|_| call(service, source));
            }),
            Way::Clone => Box::new(move |calls| {
                let Own { service, source } = &mut own;
                (0..calls).for_each(|_| call(black_box(&mut service.clone()), source));
            }),
            Way::Layer => Box::new(move |calls| {
                let source = &mut own.source;
                (0..calls).for_each(|_| call(black_box(&mut layer.layer(upstream.clone())), source));
            }),
        }
    })
}

/// A call whose answer nobody needs, only its headers.
fn call<T: Traffic, S>(service: &mut S, source: &mut Source<T>)
where
    S: Service<Request<Fate>, Response = Response<Body>>,
{
    if let Ok(response) = answer(service, source.request()) {
        back(source, response);
    }
}

#[inline(never)]
fn back<T: Traffic>(source: &mut Source<T>, response: Response<Body>) {
    source.traffic.back(response);
}

/// A call and its answer: all that differs between those who are compared.
#[inline(never)]
fn answer<S>(service: &mut S, request: Request<Fate>) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Fate>, Response = Response<Body>>,
{
    let mut cx = Context::from_waker(Waker::noop());
    while service.poll_ready(&mut cx)?.is_pending() {}
    let mut future = pin!(service.call(request));
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut cx) {
            return answer;
        }
    }
}

/// Makes calls until the breaker has come to rest, and sees that it passes or refuses as it should.
fn expect<T: Traffic, S>(situation: &Situation, service: &mut S, source: &mut Source<T>)
where
    S: Service<Request<Fate>, Response = Response<Body>>,
{
    let (mut good, mut bad) = (0, 0);
    for _ in 0..SETTLING {
        if let Ok(response) = answer(service, source.request()) {
            match response.status() {
                StatusCode::OK => good += 1,
                StatusCode::INTERNAL_SERVER_ERROR => bad += 1,
                _ => {}
            }
            source.traffic.back(response);
        }
    }
    if situation.open {
        assert!(good == 0 && bad < 20, "{}: {good} good and {bad} bad answers passed", situation.name);
    } else {
        let failing = SETTLING / situation.every;
        assert_eq!((good, bad), (SETTLING - failing, failing), "{}: all pass", situation.name);
    }
}

const SETTLING: u32 = 4000;
