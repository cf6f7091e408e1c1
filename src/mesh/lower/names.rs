//! Which destination a name means, where several lay claim to it.

use std::collections::HashMap;

use super::Lowering;
use crate::{
    config::{Document, Location},
    mesh::{note::Code, plan::Destination},
};

/// A destination, and what asks for it.
pub(super) struct Claim<'a> {
    pub(super) destination: Destination,
    /// None: only the program tells of it.
    pub(super) document: Option<&'a Document>,
    /// Where the document names the host.
    pub(super) path: String,
    /// Whether it is a policy that names it; else the host is only there.
    pub(super) by_policy: bool,
}

/// The destinations under the names that are theirs: a name means the host of the first document whose policy is for it;
/// one that is only there has the names that no policy asks for. A destination without a name is none.
pub(super) fn settle(mut claims: Vec<Claim<'_>>, lowering: &mut Lowering<'_>) -> Vec<Destination> {
    let mut taken: HashMap<String, Option<Location>> = HashMap::new();
    for claim in claims.iter_mut().filter(|claim| claim.by_policy) {
        let lost = claim.settle(&mut taken);
        let by = lost.first().and_then(|name| taken[name].as_ref());
        let (Some(by), Some(document)) = (by, claim.document) else { continue };
        let what = match claim.destination.hosts.is_empty() {
            true => "never applies".to_owned(),
            false => {
                let names: Vec<_> = lost.iter().map(|name| format!("`{name}`")).collect();
                format!("does not apply to requests for {}", names.join(", "))
            }
        };
        let message = format!("{what}: the document at {by} is for the same name");
        let fix = "let one document be for each name";
        lowering.lint(document, &claim.path, Code::Duplicate, message, fix);
    }
    for claim in claims.iter_mut().filter(|claim| !claim.by_policy) {
        claim.settle(&mut taken);
    }
    let destinations = claims.into_iter().map(|claim| claim.destination);
    destinations.filter(|destination| !destination.hosts.is_empty()).collect()
}

impl Claim<'_> {
    /// Takes the names that are free, and gives those back that are not.
    fn settle(&mut self, taken: &mut HashMap<String, Option<Location>>) -> Vec<String> {
        let hosts = &mut self.destination.hosts;
        let (lost, kept): (Vec<_>, Vec<_>) = hosts.drain(..).partition(|name| taken.contains_key(name));
        let place =
            |name: &String| (name.clone(), self.document.map(|document| document.locate_nearest(&self.path)));
        taken.extend(kept.iter().map(place));
        *hosts = kept;
        lost
    }
}
