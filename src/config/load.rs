//! A text to documents, each read by its kind.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{
    Document, Errors, Finding,
    de::read,
    envelope::envelope,
    error::Error,
    k8s::{self, Metadata},
    kind::Reading,
    paste,
    path::join,
    source::{Location, Source, Text},
    tree::{Node, Place, Value},
    yaml::{self, Parsed},
};

/// Reads every document of a text; a `List` counts as its items, and kinds that are not known are kept.
///
/// ```
/// let text = "
/// apiVersion: policy.openservicemesh.io/v1alpha1
/// kind: UpstreamTrafficSetting
/// metadata: {name: fortio}
/// spec: {host: fortio.demo.svc.cluster.local}
/// ";
/// let documents = tower_mesh::config::load(text, Some("policy.yaml"))?;
/// assert_eq!(documents[0].metadata.name.as_deref(), Some("fortio"));
/// assert_eq!(documents[0].locate("spec.host").unwrap().to_string(), "policy.yaml:5:14");
/// # Ok::<(), tower_mesh::config::Errors>(())
/// ```
///
/// # Errors
///
/// All errors of all documents, in the order of the text.
pub fn load(text: &str, file: Option<&str>) -> Result<Vec<Document>, Errors> {
    let (mut documents, mut errors) = (Vec::new(), Vec::new());
    for piece in pieces(text, file) {
        match piece.tree {
            Ok(tree) => collect(tree, String::new(), &piece.source, &mut documents, &mut errors),
            Err(error) => errors.push(error),
        }
    }
    errors.sort_by_key(|error| error.location().map(Location::position));
    Errors::unless_empty(errors, documents)
}

/// Reads one block alone, such as the inside of `circuitBreaking`, from a text of one document.
///
/// ```
/// use tower_mesh::config::{self, osm::CircuitBreaking};
///
/// let (_, findings) = config::from_yaml::<CircuitBreaking>("ErrorAmountThreshold: 100")?;
/// assert!(findings[0].to_string().ends_with("did you mean `errorAmountThreshold`?"));
/// # Ok::<(), config::Errors>(())
/// ```
///
/// # Errors
///
/// All errors of the text.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<(T, Vec<Finding>), Errors> {
    alone(text, None)
}

/// Reads the one document of a file's text; errors and findings will name the file.
///
/// ```
/// use tower_mesh::config::{self, osm::CircuitBreaking};
///
/// let error = config::from_file::<CircuitBreaking>("block.yaml", "errorAmountThreshold: many").unwrap_err();
/// assert!(error.to_string().contains("block.yaml:1:23"));
/// ```
///
/// # Errors
///
/// All errors of the text.
pub fn from_file<T: DeserializeOwned>(name: &str, text: &str) -> Result<(T, Vec<Finding>), Errors> {
    alone(text, Some(name))
}

fn alone<T: DeserializeOwned>(text: &str, file: Option<&str>) -> Result<(T, Vec<Finding>), Errors> {
    let mut pieces = pieces(text, file).into_iter();
    let (Some(piece), None) = (pieces.next(), pieces.next()) else {
        return Err(Error::whole("the text must hold one document, not none and not several").into());
    };
    let tree = piece.tree?;
    read(&tree, "", &piece.source)
}

struct Piece {
    source: Arc<Source>,
    tree: Result<Node, Error>,
}

fn pieces(text: &str, file: Option<&str>) -> Vec<Piece> {
    let text = Arc::new(Text::new(text.strip_prefix('\u{feff}').unwrap_or(text)));
    let file: Option<Arc<str>> = file.map(Into::into);
    let parsed = yaml::documents(&text.text);
    let documents = parsed.len();
    let numbered = parsed.into_iter().zip(1..);
    let piece = |(Parsed { lines, result }, document)| {
        let source = Source { file: file.clone(), text: Arc::clone(&text), document, documents, lines };
        let source = Arc::new(source);
        let tree = result.map_err(|fault| {
            Error::located(location(&source, fault.place), "", fault.message)
                .also_hints(paste::hints(&source))
        });
        Piece { source, tree }
    };
    numbered.map(piece).collect()
}

pub(super) fn location(source: &Arc<Source>, place: Place) -> Location {
    Location { source: Arc::clone(source), at: place.at, width: place.width }
}

/// Reads one document, or each item of a list.
fn collect(
    tree: Node,
    base: String,
    source: &Arc<Source>,
    documents: &mut Vec<Document>,
    errors: &mut Vec<Error>,
) {
    let (api_version, kind) = match envelope(&tree, &base, source) {
        Ok(found) => found,
        Err(error) => return errors.push(error),
    };
    if kind == "List"
        && let Some(items) = items(tree.clone())
    {
        for (index, item) in items.into_iter().enumerate() {
            collect(item, join(&base, &format!("items[{index}]")), source, documents, errors);
        }
        return;
    }
    let mut reading = Reading::new(&tree, &base, source);
    let metadata = reading.part::<Metadata>("metadata");
    reading.findings.retain(k8s::is_worth_telling);
    let resource = reading.resource(&api_version, &kind);
    let Reading { mut findings, errors: found, .. } = reading;
    errors.extend(found);
    findings.sort_by_key(|finding| finding.location.position());
    let (metadata, source) = (metadata.unwrap_or_default(), Arc::clone(source));
    documents.push(Document { source, api_version, kind, metadata, resource, findings, tree, base });
}

fn items(tree: Node) -> Option<Vec<Node>> {
    let Value::Map(entries) = tree.value else { return None };
    let items = entries.into_iter().find(|entry| entry.key == "items")?;
    if let Value::List(items) = items.value.value { Some(items) } else { None }
}
