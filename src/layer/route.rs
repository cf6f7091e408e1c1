//! Where a request goes.
pub(crate) mod change;
