//! Who can answer, as it changes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::policy::balance::{Address, Endpoint};

/// Who can answer: a set of endpoints that can be changed at any time, from any task. A clone is the same set.
///
/// Endpoints come and go while requests are under way. Whoever balances over a set goes by what it holds at the moment of
/// each pick; a change is one exchange of what is picked from, and who stays keeps what is known of him: what is in flight
/// to him, what he answered, that he is ejected.
///
/// ```
/// use tower_mesh::{Endpoint, Endpoints};
///
/// let endpoints = Endpoints::new(["10.0.0.1:80".parse::<Endpoint>()?, "10.0.0.2:80".parse()?]);
/// endpoints.insert("10.0.0.3:80".parse::<Endpoint>()?.weight(2));
/// endpoints.remove(&"10.0.0.1:80".parse()?);
/// assert_eq!(endpoints.all().len(), 2);
/// # Ok::<(), tower_mesh::policy::balance::AddressError>(())
/// ```
#[derive(Clone, Default)]
pub struct Endpoints(Arc<Hub>);

#[derive(Default)]
struct Hub {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None as long as nobody has said who there is.
    known: Option<Arc<[Endpoint]>>,
    /// How often it changed.
    version: u64,
    followers: Vec<Weak<dyn Follow>>,
}

/// What a set holds, and how often it had changed by then.
pub(crate) type Known = (u64, Option<Arc<[Endpoint]>>);

/// Whoever is told of changes.
pub(crate) trait Follow: Send + Sync {
    /// The set holds these now. Told of older ones too, where two changes come at once.
    fn follow(&self, known: Known);
}

impl Endpoints {
    /// These, each address once: the last that is said of it counts.
    pub fn new<E: Into<Endpoint>>(endpoints: impl IntoIterator<Item = E>) -> Self {
        let set = Self::default();
        set.replace(endpoints);
        set
    }

    /// A set of which nobody has said yet who is in it, which is not the same as nobody: a mesh leaves requests for such a
    /// host to the transport.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// Adds an endpoint; it takes the place of the one with its address.
    pub fn insert(&self, endpoint: impl Into<Endpoint>) {
        let endpoint = endpoint.into();
        self.change(|all| {
            match all.iter_mut().find(|one| one.address() == endpoint.address()) {
                Some(one) => *one = endpoint,
                None => all.push(endpoint),
            }
            true
        });
    }

    /// Takes the one with this address out; none, if there is none.
    pub fn remove(&self, address: &Address) -> Option<Endpoint> {
        let mut removed = None;
        self.change(|all| {
            let place = all.iter().position(|one| one.address() == address);
            removed = place.map(|place| all.remove(place));
            removed.is_some()
        });
        removed
    }

    /// Has these instead of all others: one change, however many there are.
    pub fn replace<E: Into<Endpoint>>(&self, endpoints: impl IntoIterator<Item = E>) {
        let fresh = each_once(endpoints.into_iter().map(Into::into));
        self.change(|all| {
            *all = fresh;
            true
        });
    }

    /// Nobody knows any longer who there is: see [`unknown`](Self::unknown).
    pub fn forget(&self) {
        self.set(None);
    }

    /// Those that there are, in the order in which they came; none, as long as nobody has said.
    #[must_use]
    pub fn all(&self) -> Arc<[Endpoint]> {
        self.state().known.clone().unwrap_or_default()
    }

    /// Whether somebody has said who there is.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.state().known.is_some()
    }

    /// Whether both are the same set.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Tells this one of changes from now on, as long as it lives, and gives what there is by now.
    pub(crate) fn followed_by(&self, follower: Weak<dyn Follow>) -> Known {
        let mut state = self.state();
        state.followers.retain(|one| one.strong_count() > 0);
        state.followers.push(follower);
        (state.version, state.known.clone())
    }

    /// Changes those that there are, at once, if that says something; nobody is told where nothing has changed.
    fn change(&self, change: impl FnOnce(&mut Vec<Endpoint>) -> bool) {
        let state = self.state();
        let mut all = state.known.as_deref().unwrap_or_default().to_vec();
        if change(&mut all) && state.known.as_deref() != Some(&*all) {
            self.tell(state, Some(all.into()));
        }
    }

    fn set(&self, known: Option<Arc<[Endpoint]>>) {
        let state = self.state();
        if state.known != known {
            self.tell(state, known);
        }
    }

    /// Whoever is told may change the set in turn, so it is done without the lock.
    fn tell(&self, mut state: MutexGuard<'_, State>, known: Option<Arc<[Endpoint]>>) {
        state.version += 1;
        state.known.clone_from(&known);
        let told = (state.version, known);
        let followers: Vec<_> = state.followers.iter().filter_map(Weak::upgrade).collect();
        drop(state);
        followers.iter().for_each(|follower| follower.follow(told.clone()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each address once, where it came first, with what was said of it last.
fn each_once(endpoints: impl Iterator<Item = Endpoint>) -> Vec<Endpoint> {
    let mut places = HashMap::new();
    let mut all: Vec<Endpoint> = Vec::new();
    for endpoint in endpoints {
        match places.get(endpoint.address()) {
            Some(&place) => all[place] = endpoint,
            None => {
                places.insert(endpoint.address().clone(), all.len());
                all.push(endpoint);
            }
        }
    }
    all
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state().known {
            Some(all) => f.debug_list().entries(all.iter().map(Endpoint::address)).finish(),
            None => f.write_str("unknown"),
        }
    }
}
