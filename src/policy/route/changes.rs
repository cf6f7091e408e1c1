//! What is changed of headers on the way.

use http::{HeaderMap, HeaderName, HeaderValue, header::HOST};

use super::{Field, SettingsError};

/// What is changed of headers: first some are removed, then some are set, then lines are added.
///
/// ```
/// use http::HeaderMap;
/// use tower_mesh::policy::route::HeaderChanges;
///
/// let changes = HeaderChanges::builder().remove("cookie").set("x-version", "v2").add("via", "mesh").build()?;
/// let mut headers = HeaderMap::new();
/// headers.insert("cookie", "a=b".parse()?);
/// changes.apply(&mut headers);
/// assert_eq!(headers.len(), 2);
/// assert_eq!(headers["x-version"], "v2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderChanges(
    /// None if there are none: nearly all routes have none, and each has four of these.
    Option<Box<Changes>>,
);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Changes {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
}

impl HeaderChanges {
    /// No change yet.
    pub fn builder() -> HeaderChangesBuilder {
        HeaderChangesBuilder::default()
    }

    /// Whether nothing is changed.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Changes these headers.
    pub fn apply(&self, headers: &mut HeaderMap) {
        self.remove_from(headers);
        self.put_into(headers);
    }

    /// The first half of it.
    pub(crate) fn remove_from(&self, headers: &mut HeaderMap) {
        for name in self.removed() {
            headers.remove(name);
        }
    }

    /// The second half.
    pub(crate) fn put_into(&self, headers: &mut HeaderMap) {
        for (name, value) in self.set() {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in self.added() {
            headers.append(name.clone(), value.clone());
        }
    }

    /// The names that are removed.
    pub fn removed(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().flat_map(|changes| &changes.remove)
    }

    /// What is set, in its order.
    pub fn set(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().flat_map(|changes| &changes.set).map(|(name, value)| (name, value))
    }

    /// What is added, in its order.
    pub fn added(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().flat_map(|changes| &changes.add).map(|(name, value)| (name, value))
    }
}

/// Collects [`HeaderChanges`].
#[derive(Debug, Clone, Default)]
#[must_use = "changes come out of `build`"]
pub struct HeaderChangesBuilder {
    changes: Changes,
    wrong: Option<SettingsError>,
}

impl HeaderChangesBuilder {
    /// Takes a header off, with all its lines.
    pub fn remove(mut self, name: &str) -> Self {
        if let Some(name) = self.name(name) {
            self.changes.remove.push(name);
        }
        self
    }

    /// Gives a header this value, instead of what it had.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        if let Some(header) = self.header(name, value) {
            self.changes.set.push(header);
        }
        self
    }

    /// Adds a line to a header, beside what it had.
    pub fn add(mut self, name: &str, value: &str) -> Self {
        if let Some(header) = self.header(name, value) {
            self.changes.add.push(header);
        }
        self
    }

    /// The changes.
    ///
    /// # Errors
    ///
    /// A name or a value that is none, or a header that must stay as it is.
    pub fn build(self) -> Result<HeaderChanges, SettingsError> {
        let Self { changes, wrong } = self;
        let some = (changes != Changes::default()).then(|| Box::new(changes));
        wrong.map_or(Ok(HeaderChanges(some)), Err)
    }

    fn header(&mut self, name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
        let name = self.name(name)?;
        let value = HeaderValue::try_from(value)
            .map_err(|_| SettingsError::new(Field::HeaderValue, format!("{value:?}")));
        Some((name, self.keep(value)?))
    }

    fn name(&mut self, name: &str) -> Option<HeaderName> {
        let wrong = || SettingsError::new(Field::ChangedHeader, format!("`{name}`"));
        let name = HeaderName::try_from(name).map_err(|_| wrong()).and_then(|name| match name == HOST {
            true => Err(wrong()),
            false => Ok(name),
        });
        self.keep(name)
    }

    /// Of several things that are wrong the first is told.
    fn keep<T>(&mut self, found: Result<T, SettingsError>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
                None
            }
        }
    }
}
