//! The mesh's own YAML, spelled as serde structs.

mod duration;
mod ratio;

pub use duration::{GoDuration, InvalidDuration};
pub use ratio::Ratio;
