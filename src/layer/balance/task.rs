//! A task that lasts as long as somebody holds it.

use std::fmt;

use tokio::task::AbortHandle;

/// Keeps a set of endpoints up to date, until it is dropped: then the set stays as it is.
#[must_use = "it ends when this is dropped"]
pub struct Updating(AbortHandle);

impl Updating {
    pub(super) fn by(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }

    /// Whether it has come to an end by itself, so that nothing changes any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Updating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Updating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updating").field("is_over", &self.is_over()).finish()
    }
}
