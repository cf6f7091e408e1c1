//! Who answers: one of 10, 100 or 10,000 endpoints, with outlier detection, beside its peers, in instructions and
//! allocations: figures that repeat.
//!
//! `cargo bench --bench balance_instructions` runs each case under `valgrind --tool=callgrind`. `-- --check` fails where
//! ours costs more than the design allows; any other argument is the name of a group (`balance`, `cloned`) or a filter on
//! situations. It is a program of its own, as that of `--bench instructions` is, and for the same reason.

#[path = "support/callgrind.rs"]
mod callgrind;
#[path = "support/counting.rs"]
mod counting;
mod peers;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    counting::main(support::groups::BALANCE)
}
