//! Laws that hold for any sequence of events, found out by trying many.

mod circuit_breaker;
mod fault;
mod fraction;
mod keyed;
mod lent;
mod limits;
mod mirror;
mod route;
mod sent;
mod timeout;
