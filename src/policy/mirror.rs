//! Mirroring: which requests are copied, and how many copies may be under way.
//!
//! Whether a new version copes with what the old one gets is found out by giving it the same requests, and throwing its
//! answers away. Istio's `mirror` does so for a share of them. Here is what such a mirror is told, and what keeps it
//! from taking more than it was given.
//!
//! ```
//! use tower_mesh::policy::{Draw, mirror::{Copies, Settings}};
//!
//! let settings = Settings::builder().percent(10.0).most_under_way(1).build()?;
//! assert!(settings.share().hit_by(|| Draw::new(0)));
//!
//! let copies = Copies::new(&settings);
//! assert!(copies.begin());
//! assert!(!copies.begin()); // one is under way
//! copies.end();
//! assert!(copies.begin());
//! # Ok::<(), tower_mesh::policy::mirror::SettingsError>(())
//! ```

mod builder;
mod copies;
mod invalid;
mod settings;

pub use self::{
    builder::SettingsBuilder,
    copies::{Copies, Counts, LeftOut},
    invalid::{Field, SettingsError},
    settings::Settings,
};
