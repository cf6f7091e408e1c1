//! What a route of `http` does with a request: where it goes, what it is answered, what is changed on the way.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use super::{header_changes, registry::Registry};
use crate::{
    config::{
        Document,
        istio::{DerivePort, Destination, DirectResponse, HttpRoute, Percentage, Redirect, Rewrite},
    },
    mesh::{
        host::Host,
        lower::{Lowering, invalid::InvalidBlock},
        note::NoteKind,
        plan::{Dialect, Mirror, Target},
    },
    policy::{
        PartsPerMillion,
        route::{self, DirectAnswer, Leg, PathRewrite, RedirectPort, Route},
    },
};

/// What a route does; none if it cannot mean anything.
pub(super) fn route(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Route<Target>> {
    let errors = lowering.errors.len();
    does_one_thing(document, block, path, lowering);
    let of_route = header_changes::of(document, block.headers.as_ref(), &format!("{path}.headers"), lowering);
    let (route, of_leg) = match (&block.redirect, &block.direct_response) {
        (Some(redirect), _) => {
            (self::redirect(document, redirect, &format!("{path}.redirect"), lowering)?, None)
        }
        (None, Some(answer)) => {
            (direct(document, answer, &format!("{path}.directResponse"), lowering)?, None)
        }
        (None, None) => forward(document, block, path, registry, lowering)?,
    };
    let mut rewrite = block.rewrite.as_ref().map_or_else(route::Rewrite::new, |rewrite| {
        self::rewrite(document, rewrite, &format!("{path}.rewrite"), lowering)
    });
    // A header that is the authority is one only where nothing nearer says what the authority is.
    let headers = of_route
        .authority
        .map(|authority| (authority, "headers"))
        .or(of_leg.map(|leg| (leg, "route[0].headers")));
    if let Some((authority, field)) = headers {
        let said = block.rewrite.as_ref().and_then(|rewrite| rewrite.authority.as_ref());
        if said.is_some() {
            let message = "has no effect on the authority: `rewrite.authority` counts";
            lowering.note(document, &format!("{path}.{field}"), NoteKind::Surprise, message);
        } else {
            rewrite = with_authority(document, rewrite, &authority, &format!("{path}.{field}"), lowering);
        }
    }
    let route = route.rewriting(rewrite);
    let route = route.changing_requests(of_route.request).changing_responses(of_route.response);
    (lowering.errors.len() == errors).then_some(route)
}

/// A route goes somewhere, or answers, or sends elsewhere; and what does not go anywhere has nothing of what goes.
fn does_one_thing(document: &Document, block: &HttpRoute, path: &str, lowering: &mut Lowering<'_>) {
    let places = !block.route.is_empty();
    let done = [
        (places, "route"),
        (block.redirect.is_some(), "redirect"),
        (block.direct_response.is_some(), "directResponse"),
    ];
    let mut done = done.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name);
    let Some(first) = done.next() else {
        let message = "a route must go somewhere";
        return lowering.refuse(
            document,
            path,
            message,
            "one of `route`, `redirect`, `directResponse` and `delegate`",
        );
    };
    for other in done {
        let message = format!("`{other}` cannot stand beside `{first}`");
        let accepted = "one of `route`, `redirect` and `directResponse`";
        lowering.refuse(document, &format!("{path}.{other}"), &message, accepted);
    }
    if places {
        return;
    }
    for (is_set, field) in [(block.fault.is_some(), "fault"), (block.rewrite.is_some(), "rewrite")] {
        if is_set {
            let message = format!("`{field}` cannot stand beside `{first}`, which asks nobody");
            lowering.refuse(document, &format!("{path}.{field}"), &message, "no such block here");
        }
    }
    let without_effect = [
        (block.timeout.is_some(), "timeout"),
        (block.retries.is_some(), "retries"),
        (block.mirror.is_some(), "mirror"),
        (!block.mirrors.is_empty(), "mirrors"),
    ];
    for (_, field) in without_effect.iter().filter(|(is_set, _)| *is_set) {
        let message = format!("has no effect: `{first}` asks nobody");
        lowering.note(document, &format!("{path}.{field}"), NoteKind::Surprise, message);
    }
}

/// To its places, and the authority that the only one of them gives.
fn forward(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<(Route<Target>, Option<String>)> {
    let (mut legs, mut authority) = (Vec::new(), None);
    let is_only = block.route.len() == 1;
    for (index, place) in block.route.iter().enumerate() {
        let path = format!("{path}.route[{index}]");
        let weight = place.weight.unwrap_or(0);
        let Ok(weight) = u32::try_from(weight) else {
            let message = format!("`weight` cannot be {weight}");
            lowering.refuse(document, &format!("{path}.weight"), &message, "0 or more");
            continue;
        };
        let headers =
            header_changes::of(document, place.headers.as_ref(), &format!("{path}.headers"), lowering);
        if let Some(said) = headers.authority {
            if is_only {
                authority = Some(said);
            } else {
                let message =
                    "the authority of one of several places is not changed; write `rewrite.authority`";
                lowering.note(document, &format!("{path}.headers"), NoteKind::NotApplied, message);
            }
        }
        let Some(to) =
            target(document, &place.destination, &format!("{path}.destination"), registry, lowering)
        else {
            continue;
        };
        let leg = Leg::to(to).weighing(weight);
        legs.push(leg.changing_requests(headers.request).changing_responses(headers.response));
    }
    if legs.len() < block.route.len() {
        return None;
    }
    match Route::split(legs) {
        Ok(route) => Some((route, authority)),
        Err(error) => {
            lowering.unfit(document, &format!("{path}.route"), &error);
            None
        }
    }
}

/// The cluster that a block means.
pub(super) fn target(
    document: &Document,
    block: &Destination,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Option<Target> {
    let errors = lowering.errors.len();
    if block.host.is_empty() || block.host.contains('*') {
        let message = format!("`host` cannot be `{}`", block.host);
        lowering.refuse(document, &format!("{path}.host"), &message, "the name of one host");
    }
    if let Some(subset) = block.subset.as_deref().filter(|name| !is_label(name)) {
        let message = format!("`subset` cannot be `{subset}`");
        let accepted = "letters, digits and `-` in between, at most 63";
        lowering.refuse(document, &format!("{path}.subset"), &message, accepted);
    }
    let port = block.port.and_then(|port| port.number);
    if block.port.is_some() && port.is_none_or(|port| port == 0) {
        let accepted = "a port of the service, such as `{number: 9080}`";
        let found = if port.is_none() { "without a number" } else { "0" };
        lowering.invalid(document, path, InvalidBlock::new("port", found, accepted));
    }
    if lowering.errors.len() > errors {
        return None;
    }
    let domain = &lowering.identity.domain;
    let host = Host::of_istio(&block.host, lowering.namespace(document), domain);
    let host = registry.resolved(host, domain);
    // Of several ports it is the one that the caller asks for.
    let only = || registry.get(&host).and_then(|known| known.only_port());
    Some(Target {
        host: host.name(domain, Dialect::Istio),
        port: port.or_else(only),
        subset: block.subset.clone(),
    })
}

/// As Kubernetes has names, but capital letters are fine.
pub(super) fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    bytes.len() <= 63 && bytes.iter().copied().all(inner) && ends(bytes.first()) && ends(bytes.last())
}

fn redirect(
    document: &Document,
    block: &Redirect,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Route<Target>> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut redirect = route::Redirect::builder();
    if let (Some(_), Some(_)) = (&block.uri, &block.prefix_rewrite) {
        let message = "`prefixRewrite` cannot stand beside `uri`";
        lowering.refuse(document, &format!("{path}.prefixRewrite"), message, "one of them");
    }
    if let (Some(_), Some(_)) = (&block.port, &block.derive_port) {
        let message = "`derivePort` cannot stand beside `port`";
        lowering.refuse(document, &format!("{path}.derivePort"), message, "one of them");
    }
    if let Some(uri) = text(&block.uri) {
        redirect = redirect.path(&uri);
    }
    if let Some(prefix) = text(&block.prefix_rewrite) {
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
        redirect = redirect.status(u16::try_from(code).unwrap_or(0));
    }
    match redirect.build() {
        Ok(redirect) => Some(Route::redirect(redirect)),
        Err(error) => {
            let field = match error.field() {
                route::Field::RedirectStatus => ".redirectCode",
                route::Field::Scheme => ".scheme",
                route::Field::Authority => ".authority",
                route::Field::Path => ".uri",
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

fn direct(
    document: &Document,
    block: &DirectResponse,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Route<Target>> {
    let body = block.body.clone().unwrap_or_default();
    let field = if body.string.is_some() { "string" } else { "bytes" };
    let at = format!("{path}.body.{field}");
    let content = match (body.string, body.bytes) {
        (Some(_), Some(_)) => {
            let message = "`bytes` cannot stand beside `string`";
            lowering.refuse(document, &format!("{path}.body.bytes"), message, "one of them");
            return None;
        }
        (Some(text), None) => text.into_bytes(),
        (None, Some(coded)) => match STANDARD.decode(coded.trim()).or_else(|_| URL_SAFE.decode(coded.trim()))
        {
            Ok(bytes) => bytes,
            Err(_) => {
                lowering.refuse(document, &at, "`bytes` is no base64", "bytes in base64, such as `aGVsbG8=`");
                return None;
            }
        },
        (None, None) => Vec::new(),
    };
    if content.len() > LARGEST {
        let message = format!("`{field}` cannot be {} bytes long", content.len());
        lowering.refuse(document, &at, &message, "at most 1 MiB");
        return None;
    }
    if content.len() > LARGE {
        let message = format!("is {} bytes long: each answer holds a copy", content.len());
        lowering.note(document, &at, NoteKind::Surprise, message);
    }
    match DirectAnswer::new(block.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(0), &content)
    {
        Ok(answer) => Some(Route::answer(answer)),
        Err(_) => {
            let found = block.status.map_or_else(|| "absent".to_owned(), |status| status.to_string());
            let invalid = InvalidBlock::new("status", found, "a status from 200 to 599");
            lowering.invalid(document, path, invalid);
            None
        }
    }
}

fn rewrite(document: &Document, block: &Rewrite, path: &str, lowering: &mut Lowering<'_>) -> route::Rewrite {
    let mut rewrite = route::Rewrite::new();
    match (&block.uri, &block.uri_regex_rewrite) {
        (Some(_), Some(_)) => {
            let message = "`uriRegexRewrite` cannot stand beside `uri`";
            lowering.refuse(document, &format!("{path}.uriRegexRewrite"), message, "one of them");
        }
        (Some(uri), None) => rewrite = rewrite.path(PathRewrite::matched(uri)),
        (None, Some(regex)) => {
            let (pattern, with) = (regex.matches.as_deref(), regex.rewrite.as_deref());
            match PathRewrite::regex(pattern.unwrap_or_default(), with.unwrap_or_default()) {
                Ok(path) => rewrite = rewrite.path(path),
                Err(error) => {
                    let field = if error.field() == route::Field::Substitution { "rewrite" } else { "match" };
                    lowering.unfit(document, &format!("{path}.uriRegexRewrite.{field}"), &error);
                }
            }
        }
        (None, None) if block.authority.is_none() => {
            lowering.refuse(
                document,
                path,
                "`rewrite` cannot be empty",
                "`uri`, `uriRegexRewrite` or `authority`",
            );
        }
        (None, None) => {}
    }
    match &block.authority {
        Some(authority) => {
            with_authority(document, rewrite, authority, &format!("{path}.authority"), lowering)
        }
        None => rewrite,
    }
}

fn with_authority(
    document: &Document,
    rewrite: route::Rewrite,
    authority: &str,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> route::Rewrite {
    rewrite.clone().authority(authority).unwrap_or_else(|error| {
        lowering.unfit(document, path, &error);
        rewrite
    })
}

/// Who gets copies.
pub(super) fn mirrors(
    document: &Document,
    block: &HttpRoute,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> Vec<Mirror> {
    let mut mirrors = Vec::new();
    if block.mirror.is_some() && !block.mirrors.is_empty() {
        let message = "`mirrors` cannot stand beside `mirror`";
        lowering.refuse(document, &format!("{path}.mirrors"), message, "one of them");
        return mirrors;
    }
    if let Some(to) = &block.mirror {
        let (percent, field) = match (block.mirror_percentage, block.mirror_percent) {
            (Some(percentage), _) => (percentage.value.unwrap_or(0.0), "mirrorPercentage.value"),
            (None, Some(percent)) => (f64::from(percent), "mirrorPercent"),
            (None, None) => (100.0, "mirror"),
        };
        let target = target(document, to, &format!("{path}.mirror"), registry, lowering);
        mirrors.extend(copied(document, target, percent, &format!("{path}.{field}"), lowering));
    } else {
        let fields = [
            (block.mirror_percent.is_some(), "mirrorPercent"),
            (block.mirror_percentage.is_some(), "mirrorPercentage"),
        ];
        for (_, field) in fields.iter().filter(|(is_set, _)| *is_set) {
            let message = "has no effect: there is no `mirror`";
            lowering.note(document, &format!("{path}.{field}"), NoteKind::Surprise, message);
        }
    }
    if block.mirror_percent.is_some() && block.mirror.is_some() {
        let message = match block.mirror_percentage {
            Some(_) => "has no effect beside `mirrorPercentage`",
            None => "an old spelling, read as `mirrorPercentage`",
        };
        lowering.note(document, &format!("{path}.mirrorPercent"), NoteKind::Surprise, message);
    }
    for (index, mirror) in block.mirrors.iter().enumerate() {
        let path = format!("{path}.mirrors[{index}]");
        let Some(to) = &mirror.destination else {
            lowering.refuse(
                document,
                &path,
                "a mirror must have a `destination`",
                "`destination: {host: …}`",
            );
            continue;
        };
        let percent = mirror.percentage.map_or(100.0, |Percentage { value, .. }| value.unwrap_or(0.0));
        let target = target(document, to, &format!("{path}.destination"), registry, lowering);
        mirrors.extend(copied(document, target, percent, &format!("{path}.percentage.value"), lowering));
    }
    mirrors
}

fn copied(
    document: &Document,
    target: Option<Target>,
    percent: f64,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Mirror> {
    match PartsPerMillion::from_percent(percent) {
        Ok(share) if share.is_none() => {
            lowering.note(document, path, NoteKind::Surprise, "copies nothing: it is 0 %");
            None
        }
        Ok(share) => Some(Mirror { target: target?, share }),
        Err(_) => {
            let message = format!("a share cannot be {percent} %");
            lowering.refuse(document, path, &message, PartsPerMillion::ACCEPTED);
            None
        }
    }
}
