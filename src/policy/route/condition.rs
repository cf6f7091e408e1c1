//! What a request has to be for a rule to take it.

use std::fmt;

use http::HeaderName;

use super::{Field, Head, SettingsError, TextMatch, Unmet, unmet::Wants};

/// What a request has to be: all that is asked for at once. One that asks for nothing is met by every request.
///
/// ```
/// use http::Request;
/// use tower_mesh::policy::route::{Condition, Head, TextMatch, ValueMatch};
///
/// let condition = Condition::new()
///     .path(TextMatch::prefix("/reviews"))
///     .without_header("cookie", ValueMatch::Present)?;
/// assert!(condition.is_met(&Head::of(&Request::get("/reviews/0").body(())?)));
///
/// let told = Request::get("/reviews/0").header("cookie", "a=b").body(())?;
/// let unmet = condition.unmet(&Head::of(&told)).expect("there is a cookie");
/// assert_eq!(unmet.to_string(), "header `cookie` must be absent, but is `a=b`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    path: Option<TextMatch>,
    scheme: Option<TextMatch>,
    method: Option<TextMatch>,
    authority: Option<TextMatch>,
    port: Option<u16>,
    headers: Vec<HeaderCondition>,
    parameters: Vec<(Box<str>, ValueMatch)>,
}

#[derive(Debug, Clone, PartialEq)]
struct HeaderCondition {
    name: HeaderName,
    wants: ValueMatch,
    /// Whether it must not be so.
    inverted: bool,
}

/// How a value has to be that may be absent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ValueMatch {
    /// It is there.
    Present,
    /// It is there, and is so.
    Text(TextMatch),
}

impl From<TextMatch> for ValueMatch {
    fn from(text: TextMatch) -> Self {
        Self::Text(text)
    }
}

impl Condition {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(self, path: TextMatch) -> Self {
        Self { path: Some(path), ..self }
    }

    /// The scheme; a request that names none has `http`.
    #[must_use]
    pub fn scheme(self, scheme: TextMatch) -> Self {
        Self { scheme: Some(scheme), ..self }
    }

    /// The method.
    #[must_use]
    pub fn method(self, method: TextMatch) -> Self {
        Self { method: Some(method), ..self }
    }

    /// The authority as it was sent, with its port.
    #[must_use]
    pub fn authority(self, authority: TextMatch) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// The port that the request is for.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port: Some(port), ..self }
    }

    /// A header: one of its lines. One that is absent is never so.
    ///
    /// # Errors
    ///
    /// The name is none of a header.
    pub fn header(self, name: &str, wants: impl Into<ValueMatch>) -> Result<Self, SettingsError> {
        self.also(name, wants.into(), false)
    }

    /// A header that must not be so. One that is absent is taken for an empty one, unless it must not be there at all.
    ///
    /// # Errors
    ///
    /// The name is none of a header.
    pub fn without_header(self, name: &str, wants: impl Into<ValueMatch>) -> Result<Self, SettingsError> {
        self.also(name, wants.into(), true)
    }

    fn also(mut self, name: &str, wants: ValueMatch, inverted: bool) -> Result<Self, SettingsError> {
        let name = HeaderName::try_from(name)
            .map_err(|_| SettingsError::new(Field::HeaderName, format!("`{name}`")))?;
        self.headers.push(HeaderCondition { name, wants, inverted });
        Ok(self)
    }

    /// A parameter of the query: the first of its name, as it was sent. One that is absent is never so.
    #[must_use]
    pub fn parameter(mut self, name: &str, wants: impl Into<ValueMatch>) -> Self {
        self.parameters.push((name.into(), wants.into()));
        self
    }

    /// Whether a request is all that.
    #[must_use]
    #[inline]
    pub fn is_met(&self, head: &Head<'_>) -> bool {
        self.path.as_ref().is_none_or(|path| path.matches(head.path().as_bytes()))
            && self.method.as_ref().is_none_or(|method| method.matches(head.method.as_str().as_bytes()))
            && self.headers.iter().all(|header| header.is_met(head))
            && self.is_met_by_the_rest(head)
    }

    fn is_met_by_the_rest(&self, head: &Head<'_>) -> bool {
        self.port.is_none_or(|port| head.port() == Some(port))
            && self.scheme.as_ref().is_none_or(|scheme| scheme.matches(head.scheme().as_bytes()))
            && self.authority.as_ref().is_none_or(|authority| {
                head.authority().is_some_and(|sent| authority.matches(sent.as_bytes()))
            })
            && self.parameters.iter().all(|(name, wants)| wants.takes(head.parameter(name)))
    }

    /// The first thing that a request is not, in the order of the mesh's own fields.
    #[must_use]
    pub fn unmet<'c>(&'c self, head: &Head<'_>) -> Option<Unmet<'c>> {
        let text = |what, wants: &'c Option<TextMatch>, found: Option<&str>| {
            let wants = wants.as_ref()?;
            let met = found.is_some_and(|found| wants.matches(found.as_bytes()));
            (!met).then(|| Unmet {
                what,
                name: "",
                wants: Wants::Text(wants),
                found: found.map(str::to_owned),
            })
        };
        text("path", &self.path, Some(head.path()))
            .or_else(|| text("scheme", &self.scheme, Some(head.scheme())))
            .or_else(|| text("method", &self.method, Some(head.method.as_str())))
            .or_else(|| text("authority", &self.authority, head.authority()))
            .or_else(|| self.headers.iter().find_map(|header| header.unmet(head)))
            .or_else(|| {
                let (name, wants) =
                    self.parameters.iter().find(|(name, wants)| !wants.takes(head.parameter(name)))?;
                let found = head.parameter(name).map(str::to_owned);
                Some(Unmet { what: "query parameter", name, wants: Wants::of(wants, false), found })
            })
            .or_else(|| {
                let port = self.port.filter(|port| head.port() != Some(*port))?;
                let found = head.port().map(|port| port.to_string());
                Some(Unmet { what: "port", name: "", wants: Wants::Port(port), found })
            })
    }

    /// The port that it asks for.
    #[must_use]
    pub const fn port_wanted(&self) -> Option<u16> {
        self.port
    }

    /// How the path has to be.
    #[must_use]
    pub const fn path_wanted(&self) -> Option<&TextMatch> {
        self.path.as_ref()
    }

    /// The header that has to be exactly so, if there is one: what most requests have otherwise.
    pub(super) fn exact_header(&self) -> Option<(&HeaderName, &str)> {
        self.headers.iter().filter(|header| !header.inverted).find_map(|header| match &header.wants {
            ValueMatch::Text(text) => Some((&header.name, text.as_exact()?)),
            ValueMatch::Present => None,
        })
    }

    /// Whether every request is all that. Paths begin with a slash here: `OPTIONS *`, which has none, is left out of it.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.covers(&Self::new())
    }

    /// Whether every request that meets `other` meets this too, as far as that can be told, and if its path is one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let any_path = || TextMatch::prefix("/");
        let text = |own: &Option<TextMatch>, other: &Option<TextMatch>| match (own, other) {
            (None, _) => true,
            (Some(own), Some(other)) => own.covers(other),
            (Some(_), None) => false,
        };
        let path = match (&self.path, &other.path) {
            (None, _) => true,
            (Some(own), Some(other)) => own.covers(other),
            (Some(own), None) => own.covers(&any_path()),
        };
        path && text(&self.scheme, &other.scheme)
            && text(&self.method, &other.method)
            && text(&self.authority, &other.authority)
            && (self.port.is_none() || self.port == other.port)
            && self.headers.iter().all(|own| other.headers.iter().any(|other| own.is_implied_by(other)))
            && self.parameters.iter().all(|(name, own)| {
                other.parameters.iter().any(|(other, wants)| other == name && own.covers(wants))
            })
    }

    /// Whether no request can be all that, as far as that can be told: what is asked for, and forbidden too.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        let forbids = |own: &HeaderCondition, other: &HeaderCondition| {
            own.inverted && !other.inverted && own.name == other.name && own.wants.covers(&other.wants)
        };
        let apart = |one: &TextMatch, other: &TextMatch| match (one.as_exact(), other.as_exact()) {
            (Some(_), Some(_)) => one != other,
            _ => false,
        };
        let path = self.path.as_ref().is_some_and(|path| {
            let empty = path.as_exact().is_some_and(str::is_empty);
            let text = path.as_exact().or_else(|| path.as_prefix()).unwrap_or_default();
            // A path has a slash in front, and the query is none of it.
            empty || text.contains(['?', '#']) || !(text.is_empty() || text.starts_with(['/', '*']))
        });
        path || self.headers.iter().any(|own| self.headers.iter().any(|other| forbids(own, other)))
            || self.parameters.iter().enumerate().any(|(index, (name, wants))| {
                self.parameters[..index].iter().any(|(other, also)| match (wants, also) {
                    (ValueMatch::Text(one), ValueMatch::Text(two)) => other == name && apart(one, two),
                    _ => false,
                })
            })
    }
}

impl HeaderCondition {
    #[inline]
    fn is_met(&self, head: &Head<'_>) -> bool {
        let Some(first) = head.line(&self.name) else { return self.is_met_by_absence() };
        let met = match &self.wants {
            ValueMatch::Present => true,
            ValueMatch::Text(text) => {
                text.matches(first) || head.more_lines(&self.name).any(|line| text.matches(line))
            }
        };
        met != self.inverted
    }

    /// An absent header is taken for an empty one, but only to be forbidden.
    fn is_met_by_absence(&self) -> bool {
        self.inverted
            && match &self.wants {
                ValueMatch::Present => true,
                ValueMatch::Text(text) => !text.matches(b""),
            }
    }

    fn unmet<'c>(&'c self, head: &Head<'_>) -> Option<Unmet<'c>> {
        if self.is_met(head) {
            return None;
        }
        let lines = head.line(&self.name).into_iter().chain(head.more_lines(&self.name));
        let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
        let found = (!lines.is_empty()).then(|| lines.join("`, `"));
        let (name, wants) = (self.name.as_str(), Wants::of(&self.wants, self.inverted));
        Some(Unmet { what: "header", name, wants, found })
    }

    /// Whether whoever meets `other` meets this.
    fn is_implied_by(&self, other: &Self) -> bool {
        if self.name != other.name {
            return false;
        }
        match (self.inverted, other.inverted) {
            (false, false) => self.wants.covers(&other.wants),
            (true, true) => {
                other.wants.covers(&self.wants) && (self.is_met_by_absence() || !other.is_met_by_absence())
            }
            _ => false,
        }
    }
}

impl ValueMatch {
    fn takes(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (_, None) => false,
            (Self::Present, Some(_)) => true,
            (Self::Text(text), Some(value)) => text.matches(value.as_bytes()),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Present, _) => true,
            (Self::Text(own), Self::Text(other)) => own.covers(other),
            (Self::Text(_), Self::Present) => false,
        }
    }
}

impl fmt::Display for Condition {
    /// As a sentence: "path begins with `/reviews`, header `end-user` is `jason`"; "every request" if it asks for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            ("path", &self.path),
            ("scheme", &self.scheme),
            ("method", &self.method),
            ("authority", &self.authority),
        ];
        let texts = texts.into_iter().filter_map(|(what, wants)| Some(format!("{what} {}", wants.as_ref()?)));
        let headers = self
            .headers
            .iter()
            .map(|header| format!("header `{}` {}", header.name, Wants::of(&header.wants, header.inverted)));
        let parameters = self
            .parameters
            .iter()
            .map(|(name, wants)| format!("query parameter `{name}` {}", Wants::of(wants, false)));
        let port = self.port.map(|port| format!("port is {port}"));
        let said: Vec<_> = texts.chain(headers).chain(parameters).chain(port).collect();
        if said.is_empty() { f.write_str("every request") } else { f.write_str(&said.join(", ")) }
    }
}
