//! Is this a Kubernetes document at all? `apiVersion` and `kind`, or what was probably pasted instead.

use std::sync::Arc;

use super::{
    error::Error,
    load::location,
    paste,
    source::Source,
    tree::{Node, Place, Value},
    unknown::nearest,
};

/// Fields that only parts of documents begin with.
const PARTS: &[&str] = &[
    "circuitBreaking",
    "connectionPool",
    "connectionSettings",
    "consistentHash",
    "corsPolicy",
    "delegate",
    "directResponse",
    "endpoints",
    "fault",
    "headers",
    "host",
    "hosts",
    "http",
    "httpRoutes",
    "loadBalancer",
    "localityLbSetting",
    "match",
    "mirror",
    "mirrors",
    "outlierDetection",
    "rateLimit",
    "redirect",
    "retries",
    "retryBudget",
    "rewrite",
    "route",
    "servers",
    "spec",
    "statTimeWindow",
    "subsets",
    "tcp",
    "trafficPolicy",
];

/// `apiVersion` and `kind`.
pub(super) fn envelope(tree: &Node, base: &str, source: &Arc<Source>) -> Result<(String, String), Error> {
    let error = |place, message: String| Error::located(location(source, place), base, message);
    if !matches!(tree.value, Value::Map(_)) {
        let message = format!("a document must be a mapping with `apiVersion` and `kind`, found {tree}");
        return Err(error(Place::of(tree), message).also_hints(paste::hints(source)));
    }
    let names = ["apiVersion", "kind"];
    let missing: Vec<_> = names.into_iter().filter(|name| tree.child(name).is_none()).collect();
    if !missing.is_empty() {
        let lacking = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let meant = missing.iter().filter_map(|name| {
            let entry = tree.entries().iter().find(|entry| nearest(&entry.key, &[name]).is_some())?;
            Some(format!("line {} has `{}`: write `{name}`", entry.at.line, entry.key))
        });
        let message = format!("a document needs `apiVersion` and `kind`; this one lacks {lacking}");
        let mut hints: Vec<_> = paste::hints(source);
        if hints.is_empty() {
            hints.extend(meant);
        }
        if hints.is_empty() {
            hints.extend(fragment(tree));
        }
        return Err(error(Place::of(tree), message).also_hints(hints));
    }
    let text = |name: &str| {
        let node = tree.child(name).filter(|node| node.text() != Some(""));
        node.and_then(Node::text).map(str::to_owned).ok_or_else(|| {
            let found = tree.child(name).map_or_else(String::new, ToString::to_string);
            error(
                tree.child(name).map_or(Place::of(tree), Place::of),
                format!("`{name}` must be a text, found {found}"),
            )
        })
    };
    Ok((text("apiVersion")?, text("kind")?))
}

/// A hint for a document that is only a part of one.
fn fragment(tree: &Node) -> Option<String> {
    let part = tree.entries().iter().find(|entry| PARTS.contains(&&*entry.key))?;
    Some(format!(
        "`{}` looks like a part of a document: add the lines above it, or read the part alone with `config::from_yaml`",
        part.key
    ))
}
