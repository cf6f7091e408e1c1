//! Pure decisions: what is known goes in, a decision comes out.
//!
//! A policy never asks the time, never draws chance, never looks at which thread it is on. It is told: `now` is a
//! [`Time`] (or a question asked at most once), chance is a [`Draw`], the calling thread is a [`Lane`]. So a
//! policy is tested with plain arithmetic, replays exactly, and works under any runtime or none.
//!
//! Policies are `Send + Sync` and used through `&self`. The layers of [`layer`](crate::layer) feed them.

pub mod backoff;
pub mod balance;
pub mod budget;
pub mod circuit_breaker;
mod draw;
pub mod fault;
mod fraction;
mod grpc_status;
mod header;
mod invalid;
pub(crate) mod key;
mod lane;
pub mod limits;
pub mod mirror;
mod outcome;
pub mod outlier;
mod parts;
mod parts_per_million;
pub mod retry;
pub mod route;
pub(crate) mod time;
pub mod timeout;

pub use draw::Draw;
pub(crate) use draw::mix;
pub use fraction::{Fraction, FractionError};
pub use grpc_status::{GrpcStatus, GrpcStatusError};
pub use invalid::{Invalid, Setting};
pub use lane::Lane;
pub(crate) use lane::Lanes;
pub use outcome::{Failure, Outcome};
pub use parts_per_million::{PartsPerMillion, PercentError};
pub use time::Time;
