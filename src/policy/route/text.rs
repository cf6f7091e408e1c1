//! How a value has to be.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

use super::{Field, SettingsError};

/// How a value has to be: exactly so, with this beginning, or as a regular expression says.
///
/// ```
/// use tower_mesh::policy::route::TextMatch;
///
/// assert!(TextMatch::prefix("/product").matches(b"/productpage"));
/// assert!(!TextMatch::regex("/b[io]t")?.matches(b"/bite")); // all of the value
/// assert!(TextMatch::exact("/Login").ignoring_case().matches(b"/login"));
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TextMatch {
    kind: Kind,
    ignore_case: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Exact(Box<str>),
    Prefix(Box<str>),
    Regex(Box<Pattern>),
}

impl TextMatch {
    /// Exactly this.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { kind: Kind::Exact(text.into()), ignore_case: false }
    }

    /// This, and anything behind it.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self { kind: Kind::Prefix(text.into()), ignore_case: false }
    }

    /// As this regular expression says, from the first byte to the last.
    ///
    /// The syntax is RE2's: `\d`, `\w` and `\s` are ASCII's. One that names characters beyond ASCII is taken by Unicode.
    ///
    /// # Errors
    ///
    /// It is no such expression, or one that is too large.
    pub fn regex(pattern: &str) -> Result<Self, SettingsError> {
        let pattern = Pattern::whole(pattern)?;
        Ok(Self { kind: Kind::Regex(Box::new(pattern)), ignore_case: false })
    }

    /// The same in capital and small letters of ASCII. A regular expression stays as it is.
    #[must_use]
    pub fn ignoring_case(self) -> Self {
        match self.kind {
            Kind::Regex(_) => self,
            kind => Self { kind, ignore_case: true },
        }
    }

    /// Whether a value is as it has to be.
    #[must_use]
    #[inline]
    pub fn matches(&self, value: &[u8]) -> bool {
        match (&self.kind, self.ignore_case) {
            (Kind::Exact(text), false) => text.as_bytes() == value,
            (Kind::Exact(text), true) => text.as_bytes().eq_ignore_ascii_case(value),
            (Kind::Prefix(text), false) => value.starts_with(text.as_bytes()),
            (Kind::Prefix(text), true) => {
                value.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text.as_bytes()))
            }
            (Kind::Regex(pattern), _) => pattern.regex.is_match(value),
        }
    }

    /// Whether every value that `other` takes is taken by this too, as far as that can be told.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.takes_all() {
            return true;
        }
        // What looks at case takes less, unless there is no case to look at.
        let fixed = |text: &str| !other.ignore_case || !text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let same = |own: &str, text: &str| match self.ignore_case {
            true => own.eq_ignore_ascii_case(text),
            false => own == text && fixed(own),
        };
        match (&self.kind, &other.kind) {
            (Kind::Exact(own), Kind::Exact(text)) => same(own, text),
            (Kind::Prefix(own), Kind::Exact(text) | Kind::Prefix(text)) => {
                text.get(..own.len()).is_some_and(|begin| same(own, begin))
            }
            (Kind::Regex(own), Kind::Exact(text)) => fixed(text) && own.regex.is_match(text.as_bytes()),
            (Kind::Regex(own), Kind::Regex(other)) => own.text == other.text,
            (Kind::Exact(_), Kind::Prefix(_) | Kind::Regex(_))
            | (Kind::Prefix(_), Kind::Regex(_))
            | (Kind::Regex(_), Kind::Prefix(_)) => false,
        }
    }

    fn takes_all(&self) -> bool {
        match &self.kind {
            Kind::Exact(_) => false,
            Kind::Prefix(text) => text.is_empty(),
            Kind::Regex(pattern) => matches!(&*pattern.text, ".*" | "^.*$" | "^.*" | ".*$"),
        }
    }

    /// The text that a value has to begin with, if it does not matter what follows and case counts.
    pub(super) fn as_prefix(&self) -> Option<&str> {
        match &self.kind {
            Kind::Prefix(text) if !self.ignore_case => Some(text),
            _ => None,
        }
    }

    /// The text that a value has to be, if case counts.
    pub(super) fn as_exact(&self) -> Option<&str> {
        match &self.kind {
            Kind::Exact(text) if !self.ignore_case => Some(text),
            _ => None,
        }
    }

    pub(super) const fn kind(&self) -> &Kind {
        &self.kind
    }
}

/// In which form it is said how a value has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    /// "is", "begins with".
    Is,
    /// "is not", "does not begin with".
    IsNot,
    /// "be", "begin with", after "must".
    Be,
}

/// How a value has to be, in words.
pub(super) struct Said<'t>(&'t TextMatch, Verb);

impl TextMatch {
    pub(super) const fn said(&self, verb: Verb) -> Said<'_> {
        Said(self, verb)
    }
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(TextMatch { kind, ignore_case }, verb) = self;
        let [is, is_not, be] = match kind {
            Kind::Exact(_) => ["is", "is not", "be"],
            Kind::Prefix(_) => ["begins with", "does not begin with", "begin with"],
            Kind::Regex(_) => ["matches", "does not match", "match"],
        };
        f.write_str(match verb {
            Verb::Is => is,
            Verb::IsNot => is_not,
            Verb::Be => be,
        })?;
        match kind {
            Kind::Exact(text) if text.is_empty() => f.write_str(" empty"),
            Kind::Exact(text) | Kind::Prefix(text) => write!(f, " `{text}`"),
            Kind::Regex(pattern) => write!(f, " `{}`", pattern.text),
        }?;
        f.write_str(if *ignore_case { " (in any case)" } else { "" })
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said(Verb::Is).fmt(f)
    }
}

/// A regular expression and its text, by which it is compared.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: Box<str>,
    pub(super) regex: Regex,
}

/// As Istio has it.
const LONGEST: usize = 1024;

/// What a compiled expression may take.
const LARGEST: usize = 1 << 20;

impl Pattern {
    /// One that matches a whole value.
    fn whole(text: &str) -> Result<Self, SettingsError> {
        // Judged alone first: a `)` too many must not close the group that is put around it.
        let Self { text, .. } = Self::anywhere(text)?;
        let around = |group: &str| compiled(&format!(r"\A(?:{group})\z"));
        let regex = around(&text).map_err(|error| wrong(&text, &error))?;
        Ok(Self { text, regex })
    }

    /// One that matches a part of a value.
    pub(super) fn anywhere(text: &str) -> Result<Self, SettingsError> {
        if text.is_empty() || text.len() > LONGEST {
            let found =
                if text.is_empty() { "empty".to_owned() } else { format!("{} bytes long", text.len()) };
            return Err(SettingsError::new(Field::Regex, found));
        }
        let regex = compiled(text).map_err(|error| wrong(text, &error))?;
        Ok(Self { text: text.into(), regex })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// RE2's classes are ASCII's; where an expression needs Unicode it says so by what it names.
fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    let with = |unicode: bool| RegexBuilder::new(pattern).unicode(unicode).size_limit(LARGEST).build();
    with(false).or_else(|_| with(true))
}

fn wrong(text: &str, error: &regex::Error) -> SettingsError {
    let why = match error {
        regex::Error::CompiledTooBig(_) => "too large once it is compiled".to_owned(),
        // The last line of several says what is wrong; the others point at it.
        other => {
            let told = other.to_string();
            let last = told.lines().last().unwrap_or_default().trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    SettingsError::new(Field::Regex, format!("`{text}` ({why})"))
}
