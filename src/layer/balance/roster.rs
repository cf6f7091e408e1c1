//! Who there is, and who of them may be asked: all that changes, behind one lock.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use super::{
    endpoints::Known,
    handle::EndpointStatus,
    member::Member,
    station::{Source, Station},
};
use crate::{
    layer::draw::Draws,
    policy::{
        Draw, Time,
        balance::{Address, Endpoint, Host, HostId, Layout, Settings, View},
        outlier::{self, Change, Detector, Hits},
    },
};

/// Who there is, and who of them may be asked.
pub(super) struct Roster<T> {
    /// How often the set of endpoints had changed, as far as it is known here.
    version: u64,
    pub(super) is_known: bool,
    pub(super) endpoints: Vec<Endpoint>,
    /// One for each endpoint, in their order.
    pub(super) members: Arc<[Arc<Member<T>>]>,
    /// Since when each is there.
    since: Vec<Time>,
    places: HashMap<HostId, usize>,
    pub(super) layout: Layout,
    pub(super) detector: Option<Detector>,
    /// By what answers are judged.
    rules: Option<Arc<outlier::Settings>>,
    /// Whether the ticks of the detector have begun, which the first request does.
    has_begun: bool,
    /// How often something was drawn.
    draws: u64,
    /// Until when changes are held back, and whether there are any.
    held_until: Time,
    is_stale: bool,
    /// When those that are new are no longer.
    warm_at: Time,
}

impl<T> Roster<T> {
    /// Of nobody.
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            version: 0,
            is_known: false,
            endpoints: Vec::new(),
            members: Arc::new([]),
            since: Vec::new(),
            places: HashMap::new(),
            layout: Layout::default(),
            detector: settings.outlier().cloned().map(Detector::new),
            rules: settings.outlier().cloned().map(Arc::new),
            has_begun: false,
            draws: 0,
            held_until: Time::default(),
            is_stale: false,
            warm_at: Time::NEVER,
        }
    }

    /// The set has changed: whoever stays keeps all that is known of him. Whether this is news.
    pub(super) fn follow(
        &mut self,
        (version, known): Known,
        settings: &Settings,
        source: &Source<T>,
        (station, now): (&Weak<Station<T>>, Time),
    ) -> bool {
        if version <= self.version && self.version > 0 {
            return false;
        }
        self.version = version.max(1);
        self.is_known = known.is_some();
        let there = known.as_deref().unwrap_or_default();
        let selected = there.iter().filter_map(|endpoint| (source.select)(endpoint));
        let before: HashMap<&Address, usize> =
            self.members.iter().enumerate().map(|(place, member)| (member.address(), place)).collect();
        let count = there.len();
        let mut endpoints = Vec::with_capacity(count);
        let (mut members, mut since) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut stay, mut come) = (vec![false; self.members.len()], Vec::new());
        for endpoint in selected {
            let (member, from) = match before.get(endpoint.address()) {
                Some(&place) => {
                    stay[place] = true;
                    (Arc::clone(&self.members[place]), self.since[place])
                }
                None => {
                    let Some(own) = (source.make)(&endpoint) else { continue };
                    let address = endpoint.address().clone();
                    let member = Member::new(address, own, self.rules.clone(), Weak::clone(station));
                    come.push(member.id());
                    (Arc::new(member), now)
                }
            };
            endpoints.push(endpoint);
            members.push(member);
            since.push(from);
        }
        let places = members.iter().enumerate().map(|(place, member)| (member.id(), place)).collect();
        if let Some(detector) = &mut self.detector {
            let gone = self.members.iter().zip(stay).filter(|(_, stays)| !stays);
            gone.for_each(|(member, _)| detector.remove(member.id()));
            come.into_iter().for_each(|host| detector.insert(host));
        }
        self.layout = settings.placement().lay_out(&endpoints);
        (self.endpoints, self.members, self.since, self.places) = (endpoints, members.into(), since, places);
        true
    }

    /// Does what was due up to now. Whether it shows.
    pub(super) fn turn(&mut self, now: Time, draws: Draws, changes: &mut Vec<Change>) -> bool {
        let told = changes.len();
        self.has_begun = true;
        let draw = self.draw(draws);
        let Self { detector, members, places, .. } = self;
        if let Some(detector) = detector {
            detector.start(now);
            let member = |host: HostId| places.get(&host).map(|place| &members[*place]);
            let counts = |host| member(host).map(|member| member.record().take()).unwrap_or_default();
            detector.turn(now, counts, draw, &mut |change| {
                if let Change::Returned { host, .. } = &change
                    && let Some(member) = member(*host)
                {
                    member.welcome();
                }
                changes.push(change);
            });
        }
        let is_later = self.is_stale && self.held_until <= now;
        changes.len() > told || is_later || self.warm_at <= now
    }

    /// Detectors fired for a host. Whether it shows.
    pub(super) fn detect(
        &mut self,
        host: HostId,
        hits: Hits,
        (now, draws): (Time, Draws),
        changes: &mut Vec<Change>,
    ) -> bool {
        let draw = self.draw(draws);
        let Some(detector) = &mut self.detector else { return false };
        let before = detector.ejected();
        for kind in hits {
            changes.extend(detector.detected(host, kind, draw, now));
        }
        detector.ejected() != before
    }

    /// A draw that no other decision has.
    fn draw(&mut self, draws: Draws) -> Draw {
        self.draws += 1;
        draws.draw(self.draws, "outlier", 0)
    }

    /// A picture of what there is by now; none yet, if changes are held back.
    pub(super) fn picture(&mut self, settings: &Settings, now: Time, draws: Draws) -> Option<View> {
        let window = settings.merge_window();
        if !window.is_zero() && now < self.held_until {
            self.is_stale = true;
            return None;
        }
        self.is_stale = false;
        self.held_until = now + window;
        let draw = self.draw(draws);
        let keys: Vec<_> = match settings.algorithm().hashes() {
            true => self.endpoints.iter().map(|endpoint| endpoint.address().to_string()).collect(),
            false => Vec::new(),
        };
        // If all do, nobody does.
        let all_stand_by = self.endpoints.iter().all(Endpoint::stands_by);
        let host = |(place, endpoint): (usize, &Endpoint)| Host {
            key: keys.get(place).map_or("", String::as_str),
            weight: endpoint.weighs(),
            healthy: self.is_healthy(place),
            standby: endpoint.stands_by() && !all_stand_by,
            since: self.since[place],
        };
        let hosts: Vec<_> = self.endpoints.iter().enumerate().map(host).collect();
        let view = View::new(settings, &self.layout, &hosts, now, draw);
        self.warm_at = if view.warm_at() > now { view.warm_at() } else { Time::NEVER };
        Some(view)
    }

    /// Whether the one at this place may be asked.
    pub(super) fn is_healthy(&self, place: usize) -> bool {
        let ejected =
            self.detector.as_ref().is_some_and(|detector| detector.is_ejected(self.members[place].id()));
        self.endpoints[place].is_ready() && !ejected
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Time {
        let held = if self.is_stale { self.held_until } else { Time::NEVER };
        let detector = match &self.detector {
            Some(_) if !self.has_begun => Time::default(),
            Some(detector) => detector.due(),
            None => Time::NEVER,
        };
        detector.min(held).min(self.warm_at)
    }

    /// What is known of each.
    pub(super) fn status(&self, now: Time) -> Vec<EndpointStatus> {
        let mut placed = vec![None; self.endpoints.len()];
        for group in &self.layout.groups {
            let weight = self.layout.weighted.then_some(group.weight);
            group.members.iter().for_each(|place| placed[*place as usize] = Some((group.priority, weight)));
        }
        let status = |(place, placed): (usize, Option<(u32, Option<u32>)>)| {
            let (endpoint, member) = (&self.endpoints[place], &self.members[place]);
            let standing = self.detector.as_ref().and_then(|detector| detector.standing(member.id(), now));
            let until = standing.and_then(|standing| standing.returns_at).filter(|until| *until > now);
            EndpointStatus {
                endpoint: endpoint.clone(),
                active: member.active(),
                ejected_until: until,
                ejections: standing.map_or(0, |standing| standing.times),
                priority: placed.map(|(priority, _)| priority),
                locality_weight: placed.and_then(|(_, weight)| weight),
            }
        };
        placed.into_iter().enumerate().map(status).collect()
    }

    /// Somebody ejects a host, until somebody takes it back. Whether it is there, and may be ejected.
    pub(super) fn eject(&mut self, address: &Address, now: Time, changes: &mut Vec<Change>) -> bool {
        let change = self.host_at(address).zip(self.detector.as_mut());
        let change = change.and_then(|(host, detector)| detector.eject_by_hand(host, now));
        changes.extend(change);
        change.is_some()
    }

    /// Somebody takes a host back. Whether it was ejected.
    pub(super) fn restore(&mut self, address: &Address, now: Time, changes: &mut Vec<Change>) -> bool {
        let change = self.host_at(address).zip(self.detector.as_mut());
        let change = change.and_then(|(host, detector)| detector.return_by_hand(host, now));
        changes.extend(change);
        if let Some(member) = change.and_then(|change| self.places.get(&change.host())) {
            self.members[*member].welcome();
        }
        change.is_some()
    }

    fn host_at(&self, address: &Address) -> Option<HostId> {
        self.members.iter().find(|member| member.address() == address).map(|member| member.id())
    }

    /// The address of a host that is there.
    pub(super) fn address(&self, host: HostId) -> Option<&Address> {
        self.places.get(&host).map(|place| self.members[*place].address())
    }
}
