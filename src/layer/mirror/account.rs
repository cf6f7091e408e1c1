//! What becomes of requests that are to be copied: counted, bounded, told.

use std::sync::Arc;

use crate::{
    events::EventKind,
    layer::observer::Told,
    policy::mirror::{Copies, LeftOut, Settings},
};

/// One mirror's account.
pub(super) struct Account {
    pub(super) copies: Copies,
    pub(super) told: Told,
}

impl Account {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { copies: Copies::new(settings), told: Told::default() }
    }
}

/// A request that is to be copied: if nothing else becomes of it, its body was not read to its end.
pub(super) struct Chance(Option<Arc<Account>>);

impl Chance {
    pub(super) fn of(account: &Arc<Account>) -> Self {
        Self(Some(Arc::clone(account)))
    }

    /// It is not copied.
    pub(super) fn leave_out(mut self, why: LeftOut) {
        self.left_out(why);
    }

    /// It is copied now, if there is room.
    pub(super) fn take(mut self) -> Option<Place> {
        if self.0.as_ref()?.copies.begin() {
            return self.0.take().map(Place);
        }
        self.leave_out(LeftOut::TooMany);
        None
    }

    fn left_out(&mut self, why: LeftOut) {
        if let Some(account) = self.0.take() {
            account.copies.leave_out();
            account.told.tell(EventKind::NotMirrored(why));
        }
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        self.left_out(LeftOut::Unfinished);
    }
}

/// A copy that is under way, until this is dropped.
pub(super) struct Place(Arc<Account>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.copies.end();
    }
}
