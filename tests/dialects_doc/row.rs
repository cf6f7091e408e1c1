//! A row of the table: a field, and what becomes of it.

use std::fmt;

/// What becomes of a field that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It has the effect that it has in the mesh, as far as the row says.
    Applied,
    /// It is read and has no effect, and a note says so.
    Noted,
    /// It is an error.
    Refused,
}

impl Status {
    pub(crate) const ALL: [(Self, &'static str); 3] = [
        (Self::Applied, "it does what the row says"),
        (Self::Noted, "it is read, it has no effect, and a note says so; with everything below it"),
        (Self::Refused, "it is an error, whatever its value"),
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::Noted => "noted",
            Self::Refused => "refused",
        })
    }
}

/// Where a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The kind's public schema.
    Schema,
    /// This crate.
    Ours,
    /// An earlier schema.
    Former,
}

/// A field by its path below `spec`: `[]` is any item of a list, `*` any key of a free mapping.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) status: Status,
    pub(crate) origin: Origin,
    pub(crate) says: &'static str,
}

pub(crate) fn applied(path: &str, says: &'static str) -> Row {
    Row { path: path.to_owned(), status: Status::Applied, origin: Origin::Schema, says }
}

pub(crate) fn noted(path: &str, says: &'static str) -> Row {
    Row { status: Status::Noted, ..applied(path, says) }
}

impl Row {
    pub(crate) fn ours(self) -> Self {
        Self { origin: Origin::Ours, ..self }
    }

    pub(crate) fn former(self) -> Self {
        Self { origin: Origin::Former, ..self }
    }

    /// The same field at another place.
    pub(crate) fn at(&self, path: String) -> Self {
        Self { path, ..self.clone() }
    }

    /// Whether this row speaks of the field: it is that field, or a block around it that is not looked into.
    pub(crate) fn speaks_of(&self, field: &str) -> bool {
        self.path == field || (self.status != Status::Applied && is_below(field, &self.path))
    }
}

/// Whether a field is inside of a block.
pub(crate) fn is_below(field: &str, block: &str) -> bool {
    field.strip_prefix(block).is_some_and(|rest| rest.starts_with(['.', '[']))
}
