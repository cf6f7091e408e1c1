//! What each dialect's documents come to, and what is said of those that are wrong.

mod extension;
mod osm;
mod schema;
