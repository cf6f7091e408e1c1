//! What a header says.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};

/// A header that is there twice says nothing: Envoy reads two lines as one list.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let value = headers.get(name)?;
    // Mostly none is there twice, which is soon known.
    let is_only = headers.len() == headers.keys_len()
        || headers.iter().filter(|(other, _)| *other == name).nth(1).is_none();
    is_only.then_some(value)
}

/// A number, with or without spaces around it; none if it is no such number.
pub(super) fn number<N: FromStr>(value: &HeaderValue) -> Option<N> {
    value.to_str().ok()?.trim().parse().ok()
}
