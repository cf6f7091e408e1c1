//! A scripted upstream.
//!
//! Policies answer to what upstreams do: fail a fifth of the time, or exactly every fifth time; be slow; hang; refuse;
//! break off in the middle of a body. An [`Echo`] does it on demand, told by its builder, by a text in the words of
//! fortio's echo server, or by the query of a request.
//!
//! ```
//! use std::time::Duration;
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_mesh::{layer::clock, testing::Echo};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let start = clock::now();
//! let upstream: Echo = "status=511&delay=200ms".parse()?;
//! let response = upstream.clone().oneshot(Request::new("hello".to_owned())).await?;
//! assert_eq!(response.status(), 511);
//! assert_eq!(clock::now().since(start), Duration::from_millis(200));
//!
//! // What a request asks for comes before what the script says.
//! let request = Request::get("http://upstream/echo?status=404&delay=0").body(String::new())?;
//! assert_eq!(upstream.clone().oneshot(request).await?.status(), 404);
//! assert_eq!(upstream.seen().calls, 2);
//! # Ok(()) }
//! ```
//!
//! # Parameters
//!
//! | | |
//! |---|---|
//! | `status=511`, `status=503:20,429:10` | the status; with percentages the rest is 200 |
//! | `delay=200ms`, `delay=10ms:20,0.5s:5` | the time to the response's head, instead of the latency |
//! | `size=1024`, `size=512:20,16384:10` | so many bytes as body, instead of the request's |
//! | `header=Name:value` | a header of the response; may be repeated |
//! | `close=true:10`, `reset=10` | the connection is reset before the response's head |
//! | `latency=5ms` | the time to the head of a response that is not delayed: by default 1 ms |
//! | `every=5:511`, `every=5:200ms` | exactly every fifth request, in the order of arrival: 5th, 10th, … |
//! | `refuse=10` | the connection is refused, at once |
//! | `hang=10` | there is never an answer |
//! | `slow-body=200ms` | the body's end comes so much later than the head |
//! | `break-body=10` | the body breaks off half way |
//!
//! The first three and `header` are fortio's, and `close` nearly: there the answer still comes. In a query, what means
//! nothing is ignored, as by fortio's server; in a script it is an error. Unlike there, no delay is too long.
//!
//! # Chains
//!
//! An upstream may ask others before it answers, through clients of its own: see [`Echo::calling`].

mod body;
mod error;
mod onward;
mod script;
mod seen;
mod service;
mod span;
mod spread;
mod text;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode};

use self::{
    onward::Onward,
    script::{Effect, Every, Script},
    seen::Tally,
};
use crate::layer::draw::Draws;

pub use self::{
    body::EchoBody,
    error::{EchoError, ScriptError},
    seen::Seen,
    service::EchoFuture,
};

/// A scripted upstream: a service that answers any request as it was told to.
///
/// A clone is the same upstream and counts with it; telling it something more makes it another one, that has seen
/// nothing yet.
///
/// Percentages fall by chance. With a [`seed`](Self::seed) they fall on the same requests each time, whatever their
/// concurrency: a request is known by its place in the order of arrival.
#[derive(Clone)]
pub struct Echo {
    script: Arc<Script>,
    onward: Option<Arc<Onward>>,
    name: Arc<str>,
    seed: Option<u64>,
    tally: Tally,
}

impl Echo {
    /// An upstream that answers 200 after a millisecond, and sends back the body that it got.
    #[must_use]
    pub fn new() -> Self {
        Self {
            script: Arc::default(),
            onward: None,
            name: Arc::from("echo"),
            seed: None,
            tally: Tally::default(),
        }
    }

    /// Gives it a name; upstreams of different names and the same seed have different luck.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Arc::from(name), tally: Tally::default(), ..self }
    }

    /// Makes its chances repeat; without a seed no one can foretell them.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), tally: Tally::default(), ..self }
    }

    /// Answers with this status. One that HTTP cannot carry becomes 400, as in fortio's server.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.told(|script| script.status = Some(script.status.take().unwrap_or_default().rest(code(status))))
    }

    /// Answers with this status so many percent of the time; may be told several times, of the same hundred.
    #[must_use]
    pub fn status_percent(self, status: u16, percent: f64) -> Self {
        self.told(|script| {
            script.status = Some(script.status.take().unwrap_or_default().share(code(status), percent));
        })
    }

    /// Answers every `nth` request with this status: exactly, in the order of arrival.
    #[must_use]
    pub fn every(self, nth: u64, status: u16) -> Self {
        self.told(|script| script.every.push(Every { nth, effect: Effect::Status(code(status)) }))
    }

    /// Answers every `nth` request after so long: exactly, in the order of arrival.
    #[must_use]
    pub fn every_slow(self, nth: u64, delay: Duration) -> Self {
        self.told(|script| script.every.push(Every { nth, effect: Effect::Delay(delay) }))
    }

    /// Answers after so long, instead of after the latency.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        self.told(|script| script.delay = Some(script.delay.take().unwrap_or_default().rest(delay)))
    }

    /// Answers after so long so many percent of the time; may be told several times, of the same hundred.
    #[must_use]
    pub fn delay_percent(self, delay: Duration, percent: f64) -> Self {
        self.told(|script| script.delay = Some(script.delay.take().unwrap_or_default().share(delay, percent)))
    }

    /// How long an answer takes that is not delayed: by default a millisecond.
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.told(|script| script.latency = Some(latency))
    }

    /// Answers with so many bytes, instead of with the request's body.
    #[must_use]
    pub fn size(self, bytes: usize) -> Self {
        self.told(|script| script.size = Some(script.size.take().unwrap_or_default().rest(bytes)))
    }

    /// Adds a header to its responses.
    ///
    /// # Panics
    ///
    /// On a text that is no header; a `HeaderName` and a `HeaderValue` always are.
    #[must_use]
    #[track_caller]
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Display>,
        V: TryInto<HeaderValue, Error: fmt::Display>,
    {
        let header = super::header(name, value);
        self.told(|script| script.headers.push(header))
    }

    /// Refuses connections.
    #[must_use]
    pub fn refuse(self) -> Self {
        self.refuse_percent(100.0)
    }

    /// Refuses so many percent of the connections.
    #[must_use]
    pub fn refuse_percent(self, percent: f64) -> Self {
        self.told(|script| script.refuse = Some(percent))
    }

    /// Never answers.
    #[must_use]
    pub fn hang(self) -> Self {
        self.hang_percent(100.0)
    }

    /// Never answers so many percent of the requests.
    #[must_use]
    pub fn hang_percent(self, percent: f64) -> Self {
        self.told(|script| script.hang = Some(percent))
    }

    /// Resets connections when it should answer.
    #[must_use]
    pub fn reset(self) -> Self {
        self.reset_percent(100.0)
    }

    /// Resets so many percent of the connections when it should answer.
    #[must_use]
    pub fn reset_percent(self, percent: f64) -> Self {
        self.told(|script| script.reset = Some(percent))
    }

    /// Ends its bodies so much later than it sends the head.
    #[must_use]
    pub fn slow_body(self, delay: Duration) -> Self {
        self.told(|script| script.slow_body = Some(script.slow_body.take().unwrap_or_default().rest(delay)))
    }

    /// Breaks its bodies off half way.
    #[must_use]
    pub fn break_body(self) -> Self {
        self.break_body_percent(100.0)
    }

    /// Breaks so many percent of its bodies off half way.
    #[must_use]
    pub fn break_body_percent(self, percent: f64) -> Self {
        self.told(|script| script.break_body = Some(percent))
    }

    /// What it and its clones have seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.tally.seen()
    }

    /// Its name: by default `echo`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same upstream, which counts with it; if it has no seed of its own, with this luck.
    pub(super) fn lucky(&self, seed: u64, name: &str) -> Self {
        match self.seed {
            Some(_) => self.clone(),
            None => Self { seed: Some(seed), name: Arc::from(name), ..self.clone() },
        }
    }

    fn draws(&self) -> Draws {
        self.seed.map_or_else(Draws::random, Draws::seeded).of(&self.name)
    }

    fn told(mut self, tell: impl FnOnce(&mut Script)) -> Self {
        tell(Arc::make_mut(&mut self.script));
        Self { tally: Tally::default(), ..self }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}

impl Default for Echo {
    fn default() -> Self {
        Self::new()
    }
}

impl FromStr for Echo {
    type Err = ScriptError;

    /// A script such as `status=511:20&delay=200ms:20`; a path may stand before it, as in `/echo?status=511`.
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        Ok(Self { script: Arc::new(Script::strict(text)?), ..Self::new() })
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo")
            .field("name", &self.name)
            .field("script", &self.script)
            .field("onward", &self.onward)
            .field("seed", &self.seed)
            .field("seen", &self.seen())
            .finish()
    }
}
