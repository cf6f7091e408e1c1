//! What all handles on limits have in common: the counts, and whom they tell.

use std::{borrow::Cow, fmt};

use http::{HeaderName, HeaderValue, StatusCode};

use super::place::{Entrance, Seat};
use crate::{
    events::EventKind,
    layer::{clock, draw::Draws, host::HostPort, observer::Told, seat::Shared},
    policy::{
        Time,
        limits::{Admission, Limits, LimitsByKey, Overflow, Reply, Retries, Scope, Settings},
    },
    refusal::{Reason, Refusal},
};

/// What a request shows of whom it is for.
pub(super) type Target<'r> = Option<(Cow<'r, str>, u16)>;

/// The counts, and whom they tell.
pub(super) struct Station {
    pub(super) settings: Settings,
    pub(super) all: Limits,
    /// If each endpoint has its own; then those of all are not used.
    pub(super) each: Option<LimitsByKey<HostPort>>,
    pub(super) retries: Retries,
    /// Whether anything is counted.
    pub(super) counts: bool,
    /// Whether a call is counted among all, and forgotten when it has ended: then nothing else need be looked at.
    pub(super) plain: bool,
    pub(super) told: Told,
}

impl Station {
    pub(super) fn new(settings: Settings) -> Self {
        let luck = || Draws::random().draw(0, "limits", 0);
        let each = match settings.scope() {
            Scope::Endpoint => Some(LimitsByKey::new(settings.clone()).drawing(luck())),
            _ => None,
        };
        let retries = Retries::new(&settings);
        Self {
            all: Limits::new(&settings),
            counts: settings.counts(),
            plain: each.is_none() && !retries.looks_back(),
            each,
            retries,
            settings,
            told: Told::default(),
        }
    }

    /// How many requests are in flight or wait.
    pub(super) fn load(&self) -> u64 {
        self.each.as_ref().map_or_else(|| self.all.load(), LimitsByKey::load)
    }

    /// Out of line: few calls come here, as long as the limits are right.
    #[cold]
    fn refuse(&self, overflow: Overflow, target: Target<'_>) -> Refused {
        let refused = Refused { overflow, reply: self.settings.reply() };
        let kind = EventKind::Refused(refused.reason());
        if self.each.is_none() {
            self.told.tell(kind);
        } else {
            let (host, port) = target.unwrap_or_default();
            self.told.tell_of(|name| format!("{name}[{host}:{port}]").into(), kind);
        }
        refused
    }
}

impl Shared<Station> {
    /// A call arrives. It is asked whom the request is for only where that matters.
    #[inline]
    pub(super) fn enter<'r>(self, target: impl Fn() -> Target<'r>) -> Entrance {
        if self.plain && self.all.try_pass() {
            return Entrance::In(Seat::new(self, None, Time::default()).taken());
        }
        self.enter_slowly(target)
    }

    #[inline(never)]
    fn enter_slowly<'r>(self, target: impl Fn() -> Target<'r>) -> Entrance {
        // Requests that name no host share one.
        let endpoint = self.each.as_ref().map(|each| each.of_seen(target().unwrap_or_default()));
        let began = if self.retries.looks_back() { clock::now() } else { Time::default() };
        match endpoint.as_deref().unwrap_or(&self.all).admit() {
            Admission::Pass => Entrance::In(Seat::new(self, endpoint, began).taken()),
            Admission::Wait(turn) => Entrance::Waits(Seat::new(self, endpoint, began).awaited(turn)),
            Admission::Refuse(overflow) => Entrance::Refused(self.refuse(overflow, target())),
        }
    }
}

/// A call that was refused, until it is answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    overflow: Overflow,
    reply: Reply,
}

const OVERLOADED: HeaderName = HeaderName::from_static("x-envoy-overloaded");

impl Refused {
    const fn reason(self) -> Reason {
        match self.overflow {
            Overflow::Pending => Reason::PendingOverflow,
            Overflow::Requests => Reason::RequestOverflow,
        }
    }

    pub(super) fn refusal(self) -> Refusal {
        let refusal = Refusal::new(self.reason(), StatusCode::SERVICE_UNAVAILABLE)
            .details("upstream_reset_before_response_started{overflow}");
        match self.reply {
            Reply::OsmEdge => refusal.content("Service Unavailable"),
            Reply::Envoy => refusal
                .text("upstream connect error or disconnect/reset before headers. reset reason: overflow")
                .header(OVERLOADED, HeaderValue::from_static("true")),
        }
    }
}

impl fmt::Debug for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("settings", &self.settings).finish_non_exhaustive()
    }
}
