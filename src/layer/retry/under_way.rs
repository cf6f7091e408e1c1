//! The tries that are under way: the one in the future's own place, and those beside it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::Sleep;
use tower_service::Service;

use super::{
    Repeats,
    more::{Beside, More},
    progress::Progress,
    rest::{Answer, Rest},
};
use crate::layer::{later::Later, whence};

impl<S, P, Req> Rest<S, P, Req>
where
    P: Repeats<Req>,
    S: Service<P::Try>,
{
    /// Whether the service was called for this try.
    pub(super) fn was_called(&self, number: u32, call: &Pin<&mut Option<Later<S, P::Try>>>) -> bool {
        if self.progress.in_call == Some(number) {
            return call.as_ref().get_ref().as_ref().is_none_or(Later::was_called);
        }
        let beside = self.beside().iter().find(|(beside, _)| *beside == number);
        beside.is_none_or(|(_, call)| call.as_ref().get_ref().was_called())
    }

    /// The next that is answered of those beside the one in `call`.
    pub(super) fn poll_beside(&mut self, cx: &mut Context<'_>) -> Option<(u32, Answer<S, P::Try>)> {
        whence::clear();
        self.more.as_mut()?.beside.iter_mut().find_map(|(number, call)| match call.as_mut().poll(cx) {
            Poll::Ready(result) => Some((*number, result)),
            Poll::Pending => None,
        })
    }

    /// Whether others than this one are under way.
    pub(super) fn others_than(&self, number: u32) -> bool {
        self.progress.in_call.is_some_and(|other| other != number)
            || self.beside().iter().any(|(other, _)| *other != number)
    }

    /// Drops this try, and what it holds.
    pub(super) fn give_up(&mut self, number: u32, call: &mut Pin<&mut Option<Later<S, P::Try>>>) {
        if self.progress.in_call == Some(number) {
            self.progress.in_call = None;
            call.set(None);
        } else {
            self.more().beside.retain(|(other, _)| *other != number);
        }
    }

    /// Nothing is under way any more.
    pub(super) fn leave(
        &mut self,
        call: &mut Pin<&mut Option<Later<S, P::Try>>>,
        timer: &mut Pin<&mut Option<Sleep>>,
    ) {
        self.progress = Progress { in_call: None, fresh: None, ..Progress::new(false, false) };
        call.set(None);
        timer.set(None);
        if let Some(more) = &mut self.more {
            more.beside.clear();
        }
        self.leave_place();
    }

    pub(super) fn more(&mut self) -> &mut More<S, P::Try> {
        self.more.get_or_insert_with(|| Box::new(More::asked_for(None)))
    }

    fn beside(&self) -> &[Beside<S, P::Try>] {
        self.more.as_ref().map_or(&[], |more| &more.beside)
    }

    /// Gives back the place that was given for the last retry.
    pub(super) fn leave_place(&mut self) {
        if let Some(more) = &mut self.more {
            more.place = None;
        }
    }
}
