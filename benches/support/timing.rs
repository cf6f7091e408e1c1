//! Nanoseconds: measured by criterion, and told as what is over a layer that does nothing.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

use std::{collections::HashMap, env, time::Duration};

use criterion::Criterion;

use super::{
    contestants::{Contestant, Role},
    groups::Group,
    situations::Situation,
    stopwatch::{median, took},
    threads::{self, Two},
};

/// The nanoseconds per call of all that ran in a group, by situation and contestant.
pub(crate) type Times = HashMap<(&'static str, &'static str), f64>;

/// Runs these groups, and tells each's times, and what two threads make of it.
pub(crate) fn main(groups: &[&'static Group]) {
    let mut criterion = criterion();
    let mut times = Vec::new();
    for group in groups {
        let title = |situation: &Situation| format!("{}, {}", group.name, situation.name);
        times.push((*group, compare(&mut criterion, group, title)));
    }
    criterion.final_summary();
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "\nNanoseconds per call over a layer that does nothing; a peer's also as a multiple of ours of the same kind."
    );
    for (group, times) in times.iter().filter(|(_, times)| !times.is_empty()) {
        println!("\n===== {} =====", group.name);
        print(group, times);
    }
    if asks_only_for(&["threads"]) {
        println!("\nTwo threads against one: nanoseconds per call (all of it), and how many times as many");
        println!("calls two threads make through one layer.");
        for group in groups {
            println!("\n===== {} =====", group.name);
            print_threads(group);
        }
    }
}

/// Short and many: there are hundreds of cases.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(20)
        .nresamples(1000)
        .configure_from_args()
}

/// Whether everything is asked for, or nothing but these parts.
pub(crate) fn asks_only_for(parts: &[&str]) -> bool {
    env::args().skip(1).all(|argument| argument == "--bench" || parts.contains(&argument.as_str()))
}

/// Runs all of a group's situations; criterion shows each under `title`.
pub(crate) fn compare(
    criterion: &mut Criterion,
    group: &Group,
    title: impl Fn(&Situation) -> String,
) -> Times {
    let mut times = Times::new();
    for situation in group.situations {
        let mut shown = criterion.benchmark_group(title(situation));
        for contestant in group.timed() {
            let mut run = None;
            let mut samples = Vec::new();
            shown.bench_function(contestant.name, |bencher| {
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
        shown.finish();
    }
    times
}

/// Over the floor, and for a peer how many times as much as ours that does the same.
pub(crate) fn print(group: &Group, times: &Times) {
    for situation in group.situations {
        let over = |name| Some(times.get(&(situation.name, name))? - times.get(&(situation.name, "floor"))?);
        let Some(floor) = times.get(&(situation.name, "floor")) else { continue };
        println!("\n{} (a layer that does nothing: {floor:.1} ns)", situation.name);
        for contestant in group.timed() {
            let Some(over_floor) = over(contestant.name) else { continue };
            match contestant.role {
                Role::Floor => {}
                Role::Bare | Role::Ours(_) => println!("  {:20} {over_floor:8.1}", contestant.name),
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

/// Two threads against one, in those of the group's situations in which that says something.
pub(crate) fn print_threads(group: &Group) {
    for name in group.threads {
        let situation = group.situation(name).expect("it is one of them");
        println!("\n{name:24} {:>9} {:>9} {:>9}", "one", "two", "ratio");
        for contestant in group.timed().filter(|contestant| contestant.paired) {
            let asked = matches!(contestant.role, Role::Ours(asked) if asked.scales);
            print_pair(contestant, &threads::measure(contestant, situation, Two::Apart), asked);
            if matches!(contestant.role, Role::Ours(_)) {
                let on_one_lane = Contestant { name: "  on one lane", ..*contestant };
                print_pair(&on_one_lane, &threads::measure(contestant, situation, Two::OnOneLane), false);
            }
        }
    }
}

/// The design asks that two threads make one and a half times as many calls.
fn print_pair(contestant: &Contestant, measured: &threads::Measured, asked: bool) {
    let verdict = match asked {
        true if measured.ratio < 1.5 => "  LOW: 1.5 is asked",
        true => "  ok",
        false => "",
    };
    let threads::Measured { one, two, ratio } = measured;
    println!("  {:22} {one:9.1} {two:9.1} {ratio:9.2}{verdict}", contestant.name);
}
