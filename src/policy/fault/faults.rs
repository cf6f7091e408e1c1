//! The decision.

use std::time::Duration;

use http::HeaderMap;

use super::{Answer, Counts, Settings, active::Active, asked::Chances};
use crate::policy::Draw;

/// Decides which requests meet with a fault. See the [module docs](super).
#[derive(Debug)]
pub struct Faults {
    /// What befalls a request if headers have no say in it.
    chances: Chances,
    reads_headers: bool,
    exclusive: bool,
    needs_luck: bool,
    settings: Settings,
    active: Active,
}

/// What befalls a request: a delay, an abort, or first the one and then the other. To be
/// [settled](Faults::settle) when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it may have taken a place, which must be given back"]
pub struct Fault {
    delay: Option<Duration>,
    abort: Option<Answer>,
    /// Whether it counts among those that may be at once.
    placed: bool,
}

impl Fault {
    /// How long the request is held back: whole milliseconds.
    #[must_use]
    pub const fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// What the request is then answered with, instead of being given on.
    #[must_use]
    pub const fn abort(&self) -> Option<Answer> {
        self.abort
    }
}

impl Faults {
    /// Faults as these settings say.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            chances: Chances::fixed(&settings),
            reads_headers: settings.reads_headers(),
            exclusive: settings.exclusive(),
            needs_luck: settings.needs_luck(),
            active: Active::new(settings.most_active()),
            settings,
        }
    }

    /// What it was told to do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether [`decide`](Self::decide) is to be given headers.
    #[must_use]
    #[inline]
    pub const fn reads_headers(&self) -> bool {
        self.reads_headers
    }

    /// Whether it may ask for a draw.
    #[must_use]
    #[inline]
    pub const fn needs_luck(&self) -> bool {
        self.needs_luck
    }

    /// What befalls a request with these headers: mostly nothing.
    ///
    /// Two draws are handed in as questions, each asked at most once. If the two faults are exclusive only the first
    /// one is asked.
    #[inline]
    pub fn decide(
        &self,
        headers: Option<&HeaderMap>,
        delay: impl FnOnce() -> Draw,
        abort: impl FnOnce() -> Draw,
    ) -> Option<Fault> {
        if self.reads_headers {
            return self.decide_as_asked(headers, delay, abort);
        }
        self.draw(&self.chances, delay, abort)
    }

    #[inline(never)]
    fn decide_as_asked(
        &self,
        headers: Option<&HeaderMap>,
        delay: impl FnOnce() -> Draw,
        abort: impl FnOnce() -> Draw,
    ) -> Option<Fault> {
        self.draw(&Chances::of(&self.settings, headers), delay, abort)
    }

    #[inline]
    fn draw(
        &self,
        chances: &Chances,
        delay: impl FnOnce() -> Draw,
        abort: impl FnOnce() -> Draw,
    ) -> Option<Fault> {
        let (delayed, aborted) = if self.exclusive {
            one_of(chances, delay)
        } else {
            (chances.delay_share.hit_by(delay), chances.abort_share.hit_by(abort))
        };
        if delayed || aborted { self.place(chances, delayed, aborted) } else { None }
    }

    /// As many of the two as there is room for. A delay and the abort after it are one fault; an abort whose delay
    /// found no room tries for itself.
    #[cold]
    fn place(&self, chances: &Chances, delayed: bool, aborted: bool) -> Option<Fault> {
        let mut fault = Fault { delay: None, abort: None, placed: false };
        if delayed && let Ok(placed) = self.active.enter() {
            fault = Fault { delay: Some(chances.delay), placed, ..fault };
        }
        if aborted {
            if fault.delay.is_some() {
                fault.abort = Some(chances.abort);
            } else if let Ok(placed) = self.active.enter() {
                fault = Fault { abort: Some(chances.abort), placed, ..fault };
            }
        }
        (fault.delay.is_some() || fault.abort.is_some()).then_some(fault)
    }

    /// It is over: another request may meet with one.
    pub fn settle(&self, fault: Fault) {
        if fault.placed {
            self.active.leave();
        }
    }

    /// A delay begins.
    pub fn count_delay(&self) {
        self.active.count_delay();
    }

    /// An abort is answered.
    pub fn count_abort(&self) {
        self.active.count_abort();
    }

    /// How many requests have met with a fault so far, and how many do now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.active.counts()
    }
}

/// One draw for both: the delay has the lower part of what can be drawn, the abort what comes next, or what is left.
fn one_of(chances: &Chances, draw: impl FnOnce() -> Draw) -> (bool, bool) {
    let either = chances.delay_share.with(chances.abort_share);
    if either.is_none() {
        return (false, false);
    }
    let draw = draw();
    let delayed = chances.delay_share.hit_by(|| draw);
    (delayed, !delayed && either.hit_by(|| draw))
}
