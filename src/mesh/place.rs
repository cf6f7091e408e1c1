//! Where a try goes, once it is known: to the host that the request names, to another one, or nowhere.
//!
//! It stands inside of everything else, since a try that has nobody to go to passes what any other passes: a fault may
//! hold it back, and its answer is that of the mesh.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::SET_COOKIE, uri::Authority};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{body::InPlace, early};
use crate::{
    layer::{
        answerable::AnswerableBody,
        balance::{self, Member, Picked, Station, UnderWay, Whom, lead_to, nobody},
        body::Watched,
        cluster::Cluster,
        host::target,
        protocol::{Answers, Http, HttpMemo, Protocol},
        seat::Shared,
    },
    policy::balance::HashKeys,
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

/// A place, and who there is picked.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) at: At,
    /// None: whoever the transport finds.
    pub(super) balance: Option<Shared<Station<()>>>,
    /// What of a request decides who is picked there; none: what the cluster says by itself.
    pub(super) keys: Option<Shared<HashKeys>>,
    /// Whether that is done before the limits, which then are those of whoever is picked.
    pub(super) is_early: bool,
}

/// A transport, for tries that go there; its answers are judged by a protocol.
#[derive(Clone)]
pub struct Placed<S, P> {
    pub(super) inner: S,
    pub(super) place: Place,
    pub(super) protocol: P,
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
            lead_to(request, authority);
        }
        match &self.cluster {
            Some(cluster) => drop(request.extensions_mut().insert(cluster.clone())),
            // A part of another host, that a mesh further out asked for, is none of this one.
            None if !request.extensions().is_empty() => drop(request.extensions_mut().remove::<Cluster>()),
            None => {}
        }
    }
}

impl Nowhere {
    /// As a sidecar under Istio answers.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::NoCluster => Refusal::new(Reason::NoCluster, StatusCode::INTERNAL_SERVER_ERROR)
                .details("cluster_not_found"),
            Self::NoEndpoint => nobody(),
        }
    }
}

impl<S, P, B, R> Service<Request<B>> for Placed<S, P>
where
    S: Service<Request<B>, Response = Response<AnswerableBody<R>>, Error: 'static>,
    P: Protocol + Answers<HttpMemo, Response<AnswerableBody<R>>, S::Error>,
    R: Body<Data = Bytes>,
{
    type Response = Response<InPlace<R>>;
    type Error = S::Error;
    type Future = PlacedFuture<S::Future, P, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let memo = HttpMemo::of(request.method(), request.headers());
        let whom = match self.place.is_early {
            false => self.place.pick(&mut request),
            true => early::chosen(&mut request),
        };
        let (mut under_way, mut cookies) = (None, None);
        if let Some(whom) = whom {
            cookies = whom.cookies;
            match whom.picked {
                Picked::One(held) => under_way = Some(UnderWay::new(held)),
                Picked::Nobody => return PlacedFuture::nowhere::<S::Error>(Nowhere::NoEndpoint, memo),
                Picked::Unknown => {}
            }
        }
        match &self.place.at {
            // The address is that of a member by now; which part he is of need not be said.
            _ if under_way.is_some() => {}
            At::Here => {}
            At::There(there) => there.lead(&mut request),
            At::Nowhere(why) => return PlacedFuture::nowhere::<S::Error>(*why, memo),
        }
        let answer = self.inner.call(request);
        PlacedFuture::There { answer, under_way, cookies, memo, protocol: self.protocol.clone() }
    }
}

impl Place {
    /// Picks somebody, and leads a request there.
    #[inline(always)]
    pub(super) fn pick<B>(&self, request: &mut Request<B>) -> Option<Whom<()>> {
        let whom = self.balance.as_ref()?.whom(&Http, request, self.keys.as_deref());
        if let Picked::One(held) = &whom.picked {
            lead_to_member(request, held.member());
        }
        Some(whom)
    }
}

/// Leads a request to a member of a cluster.
fn lead_to_member<B>(request: &mut Request<B>, member: &Member<()>) {
    if !request.extensions().is_empty() {
        request.extensions_mut().remove::<Cluster>();
    }
    balance::lead(request, member);
}

pin_project! {
    /// The answer of a place, or the one that there is instead.
    #[project = Projected]
    pub enum PlacedFuture<F, P, B> {
        There {
            // It is dropped before it is no longer in flight.
            #[pin]
            answer: F,
            under_way: Option<UnderWay<()>>,
            cookies: Option<Box<[HeaderValue]>>,
            memo: HttpMemo,
            protocol: P,
        },
        // Boxed, since it is rare. None once it was given.
        Nowhere { answer: Option<Box<Response<AnswerableBody<B>>>> },
    }
}

impl<F, P, B: Body<Data = Bytes>> PlacedFuture<F, P, B> {
    #[cold]
    fn nowhere<E: 'static>(why: Nowhere, memo: HttpMemo) -> Self {
        let answer: Result<_, E> = Http.refuse(memo, why.refusal());
        Self::Nowhere { answer: answer.ok().map(Box::new) }
    }
}

impl<F, P, B, E> Future for PlacedFuture<F, P, B>
where
    F: Future<Output = Result<Response<AnswerableBody<B>>, E>>,
    P: Answers<HttpMemo, Response<AnswerableBody<B>>, E>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<InPlace<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::There { answer, under_way, cookies, memo, protocol } => {
                let answer = answer.poll(cx);
                let in_flight = match (&answer, under_way) {
                    (Poll::Ready(result), Some(under_way)) => {
                        balance::ended(protocol, *memo, result, under_way)
                    }
                    _ => None,
                };
                answer.map_ok(|mut response| {
                    for cookie in cookies.take().into_iter().flatten() {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                    response.map(|body| Watched::new(body, in_flight))
                })
            }
            Projected::Nowhere { answer } => match answer.take() {
                Some(answer) => Poll::Ready(Ok(answer.map(|body| Watched::new(body, None)))),
                None => Poll::Pending,
            },
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("at", &self.at).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Placed<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed")
            .field("inner", &self.inner)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl<F, P, B> fmt::Debug for PlacedFuture<F, P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlacedFuture")
    }
}
