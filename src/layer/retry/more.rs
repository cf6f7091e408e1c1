//! What few requests have that may be tried again.

use std::pin::Pin;

use tower_service::Service;

use super::Place;
use crate::{
    layer::later::Later,
    policy::{balance::HostId, retry::Settings},
};

/// What few requests have: kept in a box, so that it is soon dropped where there is nothing.
pub(super) struct More<S, T>
where
    S: Service<T>,
{
    /// What the request asked for by its own headers, instead of what the station says.
    pub(super) own: Option<Settings>,
    /// The tries that were begun beside an earlier one.
    pub(super) beside: Vec<Beside<S, T>>,
    pub(super) place: Option<Place>,
    /// The hosts that were asked and are not to be asked again.
    pub(super) tried: Vec<HostId>,
}

/// A try beside others, and its number.
pub(super) type Beside<S, T> = (u32, Pin<Box<Later<S, T>>>);

impl<S: Service<T>, T> More<S, T> {
    pub(super) const fn asked_for(own: Option<Settings>) -> Self {
        Self { own, beside: Vec::new(), place: None, tried: Vec::new() }
    }
}
