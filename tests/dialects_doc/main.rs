//! The table of fields: what becomes of each field of each kind, kept true in three ways.
//!
//! It is compared with the kinds' public schemas (no field is missing), with what the reader knows (none is forgotten),
//! and with what the library does (a minimal document for each field). The page that is made from it stands among the
//! documentation.

mod destination_rule;
mod document;
mod edges;
mod endpoint_slice;
mod kind;
mod osm;
mod osm_retry;
mod page;
mod row;
mod rows;
mod service;
mod virtual_service;
mod workloads;

use std::{env, fs, path::Path};

use kind::{Kind, all};
use row::{Origin, Row, is_below};

#[test]
fn the_page_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialects.md");
    let page = page::page(&all());
    if env::var_os("UPDATE_DIALECTS").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = page.lines().zip(written.lines()).find(|(made, written)| made != written);
    assert!(
        page == written,
        "docs/dialects.md is not that of the table, first at {differs:?}: \
         write it with `UPDATE_DIALECTS=1 cargo test --test dialects_doc`"
    );
}

#[test]
fn no_field_of_a_public_schema_is_missing() {
    for kind in all() {
        let missing: Vec<_> = kind.public().into_iter().filter(|field| !is_spoken_of(&kind, field)).collect();
        assert_eq!(missing, [""; 0], "{}", kind.name);
    }
}

#[test]
fn no_field_that_is_read_is_missing() {
    for kind in all() {
        // Of Kubernetes' own no unknown field is told, so they cannot be asked.
        let is_kubernetes = ["Service", "EndpointSlice", "Pod"].contains(&kind.name);
        assert_eq!(kind.read().is_empty(), is_kubernetes, "{}", kind.name);
        let missing: Vec<_> = kind.read().iter().filter(|field| !is_spoken_of(&kind, field)).collect();
        assert_eq!(missing, [""; 0], "{}", kind.name);
    }
}

fn is_spoken_of(kind: &Kind, field: &str) -> bool {
    kind.all_rows().any(|row| row.speaks_of(field))
}

#[test]
fn every_row_is_of_the_public_schema_or_says_where_it_is_from() {
    for kind in all().iter().filter(|kind| !kind.schema.is_empty()) {
        for row in kind.all_rows() {
            let is_public =
                kind.public().iter().any(|field| *field == row.path || is_below(field, &row.path));
            assert_eq!(is_public, row.origin == Origin::Schema, "{} {}", kind.name, row.path);
        }
    }
}

#[test]
fn every_row_is_of_a_field_that_is_read_and_stands_once() {
    for kind in all() {
        let rows: Vec<&Row> = kind.all_rows().collect();
        for row in &rows {
            let same = rows.iter().filter(|other| other.path == row.path).count();
            assert_eq!(same, 1, "{} {}", kind.name, row.path);
            let mut read = kind.read().iter();
            let is_read = read
                .any(|field| *field == row.path || is_below(field, &row.path) || is_below(&row.path, field));
            assert!(is_read || kind.read().is_empty() || is_original(row), "{} {}", kind.name, row.path);
            assert!(row.says.ends_with('.') && row.says.len() < 100, "one short sentence: {}", row.says);
        }
    }
}

/// A field that the public schema has in both of its spellings.
fn is_original(row: &Row) -> bool {
    row.path.contains('_')
}
