//! Runs this program's cases under callgrind and reads what it counted.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::{
    collections::{HashMap, HashSet},
    env, fmt, fs,
    num::NonZero,
    ops::Sub,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// A multiple of the errors' period, so that both runs hold whole periods.
const CALLS: u64 = 2000;

/// What is an allocation.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// What all that ran cost per call, by situation and contestant.
pub(crate) type Costs = HashMap<(&'static str, &'static str), Cost>;

/// What a call costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, rhs: Self) -> Self {
        Self {
            instructions: self.instructions - rhs.instructions,
            allocations: self.allocations - rhs.allocations,
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} / {:.1}", self.instructions, self.allocations)
    }
}

pub(crate) fn is_there() -> bool {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// What each case costs per call, of a group where there are some.
pub(crate) fn measure(group: Option<&str>, cases: &[(&'static str, &'static str)]) -> Result<Costs, String> {
    measure_by(CALLS, group, cases)
}

/// The same by so many calls; as many cases at a time as there are cores, which instructions do not mind.
pub(crate) fn measure_by(
    calls: u64,
    group: Option<&str>,
    cases: &[(&'static str, &'static str)],
) -> Result<Costs, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || cases.get(next.fetch_add(1, Ordering::Relaxed));
        std::iter::from_fn(mine)
            .map(|&case| Ok((case, per_call(&[group.as_slice(), &[case.0, case.1]].concat(), calls)?)))
            .collect::<Result<Vec<_>, String>>()
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().expect("a worker ends well"));
        Ok(done.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    })
}

fn per_call(case: &[&str], calls: u64) -> Result<Cost, String> {
    let (once, twice) = (count(case, calls)?, count(case, 2 * calls)?);
    let per_call = |once: u64, twice: u64| (twice as f64 - once as f64) / calls as f64;
    Ok(Cost { instructions: per_call(once.0, twice.0), allocations: per_call(once.1, twice.1) })
}

/// The instructions and the allocations of a process that makes so many calls.
fn count(case: &[&str], calls: u64) -> Result<(u64, u64), String> {
    let failed = |what: &dyn fmt::Display| format!("{}, {calls} calls: {what}", case.join(", "));
    let name: String = format!("{} {calls}", case.join(" "))
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect();
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.out.{name}"));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(env::current_exe().map_err(|error| failed(&error))?)
        .arg("--case")
        .args(case)
        .arg(calls.to_string())
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    let text = fs::read_to_string(&profile).map_err(|error| failed(&error))?;
    read(&text).ok_or_else(|| failed(&"the profile has no totals"))
}

/// Reads a profile: its totals, and how often the allocators were called.
///
/// A profile names each function once (`cfn=(12) malloc`), then by number (`cfn=(12)`); `calls=` follows who is called.
fn read(profile: &str) -> Option<(u64, u64)> {
    let mut names = HashMap::new();
    let allocators: HashSet<&str> = ALLOCATORS.into();
    let (mut called, mut totals, mut allocations) = ("", None, 0);
    for line in profile.lines() {
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        match key {
            "fn" | "cfn" => {
                let (number, name) = value.split_once(' ').unwrap_or((value, ""));
                if !name.is_empty() {
                    names.insert(number, name);
                }
                called = names.get(number).copied().unwrap_or_default();
            }
            "calls" if allocators.contains(called) => {
                allocations += value.split(' ').next()?.parse::<u64>().ok()?;
            }
            "totals" => totals = value.trim().parse().ok(),
            _ => {}
        }
    }
    Some((totals?, allocations))
}
