//! What headers say about retries: those of a caller, and those of an answer.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{RetryOn, Settings, Word, on::status};
use crate::policy::{
    header::{number, only},
    timeout::Said,
};

/// A header that is looked for: by its name, or with a value too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderMatch {
    name: HeaderName,
    value: Option<HeaderValue>,
}

impl HeaderMatch {
    /// Any header of this name.
    #[must_use]
    pub const fn present(name: HeaderName) -> Self {
        Self { name, value: None }
    }

    /// One of this name and this value.
    #[must_use]
    pub const fn exact(name: HeaderName, value: HeaderValue) -> Self {
        Self { name, value: Some(value) }
    }

    /// Whether it is among these.
    #[must_use]
    pub fn matches(&self, headers: &HeaderMap) -> bool {
        match &self.value {
            None => headers.contains_key(&self.name),
            Some(value) => headers.get_all(&self.name).iter().any(|other| other == value),
        }
    }
}

const RETRY_ON: HeaderName = HeaderName::from_static("x-envoy-retry-on");
const RETRY_GRPC_ON: HeaderName = HeaderName::from_static("x-envoy-retry-grpc-on");
const MAX_RETRIES: HeaderName = HeaderName::from_static("x-envoy-max-retries");
const STATUS_CODES: HeaderName = HeaderName::from_static("x-envoy-retriable-status-codes");
const HEADER_NAMES: HeaderName = HeaderName::from_static("x-envoy-retriable-header-names");
const HEDGE: HeaderName = HeaderName::from_static("x-envoy-hedge-on-per-try-timeout");

/// All that callers may say.
pub(crate) const ASKED_BY: [HeaderName; 7] =
    [RETRY_ON, RETRY_GRPC_ON, MAX_RETRIES, STATUS_CODES, HEADER_NAMES, Said::HEAD, HEDGE];

impl Settings {
    /// These settings as a request's own headers would have them, and takes those off; none if there are none.
    ///
    /// The words of a caller who says nothing of how often are tried once again, if these settings try nothing.
    #[must_use]
    pub fn asked_by(&self, headers: &mut HeaderMap) -> Option<Self> {
        if !ASKED_BY.iter().any(|name| headers.contains_key(name)) {
            return None;
        }
        let mut asked = self.clone();
        for name in [&RETRY_ON, &RETRY_GRPC_ON] {
            for words in text(headers, name) {
                // Statuses have a header of their own; here a number is no word.
                asked.on =
                    words.split(',').filter_map(|word| Word::read(word.trim())).fold(asked.on, RetryOn::word);
            }
        }
        if self.on.is_empty() && !asked.on.is_empty() {
            asked.attempts = 1;
        }
        if let Some(retries) = only(headers, &MAX_RETRIES).and_then(number) {
            asked.attempts = retries;
        }
        let mut listed = *asked.on.statuses();
        for codes in text(headers, &STATUS_CODES) {
            listed = codes
                .split(',')
                .filter_map(|code| status(code.trim()))
                .fold(listed, |all, code| all.with(code));
        }
        asked.on = asked.on.listing(listed);
        for names in text(headers, &HEADER_NAMES) {
            let names = names.split(',').filter_map(|name| name.trim().parse().ok());
            asked.retriable_headers.extend(names.map(HeaderMatch::present));
        }
        if let Some(millis) = only(headers, &Said::HEAD).and_then(number) {
            asked.per_try_timeout = Some(Duration::from_millis(millis)).filter(|time| !time.is_zero());
        }
        match only(headers, &HEDGE).map(HeaderValue::as_bytes) {
            Some(b"true") => asked.hedging = true,
            Some(b"false") => asked.hedging = false,
            _ => {}
        }
        asked.statuses = asked.on.matching();
        ASKED_BY.iter().for_each(|name| drop(headers.remove(name)));
        Some(asked)
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}
