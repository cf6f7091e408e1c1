//! `tower-mesh`: try a policy before it meets anybody.

mod check;
mod client;
mod endpoints;
mod explain;
mod json;
mod policies;
mod simulate;
mod upstreams;

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

    /// Look policies over: what is wrong, and what does not do what it seems to.
    ///
    /// Each thing has a code that stays the same, a place, a sentence, and a fix where there is one. The exit code is 1 if
    /// anything is an error.
    Check(check::Check),

    /// Tell what becomes of one request, and why, without sending it.
    ///
    /// Which destination its host means, which rule takes it, and of each rule before that what the request lacked; what
    /// it passes, and where it goes or what it is answered.
    Explain(explain::Explain),

    /// List who answers at each cluster: address, locality, priority, weight, health.
    ///
    /// A cluster is all of a host at a port, or a part of it that a policy names. Who comes first depends on where the
    /// client is: see `--locality`.
    Endpoints(endpoints::Endpoints),
}

/// What a policy or a flag is not good for.
const UNUSABLE: u8 = 2;

#[expect(clippy::print_stderr, reason = "a command speaks to people")]
fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Simulate(simulate) => simulate.run().map(|text| (text, true)),
        Command::Check(check) => check.run(),
        Command::Explain(explain) => explain.run().map(|text| (text, true)),
        Command::Endpoints(endpoints) => endpoints.run().map(|text| (text, true)),
    };
    match done {
        // Whoever stops reading, as `head` does, has read enough.
        Ok((text, is_good)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(UNUSABLE)
        }
    }
}
