//! The tower layers.

pub mod clock;
pub mod draw;
mod lane;
