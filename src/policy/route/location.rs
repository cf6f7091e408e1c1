//! Where a caller is sent instead.

use std::fmt;

use http::{StatusCode, uri::Authority};

use super::{Condition, Field, Head, PathRewrite, SettingsError};

/// Sends the caller elsewhere: what is not said stays as it was asked for.
///
/// ```
/// use http::Request;
/// use tower_mesh::policy::route::{Head, Redirect, RedirectPort};
///
/// let redirect = Redirect::new().scheme("https").port(RedirectPort::Number(8443)).build()?;
/// let request = Request::get("http://shop.example.com/cart?full=1").body(()).unwrap();
/// assert_eq!(redirect.location(&Head::of(&request), None), "https://shop.example.com:8443/cart?full=1");
/// assert_eq!(redirect.status(), 301);
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Redirect {
    path: Option<PathRewrite>,
    /// Instead of the whole path.
    whole: Option<Box<str>>,
    authority: Option<Box<str>>,
    scheme: Option<Box<str>>,
    port: Option<RedirectPort>,
    status: Option<u16>,
}

/// The port that a caller is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectPort {
    /// This one.
    Number(u16),
    /// The one that the request was for.
    OfRequest,
}

impl Redirect {
    /// Nowhere yet; with a 301.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// To this path, with the query that was asked for unless it has one of its own.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        Self { whole: Some(path.into()), ..self }
    }

    /// To the path with this in the place of the prefix that a condition took.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { path: Some(PathRewrite::matched(prefix)), ..self }
    }

    /// To this host, with a port perhaps.
    #[must_use]
    pub fn authority(self, authority: &str) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// By this scheme.
    #[must_use]
    pub fn scheme(self, scheme: &str) -> Self {
        Self { scheme: Some(scheme.into()), ..self }
    }

    /// To this port.
    #[must_use]
    pub fn port(self, port: RedirectPort) -> Self {
        Self { port: Some(port), ..self }
    }

    /// With this status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The redirect.
    ///
    /// # Errors
    ///
    /// It changes nothing, or something that it changes is not what it should be.
    pub fn build(self) -> Result<Self, SettingsError> {
        let Self { path, whole, authority, scheme, port, status } = &self;
        let wrong = |field, found: &str| Err(SettingsError::new(field, format!("`{found}`")));
        if let Some(status) = status.filter(|status| !matches!(status, 301 | 302 | 303 | 307 | 308)) {
            return Err(SettingsError::new(Field::RedirectStatus, status.to_string()));
        }
        if let Some(scheme) = scheme.as_deref().filter(|scheme| !matches!(*scheme, "http" | "https")) {
            return wrong(Field::Scheme, scheme);
        }
        if let Some(authority) = authority.as_deref().filter(|text| text.parse::<Authority>().is_err()) {
            return wrong(Field::Authority, authority);
        }
        if let Some(path) = whole.as_deref().filter(|path| !path.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return wrong(Field::Path, path);
        }
        if path.is_none() && whole.is_none() && authority.is_none() && scheme.is_none() && port.is_none() {
            return Err(SettingsError::new(Field::Redirect, "one that changes nothing"));
        }
        Ok(self)
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        status.unwrap_or(StatusCode::MOVED_PERMANENTLY)
    }

    /// Where a request is sent that this condition took.
    #[must_use]
    pub fn location(&self, head: &Head<'_>, taken: Option<&Condition>) -> String {
        let asked = head.scheme();
        let scheme = self.scheme.as_deref().unwrap_or(asked);
        let port = match self.port {
            Some(RedirectPort::Number(port)) => Some(port),
            Some(RedirectPort::OfRequest) => head.port(),
            None => None,
        };
        let authority = match &self.authority {
            Some(authority) => authority,
            None => {
                let sent = head.authority().unwrap_or_default();
                let (host, own) = divided(sent);
                let is_default = own == Some(usual(asked)) && scheme != asked;
                if port.is_some() || is_default { host } else { sent }
            }
        };
        let port =
            port.filter(|port| *port != usual(scheme)).map_or_else(String::new, |port| format!(":{port}"));
        let target = match (&self.whole, &self.path) {
            (Some(whole), _) => {
                let query = head.uri.query().filter(|_| !whole.contains('?'));
                query.map_or_else(|| whole.to_string(), |query| format!("{whole}?{query}"))
            }
            (None, Some(path)) => path.target(head.uri, taken).unwrap_or_default(),
            (None, None) => head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{authority}{port}{slash}{target}")
    }
}

/// The port that a scheme has unless another one is said.
fn usual(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 }
}

/// A host, and the port that is said behind it.
fn divided(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    }
}

impl fmt::Display for Redirect {
    /// What is changed, and the status.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redirects by {}", self.status().as_u16())?;
        let port = self.port.map(|port| match port {
            RedirectPort::Number(port) => format!("port {port}"),
            RedirectPort::OfRequest => "the request's port".to_owned(),
        });
        let said = [
            self.scheme.as_ref().map(|scheme| format!("scheme `{scheme}`")),
            self.authority.as_ref().map(|authority| format!("authority `{authority}`")),
            port,
            self.whole.as_ref().map(|path| format!("path `{path}`")),
            self.path.as_ref().map(|path| format!("path {path}")),
        ];
        let said: Vec<_> = said.into_iter().flatten().collect();
        write!(f, ": {}", said.join(", "))
    }
}
