//! What happens to one request, limits, timeout, fault, retry and all of them, beside its peers: nanoseconds over a layer
//! that does nothing, and two threads against one.
//!
//! `cargo bench --bench request` runs everything (four minutes); a filter, as criterion takes it, runs a part
//! (`-- limits`, `-- 'eight headers'`, `-- t-resilience`), and `-- threads` only the part with two threads. At the end
//! stands a table for each kind of layer, in which what the floor takes, a layer that does nothing, is taken off.
//! Nanoseconds move with the machine; the ratios of one run, and the instruction counts of
//! `--bench request_instructions`, are what to compare. What the peers do less is said in `support/groups`.

mod peers;
mod support;

fn main() {
    support::timing::main(support::groups::REQUEST);
}
