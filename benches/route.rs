//! Where a request goes, by header, weight, path and host, beside its peers: nanoseconds over a layer that does nothing,
//! and two threads against one.
//!
//! `cargo bench --bench route` runs everything; a filter, as criterion takes it, runs a part (`-- tables`), and
//! `-- threads` only the part with two threads. What to compare is said in `--bench request`.

mod peers;
mod support;

fn main() {
    support::timing::main(support::groups::ROUTES);
}
