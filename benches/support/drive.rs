//! Drives calls by hand: a loop that polls with a waker that does nothing, so that no runtime is measured.
//!
//! What every call has around the layer, making a request and dropping its answer, stands in functions that are never
//! inlined, and what the layer is in stands in another: so that what surrounds it does not change with it. The answer's
//! body is dropped with it: who counts what is in flight until the body ends, counts it down there.
//!
//! Who waits for a time arms a timer of a runtime, which is then entered around the loop ([`with_timers`]). Nobody
//! turns its clock: a timer is armed and disarmed, and never goes off.

use std::{
    future::poll_fn,
    hint::black_box,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
};

use http::{Request, StatusCode};
use tokio::runtime::{self, Runtime};
use tower::{Layer, Service};

use super::{
    situations::{Situation, Way},
    upstream::{Fate, Reply, Traffic, Upstream},
};

/// Makes so many calls.
pub(crate) type Run = Box<dyn FnMut(u64) + Send>;

/// Makes runs; all that one maker makes go through clones of one service, so through one circuit.
pub(crate) type Maker = Box<dyn Fn() -> Run>;

/// A layer that can be put around the upstream.
pub(crate) trait Around<T>:
    Layer<
        Upstream<T>,
        Service: Service<Request<Fate>, Response: Reply, Error: 'static> + Clone + Send + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<T, L> Around<T> for L
where
    L: Layer<Upstream<T>> + Clone + Send + 'static,
    L::Service: Service<Request<Fate>, Response: Reply, Error: 'static> + Clone + Send + 'static,
{
}

/// What is made, and runs, inside a runtime: only for who cannot do without.
pub(crate) fn with_timers(make: impl FnOnce() -> Maker) -> Maker {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        runtime::Builder::new_current_thread().enable_time().build().expect("a runtime is made of memory")
    });
    let made = {
        let _inside = RUNTIME.enter();
        make()
    };
    Box::new(move || {
        let mut run = made();
        Box::new(move |calls| {
            let _inside = RUNTIME.enter();
            run(calls);
        })
    })
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

/// What runs in this situation, once it is shown that the layer does what it should there.
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

/// The same for a service with a task of its own: each run is a task too, in the runtime that the service was made in.
///
/// What pends is not polled again and again there, so the upstream must answer at once.
pub(crate) fn in_tasks<T: Traffic, S>(
    make: impl FnOnce(Upstream<T>) -> S,
    traffic: T,
    situation: &Situation,
) -> Maker
where
    S: Service<Request<Fate>, Response: Reply, Error: Send, Future: Send> + Clone + Send + 'static,
{
    assert!(!situation.pends, "{}: nobody would be woken", situation.name);
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = Arc::new(runtime.expect("a runtime is made of memory"));
    let service = {
        let _inside = runtime.enter();
        make(Upstream::new(false))
    };
    let (source, way) = (Source { traffic, every: situation.every, count: 0 }, situation.way);
    Box::new(move || {
        let (runtime, own) = (Arc::clone(&runtime), (service.clone(), source.clone()));
        Box::new(move |calls| {
            let (mut service, mut source) = own.clone();
            let task = runtime.spawn(async move {
                for _ in 0..calls {
                    let request = source.request();
                    let answer = match way {
                        Way::Call => ready(&mut service).await.call(request).await,
                        Way::Clone | Way::Layer => ready(&mut service.clone()).await.call(request).await,
                    };
                    if let Ok(response) = answer {
                        back(&mut source, response);
                    }
                }
            });
            runtime.block_on(task).expect("the task ends well");
        })
    })
}

async fn ready<S: Service<Request<Fate>>>(service: &mut S) -> &mut S {
    // Who cannot be made ready shows when it is called.
    let _ = poll_fn(|cx| service.poll_ready(cx)).await;
    service
}

/// A call whose answer nobody needs, only its headers.
fn call<T: Traffic, S>(service: &mut S, source: &mut Source<T>)
where
    S: Service<Request<Fate>, Response: Reply>,
{
    if let Ok(response) = answer(service, source.request()) {
        back(source, response);
    }
}

#[inline(never)]
fn back<T: Traffic, R: Reply>(source: &mut Source<T>, response: R) {
    source.traffic.back(response);
}

/// A call and its answer: all that differs between those who are compared.
#[inline(never)]
fn answer<S: Service<Request<Fate>>>(
    service: &mut S,
    request: Request<Fate>,
) -> Result<S::Response, S::Error> {
    let mut cx = Context::from_waker(Waker::noop());
    while service.poll_ready(&mut cx)?.is_pending() {}
    let mut future = pin!(service.call(request));
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut cx) {
            return answer;
        }
    }
}

/// Makes calls until the layer has come to rest, and sees that it passes or refuses as it should.
fn expect<T: Traffic, S>(situation: &Situation, service: &mut S, source: &mut Source<T>)
where
    S: Service<Request<Fate>, Response: Reply>,
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
    } else if situation.hits {
        assert!(good > SETTLING / 100 * 97 && bad == 0, "{}: {good} of {SETTLING} passed", situation.name);
    } else {
        let failing = SETTLING / situation.every;
        assert_eq!((good, bad), (SETTLING - failing, failing), "{}: all pass", situation.name);
    }
}

const SETTLING: u32 = 4000;
