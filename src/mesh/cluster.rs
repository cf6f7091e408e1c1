//! Clusters: what is in flight to a part of a host's endpoints, by port, and who of them may be asked.
//!
//! Whatever rule led there, requests to one cluster share its limits, and who is ejected; and clusters of one host share
//! none of it but the endpoints themselves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    assemble::OTHERS,
    place::{At, Place},
    plan::{Backends, Destination, Port, Way},
};
use crate::{
    events::Events,
    layer::{
        balance::{Endpoints, NamedSet, Source, Station, Take},
        cluster::Cluster,
        draw::Draws,
        host::normal,
        limits::LimitsLayer,
        seat::Shared,
    },
    policy::{
        balance::{Algorithm, Endpoint},
        limits,
    },
};

/// The clusters of all destinations, by name.
#[derive(Default)]
pub(super) struct Clusters(HashMap<String, Arc<OfHost>>);

/// The clusters of one destination.
pub(super) struct OfHost {
    destination: Destination,
    events: Events,
    draws: Draws,
    // Asked when a stack is made, not by requests.
    state: Mutex<State>,
}

/// What there is of a host's clusters.
#[derive(Default)]
struct State {
    /// Those that the program tells of, by port; they count before what documents say.
    told: Vec<(Option<u16>, Endpoints)>,
    /// Those that documents tell of; each is there once somebody asks.
    documented: HashMap<Option<u16>, Documented>,
    clusters: HashMap<(u16, Option<String>), Running>,
}

/// A set that documents tell of, and what they say.
#[derive(Default)]
struct Documented {
    set: Endpoints,
    said: Option<NamedSet>,
}

/// A cluster that runs.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) limits: LimitsLayer,
    /// Who is picked; none, if requests go where they say.
    pub(super) balance: Option<Shared<Station<()>>>,
}

impl Running {
    /// Its place, which is there.
    pub(super) fn place(&self, at: At) -> Place {
        let is_early = self.balance.is_some() && self.limits.are_of_each();
        Place { at, balance: self.balance.clone(), keys: None, is_early }
    }

    /// What is before its place, and that.
    pub(super) fn lead(&self, at: At) -> (LimitsLayer, Place) {
        (self.limits.clone(), self.place(at))
    }
}

/// Endpoints that the program tells of, each set with the host whose they are: `HOST` or `HOST:PORT`.
pub(super) type Told = [(String, Endpoints)];

/// What there is under a name.
pub(super) enum Found<'c> {
    /// It is all of the host, or a part of it.
    There { way: &'c Way, cluster: Cluster },
    /// No policy names such a subset, or the host has no such port.
    Nothing,
}

impl Clusters {
    /// Those of a destination; made now, if no policy speaks of it.
    pub(super) fn of(&mut self, name: &str, make: impl FnOnce() -> Arc<OfHost>) -> Arc<OfHost> {
        match self.0.get(name) {
            Some(there) => Arc::clone(there),
            None => {
                let made = make();
                self.0.insert(name.to_owned(), Arc::clone(&made));
                made
            }
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<OfHost>> {
        self.0.values()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<OfHost>> {
        self.0.get(name)
    }
}

impl Destination {
    /// What there is at this port, of all of it or of the part of this name.
    pub(super) fn cluster(&self, port: u16, subset: Option<&str>) -> Found<'_> {
        if !self.serves(port) {
            return Found::Nothing;
        }
        let all = Cluster::new(&*self.name, port);
        let Some(name) = subset else {
            return Found::There { way: self.way_to(port), cluster: all };
        };
        match self.subset(name) {
            Some(subset) => {
                Found::There { way: subset.way_to(port), cluster: all.subset(name, subset.labels.clone()) }
            }
            None => Found::Nothing,
        }
    }

    /// Whether it has this port, as far as is known.
    pub(super) fn serves(&self, port: u16) -> bool {
        self.serves.is_empty() || self.serves.contains(&port)
    }
}

/// What a destination is by itself. How one gets there, by rules and with what before it, is nothing to a cluster.
fn itself(destination: &Destination) -> Destination {
    let Destination { name, dialect, way, ports, serves, subsets, .. } = destination;
    let ports = ports.iter().map(|port| Port { way: port.way.of_cluster(), ..port.clone() });
    Destination {
        dialect: *dialect,
        way: way.of_cluster(),
        ports: ports.collect(),
        serves: serves.clone(),
        subsets: subsets.clone(),
        ..Destination::bare(name)
    }
}

impl OfHost {
    /// With nothing in flight.
    pub(super) fn new(destination: &Destination, told: &Told, events: &Events, draws: Draws) -> Self {
        let own = |(host, endpoints): &(String, Endpoints)| {
            let (host, port) = divided(host);
            let is_own = *destination.name == *host || destination.hosts.iter().any(|own| **own == *host);
            is_own.then(|| (port, endpoints.clone()))
        };
        let state = State { told: told.iter().filter_map(own).collect(), ..State::default() };
        let host = Self {
            destination: itself(destination),
            events: events.clone(),
            draws,
            state: Mutex::new(state),
        };
        host.tell(&destination.endpoints);
        host
    }

    /// Documents say of its endpoints now that they are these.
    pub(super) fn tell(&self, backends: &[Backends]) {
        let mut state = self.state();
        let mut changed = Vec::new();
        for (port, documented) in &mut state.documented {
            if backends.iter().all(|one| one.port != *port) {
                documented.said = None;
                changed.push((documented.set.clone(), None));
            }
        }
        for one in backends {
            let Documented { set, said } = state.documented.entry(one.port).or_default();
            let take = if one.first_address { Take::First } else { Take::All };
            *said = Some(NamedSet { names: one.endpoints.as_slice().into(), take, set: set.clone() });
            changed.push((set.clone(), Some(&one.endpoints)));
        }
        // Whoever follows a set may ask back.
        drop(state);
        for (set, endpoints) in changed {
            match endpoints {
                Some(endpoints) => set.replace(endpoints.iter().cloned()),
                None => set.forget(),
            }
        }
    }

    /// The sets of which documents say names, which somebody may look up.
    pub(super) fn named(&self) -> Vec<NamedSet> {
        self.state().documented.values().filter_map(|documented| documented.said.clone()).collect()
    }

    /// Whether this is what a plan says of the destination.
    pub(super) fn is_of(&self, destination: &Destination) -> bool {
        self.destination == itself(destination)
    }

    /// Its name in full.
    pub(super) fn name(&self) -> &str {
        &self.destination.name
    }

    /// What there is at this port under this name.
    pub(super) fn find(&self, port: u16, subset: Option<&str>) -> Found<'_> {
        self.destination.cluster(port, subset)
    }

    /// A cluster that there is.
    pub(super) fn cluster(&self, port: u16, subset: Option<&str>) -> Running {
        let mut state = self.state();
        let key = (port, subset.map(str::to_owned));
        if let Some(running) = state.clusters.get(&key) {
            return running.clone();
        }
        let endpoints = state.endpoints(port);
        let (way, cluster) = match (subset, self.find(port, subset)) {
            (_, Found::There { way, cluster }) => (way, cluster),
            // Whoever asks for a port that a host has not is led there all the same.
            (None, Found::Nothing) => {
                (self.destination.way_to(port), Cluster::new(&*self.destination.name, port))
            }
            (Some(_), Found::Nothing) => {
                return Running { limits: LimitsLayer::new(limits::Settings::off()), balance: None };
            }
        };
        let running = self.run(way, &cluster, &endpoints);
        state.clusters.insert(key, running.clone());
        running
    }

    fn run(&self, way: &Way, cluster: &Cluster, endpoints: &Endpoints) -> Running {
        let name = cluster.to_string();
        let limits = LimitsLayer::new(way.limits()).told(&*name, &self.events);
        let settings = way.balance();
        // Of the port that stands for many nobody knows where it is.
        if settings.algorithm() == Algorithm::Passthrough || cluster.port() == OTHERS {
            return Running { limits, balance: None };
        }
        let (port, labels) = (cluster.port(), cluster.labels().clone());
        let select = move |endpoint: &Endpoint| {
            endpoint.has_all(&labels).then(|| endpoint.clone().at(endpoint.address().or_port(port)))
        };
        let source = Source { select: Arc::new(select), make: Arc::new(|_| Some(())) };
        let station = Station::new(settings, self.draws.of(&name).of("balance"), endpoints, source);
        station.tell(&*name, &self.events);
        Running { limits, balance: Some(Shared::of(station)) }
    }

    /// The endpoints behind a port.
    pub(super) fn endpoints(&self, port: u16) -> Endpoints {
        self.state().endpoints(port)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The set for a port: that of the port, or else that of all; the program's before the documents'.
    fn endpoints(&mut self, port: u16) -> Endpoints {
        let told = |wanted: Option<u16>| self.told.iter().rfind(|(of, _)| *of == wanted);
        if let Some((_, told)) = told(Some(port)).or_else(|| told(None)) {
            return told.clone();
        }
        let of = Some(port).filter(|port| self.documented.contains_key(&Some(*port)));
        self.documented(of)
    }

    fn documented(&mut self, port: Option<u16>) -> Endpoints {
        self.documented.entry(port).or_default().set.clone()
    }
}

/// A host in its normal form, and the port that stands behind it.
pub(super) fn divided(host: &str) -> (String, Option<u16>) {
    let divided = host.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let with_port = divided.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = with_port.map_or((host, None), |(host, port)| (host, Some(port)));
    (normal(host).into_owned(), port)
}
