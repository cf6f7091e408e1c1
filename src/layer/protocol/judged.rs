//! A protocol whose judgement is somebody else's.

use std::{borrow::Cow, fmt};

use http::{Extensions, HeaderMap};

use super::{Answers, Head, Protocol, Reads, Sealed};
use crate::{
    layer::{body::Watch, timeout::Deadline},
    policy::{
        Draw, Outcome,
        balance::{HashKeys, Hashed},
    },
    refusal::{Flags, Refusal},
};

/// A protocol that judges answers by a function: see [`Protocol::judging`].
#[derive(Clone, Copy)]
pub struct Judged<P, F> {
    protocol: P,
    judge: F,
}

impl<P, F> Judged<P, F> {
    pub(super) const fn new(protocol: P, judge: F) -> Self {
        Self { protocol, judge }
    }

    /// The protocol that it is but for its judgement.
    #[inline]
    pub(crate) const fn inner(&self) -> &P {
        &self.protocol
    }
}

impl<P, F> Sealed for Judged<P, F> {}
impl<P: Protocol, F: Clone> Protocol for Judged<P, F> {}

impl<Req, P: Reads<Req>, F> Reads<Req> for Judged<P, F> {
    type Memo = P::Memo;

    fn memo(&self, request: &Req) -> P::Memo {
        self.protocol.memo(request)
    }

    fn read_headers<'r>(&self, request: &'r Req) -> Option<&'r HeaderMap> {
        self.protocol.read_headers(request)
    }

    fn headers<'r>(&self, request: &'r mut Req) -> Option<&'r mut HeaderMap> {
        self.protocol.headers(request)
    }

    fn read_extensions<'r>(&self, request: &'r Req) -> Option<&'r Extensions> {
        self.protocol.read_extensions(request)
    }

    fn extensions<'r>(&self, request: &'r mut Req) -> Option<&'r mut Extensions> {
        self.protocol.extensions(request)
    }

    fn hashed(&self, request: &Req, keys: &HashKeys, draw: impl FnOnce() -> Draw) -> Hashed {
        self.protocol.hashed(request, keys, draw)
    }

    fn is_grpc(&self, memo: P::Memo) -> bool {
        self.protocol.is_grpc(memo)
    }

    fn target<'r>(&self, request: &'r Req) -> Option<(Cow<'r, str>, u16)> {
        self.protocol.target(request)
    }

    #[inline]
    fn asks_for_connection(&self, request: &Req) -> bool {
        self.protocol.asks_for_connection(request)
    }
}

impl<M: Copy, Res, Err, P, F> Answers<M, Res, Err> for Judged<P, F>
where
    P: Answers<M, Res, Err>,
    F: Fn(&Result<Res, Err>, Outcome) -> Outcome,
{
    type Watched<W: Watch> = P::Watched<W>;
    type Timed = P::Timed;

    fn classify(&self, memo: M, result: &Result<Res, Err>) -> Outcome {
        (self.judge)(result, self.protocol.classify(memo, result))
    }

    fn shows_late(&self, memo: M, response: &Res) -> bool {
        self.protocol.shows_late(memo, response)
    }

    fn refuse(&self, memo: M, refusal: Refusal) -> Result<Res, Err> {
        self.protocol.refuse(memo, refusal)
    }

    #[inline]
    fn goes_on(&self, response: &Res) -> bool {
        self.protocol.goes_on(response)
    }

    #[inline(always)]
    fn watch<W: Watch>(&self, response: Res, watch: Option<W>) -> Self::Watched<W> {
        self.protocol.watch(response, watch)
    }

    fn timed(&self, response: Res, deadline: impl FnOnce() -> Option<Deadline>) -> P::Timed {
        self.protocol.timed(response, deadline)
    }

    fn head<'r>(&self, response: &'r Res) -> Option<Head<'r>> {
        self.protocol.head(response)
    }

    #[inline]
    fn gives_connection(&self, asked: Option<M>, response: &Res) -> bool {
        self.protocol.gives_connection(asked, response)
    }

    fn refusal<'r>(&self, result: &'r Result<Res, Err>) -> Option<&'r Refusal> {
        self.protocol.refusal(result)
    }

    fn flag(&self, response: &mut Res, flags: Flags) {
        self.protocol.flag(response, flags);
    }

    fn headers_mut<'r>(&self, response: &'r mut Res) -> Option<&'r mut HeaderMap> {
        self.protocol.headers_mut(response)
    }

    fn extensions_mut<'r>(&self, response: &'r mut Res) -> Option<&'r mut Extensions> {
        self.protocol.extensions_mut(response)
    }
}

impl<P: fmt::Debug, F> fmt::Debug for Judged<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Judged").field(&self.protocol).finish()
    }
}
