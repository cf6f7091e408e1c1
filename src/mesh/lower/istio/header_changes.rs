//! The blocks `headers`: what is set, added and removed.

use std::collections::BTreeMap;

use crate::{
    config::{
        Document,
        istio::{HeaderOperations, Headers},
    },
    mesh::{lower::Lowering, note::NoteKind},
    policy::route::{Field, HeaderChanges},
};

/// What a block changes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) request: HeaderChanges,
    pub(super) response: HeaderChanges,
    /// What it makes of the authority, which is no header to the mesh.
    pub(super) authority: Option<String>,
}

/// What a block changes; what is wrong with it is told.
pub(super) fn of(
    document: &Document,
    block: Option<&Headers>,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Changes {
    let Some(block) = block else { return Changes::default() };
    let authority = block.request.as_ref().and_then(|request| authority(document, request, path, lowering));
    let request = block.request.as_ref().map(|request| {
        let named = |name: &str| !is_authority(name);
        operations(document, request, &format!("{path}.request"), named, lowering)
    });
    let response = block
        .response
        .as_ref()
        .map(|response| operations(document, response, &format!("{path}.response"), |_| true, lowering));
    Changes { request: request.unwrap_or_default(), response: response.unwrap_or_default(), authority }
}

fn is_authority(name: &str) -> bool {
    name == ":authority" || name.eq_ignore_ascii_case("host")
}

/// Who sets or adds it rewrites it; what is set counts.
fn authority(
    document: &Document,
    request: &HeaderOperations,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<String> {
    let said = |values: &BTreeMap<String, String>, field: &str| {
        let (name, value) = values.iter().find(|(name, _)| is_authority(name))?;
        Some((value.clone(), format!("{path}.request.{field}[\"{name}\"]")))
    };
    let (value, at) = said(&request.set, "set").or_else(|| said(&request.add, "add"))?;
    literal(document, &value, &at, lowering)
}

fn operations(
    document: &Document,
    block: &HeaderOperations,
    path: &str,
    is_header: impl Fn(&str) -> bool,
    lowering: &mut Lowering<'_>,
) -> HeaderChanges {
    let mut changes = HeaderChanges::builder();
    for (index, name) in block.remove.iter().enumerate() {
        judge(document, &format!("{path}.remove[{index}]"), lowering, |one| one.remove(name));
        changes = changes.remove(name);
    }
    for (field, values) in [("set", &block.set), ("add", &block.add)] {
        for (name, value) in values.iter().filter(|(name, _)| is_header(name)) {
            let at = format!("{path}.{field}[\"{name}\"]");
            let Some(value) = literal(document, value, &at, lowering) else { continue };
            judge(document, &at, lowering, |one| one.set(name, &value));
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
    lowering: &mut Lowering<'_>,
    change: impl FnOnce(crate::policy::route::HeaderChangesBuilder) -> crate::policy::route::HeaderChangesBuilder,
) {
    if let Err(error) = change(HeaderChanges::builder()).build() {
        let hint = (error.field() == Field::ChangedHeader && error.found().contains(':'))
            .then_some("to change the authority write `rewrite.authority`");
        lowering.unfit_hinted(document, path, &error, hint);
    }
}

/// A value as it is sent: `%%` is a percent sign. What stands between two of them is a variable of Envoy's, which nobody
/// knows here: then the header is left as it is, and that is told.
fn literal(document: &Document, value: &str, path: &str, lowering: &mut Lowering<'_>) -> Option<String> {
    let (mut text, mut rest) = (String::new(), value);
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('%') else {
            let message = format!("`{value}` has a `%` that stands alone");
            lowering.refuse(document, path, &message, "`%%` for a percent sign");
            return None;
        };
        if !name.is_empty() {
            let message =
                format!("left as it is: `%{name}%` is a variable of Envoy's, which is not known here");
            lowering.note(document, path, NoteKind::NotApplied, message);
            return None;
        }
        text.push('%');
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}
