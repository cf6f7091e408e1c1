//! Faults that are injected: a delay, an abort, or both.
//!
//! Whether a service copes with an upstream that is late or fails is found out by making it late and having it fail,
//! for a known share of the requests and without touching the upstream. Envoy's fault filter does so, and Istio's
//! `fault` is its configuration; here are its decisions.
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::policy::Draw;
//! use tower_mesh::policy::fault::{Answer, Faults, Settings};
//!
//! let settings = Settings::builder().delay(Duration::from_secs(2), 50.0).abort(503, 50.0).build()?;
//! let faults = Faults::new(settings);
//! let (hit, miss) = (|| Draw::new(0), || Draw::new(u64::MAX));
//!
//! let fault = faults.decide(None, hit, miss).expect("the first draw hits");
//! assert_eq!((fault.delay(), fault.abort()), (Some(Duration::from_secs(2)), None));
//! faults.settle(fault);
//! assert!(faults.decide(None, miss, miss).is_none());
//! # Ok::<(), tower_mesh::policy::fault::SettingsError>(())
//! ```
//!
//! # How it decides
//!
//! - **Two independent draws**, one for the delay and one for the abort: at 50 % each, a quarter of the requests meet
//!   with both. Then the abort is answered after the delay. A share of 0 or 100 % draws nothing.
//! - **Or one draw**, if they are to be [`exclusive`](SettingsBuilder::exclusive).
//! - **A fault can be left to the request**: by Envoy's headers, if it is [told to](SettingsBuilder::delay_by_header)
//!   look at them.
//! - **At most so many at once**, if [that is said](SettingsBuilder::most_active): a fault that would be one too many
//!   does not happen. A delay followed by an abort is one fault.

mod active;
mod asked;
mod builder;
mod faults;
mod invalid;
mod settings;

pub use self::{
    active::Counts,
    builder::SettingsBuilder,
    faults::{Fault, Faults},
    invalid::{Field, SettingsError},
    settings::{Abort, Answer, Delay, Denominator, Settings},
};
