//! The body of a mesh's answer.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::layer::{
    BoxError,
    answerable::AnswerableBody,
    balance::InFlight,
    body::{Timed, Watched},
    limits::Permit,
};

/// A body that came from an endpoint that was picked: what is in flight to it ends with the body.
pub(super) type InPlace<B> = Watched<AnswerableBody<B>, InFlight<()>>;

/// A body that came the way of osm-edge: limits watch it too.
pub(super) type InOsmEdge<B> = Watched<InPlace<B>, Permit>;

/// A body that came the way of Istio: limits watch it, and a timeout can cut it.
pub(super) type InIstio<B> = Timed<InOsmEdge<B>>;

pin_project! {
    /// The body of a mesh's answer: a transport's, or our own bytes.
    ///
    /// What is in flight ends with it. Its error is the transport's, or the [`Refusal`](crate::Refusal) of a timeout that
    /// cut it.
    #[derive(Debug)]
    pub struct ResponseBody<B: Body<Data = Bytes>> {
        #[pin]
        way: Way<B>,
    }
}

pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum Way<B: Body<Data = Bytes>> {
        Istio { #[pin] body: InIstio<B> },
        OsmEdge { #[pin] body: InOsmEdge<B> },
        Free { #[pin] body: AnswerableBody<B> },
    }
}

impl<B: Body<Data = Bytes>> ResponseBody<B> {
    pub(super) const fn istio(body: InIstio<B>) -> Self {
        Self { way: Way::Istio { body } }
    }

    pub(super) const fn osm_edge(body: InOsmEdge<B>) -> Self {
        Self { way: Way::OsmEdge { body } }
    }

    pub(super) const fn free(body: AnswerableBody<B>) -> Self {
        Self { way: Way::Free { body } }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().way.project() {
            Projected::Istio { body } => body.poll_frame(cx),
            Projected::OsmEdge { body } => body.poll_frame(cx).map_err(Into::into),
            Projected::Free { body } => body.poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.way {
            Way::Istio { body } => body.is_end_stream(),
            Way::OsmEdge { body } => body.is_end_stream(),
            Way::Free { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.way {
            Way::Istio { body } => body.size_hint(),
            Way::OsmEdge { body } => body.size_hint(),
            Way::Free { body } => body.size_hint(),
        }
    }
}

impl<B: Body<Data = Bytes>> From<Bytes> for ResponseBody<B> {
    fn from(content: Bytes) -> Self {
        Self::free(content.into())
    }
}
