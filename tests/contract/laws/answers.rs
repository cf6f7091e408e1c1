//! Over HTTP a refusal is a response, and one that its caller can read.
//!
//! A HEAD must be told what the GET would have been told, without a body, or the connection is out of step. A gRPC
//! client understands nothing but trailers. And a refusal that looks like the upstream's own 503 has retries and
//! outlier detectors draw the wrong conclusion: so it carries its [`Refusal`] (law 2).

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    response::Parts,
};
use http_body::Body;
use http_body_util::BodyExt;
use tower_mesh::{Flags, Refusal};

use crate::{
    loss::Loss,
    probe::Ask,
    subject::{Ending, Guard, Subject},
};

pub(crate) async fn a_refusal_carries_its_reason_and_flags<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    for request in [get(), head(), grpc()] {
        let (parts, ..) = refused(&subject, request).await;
        let refusal = parts.extensions.get::<Refusal>().expect("a refusal is in the extensions");
        let flags = parts.extensions.get::<Flags>().expect("the flags are in the extensions");
        assert!(flags.contains(refusal.flags()), "the flags tell of the refusal");
        assert!(!flags.is_empty(), "a refusal has a flag");
    }
}

pub(crate) async fn a_refused_get_is_answered_as_the_refusal_says<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let (parts, size, content) = refused(&subject, get()).await;
    let refusal = parts.extensions.get::<Refusal>().unwrap();
    assert_eq!((parts.status, &content), (refusal.status(), refusal.body()));
    assert_eq!(parts.headers.get(CONTENT_TYPE), refusal.body_type());
    assert_eq!(parts.headers.get(CONTENT_LENGTH), Some(&HeaderValue::from(content.len())));
    assert_eq!(size, Some(content.len() as u64), "a refusal's body knows its size");
}

pub(crate) async fn a_refused_head_has_the_head_of_the_refused_get_and_no_body<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let (get, ..) = refused(&subject, get()).await;
    let (head, size, content) = refused(&subject, head()).await;
    assert_eq!((head.status, &head.headers), (get.status, &get.headers));
    assert_eq!((size, content.len()), (Some(0), 0), "a refused HEAD has a body");
}

pub(crate) async fn a_refused_grpc_call_is_answered_by_trailers_only<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let (parts, size, content) = refused(&subject, grpc()).await;
    assert_eq!(parts.status, StatusCode::OK, "a gRPC call is refused with a status of 200");
    let header = |name| HeaderMap::get(&parts.headers, name).map(|value| value.to_str().unwrap());
    assert_eq!(header("content-type"), Some("application/grpc"));
    let status = header("grpc-status").expect("a gRPC refusal has a grpc-status").parse::<u8>().unwrap();
    assert!((1..=16).contains(&status), "a refusal is not OK");
    assert_eq!(header("content-length"), None, "trailers-only has no body to be long");
    assert_eq!((size, content.len()), (Some(0), 0), "a refused gRPC call has a body");
}

/// `application/grpc` makes a gRPC call of a POST only.
pub(crate) async fn a_get_is_no_grpc_call<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let mut request = grpc();
    *request.method_mut() = Method::GET;
    let (parts, ..) = refused(&subject, request).await;
    assert!(!parts.headers.contains_key("grpc-status"), "a GET was answered as a gRPC call");
}

fn get() -> Ask {
    Ending::Success.request()
}

fn head() -> Ask {
    let mut request = get();
    *request.method_mut() = Method::HEAD;
    request
}

fn grpc() -> Ask {
    let mut request = get();
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc+proto"));
    request
}

/// The head of the refusal, what its body's size hint says, and its content.
async fn refused<L: Guard<E>, E: Loss>(
    subject: &Subject<impl Fn() -> L, E>,
    request: Ask,
) -> (Parts, Option<u64>, bytes::Bytes) {
    let stand = subject.stand();
    let (service, _held) = stand.refusing().await;
    let response = stand.ask(&service, request).await.expect("over HTTP a refusal is a response");
    let (parts, body) = response.into_parts();
    let size = body.size_hint().exact();
    (parts, size, body.collect().await.unwrap().to_bytes())
}
