//! Laws that hold for any sequence of events, found out by trying many.

mod balance_hash;
mod balance_layer;
mod balance_placement;
mod balance_priorities;
mod balance_view;
mod circuit_breaker;
mod fault;
mod fraction;
mod keyed;
mod lent;
mod limits;
mod mirror;
mod outlier;
mod route;
mod sent;
mod timeout;
