//! Leads a request to an address: its URI says where to connect, its host stays the one that was asked for.

use std::mem;

use http::{
    HeaderValue, Request, Uri,
    header::HOST,
    uri::{Authority, PathAndQuery, Scheme},
};

use super::member::Member;
use crate::policy::{balance::Address, route::usual_port};

/// Where to connect, in a request's extensions, if it is nothing that a URI can say: the path of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SocketPath(pub Address);

/// Leads a request to a member.
#[inline]
pub(crate) fn lead<B, T>(request: &mut Request<B>, member: &Member<T>) {
    match member.authority() {
        Some(authority) => lead_to(request, authority),
        None => drop(request.extensions_mut().insert(SocketPath(member.address().clone()))),
    }
}

/// The URI says where to connect; the host that the caller named stays in its header.
pub(crate) fn lead_to<B>(request: &mut Request<B>, authority: &Authority) {
    if !request.headers().contains_key(HOST)
        && let Ok(named) = HeaderValue::try_from(named(request.uri()))
        && !named.is_empty()
    {
        request.headers_mut().insert(HOST, named);
    }
    let mut parts = mem::take(request.uri_mut()).into_parts();
    parts.authority = Some(authority.clone());
    parts.scheme.get_or_insert(Scheme::HTTP);
    parts.path_and_query.get_or_insert_with(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
}

/// What a transport would have told the upstream: without a user, and without a port that goes without saying. Empty, if
/// no host is named.
fn named(uri: &Uri) -> &str {
    let Some(authority) = uri.authority() else { return "" };
    let text = authority.as_str();
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    match authority.port_u16() {
        Some(port) if port == usual_port(uri.scheme_str().unwrap_or_default()) => authority.host(),
        _ => text,
    }
}
