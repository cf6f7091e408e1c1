//! What is looked at of a request.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header::HOST};

use super::path;

/// What is looked at of a request: everything but its body.
#[derive(Debug, Clone, Copy)]
pub struct Head<'r> {
    pub(super) method: &'r Method,
    pub(super) uri: &'r Uri,
    pub(super) headers: &'r HeaderMap,
    port: Option<u16>,
}

impl<'r> Head<'r> {
    /// Of this request.
    #[must_use]
    pub fn of<B>(request: &'r Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers(), port: None }
    }

    /// The same to a port that is known, so that nobody looks for it.
    #[must_use]
    pub const fn to_port(self, port: u16) -> Self {
        Self { port: Some(port), ..self }
    }

    /// The path, as it was sent, without the query.
    #[must_use]
    pub fn path(&self) -> &'r str {
        match self.uri.path() {
            "" => "/",
            path => path,
        }
    }

    /// The scheme; that of a request which names none is `http`.
    #[must_use]
    pub fn scheme(&self) -> &'r str {
        self.uri.scheme_str().unwrap_or("http")
    }

    /// The authority, with a port if one was sent: the URI's, or else that of the `host` header.
    #[must_use]
    pub fn authority(&self) -> Option<&'r str> {
        match self.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => self.headers.get(HOST)?.to_str().ok(),
        }
    }

    /// The host, in lower case and without a final dot, and the port that the request is for.
    #[must_use]
    pub fn target(&self) -> Option<(Cow<'r, str>, u16)> {
        let default = usual_port(self.scheme());
        match plain(self.authority()?) {
            Some((host, port)) => Some((Cow::Borrowed(host), port.unwrap_or(default))),
            None => self.odd_target(default),
        }
    }

    /// The same of an authority that has to be taken apart with more care.
    #[cold]
    fn odd_target(&self, default: u16) -> Option<(Cow<'r, str>, u16)> {
        let (host, port) = if let Some(authority) = self.uri.authority() {
            (authority.host(), authority.port_u16().unwrap_or(default))
        } else {
            let header = self.authority()?;
            // The last colon divides, but not one inside an IPv6 literal.
            match header.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
                Some((host, "")) => (host, default),
                Some((host, port)) => (host, port.parse().ok()?),
                None => (header, default),
            }
        };
        (host.len() <= LONGEST).then(|| (normal(host), port))
    }

    /// The port that the request is for.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port.or_else(|| self.target().map(|(_, port)| port))
    }

    /// The first value of a query parameter, as it was sent; empty if it is there without one.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'r str> {
        path::parameters(self.uri.query()?).find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The first value of a header, without spaces around it. `host` is the authority, which a request may name without
    /// such a header.
    #[inline]
    pub(super) fn line(&self, name: &HeaderName) -> Option<&'r [u8]> {
        match self.named(name) {
            Some(authority) => Some(authority),
            None => self.headers.get(name).map(trimmed),
        }
    }

    /// The authority of the URI, if it is asked for as a header.
    #[inline]
    fn named(&self, name: &HeaderName) -> Option<&'r [u8]> {
        if *name == HOST { self.uri.authority().map(|authority| authority.as_str().as_bytes()) } else { None }
    }

    /// The values of a header behind its first one, without spaces around them, line by line.
    #[inline]
    pub(super) fn more_lines(&self, name: &HeaderName) -> impl Iterator<Item = &'r [u8]> + use<'r> {
        // Nearly always there is no header with a second line, which is seen at once.
        let has_more = self.headers.len() > self.headers.keys_len() && self.named(name).is_none();
        let all = has_more.then(|| self.headers.get_all(name).into_iter().skip(1));
        all.into_iter().flatten().map(trimmed)
    }
}

/// Spaces and tabs are all that a value can have around it; nearly always there are none.
#[inline]
fn trimmed(value: &HeaderValue) -> &[u8] {
    let mut bytes = value.as_bytes();
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// A host that is in its normal form, and the port behind it: nearly every authority, and to be seen in one pass.
fn plain(authority: &str) -> Option<(&str, Option<u16>)> {
    let bytes = authority.as_bytes();
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (host, port) = match bytes.len().checked_sub(digits + 1).filter(|colon| bytes[*colon] == b':') {
        Some(colon) => (&authority[..colon], Some(authority[colon + 1..].parse().ok()?)),
        None => (authority, None),
    };
    let is_plain = |byte: u8| !matches!(byte, b'@' | b':' | b'A'..=b'Z');
    let is_normal = host.len() <= LONGEST && !host.ends_with('.') && host.bytes().all(is_plain);
    is_normal.then_some((host, port))
}

/// The port that a scheme has unless another one is said.
#[inline]
pub(crate) fn usual_port(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 }
}

/// What is longer is no name that could be looked up, and it may be kept as a key.
const LONGEST: usize = 255;

/// Lower case, without the dot that ends an absolute name; nearly always as it came.
pub(crate) fn normal(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}
