//! `tower-mesh`: try a policy before it meets anybody.

mod policies;
mod simulate;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// Service-mesh policies, tried out in virtual time.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a load against policies in virtual time, and report what the callers got.
    ///
    /// The real layers run, against scripted upstreams; a minute takes milliseconds, and the same seed gives the same
    /// table. The flags of the load are fortio's.
    Simulate(simulate::Simulate),
}

/// What a policy or a flag is not good for.
const UNUSABLE: u8 = 2;

#[expect(clippy::print_stderr, reason = "a command speaks to people")]
fn main() -> ExitCode {
    let Cli { command: Command::Simulate(simulate) } = Cli::parse();
    match simulate.run() {
        // Whoever stops reading, as `head` does, has read enough.
        Ok(text) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(UNUSABLE)
        }
    }
}
