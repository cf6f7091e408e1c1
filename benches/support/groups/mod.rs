//! Groups: who is compared with whom, and where.
//!
//! A group is one kind of layer: ours, the peers that do the same, and the two that everybody is measured against. To
//! add one of ours, add a line to its list; nothing else has to know.

mod balance;
mod breaker;
mod fault;
mod limits;
mod retry;
mod route;
mod stack;
mod timeout;

use super::{contestants::Contestant, situations::Situation};

/// Those who are compared with one another.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) contestants: &'static [Contestant],
    pub(crate) situations: &'static [Situation],
    /// The situations in which two threads are measured against one.
    pub(crate) threads: &'static [&'static str],
}

/// The circuit breakers.
pub(crate) const BREAKER: &Group = &breaker::GROUP;

/// What happens to one request: limits, timeouts, faults, retries, and all of it.
pub(crate) const REQUEST: &[&Group] =
    &[&limits::GROUP, &timeout::GROUP, &fault::GROUP, &retry::GROUP, &stack::GROUP];

/// Where a request goes: by header, by weight; to all that happens to it; by path and by host among few and many.
pub(crate) const ROUTES: &[&Group] = &[&route::GROUP, &route::COMPOSED, &route::TABLES];

/// Who answers: one of several endpoints; and the same where a service is cloned for each request.
pub(crate) const BALANCE: &[&Group] = &[&balance::GROUP, &balance::CLONED];

impl Group {
    pub(crate) fn contestant(&self, name: &str) -> Option<&'static Contestant> {
        self.contestants.iter().find(|contestant| contestant.name == name)
    }

    pub(crate) fn situation(&self, name: &str) -> Option<&'static Situation> {
        self.situations.iter().find(|situation| situation.name == name)
    }

    /// Whose cost does not depend on how fast the machine is.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &'static Contestant> {
        self.contestants.iter().filter(|contestant| contestant.repeats)
    }

    /// Whom time tells apart.
    pub(crate) fn timed(&self) -> impl Iterator<Item = &'static Contestant> {
        self.contestants.iter().filter(|contestant| contestant.timed)
    }
}
