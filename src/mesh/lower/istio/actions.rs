//! What a route of `http` does with a request: where it goes, what it is answered, what is changed on the way.

use super::{
    answers,
    header_changes::{self, Authority},
    registry::Registry,
    rewrites,
    target::target,
};
use crate::{
    config::{
        Document,
        istio::{HttpRoute, RouteDestination},
    },
    mesh::{lower::Lowering, note::NoteKind, plan::Target},
    policy::route::{Leg, Route},
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
    let (route, of_place) = match (&block.redirect, &block.direct_response) {
        (Some(redirect), _) => {
            let path = format!("{path}.redirect");
            (answers::redirect(document, redirect, &block.matches, &path, lowering), Vec::new())
        }
        (None, Some(answer)) => {
            (answers::direct(document, answer, &format!("{path}.directResponse"), lowering), Vec::new())
        }
        (None, None) => split(document, &block.route, &format!("{path}.route"), registry, lowering),
    };
    let headers = header_changes::of(document, block.headers.as_ref(), &format!("{path}.headers"), lowering);
    let rewrite = rewrites::of(document, block, path, &headers.authorities, &of_place, lowering);
    let route = route?.rewriting(rewrite);
    let route = route.changing_requests(headers.request).changing_responses(headers.response);
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
        let accepted = "one of `route`, `redirect`, `directResponse` and `delegate`";
        return lowering.refuse(document, path, "a route must go somewhere", accepted);
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

/// To these places by weight, and the authorities that the only one of them gives.
pub(super) fn split(
    document: &Document,
    places: &[RouteDestination],
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) -> (Option<Route<Target>>, Vec<Authority>) {
    let (mut legs, mut authorities) = (Vec::new(), Vec::new());
    for (index, place) in places.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let weight = place.weight.unwrap_or(0);
        if weight < 0 {
            let message = format!("`weight` cannot be {weight}");
            lowering.refuse(document, &format!("{path}.weight"), &message, "0 or more");
        }
        let headers =
            header_changes::of(document, place.headers.as_ref(), &format!("{path}.headers"), lowering);
        if places.len() == 1 {
            authorities = headers.authorities;
        } else if let Some(authority) = headers.authorities.first() {
            let message = "read, not applied: where a route has several places, they keep the authority";
            lowering.note(document, &authority.path, NoteKind::NotApplied, message);
        }
        let to = target(document, &place.destination, &format!("{path}.destination"), registry, lowering);
        let Some((to, weight)) = to.zip(u32::try_from(weight).ok()) else { continue };
        let leg = Leg::to(to).weighing(weight);
        legs.push(leg.changing_requests(headers.request).changing_responses(headers.response));
    }
    // What is wrong, or that there are none, has been told.
    if places.is_empty() || legs.len() < places.len() {
        return (None, authorities);
    }
    let route = Route::split(legs);
    if let Err(error) = &route {
        lowering.unfit(document, path, error);
    }
    (route.ok(), authorities)
}
