//! The one place where time is read.
//!
//! Everything that depends on time asks here, and here tokio's clock is asked: so `tokio::time::pause` governs every
//! policy, and a minute of mesh is tested in milliseconds. Outside a runtime it is the system's monotonic clock.

use std::{sync::LazyLock, time::Duration};

use crate::policy::Time;

/// Far enough back that every runtime's clock is after it, a paused one too that was made before this was read first.
const HEAD_START: Duration = Duration::from_secs(365 * 24 * 3600);

static BASE: LazyLock<tokio::time::Instant> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = std::time::Instant::now();
    // A platform may count from its boot and know nothing before it.
    tokio::time::Instant::from_std(now.checked_sub(HEAD_START).unwrap_or(now))
});

/// The present moment, paused and advanced with tokio's clock.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use std::time::Duration;
/// use tower_mesh::layer::clock;
///
/// let before = clock::now();
/// tokio::time::sleep(Duration::from_secs(60)).await; // takes no time: the clock is paused
/// assert_eq!(clock::now().since(before), Duration::from_secs(60));
/// # }
/// ```
#[must_use]
pub fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = tokio::time::Instant::now();
    time(now)
}

/// A moment of tokio's timers.
#[inline]
pub(crate) fn time(instant: tokio::time::Instant) -> Time {
    let since = instant.saturating_duration_since(*BASE);
    // 584 years fit.
    Time::from_nanos(since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos()))
}

/// A moment as tokio's timers want it.
pub(crate) fn instant(time: Time) -> tokio::time::Instant {
    *BASE + Duration::from_nanos(time.as_nanos())
}
