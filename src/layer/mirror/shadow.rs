//! The host of a copy that can be told from its original.

use http::{HeaderValue, Request, header::HOST, uri::Authority};

use crate::layer::route::change::change_uri;

const SUFFIX: &str = "-shadow";

/// Appends it to the host that this request is for, wherever it names one.
pub(super) fn append<B>(request: &mut Request<B>) {
    let host = request.headers().get(HOST).and_then(|host| appended(host.to_str().ok()?));
    if let Some(host) = host.and_then(|host| HeaderValue::try_from(host).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    let authority = request.uri().authority().and_then(|authority| appended(authority.as_str()));
    if let Some(authority) = authority.and_then(|authority| Authority::try_from(authority).ok()) {
        change_uri(request.uri_mut(), |parts| parts.authority = Some(authority));
    }
}

/// Before the port, if there is one. What stands in brackets is an address, and no name to append anything to.
fn appended(authority: &str) -> Option<String> {
    let start = authority.rfind('@').map_or(0, |at| at + 1);
    let host = &authority[start..];
    let end = host.find(':').unwrap_or(host.len());
    if host.starts_with('[') || end == 0 {
        return None;
    }
    let (name, port) = authority.split_at(start + end);
    Some(format!("{name}{SUFFIX}{port}"))
}
