//! Policies, tested with plain arithmetic over `now`.

mod backoff;
mod balance;
mod budget;
mod circuit_breaker;
mod circuit_breaker_threads;
mod fault;
mod keyed;
mod limits;
mod mirror;
mod outlier;
mod retry;
mod route;
mod timeout;
