//! Where a caller is sent instead.

use std::fmt;

use http::{
    StatusCode,
    uri::{Authority, PathAndQuery},
};

use super::{Condition, Field, Head, PathRewrite, SettingsError, head::usual_port};

/// Sends the caller elsewhere: what is not said stays as it was asked for.
///
/// ```
/// use http::Request;
/// use tower_mesh::policy::route::{Head, Redirect, RedirectPort};
///
/// let redirect = Redirect::builder().scheme("https").port(RedirectPort::Number(8443)).build()?;
/// let request = Request::get("http://shop.example.com/cart?full=1").body(()).unwrap();
/// assert_eq!(redirect.location(&Head::of(&request), None), "https://shop.example.com:8443/cart?full=1");
/// assert_eq!(redirect.status(), 301);
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    path: Option<NewPath>,
    authority: Option<Box<str>>,
    scheme: Option<Box<str>>,
    port: Option<RedirectPort>,
    status: StatusCode,
}

#[derive(Debug, Clone, PartialEq)]
enum NewPath {
    Whole(Box<str>),
    /// In the place of what a condition took.
    Prefix(PathRewrite),
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

/// Collects a [`Redirect`].
#[derive(Debug, Clone, Default)]
#[must_use = "a redirect comes out of `build`"]
pub struct RedirectBuilder {
    whole: Option<Box<str>>,
    prefix: Option<Box<str>>,
    authority: Option<Box<str>>,
    scheme: Option<Box<str>>,
    port: Option<RedirectPort>,
    status: Option<u16>,
}

impl RedirectBuilder {
    /// To this path, with the query that was asked for unless it has one of its own.
    pub fn path(self, path: &str) -> Self {
        Self { whole: Some(path.into()), ..self }
    }

    /// To the path with this in the place of the prefix that a condition took.
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: Some(prefix.into()), ..self }
    }

    /// To this host, with a port perhaps.
    pub fn authority(self, authority: &str) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// By this scheme.
    pub fn scheme(self, scheme: &str) -> Self {
        Self { scheme: Some(scheme.into()), ..self }
    }

    /// To this port, whatever port an authority names.
    pub fn port(self, port: RedirectPort) -> Self {
        Self { port: Some(port), ..self }
    }

    /// With this status; 301 if nothing is said.
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The redirect.
    ///
    /// # Errors
    ///
    /// It changes nothing, or something that it changes is not what it should be.
    pub fn build(self) -> Result<Redirect, SettingsError> {
        let Self { whole, prefix, authority, scheme, port, status } = self;
        let wrong = |field, found: &str| Err(SettingsError::new(field, format!("`{found}`")));
        let status = status.unwrap_or(301);
        let known = StatusCode::from_u16(status).ok().filter(|_| matches!(status, 301..=303 | 307 | 308));
        let Some(known) = known else {
            return Err(SettingsError::new(Field::RedirectStatus, status.to_string()));
        };
        if let Some(scheme) = scheme.as_deref().filter(|scheme| !matches!(*scheme, "http" | "https")) {
            return wrong(Field::Scheme, scheme);
        }
        if let Some(authority) = authority.as_deref().filter(|text| text.parse::<Authority>().is_err()) {
            return wrong(Field::Authority, authority);
        }
        let graphic = |path: &str| path.bytes().all(|byte| byte.is_ascii_graphic());
        if let Some(path) = [&whole, &prefix].into_iter().flatten().find(|path| !graphic(path)) {
            return wrong(Field::Path, path);
        }
        let path = match (whole, prefix) {
            (Some(whole), None) => Some(NewPath::Whole(whole)),
            (None, Some(prefix)) => Some(NewPath::Prefix(PathRewrite::matched(&prefix))),
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(SettingsError::new(Field::Redirect, "one to a path and to a prefix at once"));
            }
        };
        if path.is_none() && authority.is_none() && scheme.is_none() && port.is_none() {
            return Err(SettingsError::new(Field::Redirect, "one that changes nothing"));
        }
        Ok(Redirect { path, authority, scheme, port, status: known })
    }
}

impl Redirect {
    /// Nowhere yet; with a 301.
    pub fn builder() -> RedirectBuilder {
        RedirectBuilder::default()
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Where a request is sent that this condition took: a whole URI; or a path alone, if nobody names a host. What is not
    /// printable in ASCII is escaped.
    #[must_use]
    pub fn location(&self, head: &Head<'_>, taken: Option<&Condition>) -> String {
        let target = self.target(head, taken);
        let asked = head.scheme();
        let scheme = self.scheme.as_deref().unwrap_or(asked);
        let port = match self.port {
            Some(RedirectPort::Number(port)) => Some(port),
            Some(RedirectPort::OfRequest) => head.port(),
            None => None,
        };
        let Some(sent) = self.authority.as_deref().or_else(|| head.authority()) else {
            return printable(target);
        };
        let (host, own) = divided(sent);
        // The port that the other scheme has anyway says nothing under this one.
        let is_usual = self.authority.is_none() && own == Some(usual_port(asked)) && scheme != asked;
        let authority = if port.is_some() || is_usual { host } else { sent };
        let port = port
            .filter(|port| *port != usual_port(scheme))
            .map_or_else(String::new, |port| format!(":{port}"));
        printable(format!("{scheme}://{authority}{port}{target}"))
    }

    /// The path, and the query.
    fn target(&self, head: &Head<'_>, taken: Option<&Condition>) -> String {
        let as_sent = || head.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        let target = match &self.path {
            Some(NewPath::Whole(whole)) => {
                let query = head.uri.query().filter(|_| !whole.contains('?'));
                query.map_or_else(|| whole.to_string(), |query| format!("{whole}?{query}"))
            }
            Some(NewPath::Prefix(prefix)) => prefix.target(head.uri, taken).unwrap_or_else(as_sent),
            None => as_sent(),
        };
        if target.starts_with('/') { target } else { format!("/{target}") }
    }
}

/// Some bytes may stand in a path that was sent, and not in a header.
fn printable(location: String) -> String {
    if location.bytes().all(|byte| byte.is_ascii_graphic()) {
        return location;
    }
    location.bytes().fold(String::with_capacity(location.len()), |mut all, byte| {
        match byte.is_ascii_graphic() {
            true => all.push(char::from(byte)),
            false => all.push_str(&format!("%{byte:02X}")),
        }
        all
    })
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
            self.path.as_ref().map(|path| match path {
                NewPath::Whole(path) => format!("path `{path}`"),
                NewPath::Prefix(prefix) => format!("path {prefix}"),
            }),
        ];
        let said: Vec<_> = said.into_iter().flatten().collect();
        write!(f, ": {}", said.join(", "))
    }
}
