//! What a request is made to ask for instead.

use std::fmt;

use http::{HeaderValue, Uri, uri::PathAndQuery};

use super::{
    Condition, Field, SettingsError,
    text::{Kind, Pattern},
};

/// What of a request's target is put in place of what was sent: the path, the authority, or both.
///
/// ```
/// use http::Uri;
/// use tower_mesh::policy::route::{Condition, PathRewrite, Rewrite, TextMatch};
///
/// let taken = Condition::new().path(TextMatch::prefix("/ratings"));
/// let rewrite = Rewrite::new().path(PathRewrite::matched("/v1"));
/// let sent = Uri::from_static("/ratings/0?full=1");
/// assert_eq!(rewrite.path_and_query(&sent, Some(&taken)).unwrap(), "/v1/0?full=1");
///
/// let swapped = Rewrite::new().path(PathRewrite::regex("^/([^/]+)/([^/]+)", r"/\2/\1")?);
/// assert_eq!(swapped.path_and_query(&Uri::from_static("/a/b/c"), None).unwrap(), "/b/a/c");
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rewrite {
    path: Option<PathRewrite>,
    authority: Option<HeaderValue>,
}

/// What a path is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PathRewrite(How);

#[derive(Debug, Clone, PartialEq)]
enum How {
    Matched(Box<str>),
    Regex { pattern: Box<Pattern>, parts: Vec<Part>, written: Box<str> },
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Group(usize),
}

impl PathRewrite {
    /// This in the place of what a condition took: of a prefix, or else of the whole path; of the first slash, where no
    /// condition asked for a path.
    #[must_use]
    pub fn matched(text: &str) -> Self {
        Self(How::Matched(text.into()))
    }

    /// This in the place of each match of a regular expression in the path; `\1` to `\9` are its groups.
    ///
    /// # Errors
    ///
    /// The expression is none, or has no such group.
    pub fn regex(pattern: &str, substitution: &str) -> Result<Self, SettingsError> {
        let pattern = Box::new(Pattern::anywhere(pattern)?);
        let parts = parts(substitution, pattern.regex.captures_len())
            .ok_or_else(|| SettingsError::new(Field::Substitution, format!("`{substitution}`")))?;
        Ok(Self(How::Regex { pattern, parts, written: substitution.into() }))
    }

    /// The new path, if it comes out as a text that is no longer than a path may be.
    fn of(&self, path: &str, taken: Option<&Condition>) -> Option<String> {
        match &self.0 {
            How::Matched(text) => {
                let rest = match taken.and_then(Condition::path_wanted).map(|path| path.kind()) {
                    Some(Kind::Prefix(prefix)) => path.get(prefix.len()..).unwrap_or_default(),
                    Some(Kind::Exact(_) | Kind::Regex(_)) => "",
                    None => path.strip_prefix('/').unwrap_or(path),
                };
                Some(format!("{text}{rest}"))
            }
            How::Regex { pattern, parts, .. } => {
                let (mut made, mut from) = (Vec::with_capacity(path.len()), 0);
                for found in pattern.regex.captures_iter(path.as_bytes()) {
                    let whole = found.get(0)?;
                    made.extend_from_slice(&path.as_bytes()[from..whole.start()]);
                    from = whole.end();
                    for part in parts {
                        made.extend_from_slice(match part {
                            Part::Text(text) => text.as_bytes(),
                            Part::Group(group) => found.get(*group).map_or(&[][..], |found| found.as_bytes()),
                        });
                        // Groups upon groups of a long path would be more than there is room for.
                        (made.len() <= LONGEST).then_some(())?;
                    }
                }
                made.extend_from_slice(&path.as_bytes()[from..]);
                String::from_utf8(made).ok()
            }
        }
    }
}

/// No path is longer.
const LONGEST: usize = u16::MAX as usize;

/// A substitution as RE2 reads it; none if it names a group that there is not.
fn parts(substitution: &str, groups: usize) -> Option<Vec<Part>> {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut rest = substitution.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            text.push(next);
            continue;
        }
        match rest.next()? {
            '\\' => text.push('\\'),
            digit => {
                let group = digit.to_digit(10)? as usize;
                (group < groups).then_some(())?;
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(group));
            }
        }
    }
    parts.push(Part::Text(text));
    Some(parts)
}

impl Rewrite {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another path.
    #[must_use]
    pub fn path(self, path: PathRewrite) -> Self {
        Self { path: Some(path), ..self }
    }

    /// Another authority.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn authority(self, authority: &str) -> Result<Self, SettingsError> {
        let wrong = || SettingsError::new(Field::Authority, format!("{authority:?}"));
        authority.parse::<http::uri::Authority>().map_err(|_| wrong())?;
        let authority = HeaderValue::try_from(authority).map_err(|_| wrong())?;
        Ok(Self { authority: Some(authority), ..self })
    }

    /// Whether everything stays as it was sent.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.path.is_none() && self.authority.is_none()
    }

    /// The authority that a request is given; none if it keeps its own.
    #[must_use]
    pub const fn new_authority(&self) -> Option<&HeaderValue> {
        self.authority.as_ref()
    }

    /// How the path is made; none if it stays.
    #[must_use]
    pub const fn new_path(&self) -> Option<&PathRewrite> {
        self.path.as_ref()
    }

    /// The path that a request is given, with the query that it has, where this condition took it; none if it keeps its
    /// own, which it does too where what comes out is no path.
    #[must_use]
    pub fn path_and_query(&self, sent: &Uri, taken: Option<&Condition>) -> Option<PathAndQuery> {
        self.path.as_ref()?.target(sent, taken)?.parse().ok()
    }
}

impl PathRewrite {
    /// Path and query.
    pub(super) fn target(&self, sent: &Uri, taken: Option<&Condition>) -> Option<String> {
        // `OPTIONS *` and `CONNECT` ask for no path.
        let path = self.of(Some(sent.path()).filter(|path| path.starts_with('/'))?, taken)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let query = sent.query().filter(|_| !path.contains('?'));
        Some(match query {
            Some(query) => format!("{slash}{path}?{query}"),
            None => format!("{slash}{path}"),
        })
    }
}

impl fmt::Display for PathRewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            How::Matched(text) => write!(f, "`{text}` in the place of what was matched"),
            How::Regex { pattern, written, .. } => {
                write!(f, "`{written}` in the place of `{}`", pattern.text())
            }
        }
    }
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_ref().map(|path| format!("path: {path}"));
        let authority = self.authority.as_ref().and_then(|authority| authority.to_str().ok());
        let authority = authority.map(|authority| format!("authority: `{authority}`"));
        let said: Vec<_> = path.into_iter().chain(authority).collect();
        f.write_str(&said.join(", "))
    }
}
