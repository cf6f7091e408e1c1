//! A kind of document: its rows, and the fields that it has.

use std::cell::OnceCell;

use serde_json::{Value, json};
use tower_mesh::config::{FindingKind, load};

use crate::{
    destination_rule,
    document::{path_of, put},
    edges, endpoint_slice, osm, osm_retry,
    row::{Origin, Row, is_below},
    service, virtual_service, workloads,
};

/// A kind of document.
#[derive(Default)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) api_version: &'static str,
    /// What stands above its rows.
    pub(crate) about: &'static str,
    /// The rows that are printed.
    pub(crate) rows: Vec<Row>,
    /// The same rows at other places, of which `about` tells.
    pub(crate) echoes: Vec<Row>,
    /// The fields of the public schema, a line each; empty where there is none to compare with.
    pub(crate) schema: &'static str,
    /// What must stand in a `spec` around a field, by the block that the field is in.
    pub(crate) bases: Vec<(&'static str, Value)>,
    /// Values that mean something, by how a field ends; the first that fits.
    pub(crate) values: Vec<(&'static str, Value)>,
    /// Documents beside it without which it would mean less.
    pub(crate) beside: &'static str,
    /// Whether its fields stand beside `metadata`.
    pub(crate) has_no_spec: bool,
    /// The fields that the reader itself knows.
    pub(crate) read: OnceCell<Vec<String>>,
}

pub(crate) fn all() -> Vec<Kind> {
    vec![
        virtual_service::kind(),
        destination_rule::kind(),
        edges::gateway(),
        edges::service_entry(),
        workloads::entry(),
        workloads::group(),
        service::kind(),
        endpoint_slice::kind(),
        endpoint_slice::pod(),
        osm::kind(),
        osm_retry::kind(),
    ]
}

impl Kind {
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().chain(&self.echoes)
    }

    /// The fields of the public schema.
    pub(crate) fn public(&self) -> Vec<&str> {
        self.schema.lines().collect()
    }

    /// The fields that the reader itself knows, asked by what it says of one that nobody knows.
    pub(crate) fn read(&self) -> &[String] {
        self.read.get_or_init(|| {
            let mut fields = Vec::new();
            self.walk("", &mut fields);
            fields
        })
    }

    fn walk(&self, block: &str, fields: &mut Vec<String>) {
        for name in self.accepted(block).unwrap_or_default() {
            let field = if block.is_empty() { name.to_owned() } else { format!("{block}.{name}") };
            let inner = [field.clone(), format!("{field}[]"), format!("{field}.*")];
            match inner.iter().find(|inner| self.accepted(inner).is_some()) {
                Some(inner) => self.walk(inner, fields),
                None => fields.push(field),
            }
        }
    }

    /// The names that are known in a block; none if it is no block.
    fn accepted(&self, block: &str) -> Option<Vec<&'static str>> {
        let documents = load(&self.document(block, &json!({ "nobody": 1 })), None).ok()?;
        let asked = path_of(&format!("{block}.nobody"));
        documents[0].findings.iter().find_map(|finding| match &finding.kind {
            FindingKind::UnknownField { accepted, .. } if finding.path == asked => Some(accepted.clone()),
            _ => None,
        })
    }

    /// The fields that a row is about: its own, or all those below it.
    pub(crate) fn fields_of(&self, row: &Row) -> Vec<String> {
        let is_public = row.origin == Origin::Schema && !self.schema.is_empty();
        let fields = if is_public { self.public() } else { self.read().iter().map(String::as_str).collect() };
        let below: Vec<_> = fields.into_iter().filter(|field| is_below(field, &row.path)).collect();
        if below.is_empty() { vec![row.path.clone()] } else { below.into_iter().map(str::to_owned).collect() }
    }

    /// The least document that sets this field: most mean nothing alone, a percentage without its delay.
    pub(crate) fn document(&self, field: &str, value: &Value) -> String {
        let inside = |block: &str| block.is_empty() || field == block || is_below(field, block);
        let bases = self.bases.iter().filter(|(block, _)| inside(block));
        let base = bases.max_by_key(|(block, _)| block.len()).map(|(_, base)| base);
        let mut spec = base.cloned().unwrap_or_else(|| json!({}));
        put(&mut spec, field, value);
        let metadata = json!({"name": "reviews", "namespace": "default"});
        let mut document = json!({"apiVersion": self.api_version, "kind": self.name, "metadata": metadata});
        let place = if self.has_no_spec { "" } else { "spec" };
        put(&mut document, place, &spec);
        document.to_string()
    }

    /// A value that means something in this field.
    pub(crate) fn value(&self, field: &str) -> Value {
        let ends =
            |end: &str| field.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let found = self.values.iter().find(|(end, _)| ends(end));
        found.map_or_else(|| json!("x"), |(_, value)| value.clone())
    }
}
