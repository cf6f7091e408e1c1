//! What a request is answered by the mesh itself.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use serde::Serialize;

use crate::{
    layer::protocol::{Answers, Http, HttpMemo},
    refusal::Refusal,
};

/// An answer that no upstream gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Why, in a word: `no_route`.
    pub reason: String,
    /// Envoy's flags for it; `-`, if there are none.
    pub flags: String,
    /// Its headers; of one with several lines all of them, with commas between.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Its content.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
}

/// Content as it was given.
#[derive(Default)]
struct Content(Bytes);

impl From<Bytes> for Content {
    fn from(content: Bytes) -> Self {
        Self(content)
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }
}

impl Answer {
    /// As it is written down for this caller, and changed after that.
    pub(super) fn of(refusal: Refusal, memo: HttpMemo, change: impl FnOnce(&mut HeaderMap)) -> Self {
        let (reason, flags) = (refusal.reason().to_string(), refusal.flags().to_string());
        let answer: Result<Response<Content>, Infallible> = Http.refuse(memo, refusal);
        let (mut head, Content(content)) = answer.unwrap_or_default().into_parts();
        change(&mut head.headers);
        let lines = |name| {
            let lines = head.headers.get_all(name).iter();
            lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect::<Vec<_>>().join(", ")
        };
        Self {
            status: head.status.as_u16(),
            reason,
            flags,
            headers: head.headers.keys().map(|name| (name.to_string(), lines(name))).collect(),
            content: String::from_utf8_lossy(&content).into_owned(),
        }
    }
}
