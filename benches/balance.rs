//! Who answers: one of 10, 100 or 10,000 endpoints, with outlier detection, beside its peers: nanoseconds over a layer
//! that does nothing, and two threads against one.
//!
//! `cargo bench --bench balance` runs everything; a filter, as criterion takes it, runs a part (`-- 'eight headers'`,
//! `-- cloned`), and `-- threads` only the part with two threads. What to compare is said in `--bench request`.

mod peers;
mod support;

fn main() {
    support::timing::main(support::groups::BALANCE);
}
