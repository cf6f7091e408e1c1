//! The numbered cases are those of osm-edge's behaviour, as `docs/semantics.md` lists it.

mod forced;
mod half_open;
mod open_time;
mod outcomes;
mod play;
mod settings;
mod thresholds;
mod windows;
