//! The circuit breaker beside its peers, in instructions and allocations: figures that repeat.
//!
//! `cargo bench --bench instructions` runs each case under `valgrind --tool=callgrind`, once with some calls and once
//! with twice as many, by starting itself with a case's name; the difference is what those calls cost, without the
//! start. Allocations are read from the same profile: how often `malloc` and its kin were called. `-- --check` fails
//! where ours costs more than the design allows; any other argument is a filter on situations. It takes a minute.
//!
//! Under valgrind the clock is read by a system call, whose own instructions are not counted; what a clock costs shows
//! in the nanoseconds of `--bench breaker`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports to whoever runs it")]

#[path = "support/callgrind.rs"]
mod callgrind;
mod peers;
mod support;

use std::{env, process::ExitCode};

use callgrind::{Cost, Costs};
use support::{
    contestants::{self, Contestant, Role},
    situations::{self, Asks, Situation},
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--case", situation, contestant, calls] = arguments[..] {
        run(situation, contestant, calls.parse().expect("a number of calls"));
        return ExitCode::SUCCESS;
    }
    // `cargo test` starts benchmarks too, without `--bench`, to see that they are whole.
    if !arguments.contains(&"--bench") || arguments.contains(&"--test") {
        return ExitCode::SUCCESS;
    }
    if !callgrind::is_there() {
        eprintln!("This needs valgrind: install it with your package manager (`apt-get install valgrind`).");
        return ExitCode::FAILURE;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let cases: Vec<_> = situations::all()
        .iter()
        .filter(|situation| filter.is_none_or(|filter| situation.name.contains(filter)))
        .flat_map(|situation| contestants().map(move |contestant| (situation.name, contestant.name)))
        .collect();
    let costs = match callgrind::measure(&cases) {
        Ok(costs) => costs,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    print_all(&costs);
    let kept = print_ours(&costs);
    if kept || !arguments.contains(&"--check") { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One case, in a process that is being profiled.
fn run(situation: &str, contestant: &str, calls: u64) {
    let situation = situations::named(situation).expect("a situation");
    let contestant = Contestant::named(contestant).expect("a contestant");
    contestant.enter(situation)()(calls);
}

/// Whose cost does not depend on how fast the machine is.
fn contestants() -> impl Iterator<Item = &'static Contestant> {
    contestants::all().iter().filter(|contestant| contestant.repeats)
}

fn over_floor(costs: &Costs, situation: &Situation, contestant: &Contestant) -> Option<Cost> {
    let of = |name| costs.get(&(situation.name, name)).copied();
    Some(of(contestant.name)? - of("floor")?)
}

/// Everybody, everywhere.
fn print_all(costs: &Costs) {
    println!("Per call, over a layer that does nothing: instructions / allocations.");
    print!("\n{:36}", "");
    contestants().for_each(|contestant| print!(" {:>19}", contestant.name));
    println!();
    for situation in situations::all() {
        let Some(floor) = costs.get(&(situation.name, "floor")) else { continue };
        print!("{:36} {:>19}", situation.name, format!("({floor})"));
        for contestant in contestants().filter(|contestant| contestant.role != Role::Floor) {
            let cost =
                over_floor(costs, situation, contestant).map_or(String::new(), |cost| cost.to_string());
            print!(" {cost:>19}");
        }
        println!();
    }
}

/// Ours against what was asked of it and against the best of the others; whether that was kept.
fn print_ours(costs: &Costs) -> bool {
    let mut kept = true;
    for contestant in contestants() {
        let Role::Ours { target, locks } = contestant.role else { continue };
        println!(
            "\n{:38} {:>12} {:>12} {:>8} {:>5}   best peer of that kind",
            contestant.name, "instructions", "allocations", "target", ""
        );
        for situation in situations::all() {
            let Some(cost) = over_floor(costs, situation, contestant) else { continue };
            let target = match situation.asks {
                Asks::Instructions if !locks || situation.every == u32::MAX => Some(f64::from(target)),
                Asks::Instructions | Asks::NoAllocation | Asks::Nothing => None,
            };
            let too_much = target.is_some_and(|target| cost.instructions > target)
                || (situation.asks != Asks::Nothing && cost.allocations > 0.0);
            kept &= !too_much;
            println!(
                "  {:36} {:12.1} {:12.2} {:>8} {:>5}   {}",
                situation.name,
                cost.instructions,
                cost.allocations,
                target.map_or("-".to_owned(), |target| target.to_string()),
                if situation.asks == Asks::Nothing {
                    ""
                } else if too_much {
                    "OVER"
                } else {
                    "ok"
                },
                best_peer(costs, situation, contestant, cost),
            );
        }
    }
    kept
}

/// The cheapest of those who do about the same.
fn best_peer(costs: &Costs, situation: &Situation, our: &Contestant, ours: Cost) -> String {
    contestants()
        .filter(|contestant| contestant.role == Role::Peer { like: our.name })
        .filter_map(|peer| Some((peer, over_floor(costs, situation, peer)?)))
        .min_by(|a, b| a.1.instructions.total_cmp(&b.1.instructions))
        .map_or(String::new(), |(peer, cost)| {
            let ratio = cost.instructions / ours.instructions;
            format!("{} {:.1} = {ratio:.2} x ours", peer.name, cost.instructions)
        })
}
