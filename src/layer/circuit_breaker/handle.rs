//! A breaker seen and steered from outside of a request's way.

use std::fmt;

use super::station::{Key, Station, Store};
use crate::{
    events::EventStream,
    layer::{clock, seat::Shared},
    policy::circuit_breaker::{Circuit, Circuits, Counts, Settings, State, Status, Transition},
};

/// A breaker seen and steered from elsewhere.
///
/// Whoever serves an admin page, drains an upstream by hand or wants to know why half of the answers are 409 does not
/// stand on a request's way. A handle is on the same circuits as the layer it was taken from; it needs no service, can
/// be cloned cheaply and given to another task, and keeps the circuits alive.
///
/// ```
/// use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::{Settings, State}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let breaker = CircuitBreakerLayer::new(Settings::builder().error_ratio(0.5).build().unwrap());
/// let handle = breaker.handle();
/// let mut transitions = handle.transitions();
///
/// tokio::spawn(async move {
///     handle.force_open(); // an upstream is to be left alone
///     assert_eq!(handle.state(), State::ForcedOpen);
///     handle.reset();
/// });
/// assert_eq!(transitions.recv().await.unwrap().kind.name(), "forced_open");
/// assert_eq!(transitions.recv().await.unwrap().kind.name(), "reset");
/// # }
/// ```
pub struct CircuitBreakerHandle<T = Circuit>(pub(super) Shared<Station<T>>);

impl<T: Store> CircuitBreakerHandle<T> {
    /// What it was told to do.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.0.store.settings()
    }

    /// In shadow mode it decides and tells, and never refuses: to try rules out, or to take a breaker out of the way.
    ///
    /// A request that it would have refused is told as [`WouldRefuse`](crate::EventKind::WouldRefuse), passes, and does
    /// not count.
    pub fn set_shadow(&self, shadow: bool) {
        self.0.set_shadow(shadow);
    }

    /// Whether it is in shadow mode.
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.0.is_shadow()
    }

    /// Every change of state from now on. It ends with the last service, layer and handle of this breaker.
    ///
    /// A change is told when the lock of its circuit has been left, so that a listener may call the handle. If two
    /// threads change a state at the same moment, these changes may therefore be told in the other order: who needs the
    /// state now asks [`state`](Self::state).
    #[must_use]
    pub fn transitions(&self) -> EventStream {
        self.0.watchers.stream()
    }
}

impl CircuitBreakerHandle {
    /// Whether requests pass. It takes no lock.
    ///
    /// An open time that is over is shown as the next request will find it. The deadline of probes shows only when a
    /// request or a probe has found it out.
    #[must_use]
    pub fn state(&self) -> State {
        self.0.store.state(clock::now())
    }

    /// What is counted now, as [`status`](Self::status) shows it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.status().counts
    }

    /// Its state, since when it is so, and what has been counted: all of one moment.
    ///
    /// The state is that of [`state`](Self::state). A window that is over is found out by the next request, or with
    /// amounts alone by the next bad answer: its counts stand until then.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.store.status(clock::now())
    }

    /// Refuses everything until it is [reset](Self::reset), or forced closed.
    pub fn force_open(&self) {
        self.0.tell_transition(self.0.store.force_open(clock::now()), &());
    }

    /// Lets everything pass until it is [reset](Self::reset), or forced open. It counts meanwhile.
    pub fn force_closed(&self) {
        self.0.tell_transition(self.0.store.force_closed(clock::now()), &());
    }

    /// Begins anew: closed, with all counters at zero, and nothing forced.
    pub fn reset(&self) {
        self.0.tell_transition(self.0.store.reset(clock::now()), &());
    }
}

impl<K: Key> CircuitBreakerHandle<Circuits<K>> {
    /// How many circuits there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.store.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.store.is_empty()
    }

    /// The circuit of this key, if there is one.
    ///
    /// By host a key is a [`HostPort`](crate::layer::host::HostPort), by header a [`HeaderKey`](super::HeaderKey). An
    /// open time that is over is shown as the next request will find it. The deadline of probes, and the end of a
    /// window, show only when a request or an answer has found them out.
    #[must_use]
    pub fn status(&self, key: &K) -> Option<Status> {
        self.0.store.status(key, clock::now())
    }

    /// Every circuit there is whose status is looked for: `|status| status.state != State::Closed` lists those that are
    /// not simply closed.
    #[must_use]
    pub fn list(&self, mut looked_for: impl FnMut(&Status) -> bool) -> Vec<(K, Status)> {
        let mut found = Vec::new();
        self.0.store.each(clock::now(), |key, status| {
            if looked_for(&status) {
                found.push((key, status));
            }
        });
        found
    }

    /// Refuses this key's requests until it is [reset](Self::reset), or forced closed. `false` if there was no room for
    /// it.
    pub fn force_open(&self, key: &K) -> bool {
        self.told(key, self.0.store.force_open(key, clock::now()))
    }

    /// Lets this key's requests pass until it is [reset](Self::reset), or forced open. `false` if there was no room for
    /// it.
    pub fn force_closed(&self, key: &K) -> bool {
        self.told(key, self.0.store.force_closed(key, clock::now()))
    }

    /// Has this key's circuit begin anew. `false` if there is none.
    pub fn reset(&self, key: &K) -> bool {
        self.told(key, self.0.store.reset(key, clock::now()))
    }

    /// Whether there was anything to tell.
    fn told(&self, key: &K, transition: Option<Transition>) -> bool {
        transition.inspect(|transition| self.0.tell_transition(*transition, key)).is_some()
    }
}

impl<T> Clone for CircuitBreakerHandle<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for CircuitBreakerHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CircuitBreakerHandle").field(&self.0.store).finish()
    }
}
