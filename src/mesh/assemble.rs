//! A plan that runs: which stack a request goes through.
//!
//! A destination has one [`Stack`] per port, made when the first request goes there.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use arc_swap::ArcSwap;
use http::Request;

use super::{
    cluster::{self, Clusters, OfHost},
    directory::{Directory, Meant},
    note::Note,
    plan::{Destination, Dialect, Plan, Rule},
    site::{Ground, Site},
    stack::{OsmEdge, Stack},
};
use crate::{
    events::Events,
    layer::{balance::NamedSet, draw::Draws, host::target},
};

/// A plan, and the state of what it names.
pub(super) struct Running {
    pub(super) plan: Plan,
    pub(super) notes: Vec<Note>,
    directory: Directory<Arc<Ports>, Arc<Family>>,
    shared: Arc<Common>,
}

/// What all destinations of a plan have in common.
struct Common {
    clusters: Clusters,
    /// The endpoints that the program tells of.
    told: Arc<cluster::Told>,
    events: Events,
    draws: Draws,
    trusts_headers: bool,
}

/// A destination for many hosts: each is a cluster of its own.
struct Family {
    template: Ports,
    each: ArcSwap<HashMap<Box<str>, Arc<Ports>>>,
}

/// So many hosts have a cluster of their own, since callers may name any; the others share one.
const HOSTS: usize = 1024;

/// So many ports of a host, and those of which policies speak, have limits and state of their own; the others share
/// them.
const PORTS: usize = 64;

/// As which port the others go: there is none of this number.
pub(super) const OTHERS: u16 = 0;

/// The stacks that a request's host has.
pub(super) enum Found<'r> {
    Named(&'r Ports),
    Other(Arc<Ports>),
}

/// The stacks of a destination, by port.
pub(super) struct Ports {
    destination: Destination,
    own: Arc<OfHost>,
    shared: Arc<Common>,
    // Sorted by port: few, and read by every request.
    stacks: ArcSwap<Vec<(u16, Arc<Stack>)>>,
}

impl Common {
    /// Those of a host, with nothing in flight.
    fn clusters_of(&self, destination: &Destination) -> Arc<OfHost> {
        Arc::new(OfHost::new(destination, &self.told, &self.events, self.draws))
    }
}

impl Running {
    /// Runs a plan, with the state of those destinations that are the same as before.
    pub(super) fn new(
        plan: Plan,
        notes: Vec<Note>,
        told: &Arc<cluster::Told>,
        (events, draws): (&Events, Draws),
        before: Option<&Self>,
    ) -> Self {
        let new = |destination: &Destination| Arc::new(OfHost::new(destination, told, events, draws));
        let mut clusters = Clusters::default();
        for destination in &plan.destinations {
            let same = before.and_then(|before| before.shared.clusters.get(&destination.name));
            let same = same.filter(|same| same.is_of(destination));
            let stays = |same: &Arc<OfHost>| {
                same.tell(&destination.endpoints);
                Arc::clone(same)
            };
            clusters.of(&destination.name, || same.map_or_else(|| new(destination), stays));
        }
        for target in
            plan.destinations.iter().flat_map(|destination| &destination.rules).flat_map(Rule::targets)
        {
            clusters.of(&target.host, || {
                let same = before.and_then(|before| before.shared.clusters.get(&target.host));
                let bare = Destination::bare(&target.host);
                let same = same.filter(|same| same.is_of(&bare));
                same.map_or_else(|| new(&bare), Arc::clone)
            });
        }
        let shared = Arc::new(Common {
            clusters,
            told: Arc::clone(told),
            events: events.clone(),
            draws,
            trusts_headers: plan.era.trust_request_headers,
        });
        let mut directory = Directory::<Arc<Ports>, Arc<Family>>::new(plan.home.clone());
        for destination in &plan.destinations {
            let earlier = before.and_then(|before| before.of_destination(destination));
            let same = earlier.filter(|ports| ports.is(destination, &shared)).cloned();
            let ports = same.unwrap_or_else(|| {
                Arc::new(Ports::new(destination.clone(), &shared).after(earlier.map(|ports| &**ports)))
            });
            for host in &destination.hosts {
                directory.insert(
                    host,
                    || Arc::clone(&ports),
                    |family| {
                        let earlier = before.and_then(|before| before.directory.family(family));
                        let same = earlier.filter(|same| same.template.is(destination, &shared));
                        same.map_or_else(|| Arc::new(Family::new(&ports, earlier)), Arc::clone)
                    },
                );
            }
        }
        Self { plan, notes, directory, shared }
    }

    /// The stacks of the request's host, and its port; none if no policy speaks of it.
    pub(super) fn find<B>(&self, request: &Request<B>) -> Option<(Found<'_>, u16)> {
        if self.directory.is_empty() {
            return None;
        }
        let (host, port) = target(request)?;
        Some((self.ports(&host)?, port))
    }

    /// Does something with the stack of this host and port; not if no policy speaks of it.
    pub(super) fn at<T>(&self, host: &str, port: u16, look: impl FnOnce(&Stack) -> T) -> Option<T> {
        Some(self.ports(host)?.with(port, look))
    }

    /// The clusters of this host; none if no policy speaks of it.
    pub(super) fn clusters(&self, host: &str) -> Option<Arc<OfHost>> {
        Some(Arc::clone(&self.ports(host)?.own))
    }

    /// The sets of endpoints of which documents say names.
    pub(super) fn named(&self) -> Vec<NamedSet> {
        self.shared.clusters.all().flat_map(|host| host.named()).collect()
    }

    fn ports(&self, host: &str) -> Option<Found<'_>> {
        Some(match self.directory.find(host)? {
            Meant::Named(ports) => Found::Named(ports),
            Meant::Of(family) | Meant::InFullOf(family) => family.of(host),
        })
    }

    /// What there is for a destination of this name.
    fn of_destination(&self, destination: &Destination) -> Option<&Arc<Ports>> {
        self.directory.named(destination.hosts.first()?)
    }
}

impl Family {
    /// With those hosts that have been asked for before: their clusters stay if what is said of the family's does.
    fn new(ports: &Ports, before: Option<&Arc<Self>>) -> Self {
        let Some(before) = before else {
            return Self { template: ports.named(None), each: ArcSwap::default() };
        };
        let stays = Arc::ptr_eq(&before.template.own, &ports.own);
        let one = |host: &str, before: &Ports| {
            let mut named = ports.named(Some(host));
            if stays {
                named.own = Arc::clone(&before.own);
            }
            (Box::from(host), Arc::new(named.after(Some(before))))
        };
        let each: HashMap<_, _> = before.each.load().iter().map(|(host, ports)| one(host, ports)).collect();
        let template = ports.named(None).after(Some(&before.template));
        Self { template, each: ArcSwap::from_pointee(each) }
    }

    /// The stacks of this host, which are made if it is the first time.
    fn of(&self, host: &str) -> Found<'_> {
        let each = self.each.load();
        if let Some(ports) = each.get(host) {
            return Found::Other(Arc::clone(ports));
        }
        if each.len() >= HOSTS {
            return Found::Named(&self.template);
        }
        let ports = Arc::new(self.template.named(Some(host)));
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
    fn new(destination: Destination, shared: &Arc<Common>) -> Self {
        let own = shared.clusters.get(&destination.name);
        let own = own.map_or_else(|| shared.clusters_of(&destination), Arc::clone);
        Self { destination, own, shared: Arc::clone(shared), stacks: ArcSwap::default() }
    }

    /// Whether this is what a plan says of the destination, and all that it leads to is the same too.
    fn is(&self, destination: &Destination, shared: &Common) -> bool {
        let leads = |name: &str| {
            let of = |clusters: &Clusters| clusters.get(name).map(Arc::as_ptr);
            of(&self.shared.clusters) == of(&shared.clusters)
        };
        let names = destination.rules.iter().flat_map(Rule::targets).map(|target| &*target.host);
        self.destination == *destination && names.chain([&*destination.name]).all(leads)
    }

    /// The same, with what was counted before of the rules that stay.
    fn after(self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            let stacks = before.stacks.load();
            let stacks = stacks.iter().map(|(port, stack)| (*port, Arc::new(self.stack(*port, Some(stack)))));
            self.stacks.store(Arc::new(stacks.collect()));
        }
        self
    }

    /// The same with nothing seen: for one host of a family, or for all.
    fn named(&self, host: Option<&str>) -> Self {
        let Self { destination, own, shared, .. } = self;
        let (destination, own) = match host {
            None => (destination.clone(), Arc::clone(own)),
            Some(host) => {
                let destination = Destination { name: host.to_owned(), ..destination.clone() };
                let own = shared.clusters_of(&destination);
                (destination, own)
            }
        };
        Self { destination, own, shared: Arc::clone(shared), stacks: ArcSwap::default() }
    }

    /// Does something with the stack of this port, which is made if it is the first time.
    pub(super) fn with<T>(&self, port: u16, call: impl FnOnce(&Stack) -> T) -> T {
        let place = |stacks: &[(u16, Arc<Stack>)]| stacks.binary_search_by_key(&port, |(port, _)| *port);
        let stacks = self.stacks.load();
        if let Ok(place) = place(&stacks) {
            return call(&stacks[place].1);
        }
        if stacks.len() >= PORTS && port != OTHERS && !self.destination.speaks_of(port) {
            return self.with(OTHERS, call);
        }
        let stack = Arc::new(self.stack(port, None));
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

    fn stack(&self, port: u16, before: Option<&Stack>) -> Stack {
        let Common { clusters, events, draws, trusts_headers, .. } = &*self.shared;
        match self.destination.dialect {
            Dialect::OsmEdge => {
                Stack::OsmEdge(OsmEdge::new(&self.destination, &self.own, port, events, *draws))
            }
            Dialect::Istio => {
                let ground = Ground { clusters, events, draws: *draws, trusts_headers: *trusts_headers };
                let before = before.and_then(Stack::site);
                Stack::Istio(Site::new(&self.destination, &self.own, port, &ground, before))
            }
        }
    }
}
