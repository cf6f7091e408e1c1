//! What all handles on a breaker have in common: its circuits, and whom they tell.

use std::{
    fmt,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use crate::{
    events::{EventKind, Events},
    layer::{
        clock, lane,
        observer::{Observer, Told},
        seat::Shared,
        settle::Settles,
    },
    policy::{
        Draw, Outcome,
        circuit_breaker::{
            Circuit, Circuits, DEFAULT_CONTENT, GrpcReply, KeyTicket, Settings, Ticket, Transition,
        },
    },
    refusal::{Grpc, Reason, Refusal},
};

/// Circuits: one, or one for each key. Sealed: [`Circuit`] and [`Circuits`].
pub trait Store: sealed::Sealed + Sized + Send + Sync + 'static {
    /// What a request that passed has to settle.
    #[doc(hidden)]
    type Ticket: Copy;
    /// Which circuit it was.
    #[doc(hidden)]
    type Key;

    #[doc(hidden)]
    fn new(settings: Settings, luck: Draw) -> Self;
    #[doc(hidden)]
    fn settings(&self) -> &Settings;
    #[doc(hidden)]
    fn settle(&self, ticket: Self::Ticket, outcome: Outcome) -> Option<(Transition, Self::Key)>;
    #[doc(hidden)]
    fn answered(&self, ticket: Self::Ticket) -> Self::Ticket;
    #[doc(hidden)]
    fn subject(name: &Arc<str>, key: &Self::Key) -> Arc<str>;
}

/// What can be a key.
pub trait Key: Hash + Eq + Clone + fmt::Debug + Send + Sync + 'static {}

impl<K: Hash + Eq + Clone + fmt::Debug + Send + Sync + 'static> Key for K {}

impl Store for Circuit {
    type Ticket = Ticket;
    type Key = ();

    fn new(settings: Settings, luck: Draw) -> Self {
        Self::new(settings, lane::count()).drawing(luck)
    }

    fn settings(&self) -> &Settings {
        self.settings()
    }

    #[inline(always)]
    fn settle(&self, ticket: Ticket, outcome: Outcome) -> Option<(Transition, ())> {
        self.settle(ticket, outcome, clock::now).map(|transition| (transition, ()))
    }

    fn answered(&self, ticket: Ticket) -> Ticket {
        self.answered(ticket, clock::now)
    }

    fn subject(name: &Arc<str>, (): &()) -> Arc<str> {
        Arc::clone(name)
    }
}

impl<K: Key> Store for Circuits<K> {
    type Ticket = KeyTicket;
    type Key = K;

    fn new(settings: Settings, luck: Draw) -> Self {
        Self::new(settings).drawing(luck)
    }

    fn settings(&self) -> &Settings {
        self.settings()
    }

    fn settle(&self, ticket: KeyTicket, outcome: Outcome) -> Option<(Transition, K)> {
        self.settle(ticket, outcome, clock::now)
    }

    fn answered(&self, ticket: KeyTicket) -> KeyTicket {
        self.answered(ticket, clock::now)
    }

    fn subject(name: &Arc<str>, key: &K) -> Arc<str> {
        format!("{name}[{key:?}]").into()
    }
}

/// A breaker's circuits, and whom they tell.
pub(super) struct Station<T> {
    pub(super) store: T,
    content: Bytes,
    shadow: AtomicBool,
    pub(super) told: Told,
    /// Those who asked for the transitions alone.
    pub(super) watchers: Events,
}

impl<T: Store> Station<T> {
    pub(super) fn new(store: T) -> Self {
        let content = match store.settings().reply().content.as_str() {
            DEFAULT_CONTENT => Bytes::from_static(DEFAULT_CONTENT.as_bytes()),
            content => Bytes::copy_from_slice(content.as_bytes()),
        };
        let shadow = AtomicBool::new(store.settings().shadow());
        Self { store, content, shadow, told: Told::default(), watchers: Events::new() }
    }

    pub(super) fn refusal(&self, wait: Duration) -> Refusal {
        let reply = self.store.settings().reply();
        let refusal = Refusal::new(Reason::CircuitOpen, reply.status)
            .content(self.content.clone())
            .grpc(match reply.grpc {
                // Envoy's code for UNAVAILABLE; the table would make UNKNOWN of a 409.
                GrpcReply::Unavailable => Grpc::Status(14),
                GrpcReply::Plain => Grpc::Plain,
            })
            .details("circuit_open");
        // How long probes will take, or somebody's mind to change, is not known.
        if wait.is_zero() { refusal } else { refusal.retry_after(wait) }
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.shadow.load(Ordering::Relaxed)
    }

    pub(super) fn set_shadow(&self, shadow: bool) {
        self.shadow.store(shadow, Ordering::Relaxed);
    }

    #[cold]
    pub(super) fn tell_transition(&self, transition: Transition, key: &T::Key) {
        let subject = |name: &Arc<str>| T::subject(name, key);
        self.told.tell_of(subject, EventKind::Circuit(transition));
        let name = self.told.name().unwrap_or_else(|| "circuit breaker".into());
        Observer::new(name, &self.watchers).tell_of(subject, EventKind::Circuit(transition));
    }

    pub(super) fn tell_refusal(&self, kind: EventKind, key: impl FnOnce() -> T::Key) {
        self.told.tell_of(|name| T::subject(name, &key()), kind);
    }
}

impl<T: Store> Settles for Shared<Station<T>> {
    type Ticket = T::Ticket;

    #[inline]
    fn settle(&self, ticket: T::Ticket, outcome: Outcome) {
        if let Some((transition, key)) = self.store.settle(ticket, outcome) {
            self.tell_transition(transition, &key);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Station<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("store", &self.store).finish_non_exhaustive()
    }
}

mod sealed {
    use super::{Circuit, Circuits};

    pub trait Sealed {}
    impl Sealed for Circuit {}
    impl<K> Sealed for Circuits<K> {}
}
