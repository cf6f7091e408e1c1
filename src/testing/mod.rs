//! A scripted upstream, in virtual time.

use std::fmt;

use http::{HeaderName, HeaderValue};

pub mod echo;

pub use self::echo::{Echo, EchoBody, EchoError, Seen};

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
