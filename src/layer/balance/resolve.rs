//! Endpoints by their names: a name is asked for its addresses again and again.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Notify, task, time};

use super::{Endpoints, task::Updating};
use crate::{
    layer::clock,
    policy::{
        Time,
        balance::{Address, Endpoint},
    },
};

/// Finds out the addresses that a name has.
///
/// ```
/// use std::{io, net::IpAddr};
/// use tower_mesh::layer::balance::{Resolve, Resolved};
///
/// /// The same for all.
/// struct Fixed(IpAddr);
///
/// impl Resolve for Fixed {
///     async fn resolve(&self, _: &str) -> io::Result<Resolved> {
///         Ok(Resolved::new([self.0]))
///     }
/// }
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name, and for how long they hold.
    fn resolve(&self, name: &str) -> impl Future<Output = io::Result<Resolved>> + Send;
}

/// The addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// They, in the order in which they were given.
    pub addresses: Vec<IpAddr>,
    /// For how long they hold; none, if nobody knows: then a minute.
    pub valid_for: Option<Duration>,
}

impl Resolved {
    /// These, and nobody knows for how long.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { addresses: addresses.into_iter().collect(), valid_for: None }
    }

    /// The same, for so long.
    #[must_use]
    pub fn valid_for(self, time: Duration) -> Self {
        Self { valid_for: Some(time), ..self }
    }
}

/// Asks as every program on this machine does. For how long an answer holds it does not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Resolved> {
        let name = name.to_owned();
        let found = task::spawn_blocking(move || (&*name, 0).to_socket_addrs());
        let found = found.await.map_err(io::Error::other)??;
        Ok(Resolved::new(found.map(|address: SocketAddr| address.ip())))
    }
}

/// Which of the addresses of a name are endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Take {
    /// Each is one.
    #[default]
    All,
    /// The first is.
    First,
}

/// Where nobody says for how long an answer holds, and after a failure: as the mesh does.
const AGAIN: Duration = Duration::from_secs(60);

/// An answer that does not hold at all would have the name asked without end.
const SOONEST: Duration = Duration::from_secs(1);

impl Endpoints {
    /// Those that are at the addresses of these names, which are asked for again when they no longer hold: by a task, for as
    /// long as what is returned is not dropped. Of an address of several each has what is said of its name.
    ///
    /// Until a name has been answered for the first time the endpoint is at the name itself; where it cannot be, those that
    /// were found before stay. It needs a tokio runtime.
    ///
    /// ```
    /// use tower_mesh::{Endpoint, Endpoints};
    /// use tower_mesh::layer::balance::{SystemResolver, Take};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let names = ["localhost:8080".parse::<Endpoint>()?];
    /// let (endpoints, updating) = Endpoints::resolving(names, Take::All, SystemResolver);
    /// assert_eq!(endpoints.all().len(), 1);
    /// # drop(updating); Ok(()) }
    /// ```
    pub fn resolving<E: Into<Endpoint>>(
        names: impl IntoIterator<Item = E>,
        take: Take,
        resolver: impl Resolve,
    ) -> (Self, Updating) {
        let names: Arc<[Endpoint]> = names.into_iter().map(Into::into).collect();
        let set = Self::new(names.iter().cloned());
        let named = NamedSet { names, take, set: set.clone() };
        let updating = keep_resolved(move || vec![named.clone()], Arc::default(), resolver);
        (set, updating)
    }
}

/// A set whose endpoints are at the addresses of names, or at addresses.
#[derive(Clone)]
pub(crate) struct NamedSet {
    pub(crate) names: Arc<[Endpoint]>,
    pub(crate) take: Take,
    pub(crate) set: Endpoints,
}

/// Tells that there are other sets now.
#[derive(Debug, Default)]
pub(crate) struct Changed(Notify);

#[cfg(feature = "yaml")]
impl Changed {
    pub(crate) fn tell(&self) {
        self.0.notify_one();
    }
}

/// Keeps all of these sets up to date, which may be others each time that it is told of a change.
pub(crate) fn keep_resolved(
    sets: impl Fn() -> Vec<NamedSet> + Send + 'static,
    changed: Arc<Changed>,
    resolver: impl Resolve,
) -> Updating {
    Updating::by(async move {
        let mut names = Names { resolver, known: HashMap::new() };
        loop {
            let mut next = clock::now() + AGAIN;
            for NamedSet { names: all, take, set } in sets() {
                let mut found = Vec::with_capacity(all.len());
                for named in &*all {
                    next = next.min(names.look_up(named).await);
                    found.extend(names.endpoints(named, take));
                }
                set.replace(found);
            }
            // Whichever comes first.
            let _ = time::timeout_at(clock::instant(next), changed.0.notified()).await;
        }
    })
}

/// What is known of names.
struct Names<R> {
    resolver: R,
    /// Where a name was found, none if it never was; and until when that holds.
    known: HashMap<String, (Option<Vec<IpAddr>>, Time)>,
}

impl<R: Resolve> Names<R> {
    /// Asks for the addresses of a name, if what is known no longer holds. When to ask again.
    async fn look_up(&mut self, endpoint: &Endpoint) -> Time {
        let Some(name) = name(endpoint) else { return Time::NEVER };
        let before = self.known.get(name);
        if let Some((_, until)) = before.filter(|(_, until)| *until > clock::now()) {
            return *until;
        }
        let (found, time) = match self.resolver.resolve(name).await {
            Ok(Resolved { addresses, valid_for }) => {
                (Some(addresses), valid_for.unwrap_or(AGAIN).max(SOONEST))
            }
            Err(_) => (self.known.remove(name).and_then(|(found, _)| found), AGAIN),
        };
        let until = clock::now() + time;
        self.known.insert(name.to_owned(), (found, until));
        until
    }

    /// The endpoints that a named one is.
    fn endpoints(&self, endpoint: &Endpoint, take: Take) -> Vec<Endpoint> {
        let found = name(endpoint).and_then(|name| self.known.get(name)?.0.as_ref());
        let Some(found) = found else { return vec![endpoint.clone()] };
        let count = match take {
            Take::All => found.len(),
            Take::First => 1,
        };
        let port = endpoint.address().port();
        let at = |address: &IpAddr| endpoint.clone().at(Address::of(*address, port));
        found.iter().take(count).map(at).collect()
    }
}

/// The name that there is to ask; none, if it is an address.
fn name(endpoint: &Endpoint) -> Option<&str> {
    endpoint.address().host().filter(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_err())
}
