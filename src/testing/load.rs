//! A load generator.
//!
//! A policy is judged by what a crowd of clients gets from it. A [`Load`] is such a crowd, in the words of fortio: so
//! many workers (`-c`), so many requests (`-n`) or so long (`-t`), at a pace (`-qps`). A worker calls, waits for the
//! answer, reads its body to the end, and calls again. An open load calls on schedule instead, whether or not earlier
//! calls are answered, as the world outside does.
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::testing::{Echo, Load};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! // fortio -c 10 -n 1000 -qps 200
//! let upstream = Echo::new().status_percent(511, 20.0).seed(7);
//! let report = Load::workers(10).requests(1000).qps(200.0).run(upstream).await;
//! assert_eq!(report.requests, 1000);
//!
//! // ten calls a second for a minute, come what may
//! let upstream = Echo::new().delay(Duration::from_secs(3));
//! let report = Load::open().rate(10.0).duration(Duration::from_secs(60)).run(upstream.clone()).await;
//! assert_eq!((report.requests, upstream.seen().max_active), (600, 30));
//! # }
//! ```
//!
//! A load without an end does not compile:
//!
//! ```compile_fail,E0599
//! # use tower_mesh::testing::{Echo, Load};
//! # async fn test() {
//! Load::workers(1).run(Echo::new()).await; // neither `requests` nor `duration`
//! # }
//! ```
//!
//! Nothing is spawned: all workers run on the task that runs the load, each with its own clone of the service, and
//! workers whose answers take no time take turns. What differs from fortio: a call starts at its number times the
//! pace's interval, where fortio stretches the intervals so that the last call starts when the time is over; fewer
//! requests than workers make fewer workers; nothing is called for warming up.

mod call;
mod run;
mod schedule;

use std::{fmt, marker::PhantomData, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::events::Events;

pub(super) use self::call::Answer;

/// How long a call may take before it is given up: in virtual time an upstream that hangs would hang the test.
const PATIENCE: Duration = Duration::from_secs(3600);

/// fortio's `-p`, with its server's defaults.
const PERCENTILES: [f64; 5] = [50.0, 75.0, 90.0, 99.0, 99.9];

/// A load generator; it runs once it is known to end.
#[derive(Debug, Clone)]
#[must_use = "a load does nothing until it runs"]
pub struct Load<State = Bounded> {
    plan: Plan,
    state: PhantomData<State>,
}

/// A [`Load`] that ends: it can run.
#[derive(Debug, Clone, Copy)]
pub struct Bounded(());

/// A [`Load`] that lacks an end: `requests` or `duration`.
#[derive(Debug, Clone, Copy)]
pub struct Endless(());

/// An open [`Load`] that lacks a schedule: `rate` or `at`.
#[derive(Debug, Clone, Copy)]
pub struct Open(());

#[derive(Debug, Clone)]
struct Plan {
    clients: Clients,
    bound: Bound,
    /// Calls per second, of all clients together.
    pace: Option<f64>,
    request: Request<Full<Bytes>>,
    patience: Duration,
    percentiles: Vec<f64>,
    events: Option<Events>,
}

#[derive(Debug, Clone)]
enum Clients {
    /// Each calls again when it is answered.
    Workers(u64),
    /// Each calls once.
    Arrivals,
    /// Each calls once, at its time.
    Listed(Vec<Duration>),
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    Requests(u64),
    Duration(Duration),
}

impl Load<Endless> {
    /// So many workers, each of which calls again when it is answered. At least one.
    pub fn workers(workers: u64) -> Self {
        Self::of(Clients::Workers(workers.max(1)))
    }

    /// Calls so many times in all.
    ///
    /// Each worker makes an equal part of the calls, and the first one also those that are left over, as in fortio:
    /// 20 calls of 7 workers are 8 and six times 2. Fewer calls than workers are one for each of the first.
    pub fn requests(self, total: u64) -> Load<Bounded> {
        self.bound(Bound::Requests(total))
    }

    /// Calls for so long: calls that have started by then are waited for.
    ///
    /// At full speed a worker that is answered in no time, as by a refusal in virtual time, waits a millisecond
    /// before it calls again: otherwise that time would never be over.
    pub fn duration(self, duration: Duration) -> Load<Bounded> {
        self.bound(Bound::Duration(duration))
    }

    fn bound(mut self, bound: Bound) -> Load<Bounded> {
        self.plan.bound = bound;
        self.is()
    }
}

impl Load<Open> {
    /// A load whose calls start on schedule, whether or not earlier ones are answered.
    pub fn open() -> Self {
        Self::of(Clients::Arrivals)
    }

    /// Calls so many times a second, at even intervals. A rate of zero brings no calls.
    pub fn rate(self, qps: f64) -> Load<Endless> {
        self.qps(qps).is()
    }

    /// Calls at these times after the start, and ends with them.
    pub fn at(mut self, times: impl IntoIterator<Item = Duration>) -> Load<Bounded> {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort();
        self.plan.clients = Clients::Listed(times);
        self.is()
    }
}

impl<State> Load<State> {
    /// The pace: so many calls a second, of all workers together. Zero is as fast as it goes, and the default.
    ///
    /// A worker that is late catches up without waiting, as in fortio. Of an open load this is the rate. Tokio's
    /// timers round up to a whole millisecond, and so do the times of the calls.
    pub fn qps(mut self, qps: f64) -> Self {
        self.plan.pace = Some(qps).filter(|qps| qps.is_finite() && *qps > 0.0);
        self
    }

    /// Where to call: by default `http://upstream/`.
    ///
    /// # Panics
    ///
    /// On a text that is no URI; a `Uri` always is.
    #[track_caller]
    pub fn uri<U: TryInto<Uri, Error: fmt::Display>>(mut self, uri: U) -> Self {
        match uri.try_into() {
            Ok(uri) => *self.plan.request.uri_mut() = uri,
            Err(error) => panic!("not a URI: {error}"),
        }
        self
    }

    /// With which method: by default `GET`.
    pub fn method(mut self, method: Method) -> Self {
        *self.plan.request.method_mut() = method;
        self
    }

    /// Adds a header to every request.
    ///
    /// # Panics
    ///
    /// On a text that is no header; a `HeaderName` and a `HeaderValue` always are.
    #[track_caller]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Display>,
        V: TryInto<HeaderValue, Error: fmt::Display>,
    {
        let (name, value) = super::header(name, value);
        self.plan.request.headers_mut().append(name, value);
        self
    }

    /// The body of every request: by default empty.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.plan.request.body_mut() = Full::new(body.into());
        self
    }

    /// Gives a call up after so long, and counts it as an error: by default after an hour, which in virtual time is
    /// soon.
    pub fn timeout(mut self, patience: Duration) -> Self {
        self.plan.patience = patience;
        self
    }

    /// Which percentiles the report prints: by default 50, 75, 90, 99 and 99.9.
    pub fn percentiles(mut self, percentiles: impl IntoIterator<Item = f64>) -> Self {
        self.plan.percentiles = percentiles.into_iter().filter(|p| (0.0..=100.0).contains(p)).collect();
        self
    }

    /// Takes the changes of state that are told there during the run into the report.
    pub fn events(mut self, events: &Events) -> Self {
        self.plan.events = Some(events.clone());
        self
    }

    fn of(clients: Clients) -> Self {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = Uri::from_static("http://upstream/");
        Self {
            plan: Plan {
                clients,
                bound: Bound::Requests(0),
                pace: None,
                request,
                patience: PATIENCE,
                percentiles: PERCENTILES.to_vec(),
                events: None,
            },
            state: PhantomData,
        }
    }

    fn is<Other>(self) -> Load<Other> {
        Load { plan: self.plan, state: PhantomData }
    }
}
