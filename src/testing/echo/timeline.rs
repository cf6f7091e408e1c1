//! What an upstream does from which moment on, and when its time begins.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{error::ScriptError, onward::Onward, script::Script, span};
use crate::policy::Time;

/// All that an upstream is told to do: at first, and from later moments on.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    pub(super) first: Phase,
    /// In the order of their moments, each of which is there once and after zero.
    later: Vec<(Duration, Phase)>,
}

/// What an upstream does until it does something else.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase {
    pub(super) script: Script,
    /// Whom it asks; none: whom it asked before.
    pub(super) onward: Option<Arc<Onward>>,
}

impl Timeline {
    pub(super) fn of(script: Script) -> Self {
        Self { first: Phase { script, onward: None }, later: Vec::new() }
    }

    /// Does what `other` does, from this moment on: until a moment that was told before, if one comes later.
    pub(super) fn from(&mut self, at: Duration, other: Self) {
        self.put(at, other.first);
        for (at, phase) in other.later {
            self.put(at, phase);
        }
    }

    fn put(&mut self, at: Duration, phase: Phase) {
        if at.is_zero() {
            let onward = phase.onward.or_else(|| self.first.onward.take());
            self.first = Phase { onward, ..phase };
            return;
        }
        match self.later.binary_search_by_key(&at, |(other, _)| *other) {
            Ok(place) => self.later[place].1 = phase,
            Err(place) => self.later.insert(place, (at, phase)),
        }
    }

    /// What it does when its time has run for so long, and whom it then asks.
    pub(super) fn at(&self, age: Duration) -> (&Script, Option<&Arc<Onward>>) {
        let begun = &self.later[..self.later.partition_point(|(at, _)| *at <= age)];
        let script = begun.last().map_or(&self.first.script, |(_, phase)| &phase.script);
        let onward = begun.iter().rev().find_map(|(_, phase)| phase.onward.as_ref());
        (script, onward.or(self.first.onward.as_ref()))
    }

    /// Its scripts, and from when on.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (Duration, &Script)> {
        let later = self.later.iter().map(|(at, phase)| (*at, &phase.script));
        std::iter::once((Duration::ZERO, &self.first.script)).chain(later)
    }

    /// `latency=5ms; 8s: refuse; 16s: latency=5ms`: what it does at first may be left out.
    pub(super) fn strict(text: &str) -> Result<Self, ScriptError> {
        let text = text.trim();
        let text = text.strip_suffix(';').unwrap_or(text);
        let (mut timeline, mut last) = (Self::default(), None);
        for (number, part) in text.split(';').enumerate() {
            let part = part.trim();
            let timed =
                part.split_once(':').and_then(|(at, does)| Some((at, span::parse(at.trim_end())?, does)));
            let (at, does) = match timed {
                Some((at, moment, does)) => {
                    if last.is_some_and(|last| moment <= last) {
                        let why = "the moments must be in their order, and each be there once";
                        return Err(ScriptError::moment(at, format!("{part}: {why}")));
                    }
                    last = Some(moment);
                    (Some(moment), does)
                }
                // A parameter or a path has other marks before its first colon.
                None if number == 0
                    && !part
                        .split(':')
                        .next()
                        .is_some_and(|at| at.len() < part.len() && !at.contains(['=', '?'])) =>
                {
                    last = Some(Duration::ZERO);
                    (None, part)
                }
                None => {
                    let at = part.split_once([':', '=']).map_or(part, |(at, _)| at);
                    let why = "expected from when on, such as `8s: refuse`; within a value write %3B for `;`";
                    return Err(ScriptError::moment(at, format!("{part}: {why}")));
                }
            };
            let script = Script::strict(does.trim());
            let script = script.map_err(|error| if let Some(at) = at { error.from(at) } else { error })?;
            timeline.from(at.unwrap_or_default(), Self::of(script));
        }
        Ok(timeline)
    }
}

/// When the time of an upstream began; a clone is the same beginning.
#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct Start(Arc<Mutex<Option<Time>>>);

impl Start {
    /// Begins, whether or not it had begun before.
    pub(in crate::testing) fn begin(&self, at: Time) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When it began, which is now at the latest.
    pub(super) fn or_at(&self, at: Time) -> Time {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(at)
    }
}

/// When the load began that a request is part of, in the request's extensions: so all upstreams that it reaches, by
/// whatever way and however late, have one time.
#[derive(Debug, Clone, Copy)]
pub(in crate::testing) struct Began(pub(in crate::testing) Time);
