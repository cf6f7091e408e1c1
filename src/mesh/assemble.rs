//! A plan that runs: which stack a request goes through.
//!
//! A destination has one [`Stack`] per port, made when the first request goes there.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use arc_swap::ArcSwap;
use http::Request;

use super::{
    note::Note,
    plan::{Destination, Plan},
    stack::Stack,
};
use crate::{
    events::Events,
    layer::{draw::Draws, host::target},
};

/// The name of a destination that is every host.
const ANY: &str = "*";

/// A plan, and the state of what it names.
pub(super) struct Running {
    pub(super) plan: Plan,
    pub(super) notes: Vec<Note>,
    by_host: HashMap<Box<str>, Arc<Ports>>,
    /// The destination that is every host which no other one is.
    any_host: Option<Arc<AnyHost>>,
}

/// A destination for many hosts: each is a cluster of its own.
struct AnyHost {
    template: Ports,
    each: ArcSwap<HashMap<Box<str>, Arc<Ports>>>,
}

/// So many hosts have a cluster of their own, since callers may name any; the others share one.
const HOSTS: usize = 1024;

/// So many ports of a host, and those of which policies speak, have limits and state of their own; the others share
/// them.
const PORTS: usize = 64;

/// As which port the others go: there is none of this number.
const OTHERS: u16 = 0;

/// The stacks that a request's host has.
pub(super) enum Found<'r> {
    Named(&'r Ports),
    Other(Arc<Ports>),
}

/// The stacks of a destination, by port.
pub(super) struct Ports {
    destination: Destination,
    events: Events,
    draws: Draws,
    // Sorted by port: few, and read by every request.
    stacks: ArcSwap<Vec<(u16, Arc<Stack>)>>,
}

impl Running {
    /// Runs a plan, with the state of those destinations that are the same as before.
    pub(super) fn new(
        plan: Plan,
        notes: Vec<Note>,
        events: &Events,
        draws: Draws,
        before: Option<&Self>,
    ) -> Self {
        let mut by_host: HashMap<Box<str>, Arc<Ports>> = HashMap::new();
        for destination in &plan.destinations {
            let ports = before.and_then(|before| before.same(destination)).unwrap_or_else(|| {
                Arc::new(Ports {
                    destination: destination.clone(),
                    events: events.clone(),
                    draws,
                    stacks: ArcSwap::default(),
                })
            });
            for host in &destination.hosts {
                by_host.insert(host.as_str().into(), Arc::clone(&ports));
            }
        }
        let any_host = by_host.remove(ANY).map(|ports| {
            let same = before.and_then(|before| before.any_host.clone());
            same.filter(|same| same.template.destination == ports.destination)
                .unwrap_or_else(|| Arc::new(AnyHost { template: ports.named(ANY), each: ArcSwap::default() }))
        });
        Self { plan, notes, by_host, any_host }
    }

    /// The stacks of the request's host, and its port; none if no policy speaks of it.
    pub(super) fn find<B>(&self, request: &Request<B>) -> Option<(Found<'_>, u16)> {
        if self.by_host.is_empty() && self.any_host.is_none() {
            return None;
        }
        let (host, port) = target(request)?;
        Some((self.ports(&host)?, port))
    }

    /// Does something with the stack of this host and port; not if no policy speaks of it.
    pub(super) fn at<T>(&self, host: &str, port: u16, look: impl FnOnce(&Stack) -> T) -> Option<T> {
        Some(self.ports(host)?.with(port, look))
    }

    fn ports(&self, host: &str) -> Option<Found<'_>> {
        match (self.by_host.get(host), &self.any_host) {
            (Some(ports), _) => Some(Found::Named(ports)),
            (None, Some(any)) => Some(any.of(host)),
            (None, None) => None,
        }
    }

    fn same(&self, destination: &Destination) -> Option<Arc<Ports>> {
        let ports = self.by_host.get(destination.hosts.first()?.as_str())?;
        (ports.destination == *destination).then(|| Arc::clone(ports))
    }
}

impl AnyHost {
    /// The stacks of this host, which are made if it is the first time.
    fn of(&self, host: &str) -> Found<'_> {
        let each = self.each.load();
        if let Some(ports) = each.get(host) {
            return Found::Other(Arc::clone(ports));
        }
        if each.len() >= HOSTS {
            return Found::Named(&self.template);
        }
        let ports = Arc::new(self.template.named(host));
        let before = self.each.rcu(|each| {
            let mut each = HashMap::clone(each);
            each.entry(host.into()).or_insert_with(|| Arc::clone(&ports));
            each
        });
        // Another request may have been first.
        Found::Other(before.get(host).map_or(ports, Arc::clone))
    }
}

impl Deref for Found<'_> {
    type Target = Ports;

    fn deref(&self) -> &Ports {
        match self {
            Self::Named(ports) => ports,
            Self::Other(ports) => ports,
        }
    }
}

impl Ports {
    /// The same for another host: it has seen nothing.
    fn named(&self, host: &str) -> Self {
        let Self { destination, events, draws, .. } = self;
        let destination = match host {
            ANY => destination.clone(),
            host => Destination { name: host.to_owned(), ..destination.clone() },
        };
        Self { destination, events: events.clone(), draws: *draws, stacks: ArcSwap::default() }
    }

    /// Does something with the stack of this port, which is made if it is the first time.
    pub(super) fn with<T>(&self, port: u16, call: impl FnOnce(&Stack) -> T) -> T {
        let place = |stacks: &[(u16, Arc<Stack>)]| stacks.binary_search_by_key(&port, |(port, _)| *port);
        let stacks = self.stacks.load();
        if let Ok(place) = place(&stacks) {
            return call(&stacks[place].1);
        }
        let speaks = || self.destination.ports.iter().any(|other| other.number == port);
        if stacks.len() >= PORTS && port != OTHERS && !speaks() {
            return self.with(OTHERS, call);
        }
        let stack = Arc::new(Stack::new(&self.destination, port, &self.events, self.draws));
        let before = self.stacks.rcu(|stacks| {
            let mut stacks = Vec::clone(stacks);
            if let Err(place) = place(&stacks) {
                stacks.insert(place, (port, Arc::clone(&stack)));
            }
            stacks
        });
        // Another request may have been first.
        call(place(&before).map_or(&stack, |place| &before[place].1))
    }
}
