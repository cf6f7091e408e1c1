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
//! A name such as `refuse` that stands alone means always.
//!
//! # Timelines
//!
//! Upstreams fall ill and recover: [`from`](Echo::from) a moment on, an `Echo` does something else. As a text, the
//! moments stand between semicolons: `latency=5ms; 8s: refuse; 16s: latency=5ms`. (Within a value a semicolon is `%3B`.)
//!
//! Its time begins with the [`Load`](super::Load) that calls it first, even if a call reaches it only later; without a
//! load, with the first call; or when [`start`](Echo::start) is called. Those of one [`Upstreams`](super::Upstreams)
//! have one time.
//!
//! # Chains
//!
//! An upstream may ask others before it answers, through clients of its own: see [`Echo::calling`].

mod body;
mod error;
mod onward;
mod print;
mod script;
mod seen;
mod service;
mod span;
mod spread;
mod text;
mod timeline;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, StatusCode};

use self::{
    script::{Effect, Every, Script},
    seen::Tally,
    timeline::Timeline,
};
use crate::layer::{clock, draw::Draws};

pub(super) use self::timeline::{Began, Start};

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
    does: Arc<Timeline>,
    name: Arc<str>,
    seed: Option<u64>,
    tally: Tally,
    start: Start,
}

impl Echo {
    /// An upstream that answers 200 after a millisecond, and sends back the body that it got.
    #[must_use]
    pub fn new() -> Self {
        Self {
            does: Arc::default(),
            name: Arc::from("echo"),
            seed: None,
            tally: Tally::default(),
            start: Start::default(),
        }
    }

    /// Gives it a name; upstreams of different names and the same seed have different luck.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Arc::from(name), ..self }.anew()
    }

    /// Makes its chances repeat; without a seed no one can foretell them.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }.anew()
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

    /// Does something else from this moment on: so much after [its time began](self#timelines).
    ///
    /// What it then does is told from nothing: `|echo| echo` is an upstream that is well. It holds until the next moment
    /// that is told, and for requests that arrive in that time, whenever they are answered. Its name, its luck and its
    /// place in the order of arrivals stay, and so does whom it [asks](Self::calling), unless it is told to ask others.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mesh::testing::{Echo, Load};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let upstream = Echo::new()
    ///     .from(Duration::from_secs(8), |echo| echo.status(503))
    ///     .from(Duration::from_secs(16), |echo| echo);
    /// assert_eq!(upstream.to_string(), "8s: status=503; 16s:");
    ///
    /// let report = Load::open().rate(10.0).duration(Duration::from_secs(20)).run(upstream).await;
    /// assert_eq!((report.count(200), report.count(503)), (120, 80));
    /// assert_eq!((report.seconds()[&7]["200"], report.seconds()[&8]["503"]), (10, 10));
    /// # }
    /// ```
    #[must_use]
    pub fn from(mut self, moment: Duration, tell: impl FnOnce(Self) -> Self) -> Self {
        let then = Arc::unwrap_or_clone(tell(Self::new()).does);
        Arc::make_mut(&mut self.does).from(moment, then);
        self.anew()
    }

    /// Begins its time now, whether or not it had begun: see [timelines](self#timelines).
    pub fn start(&self) {
        self.start.begin(clock::now());
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

    /// The same upstream, which counts with it, in this time; if it has no seed of its own, with this luck.
    pub(super) fn among(&self, start: &Start, seed: Option<u64>, name: &str) -> Self {
        let start = start.clone();
        match (self.seed, seed) {
            (None, Some(seed)) => Self { seed: Some(seed), name: Arc::from(name), start, ..self.clone() },
            _ => Self { start, ..self.clone() },
        }
    }

    fn draws(&self) -> Draws {
        self.seed.map_or_else(Draws::random, Draws::seeded).of(&self.name)
    }

    fn told(mut self, tell: impl FnOnce(&mut Script)) -> Self {
        tell(&mut Arc::make_mut(&mut self.does).first.script);
        self.anew()
    }

    /// Another upstream, which has seen nothing and whose time has not begun.
    fn anew(self) -> Self {
        Self { tally: Tally::default(), start: Start::default(), ..self }
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

    /// A script such as `status=511:20&delay=200ms:20`, or a [timeline](self#timelines) of them; a path may stand before
    /// it, as in `/echo?status=511`.
    fn from_str(text: &str) -> Result<Self, ScriptError> {
        Ok(Self { does: Arc::new(Timeline::strict(text)?), ..Self::new() })
    }
}

impl fmt::Display for Echo {
    /// What it does, as a text that can be read again; but not whom it asks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.does.fmt(f)
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo")
            .field("name", &self.name)
            .field("does", &self.does)
            .field("seed", &self.seed)
            .field("seen", &self.seen())
            .finish()
    }
}
