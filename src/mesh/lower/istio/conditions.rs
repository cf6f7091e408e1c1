//! The entries of `match`: what a request has to be; and what the client has to be, which is known before any request.

use super::{
    client::{Client, MESH},
    naming,
};
use crate::{
    config::{
        Document, Resource,
        istio::{HttpMatch, StringMatch},
    },
    mesh::{lower::Lowering, note::NoteKind},
    policy::route::{Condition, SettingsError, TextMatch, ValueMatch},
};

/// What an entry asks of requests, if this client can ever meet it; else why it cannot.
pub(super) fn condition(
    document: &Document,
    entry: &HttpMatch,
    path: &str,
    client: &Client<'_>,
    lowering: &mut Lowering<'_>,
) -> Result<Condition, String> {
    judge(document, entry, path, lowering);
    let mut reading = Reading { document, path, lowering, asks_for_claims: false };
    let mut condition = Condition::new();
    if let Some(text) = reading.text("uri", &entry.uri) {
        let ignores = entry.ignore_uri_case == Some(true);
        condition = condition.path(if ignores { text.ignoring_case() } else { text });
    }
    if let Some(text) = reading.text("scheme", &entry.scheme) {
        condition = condition.scheme(text);
    }
    if let Some(text) = reading.text("method", &entry.method) {
        condition = condition.method(text);
    }
    if let Some(text) = reading.text("authority", &entry.authority) {
        condition = condition.authority(text);
    }
    for (name, wants) in &entry.headers {
        condition = reading.header(condition, entry, name, wants);
    }
    for (name, wants) in &entry.without_headers {
        condition = reading.without_header(condition, name, wants);
    }
    for (name, wants) in &entry.query_params {
        if let Some(wants) = reading.value(&format!("queryParams[\"{name}\"]"), wants) {
            condition = condition.parameter(name, wants);
        }
    }
    if let Some(port) = entry.port {
        condition = condition.port(port);
    }
    if reading.asks_for_claims {
        return Err("it asks for a claim of a token, and tokens are not read".to_owned());
    }
    client.meets(entry, lowering.namespace(document)).map(|()| condition)
}

/// What is wrong with an entry beside what it asks of texts, and what of it has no effect.
fn judge(document: &Document, entry: &HttpMatch, path: &str, lowering: &mut Lowering<'_>) {
    if entry.stat_prefix.is_some() {
        let message = "read, not applied: there are no metrics by route";
        lowering.note(document, &format!("{path}.statPrefix"), NoteKind::NotApplied, message);
    }
    let has_case = |uri: &StringMatch| uri.exact.is_some() || uri.prefix.is_some();
    if entry.ignore_uri_case == Some(true) && !entry.uri.as_ref().is_some_and(has_case) {
        let message = "has no effect: it is for an `exact` or a `prefix` in `uri`";
        lowering.note(document, &format!("{path}.ignoreUriCase"), NoteKind::Surprise, message);
    }
    if entry.port == Some(0) {
        let path = format!("{path}.port");
        lowering.refuse(document, &path, "`port` cannot be 0", "a port, from 1 to 65535");
    }
    if let Some(namespace) = entry.source_namespace.as_deref().filter(|name| !name.is_empty())
        && !naming::is_label(namespace)
    {
        let message = format!("`sourceNamespace` cannot be `{namespace}`");
        lowering.refuse(document, &format!("{path}.sourceNamespace"), &message, naming::LABEL);
    }
    naming::judge_labels(document, &entry.source_labels, &format!("{path}.sourceLabels"), lowering);
    naming::judge_gateways(document, &entry.gateways, &format!("{path}.gateways"), lowering);
}

/// A `match` entry while it is read.
struct Reading<'r, 'l> {
    document: &'r Document,
    path: &'r str,
    lowering: &'r mut Lowering<'l>,
    asks_for_claims: bool,
}

impl Reading<'_, '_> {
    /// How a text has to be; none if the block says nothing.
    fn text(&mut self, field: &str, wants: &Option<StringMatch>) -> Option<TextMatch> {
        match self.value(field, wants.as_ref()?)? {
            ValueMatch::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How a value has to be; presence, if the block is empty.
    fn value(&mut self, field: &str, wants: &StringMatch) -> Option<ValueMatch> {
        let path = format!("{}.{field}", self.path);
        // Every path has an empty beginning, and Envoy takes that from a `uri` alone.
        if field != "uri" && wants.prefix.as_deref() == Some("") {
            let message = "`prefix` cannot be empty: every value begins so";
            let accepted = "a text that is not empty, or no condition";
            self.lowering.refuse(self.document, &format!("{path}.prefix"), message, accepted);
            return None;
        }
        match string_match(wants) {
            Ok(wants) => Some(wants),
            Err(wrong) => {
                let accepted = "one of `exact`, `prefix` and `regex`, or `{}` for \"is present\"";
                wrong.refuse(self.document, &path, accepted, self.lowering);
                None
            }
        }
    }

    fn header(
        &mut self,
        condition: Condition,
        entry: &HttpMatch,
        name: &str,
        wants: &StringMatch,
    ) -> Condition {
        let field = format!("headers[\"{name}\"]");
        if self.is_claim(&field, name) {
            return condition;
        }
        let Some(wants) = self.value(&field, wants) else { return condition };
        let own = match name {
            ":method" => Some((entry.method.is_some(), "method")),
            ":scheme" => Some((entry.scheme.is_some(), "scheme")),
            _ => None,
        };
        match (own, wants) {
            (Some((true, own)), _) => {
                let message = format!("`{name}` cannot stand beside `{own}`, which is the same");
                let path = format!("{}.{field}", self.path);
                self.lowering.refuse(self.document, &path, &message, "one of them");
                condition
            }
            (Some((_, "method")), ValueMatch::Text(text)) => condition.method(text),
            (Some(_), ValueMatch::Text(text)) => condition.scheme(text),
            // Every request has it.
            (Some(_), _) => condition,
            (None, wants) => condition.clone().header(named(name), wants).unwrap_or_else(|error| {
                let hint = (name == ":path").then_some("write `uri`");
                self.lowering.unfit_hinted(self.document, &format!("{}.{field}", self.path), &error, hint);
                condition
            }),
        }
    }

    fn without_header(&mut self, condition: Condition, name: &str, wants: &StringMatch) -> Condition {
        let field = format!("withoutHeaders[\"{name}\"]");
        if self.is_claim(&field, name) {
            return condition;
        }
        // No expression, but an old way to say that it must not be there.
        let wants = match wants.regex.as_deref() {
            Some("*") => Some(ValueMatch::Present),
            _ => self.value(&field, wants),
        };
        let Some(wants) = wants else { return condition };
        condition.clone().without_header(named(name), wants).unwrap_or_else(|error| {
            self.lowering.unfit(self.document, &format!("{}.{field}", self.path), &error);
            condition
        })
    }

    /// Whether a name is that of a claim, which gateways match where they check tokens, and nobody else does.
    fn is_claim(&mut self, field: &str, name: &str) -> bool {
        if !name.starts_with("@request.auth.claims") {
            return false;
        }
        let path = format!("{}.{field}", self.path);
        if is_for_gateways(self.document) {
            self.asks_for_claims = true;
            let message = "read, not applied: tokens are not read, so the entry takes no request";
            self.lowering.note(self.document, &path, NoteKind::NotApplied, message);
        } else {
            let message = format!("`{name}` cannot be matched inside of the mesh");
            let accepted = "the name of a header; claims are for documents that only gateways have";
            self.lowering.refuse(self.document, &path, &message, accepted);
        }
        true
    }
}

/// What HTTP/2 calls the authority is a header before it.
fn named(name: &str) -> &str {
    if name == ":authority" { "host" } else { name }
}

fn is_for_gateways(document: &Document) -> bool {
    let Resource::VirtualService(spec) = &document.resource else { return false };
    !spec.gateways.is_empty() && !spec.gateways.iter().any(|gateway| gateway == MESH)
}

/// What is wrong with a block that says how a text has to be.
pub(super) enum Wrong {
    Several(&'static str),
    Regex(SettingsError),
}

impl Wrong {
    /// Tells of the block at this path.
    pub(super) fn refuse(self, document: &Document, path: &str, accepted: &str, lowering: &mut Lowering<'_>) {
        match self {
            Self::Several(second) => {
                let message = format!("`{second}` cannot be set beside another one");
                lowering.refuse(document, &format!("{path}.{second}"), &message, accepted);
            }
            Self::Regex(error) => lowering.unfit(document, &format!("{path}.regex"), &error),
        }
    }
}

/// What a block says of a text.
pub(super) fn string_match(block: &StringMatch) -> Result<ValueMatch, Wrong> {
    let set = [("exact", &block.exact), ("prefix", &block.prefix), ("regex", &block.regex)];
    let mut set = set.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
    let first = set.next();
    if let Some((second, _)) = set.next() {
        return Err(Wrong::Several(second));
    }
    Ok(match first {
        None => ValueMatch::Present,
        Some(("exact", text)) => TextMatch::exact(text).into(),
        Some(("prefix", text)) => TextMatch::prefix(text).into(),
        Some((_, pattern)) => TextMatch::regex(pattern).map_err(Wrong::Regex)?.into(),
    })
}
