//! One stream of events for all layers: changes of state, refusals, and what took their place.

mod stream;

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;

pub use self::stream::EventStream;
use crate::{
    policy::{Time, balance::Address, circuit_breaker, mirror::LeftOut, outlier},
    refusal::Reason,
};

/// Something that happened in a layer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// When it was told, which is right after it happened.
    pub at: Time,
    /// To what: the name that the layer was given, such as `circuit-breaking/fortio|8080`.
    pub subject: Arc<str>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A circuit changed its state.
    Circuit(circuit_breaker::Transition),
    /// A layer answered in an upstream's place.
    Refused(Reason),
    /// A layer would have, but is in shadow mode: it let the request pass.
    WouldRefuse(Reason),
    /// A fallback took the place of an answer that was refused for this reason.
    FellBack(Reason),
    /// A fault layer begins to hold a request back for so long.
    Delayed(Duration),
    /// A request is tried again: this is the number of the try, 2 for the first one that is a retry.
    Retried(u32),
    /// A request would have been tried again, had it not been tried as often as may be.
    RetriesUsedUp,
    /// A request would have been tried again, were there not as many retries under way as may be.
    RetryOverflow,
    /// A request was to be copied to a mirror, and was not.
    NotMirrored(LeftOut),
    /// An endpoint was left out, or came back, or might have.
    Outlier {
        /// Which one.
        endpoint: Address,
        /// What became of it.
        change: outlier::Change,
    },
}

impl EventKind {
    /// A short name: `opened`, `closed` and the [like](circuit_breaker::Transition::name), `refused`, `would_refuse`,
    /// `fell_back`, `delayed`, `retried`, `retries_used_up`, `retry_overflow`, `not_mirrored`; and those of a
    /// [change](outlier::Change::name) of an endpoint.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Circuit(transition) => transition.name(),
            Self::Refused(_) => "refused",
            Self::WouldRefuse(_) => "would_refuse",
            Self::FellBack(_) => "fell_back",
            Self::Delayed(_) => "delayed",
            Self::Retried(_) => "retried",
            Self::RetriesUsedUp => "retries_used_up",
            Self::RetryOverflow => "retry_overflow",
            Self::NotMirrored(_) => "not_mirrored",
            Self::Outlier { change, .. } => change.name(),
        }
    }
}

impl fmt::Display for Event {
    /// A change of a circuit in the words of osm-edge's own log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            EventKind::Circuit(transition) => transition.log_line(&self.subject, f),
            EventKind::Refused(reason) => write!(f, "[{}] refused {}", self.subject, reason),
            EventKind::WouldRefuse(reason) => write!(f, "[{}] would refuse {}", self.subject, reason),
            EventKind::FellBack(reason) => write!(f, "[{}] fell back: {}", self.subject, reason),
            EventKind::Delayed(time) => write!(f, "[{}] delayed by {time:?}", self.subject),
            EventKind::Retried(number) => write!(f, "[{}] try {number}", self.subject),
            EventKind::RetriesUsedUp => write!(f, "[{}] no retry is left", self.subject),
            EventKind::RetryOverflow => write!(f, "[{}] too many retries are under way", self.subject),
            EventKind::NotMirrored(why) => write!(f, "[{}] not mirrored: {why}", self.subject),
            EventKind::Outlier { endpoint, change } => {
                write!(f, "[{}] {}", self.subject, change.named(endpoint))
            }
        }
    }
}

type Listener = dyn Fn(&Event) + Send + Sync;

/// Where layers tell what happened, and others listen. A clone is the same place.
///
/// Layers that are given the same [`Events`] tell it what happened; whoever listens hears it at once, on the request's
/// own task. While nobody listens an event is not even made.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use tower_mesh::{CircuitBreakerLayer, Events, policy::circuit_breaker::Settings};
///
/// let events = Events::new();
/// let breaker = CircuitBreakerLayer::new(Settings::builder().error_amount(100).build()?).told("reviews", &events);
///
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let listening = events.listen({
///     let log = Arc::clone(&log);
///     move |event| log.lock().unwrap().push(event.to_string())
/// });
/// drop(listening); // and no longer
/// # let _ = breaker;
/// # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
/// ```
#[derive(Clone, Default)]
pub struct Events(Arc<Hub>);

#[derive(Default)]
struct Hub {
    listeners: ArcSwap<Vec<Arc<Listener>>>,
    panics: AtomicU64,
}

impl Events {
    /// A place where nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `listener` at every event until the returned value is dropped.
    ///
    /// It runs on the task of the request that the event is about: it must be quick and must not block. It may ask and
    /// steer whatever the event is about. If it panics the request goes on, and the other listeners hear of the event
    /// all the same; see [`panics`](Self::panics).
    #[must_use = "listening ends when this is dropped"]
    pub fn listen(&self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Listening {
        let listener: Arc<Listener> = Arc::new(listener);
        self.0.listeners.rcu(|all| all.iter().chain([&listener]).map(Arc::clone).collect::<Vec<_>>());
        Listening { hub: Arc::downgrade(&self.0), listener: Arc::downgrade(&listener) }
    }

    /// How often a listener panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }

    /// Tells an event, which is made only if somebody listens.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        let listeners = self.0.listeners.load();
        if !listeners.is_empty() {
            let event = event();
            for listener in listeners.iter() {
                // Nothing of ours is half done here: a request is told of as it stands.
                if panic::catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                    self.0.panics.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("listeners", &self.0.listeners.load().len()).finish()
    }
}

/// Listens until it is dropped.
pub struct Listening {
    hub: Weak<Hub>,
    /// Weakly, so that what a listener holds ends with the events.
    listener: Weak<Listener>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.listeners.rcu(|all| {
                all.iter()
                    .filter(|other| !std::ptr::addr_eq(Arc::as_ptr(other), self.listener.as_ptr()))
                    .map(Arc::clone)
                    .collect::<Vec<_>>()
            });
        }
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listening")
    }
}
