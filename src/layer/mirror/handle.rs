//! What a mirror layer did, seen from outside of a request's way.

use std::{fmt, sync::Arc};

use super::account::Account;
use crate::policy::mirror::Counts;

/// A mirror layer seen from elsewhere.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::service_fn;
/// use tower_mesh::{MirrorLayer, layer::body::Sent, policy::mirror::Settings};
///
/// let v2 = service_fn(async |_: Request<Sent<String>>| Ok::<_, Infallible>(Response::new(String::new())));
/// let layer = MirrorLayer::several([(Settings::default(), v2), (Settings::default(), v2)]);
/// let handle = layer.handle();
/// assert_eq!(handle.each().count(), 2);
/// assert_eq!(handle.counts().copied, 0); // nobody has called yet
/// ```
#[derive(Clone)]
pub struct MirrorHandle(Arc<[Arc<Account>]>);

impl MirrorHandle {
    pub(super) const fn new(accounts: Arc<[Arc<Account>]>) -> Self {
        Self(accounts)
    }

    /// What all mirrors have counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.each().fold(Counts::default(), Counts::with)
    }

    /// What each of the mirrors has counted so far.
    pub fn each(&self) -> impl Iterator<Item = Counts> {
        self.0.iter().map(|account| account.copies.counts())
    }
}

impl fmt::Debug for MirrorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.each()).finish()
    }
}
