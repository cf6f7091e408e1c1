//! What it costs that endpoints come, go and are ejected: time, instructions and allocations of a change of who there is,
//! among 10, 100 and 10,000.
//!
//! `cargo bench --bench balance_updates` takes a minute; `-- time` and `-- counts` run a part. A change is seen by the
//! next request: what it costs is all that is done for it, new picture included. Requests go on meanwhile; what they cost
//! is told by `--bench balance`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports to whoever runs it")]

#[path = "support/callgrind.rs"]
mod callgrind;
mod peers;
mod support;

use std::{collections::HashMap, env, hint::black_box, process::ExitCode};

use support::{
    balancers::{ejecting, endpoints},
    stopwatch::{median, took},
};
use tower_mesh::{
    Balance, Endpoints,
    layer::balance::BalanceHandle,
    policy::balance::{HashKey, HashKeys, Settings},
};

/// A set, and who balances over it; each endpoint's service is nothing.
struct Site {
    count: u32,
    endpoints: Endpoints,
    handle: BalanceHandle,
}

/// What changes, and how many changes it is each time that it is done.
struct Change {
    name: &'static str,
    site: fn(u32) -> Site,
    done: fn(&Site, u64),
    changes: u32,
}

const ALL: &[Change] = &[
    Change { name: "one comes, one goes", site: least_request, done: one_comes_and_goes, changes: 2 },
    Change { name: "one is ejected, and back", site: least_request, done: one_is_ejected, changes: 2 },
    Change { name: "all are others", site: least_request, done: all_are_others, changes: 1 },
    Change { name: "ring: one comes, one goes", site: ring_hash, done: one_comes_and_goes, changes: 2 },
    Change { name: "ring: one is ejected, back", site: ring_hash, done: one_is_ejected, changes: 2 },
];

/// Among how many, the same in words, and how often it is done while it is counted.
const COUNTS: [(u32, &str, u64); 3] = [(10, "10", 200), (100, "100", 100), (10_000, "10000", 4)];

fn least_request(count: u32) -> Site {
    site(ejecting(Settings::builder()).build().expect("they mean something"), count)
}

fn ring_hash(count: u32) -> Site {
    let user = HashKeys::of(HashKey::Header("end-user".parse().expect("a name")));
    site(ejecting(Settings::builder().ring_hash(user)).build().expect("they mean something"), count)
}

fn site(settings: Settings, count: u32) -> Site {
    let set = Endpoints::new(endpoints(0..count, |_| 1));
    let balance = Balance::new(settings, &set, |_| ());
    Site { count, endpoints: set, handle: balance.handle() }
}

fn one_comes_and_goes(site: &Site, _: u64) {
    let one = endpoints([site.count], |_| 1).next().expect("it is one");
    site.endpoints.insert(one.clone());
    site.endpoints.remove(one.address());
}

fn one_is_ejected(site: &Site, _: u64) {
    let one = endpoints([site.count / 2], |_| 1).next().expect("it is one");
    assert!(site.handle.eject(one.address()));
    assert!(site.handle.restore(one.address()));
}

fn all_are_others(site: &Site, turn: u64) {
    let first = if turn.is_multiple_of(2) { site.count } else { 0 };
    site.endpoints.replace(endpoints(first..first + site.count, |_| 1));
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--case", count, name, times] = arguments[..] {
        let change = ALL.iter().find(|change| change.name == name).expect("a change");
        let site = (change.site)(count.parse().expect("a number"));
        (0..times.parse().expect("a number")).for_each(|turn| (change.done)(black_box(&site), turn));
        return ExitCode::SUCCESS;
    }
    // `cargo test` starts benchmarks too, without `--bench`, to see that they are whole.
    if !arguments.contains(&"--bench") || arguments.contains(&"--test") {
        return ExitCode::SUCCESS;
    }
    let part = arguments.iter().find(|part| !part.starts_with("--"));
    let wanted = |name| part.is_none_or(|part| *part == name);
    if wanted("time") {
        print_times();
    }
    if wanted("counts") {
        print_counts();
    }
    ExitCode::SUCCESS
}

fn print_times() {
    println!("\nMicroseconds per change.\n");
    table(|count, change| {
        let site = (change.site)(count.0);
        let times = 10 * count.2;
        let mut turns = 0..;
        let mut round = || {
            let took =
                took(|| turns.by_ref().take(times as usize).for_each(|turn| (change.done)(&site, turn)));
            took.as_secs_f64() * 1e6 / (times * u64::from(change.changes)) as f64
        };
        round();
        median((0..7).map(|_| round()).collect()).map(|time| format!("{time:.2}"))
    });
}

fn print_counts() {
    if !callgrind::is_there() {
        eprintln!("\nInstructions need valgrind: install it with your package manager.");
        return;
    }
    let mut costs = HashMap::new();
    for (_, count, times) in COUNTS {
        let cases: Vec<_> = ALL.iter().map(|change| (count, change.name)).collect();
        match callgrind::measure_by(times, None, &cases) {
            Ok(counted) => costs.extend(counted),
            Err(error) => return eprintln!("{error}"),
        }
    }
    println!("\nInstructions / allocations per change.\n");
    table(|count, change| {
        let cost = costs.get(&(count.1, change.name))?;
        let each = f64::from(change.changes);
        Some(format!("{:.0} / {:.1}", cost.instructions / each, cost.allocations / each))
    });
}

fn table(cell: impl Fn((u32, &'static str, u64), &'static Change) -> Option<String>) {
    println!("{:28} {:>20} {:>20} {:>20}", "endpoints", COUNTS[0].1, COUNTS[1].1, COUNTS[2].1);
    for change in ALL {
        print!("  {:26}", change.name);
        for count in COUNTS {
            print!(" {:>20}", cell(count, change).unwrap_or_else(|| "-".to_owned()));
        }
        println!();
    }
}
