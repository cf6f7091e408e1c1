//! A plan as a stack that runs.
//!
//! A dialect's order of stations is one type, [`Stack`], in which a station that is off costs one branch; it reads like
//! the plan it was made of. A destination has one stack per port, made when the first request goes there.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    note::Note,
    plan::{Destination, Plan, Station},
};
use crate::{
    events::Events,
    layer::{
        body::LocalBody,
        circuit_breaker::{self, AtHead, CircuitBreakerHandle, CircuitBreakerLayer},
        draw::Draws,
        host::target,
        protocol::{Http, HttpMemo},
    },
};

/// A plan, and the state of what it names.
pub(super) struct Running {
    pub(super) plan: Plan,
    pub(super) notes: Vec<Note>,
    by_host: HashMap<Box<str>, Arc<Ports>>,
}

/// The stacks of a destination, by port.
struct Ports {
    destination: Destination,
    events: Events,
    draws: Draws,
    // Sorted by port: few, and read by every request.
    stacks: ArcSwap<Vec<(u16, Arc<Stack>)>>,
}

/// osm-edge's order: breaker, then the endpoint.
struct Stack {
    breaker: Option<CircuitBreakerLayer>,
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
        let mut by_host = HashMap::new();
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
        Self { plan, notes, by_host }
    }

    /// A call through the stack of the request's host and port, or past all policies if none speaks of it.
    pub(super) fn call<S, B>(&self, inner: &mut S, request: Request<B>) -> StackFuture<S::Future>
    where
        S: Service<Request<B>>,
    {
        match self.find(&request) {
            Some((ports, port)) => ports.with(port, |stack| stack.call(inner, request)),
            None => StackFuture::Free { inner: inner.call(request) },
        }
    }

    /// The circuit breaker before this host and port, if there is one.
    pub(super) fn circuit_breaker(&self, host: &str, port: u16) -> Option<CircuitBreakerHandle> {
        let ports = self.by_host.get(host)?;
        ports.with(port, |stack| stack.breaker.as_ref().map(CircuitBreakerLayer::handle))
    }

    fn find<B>(&self, request: &Request<B>) -> Option<(&Ports, u16)> {
        if self.by_host.is_empty() {
            return None;
        }
        let (host, port) = target(request)?;
        self.by_host.get(&*host).map(|ports| (&**ports, port))
    }

    fn same(&self, destination: &Destination) -> Option<Arc<Ports>> {
        let ports = self.by_host.get(destination.hosts.first()?.as_str())?;
        (ports.destination == *destination).then(|| Arc::clone(ports))
    }
}

impl Ports {
    /// Does something with the stack of this port, which is made if it is the first time.
    fn with<T>(&self, port: u16, call: impl FnOnce(&Stack) -> T) -> T {
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

impl Stack {
    fn new(destination: &Destination, port: u16, events: &Events, draws: Draws) -> Self {
        let mut stack = Self { breaker: None };
        for station in &destination.way_to(port).stations {
            match station {
                Station::CircuitBreaker(settings) => {
                    let name = format!("{}|{port}", destination.name);
                    stack.breaker = Some(
                        CircuitBreakerLayer::new(settings.clone())
                            .drawing(draws.of(&name))
                            .told(name, events),
                    );
                }
                _ => {}
            }
        }
        stack
    }

    fn call<S, B>(&self, inner: &mut S, request: Request<B>) -> StackFuture<S::Future>
    where
        S: Service<Request<B>>,
    {
        match &self.breaker {
            Some(breaker) => StackFuture::Guarded { answer: breaker.call(inner, request) },
            None => StackFuture::Free { inner: inner.call(request) },
        }
    }
}

pin_project! {
    /// A call on its way through a stack.
    #[project = Projected]
    pub(super) enum StackFuture<F> {
        Guarded { #[pin] answer: circuit_breaker::ResponseFuture<F, Http, HttpMemo, AtHead> },
        Free { #[pin] inner: F },
    }
}

impl<F, B, E: 'static> Future for StackFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: LocalBody,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projected::Guarded { answer } => answer.poll(cx),
            Projected::Free { inner } => inner.poll(cx),
        }
    }
}
