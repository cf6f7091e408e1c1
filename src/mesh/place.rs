//! Where a try goes, once it is known: to the host that the request names, to another one, or nowhere.
//!
//! It stands inside of everything else, since a try that has nobody to go to passes what any other passes: a fault may
//! hold it back, and its answer is that of the mesh.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    layer::{
        answerable::AnswerableBody,
        cluster::Cluster,
        host::target,
        protocol::{Answers, Http, Reads},
    },
    policy::route::usual_port,
    refusal::{Reason, Refusal},
};

/// Where tries go.
#[derive(Debug, Clone)]
pub(super) enum At {
    /// To the host and port that the request names.
    Here,
    /// Elsewhere, or to a part of the endpoints.
    There(Arc<There>),
    /// Nowhere, for this reason.
    Nowhere(Nowhere),
}

/// What a transport is told of a place that is not the one that the request names.
#[derive(Debug)]
pub(super) struct There {
    /// Where to connect; none: where the request says.
    pub(super) authority: Option<Authority>,
    /// Which part of the endpoints; none: any.
    pub(super) cluster: Option<Cluster>,
    /// Whether it is the port that the request names, which is one of many that have all in common.
    pub(super) at_its_port: bool,
}

/// Why there is nobody to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nowhere {
    /// The cluster does not exist.
    NoCluster,
    /// It has no endpoint.
    NoEndpoint,
}

/// A transport, for tries that go there.
#[derive(Debug, Clone)]
pub struct Placed<S> {
    pub(super) inner: S,
    pub(super) at: At,
}

impl There {
    /// Leads a request there.
    fn lead<B>(&self, request: &mut Request<B>) {
        let port = self.at_its_port.then(|| target(request).map(|(_, port)| port));
        match port.flatten() {
            Some(port) => self.at(port).lead_as_it_is(request),
            None => self.lead_as_it_is(request),
        }
    }

    /// The same at one port.
    fn at(&self, port: u16) -> Self {
        let authority = self.authority.as_ref();
        let authority = authority.and_then(|there| format!("{}:{port}", there.host()).parse().ok());
        let part =
            |all: &Cluster| Cluster::new(all.host(), port).subset(all.subset_name(), all.labels().clone());
        Self { authority, cluster: self.cluster.as_ref().map(part), at_its_port: false }
    }

    fn lead_as_it_is<B>(&self, request: &mut Request<B>) {
        if let Some(authority) = &self.authority {
            lead(request, authority);
        }
        match &self.cluster {
            Some(cluster) => drop(request.extensions_mut().insert(cluster.clone())),
            // A part of another host, that a mesh further out asked for, is none of this one.
            None if !request.extensions().is_empty() => drop(request.extensions_mut().remove::<Cluster>()),
            None => {}
        }
    }
}

/// The URI says where to connect; the host that the caller named stays in its header.
fn lead<B>(request: &mut Request<B>, authority: &Authority) {
    if !request.headers().contains_key(HOST)
        && let Ok(named) = HeaderValue::try_from(named(request.uri()))
        && !named.is_empty()
    {
        request.headers_mut().insert(HOST, named);
    }
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.authority = Some(authority.clone());
    parts.scheme.get_or_insert(Scheme::HTTP);
    parts.path_and_query.get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
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

impl Nowhere {
    /// As a sidecar under Istio answers.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::NoCluster => Refusal::new(Reason::NoCluster, StatusCode::INTERNAL_SERVER_ERROR)
                .details("cluster_not_found"),
            Self::NoEndpoint => Refusal::new(Reason::NoHealthyUpstream, StatusCode::SERVICE_UNAVAILABLE)
                .text("no healthy upstream")
                .details("no_healthy_upstream"),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Placed<S>
where
    S: Service<Request<B>, Response = Response<AnswerableBody<R>>, Error: 'static>,
    R: Body<Data = Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = PlacedFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match &self.at {
            At::Here => {}
            At::There(there) => there.lead(&mut request),
            At::Nowhere(why) => {
                let memo = Http.memo(&request);
                let answer: Result<_, S::Error> = Http.refuse(memo, why.refusal());
                return PlacedFuture::Nowhere { answer: answer.ok().map(Box::new) };
            }
        }
        PlacedFuture::There { answer: self.inner.call(request) }
    }
}

pin_project! {
    /// The answer of a place, or the one that there is instead.
    #[project = Projected]
    #[derive(Debug)]
    pub enum PlacedFuture<F, B> {
        There { #[pin] answer: F },
        // Boxed, since it is rare. None once it was given.
        Nowhere { answer: Option<Box<Response<AnswerableBody<B>>>> },
    }
}

impl<F, B, E> Future for PlacedFuture<F, B>
where
    F: Future<Output = Result<Response<AnswerableBody<B>>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projected::There { answer } => answer.poll(cx),
            Projected::Nowhere { answer } => match answer.take() {
                Some(answer) => Poll::Ready(Ok(*answer)),
                None => Poll::Pending,
            },
        }
    }
}
