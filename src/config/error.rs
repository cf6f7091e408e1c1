//! What is wrong with a text, said as a good compiler says it.
//!
//! The floor above, which judges what values mean, makes its errors with [`Error::at`], so that they look the same.

use std::fmt;

use super::{Document, snippet, source::Location};

/// One thing that is wrong: where, what was found, what would be accepted, and a hint where one exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    message: String,
    location: Option<Location>,
    path: String,
    accepted: Option<String>,
    hints: Vec<String>,
}

impl Error {
    /// An error about the value at `path` (`spec.host`) of a document; the nearest value that exists is shown.
    pub fn at(document: &Document, path: &str, message: impl Into<String>) -> Self {
        Self::located(document.locate_nearest(path), document.full_path(path), message)
    }

    /// What would be accepted instead.
    #[must_use]
    pub fn accepted(mut self, accepted: impl Into<String>) -> Self {
        self.0.accepted = Some(accepted.into());
        self
    }

    /// What to do about it; may be called again for another hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Where it is.
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// The dotted path of the value, such as `spec.http[0]`; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The sentence that names the field and what was found.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The hints, possibly none.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }

    pub(super) fn located(location: Location, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            location: Some(location),
            path: path.into(),
            accepted: None,
            hints: Vec::new(),
        }))
    }

    /// The same of what has no text: the path is told instead of the place.
    pub(crate) fn without_place(self) -> Self {
        let Inner { message, path, accepted, hints, .. } = *self.0;
        let path = path.strip_prefix("spec.").unwrap_or(&path);
        let message = if path.is_empty() { message } else { format!("{path}: {message}") };
        Self(Box::new(Inner { message, location: None, path: path.to_owned(), accepted, hints }))
    }

    /// An error about a text as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            message,
            location: None,
            path: String::new(),
            accepted: None,
            hints: Vec::new(),
        }))
    }

    pub(super) fn maybe_accepted(mut self, accepted: Option<String>) -> Self {
        self.0.accepted = accepted;
        self
    }

    pub(super) fn also_hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.0.hints.extend(hints);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, location, path, accepted, hints } = &*self.0;
        write!(f, "error: {message}")?;
        let mut gutter = 2;
        if let Some(location) = location {
            write!(f, "\n{:gutter$}--> {location}", "")?;
            if !path.is_empty() {
                write!(f, ", {path}")?;
            }
            writeln!(f)?;
            gutter = snippet::write(f, location)?;
        } else if accepted.is_some() || !hints.is_empty() {
            writeln!(f)?;
        }
        let mut lines = Vec::new();
        lines.extend(accepted.iter().map(|accepted| format!("{:gutter$} = accepted: {accepted}", "")));
        lines.extend(hints.iter().map(|hint| format!("{:gutter$} = hint: {hint}", "")));
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Error {}

/// Everything that is wrong with a text: at least one [`Error`], in the order of the text.
///
/// ```
/// let errors = tower_mesh::config::load("kind: [", Some("policy.yaml")).unwrap_err();
/// let error = errors.iter().next().unwrap();
/// assert_eq!(error.location().unwrap().to_string(), "policy.yaml:1:7");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Errors(pub(super) Vec<Error>);

impl Errors {
    /// `Ok(value)` if nothing is wrong, else everything that is.
    ///
    /// # Errors
    ///
    /// The errors, if there are any.
    pub fn unless_empty<T>(errors: Vec<Error>, value: T) -> Result<T, Self> {
        if errors.is_empty() { Ok(value) } else { Err(Self(errors)) }
    }

    /// The errors, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Error> {
        self.0.iter()
    }
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl Extend<Error> for Errors {
    fn extend<I: IntoIterator<Item = Error>>(&mut self, errors: I) {
        self.0.extend(errors);
    }
}

impl IntoIterator for Errors {
    type Item = Error;
    type IntoIter = std::vec::IntoIter<Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Errors {
    type Item = &'a Error;
    type IntoIter = std::slice::Iter<'a, Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "\n\n" })?;
            // The snippet ends its last line itself; a bare error would double the break.
            f.write_str(error.to_string().trim_end())?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}
