//! The entries of `match`: what a request has to be; and what the client has to be, which is known before any request.

use super::client::Client;
use crate::{
    config::{
        Document,
        istio::{HttpMatch, StringMatch},
    },
    mesh::lower::Lowering,
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
    if entry.stat_prefix.is_some() {
        let message = "read, not applied: there are no metrics by route";
        lowering.note(document, &format!("{path}.statPrefix"), crate::mesh::NoteKind::NotApplied, message);
    }
    let mut reading = Reading { document, path, lowering };
    let mut condition = Condition::new();
    if let Some(text) = reading.text("uri", &entry.uri, true) {
        let ignores = entry.ignore_uri_case == Some(true);
        condition = condition.path(if ignores { text.ignoring_case() } else { text });
    }
    if let Some(text) = reading.text("scheme", &entry.scheme, false) {
        condition = condition.scheme(text);
    }
    if let Some(text) = reading.text("method", &entry.method, false) {
        condition = condition.method(text);
    }
    if let Some(text) = reading.text("authority", &entry.authority, false) {
        condition = condition.authority(text);
    }
    for (name, wants) in &entry.headers {
        condition = reading.header(condition, "headers", name, wants);
    }
    for (name, wants) in &entry.without_headers {
        condition = reading.header(condition, "withoutHeaders", name, wants);
    }
    for (name, wants) in &entry.query_params {
        let field = format!("queryParams[\"{name}\"]");
        if let Some(wants) = reading.value(&field, wants) {
            condition = condition.parameter(name, wants);
        }
    }
    match entry.port {
        Some(0) => {
            let path = format!("{path}.port");
            reading.lowering.refuse(document, &path, "`port` cannot be 0", "a port, from 1 to 65535");
        }
        Some(port) => condition = condition.port(port),
        None => {}
    }
    client.meets(entry, lowering.namespace(document)).map(|()| condition)
}

/// A `match` entry while it is read.
struct Reading<'r, 'l> {
    document: &'r Document,
    path: &'r str,
    lowering: &'r mut Lowering<'l>,
}

impl Reading<'_, '_> {
    /// How a text has to be; none if the block says nothing.
    fn text(&mut self, field: &str, wants: &Option<StringMatch>, may_be_empty: bool) -> Option<TextMatch> {
        let ValueMatch::Text(text) = self.value(field, wants.as_ref()?)? else { return None };
        if !may_be_empty && wants.as_ref().is_some_and(|wants| wants.prefix.as_deref() == Some("")) {
            let message = "`prefix` cannot be empty: every value begins so";
            let path = format!("{}.{field}.prefix", self.path);
            self.lowering.refuse(self.document, &path, message, "a text that is not empty, or no condition");
            return None;
        }
        Some(text)
    }

    /// How a value has to be; presence, if the block is empty.
    fn value(&mut self, field: &str, wants: &StringMatch) -> Option<ValueMatch> {
        let path = format!("{}.{field}", self.path);
        match string_match(wants) {
            Ok(wants) => Some(wants),
            Err(Wrong::Several(second)) => {
                let message = format!("`{second}` cannot be set beside another one");
                let accepted = "one of `exact`, `prefix` and `regex`, or `{}` for \"is present\"";
                self.lowering.refuse(self.document, &format!("{path}.{second}"), &message, accepted);
                None
            }
            Err(Wrong::Regex(error)) => {
                self.lowering.unfit(self.document, &format!("{path}.regex"), &error);
                None
            }
        }
    }

    fn header(&mut self, condition: Condition, block: &str, name: &str, wants: &StringMatch) -> Condition {
        let field = format!("{block}[\"{name}\"]");
        let path = format!("{}.{field}", self.path);
        let Some(wants) = self.value(&field, wants) else { return condition };
        let inverted = block == "withoutHeaders";
        // What HTTP/2 sends as headers has fields of its own.
        let pseudo = match (name, &wants) {
            (":method", ValueMatch::Text(text)) => Some(condition.clone().method(text.clone())),
            (":scheme", ValueMatch::Text(text)) => Some(condition.clone().scheme(text.clone())),
            _ => None,
        };
        if let Some(pseudo) = pseudo.filter(|_| !inverted) {
            return pseudo;
        }
        let name = if name == ":authority" { "host" } else { name };
        let built = match inverted {
            false => condition.clone().header(name, wants),
            true => condition.clone().without_header(name, wants),
        };
        built.unwrap_or_else(|error| {
            let hint = match name {
                ":path" => Some("write `uri`"),
                name if name.starts_with('@') => Some("claims are matched by gateways alone"),
                _ => None,
            };
            self.lowering.unfit_hinted(self.document, &path, &error, hint);
            condition
        })
    }
}

/// What is wrong with a block that says how a text has to be.
pub(super) enum Wrong {
    Several(&'static str),
    Regex(SettingsError),
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
