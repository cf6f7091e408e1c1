//! A cookie that keeps a caller with one host.

use std::{fmt::Write as _, time::Duration};

use http::{HeaderMap, HeaderValue, header::COOKIE};

/// A cookie whose value decides which host answers; with a time to live, one is made for those who have none.
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, header::COOKIE};
/// use tower_mesh::policy::balance::Cookie;
///
/// let cookie = Cookie::new("user")?.path("/api")?.ttl(Duration::from_secs(60)).attribute("SameSite", "Lax")?;
/// assert_eq!(cookie.set_cookie(0xbee), "user=\"bee\"; Max-Age=60; Path=/api; SameSite=Lax; HttpOnly");
///
/// let mut headers = HeaderMap::new();
/// headers.insert(COOKIE, "theme=dark; user=\"bee\"".parse()?);
/// assert_eq!(cookie.value_in(&headers), Some(&b"bee"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    name: String,
    path: String,
    ttl: Option<Duration>,
    attributes: Vec<(String, String)>,
}

/// A part of a cookie that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// The cookie's or an attribute's name.
    #[error("`{0}` is no name in a cookie: write letters, digits and marks as in a header's name")]
    Name(String),
    /// The path or an attribute's value.
    #[error("`{0}` cannot stand in a cookie: write visible ASCII without `;`")]
    Value(String),
}

impl Cookie {
    /// A cookie of this name, without a path; none is made.
    ///
    /// # Errors
    ///
    /// A cookie cannot have such a name.
    pub fn new(name: impl Into<String>) -> Result<Self, CookieError> {
        Ok(Self { name: as_name(name.into())?, path: String::new(), ttl: None, attributes: Vec::new() })
    }

    /// The same, made for this path; an empty one is none.
    ///
    /// # Errors
    ///
    /// A path cannot be so.
    pub fn path(self, path: impl Into<String>) -> Result<Self, CookieError> {
        Ok(Self { path: as_value(path.into())?, ..self })
    }

    /// The same, made for those who have none, to live so long; zero is as long as the browser is open.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// The same with this attribute too; one with an empty value is its name alone.
    ///
    /// # Errors
    ///
    /// An attribute cannot be so.
    pub fn attribute(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, CookieError> {
        self.attributes.push((as_name(name.into())?, as_value(value.into())?));
        Ok(self)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long one that is made lives; none, if none is made.
    #[must_use]
    pub const fn lives(&self) -> Option<Duration> {
        self.ttl
    }

    /// Its value in a request, without the quotes: that of the first of its name. One that is empty is none.
    #[must_use]
    pub fn value_in<'h>(&self, headers: &'h HeaderMap) -> Option<&'h [u8]> {
        let cookies = headers.get_all(COOKIE).into_iter();
        let mut cookies = cookies.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let value = cookies.find_map(|cookie| {
            let at = cookie.iter().position(|byte| *byte != b' ')?;
            cookie[at..].strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
        })?;
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        (!value.is_empty()).then_some(value)
    }

    /// The header of an answer that makes the cookie, of the value that such a number is written as.
    #[must_use]
    pub fn set_cookie(&self, number: u64) -> HeaderValue {
        let mut text = format!("{}=\"{}\"", self.name, value(number));
        // Writing into memory cannot fail.
        if let Some(seconds) = self.ttl.map(|ttl| ttl.as_secs()).filter(|seconds| *seconds > 0) {
            let _ = write!(text, "; Max-Age={seconds}");
        }
        if !self.path.is_empty() {
            let _ = write!(text, "; Path={}", self.path);
        }
        for (name, value) in &self.attributes {
            let separator = if value.is_empty() { "" } else { "=" };
            let _ = write!(text, "; {name}{separator}{value}");
        }
        text.push_str("; HttpOnly");
        // All parts were looked at when they came.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// How a made cookie's value is written.
pub(super) fn value(number: u64) -> String {
    format!("{number:x}")
}

fn as_name(name: String) -> Result<String, CookieError> {
    // The names of headers and of cookies are of the same letters.
    if http::HeaderName::from_bytes(name.as_bytes()).is_ok() {
        Ok(name)
    } else {
        Err(CookieError::Name(name))
    }
}

fn as_value(value: String) -> Result<String, CookieError> {
    let is_value = value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';');
    if is_value { Ok(value) } else { Err(CookieError::Value(value)) }
}
