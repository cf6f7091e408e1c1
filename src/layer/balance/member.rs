//! An endpoint as a balancer knows it: what is in flight to it, and how it answered.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use http::uri::Authority;

use super::station::Station;
use crate::{
    layer::{
        body::{End, Watch},
        late, whence,
    },
    policy::{
        balance::{Address, HostId},
        outlier::{self, Hits, Record, Seen},
    },
};

/// One of those that a balancer picks from.
///
/// All who ask it write what is in flight to it, and the count of those who hold it, which an `Arc` keeps right before
/// the value. So what each request looks at stands first, next to that count, and mostly on one cache line with it; what
/// hardly anybody needs stands last, and between it and the next member, whose requests it should not meet.
#[repr(C)]
pub(crate) struct Member<T> {
    /// How many requests are in flight to it.
    active: AtomicU32,
    /// How often it has returned: what was asked of it before says nothing of how it is since.
    returned: AtomicU32,
    /// By what answers are judged; none, if nobody is ever ejected.
    rules: Option<Arc<outlier::Settings>>,
    id: HostId,
    record: Record,
    /// What is called: a service of its own, or nothing, where one client is for all.
    own: T,
    address: Address,
    /// The address as a URI has it; none, if it is a socket's path.
    authority: Option<Authority>,
    station: Weak<Station<T>>,
}

impl<T> Member<T> {
    #[inline(always)]
    fn note(&self, rules: &outlier::Settings, seen: Seen, returned: u32) {
        let hits = self.record.note(rules, seen);
        if !hits.is_none() {
            self.hit(hits, returned);
        }
    }

    /// Out of line: mostly nothing comes of an answer.
    #[cold]
    fn hit(&self, hits: Hits, returned: u32) {
        if let Some(station) = self.station.upgrade() {
            station.hit(self, hits, returned);
        }
    }
}

impl<T> Member<T> {
    pub(super) fn new(
        address: Address,
        own: T,
        rules: Option<Arc<outlier::Settings>>,
        station: Weak<Station<T>>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            active: AtomicU32::new(0),
            returned: AtomicU32::new(0),
            record: Record::new(),
            rules,
            id: HostId::new(NEXT.fetch_add(1, Ordering::Relaxed)),
            own,
            authority: address.host().and_then(|_| address.to_string().parse().ok()),
            address,
            station,
        }
    }

    #[inline]
    pub(crate) fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) const fn id(&self) -> HostId {
        self.id
    }

    pub(crate) const fn own(&self) -> &T {
        &self.own
    }

    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) const fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// How often it has returned.
    #[inline]
    pub(super) fn returned(&self) -> u32 {
        self.returned.load(Ordering::Relaxed)
    }

    /// It has returned: nothing is held against it.
    pub(super) fn welcome(&self) {
        self.returned.fetch_add(1, Ordering::Relaxed);
        self.record.clear();
    }
}

/// A request in flight to a member, which is over when this is dropped.
pub(crate) struct Held<T> {
    member: Arc<Member<T>>,
    /// How often that had returned when it was asked.
    returned: u32,
}

impl<T> Held<T> {
    #[inline]
    pub(super) fn new(member: &Arc<Member<T>>) -> Self {
        member.active.fetch_add(1, Ordering::Relaxed);
        Self { member: Arc::clone(member), returned: member.returned() }
    }

    pub(crate) fn member(&self) -> &Member<T> {
        &self.member
    }

    /// By what is judged what comes of it: nothing if nobody is ever ejected, or if it has returned since.
    #[inline(always)]
    pub(super) fn rules(&self) -> Option<&outlier::Settings> {
        self.member.rules.as_deref().filter(|_| self.member.returned() == self.returned)
    }

    /// This came of it.
    #[inline(always)]
    pub(super) fn note(&self, rules: &outlier::Settings, seen: Seen) {
        self.member.note(rules, seen, self.returned);
    }
}

impl<T> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        self.member.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call of a member that is not answered yet.
///
/// Whoever drops it before it is answered went away, which says nothing of the member; or it is late, which does.
pub(crate) struct UnderWay<T>(Option<Held<T>>);

impl<T> UnderWay<T> {
    #[inline]
    pub(crate) const fn new(held: Held<T>) -> Self {
        Self(Some(held))
    }

    /// None: nothing was called.
    pub(super) const fn over() -> Self {
        Self(None)
    }

    /// The answer is here, or nobody waits for it any more. What keeps the request in flight is given on, and none if it
    /// was already.
    #[inline(always)]
    pub(super) fn end(&mut self) -> Option<Held<T>> {
        let held = self.0.take()?;
        whence::leave(held.member.id);
        Some(held)
    }
}

impl<T> Drop for UnderWay<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(held) = self.end() {
            give_up(held);
        }
    }
}

/// With all that is dropped then, out of line.
#[cold]
#[expect(clippy::needless_pass_by_value, reason = "it is dropped here")]
fn give_up<T>(held: Held<T>) {
    if let Some(status) = late::answered_with()
        && let Some(rules) = held.rules()
    {
        held.note(rules, Seen::TimedOut(status.as_u16()));
    }
}

/// What keeps a request in flight while its response body goes on.
pub struct InFlight<T>(Held<T>);

impl<T> InFlight<T> {
    #[inline]
    pub(super) const fn of(held: Held<T>) -> Self {
        Self(held)
    }
}

impl<T> Watch for InFlight<T> {
    /// A body that breaks off is an answer that was lost. It is dropped when the body has ended, which is all else that
    /// is needed.
    fn end(&mut self, end: End<'_>) {
        if let End::Error = end
            && let Some(rules) = self.0.rules()
        {
            self.0.note(rules, Seen::Broken);
        }
    }
}

impl<T> fmt::Debug for InFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InFlight").field(&self.0.member.address).finish()
    }
}
