//! The circuit breaker beside its peers: nanoseconds over a layer that does nothing, and two threads against one.
//!
//! `cargo bench --bench breaker` runs everything (three minutes); a filter, as criterion takes it, runs a part
//! (`-- 'eight headers'`, `-- recloser`), `-- threads` only the part with two threads, and `-- handles` only the part
//! with a thread that looks on by a handle. At the end stands a table,
//! in which what the floor takes, a layer that does nothing, is taken off. Nanoseconds move with the machine; the ratios of one run, and the
//! instruction counts of `--bench instructions`, are what to compare. While a breaker is open, ours makes a whole
//! response and the peers only an error, which their users have yet to answer with.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

mod peers;
mod support;

use std::{collections::HashMap, env, time::Duration};

use criterion::Criterion;
use support::{
    contestants::{self, Contestant, Role},
    handles,
    situations::{self, Situation},
    stopwatch::{median, took},
    threads::{self, Two},
};

/// The nanoseconds per call of all that ran, by situation and contestant.
type Times = HashMap<(&'static str, &'static str), f64>;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(20)
        .nresamples(1000)
        .configure_from_args();
    let mut times = Times::new();
    for situation in situations::all() {
        compare(&mut criterion, situation, &mut times);
    }
    criterion.final_summary();
    if arguments.iter().any(|argument| argument == "--bench") {
        print_times(&times);
        if arguments.iter().all(|argument| ["--bench", "threads"].contains(&argument.as_str())) {
            print_threads();
        }
        if arguments.iter().all(|argument| ["--bench", "handles"].contains(&argument.as_str())) {
            print_handles();
        }
    }
}

/// Whom time tells apart: the empty window of time is there to be counted only.
fn contestants() -> impl Iterator<Item = &'static Contestant> {
    contestants::all().iter().filter(|contestant| contestant.name != "t-resilience, 1 ns")
}

fn compare(criterion: &mut Criterion, situation: &'static Situation, times: &mut Times) {
    let mut group = criterion.benchmark_group(situation.name);
    for contestant in contestants() {
        let mut run = None;
        let mut samples = Vec::new();
        group.bench_function(contestant.name, |bencher| {
            let run = run.get_or_insert_with(|| contestant.enter(situation)());
            bencher.iter_custom(|calls| {
                let time = took(|| run(calls));
                samples.push((calls, time.as_secs_f64() * 1e9 / calls as f64));
                time
            });
        });
        // Criterion warms up with few calls at first; those are no samples.
        let most = samples.iter().map(|sample| sample.0).max().unwrap_or(0);
        let samples = samples.into_iter().filter(|sample| sample.0 >= most / 20).map(|sample| sample.1);
        if let Some(time) = median(samples.collect()) {
            times.insert((situation.name, contestant.name), time);
        }
    }
    group.finish();
}

/// Over the floor, and for a peer how many times as much as ours that does the same.
fn print_times(times: &Times) {
    println!(
        "\nNanoseconds per call over a layer that does nothing; a peer's also as a multiple of ours of the same kind."
    );
    for situation in situations::all() {
        let over = |name| Some(times.get(&(situation.name, name))? - times.get(&(situation.name, "floor"))?);
        let Some(floor) = times.get(&(situation.name, "floor")) else { continue };
        println!("\n{} (a layer that does nothing: {floor:.1} ns)", situation.name);
        for contestant in contestants() {
            let Some(over_floor) = over(contestant.name) else { continue };
            match contestant.role {
                Role::Floor => {}
                Role::Bare | Role::Ours { .. } => println!("  {:20} {over_floor:8.1}", contestant.name),
                Role::Peer { like } => {
                    let ours = over(like).map_or(String::new(), |ours| {
                        format!("  {:5.1} x {ours:.1} ({like})", over_floor / ours)
                    });
                    println!("  {:20} {over_floor:8.1}{ours}", contestant.name);
                }
            }
        }
    }
}

fn print_threads() {
    println!("\nTwo threads against one: nanoseconds per call (all of it), and how many times as many");
    println!("calls two threads make through one circuit.");
    for name in ["closed", "clone + call + drop"] {
        let situation = situations::named(name).expect("it is one of them");
        println!("\n{name:24} {:>9} {:>9} {:>9}", "one", "two", "ratio");
        for contestant in contestants().filter(|contestant| contestant.repeats) {
            let is_ours = matches!(contestant.role, Role::Ours { .. });
            print_pair(contestant.name, &threads::measure(contestant, situation, Two::Apart), is_ours);
            if is_ours {
                print_pair("  on one lane", &threads::measure(contestant, situation, Two::OnOneLane), false);
            }
        }
    }
}

/// The design asks that two threads make one and a half times as many calls.
fn print_pair(name: &str, measured: &threads::Measured, asked: bool) {
    let verdict = match asked {
        true if measured.ratio < 1.5 => "  LOW: 1.5 is asked",
        true => "  ok",
        false => "",
    };
    println!("  {name:22} {:9.1} {:9.1} {:9.2}{verdict}", measured.one, measured.two, measured.ratio);
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
