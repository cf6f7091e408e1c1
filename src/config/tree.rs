//! A YAML document as a tree in which everything knows where it stands.
//!
//! Keys keep their order and their place, numbers keep the text they were written as. A value that came through an
//! alias or a merge stands where it was written, not where it was used.

use std::fmt;

use super::{path::Step, proto, source::Position};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub(super) at: Position,
    /// How many characters it takes on its first line.
    pub(super) width: usize,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true`, `false`, and what YAML 1.1 (so Kubernetes too) takes for them: `yes`, `off`, …
    Bool(bool, Written),
    /// A plain number.
    Number(Number, Written),
    /// A text, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// A scalar as it was written: `0.10`, `yes`.
pub type Written = Box<str>;

/// A number, in the first form that can hold it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// Everything else, not necessarily finite.
    Float(f64),
}

/// A key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The key as it was written, without quotes.
    pub key: String,
    /// Where the key stands.
    pub at: Position,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Where it stands.
    pub fn position(&self) -> Position {
        self.at
    }

    /// What it is.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The entry of a mapping under `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none if it is something else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value under `key`, unless it is absent or null, which mean the same.
    pub(super) fn child(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value).filter(|node| node.value != Value::Null)
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As far down `steps` as the tree goes, and how many steps that was.
    pub(super) fn descend(&self, steps: &[Step<'_>]) -> (Place, usize) {
        let (mut node, mut place) = (self, Place::of(self));
        for (depth, step) in steps.iter().enumerate() {
            let next = match (step, &node.value) {
                (Step::Key(key), Value::Map(_)) => {
                    let original = || node.entries().iter().find(|entry| proto::is_original(&entry.key, key));
                    let entry = node.entry(key).or_else(original);
                    entry.map(|entry| (Place::of_entry(entry), &entry.value))
                }
                (Step::Item(index), Value::List(items)) => {
                    items.get(*index).map(|item| (Place::of(item), item))
                }
                _ => None,
            };
            let Some((found, child)) = next else { return (place, depth) };
            (place, node) = (found, child);
        }
        (place, steps.len())
    }
}

/// A position and how many characters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: Position,
    pub(super) width: usize,
}

impl Place {
    pub(super) fn of(node: &Node) -> Self {
        Self { at: node.at, width: node.width }
    }

    /// A collection is pointed at by its key, a scalar by itself.
    pub(super) fn of_entry(entry: &Entry) -> Self {
        match entry.value.value {
            Value::Null | Value::List(_) | Value::Map(_) => Self::of_key(entry),
            _ => Self::of(&entry.value),
        }
    }

    pub(super) fn of_key(entry: &Entry) -> Self {
        Self { at: entry.at, width: entry.key.chars().count() }
    }
}

/// As an error names what it found: ``the text "ten percent"``.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => f.write_str("nothing"),
            Value::Bool(value, written) if **written == *value.to_string() => write!(f, "`{value}`"),
            Value::Bool(value, written) => write!(f, "`{written}`, which YAML takes for `{value}`"),
            Value::Number(_, written) => write!(f, "the number {written}"),
            Value::Text(text) if text.chars().count() > 60 => {
                write!(f, "the text \"{}…\"", text.chars().take(60).collect::<String>().escape_debug())
            }
            Value::Text(text) => write!(f, "the text {text:?}"),
            Value::List(_) => f.write_str("a list"),
            Value::Map(_) => f.write_str("a mapping"),
        }
    }
}
