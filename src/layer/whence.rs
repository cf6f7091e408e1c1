//! Whom the last answer on this thread came from.
//!
//! A retry should go to another host than the try before. Who was picked is known further in, to a balancer; but an error
//! has no room to say it, and a request that was given away cannot be asked. The two are polled one inside of the other,
//! on one thread: so the balancer leaves a word when a call of its own ends, whether it is answered or given up, and the
//! retry, which cleared the place before it gave control away, finds it there. Where balancers stand one in another the
//! outer one's call ends last, and its word is the one that stands.
//!
//! It is one number in a cell of the thread, so a call that goes well pays for it with a store.

use std::cell::Cell;

use crate::policy::balance::HostId;

thread_local! {
    static WHENCE: Cell<Option<HostId>> = const { Cell::new(None) };
}

/// Nobody has answered yet.
#[inline]
pub(crate) fn clear() {
    WHENCE.set(None);
}

/// A call of this host has ended.
#[inline]
pub(crate) fn leave(host: HostId) {
    WHENCE.set(Some(host));
}

/// Whose call ended last since it was cleared.
pub(crate) fn take() -> Option<HostId> {
    WHENCE.take()
}
