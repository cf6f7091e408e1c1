//! Whether a request is tried again.
//!
//! A connection that was refused, a pod that is just being replaced, an answer of 503: the next try often meets another
//! server, and the caller need not know. But not every answer should be tried again, nor by everybody, nor for ever: what
//! is tried again is load on a service that has just failed. So it is said in words which answers are meant
//! ([`RetryOn`]), how often, and after which wait.
//!
//! ```
//! use http::{HeaderMap, StatusCode};
//! use tower_mesh::policy::retry::{Decision, Pause, RetryOn, Settings, Tried};
//!
//! let settings = Settings::builder().attempts(2).on("503,connect-failure".parse()?).build()?;
//! let headers = HeaderMap::new();
//! let answered = |status| Tried::Answered { status, headers: &headers, grpc: false };
//! assert_eq!(settings.decide(&answered(StatusCode::SERVICE_UNAVAILABLE)), Decision::Again(Pause::Backoff));
//! assert_eq!(settings.decide(&answered(StatusCode::BAD_GATEWAY)), Decision::Stands);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How often is for the caller of this policy to count, since he alone knows which request is which.

mod builder;
mod decision;
mod headers;
mod invalid;
mod on;
mod settings;
mod statuses;

#[cfg(feature = "yaml")]
pub(crate) use self::headers::ASKED_BY;
pub use self::{
    builder::SettingsBuilder,
    decision::{Decision, Pause, Tried},
    headers::HeaderMatch,
    invalid::{Field, SettingsError},
    on::{Read, RetryOn, UnknownWords, Word},
    settings::{Methods, Settings},
    statuses::Statuses,
};
