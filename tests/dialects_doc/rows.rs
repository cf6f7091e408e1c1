//! Each row against the library: a document that sets this field and as little else as it can.

use serde_json::Value;
use tower_mesh::{
    Mesh,
    config::Errors,
    mesh::{Note, NoteKind},
};

use crate::{
    document::{path_of, plain},
    kind::{Kind, all},
    row::{Row, Status, is_below},
};

const FILE: &str = "field.yaml";

#[test]
fn the_library_does_what_the_rows_of_other_kinds_say() {
    are_true(|kind| !is_istios(kind));
}

#[test]
fn the_library_does_what_the_rows_of_istios_kinds_say() {
    are_true(is_istios);
}

fn is_istios(kind: &Kind) -> bool {
    kind.api_version.starts_with("networking.istio.io/")
}

fn are_true(of: fn(&Kind) -> bool) {
    let told: Vec<String> = all().iter().filter(|kind| of(kind)).flat_map(against_the_library).collect();
    assert!(told.is_empty(), "{} rows are not true:\n{}", told.len(), told.join("\n"));
}

/// What is not true of a kind's rows.
fn against_the_library(kind: &Kind) -> Vec<String> {
    let mut told = Vec::new();
    for row in kind.all_rows() {
        for field in kind.fields_of(row) {
            if let Err(why) = is_true(kind, row, &field) {
                told.push(format!("{} {field} ({}): {why}", kind.name, row.status));
            }
        }
    }
    told
}

fn is_true(kind: &Kind, row: &Row, field: &str) -> Result<(), String> {
    let built = notes(kind, field, &kind.value(field));
    if row.status == Status::Refused {
        let errors = built.err().ok_or("it is accepted")?;
        let here = |path: &str| plain(path) == plain(&path_of(field));
        return if errors.iter().any(|error| here(error.path())) { Ok(()) } else { Err(errors.to_string()) };
    }
    let notes = built.map_err(|errors| format!("it is refused: {errors}"))?;
    if let Some(note) = notes.iter().find(|note| note.kind == NoteKind::Unknown) {
        return Err(format!("it is unknown: {note}"));
    }
    let field = plain(&path_of(field));
    let not_applied = notes.iter().find(|note| note.kind == NoteKind::NotApplied && is_above(note, &field));
    let about = notes.iter().any(|note| is_above(note, &field) || is_below(&plain(&note.path), &field));
    match (row.status, not_applied) {
        (Status::Applied, Some(note)) => Err(format!("it is not applied: {note}")),
        (Status::Noted, _) if !about => Err("no note speaks of it".to_owned()),
        _ => Ok(()),
    }
}

/// Whether a note is about this field or all of a block around it; one about the document's kind is about all of it.
fn is_above(note: &Note, field: &str) -> bool {
    let path = plain(&note.path);
    path == field || is_below(field, &path) || path == "kind"
}

/// What is said of a document that sets this field.
fn notes(kind: &Kind, field: &str, value: &Value) -> Result<Vec<Note>, Errors> {
    let text = kind.document(field, value);
    let mesh = Mesh::builder().file(FILE, &text).file("beside.yaml", kind.beside).build()?;
    let notes = mesh.notes();
    Ok(notes.iter().filter(|note| note.location.to_string().starts_with(FILE)).cloned().collect())
}
