//! What does not compile, one case at a time; `tests/ui.rs` asks for them. Otherwise this is empty.

#![allow(unexpected_cfgs, missing_docs, reason = "`tests/ui.rs` sets them by hand")]

#[cfg(case = "fallback_over_a_client")]
mod fallback_over_a_client;
#[cfg(case = "over_a_client")]
mod over_a_client;
#[cfg(case = "over_a_judged_client")]
mod over_a_judged_client;
#[cfg(case = "over_plain")]
mod over_plain;
