//! A scripted upstream, a load generator and a report, all in virtual time.
//!
//! What a policy does shows only under load: a circuit opens at the hundredth error, a limit refuses the third of
//! three. Sockets and wall clocks make such tests slow and their counts a matter of luck. Here the upstream is a
//! service that obeys a script ([`Echo`], or several as [`Upstreams`]), the client is a future that calls as fortio does ([`Load`]), and every wait
//! is a wait of tokio's clock: under `start_paused` a minute takes milliseconds, and the same seed gives the same
//! [`Report`]. Without a paused clock the same code runs in real time.
//!
//! ```
//! use tower_mesh::testing::{Echo, Load};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let upstream = Echo::new().every(5, 511);
//! let report = Load::workers(10).requests(1000).qps(200.0).run(upstream.clone()).await;
//!
//! assert_eq!((report.count(200), report.count(511)), (800, 200));
//! assert_eq!(upstream.seen().max_active, 10);
//! println!("{report}"); // Code 200 : 800 (80.0 %) …
//! # }
//! ```

use std::{fmt, future::poll_fn, pin::pin};

use http::{HeaderName, HeaderValue};
use http_body::Body;

mod course;
pub mod echo;
pub mod load;
pub mod report;
pub mod upstreams;

use crate::layer::BoxError;

pub use self::{
    echo::{Echo, EchoBody, EchoError, Seen},
    load::Load,
    report::Report,
    upstreams::Upstreams,
};

/// An answer is as good as its body: whoever asks reads it to its end.
async fn read_to_the_end<B: Body<Error: Into<BoxError>>>(body: B) -> Result<(), BoxError> {
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        frame.map_err(Into::into)?;
    }
    Ok(())
}

/// A header from texts that a test spells out.
#[track_caller]
fn header<N, V>(name: N, value: V) -> (HeaderName, HeaderValue)
where
    N: TryInto<HeaderName, Error: fmt::Display>,
    V: TryInto<HeaderValue, Error: fmt::Display>,
{
    match (name.try_into(), value.try_into()) {
        (Ok(name), Ok(value)) => (name, value),
        (Err(error), _) => panic!("not the name of a header: {error}"),
        (_, Err(error)) => panic!("not the value of a header: {error}"),
    }
}
