//! The block `corsPolicy`: it is judged, and not applied.

use http::{HeaderName, Method};

use super::conditions::string_match;
use crate::{
    config::{Document, istio::CorsPolicy},
    mesh::{lower::Lowering, note::NoteKind},
};

/// What is wrong with the block; and that it is not applied.
pub(super) fn judge(document: &Document, block: &CorsPolicy, path: &str, lowering: &mut Lowering<'_>) {
    for (index, origin) in block.allow_origins.iter().enumerate() {
        let path = format!("{path}.allowOrigins[{index}]");
        let text = [&origin.exact, &origin.prefix, &origin.regex].into_iter().flatten().next();
        if text.is_none_or(String::is_empty) {
            let accepted = "one of `exact`, `prefix` and `regex`, and a text that is not empty";
            lowering.refuse(document, &path, "an origin cannot be empty", accepted);
            continue;
        }
        if let Err(wrong) = string_match(origin) {
            wrong.refuse(document, &path, "one of `exact`, `prefix` and `regex`", lowering);
        }
    }
    for (index, method) in block.allow_methods.iter().enumerate() {
        if method != "*" && !METHODS.iter().any(|known| known.as_str() == method) {
            let known: Vec<_> = METHODS.iter().map(Method::as_str).collect();
            let accepted = format!("{}, or `*` for all", known.join(", "));
            let message = format!("a method cannot be `{method}`");
            lowering.refuse(document, &format!("{path}.allowMethods[{index}]"), &message, &accepted);
        }
    }
    for (field, names) in [("allowHeaders", &block.allow_headers), ("exposeHeaders", &block.expose_headers)] {
        for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != "*") {
            if HeaderName::try_from(name).is_err() {
                let message = format!("a header cannot be `{name}`");
                let accepted = "the name of a header, such as `end-user`, or `*` for all";
                lowering.refuse(document, &format!("{path}.{field}[{index}]"), &message, accepted);
            }
        }
    }
    if let Some(time) = block.max_age.filter(|time| time.to_std().is_some_and(|time| time.subsec_nanos() > 0))
    {
        let message = format!("`maxAge` cannot be {time}");
        lowering.refuse(document, &format!("{path}.maxAge"), &message, "whole seconds");
    }
    let message = "read, not applied: browsers are told by servers, and this is a client";
    lowering.note(document, path, NoteKind::NotApplied, message);
}

const METHODS: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];
