//! The block `rewrite`, and the headers that are an authority: what a request is made to ask for instead.

use super::header_changes::Authority;
use crate::{
    config::{
        Document,
        istio::{HttpRoute, RegexRewrite, Rewrite},
    },
    mesh::{lower::Lowering, note::NoteKind},
    policy::route::{self, Field, PathRewrite},
};

/// What a route makes of path and authority: by its block, by its headers, or by those of its only place.
pub(super) fn of(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    of_route: &[Authority],
    of_place: &[Authority],
    lowering: &mut Lowering<'_>,
) -> route::Rewrite {
    let mut rewrite = route::Rewrite::new();
    if let Some(block) = &block.rewrite {
        let at = format!("{path}.rewrite");
        judge(document, block, &at, lowering);
        if let Some(new) = new_path(document, block, &at, lowering) {
            rewrite = rewrite.path(new);
        }
    }
    let of_block = block.rewrite.as_ref().and_then(|block| block.authority.clone());
    let of_block = of_block.filter(|authority| !authority.is_empty());
    let of_block = of_block.map(|value| Authority { value, path: format!("{path}.rewrite.authority") });
    let mut said = of_block.iter().chain(of_route);
    let first = said.next();
    for second in said {
        let message = "the authority cannot be set twice";
        let accepted = "one of `rewrite.authority`, `host` and `:authority`";
        lowering.refuse(document, &second.path, message, accepted);
    }
    if let Some(place) = of_place.first().filter(|_| first.is_some()) {
        let message = "has no effect: the route itself sets the authority";
        lowering.note(document, &place.path, NoteKind::Surprise, message);
    }
    match first.or(of_place.first()) {
        Some(Authority { value, path }) => rewrite.clone().authority(value).unwrap_or_else(|error| {
            lowering.unfit(document, path, &error);
            rewrite
        }),
        None => rewrite,
    }
}

/// What is wrong with the block as a whole. A text that is empty is none.
fn judge(document: &Document, block: &Rewrite, path: &str, lowering: &mut Lowering<'_>) {
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if is_set(&block.uri) && block.uri_regex_rewrite.is_some() {
        let message = "`uriRegexRewrite` cannot stand beside `uri`";
        lowering.refuse(document, &format!("{path}.uriRegexRewrite"), message, "one of them");
    }
    if !is_set(&block.uri) && !is_set(&block.authority) && block.uri_regex_rewrite.is_none() {
        let accepted = "`uri`, `uriRegexRewrite` or `authority`";
        lowering.refuse(document, path, "`rewrite` cannot be empty", accepted);
    }
}

fn new_path(
    document: &Document,
    block: &Rewrite,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<PathRewrite> {
    let Some(RegexRewrite { matches, rewrite, .. }) = &block.uri_regex_rewrite else {
        return block.uri.as_deref().filter(|uri| !uri.is_empty()).map(PathRewrite::matched);
    };
    let path = format!("{path}.uriRegexRewrite");
    let (matches, rewrite) = (matches.as_deref().unwrap_or_default(), rewrite.as_deref().unwrap_or_default());
    for (text, field) in [(matches, "match"), (rewrite, "rewrite")] {
        if text.is_empty() {
            let message = format!("`{field}` cannot be empty");
            let accepted = "an expression, and what stands for what it matches";
            lowering.refuse(document, &format!("{path}.{field}"), &message, accepted);
        }
    }
    if matches.is_empty() || rewrite.is_empty() {
        return None;
    }
    match PathRewrite::regex(matches, rewrite) {
        Ok(path) => Some(path),
        Err(error) => {
            let field = if error.field() == Field::Substitution { "rewrite" } else { "match" };
            lowering.unfit(document, &format!("{path}.{field}"), &error);
            None
        }
    }
}
