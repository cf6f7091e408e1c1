//! Endpoints that tower's `Discover` finds, each with a service of its own.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tower::discover::{Change, Discover};

use super::{Balance, Endpoints, task::Updating};
use crate::policy::balance::{Address, Endpoint, Settings};

impl<S: Clone + Send + Sync + 'static> Balance<S> {
    /// Over the services that come and go as tower's [`Discover`] says: by a task, for as long as what is returned is not
    /// dropped. A key says where each is. It needs a tokio runtime.
    ///
    /// A service that comes under a key that is there takes the other one's place, and nothing is known of it. If
    /// discovery fails it is over, and all stay as they are.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use tower::discover::ServiceList;
    /// # use tower::discover::Change;
    /// use tower_mesh::{Balance, policy::balance::Settings};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let service = tower::service_fn(|_: http::Request<()>| async { Ok::<_, std::convert::Infallible>(()) });
    /// let address: SocketAddr = "10.0.0.1:80".parse()?;
    /// let found = futures_util::stream::iter([Ok::<_, std::io::Error>(Change::Insert(address, service))]);
    /// let (balance, updating) = Balance::discovering(Settings::default(), found);
    /// tokio::task::yield_now().await;
    /// assert_eq!(balance.handle().status().len(), 1);
    /// # drop(updating); Ok(()) }
    /// ```
    pub fn discovering<D>(settings: Settings, discover: D) -> (Self, Updating)
    where
        D: Discover<Service = S, Key: Into<Endpoint> + Clone + Send> + Send + 'static,
    {
        let (endpoints, services) = (Endpoints::new::<Endpoint>([]), Services::default());
        let found = services.clone();
        // Who is in the set was put among the services before.
        let balance = Self::made(settings, &endpoints, move |endpoint| found.get(endpoint.address()));
        let work = async move {
            let mut discover = pin!(discover);
            while let Some(Ok(change)) = poll_fn(|cx| discover.as_mut().poll_discover(cx)).await {
                match change {
                    Change::Insert(key, service) => services.insert(&endpoints, key.into(), service),
                    Change::Remove(key) => services.remove(&endpoints, key.into().address()),
                }
            }
        };
        (balance, Updating::by(work))
    }
}

/// The services that were found, by where they are.
struct Services<S>(Arc<Mutex<HashMap<Address, S>>>);

impl<S: Clone> Services<S> {
    fn insert(&self, endpoints: &Endpoints, endpoint: Endpoint, service: S) {
        endpoints.remove(endpoint.address());
        self.all().insert(endpoint.address().clone(), service);
        endpoints.insert(endpoint);
    }

    fn remove(&self, endpoints: &Endpoints, address: &Address) {
        endpoints.remove(address);
        self.all().remove(address);
    }

    fn get(&self, address: &Address) -> Option<S> {
        self.all().get(address).cloned()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Address, S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Services<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Default for Services<S> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
