//! The items of a list and the entries of a mapping, handed to serde one by one.

use serde::de::{self, IntoDeserializer};

use super::{
    de::NodeDeserializer,
    failure::{Failure, Trouble},
    finding::FindingKind,
    path::{Step, Trail, join},
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

pub(super) struct Fields<'a> {
    entries: std::slice::Iter<'a, Entry>,
    map: NodeDeserializer<'a>,
    /// The names a struct has; `None` for a free mapping.
    names: Option<&'static [&'static str]>,
    value: Option<&'a Entry>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        map: NodeDeserializer<'a>,
        entries: &'a [Entry],
        names: Option<&'static [&'static str]>,
    ) -> Self {
        Self { entries: entries.iter(), map, names, value: None }
    }

    fn path(&self, entry: &Entry) -> String {
        join(&self.map.context.base, &Trail { up: self.map.trail, step: Step::Key(&entry.key) }.to_string())
    }

    /// Whether an entry is to be handed on; one that nobody knows is noted.
    fn wanted(&self, entry: &Entry) -> bool {
        if self.names.is_some_and(|names| !names.contains(&&*entry.key)) {
            let accepted = self.names.unwrap_or_default().to_vec();
            let nearest = nearest(&entry.key, &accepted);
            let kind = FindingKind::UnknownField { name: entry.key.clone(), accepted, nearest };
            self.map.note(Place::of_key(entry), self.path(entry), kind);
            return false;
        }
        let absent = entry.value.value == Value::Null && self.names.is_some();
        !absent && (self.map.context.skipped.is_empty() || !self.map.context.skips(&self.path(entry)))
    }
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Failure;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        while let Some(entry) = self.entries.next() {
            if self.wanted(entry) {
                self.value = Some(entry);
                return seed.deserialize(entry.key.as_str().into_deserializer()).map(Some);
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
