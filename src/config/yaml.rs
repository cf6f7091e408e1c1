//! Text to trees: the only file that knows a YAML library.
//!
//! The library resolves scalars, aliases and merges and refuses what would blow up; it gets one document at a time, so
//! that one that is broken does not hide the errors of the others.

use std::{fmt, ops::Range};

use serde::{Deserialize, Deserializer, de};
use serde_saphyr::{DuplicateKeyPolicy, Error as Saphyr, NonFiniteFloatPolicy, Spanned};

use super::{
    cut::cut,
    source::Position,
    tree::{Entry, Node, Number, Place, Value},
};

/// Mappings and lists inside each other. The library takes 40 KiB of stack for each when it is not optimised, and a
/// thread of tokio's has 2 MiB.
const DEPTH: usize = 32;
/// Values of all documents together, aliases written out: as many as the text has bytes, which is more than can be written
/// plainly, and in a short text this many.
const VALUES: usize = 250_000;
/// Documents in one text.
const DOCUMENTS: usize = 100_000;

/// One document, or why there is none.
pub(super) struct Parsed {
    /// The lines it takes, counted from 0.
    pub(super) lines: Range<usize>,
    pub(super) result: Result<Node, Fault>,
}

/// Why a document could not be parsed.
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) message: String,
    /// Nothing behind it was looked at.
    last: bool,
}

/// The documents of a text that has no byte-order mark; empty ones are left out.
pub(super) fn documents(text: &str) -> Vec<Parsed> {
    let limit = text.len().max(VALUES);
    let mut nodes = limit;
    let mut parsed = Vec::new();
    for (lines, bytes) in cut(text) {
        let piece = Piece { text: &text[bytes], line: lines.start, limit };
        let place = Place { at: Position::new(lines.start + 1, 1), width: 1 };
        let result = if parsed.len() == DOCUMENTS {
            Err(Fault {
                place,
                message: format!("the text holds more than {DOCUMENTS} documents"),
                last: true,
            })
        } else {
            piece.parse(&mut nodes)
        };
        let last = matches!(&result, Err(Fault { last: true, .. }));
        if !matches!(&result, Ok(Node { value: Value::Null, .. })) {
            parsed.push(Parsed { lines, result });
        }
        if last {
            break;
        }
    }
    parsed
}

struct Piece<'a> {
    text: &'a str,
    /// Lines before it.
    line: usize,
    /// How many values the whole text may have.
    limit: usize,
}

impl Piece<'_> {
    fn parse(&self, nodes: &mut usize) -> Result<Node, Fault> {
        let raw = self.read(DuplicateKeyPolicy::Error).map_err(|error| self.fault(error))?;
        self.node(raw, nodes).ok_or_else(|| Fault {
            place: Place { at: Position::new(self.line + 1, 1), width: 1 },
            message: format!("the text is too large: more than {} values, aliases written out", self.limit),
            last: true,
        })
    }

    fn read(&self, duplicate_keys: DuplicateKeyPolicy) -> Result<Spanned<Raw>, Saphyr> {
        let options = serde_saphyr::options! {
            with_snippet: false,
            duplicate_keys: duplicate_keys,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 50_000 },
            budget: serde_saphyr::budget! {
                max_depth: DEPTH,
                flow_nesting_limit: DEPTH,
                max_nodes: self.limit,
                max_events: self.limit.saturating_mul(2),
                max_total_scalar_bytes: usize::MAX,
            },
        };
        serde_saphyr::from_str_with_options(self.text, options)
    }

    /// `None` when the tree would have more nodes than are left.
    fn node(&self, raw: Spanned<Raw>, nodes: &mut usize) -> Option<Node> {
        *nodes = nodes.checked_sub(1)?;
        let written = self.written(&raw);
        let (at, mut width) = (self.position(raw.defined), line_width(written));
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool(value) => Value::Bool(value, written.into()),
            Raw::Number(value) => Value::Number(value, written.into()),
            Raw::Text(text) => Value::Text(text),
            Raw::List(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, nodes)).collect::<Option<_>>()?)
            }
            Raw::Map(entries) => {
                let entries: Vec<_> =
                    entries.into_iter().map(|entry| self.entry(entry, nodes)).collect::<Option<_>>()?;
                width = entries
                    .first()
                    .filter(|entry| entry.at == at)
                    .map_or(1, |entry| Place::of_key(entry).width);
                Value::Map(entries)
            }
        };
        Some(Node { at, width: width.max(1), value })
    }

    fn entry(&self, (key, value): (Spanned<Raw>, Spanned<Raw>), nodes: &mut usize) -> Option<Entry> {
        let at = self.position(key.defined);
        let written = self.written(&key).to_owned();
        let key = if let Raw::Text(text) = key.value { text } else { written };
        Some(Entry { key, at, value: self.node(value, nodes)? })
    }

    /// The bytes of a scalar.
    fn written(&self, raw: &Spanned<Raw>) -> &str {
        let span = raw.defined.span();
        let bytes = span.byte_offset().zip(span.byte_len());
        let range = bytes
            .and_then(|(start, len)| Some(usize::try_from(start).ok()?..usize::try_from(start + len).ok()?));
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    fn position(&self, at: serde_saphyr::Location) -> Position {
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX).max(1);
        Position::new(number(at.line()).saturating_add(self.line), number(at.column()))
    }

    fn fault(&self, error: Saphyr) -> Fault {
        if let Saphyr::AliasError { error, .. } = error {
            return self.fault(*error);
        }
        let at = error.location().map_or(Position::new(self.line + 1, 1), |at| self.position(at));
        let (mut width, mut last) = (1, false);
        let message = match &error {
            Saphyr::DuplicateMappingKey { key: Some(key), .. } => {
                width = key.chars().count().max(1);
                let first = self.first_of(key, at);
                let first = first
                    .map_or(String::new(), |at| format!("; first at line {}, column {}", at.line, at.column));
                format!("the key `{key}` is given twice in one mapping{first}")
            }
            Saphyr::DuplicateMappingKey { .. } => "a key is given twice in one mapping".into(),
            Saphyr::UnknownAnchor { .. } => {
                "this alias names no anchor before it in the same document".into()
            }
            Saphyr::RecursiveReferencesRequireWeakTypes { .. } => {
                "this alias stands inside the value it names".into()
            }
            Saphyr::AliasReplayLimitExceeded { .. } | Saphyr::AliasReplayStackDepthExceeded { .. } => {
                last = true;
                "the aliases, written out, would be too large".into()
            }
            Saphyr::Budget { breach: serde_saphyr::budget::BudgetBreach::Depth { .. }, .. } => too_deep(),
            Saphyr::Budget { .. } => {
                last = true;
                "the text is too large".into()
            }
            other => match plain(other) {
                message if message.starts_with("recursion limit") => too_deep(),
                message => format!("this is not YAML: {message}"),
            },
        };
        Fault { place: Place { at, width }, message, last }
    }

    /// Where the mapping that says `key` again at `second` said it first.
    fn first_of(&self, key: &str, second: Position) -> Option<Position> {
        let raw = self.read(DuplicateKeyPolicy::FirstWins).ok()?;
        let tree = self.node(raw, &mut { self.limit })?;
        let mut found = Vec::new();
        let mut todo = vec![&tree];
        while let Some(node) = todo.pop() {
            found.extend(node.entry(key).map(|entry| entry.at));
            todo.extend(node.entries().iter().map(|entry| &entry.value));
            if let Value::List(items) = &node.value {
                todo.extend(items);
            }
        }
        // Between two keys of one block mapping everything stands further right.
        let before = || found.iter().filter(|at| **at < second);
        before().filter(|at| at.column == second.column).max().or_else(|| before().max()).copied()
    }
}

fn too_deep() -> String {
    format!("mappings and lists stand more than {DEPTH} deep inside each other")
}

/// The library's sentence without its own location.
fn plain(error: &Saphyr) -> String {
    let text = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    text.split(" at line ").next().unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

fn line_width(written: &str) -> usize {
    written.split(['\n', '\r']).next().unwrap_or_default().trim_end().chars().count()
}

enum Raw {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<Self>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> de::Visitor<'de> for Anything {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(Number::Signed(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(Number::Float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
