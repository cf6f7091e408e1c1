//! What all handles on a retry layer have in common.

use std::sync::Arc;

use super::Gate;
use crate::{
    events::EventKind,
    layer::{
        draw::{Draws, Ordinals},
        observer::Observer,
    },
    policy::{Draw, retry::Settings},
};

pub(super) struct Station {
    pub(super) settings: Settings,
    pub(super) gate: Option<Arc<dyn Gate>>,
    pub(super) draws: Draws,
    /// How many requests have come, if that matters.
    ordinals: Ordinals,
    pub(super) observer: Option<Observer>,
    /// Whether a timeout further in limits each try, instead of this layer.
    pub(super) leaves_tries: bool,
}

impl Station {
    pub(super) fn new(settings: Settings) -> Self {
        let draws = Draws::random();
        Self {
            settings,
            gate: None,
            draws,
            ordinals: Ordinals::default(),
            observer: None,
            leaves_tries: false,
        }
    }

    /// One of its own, that has seen nothing.
    pub(super) fn copy(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            gate: self.gate.clone(),
            draws: self.draws,
            ordinals: Ordinals::default(),
            observer: self.observer.clone(),
            leaves_tries: self.leaves_tries,
        }
    }

    /// The place of a request in the order of arrivals: counted only if chance depends on it, since it is one line that
    /// all would meet at.
    #[inline]
    pub(super) fn ordinal(&self) -> u64 {
        if self.draws.is_seeded() { self.ordinals.next() } else { 0 }
    }

    pub(super) fn draw(&self, ordinal: u64, retry: u32) -> Draw {
        self.draws.draw(ordinal, "backoff", retry)
    }

    pub(super) fn tell(&self, kind: EventKind) {
        if let Some(observer) = &self.observer {
            observer.tell(kind);
        }
    }
}
