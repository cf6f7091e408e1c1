//! How long an exchange may take: all of it, one try, and without anything moving.
//!
//! Who waits for ever holds for ever what it waits with: a connection, a place in a queue, a caller's patience. A limit
//! of time turns a service that hangs into one that fails, which everything else here knows how to treat.
//!
//! There are three, each of its own kind: on the whole exchange with its body ([`total`](SettingsBuilder::total)), on
//! the time to the head of the answer ([`head`](SettingsBuilder::head), the mesh's per-try timeout), and on the time
//! for which nothing moves ([`idle`](SettingsBuilder::idle)). What a request's headers say may lower or replace them.
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::policy::{Time, timeout::{Awaited, Limit, Said, Settings}};
//!
//! let settings = Settings::builder().total(Duration::from_secs(3)).head(Duration::from_secs(1)).build()?;
//! let limits = settings.effective(Said::default());
//! let (start, now) = (Time::from_nanos(0), Time::from_nanos(0));
//! let one = start + Duration::from_secs(1);
//! assert_eq!(limits.next(Awaited::Head, Some(start), now), Some((Limit::Head, one)));
//!
//! // A gRPC caller that has half a second left.
//! let limits = settings.effective(Said { grpc: Some(Duration::from_millis(500)), ..Said::default() });
//! assert_eq!(limits.total(), Some(Duration::from_millis(500)));
//! # Ok::<(), tower_mesh::policy::timeout::SettingsError>(())
//! ```

mod builder;
mod invalid;
mod limits;
mod said;
mod settings;

pub(crate) use settings::Effort;
pub use {
    builder::SettingsBuilder,
    invalid::{Field, SettingsError},
    limits::{Awaited, Limit, Limits},
    said::{Said, grpc_timeout},
    settings::{GrpcStatus, Settings, Trusted},
};

use std::time::Duration;

/// The longest time that a timer can be set to: a little over two years.
pub const LONGEST: Duration = Duration::from_millis(68_719_476_734);
