//! Runs each case of some groups under callgrind, and tells what it costs.
//!
//! Each case runs once with some calls and once with twice as many, by starting the same program with a case's name;
//! the difference is what those calls cost, without the start. Allocations are read from the same profile: how often
//! `malloc` and its kin were called.
//!
//! Under valgrind the clock is read by a system call, whose own instructions are not counted; what a clock costs shows
//! in nanoseconds.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports to whoever runs it")]

use std::{env, process::ExitCode, slice};

use crate::{
    callgrind::{self, Cost, Costs},
    support::{
        contestants::{Contestant, Role},
        groups::Group,
        situations::{Asks, Situation},
    },
};

/// Those of these groups that are asked for.
pub(crate) fn main(groups: &[&'static Group]) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--case", group, situation, contestant, calls] = arguments[..] {
        run(named(groups, group).expect("a group"), situation, contestant, calls.parse().expect("a number"));
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
    let one = filter.and_then(|filter| named(groups, filter));
    let mut kept = true;
    for &group in one.as_ref().map_or(groups, slice::from_ref) {
        let asked = |situation: &Situation| {
            one.is_some() || filter.is_none_or(|filter| situation.name.contains(filter))
        };
        match compare(group, asked) {
            Ok(group_kept) => kept &= group_kept,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if kept || !arguments.contains(&"--check") { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn named(groups: &[&'static Group], name: &str) -> Option<&'static Group> {
    groups.iter().copied().find(|group| group.name == name)
}

/// One case, in a process that is being profiled.
fn run(group: &Group, situation: &str, contestant: &str, calls: u64) {
    let situation = group.situation(situation).expect("a situation");
    let contestant = group.contestant(contestant).expect("a contestant");
    contestant.enter(situation)()(calls);
}

/// Counts and tells what a group costs in these situations; whether what was asked was kept.
fn compare(group: &Group, asked: impl Fn(&Situation) -> bool) -> Result<bool, String> {
    let situations = group.situations.iter().filter(|situation| asked(situation));
    let case = |situation: &'static Situation| {
        group.counted().map(move |contestant| (situation.name, contestant.name))
    };
    let cases: Vec<_> = situations.flat_map(case).collect();
    if cases.is_empty() {
        return Ok(true);
    }
    let costs = callgrind::measure(Some(group.name), &cases)?;
    print_all(group, &costs);
    Ok(print_ours(group, &costs))
}

fn over_floor(costs: &Costs, situation: &Situation, contestant: &Contestant) -> Option<Cost> {
    let of = |name| costs.get(&(situation.name, name)).copied();
    Some(of(contestant.name)? - of("floor")?)
}

/// Everybody, everywhere.
fn print_all(group: &Group, costs: &Costs) {
    println!("\n{}, per call, over a layer that does nothing: instructions / allocations.", group.name);
    print!("\n{:36}", "");
    group.counted().for_each(|contestant| print!(" {:>19}", contestant.name));
    println!();
    for situation in group.situations {
        let Some(floor) = costs.get(&(situation.name, "floor")) else { continue };
        print!("{:36} {:>19}", situation.name, format!("({floor})"));
        for contestant in group.counted().filter(|contestant| contestant.role != Role::Floor) {
            let cost =
                over_floor(costs, situation, contestant).map_or(String::new(), |cost| cost.to_string());
            print!(" {cost:>19}");
        }
        println!();
    }
}

/// Ours against what was asked of it and against the best of the others; whether that was kept.
fn print_ours(group: &Group, costs: &Costs) -> bool {
    let mut kept = true;
    for contestant in group.counted() {
        let Role::Ours(asked) = contestant.role else { continue };
        println!(
            "\n{:38} {:>12} {:>12} {:>8} {:>5}   best peer of that kind",
            contestant.name, "instructions", "allocations", "target", ""
        );
        for situation in group.situations {
            let Some(cost) = over_floor(costs, situation, contestant) else { continue };
            let target = match situation.asks {
                Asks::Instructions if situation.pends => asked.pending,
                Asks::Instructions if !asked.locks || situation.every == u32::MAX => asked.ready,
                Asks::Instructions | Asks::NoAllocation | Asks::Nothing => None,
            };
            let too_much = target.is_some_and(|target| cost.instructions > f64::from(target))
                || (situation.asks != Asks::Nothing && !asked.allocates && cost.allocations > 0.0);
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
                best_peer(group, costs, situation, contestant, cost),
            );
        }
    }
    kept
}

/// The cheapest of those who do about the same.
fn best_peer(group: &Group, costs: &Costs, situation: &Situation, our: &Contestant, ours: Cost) -> String {
    group
        .counted()
        .filter(|contestant| contestant.role == Role::Peer { like: our.name })
        .filter_map(|peer| Some((peer, over_floor(costs, situation, peer)?)))
        .min_by(|a, b| a.1.instructions.total_cmp(&b.1.instructions))
        .map_or(String::new(), |(peer, cost)| {
            let ratio = cost.instructions / ours.instructions;
            format!("{} {:.1} = {ratio:.2} x ours", peer.name, cost.instructions)
        })
}
