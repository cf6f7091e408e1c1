//! The blocks `redirect` and `directResponse`: routes that ask nobody.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use crate::{
    config::{
        Document,
        istio::{DerivePort, DirectResponse, HttpMatch, Redirect},
    },
    mesh::{
        lower::{Lowering, invalid::InvalidBlock},
        note::NoteKind,
        plan::Target,
    },
    policy::route::{self, DirectAnswer, RedirectPort, Route},
};

/// A caller is sent elsewhere; what is taken off as a prefix is what the route's entries ask for.
pub(super) fn redirect(
    document: &Document,
    block: &Redirect,
    matches: &[HttpMatch],
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Route<Target>> {
    let errors = lowering.errors.len();
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (whole, prefix) = (text(&block.uri), text(&block.prefix_rewrite));
    if whole.is_some() && prefix.is_some() {
        let message = "`prefixRewrite` cannot stand beside `uri`";
        lowering.refuse(document, &format!("{path}.prefixRewrite"), message, "one of them");
    }
    let mut uris = matches.iter().filter_map(|entry| entry.uri.as_ref());
    if prefix.is_some() && uris.any(|uri| uri.exact.is_some() || uri.regex.is_some()) {
        let message = "`prefixRewrite` cannot stand beside a `match` of a `uri` that is no `prefix`";
        let accepted = "a `prefix` in each `uri`, or `uri` for the whole path";
        lowering.refuse(document, &format!("{path}.prefixRewrite"), message, accepted);
    }
    if block.port.is_some() && block.derive_port.is_some() {
        let message = "`derivePort` cannot stand beside `port`";
        lowering.refuse(document, &format!("{path}.derivePort"), message, "one of them");
    }
    if block.port == Some(0) {
        let message = "`port` cannot be 0";
        lowering.refuse(document, &format!("{path}.port"), message, "a port, from 1 to 65535");
    }
    if lowering.errors.len() > errors {
        return None;
    }
    let mut redirect = route::Redirect::builder();
    if let Some(whole) = whole {
        redirect = redirect.path(&whole);
    }
    if let Some(prefix) = prefix {
        redirect = redirect.prefix(&prefix);
    }
    if let Some(authority) = text(&block.authority) {
        redirect = redirect.authority(&authority);
    }
    if let Some(scheme) = text(&block.scheme) {
        redirect = redirect.scheme(&scheme);
    }
    if let Some(port) = block.port {
        redirect = redirect.port(RedirectPort::Number(port));
    } else if block.derive_port == Some(DerivePort::FromRequestPort) {
        redirect = redirect.port(RedirectPort::OfRequest);
    }
    if let Some(code) = block.redirect_code.filter(|code| *code != 0) {
        let Ok(code) = u16::try_from(code) else {
            let accepted = "301, 302, 303, 307 or 308";
            lowering.invalid(document, path, InvalidBlock::new("redirectCode", code, accepted));
            return None;
        };
        redirect = redirect.status(code);
    }
    match redirect.build() {
        Ok(redirect) => Some(Route::redirect(redirect)),
        Err(error) => {
            let field = match error.field() {
                route::Field::RedirectStatus => ".redirectCode",
                route::Field::Scheme => ".scheme",
                route::Field::Authority => ".authority",
                route::Field::Path if block.uri.is_some() => ".uri",
                route::Field::Path => ".prefixRewrite",
                _ => "",
            };
            lowering.unfit(document, &format!("{path}{field}"), &error);
            None
        }
    }
}

/// What an answer may hold without a word, and at all.
const LARGE: usize = 100 << 10;
const LARGEST: usize = 1 << 20;

/// A caller is answered.
pub(super) fn direct(
    document: &Document,
    block: &DirectResponse,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Route<Target>> {
    let content = content(document, block, &format!("{path}.body"), lowering);
    let status = block.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    match DirectAnswer::new(status, content.as_deref().unwrap_or_default()) {
        Ok(answer) => content.map(|_| Route::answer(answer)),
        Err(_) => {
            let found = block.status.map_or_else(|| "absent".to_owned(), |status| status.to_string());
            let invalid = InvalidBlock::new("status", found, "a status from 200 to 599");
            lowering.invalid(document, path, invalid);
            None
        }
    }
}

/// What is answered.
fn content(
    document: &Document,
    block: &DirectResponse,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Vec<u8>> {
    let Some(body) = &block.body else { return Some(Vec::new()) };
    let field = if body.string.is_some() { "string" } else { "bytes" };
    let at = format!("{path}.{field}");
    let content = match (&body.string, &body.bytes) {
        (Some(_), Some(_)) => {
            let message = "`bytes` cannot stand beside `string`";
            lowering.refuse(document, &format!("{path}.bytes"), message, "one of them");
            return None;
        }
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(coded)) => {
            let coded = coded.trim();
            let Ok(bytes) = STANDARD.decode(coded).or_else(|_| URL_SAFE.decode(coded)) else {
                lowering.refuse(document, &at, "`bytes` is no base64", "bytes in base64, such as `aGVsbG8=`");
                return None;
            };
            bytes
        }
        (None, None) => Vec::new(),
    };
    if content.len() > LARGEST {
        let message = format!("`{field}` cannot be {} bytes long", content.len());
        lowering.refuse(document, &at, &message, "at most 1 MiB");
        return None;
    }
    if content.len() > LARGE {
        let message = format!("is {} bytes long, which is much for an answer", content.len());
        lowering.note(document, &at, NoteKind::Surprise, message);
    }
    Some(content)
}
