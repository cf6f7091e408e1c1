//! Clusters: what is in flight to a part of a host's endpoints, by port.
//!
//! Whatever rule led there, requests to one cluster share its limits; and clusters of one host share none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::plan::{Destination, Port, Way};
use crate::{
    events::Events,
    layer::{cluster::Cluster, limits::LimitsLayer},
    policy::limits,
};

/// The clusters of all destinations, by name.
#[derive(Default)]
pub(super) struct Clusters(HashMap<String, Arc<OfHost>>);

/// The clusters of one destination.
pub(super) struct OfHost {
    destination: Destination,
    events: Events,
    // Asked when a stack is made, not by requests.
    limits: Mutex<HashMap<(u16, Option<String>), LimitsLayer>>,
}

/// What there is under a name.
pub(super) enum Found<'c> {
    /// It is all of the host, or a part of it.
    There { way: &'c Way, cluster: Cluster, has_endpoints: bool },
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
            return Found::There { way: self.way_to(port), cluster: all, has_endpoints: true };
        };
        match self.subset(name) {
            Some(subset) => Found::There {
                way: subset.way_to(port),
                cluster: all.subset(name, subset.labels.clone()),
                has_endpoints: subset.has_endpoints,
            },
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
    pub(super) fn new(destination: &Destination, events: &Events) -> Self {
        Self { destination: itself(destination), events: events.clone(), limits: Mutex::default() }
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

    /// The limits of a cluster that there is.
    pub(super) fn limits(&self, port: u16, subset: Option<&str>) -> LimitsLayer {
        let mut all = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let layer = all.entry((port, subset.map(str::to_owned))).or_insert_with(|| {
            let (way, cluster) = match (subset, self.find(port, subset)) {
                (_, Found::There { way, cluster, .. }) => (way, cluster),
                // Whoever asks for a port that a host has not is led there all the same.
                (None, Found::Nothing) => {
                    (self.destination.way_to(port), Cluster::new(&*self.destination.name, port))
                }
                (Some(_), Found::Nothing) => return LimitsLayer::new(limits::Settings::off()),
            };
            LimitsLayer::new(way.limits()).told(cluster.to_string(), &self.events)
        });
        layer.clone()
    }
}
