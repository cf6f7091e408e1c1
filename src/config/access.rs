//! The items of a list and the entries of a mapping, handed to serde one by one.

use serde::de::{self, IntoDeserializer};

use super::{
    de::NodeDeserializer,
    failure::{Failure, Trouble},
    finding::FindingKind,
    path::{Step, Trail, join},
    proto,
    tree::{Entry, Node, Place, Value},
    unknown::nearest,
};

pub(super) struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    list: NodeDeserializer<'a>,
}

impl<'a> Items<'a> {
    pub(super) fn new(list: NodeDeserializer<'a>, items: &'a [Node]) -> Self {
        Self { items: items.iter().enumerate(), list }
    }
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        for (index, node) in self.items.by_ref() {
            let trail = Trail { up: self.list.trail, step: Step::Item(index) };
            let item = NodeDeserializer { node, trail: Some(&trail), context: self.list.context };
            if !(item.context.skipped.is_empty()) && item.context.skips(&item.path()) {
                continue;
            }
            return seed.deserialize(item).map(Some);
        }
        Ok(None)
    }
}

/// The fields of a struct.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) all: &'static [&'static str],
    /// Whether the struct is a proto message, whose fields have an original spelling too.
    pub(super) is_message: bool,
}

impl Names {
    /// The field that is written as `key`.
    fn field(self, key: &str) -> Option<&'static str> {
        let original = || self.all.iter().find(|name| self.is_message && proto::is_original(key, name));
        self.all.iter().find(|name| **name == key).or_else(original).copied()
    }
}

pub(super) struct Fields<'a> {
    entries: &'a [Entry],
    next: usize,
    map: NodeDeserializer<'a>,
    /// The names a struct has; `None` for a free mapping.
    names: Option<Names>,
    value: Option<&'a Entry>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: NodeDeserializer<'a>, entries: &'a [Entry], names: Option<Names>) -> Self {
        Self { entries, next: 0, map, names, value: None }
    }

    fn path(&self, entry: &Entry) -> String {
        join(&self.map.context.base, &Trail { up: self.map.trail, step: Step::Key(&entry.key) }.to_string())
    }

    fn note(&self, entry: &Entry, kind: FindingKind) {
        self.map.note(Place::of_key(entry), self.path(entry), kind);
    }

    /// The key under which an entry is to be handed on, if it is; one that nobody knows is noted.
    fn wanted(&self, entry: &'a Entry) -> Option<&'a str> {
        let Some(names) = self.names else { return Some(&*entry.key).filter(|_| self.keeps(entry)) };
        let Some(field) = names.field(&entry.key) else {
            let accepted = names.all.to_vec();
            let nearest = nearest(&entry.key, &accepted);
            self.note(entry, FindingKind::UnknownField { name: entry.key.clone(), accepted, nearest });
            return None;
        };
        if field != entry.key && self.entries.iter().any(|other| other.key == field) {
            self.note(entry, FindingKind::SpelledTwice { name: entry.key.clone(), counts: field });
            return None;
        }
        Some(field).filter(|_| entry.value.value != Value::Null && self.keeps(entry))
    }

    fn keeps(&self, entry: &Entry) -> bool {
        self.map.context.skipped.is_empty() || !self.map.context.skips(&self.path(entry))
    }
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Failure;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        while let Some(entry) = self.entries.get(self.next) {
            self.next += 1;
            if let Some(key) = self.wanted(entry) {
                self.value = Some(entry);
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some(entry) = self.value.take() else {
            return Err(Trouble::Said("a value was asked for before its key".into()).into());
        };
        let trail = Trail { up: self.map.trail, step: Step::Key(&entry.key) };
        let value = NodeDeserializer { node: &entry.value, trail: Some(&trail), context: self.map.context };
        seed.deserialize(value)
    }
}
