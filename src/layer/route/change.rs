//! What a route changes of a request and of its answer.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri,
    header::{HOST, LOCATION},
};

use crate::{
    policy::route::{Action, Condition, Head, HeaderChanges, Leg, Route},
    refusal::{Reason, Refusal},
};

/// Changes a request that goes this way. Where to connect is not changed: another authority is only what the upstream
/// is told.
pub(crate) fn request<B, T>(
    request: &mut Request<B>,
    route: &Route<T>,
    leg: &Leg<T>,
    taken: Option<&Condition>,
) {
    if let Some(target) = route.rewrite().path_and_query(request.uri(), taken) {
        // A CONNECT has no path to be changed.
        if request.uri().authority().is_none() || request.uri().scheme().is_some() {
            let mut parts = std::mem::take(request.uri_mut()).into_parts();
            parts.path_and_query = Some(target);
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        }
    }
    apply(request.headers_mut(), route, route.request_changes(), leg.request_changes());
    if let Some(authority) = route.rewrite().new_authority() {
        request.headers_mut().insert(HOST, authority.clone());
    }
}

/// Changes the headers of what was answered this way.
pub(crate) fn response<T>(headers: &mut HeaderMap, route: &Route<T>, leg: &Leg<T>) {
    apply(headers, route, route.response_changes(), leg.response_changes());
}

/// What holds for one of several places comes first; for the only one it comes after what holds for the route.
fn apply<T>(headers: &mut HeaderMap, route: &Route<T>, of_route: &HeaderChanges, of_leg: &HeaderChanges) {
    let is_only = matches!(route.action(), Action::Forward(legs) if legs.is_certain());
    let [first, then] = if is_only { [of_route, of_leg] } else { [of_leg, of_route] };
    first.apply(headers);
    then.apply(headers);
}

/// What a route answers by itself.
pub(crate) fn local_answer<T>(route: &Route<T>, head: &Head<'_>, taken: Option<&Condition>) -> Refusal {
    let refusal = match route.action() {
        Action::Redirect(redirect) => {
            let refusal = Refusal::new(Reason::DirectAnswer, redirect.status());
            let location = HeaderValue::try_from(redirect.location(head, taken));
            match location {
                Ok(location) => refusal.header(LOCATION, location),
                Err(_) => refusal,
            }
        }
        Action::Answer(answer) => {
            let refusal = Refusal::new(Reason::DirectAnswer, answer.status());
            match answer.content() {
                [] => refusal,
                content => refusal.text(content.to_vec()),
            }
        }
        Action::Forward(_) => return Refusal::new(Reason::NoRoute, http::StatusCode::NOT_FOUND),
    };
    let set = |refusal: Refusal, (name, value): (&HeaderName, &HeaderValue)| {
        refusal.header(name.clone(), value.clone())
    };
    let changes = route.response_changes();
    changes.set().chain(changes.added()).fold(refusal.details("direct_response"), set)
}
