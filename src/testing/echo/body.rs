//! The body of an upstream's response: it may be slow to end, or break off.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{error::EchoError, seen::Ticket};

/// The body of an [`Echo`](super::Echo)'s response. A layer can answer with one: it is made from `Bytes`.
#[derive(Debug, Default)]
pub struct EchoBody {
    data: Bytes,
    end: Option<End>,
}

/// What follows the data.
#[derive(Debug)]
struct End {
    ticket: Ticket,
    wait: Option<Pin<Box<Sleep>>>,
    /// How many bytes of the promised size never come, if the body breaks off.
    missing: Option<usize>,
}

impl EchoBody {
    pub(super) fn new(mut data: Bytes, slow: Option<Duration>, broken: bool, ticket: Ticket) -> Self {
        let missing = broken.then(|| data.split_off(data.len() / 2).len());
        let wait = slow.filter(|slow| !slow.is_zero()).map(|slow| Box::pin(sleep(slow)));
        let mut body = Self { data, end: Some(End { ticket, wait, missing }) };
        body.end_if_nothing_follows();
        body
    }

    /// A reader that trusts `is_end_stream` never asks for a frame that is not there: so the end is now.
    fn end_if_nothing_follows(&mut self) {
        let plain = |end: &mut End| end.wait.is_none() && end.missing.is_none();
        if self.data.is_empty()
            && let Some(end) = self.end.take_if(plain)
        {
            end.ticket.complete();
        }
    }
}

impl From<Bytes> for EchoBody {
    fn from(data: Bytes) -> Self {
        Self { data, end: None }
    }
}

impl Body for EchoBody {
    type Data = Bytes;
    type Error = EchoError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EchoError>>> {
        if !self.data.is_empty() {
            let data = std::mem::take(&mut self.data);
            self.end_if_nothing_follows();
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(wait) = self.end.as_mut().and_then(|end| end.wait.as_mut()) {
            ready!(wait.as_mut().poll(cx));
        }
        Poll::Ready(match self.end.take() {
            Some(End { ticket, missing: Some(_), .. }) => {
                ticket.broken();
                Some(Err(EchoError::Broken))
            }
            Some(End { ticket, .. }) => {
                ticket.complete();
                None
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.end.is_none()
    }

    /// What the head promised, also when it will not all come.
    fn size_hint(&self) -> SizeHint {
        let missing = self.end.as_ref().and_then(|end| end.missing).unwrap_or(0);
        SizeHint::with_exact((self.data.len() + missing) as u64)
    }
}
