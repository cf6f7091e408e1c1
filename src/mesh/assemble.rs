//! A plan that runs: which stack a request goes through.
//!
//! A destination has one [`Stack`] per port, made when the first request goes there.

use std::{collections::HashMap, sync::Arc};

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
    /// Those of the destination that is every host which no other one is.
    any_host: Option<Arc<Ports>>,
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
        let any_host = by_host.remove(ANY);
        Self { plan, notes, by_host, any_host }
    }

    /// The stacks of the request's host, and its port; none if no policy speaks of it.
    pub(super) fn find<B>(&self, request: &Request<B>) -> Option<(&Ports, u16)> {
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

    fn ports(&self, host: &str) -> Option<&Ports> {
        self.by_host.get(host).or(self.any_host.as_ref()).map(|ports| &**ports)
    }

    fn same(&self, destination: &Destination) -> Option<Arc<Ports>> {
        let host = destination.hosts.first()?.as_str();
        let ports = if host == ANY { self.any_host.as_ref()? } else { self.by_host.get(host)? };
        (ports.destination == *destination).then(|| Arc::clone(ports))
    }
}

impl Ports {
    /// Does something with the stack of this port, which is made if it is the first time.
    pub(super) fn with<T>(&self, port: u16, call: impl FnOnce(&Stack) -> T) -> T {
        let place = |stacks: &[(u16, Arc<Stack>)]| stacks.binary_search_by_key(&port, |(port, _)| *port);
        let stacks = self.stacks.load();
        if let Ok(place) = place(&stacks) {
            return call(&stacks[place].1);
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
