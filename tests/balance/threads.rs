//! Many threads that ask, while others change who there is: nobody is lost count of, and nobody who has gone is asked.

use std::{
    collections::{BTreeSet, VecDeque},
    convert::Infallible,
    future,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
};

use futures_util::{FutureExt, future::Either};
use tower::Service;

use super::*;

const THREADS: usize = 4;
/// So many changes are made, each of which needs at most so many that nobody had before.
const CHANGES: usize = 500;
const FRESH: usize = 4;

/// When each has gone; 0: he has not. Moments are numbered.
#[derive(Debug)]
struct Gone {
    moment: AtomicU64,
    at: Vec<AtomicU64>,
    asked_in_vain: AtomicU64,
}

impl Gone {
    fn new() -> Arc<Self> {
        let at = (0..=CHANGES * FRESH).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Self { moment: AtomicU64::new(1), at, asked_in_vain: AtomicU64::new(0) })
    }

    fn note(&self, number: usize) {
        self.at[number].store(self.moment.fetch_add(1, SeqCst), SeqCst);
    }
}

/// What a request is to come to, and when it began.
#[derive(Debug, Clone, Copy)]
struct Wish {
    status: u16,
    began: u64,
}

/// A host that answers at once, or never where no status is wished for.
#[derive(Debug, Clone)]
struct Witness(usize, Arc<Gone>);

impl Service<Request<Wish>> for Witness {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Either<
        future::Ready<Result<Response<Full<Bytes>>, Infallible>>,
        future::Pending<Result<Response<Full<Bytes>>, Infallible>>,
    >;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Wish>) -> Self::Future {
        let (Self(number, gone), Wish { status, began }) = (self, *request.body());
        let at = gone.at[*number].load(SeqCst);
        // Whoever was picked before that may still be called.
        gone.asked_in_vain.fetch_add(u64::from(at > 0 && at < began), SeqCst);
        match Response::builder().status(status).body(Full::from("it goes on")) {
            Ok(response) => Either::Left(future::ready(Ok(response))),
            Err(_) => Either::Right(future::pending()),
        }
    }
}

fn numbered(number: usize) -> Endpoint {
    format!("10.0.{}.{}:80", number >> 8, number & 0xff).parse().expect("an address")
}

fn number_of(endpoint: &Endpoint) -> usize {
    let host = endpoint.address().host().expect("a host");
    let parts: Vec<usize> = host.split('.').map(|part| part.parse().expect("a number")).collect();
    parts[2] << 8 | parts[3]
}

fn over(endpoints: &Endpoints, settings: Settings, gone: &Arc<Gone>) -> Balance<Witness> {
    let gone = Arc::clone(gone);
    Balance::new(settings, endpoints, move |endpoint: &Endpoint| {
        Witness(number_of(endpoint), Arc::clone(&gone))
    })
}

/// Asks until it is over: some are answered well and some badly, some read on for a while, some are given up.
fn ask(balance: &Balance<Witness>, gone: &Gone, thread: usize, is_over: &AtomicBool) -> usize {
    let (mut answered, mut reading) = (0, VecDeque::new());
    for call in thread.. {
        if is_over.load(SeqCst) {
            break;
        }
        // No status is 0.
        let status = [200, 200, 0, 500, 200, 200, 200][call % 7];
        let wish = Wish { status, began: gone.moment.load(SeqCst) };
        match balance.clone().call(Request::new(wish)).now_or_never() {
            Some(Ok(response)) => {
                answered += 1;
                reading.push_back(response);
                reading.truncate(8);
                if call.is_multiple_of(3) {
                    reading.pop_front();
                }
            }
            None => assert_eq!(status, 0, "an answer was lost"),
        }
    }
    answered
}

/// Says that it is over, whatever ended it.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Inserts, removes and replaces; those who are there in the end.
fn change(endpoints: &Endpoints, gone: &Gone) -> BTreeSet<usize> {
    let (mut there, mut fresh) = (BTreeSet::from([0]), 1..);
    for change in 0..CHANGES {
        let weight = 1 + change as u32 % 3;
        match change % 4 {
            0 | 2 => {
                let number = fresh.next().expect("a number");
                endpoints.insert(numbered(number).weight(weight));
                there.insert(number);
            }
            1 if there.len() > 1 => {
                let number = there.pop_first().expect("somebody");
                assert!(endpoints.remove(numbered(number).address()).is_some());
                gone.note(number);
            }
            // Some stay, some go and some come.
            _ => {
                let (stay, go): (BTreeSet<_>, BTreeSet<_>) = there.iter().partition(|number| *number % 3 > 0);
                there = stay.into_iter().chain(fresh.by_ref().take(FRESH)).collect();
                endpoints.replace(there.iter().map(|number| numbered(*number).weight(weight)));
                go.into_iter().for_each(|number| gone.note(number));
            }
        }
    }
    there
}

fn storm(settings: Settings) {
    let (endpoints, gone) = (Endpoints::new([numbered(0)]), Gone::new());
    let balance = over(&endpoints, settings, &gone);
    let (start, is_over) = (Barrier::new(THREADS + 2), AtomicBool::new(false));
    let there = thread::scope(|scope| {
        let (balance, gone, start, is_over) = (&balance, &gone, &start, &is_over);
        let asking: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    ask(balance, gone, thread, is_over)
                })
            })
            .collect();
        // Somebody looks on, and puts his hand in.
        scope.spawn(move || {
            let handle = balance.handle();
            start.wait();
            while !is_over.load(SeqCst) {
                if let Some(first) = handle.status().first() {
                    handle.eject(first.endpoint.address());
                    handle.restore(first.endpoint.address());
                }
            }
        });
        start.wait();
        let there = {
            let _ends = Ends(is_over);
            change(&endpoints, gone)
        };
        assert!(asking.into_iter().all(|thread| thread.join().expect("no panic") > 0));
        there
    });
    assert_eq!(gone.asked_in_vain.load(SeqCst), 0);
    let status = balance.handle().status();
    assert_eq!(status.iter().map(|status| number_of(&status.endpoint)).collect::<BTreeSet<_>>(), there);
    assert!(status.iter().all(|status| status.active == 0), "{status:?}");
}

fn ill() -> outlier::SettingsBuilder {
    outlier().consecutive_5xx(2).max_ejection_percent(50)
}

#[test]
fn by_load_nobody_is_lost_count_of_while_others_come_and_go() {
    storm(Settings::builder().ejecting(ill().build().unwrap()).build().unwrap());
}

#[test]
fn in_turn_nobody_is_lost_count_of_while_others_come_and_go() {
    storm(ejecting(ill()));
}

/// Whichever change is heard of last, the balancer knows what there is.
#[test]
fn of_two_who_change_a_set_at_once_neither_is_forgotten() {
    let (endpoints, gone) = (Endpoints::new([numbered(0)]), Gone::new());
    let balance = over(&endpoints, Settings::default(), &gone);
    let handle = balance.handle();
    let start = Barrier::new(2);
    thread::scope(|scope| {
        for thread in 0..2 {
            let (endpoints, handle, start) = (&endpoints, &handle, &start);
            scope.spawn(move || {
                let own = |round: usize| numbered(1 + 2 * round + thread);
                let knows = |round: usize| {
                    let own = own(round);
                    handle.status().iter().any(|status| status.endpoint.address() == own.address())
                };
                start.wait();
                for round in 0..CHANGES {
                    endpoints.insert(own(round));
                    assert!(knows(round), "he is there when that returns");
                    if round.is_multiple_of(8) {
                        continue;
                    }
                    assert!(endpoints.remove(own(round).address()).is_some());
                    assert!(!knows(round), "he has gone when that returns");
                }
            });
        }
    });
    let known: BTreeSet<_> = handle.status().iter().map(|status| number_of(&status.endpoint)).collect();
    let stayed = (0..CHANGES).step_by(8).flat_map(|round| [1 + 2 * round, 2 + 2 * round]);
    assert_eq!(known, stayed.chain([0]).collect());
    assert_eq!(endpoints.all().len(), known.len());
}
