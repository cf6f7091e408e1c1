//! The tower layers, and what they share.
//!
//! A layer is a thin adaptor: it reads the clock, draws chance, asks its policy, and carries the answer out. Each is a
//! file, or a file and a folder, with a layer, a service and a named future, over a [`protocol`] that knows how to read
//! requests, judge answers and write refusals. Here alone time is read ([`clock`]) and chance is drawn ([`draw`]).

pub mod answerable;
pub mod balance;
pub mod body;
pub mod circuit_breaker;
pub mod clock;
pub mod cluster;
pub mod draw;
pub mod fallback;
pub mod fault;
pub(crate) mod head;
pub mod host;
pub(crate) mod lane;
mod late;
mod later;
pub mod limits;
pub mod mirror;
mod observer;
pub mod protocol;
pub mod retry;
pub mod route;
pub(crate) mod seat;
mod settle;
pub mod timeout;
mod waker;
mod whence;

/// Any error, of services and bodies whose own type may be any.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
