//! serde's complaints, turned into sentences.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use super::{
    de::NodeDeserializer,
    error::Error,
    hint,
    path::last,
    tree::{Entry, Place},
    unknown::{listed, nearest},
};

/// A complaint, first without its place and then with it.
#[derive(Debug)]
pub(super) enum Failure {
    Bare(Trouble),
    Located(Box<Located>),
}

/// A complaint with its place.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) error: Error,
    pub(super) path: String,
    /// The field that is missing, if that is the complaint.
    pub(super) missing: Option<&'static str>,
}

/// What serde has to complain about.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The value should be this.
    Wrong(String),
    /// The text should be one of these.
    Variant(&'static [&'static str]),
    Missing(&'static str),
    Said(String),
}

impl Failure {
    /// Gives the complaint the place of `de`, if it has none yet.
    pub(super) fn at(self, de: &NodeDeserializer<'_>) -> Located {
        let trouble = match self {
            Self::Located(located) => return *located,
            Self::Bare(trouble) => trouble,
        };
        let path = de.path();
        let name = if path.is_empty() { "the document".to_owned() } else { format!("`{}`", last(&path)) };
        let (node, mut accepted, mut missing) = (de.node, None, None);
        let (message, hint) = match trouble {
            Trouble::Wrong(expected) => {
                let (what, more) = words(&expected);
                accepted = more;
                (format!("{name} must be {what}, found {node}"), hint::value(&what, node))
            }
            Trouble::Variant(names) => {
                accepted = Some(listed(names));
                let meant = node.text().and_then(|text| nearest(text, names));
                (format!("{name} cannot be {node}"), meant.map(|meant| format!("did you mean `{meant}`?")))
            }
            Trouble::Missing(field) => {
                missing = Some(field);
                let meant = node.entries().iter().find(|entry| nearest(&entry.key, &[field]).is_some());
                let hint = meant.map(|Entry { key, at, .. }| match *key == *field {
                    true => format!("`{key}` stands at line {} without a value", at.line),
                    false => format!("line {} has `{key}`: write `{field}`", at.line),
                });
                (format!("{name} lacks the required field `{field}`"), hint)
            }
            Trouble::Said(said) => {
                let hint = node.text().filter(|_| said.contains("duration")).and_then(hint::duration);
                (format!("{name}: {said}"), hint)
            }
        };
        let location = de.location(Place::of(node));
        let error = Error::located(location, &*path, message).maybe_accepted(accepted).also_hints(hint);
        Located { error, path, missing }
    }
}

/// What a visitor expects, in words, and what more is to be said about it behind a colon.
fn words(expected: &str) -> (String, Option<String>) {
    let whole = |from: &dyn fmt::Display, to: &dyn fmt::Display| {
        ("a whole number".to_owned(), Some(format!("{from} to {to}")))
    };
    let what = match expected {
        "u8" => return whole(&u8::MIN, &u8::MAX),
        "u16" => return whole(&u16::MIN, &u16::MAX),
        "u32" => return whole(&u32::MIN, &u32::MAX),
        "u64" => return whole(&u64::MIN, &u64::MAX),
        "i8" => return whole(&i8::MIN, &i8::MAX),
        "i16" => return whole(&i16::MIN, &i16::MAX),
        "i32" => return whole(&i32::MIN, &i32::MAX),
        "i64" => return whole(&i64::MIN, &i64::MAX),
        "f32" | "f64" => "a number",
        "a string" | "a borrowed string" => "a text",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => "a mapping",
        other => match other.split_once(": ") {
            Some((what, more)) => return (what.to_owned(), Some(more.to_owned())),
            None => other,
        },
    };
    (what.to_owned(), None)
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Bare(trouble)
    }
}

impl From<Located> for Failure {
    fn from(located: Located) -> Self {
        Self::Located(Box::new(located))
    }
}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(said: T) -> Self {
        Trouble::Said(said.to_string()).into()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Trouble::Wrong(expected.to_string()).into()
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Trouble::Wrong(expected.to_string()).into()
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Trouble::Variant(expected).into()
    }

    fn missing_field(field: &'static str) -> Self {
        Trouble::Missing(field).into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(trouble) => write!(f, "{trouble:?}"),
            Self::Located(located) => located.error.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}
