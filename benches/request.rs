//! What happens to one request, limits, timeout, fault, retry and all of them, and where it goes, beside its peers:
//! nanoseconds over a layer that does nothing, and two threads against one.
//!
//! `cargo bench --bench request` runs everything (four minutes); a filter, as criterion takes it, runs a part
//! (`-- limits`, `-- 'eight headers'`, `-- t-resilience`), and `-- threads` only the part with two threads. At the end
//! stands a table for each kind of layer, in which what the floor takes, a layer that does nothing, is taken off.
//! Nanoseconds move with the machine; the ratios of one run, and the instruction counts of
//! `--bench request_instructions`, are what to compare. What the peers do less is said in `support/groups`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

mod peers;
mod support;

use std::env;

use support::{
    groups::{Group, REQUEST},
    situations::Situation,
    timing::{self, Times},
};

fn main() {
    let mut criterion = timing::criterion();
    let mut times = Vec::<(&Group, Times)>::new();
    for group in REQUEST {
        let title = |situation: &Situation| format!("{}, {}", group.name, situation.name);
        times.push((group, timing::compare(&mut criterion, group, title)));
    }
    criterion.final_summary();
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "\nNanoseconds per call over a layer that does nothing; a peer's also as a multiple of ours of the same kind."
    );
    for (group, times) in times.iter().filter(|(_, times)| !times.is_empty()) {
        println!("\n===== {} =====", group.name);
        timing::print(group, times);
    }
    if timing::asks_only_for(&["threads"]) {
        println!("\nTwo threads against one: nanoseconds per call (all of it), and how many times as many");
        println!("calls two threads make through one layer.");
        for group in REQUEST {
            println!("\n===== {} =====", group.name);
            timing::print_threads(group);
        }
    }
}
