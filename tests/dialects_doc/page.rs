//! The table as a page: `docs/dialects.md`.

use std::fmt::Write;

use crate::{
    kind::Kind,
    row::{Origin, Row, Status},
};

const HEAD: &[&str] = &[
    "What becomes of each field of the documents that are read. This page is made from the table in \
     `tests/dialects_doc`, which is compared with the kinds' public schemas, with what the reader knows, \
     and with what the library does; `UPDATE_DIALECTS=1 cargo test --test dialects_doc` writes it. How a \
     field acts is said in [semantics](semantics.md).",
    "A path begins below `spec`, or beside `metadata` where a kind has no `spec`; `[]` is any item of a \
     list, `*` any key. A field in none of these tables is unknown: a note says so, or an error where \
     strictness is asked for (`Mesh::builder().strict(true)`). Other kinds of documents are read and passed \
     over, with one note for each kind.",
];

pub(crate) fn page(kinds: &[Kind]) -> String {
    let mut page = "# Dialects, field by field\n\n".to_owned();
    for paragraph in HEAD {
        page += &(wrapped(paragraph).join("\n") + "\n\n");
    }
    for (status, means) in Status::ALL {
        let count = kinds.iter().flat_map(|kind| &kind.rows).filter(|row| row.status == status).count();
        writeln!(page, "- *{status}* ({count}): {means}.").expect("a text takes all");
    }
    for kind in kinds {
        section(kind, &mut page).expect("a text takes all");
    }
    page
}

fn section(kind: &Kind, page: &mut String) -> std::fmt::Result {
    writeln!(page, "\n## `{}`\n", kind.name)?;
    writeln!(page, "{}", wrapped(kind.about).join("\n"))?;
    writeln!(page, "\n| field | status | |\n|---|---|---|")?;
    for row in &kind.rows {
        writeln!(page, "| `{}`{} | {} | {} |", row.path, origin(row), row.status, says(kind, row))?;
    }
    Ok(())
}

fn origin(row: &Row) -> &'static str {
    match row.origin {
        Origin::Schema => "",
        Origin::Ours => " (ours)",
        Origin::Former => " (former)",
    }
}

/// The sentence, and of a block all that is below it, so that it can be searched for.
fn says(kind: &Kind, row: &Row) -> String {
    let fields = kind.fields_of(row);
    if fields == [row.path.as_str()] {
        return row.says.to_owned();
    }
    let inside = |field: &String| field[row.path.len()..].trim_start_matches(['[', ']', '.']).to_owned();
    let names: Vec<_> = fields.iter().map(|field| format!("`{}`", inside(field))).collect();
    format!("{} All of it: {}.", row.says, names.join(", "))
}

/// A paragraph in lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is one at least");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= 120 {
            *last += " ";
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
