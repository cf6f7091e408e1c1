//! Trees to structs, so that every complaint knows its place.
//!
//! A serde deserializer over [`Node`]. It differs from a YAML library's in five ways: an error names file, line, path,
//! what was found and what is accepted; a field nobody knows is noted and passed over; `null` is the same as absent;
//! after an error it goes on without the value, so that one run tells all errors of a document; and a proto message is
//! read as one ([`proto`]).

use std::{cell::RefCell, sync::Arc};

use serde::{
    Deserializer,
    de::{DeserializeOwned, IntoDeserializer, Visitor},
    forward_to_deserialize_any,
};

use super::{
    access::{Fields, Items, Names},
    error::{Error, Errors},
    failure::{Failure, Located, Trouble},
    finding::{Finding, FindingKind},
    path::{Step, Trail, join},
    proto, ratio,
    source::{Location, Source},
    tree::{Node, Number, Place, Value},
};

/// Errors of one tree that are looked for.
const ERRORS: usize = 64;

/// Reads `T` from a node that stands at the path `base`, with all errors and, if there are none, all findings.
pub(super) fn read<T: DeserializeOwned>(
    node: &Node,
    base: &str,
    source: &Arc<Source>,
) -> Result<(T, Vec<Finding>), Errors> {
    let mut context = Context::new(base, source);
    let mut errors: Vec<Error> = Vec::new();
    loop {
        let found = T::deserialize(NodeDeserializer { node, trail: None, context: &context });
        let failure = match found {
            Ok(value) => return Errors::unless_empty(errors, (value, context.findings.into_inner())),
            Err(failure) => failure.at(&NodeDeserializer { node, trail: None, context: &context }),
        };
        let Located { error, path, missing } = failure;
        // A field that is missing only because its own error was skipped is not told again.
        let told = missing.is_some_and(|field| context.skips(&join(&path, field)));
        if !told || errors.is_empty() {
            errors.push(error);
        }
        if path == base || context.skips(&path) || errors.len() == ERRORS {
            return Err(Errors(errors));
        }
        context.skipped.push(path);
        context.findings.take();
    }
}

pub(super) struct Context {
    source: Arc<Source>,
    pub(super) base: String,
    pub(super) skipped: Vec<String>,
    findings: RefCell<Vec<Finding>>,
}

impl Context {
    fn new(base: &str, source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            base: base.to_owned(),
            skipped: Vec::new(),
            findings: RefCell::default(),
        }
    }

    pub(super) fn skips(&self, path: &str) -> bool {
        self.skipped.iter().any(|skipped| skipped == path)
    }
}

#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'a> {
    pub(super) node: &'a Node,
    pub(super) trail: Option<&'a Trail<'a>>,
    pub(super) context: &'a Context,
}

impl NodeDeserializer<'_> {
    pub(super) fn path(&self) -> String {
        let trail = self.trail.map_or_else(String::new, ToString::to_string);
        join(&self.context.base, &trail)
    }

    pub(super) fn location(&self, place: Place) -> Location {
        Location { source: Arc::clone(&self.context.source), at: place.at, width: place.width }
    }

    pub(super) fn note(&self, place: Place, path: String, kind: FindingKind) {
        self.context.findings.borrow_mut().push(Finding { location: self.location(place), path, kind });
    }

    /// Runs a visitor and gives its complaint this place, unless one further down has given it its own.
    fn visited<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| Failure::from(failure.at(self)))
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, Failure> {
        self.visited(Err(Trouble::Wrong(expected.to_owned()).into()))
    }

    /// A number, out of quotes too.
    fn number<'de, V: Visitor<'de>>(self, visitor: V, whole: bool) -> Result<V::Value, Failure> {
        if matches!(self.node.value, Value::Number(Number::Float(number), _) if !whole && !number.is_finite())
        {
            return self.wrong("a number: a finite one, such as 50 or 0.5");
        }
        let number = self.node.text().and_then(|text| quoted(text, whole));
        let Some(number) = number else { return self.deserialize_any(visitor) };
        let value = self.visited(visit_number(number, visitor))?;
        self.note(Place::of(self.node), self.path(), FindingKind::QuotedNumber);
        Ok(value)
    }
}

/// The ways to say how a text must be, with this one: `{exact: "/status"}`, …
fn listed_ways(ways: &[&str], text: &str) -> String {
    ways.iter().map(|way| format!("`{{{way}: {text:?}}}`")).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str, whole: bool) -> Option<Number> {
    if let Ok(number) = text.parse() {
        return Some(Number::Unsigned(number));
    }
    if let Ok(number) = text.parse() {
        return Some(Number::Signed(number));
    }
    text.parse().ok().filter(|number: &f64| !whole && number.is_finite()).map(Number::Float)
}

fn visit_number<'de, V: Visitor<'de>>(number: Number, visitor: V) -> Result<V::Value, Failure> {
    match number {
        Number::Unsigned(number) => visitor.visit_u64(number),
        Number::Signed(number) => visitor.visit_i64(number),
        Number::Float(number) => visitor.visit_f64(number),
    }
}

macro_rules! numbers {
    ($($method:ident: $whole:literal)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.number(visitor, $whole)
        })*
    };
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.visited(match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value, _) => visitor.visit_bool(*value),
            Value::Number(number, _) => visit_number(*number, visitor),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items::new(self, items)),
            Value::Map(entries) => visitor.visit_map(Fields::new(self, entries, None)),
        })
    }

    numbers! {
        deserialize_i8: true deserialize_i16: true deserialize_i32: true deserialize_i64: true
        deserialize_u8: true deserialize_u16: true deserialize_u32: true deserialize_u64: true
        deserialize_f32: false deserialize_f64: false
    }

    /// Only an owned string takes what looks like something else: a duration must not take `60`.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let (Value::Bool(_, written) | Value::Number(_, written)) = &self.node.value else {
            return self.deserialize_any(visitor);
        };
        let value = self.visited(visitor.visit_str(written))?;
        self.note(Place::of(self.node), self.path(), FindingKind::UnquotedText);
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let value = visitor.visit_newtype_struct(self)?;
        if name == ratio::NAME && self.node.text().is_some() {
            self.note(Place::of(self.node), self.path(), FindingKind::QuotedNumber);
        }
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let entries = match &self.node.value {
            Value::Map(entries) => entries.as_slice(),
            // Only an item, or a value of a free mapping: a field that is null is absent.
            Value::Null if proto::is_message(name) => &[],
            // The number alone, where the block has but one field: `percentage: 50`.
            Value::Number(_, written) if fields.len() == 1 => {
                return self.wrong(&format!("a mapping: `{{{}: {written}}}`", fields[0]));
            }
            // The text alone: `uri: /status`.
            Value::Text(text) if proto::is_text(name) => {
                return self.wrong(&format!("a mapping: {}", listed_ways(fields, text)));
            }
            _ => return self.wrong("a mapping"),
        };
        // A fragment that was pasted with its own name above it is read as if it had none.
        if let [entry] = entries
            && (self.trail.is_none() && self.context.base.is_empty() && !fields.contains(&&*entry.key))
            && entry.key.eq_ignore_ascii_case(proto::plain(name))
        {
            let trail = Trail { up: None, step: Step::Key(&entry.key) };
            let inner = NodeDeserializer { node: &entry.value, trail: Some(&trail), context: self.context };
            return inner.deserialize_struct(name, fields, visitor);
        }
        let names = Names { all: fields, is_message: proto::is_message(name) };
        self.visited(visitor.visit_map(Fields::new(self, entries, Some(names))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        // The variants of a proto enum stand in the order of their numbers.
        let numbered = match self.node.value {
            Value::Number(Number::Unsigned(number), _) if proto::is_message(name) => {
                usize::try_from(number).ok().and_then(|number| variants.get(number)).copied()
            }
            _ => None,
        };
        match numbered.or_else(|| self.node.text()) {
            Some(text) => self.visited(visitor.visit_enum(text.into_deserializer())),
            None => self.visited(Err(Trouble::Variant(variants).into())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i128 u128 char str bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
    }
}
