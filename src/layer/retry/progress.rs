//! How far the tries of a request have come.

/// How far it has come.
pub(super) struct Progress {
    /// Tries that were begun.
    pub(super) tries: u32,
    /// Retries that were decided on, and those of them before which the back-off said how long to wait.
    pub(super) retries: u32,
    pub(super) backoffs: u32,
    /// The try that has neither been answered nor joined by another.
    pub(super) fresh: Option<u32>,
    /// The fresh try has taken its time, and could not be joined.
    pub(super) late: bool,
    /// The try whose future has the place for one.
    pub(super) in_call: Option<u32>,
    /// The next try is decided on, and waits for its time.
    pub(super) waiting: bool,
    /// Whether to look also where nothing has happened, and at answers that are good.
    pub(super) watchful: bool,
    pub(super) further: bool,
}

impl Progress {
    pub(super) const fn new(watchful: bool, further: bool) -> Self {
        Self {
            tries: 1,
            retries: 0,
            backoffs: 0,
            fresh: Some(1),
            late: false,
            in_call: Some(1),
            waiting: false,
            watchful,
            further,
        }
    }
}
