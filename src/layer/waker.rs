//! Who is to be woken.

use std::task::Waker;

/// Keeps this one, in the place of whoever was kept there. That one is to be dropped where nothing is locked: it may be
/// the last that holds a task, and with it what would lock the same again.
#[must_use = "to be dropped where nothing is locked"]
pub(super) fn keep(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    let known = place.as_ref().is_some_and(|known| known.will_wake(waker));
    if known { None } else { place.replace(waker.clone()) }
}
