//! Which documents stand: of those that are one resource, the last.

use std::collections::{HashMap, hash_map::Entry};

use super::Lowering;
use crate::{
    config::{Document, Resource},
    mesh::note::NoteKind,
};

/// The documents that stand, in their order; the one that comes last takes the place of the first of its name.
///
/// Documents without a name, and of kinds that are not known, are never the same.
pub(super) fn of<'a>(documents: &'a [Document], lowering: &mut Lowering<'_>) -> Vec<&'a Document> {
    let mut standing: Vec<&Document> = Vec::new();
    let mut places = HashMap::new();
    for document in documents {
        let name = document.metadata.name.as_deref().unwrap_or_default();
        if name.is_empty() || document.resource == Resource::Other {
            standing.push(document);
            continue;
        }
        let id = (&*document.kind, lowering.namespace(document).to_owned(), name);
        match places.entry(id) {
            Entry::Vacant(place) => {
                place.insert(standing.len());
                standing.push(document);
            }
            Entry::Occupied(place) => {
                let earlier = std::mem::replace(&mut standing[*place.get()], document);
                let at = document.locate_nearest("metadata.name");
                let message = format!("replaced by the document of the same name at {at}");
                lowering.note(earlier, "metadata.name", NoteKind::Surprise, message);
            }
        }
    }
    standing
}
