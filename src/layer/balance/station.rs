//! What all handles on a balancer share: who there is, who may be asked, and who decides that.
//!
//! Requests go by a picture of the endpoints that never changes: to pick takes no lock. Whatever changes it (an endpoint
//! that comes or goes, an ejection, a return) happens under one lock, one after another, and ends with a new picture in
//! the place of the old one. Nothing happens by itself: what is due at a time is done by the first request that comes
//! after it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use http::HeaderValue;

use super::{
    endpoints::{Endpoints, Follow, Known},
    handle::{EndpointStatus, Look},
    member::{Held, Member},
    picture::Picture,
    roster::Roster,
};
use crate::{
    events::{EventKind, Events},
    layer::{
        clock,
        draw::{Draws, Ordinals},
        observer::Told,
        protocol::Reads,
        retry::Attempt,
    },
    policy::{
        Draw, Time,
        balance::{Address, Ask, Endpoint, HashKeys, Settings},
        outlier::{Change, Hits},
    },
    refusal::Reason,
};

/// What all handles on a balancer share.
pub(crate) struct Station<T> {
    settings: Settings,
    picture: ArcSwap<Picture<T>>,
    /// When something has to be done, in nanoseconds of [`Time`].
    due: AtomicU64,
    roster: Mutex<Roster<T>>,
    endpoints: Endpoints,
    source: Source<T>,
    told: Told,
    /// Whether something of a request decides whom it goes to.
    reads_keys: bool,
    draws: Draws,
    ordinals: Ordinals,
    own: Weak<Self>,
}

/// How endpoints become members.
pub(crate) struct Source<T> {
    /// Which of the endpoints are members, and where these are for requests of this balancer.
    pub(crate) select: Arc<Of<Option<Endpoint>>>,
    /// What is called of each; one of whom nothing can be called is none.
    pub(crate) make: Arc<Of<Option<T>>>,
}

/// What there is for an endpoint.
type Of<T> = dyn Fn(&Endpoint) -> T + Send + Sync;

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        Self { select: Arc::clone(&self.select), make: Arc::clone(&self.make) }
    }
}

/// Who was picked.
pub(crate) enum Picked<T> {
    /// This one.
    One(Held<T>),
    /// There is nobody to ask.
    Nobody,
    /// Nobody has said who there is.
    Unknown,
}

/// Who was picked for a request, and what its caller is to send with the next ones.
pub(crate) struct Whom<T> {
    pub(crate) picked: Picked<T>,
    pub(crate) cookies: Option<Box<[HeaderValue]>>,
}

impl<T: Send + Sync + 'static> Station<T> {
    /// Over these endpoints from now on, whoever they are.
    pub(crate) fn new(
        settings: Settings,
        draws: Draws,
        endpoints: &Endpoints,
        source: Source<T>,
    ) -> Arc<Self> {
        let station = Arc::new_cyclic(|own: &Weak<Self>| Self {
            picture: ArcSwap::from_pointee(Picture::unknown()),
            due: AtomicU64::new(Time::NEVER.as_nanos()),
            roster: Mutex::new(Roster::new(&settings)),
            reads_keys: settings.algorithm().hashes() && !settings.hash_keys().is_empty(),
            settings,
            endpoints: endpoints.clone(),
            source,
            told: Told::default(),
            draws,
            ordinals: Ordinals::default(),
            own: Weak::clone(own),
        });
        let follower: Weak<Self> = Weak::clone(&station.own);
        station.follow(endpoints.followed_by(follower));
        station
    }

    /// Another one with nothing seen, that draws from here.
    pub(crate) fn drawing(&self, draws: Draws) -> Arc<Self> {
        let other = Self::new(self.settings.clone(), draws, &self.endpoints, self.source.clone());
        other.told.copy(&self.told);
        other
    }
}

impl<T> Station<T> {
    /// Whether something of a request decides whom it goes to.
    #[inline]
    pub(super) const fn reads_keys(&self) -> bool {
        self.reads_keys
    }

    /// Whom a request goes to: one that is tried again to none of those that were tried, unless nobody else is found. Where
    /// a key decides, it is one of these, or else of its own.
    #[inline]
    pub(crate) fn whom<P: Reads<Req>, Req>(
        &self,
        protocol: &P,
        request: &Req,
        keys: Option<&HashKeys>,
    ) -> Whom<T> {
        let keys = keys.unwrap_or(self.settings.hash_keys());
        if keys.is_empty() || !self.settings.algorithm().hashes() {
            return Whom { picked: self.anybody(protocol, request), cookies: None };
        }
        let ordinal = self.arrival();
        let (hash, cookies) = self.hashed(protocol, request, keys, ordinal);
        Whom { picked: self.picked(self.one(protocol, request, ordinal, hash)), cookies }
    }

    /// The same where nothing of the request decides it.
    #[inline(always)]
    pub(super) fn anybody<P: Reads<Req>, Req>(&self, protocol: &P, request: &Req) -> Picked<T> {
        self.picked(self.one(protocol, request, self.arrival(), None))
    }

    /// A request has come: its place among all, where that matters. What was due by now is done.
    #[inline(always)]
    fn arrival(&self) -> u64 {
        if self.due.load(Ordering::Relaxed) != Time::NEVER.as_nanos() {
            self.do_what_is_due();
        }
        if self.draws.is_seeded() { self.ordinals.next() } else { 0 }
    }

    #[inline(always)]
    fn one<P: Reads<Req>, Req>(
        &self,
        protocol: &P,
        request: &Req,
        ordinal: u64,
        hash: Option<u64>,
    ) -> Option<Held<T>> {
        let draw = self.draws.draw(ordinal, "host", 0);
        if let Some(all) = protocol.read_extensions(request)
            && !all.is_empty()
            && let Some(again) = all.get::<Attempt>()
        {
            return self.pick_again(draw, hash, again);
        }
        self.pick(&Ask { draw, hash, attempt: 0 })
    }

    #[inline(always)]
    fn picked(&self, one: Option<Held<T>>) -> Picked<T> {
        match one {
            Some(held) => Picked::One(held),
            None if self.knows_nobody() => Picked::Nobody,
            None => Picked::Unknown,
        }
    }

    fn hashed<P: Reads<Req>, Req>(
        &self,
        protocol: &P,
        request: &Req,
        keys: &HashKeys,
        ordinal: u64,
    ) -> (Option<u64>, Option<Box<[HeaderValue]>>) {
        let hashed = protocol.hashed(request, keys, || self.draws.draw(ordinal, "cookie", 0));
        let cookies = hashed.made.map(|made| keys.set_cookies(made).collect());
        (hashed.hash, cookies)
    }

    #[inline(always)]
    fn pick(&self, ask: &Ask) -> Option<Held<T>> {
        self.picture.load().pick(ask).map(Held::new)
    }

    /// For a request that is tried again, and was told whom it has been to.
    #[cold]
    fn pick_again(&self, draw: Draw, hash: Option<u64>, again: &Attempt) -> Option<Held<T>> {
        self.picture.load().pick_again(draw, hash, again).map(Held::new)
    }

    /// Nobody can be asked, which is told if somebody has said who there is.
    #[cold]
    fn knows_nobody(&self) -> bool {
        let is_known = self.picture.load().is_known;
        if is_known {
            self.told.tell(EventKind::Refused(Reason::NoHealthyUpstream));
        }
        is_known
    }

    /// Ejections and returns whose time has come.
    #[inline(never)]
    fn do_what_is_due(&self) {
        let now = clock::now();
        if self.due.load(Ordering::Relaxed) <= now.as_nanos() {
            self.change(now, |roster, changes| roster.turn(now, self.draws, changes));
        }
    }

    /// Detectors fired at an answer of this member, that was asked when it had returned so often.
    #[cold]
    pub(super) fn hit(&self, member: &Member<T>, hits: Hits, returned: u32) {
        let now = clock::now();
        self.change(now, |roster, changes| {
            // What was due comes first: a return may make room, or be its own.
            let shows = roster.turn(now, self.draws, changes);
            if member.returned() != returned {
                return shows;
            }
            roster.detect(member.id(), hits, (now, self.draws), changes) || shows
        });
    }

    /// Changes something, and makes another picture where that shows; tells of it last, without the lock.
    fn change(&self, now: Time, change: impl FnOnce(&mut Roster<T>, &mut Vec<Change>) -> bool) {
        let mut changes = Vec::new();
        let mut roster = self.roster();
        if change(&mut roster, &mut changes)
            && let Some(view) = roster.picture(&self.settings, now, self.draws)
        {
            self.picture.store(Arc::new(Picture::new(view, &roster.members, roster.is_known)));
        }
        self.due.store(roster.due().as_nanos(), Ordering::Relaxed);
        let tales: Vec<_> = changes
            .into_iter()
            .filter_map(|change| Some((roster.address(change.host())?.clone(), change)))
            .collect();
        drop(roster);
        for (endpoint, change) in tales {
            self.told.tell(EventKind::Outlier { endpoint, change });
        }
    }

    fn roster(&self) -> MutexGuard<'_, Roster<T>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells these events under this name, and no longer others.
    pub(crate) fn tell(&self, name: impl Into<Arc<str>>, events: &Events) {
        self.told.set(name, events);
    }
}

impl<T: Send + Sync + 'static> Follow for Station<T> {
    fn follow(&self, known: Known) {
        let now = clock::now();
        self.change(now, |roster, _| roster.follow(known, &self.settings, &self.source, (&self.own, now)));
    }
}

impl<T: Send + Sync + 'static> Look for Station<T> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn status(&self, now: Time) -> Vec<EndpointStatus> {
        self.roster().status(now)
    }

    fn eject(&self, address: &Address, now: Time) -> bool {
        let mut is_ejected = false;
        self.change(now, |roster, changes| {
            roster.turn(now, self.draws, changes);
            is_ejected = roster.eject(address, now, changes);
            true
        });
        is_ejected
    }

    fn restore(&self, address: &Address, now: Time) -> bool {
        let mut was_ejected = false;
        self.change(now, |roster, changes| {
            roster.turn(now, self.draws, changes);
            was_ejected = roster.restore(address, now, changes);
            true
        });
        was_ejected
    }
}

impl<T> fmt::Debug for Station<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("settings", &self.settings).finish_non_exhaustive()
    }
}
