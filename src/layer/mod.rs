//! The tower layers.
