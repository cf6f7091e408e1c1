//! The laws that every layer of the crate keeps, and a line for each layer.
//!
//! What makes middleware fail in production is seldom its policy; it is a clone that was not readied, a state that each
//! connection has for itself, a place that a cancelled call never gave back. These are the same for every layer, so
//! they are written down once, in [`laws`], and a layer is held to them by one line of [`contract!`](contract), as
//! its file here shows. That the laws notice what they should is proved in [`bites`].

mod balance;
mod bites;
mod breaker;
mod contract;
mod fallback;
mod fault;
mod laws;
mod limits;
mod loss;
#[cfg(feature = "yaml")]
mod mesh;
mod mirror;
mod probe;
mod retry;
mod route;
mod sketch;
mod stand;
mod subject;
mod timeout;
