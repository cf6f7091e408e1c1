//! Gives meaning to what was spelled: documents in, a plan and its notes out.
//!
//! One folder per dialect, in it one file per kind of document, and one per block that becomes a policy's settings.

mod invalid;
mod istio;
mod limits;
mod names;
mod osm;
mod standing;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

pub use invalid::InvalidBlock;

use super::{
    cluster::divided,
    era::Era,
    note::{Code, Note, NoteKind},
    plan::{Backends, Home, Origin, Plan},
};
use crate::{
    config::{Document, Error, Errors, Location, Position, Resource, Source},
    layer::{balance::Endpoints, draw::Draws},
    policy::{
        Invalid, Setting,
        balance::{Address, Locality},
    },
};

/// Who the client is, and what its cluster calls itself.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) namespace: String,
    pub(super) domain: String,
    pub(super) labels: BTreeMap<String, String>,
    /// The gateways that it acts for, in full; none: it is inside of the mesh.
    pub(super) gateways: Vec<String>,
    /// Where it is.
    pub(super) locality: Locality,
    /// In which network; empty: nobody says.
    pub(super) network: String,
    /// Endpoints that the program tells of: behind `HOST` or `HOST:PORT`, as this client names it.
    pub(super) endpoints: Vec<(String, Endpoints)>,
    /// The gateways that lead into other networks, by these.
    pub(super) gateways_of: BTreeMap<String, Address>,
    pub(super) strict: bool,
    /// Whether it is asked for what costs more to find than to load.
    pub(super) thorough: bool,
    pub(super) draws: Draws,
    pub(super) era: Era,
    /// Whether HTTP/2 is spoken to every upstream, whatever documents say.
    pub(super) http2: bool,
    /// Whether upstreams are told how long they have.
    pub(super) tell_deadlines: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            domain: "cluster.local".to_owned(),
            labels: BTreeMap::new(),
            gateways: Vec::new(),
            locality: Locality::default(),
            network: String::new(),
            endpoints: Vec::new(),
            gateways_of: BTreeMap::new(),
            strict: false,
            thorough: false,
            draws: Draws::random(),
            era: Era::CURRENT,
            http2: false,
            tell_deadlines: false,
        }
    }
}

impl Identity {
    /// Where the gateway is that leads into a network, if the program tells it.
    fn gateway_of(&self, network: &str) -> Option<&Address> {
        self.gateways_of.get(network)
    }

    /// What a client means by `HOST` or `HOST:PORT`: the shortest name that says the namespace too, and the port.
    pub(super) fn meant(&self, host: &str) -> (String, Option<u16>) {
        let (host, port) = divided(host);
        let whole = format!(".svc.{}", self.domain.to_ascii_lowercase());
        let short = host.strip_suffix(&*whole).or_else(|| host.strip_suffix(".svc")).unwrap_or(&host);
        let meant = if short.contains(['.', ':', '*']) {
            short.to_owned()
        } else {
            format!("{short}.{}", self.namespace)
        };
        (meant, port)
    }

    /// How short names are completed.
    fn home(&self) -> Home {
        Home { namespace: self.namespace.clone(), domain: self.domain.clone() }
    }
}

/// The plan of these documents, and what there is to tell about them in their order.
pub(super) fn lower(documents: &[Document], identity: &Identity) -> Result<(Plan, Vec<Note>), Errors> {
    let (plan, notes, errors) = all(documents, identity);
    Errors::unless_empty(errors, (plan, notes))
}

/// What there is to tell about documents, whether or not they have a plan. Where they have none, of the notes only those
/// stay that were made in reading: any other may be a consequence of what is wrong.
pub(super) fn check(documents: &[Document], identity: &Identity) -> (Vec<Note>, Result<(), Errors>) {
    let (_, mut notes, errors) = all(documents, identity);
    if !errors.is_empty() {
        notes.retain(|note| note.kind == NoteKind::Unknown);
    }
    (notes, Errors::unless_empty(errors, ()))
}

fn all(documents: &[Document], identity: &Identity) -> (Plan, Vec<Note>, Vec<Error>) {
    let mut lowering = Lowering::new(identity);
    for document in documents {
        lowering.findings(document);
    }
    let standing = standing::of(documents, &mut lowering);
    let registry = istio::registry(&standing, &mut lowering);
    let mut claims = osm::claims(&standing, &registry, &mut lowering);
    claims.extend(istio::claims(&standing, &registry, &mut lowering));
    let places: HashMap<*const Document, usize> =
        standing.iter().enumerate().map(|(place, document)| (std::ptr::from_ref(*document), place)).collect();
    // Of what the program alone tells no document speaks; it comes last.
    let place = |document: &Document| places.get(&std::ptr::from_ref(document)).copied();
    claims.sort_by_key(|claim| claim.document.and_then(place).unwrap_or(usize::MAX));
    let destinations = names::settle(claims, &mut lowering);
    lowering.other_kinds(documents);
    let Lowering { mut notes, mut errors, .. } = lowering;
    let order = order(documents);
    notes.sort_by_key(|note| order(Some(&note.location)));
    errors.sort_by_key(|error| order(error.location()));
    (Plan { era: identity.era, home: identity.home(), destinations }, notes, errors)
}

/// Where a place comes: as the documents stand, and within a text as it is read.
fn order(documents: &[Document]) -> impl Fn(Option<&Location>) -> (Option<usize>, Option<Position>) {
    let numbered = documents.iter().enumerate();
    let numbers: HashMap<*const Source, usize> =
        numbered.map(|(number, document)| (Arc::as_ptr(&document.source), number)).collect();
    move |place| {
        let number = place.and_then(|place| numbers.get(&std::ptr::from_ref(place.source())).copied());
        (number, place.map(Location::position))
    }
}

/// What a lowering gathers on its way.
struct Lowering<'a> {
    identity: &'a Identity,
    /// Which of the client's endpoints there are, by the names of their hosts.
    told: HashMap<String, Vec<usize>>,
    notes: Vec<Note>,
    errors: Vec<Error>,
}

impl<'a> Lowering<'a> {
    fn new(identity: &'a Identity) -> Self {
        let mut told = HashMap::<_, Vec<_>>::new();
        for (number, (host, _)) in identity.endpoints.iter().enumerate() {
            told.entry(divided(host).0).or_default().push(number);
        }
        Self { identity, told, notes: Vec::new(), errors: Vec::new() }
    }
}

impl Lowering<'_> {
    fn note(&mut self, document: &Document, path: &str, kind: NoteKind, message: impl Into<String>) {
        self.notes.push(Note::new(document, path, kind, message));
    }

    /// A surprise that has a code, and a cure.
    fn lint(
        &mut self,
        document: &Document,
        path: &str,
        code: Code,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let note = Note::new(document, path, NoteKind::Surprise, message);
        self.notes.push(note.coded(code).mended_by(fix));
    }

    /// Those of these fields that are set were read, and stand in the plan for whoever makes connections.
    fn left_to_the_transport(&mut self, document: &Document, path: &str, fields: &[(bool, &str)]) {
        let message = "read, left to the transport, which makes the connections";
        for (_, field) in fields.iter().filter(|(is_set, _)| *is_set) {
            self.note(document, &format!("{path}.{field}"), NoteKind::NotApplied, message);
        }
    }

    /// What does not do what it seems to: fields of the block at this path, or the block itself.
    fn surprises(
        &mut self,
        document: &Document,
        path: &str,
        told: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        for (field, message) in told {
            let path = if field.is_empty() { path.to_owned() } else { format!("{path}.{field}") };
            self.note(document, &path, NoteKind::Surprise, message);
        }
    }

    /// Does something of which only the errors are told: what is not applied has no surprises.
    fn judge_only<T>(&mut self, judge: impl FnOnce(&mut Self) -> T) -> T {
        let told = self.notes.len();
        let judged = judge(self);
        self.notes.truncate(told);
        judged
    }

    /// Does something of which nothing is told: all that there is to tell of it is told elsewhere.
    fn quietly<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let (notes, errors) = (self.notes.len(), self.errors.len());
        let lowered = lower(self);
        self.notes.truncate(notes);
        self.errors.truncate(errors);
        lowered
    }

    /// The value at this path cannot mean anything.
    fn refuse(&mut self, document: &Document, path: &str, message: &str, accepted: &str) {
        self.errors.push(Error::at(document, path, message).accepted(accepted));
    }

    /// The same, as a policy says it.
    fn unfit<F: Setting>(&mut self, document: &Document, path: &str, invalid: &Invalid<F>) {
        self.unfit_hinted(document, path, invalid, None);
    }

    fn unfit_hinted<F: Setting>(
        &mut self,
        document: &Document,
        path: &str,
        invalid: &Invalid<F>,
        hint: Option<&str>,
    ) {
        let message = format!("the {} cannot be {}", invalid.field(), invalid.found());
        let error = Error::at(document, path, message).accepted(invalid.accepted());
        self.errors.push(match hint {
            Some(hint) => error.hint(hint),
            None => error,
        });
    }

    fn invalid(&mut self, document: &Document, block: &str, invalid: InvalidBlock) {
        self.errors.push(invalid.at(document, block));
    }

    /// The endpoints of a host with these names: those that the program tells of, as they are by now, and behind the ports
    /// of which it tells nothing those that documents tell of.
    fn endpoints_of(&self, names: &[String], documented: &[Backends]) -> Vec<Backends> {
        let mut told: Vec<usize> =
            names.iter().filter_map(|name| self.told.get(name)).flatten().copied().collect();
        told.sort_unstable();
        let told = told.iter().map(|number| &self.identity.endpoints[*number]);
        // Of several that are told for one port the last counts.
        let told: BTreeMap<_, _> = told.map(|(host, endpoints)| (divided(host).1, endpoints)).collect();
        let is_told = |port: Option<u16>| told.contains_key(&None) || told.contains_key(&port);
        let documented = documented.iter().filter(|backends| !is_told(backends.port)).cloned();
        let told = told.iter().filter(|(_, endpoints)| endpoints.is_known());
        let told = told.map(|(port, endpoints)| Backends::new(*port, endpoints.all().to_vec()));
        let mut all: Vec<_> = told.chain(documented).collect();
        all.sort_by_key(|backends| backends.port);
        all
    }

    /// The hosts whose endpoints the program tells of, as it names them, each once.
    fn told_hosts(&self) -> impl Iterator<Item = String> + use<'_> {
        let mut known = HashSet::new();
        let hosts = self.identity.endpoints.iter().map(|(host, _)| divided(host).0);
        hosts.filter(move |host| known.insert(host.clone()))
    }

    /// Whether the program tells of endpoints of a host with these names, or will.
    fn is_told_of(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.told.contains_key(name))
    }

    /// The namespace that a document lives in.
    fn namespace<'a>(&'a self, document: &'a Document) -> &'a str {
        document.metadata.namespace.as_deref().unwrap_or(&self.identity.namespace)
    }

    /// What a document is called in a plan, and where what it says at this path stands.
    fn named(&self, document: &Document, path: &str) -> Origin {
        let name = document.metadata.name.as_deref().unwrap_or("(no name)");
        let name = format!("{} {}/{name}", document.kind, self.namespace(document));
        Origin { name, at: document.locate_nearest(path).to_string() }
    }

    fn findings(&mut self, document: &Document) {
        if self.identity.strict {
            self.errors.extend(document.findings.iter().map(|finding| finding.to_error()));
        } else {
            self.notes.extend(document.findings.iter().map(Note::of));
        }
    }

    /// One note for all documents of kinds that are not applied, at the first of them.
    fn other_kinds(&mut self, documents: &[Document]) {
        let others: Vec<_> = documents.iter().filter(|document| is_other(&document.resource)).collect();
        let Some(first) = others.first() else { return };
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for document in &others {
            *kinds.entry(&document.kind).or_default() += 1;
        }
        let kinds: Vec<_> = kinds
            .into_iter()
            .map(|(kind, count)| if count == 1 { format!("`{kind}`") } else { format!("{count} `{kind}`") })
            .collect();
        let many = if others.len() == 1 {
            "a document of another kind was"
        } else {
            "documents of other kinds were"
        };
        let message = format!("{many} read, and not applied: {}", kinds.join(", "));
        self.notes.push(Note::new(first, "kind", NoteKind::NotApplied, message));
    }
}

/// Whether nothing is done with such a document: its kind is not known.
fn is_other(resource: &Resource) -> bool {
    matches!(resource, Resource::Other)
}
