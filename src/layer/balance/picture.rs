//! What requests go by: who there is, and who may be asked.

use std::sync::Arc;

use super::member::Member;
use crate::{
    layer::{clock, retry::Attempt},
    policy::{
        Draw,
        balance::{Ask, View, lighter_of_two},
    },
};

/// Who there is and who may be asked, at a moment; it never changes.
pub(super) struct Picture<T> {
    view: View,
    members: Arc<[Arc<Member<T>>]>,
    /// Those that may be asked, where the usual way is all that there is to it: so it is a short one.
    alike: Option<Box<[Arc<Member<T>>]>>,
    /// Whether anybody has said who there is.
    pub(super) is_known: bool,
}

/// So often another one than those that were tried is looked for by the usual way, as in the mesh.
const OTHERS: u32 = 5;

impl<T> Picture<T> {
    /// Of these members, by whose numbers it is said who may be asked.
    pub(super) fn new(view: View, members: &Arc<[Arc<Member<T>>]>, is_known: bool) -> Self {
        let member = |host: &u32| Arc::clone(&members[*host as usize]);
        let alike = view.alike().map(|hosts| hosts.iter().map(member).collect());
        Self { view, members: Arc::clone(members), alike, is_known }
    }

    /// Of nobody, since nobody has said who there is.
    pub(super) fn unknown() -> Self {
        Self { view: View::of_nobody(), members: Arc::new([]), alike: None, is_known: false }
    }

    #[inline(always)]
    pub(super) fn pick(&self, ask: &Ask) -> Option<&Arc<Member<T>>> {
        match &self.alike {
            Some(members) => Some(lighter_of_two(members, ask.draw, |member| member.active())),
            None => self.pick_otherwise(*ask),
        }
    }

    /// Out of line, so that whoever picks sees through the usual way.
    #[inline(never)]
    fn pick_otherwise(&self, ask: Ask) -> Option<&Arc<Member<T>>> {
        let active = |host: u32| self.members[host as usize].active();
        self.view.pick(&ask, active, clock::now).map(|host| &self.members[host as usize])
    }

    /// Where somebody stands by, he. Else the first that is found and was not tried; or else, where there is anybody else,
    /// one of the others.
    #[cold]
    pub(super) fn pick_again(
        &self,
        draw: Draw,
        hash: Option<u64>,
        again: &Attempt,
    ) -> Option<&Arc<Member<T>>> {
        let tried = again.tried();
        let ask = Ask { draw, hash, attempt: 0 };
        let active = |host: u32| self.members[host as usize].active();
        if let Some(host) = self.view.pick_standby(&ask, active, clock::now) {
            return Some(&self.members[host as usize]);
        }
        let is_new = |member: &Member<T>| !tried.contains(&member.id());
        let mut last = None;
        for attempt in 0..=OTHERS {
            let ask = Ask { draw: draw.nth(attempt.into()), hash, attempt };
            last = Some(self.pick(&ask)?);
            if last.is_some_and(|member| is_new(member)) {
                return last;
            }
        }
        let any = self.view.any(draw, |host| is_new(&self.members[host as usize]));
        any.map(|host| &self.members[host as usize]).or(last)
    }
}
