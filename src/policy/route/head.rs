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
        let default = if self.uri.scheme() == Some(&http::uri::Scheme::HTTPS) { 443 } else { 80 };
        let (host, port) = if let Some(authority) = self.uri.authority() {
            (authority.host(), authority.port_u16().unwrap_or(default))
        } else {
            let header = self.headers.get(HOST)?.to_str().ok()?;
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

    /// The values of a header, without spaces around them, line by line. `host` is the authority, which a request may
    /// name without such a header.
    pub(super) fn lines(&self, name: &HeaderName) -> impl Iterator<Item = &'r [u8]> + use<'r> {
        let named = if *name == HOST { self.uri.authority() } else { None };
        let sent = named.is_none().then(|| self.headers.get_all(name).into_iter());
        let sent = sent.into_iter().flatten().map(|value| HeaderValue::as_bytes(value).trim_ascii());
        named.map(|authority| authority.as_str().as_bytes()).into_iter().chain(sent)
    }
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
