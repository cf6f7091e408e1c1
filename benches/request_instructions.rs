//! What happens to one request, limits, timeout, fault, retry and all of them, beside its peers, in instructions and
//! allocations: figures that repeat.
//!
//! `cargo bench --bench request_instructions` runs each case under `valgrind --tool=callgrind`. `-- --check` fails
//! where ours costs more than the design allows; any other argument is the name of a group (`limits`, `timeout`,
//! `fault`, `retry`, `stack`) or a filter on situations. It takes two minutes. What the peers do less is said in
//! `support/groups`.

#[path = "support/callgrind.rs"]
mod callgrind;
#[path = "support/counting.rs"]
mod counting;
mod peers;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    counting::main(support::groups::REQUEST)
}
