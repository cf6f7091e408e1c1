//! Which destination a name means, where several lay claim to it.

use std::collections::HashMap;

use super::Lowering;
use crate::{
    config::{Document, Location},
    mesh::{note::NoteKind, plan::Destination},
};

/// A destination, and what asks for it.
pub(super) struct Claim<'a> {
    pub(super) destination: Destination,
    pub(super) document: &'a Document,
    /// Where the document names the host.
    pub(super) path: String,
}

/// The destinations under the names that are theirs: a name means the host of the first document to which it belongs.
/// Of a destination without a name nothing is left but a note.
pub(super) fn settle(claims: Vec<Claim<'_>>, lowering: &mut Lowering<'_>) -> Vec<Destination> {
    let mut taken: HashMap<String, Location> = HashMap::new();
    let mut destinations = Vec::new();
    for Claim { mut destination, document, path } in claims {
        let (lost, kept): (Vec<_>, Vec<_>) =
            destination.hosts.drain(..).partition(|name| taken.contains_key(name));
        if let Some(by) = lost.first().map(|name| &taken[name]) {
            let what = match kept.is_empty() {
                true => "never applies".to_owned(),
                false => {
                    let names: Vec<_> = lost.iter().map(|name| format!("`{name}`")).collect();
                    format!("does not apply to requests for {}", names.join(", "))
                }
            };
            let message = format!("{what}: the document at {by} is for the same name");
            lowering.note(document, &path, NoteKind::Surprise, message);
        }
        taken.extend(kept.iter().map(|name| (name.clone(), document.locate_nearest(&path))));
        destination.hosts = kept;
        if !destination.hosts.is_empty() {
            destinations.push(destination);
        }
    }
    destinations
}
