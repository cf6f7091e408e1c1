//! The circuit breaker beside its peers, in instructions and allocations: figures that repeat.
//!
//! `cargo bench --bench instructions` runs each case under `valgrind --tool=callgrind`. `-- --check` fails where ours
//! costs more than the design allows; any other argument is a filter on situations. It takes a minute. What the other
//! layers cost is counted by `--bench request_instructions`, another program: what one has to do makes the compiler
//! inline less in the other, and moves its figures.

#[path = "support/callgrind.rs"]
mod callgrind;
#[path = "support/counting.rs"]
mod counting;
mod peers;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    counting::main(&[support::groups::BREAKER])
}
