//! The numbered cases are osm-edge's, as `docs/cases.md` lists them.

mod forced;
mod half_open;
mod open_time;
mod outcomes;
mod play;
mod settings;
mod thresholds;
mod windows;
