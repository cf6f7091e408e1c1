//! Whether a call that is dropped is dropped since its time is over.
//!
//! A call can be dropped because its caller went away, which says nothing of the upstream, or because a timeout further
//! out has waited long enough, which does. Who is dropped cannot tell the two apart by itself. So a timeout says so
//! while it drops what is late: on this thread, for as long as the dropping takes.

use std::cell::Cell;

use http::StatusCode;

thread_local! {
    static LATE: Cell<Option<StatusCode>> = const { Cell::new(None) };
}

/// Drops what is late, which is answered with this status instead.
pub(crate) fn dropping<T>(status: StatusCode, drop: impl FnOnce() -> T) -> T {
    let _end = Restore(LATE.replace(Some(status)));
    drop()
}

/// With what a call is answered that is just being dropped because it is late; none if it is not late.
pub(crate) fn answered_with() -> Option<StatusCode> {
    LATE.get()
}

/// What was said before is said again, though dropping may panic.
struct Restore(Option<StatusCode>);

impl Drop for Restore {
    fn drop(&mut self) {
        LATE.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_dropped_knows_whether_it_is_late() {
        assert_eq!(answered_with(), None);
        let said = dropping(StatusCode::GATEWAY_TIMEOUT, || {
            let within = dropping(StatusCode::NO_CONTENT, answered_with);
            [within, answered_with()]
        });
        assert_eq!(said, [Some(StatusCode::NO_CONTENT), Some(StatusCode::GATEWAY_TIMEOUT)]);
        assert_eq!(answered_with(), None);
    }
}
