//! What a request's headers say of how long it may take.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{LONGEST, Settings};

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
        let trusted = settings.trusted();
        Self {
            total: trusted.total().then(|| only(headers, &Self::TOTAL)).flatten().and_then(millis),
            head: trusted.head().then(|| only(headers, &Self::HEAD)).flatten().and_then(millis),
            grpc: (is_grpc && settings.reads_grpc_timeout())
                .then(|| only(headers, &Self::GRPC))
                .flatten()
                .and_then(|value| parse_grpc(value.as_bytes())),
            empty_answer: (trusted.total() || trusted.head()) && headers.contains_key(&Self::EMPTY_ANSWER),
        }
    }
}

/// A header that is there twice says nothing: Envoy reads two lines as one list.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
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
