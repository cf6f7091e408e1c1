//! The blocks `headers`: what is set, added and removed.

use crate::{
    config::{
        Document,
        istio::{HeaderOperations, Headers},
    },
    mesh::{lower::Lowering, note::NoteKind},
    policy::route::{HeaderChanges, HeaderChangesBuilder},
};

/// What a block changes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) request: HeaderChanges,
    pub(super) response: HeaderChanges,
    /// What it makes of the authority, which is no header to the mesh; of several the first counts.
    pub(super) authorities: Vec<Authority>,
}

/// An authority, and where it is said.
pub(super) struct Authority {
    pub(super) value: String,
    pub(super) path: String,
}

/// What a block changes; what is wrong with it is told.
pub(super) fn of(
    document: &Document,
    block: Option<&Headers>,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Changes {
    let Some(Headers { request, response, .. }) = block else { return Changes::default() };
    let mut changes = Changes::default();
    if let Some(request) = request {
        let path = format!("{path}.request");
        changes.authorities = authorities(document, request, &path, lowering);
        changes.request = operations(document, request, &path, true, lowering);
    }
    if let Some(response) = response {
        changes.response = operations(document, response, &format!("{path}.response"), false, lowering);
    }
    changes
}

fn is_authority(name: &str) -> bool {
    name == ":authority" || name.eq_ignore_ascii_case("host")
}

/// Who sets or adds it rewrites it; what is set counts before what is added.
fn authorities(
    document: &Document,
    request: &HeaderOperations,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Vec<Authority> {
    let said = [("set", &request.set), ("add", &request.add)].into_iter().flat_map(|(field, values)| {
        let named = values.iter().filter(|(name, _)| is_authority(name));
        named.map(move |(name, value)| (value, format!("{path}.{field}[\"{name}\"]")))
    });
    let said = said.filter_map(|(value, path)| {
        let value = literal(document, value, &path, lowering)?;
        Some(Authority { value, path })
    });
    said.collect()
}

fn operations(
    document: &Document,
    block: &HeaderOperations,
    path: &str,
    is_request: bool,
    lowering: &mut Lowering<'_>,
) -> HeaderChanges {
    let mut changes = HeaderChanges::builder();
    let is_header = |name: &str| !(is_request && is_authority(name));
    for (index, name) in block.remove.iter().enumerate() {
        let hint = match name.as_str() {
            name if !is_header(name) => Some("to change the authority write `rewrite.authority`"),
            ":path" if is_request => Some("to change the path write `rewrite.uri`"),
            _ => None,
        };
        judge(document, &format!("{path}.remove[{index}]"), hint, lowering, |one| one.remove(name));
        changes = changes.remove(name);
    }
    for (field, values) in [("set", &block.set), ("add", &block.add)] {
        for (name, value) in values.iter().filter(|(name, _)| is_header(name)) {
            let at = format!("{path}.{field}[\"{name}\"]");
            let Some(value) = literal(document, value, &at, lowering) else { continue };
            let hint = (name == ":path" && is_request).then_some("to change the path write `rewrite.uri`");
            judge(document, &at, hint, lowering, |one| one.set(name, &value));
            changes = match field {
                "set" => changes.set(name, &value),
                _ => changes.add(name, &value),
            };
        }
    }
    changes.build().unwrap_or_default()
}

/// Says what is wrong with one change, at its own place.
fn judge(
    document: &Document,
    path: &str,
    hint: Option<&str>,
    lowering: &mut Lowering<'_>,
    change: impl FnOnce(HeaderChangesBuilder) -> HeaderChangesBuilder,
) {
    if let Err(error) = change(HeaderChanges::builder()).build() {
        lowering.unfit_hinted(document, path, &error, hint);
    }
}

/// A value as it is sent: `%%` is a percent sign. What stands between two of them is a variable of Envoy's, which nobody
/// knows here: then the header is left as it is, and that is told.
fn literal(document: &Document, value: &str, path: &str, lowering: &mut Lowering<'_>) -> Option<String> {
    if value.matches('%').count() % 2 == 1 {
        let message = format!("`{value}` has a `%` that stands alone");
        lowering.refuse(document, path, &message, "`%%` for a percent sign");
        return None;
    }
    let (mut text, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once('%') {
        let (name, after) = after.split_once('%')?;
        if !name.is_empty() {
            let message =
                format!("left as it is: `%{name}%` is a variable of Envoy's, which is not known here");
            lowering.note(document, path, NoteKind::NotApplied, message);
            return None;
        }
        text.push_str(before);
        text.push('%');
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}
