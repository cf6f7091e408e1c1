//! What a route changes of a request and of its answer, and what it answers by itself.
//!
//! Nearly all routes change nothing, and that is seen first; what is changed is changed out of line.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{HOST, LOCATION},
    uri::Authority,
};

use crate::{
    policy::route::{Action, Condition, Head, HeaderChanges, Leg, Route},
    refusal::{Reason, Refusal},
};

/// What of a URI follows an authority that is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connects {
    /// Who sends the request connects to the new one.
    There,
    /// Where to connect is known already: only the `host` header tells of the new one.
    #[cfg_attr(
        not(any(feature = "yaml", test)),
        expect(dead_code, reason = "for who knows by itself where a request goes")
    )]
    AsBefore,
}

/// Changes a request that this condition took and that goes on by this leg.
#[inline]
pub(crate) fn change_request<B, T>(
    request: &mut Request<B>,
    route: &Route<T>,
    leg: &Leg<T>,
    taken: Option<&Condition>,
    connects: Connects,
) {
    if changes_requests(route, leg) {
        change(request, route, leg, taken, connects);
    }
}

/// Whether there is anything to be changed of requests.
#[inline]
pub(crate) fn changes_requests<T>(route: &Route<T>, leg: &Leg<T>) -> bool {
    !(route.rewrite().is_empty() && route.request_changes().is_empty() && leg.request_changes().is_empty())
}

/// Whether there is anything to be changed of answers.
#[inline]
pub(crate) fn changes_responses<T>(route: &Route<T>, leg: &Leg<T>) -> bool {
    !(route.response_changes().is_empty() && leg.response_changes().is_empty())
}

#[cold]
fn change<B, T>(
    request: &mut Request<B>,
    route: &Route<T>,
    leg: &Leg<T>,
    taken: Option<&Condition>,
    connects: Connects,
) {
    change_headers(request.headers_mut(), route, route.request_changes(), Some(leg.request_changes()));
    let rewrite = route.rewrite();
    if let Some(path) = rewrite.path_and_query(request.uri(), taken) {
        change_uri(request.uri_mut(), |parts| parts.path_and_query = Some(path));
    }
    if let Some(authority) = rewrite.new_authority() {
        request.headers_mut().insert(HOST, authority.clone());
        if connects == Connects::There
            && request.uri().authority().is_some()
            && let Ok(authority) = Authority::try_from(authority.as_bytes())
        {
            change_uri(request.uri_mut(), |parts| parts.authority = Some(authority));
        }
    }
}

/// Changes a part of a URI. One that can have no such part (`reviews:443` has no path) stays as it is.
pub(crate) fn change_uri(uri: &mut Uri, change: impl FnOnce(&mut http::uri::Parts)) {
    let mut parts = uri.clone().into_parts();
    change(&mut parts);
    if let Ok(changed) = Uri::from_parts(parts) {
        *uri = changed;
    }
}

/// Changes the headers of an answer: to a request that went on by this leg, or to one that went nowhere.
#[cold]
pub(crate) fn change_response<T>(headers: &mut HeaderMap, route: &Route<T>, leg: Option<&Leg<T>>) {
    change_headers(headers, route, route.response_changes(), leg.map(Leg::response_changes));
}

/// As the mesh does it: the changes of the leg that was drawn come before the route's own. Where there is one leg and
/// nothing to draw, they are behind them on one list, from which all that is removed comes first.
fn change_headers<T>(
    headers: &mut HeaderMap,
    route: &Route<T>,
    own: &HeaderChanges,
    legs: Option<&HeaderChanges>,
) {
    let is_drawn = matches!(route.action(), Action::Forward(legs) if !legs.is_certain());
    if is_drawn {
        legs.into_iter().chain([own]).for_each(|changes| changes.apply(headers));
        return;
    }
    let both = || [own].into_iter().chain(legs);
    both().for_each(|changes| changes.remove_from(headers));
    both().for_each(|changes| changes.put_into(headers));
}

/// What a request is answered with that this condition took; none if the route sends it on. The headers of the answer
/// are yet to be [changed](change_response).
pub(crate) fn local_answer<T>(
    route: &Route<T>,
    head: &Head<'_>,
    taken: Option<&Condition>,
) -> Option<Refusal> {
    let answering = |status| Refusal::new(Reason::DirectAnswer, status).details("direct_response");
    match route.action() {
        Action::Redirect(redirect) => {
            let location = HeaderValue::try_from(redirect.location(head, taken)).ok()?;
            Some(answering(redirect.status()).header(LOCATION, location))
        }
        Action::Answer(answer) if answer.content().is_empty() => Some(answering(answer.status())),
        Action::Answer(answer) => {
            Some(answering(answer.status()).text(Bytes::from_owner(answer.shared_content())))
        }
        Action::Forward(_) => None,
    }
}

/// What a request is answered with that no rule takes.
pub(crate) fn no_route() -> Refusal {
    Refusal::new(Reason::NoRoute, StatusCode::NOT_FOUND).details("route_not_found")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::route::Rewrite;

    /// The host header and the URI that a request leaves with.
    fn rewritten(connects: Connects) -> (String, String) {
        let rewrite = Rewrite::new().authority("ratings:81").expect("an authority");
        let route = Route::to(()).rewriting(rewrite);
        let Action::Forward(legs) = route.action() else { panic!("it leads somewhere") };
        let mut request = Request::get("http://reviews:9080/x").body(()).expect("a request");
        change_request(&mut request, &route, legs.get(0).expect("a leg"), None, connects);
        (request.headers()[HOST].to_str().expect("a text").to_owned(), request.uri().to_string())
    }

    #[test]
    fn who_knows_where_to_connect_keeps_the_uri_and_changes_what_the_upstream_is_told() {
        let host = "ratings:81".to_owned();
        assert_eq!(rewritten(Connects::There), (host.clone(), "http://ratings:81/x".to_owned()));
        assert_eq!(rewritten(Connects::AsBefore), (host, "http://reviews:9080/x".to_owned()));
    }
}
