//! What a request's headers say of how long it may take.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{LONGEST, Settings, Trusted};
use crate::policy::header::only;

/// What the headers of one request say. A time of zero means none, as everywhere in Envoy's headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// `x-envoy-upstream-rq-timeout-ms`.
    pub total: Option<Duration>,
    /// `x-envoy-upstream-rq-per-try-timeout-ms`.
    pub head: Option<Duration>,
    /// `grpc-timeout`.
    pub grpc: Option<Duration>,
    /// Whether there is an `x-envoy-upstream-rq-timeout-alt-response`.
    pub empty_answer: bool,
}

impl Said {
    pub(crate) const TOTAL: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-timeout-ms");
    pub(crate) const HEAD: HeaderName = HeaderName::from_static("x-envoy-upstream-rq-per-try-timeout-ms");
    pub(crate) const EMPTY_ANSWER: HeaderName =
        HeaderName::from_static("x-envoy-upstream-rq-timeout-alt-response");
    pub(crate) const EXPECTED: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
    pub(crate) const GRPC: HeaderName = HeaderName::from_static("grpc-timeout");

    /// What of these headers the settings want to know. What means nothing is not there.
    #[must_use]
    pub fn read(headers: &HeaderMap, settings: &Settings, is_grpc: bool) -> Self {
        Self::read_trusted(
            headers,
            Self::trusted(headers, settings),
            is_grpc && settings.reads_grpc_timeout(),
        )
    }

    /// What a gRPC caller says in gRPC's own words.
    pub(crate) fn by_grpc(headers: &HeaderMap) -> Option<Duration> {
        only(headers, &Self::GRPC).and_then(|value| parse_grpc(value.as_bytes()))
    }

    /// Which of Envoy's headers are to be read: none, if none is there.
    ///
    /// There are three to be looked for, and mostly none is there: to pass over all names once is quicker.
    pub(crate) fn trusted(headers: &HeaderMap, settings: &Settings) -> Trusted {
        let trusted = settings.trusted();
        let is_ours = |name: &HeaderName| name.as_str().starts_with("x-envoy-upstream-rq-");
        if trusted == Trusted::Nothing || headers.keys().any(is_ours) { trusted } else { Trusted::Nothing }
    }

    pub(crate) fn read_trusted(headers: &HeaderMap, trusted: Trusted, grpc: bool) -> Self {
        let read = |wanted: bool, name| wanted.then(|| only(headers, name)).flatten();
        Self {
            total: read(trusted.total(), &Self::TOTAL).and_then(millis),
            head: read(trusted.head(), &Self::HEAD).and_then(millis),
            grpc: if grpc { Self::by_grpc(headers) } else { None },
            empty_answer: trusted != Trusted::Nothing && headers.contains_key(&Self::EMPTY_ANSWER),
        }
    }

    /// Whether it says nothing of time.
    pub(super) const fn is_silent(self) -> bool {
        self.total.is_none() && self.head.is_none() && self.grpc.is_none()
    }
}

/// Whole milliseconds.
fn millis(value: &HeaderValue) -> Option<Duration> {
    let digits = value.as_bytes().trim_ascii();
    number(digits).map(|millis| Duration::from_millis(millis).min(LONGEST))
}

/// Up to 8 digits and a unit. Rounded up to a millisecond, so that what is not zero does not become it.
fn parse_grpc(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    let amount = number(digits).filter(|_| digits.len() <= 8)?;
    let millis = match unit {
        b'H' => amount * 3_600_000,
        b'M' => amount * 60_000,
        b'S' => amount * 1000,
        b'm' => amount,
        b'u' => amount.div_ceil(1000),
        b'n' => amount.div_ceil(1_000_000),
        _ => return None,
    };
    Some(Duration::from_millis(millis).min(LONGEST))
}

/// Digits and nothing else, if 64 bits hold them.
fn number(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let add = |sum: u64, byte| sum.checked_mul(10)?.checked_add(digit(byte)?);
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, add)).flatten()
}

/// A time as `grpc-timeout` spells it: in the finest unit from milliseconds on of which eight digits are enough.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::timeout::grpc_timeout;
///
/// assert_eq!(grpc_timeout(Duration::from_millis(300)), "300m");
/// assert_eq!(grpc_timeout(Duration::from_secs(100_000)), "100000S");
/// ```
#[must_use]
pub fn grpc_timeout(time: Duration) -> String {
    const BEYOND: u128 = 100_000_000;
    let millis = time.as_millis();
    let units = [(1, 'm'), (1000, 'S'), (60_000, 'M')];
    let (amount, unit) = units
        .into_iter()
        .map(|(length, unit)| (millis / length, unit))
        .find(|(amount, _)| *amount < BEYOND)
        .unwrap_or(((millis / 3_600_000).min(BEYOND - 1), 'H'));
    format!("{amount}{unit}")
}
