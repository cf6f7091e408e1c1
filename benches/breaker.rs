//! The circuit breaker beside its peers: nanoseconds over a layer that does nothing, and two threads against one.
//!
//! `cargo bench --bench breaker` runs everything (three minutes); a filter, as criterion takes it, runs a part
//! (`-- 'eight headers'`, `-- recloser`), `-- threads` only the part with two threads, and `-- handles` only the part
//! with a thread that looks on by a handle. At the end stands a table, in which what the floor takes, a layer that
//! does nothing, is taken off. Nanoseconds move with the machine; the ratios of one run, and the instruction counts of
//! `--bench instructions`, are what to compare. While a breaker is open, ours makes a whole response and the peers
//! only an error, which their users have yet to answer with.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

mod peers;
mod support;

use std::env;

use support::{groups::BREAKER, handles, timing};

fn main() {
    let mut criterion = timing::criterion();
    let times = timing::compare(&mut criterion, BREAKER, |situation| situation.name.to_owned());
    criterion.final_summary();
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "\nNanoseconds per call over a layer that does nothing; a peer's also as a multiple of ours of the same kind."
    );
    timing::print(BREAKER, &times);
    if timing::asks_only_for(&["threads"]) {
        println!("\nTwo threads against one: nanoseconds per call (all of it), and how many times as many");
        println!("calls two threads make through one circuit.");
        timing::print_threads(BREAKER);
    }
    if timing::asks_only_for(&["handles"]) {
        print_handles();
    }
}

fn print_handles() {
    println!(
        "\nA thread that calls and one that looks on by a handle, again and again: million calls per second"
    );
    println!("alone and with the other, and nanoseconds per look.");
    println!("\n{:36} {:>9} {:>9} {:>9} {:>9}", "", "alone", "with", "ratio", "a look");
    for looker in handles::all() {
        let measured = looker.measure();
        println!(
            "  {:34} {:9.1} {:9.1} {:9.2} {:9.1}",
            looker.name,
            measured.alone,
            measured.with,
            measured.with / measured.alone,
            measured.look
        );
    }
}
