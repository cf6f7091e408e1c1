//! A balancer seen from elsewhere.

use std::{fmt, sync::Arc};

use super::station::Station;
use crate::{
    layer::{clock, seat::Shared},
    policy::{
        Time,
        balance::{Address, Endpoint, Settings},
    },
};

/// A balancer seen from elsewhere: who there is, who may be asked, what is in flight to each.
///
/// It can be cloned and given to another task. To look takes the lock behind which ejections happen, and changes nothing:
/// an ejection whose time is over shows as what the next request will find.
///
/// ```
/// use tower_mesh::{Endpoint, Endpoints, layer::balance::BalanceLayer, policy::balance::Settings};
///
/// let endpoints = Endpoints::new(["10.0.0.1:80".parse::<Endpoint>()?]);
/// let layer = BalanceLayer::new(Settings::default(), &endpoints);
/// let status = layer.handle().status();
/// assert!(status[0].is_healthy() && status[0].active == 0);
/// # Ok::<(), tower_mesh::policy::balance::AddressError>(())
/// ```
#[derive(Clone)]
pub struct BalanceHandle(pub(super) Arc<dyn Look>);

/// What a balancer knows of an endpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// The endpoint itself.
    pub endpoint: Endpoint,
    /// How many requests are in flight to it.
    pub active: u32,
    /// When it comes back, if it is ejected.
    pub ejected_until: Option<Time>,
    /// How often it was ejected so far.
    pub ejections: u32,
    /// Its priority, 0 first; none, if where it is keeps all requests from it.
    pub priority: Option<u32>,
    /// What its locality weighs beside others of the priority, where localities have shares of their own.
    pub locality_weight: Option<u32>,
}

impl EndpointStatus {
    /// Whether it may be asked.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.endpoint.is_ready() && self.ejected_until.is_none()
    }
}

/// What a handle asks.
pub(super) trait Look: Send + Sync {
    fn settings(&self) -> &Settings;
    fn status(&self, now: Time) -> Vec<EndpointStatus>;
    fn eject(&self, address: &Address, now: Time) -> bool;
    fn restore(&self, address: &Address, now: Time) -> bool;
}

impl BalanceHandle {
    /// On a balancer that is there.
    pub(crate) fn of<T: Send + Sync + 'static>(station: &Shared<Station<T>>) -> Self {
        Self(station.value())
    }

    /// What it was told to do.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.0.settings()
    }

    /// What is known of each endpoint, in the order in which they came.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        self.0.status(clock::now())
    }

    /// Leaves an endpoint out until it is [restored](Self::restore), whatever the settings say of how many may be. It needs
    /// outlier detection. Whether anything has changed.
    pub fn eject(&self, address: &Address) -> bool {
        self.0.eject(address, clock::now())
    }

    /// Takes an ejected endpoint back at once, whoever ejected it. Whether it was ejected.
    pub fn restore(&self, address: &Address) -> bool {
        self.0.restore(address, clock::now())
    }
}

impl fmt::Debug for BalanceHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalanceHandle").field("status", &self.status()).finish()
    }
}
