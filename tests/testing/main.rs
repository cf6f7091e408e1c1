//! The scripted upstream, the load generator and the report keep their word.

mod echo;
mod load;
mod onward;
mod plot;
mod report;
mod script;
mod timeline;
mod upstreams;

use std::time::Duration;

use tower_mesh::{layer::clock, policy::Time};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn since(start: Time) -> Duration {
    clock::now().since(start)
}
