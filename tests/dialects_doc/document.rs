//! Where a field of a row stands in a document.

use serde_json::{Map, Value, json};

/// The key that stands for any key of a free mapping.
const ANY: &str = "x-any";

/// The path by which the library calls a row's field: the first item of each list.
pub(crate) fn path_of(field: &str) -> String {
    let keys: Vec<_> = field.split('.').filter(|key| !key.is_empty()).map(key_of).collect();
    format!("spec.{}", keys.join(".").replace("[]", "[0]"))
}

/// The same without the numbers of items, and without `spec`: what a note's path is compared with.
pub(crate) fn plain(path: &str) -> String {
    let path = path.strip_prefix("spec.").unwrap_or(path);
    let pieces = path.split('[').map(|piece| piece.split_once(']').map_or(piece, |(_, rest)| rest));
    pieces.collect()
}

fn key_of(key: &str) -> &str {
    if key == "*" { ANY } else { key }
}

/// Puts a value at a field, into what is there already.
pub(crate) fn put(spec: &mut Value, field: &str, value: &Value) {
    let mut place = spec;
    for key in field.split('.').filter(|key| !key.is_empty()) {
        let (name, is_list) = key.strip_suffix("[]").map_or((key, false), |name| (name, true));
        if !place.is_object() {
            *place = json!({});
        }
        place = place.as_object_mut().expect("it is one now").entry(key_of(name)).or_insert(Value::Null);
        if is_list {
            if !place.is_array() {
                *place = json!([{}]);
            }
            place = &mut place[0];
        }
    }
    match (place, value) {
        (Value::Object(there), Value::Object(more)) => merge(there, more),
        (place, value) => *place = value.clone(),
    }
}

fn merge(there: &mut Map<String, Value>, more: &Map<String, Value>) {
    there.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
}
