//! A circuit for each key, with one, a hundred thousand and a million: time, instructions and bytes.
//!
//! `cargo bench --bench keyed` takes two minutes. Keys are called in an order without order, as those of real tenants
//! are, so that with a million of them most of the time is spent waiting for memory; instructions (where there is
//! valgrind) tell the rest. Bytes per key are what the resident set of a new process grows by, from before the breaker is
//! made until each key was called once; so they hold what the allocator wastes too. `-- --check` measures bytes only,
//! and fails where ours takes more than the design allows; `-- bytes`, `-- time`, `-- instructions` run a part.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports to whoever runs it")]

#[path = "support/callgrind.rs"]
mod callgrind;
mod peers;
mod support;

use std::{
    collections::HashMap,
    convert::Infallible,
    env, fs,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    process::{Command, ExitCode},
    task::{Context, Poll, Waker},
};

use http::{Request, Response, Uri};
use peers::{governor::Governed, tower_resilience::PerKey};
use support::{
    stopwatch::{median, took},
    through::Through,
    upstream::Body,
};
use tower::{Layer, Service};
use tower_mesh::{CircuitBreakerLayer, policy::circuit_breaker::Settings};

/// What ours may take for a key, if there are a million and they are numbers.
const MOST_BYTES: f64 = 80.0;

/// A breaker for each key, or what is measured beside it.
struct Contestant {
    name: &'static str,
    floor: &'static str,
    /// With how many keys it is measured at most.
    most: u64,
    /// Whether its instructions are the same each time.
    repeats: bool,
    enter: fn(Use, u64) -> Run,
}

/// What somebody is to be measured for: calls need requests that are there already, bytes must not hold them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Calls,
    Bytes,
}

/// Makes so many calls, once each key was called.
type Run = Box<dyn FnMut(u64)>;

const OURS: &str = "ours, keyed";

const ALL: &[Contestant] = &[
    Contestant {
        name: "floor",
        floor: "floor",
        most: MILLION,
        repeats: true,
        enter: |_, keys| run(Through.layer(Upstream), Numbers, keys),
    },
    Contestant {
        name: OURS,
        floor: "floor",
        most: MILLION,
        repeats: true,
        enter: |_, keys| {
            let layer = CircuitBreakerLayer::keyed(settings(), |request: &Request<u64>| *request.body());
            run(layer.layer(Upstream), Numbers, keys)
        },
    },
    Contestant {
        name: "governor, keyed",
        floor: "floor",
        most: MILLION,
        // Its clock is calibrated against another one when it is made.
        repeats: false,
        enter: |_, keys| run(Governed::new(Upstream), Numbers, keys),
    },
    Contestant {
        name: "t-resilience, a map",
        floor: "floor",
        most: MANY,
        repeats: true,
        enter: |_, keys| run(PerKey::new(Upstream), Numbers, keys),
    },
    Contestant {
        name: "floor, hosts",
        floor: "floor, hosts",
        most: MILLION,
        repeats: true,
        enter: |what, keys| run(Through.layer(Upstream), Hosts::new(what, keys), keys),
    },
    Contestant {
        name: "ours, by host",
        floor: "floor, hosts",
        most: MILLION,
        repeats: true,
        enter: |what, keys| {
            run(CircuitBreakerLayer::by_host(settings()).layer(Upstream), Hosts::new(what, keys), keys)
        },
    },
];

const MANY: u64 = 100_000;
const MILLION: u64 = 1_000_000;

/// How many keys, and the same in words.
const COUNTS: [(u64, &str); 3] = [(1, "1"), (MANY, "100000"), (MILLION, "1000000")];

/// Ratios over a window that tumbles; the same for any number of keys.
fn settings() -> Settings {
    Settings::builder().error_ratio(0.5).most_keys(1 << 20).build().expect("these settings mean something")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--case", keys, name, calls] => {
            (named(name).enter)(Use::Calls, number(keys))(number(calls));
            return ExitCode::SUCCESS;
        }
        ["--grown", keys, name] => {
            let before = resident();
            let _run = (named(name).enter)(Use::Bytes, number(keys));
            if let (Some(before), Some(after)) = (before, resident()) {
                println!("{}", after.saturating_sub(before));
            }
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    // `cargo test` starts benchmarks too, without `--bench`, to see that they are whole.
    if !arguments.contains(&"--bench") || arguments.contains(&"--test") {
        return ExitCode::SUCCESS;
    }
    let (check, part) =
        (arguments.contains(&"--check"), arguments.iter().find(|part| !part.starts_with("--")));
    let wanted = |name| part.map_or(!check || name == "bytes", |part| *part == name);
    if wanted("time") {
        print_times();
    }
    if wanted("instructions") {
        print_instructions();
    }
    let kept = !wanted("bytes") || print_bytes();
    if kept || !check { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(argument: &str) -> u64 {
    argument.parse().expect("a number")
}

fn named(name: &str) -> &'static Contestant {
    ALL.iter().find(|contestant| contestant.name == name).expect("a contestant")
}

/// Who is measured with so many keys.
fn with(keys: u64) -> impl Iterator<Item = &'static Contestant> {
    ALL.iter().filter(move |contestant| keys <= contestant.most)
}

// ===== what is reported =====

fn print_times() {
    println!(
        "\nNanoseconds per call over a layer that does nothing; the others also as a multiple of ours.\n"
    );
    let mut times = HashMap::new();
    for (keys, count) in COUNTS {
        for contestant in with(keys) {
            times.insert((count, contestant.name), nanoseconds(contestant, keys));
        }
    }
    table(|count, contestant| {
        let time = |name| times.get(&(count, name)).copied();
        Some(time(contestant.name)? - time(contestant.floor)?)
    });
}

fn print_instructions() {
    if !callgrind::is_there() {
        eprintln!("\nInstructions need valgrind: install it with your package manager.");
        return;
    }
    println!(
        "\nInstructions per call over a layer that does nothing; the others also as a multiple of ours.\n"
    );
    let cases: Vec<_> = COUNTS
        .iter()
        .flat_map(|&(keys, count)| {
            with(keys).filter(|contestant| contestant.repeats).map(move |contestant| (count, contestant.name))
        })
        .collect();
    match callgrind::measure(None, &cases) {
        Ok(costs) => table(|count, contestant| {
            let cost = |name| costs.get(&(count, name)).map(|cost| cost.instructions);
            Some(cost(contestant.name)? - cost(contestant.floor)?)
        }),
        Err(error) => eprintln!("{error}"),
    }
}

/// Bytes per key; whether ours takes no more than it may.
fn print_bytes() -> bool {
    println!("\nBytes per key; the others also as a multiple of ours.\n");
    let mut bytes = HashMap::new();
    for (keys, count) in COUNTS.into_iter().filter(|count| count.0 > 1) {
        for contestant in with(keys).filter(|contestant| contestant.name != contestant.floor) {
            if let Some(grown) = grown(contestant, keys) {
                bytes.insert((count, contestant.name), grown / keys as f64);
            }
        }
    }
    if bytes.is_empty() {
        println!("  not measured: there is no /proc/self/status");
        return true;
    }
    table(|count, contestant| bytes.get(&(count, contestant.name)).copied());
    let Some(ours) = bytes.get(&("1000000", OURS)) else { return true };
    let kept = *ours <= MOST_BYTES;
    let verdict = if kept { "ok" } else { "OVER" };
    println!("\n  {OURS}, a million numbers: {ours:.1} of {MOST_BYTES} bytes: {verdict}");
    kept
}

fn table(of: impl Fn(&'static str, &'static Contestant) -> Option<f64>) {
    println!("{:22} {:>18} {:>18} {:>18}", "keys", COUNTS[0].1, COUNTS[1].1, COUNTS[2].1);
    for contestant in ALL.iter().filter(|contestant| contestant.name != contestant.floor) {
        print!("  {:20}", contestant.name);
        for (_, count) in COUNTS {
            let cell = match (of(count, contestant), of(count, named(OURS))) {
                (Some(value), Some(ours)) if contestant.name != OURS => {
                    format!("{value:.1} ({:.2} x)", value / ours)
                }
                (Some(value), _) => format!("{value:.1}"),
                (None, _) => "-".to_owned(),
            };
            print!(" {cell:>18}");
        }
        println!();
    }
}

// ===== how it is measured =====

fn nanoseconds(contestant: &Contestant, keys: u64) -> f64 {
    const CALLS: u64 = 1_000_000;
    let mut run = (contestant.enter)(Use::Calls, keys);
    run(CALLS);
    let rounds = (0..7).map(|_| took(|| run(CALLS)).as_secs_f64() * 1e9 / CALLS as f64).collect();
    median(rounds).unwrap_or(f64::NAN)
}

/// By how many bytes a new process grows when it gets so many keys.
fn grown(contestant: &Contestant, keys: u64) -> Option<f64> {
    let program = env::current_exe().ok()?;
    let output = Command::new(program).args(["--grown", &keys.to_string(), contestant.name]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The bytes of this process that are in memory. (`statm` has pages, and whoever counts those must know their size.)
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = size.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kilobytes)
}

/// Where requests come from.
trait Traffic: 'static {
    fn request(&self, index: u64) -> Request<u64>;
}

/// Each with a number of its own.
struct Numbers;

impl Traffic for Numbers {
    #[inline(never)]
    fn request(&self, index: u64) -> Request<u64> {
        // Far apart, as identifiers are.
        Request::new(index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// Each for a host of its own.
struct Hosts(Vec<Uri>);

impl Hosts {
    fn new(what: Use, keys: u64) -> Self {
        Self(if what == Use::Calls { (0..keys).map(Self::uri).collect() } else { Vec::new() })
    }

    fn uri(index: u64) -> Uri {
        format!("http://shop-{index}.example:8080/").parse().expect("a host")
    }
}

impl Traffic for Hosts {
    #[inline(never)]
    fn request(&self, index: u64) -> Request<u64> {
        let mut request = Request::new(index);
        *request.uri_mut() = self.0.get(index as usize).cloned().unwrap_or_else(|| Self::uri(index));
        request
    }
}

/// Calls each key once; then what is returned calls them in an order without order.
fn run<S>(mut service: S, traffic: impl Traffic, keys: u64) -> Run
where
    S: Service<Request<u64>, Response = Response<Body>> + 'static,
{
    (0..keys).for_each(|index| call(&mut service, traffic.request(index)));
    let mut state = 1_u64;
    Box::new(move |calls| {
        for _ in 0..calls {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            call(&mut service, traffic.request(((state >> 32) * keys) >> 32));
        }
    })
}

#[inline(never)]
fn call<S: Service<Request<u64>, Response = Response<Body>>>(service: &mut S, request: Request<u64>) {
    let mut cx = Context::from_waker(Waker::noop());
    while service.poll_ready(&mut cx).is_pending() {}
    let mut future = pin!(service.call(request));
    while black_box(future.as_mut().poll(&mut cx)).is_pending() {}
}

/// Answers at once.
#[derive(Clone)]
struct Upstream;

impl Service<Request<u64>> for Upstream {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline(never)]
    fn call(&mut self, request: Request<u64>) -> Self::Future {
        black_box(request);
        ready(Ok(Response::new(Body::default())))
    }
}
