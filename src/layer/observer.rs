//! Whom a layer tells what happened, and by which name it is known to them.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{
    events::{Event, EventKind, Events},
    layer::clock,
};

/// Whom a layer tells, and by which name it is known to them.
#[derive(Clone)]
pub(super) struct Observer {
    name: Arc<str>,
    events: Events,
}

impl Observer {
    pub(super) fn new(name: impl Into<Arc<str>>, events: &Events) -> Self {
        Self { name: name.into(), events: events.clone() }
    }

    pub(super) fn tell(&self, kind: EventKind) {
        self.tell_of(Arc::clone, kind);
    }

    /// The event is about a part of the layer, which this names by the layer's own name.
    pub(super) fn tell_of(&self, subject: impl FnOnce(&Arc<str>) -> Arc<str>, kind: EventKind) {
        self.events.tell(|| Event { at: clock::now(), subject: subject(&self.name), kind });
    }
}

/// An observer that can still be named when the layer is at work. There may be none.
#[derive(Default)]
pub(super) struct Told(ArcSwapOption<Observer>);

impl Told {
    /// This one, and no longer another.
    pub(super) fn set(&self, name: impl Into<Arc<str>>, events: &Events) {
        self.0.store(Some(Arc::new(Observer::new(name, events))));
    }

    /// The same as another one.
    pub(super) fn copy(&self, other: &Self) {
        self.0.store(other.0.load_full());
    }

    /// By which name the layer is known, if somebody is told.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        self.0.load().as_deref().map(|observer| Arc::clone(&observer.name))
    }

    pub(super) fn tell(&self, kind: EventKind) {
        self.tell_of(Arc::clone, kind);
    }

    /// See [`Observer::tell_of`].
    pub(super) fn tell_of(&self, subject: impl FnOnce(&Arc<str>) -> Arc<str>, kind: EventKind) {
        if let Some(observer) = self.0.load().as_deref() {
            observer.tell_of(subject, kind);
        }
    }
}
