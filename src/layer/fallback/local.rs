//! Answers of our own: the same one each time, or one that a function makes.

use std::fmt;

use bytes::Bytes;
use http::{Extensions, Request, Response, request::Parts};

use super::{
    future::{Keeps, StandsIn, sealed::Sealed},
    standing,
};
use crate::{
    layer::{
        body::LocalBody,
        head::head_of,
        protocol::{Http, HttpMemo, Reads, is_grpc, local},
    },
    refusal::{Flags, Refusal},
};

/// The same answer each time: see [`FallbackLayer::answer`](super::FallbackLayer::answer).
#[derive(Debug)]
pub struct Answer {
    template: Response<Bytes>,
    /// Whether it is for gRPC calls; else it is for all others.
    grpc: bool,
}

/// What a function answers: see [`FallbackLayer::with`](super::FallbackLayer::with).
pub struct With<F>(F);

impl Answer {
    pub(super) fn new(template: Response<Bytes>) -> Self {
        Self { grpc: is_grpc(template.headers()), template }
    }
}

impl<F> With<F> {
    pub(super) const fn new(answer: F) -> Self {
        Self(answer)
    }
}

impl Sealed for Answer {}
impl<F> Sealed for With<F> {}

impl<B> Keeps<Request<B>> for Answer {
    type Kept = HttpMemo;

    #[inline]
    fn keep(request: &Request<B>) -> HttpMemo {
        Http.memo(request)
    }
}

impl<B: LocalBody, E> StandsIn<HttpMemo, Response<B>, E> for Answer {
    #[inline]
    fn refusal<'a>(&self, answer: &'a Result<Response<B>, E>) -> Option<&'a Refusal> {
        standing(answer)
    }

    fn stand_in(&self, memo: &HttpMemo, answer: &mut Result<Response<B>, E>) -> bool {
        let reads = memo.is_grpc() == self.grpc;
        if let (Ok(refused), true) = (answer, reads) {
            replace(refused, local(*memo, self.template.clone()));
        }
        reads
    }
}

impl<B, F> Keeps<Request<B>> for With<F> {
    type Kept = Parts;

    fn keep(request: &Request<B>) -> Parts {
        head_of(request).into_parts().0
    }
}

impl<B: LocalBody, E, F> StandsIn<Parts, Response<B>, E> for With<F>
where
    F: Fn(&Parts, &Refusal) -> Response<Bytes>,
{
    #[inline]
    fn refusal<'a>(&self, answer: &'a Result<Response<B>, E>) -> Option<&'a Refusal> {
        standing(answer)
    }

    fn stand_in(&self, head: &Parts, answer: &mut Result<Response<B>, E>) -> bool {
        let Some(made) = standing(answer).map(|refusal| (self.0)(head, refusal)) else { return false };
        if let Ok(refused) = answer {
            replace(refused, local(HttpMemo::of(&head.method, &head.headers), made));
        }
        true
    }
}

/// Puts an answer in the place of a refused one, whose reason it keeps (law 2).
fn replace<B>(refused: &mut Response<B>, mut answer: Response<B>) {
    if let Some(refusal) = refused.extensions_mut().remove::<Refusal>() {
        flag(answer.extensions_mut(), flags(refused.extensions()) | refusal.flags() | Flags::FB);
        answer.extensions_mut().insert(refusal);
    }
    *refused = answer;
}

/// The flags of an answer.
pub(super) fn flags(extensions: &Extensions) -> Flags {
    extensions.get().copied().unwrap_or_default()
}

/// Adds flags to those of an answer.
pub(super) fn flag(extensions: &mut Extensions, more: Flags) {
    let all = flags(extensions) | more;
    extensions.insert(all);
}

impl<F> fmt::Debug for With<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("With")
    }
}
