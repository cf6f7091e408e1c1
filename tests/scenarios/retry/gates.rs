//! How many retries there may be, of all requests together.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tower_mesh::{
    layer::retry::{Gate, Place, RetryBudget},
    policy::{
        backoff::{Backoff, Jitter},
        budget,
    },
    testing::EchoError,
};

use super::*;

/// So many retries under way, as Envoy's `max_retries`.
#[derive(Debug, Clone)]
struct AtMost {
    most: usize,
    active: Arc<AtomicUsize>,
}

struct Taken(Arc<AtomicUsize>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Gate for AtMost {
    fn begin(&self) -> Option<Place> {
        let free =
            self.active.fetch_update(SeqCst, SeqCst, |active| (active < self.most).then_some(active + 1));
        free.ok().map(|_| Place::holding(Taken(Arc::clone(&self.active))))
    }
}

fn at_most(most: usize) -> AtMost {
    AtMost { most, active: Arc::default() }
}

/// As Envoy answers: the upstream's own 503, with flag UO and no header of its own.
#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_allowed_leaves_the_upstreams_answer() {
    let (told, upstream) = (Told::new(), noted(statuses(&[503])));
    let layer = layer(settings(3, "5xx")).gated_by(at_most(0)).told("reviews", &told.events);
    let got = ask(&layer.layer(upstream.clone()), get()).await;
    assert_eq!(got.seen(), (503, "503", "UO"));
    assert!(got.headers.is_empty() && got.details.is_none());
    assert_eq!((upstream.log().len(), told.names()), (1, vec!["retry_overflow"]));
}

/// Case 34 of Envoy: the connection fails, and there is no answer that could have a flag.
#[tokio::test(start_paused = true)]
async fn a_failed_connection_that_may_not_be_tried_again_is_the_calls_error() {
    let (told, upstream) = (Told::new(), Echo::new().refuse());
    let layer = layer(settings(3, "connect-failure")).gated_by(at_most(0)).told("reviews", &told.events);
    let error = try_ask(&layer.layer(upstream.clone()), get()).await.unwrap_err();
    assert_eq!((error, upstream.seen().refused), (EchoError::Refused, 1));
    assert_eq!(told.names(), ["retry_overflow"]);
}

/// The wait before a retry counts as under way. Seen on Envoy, S7.19.
#[tokio::test(start_paused = true)]
async fn a_place_is_held_from_the_decision_to_the_outcome_of_the_retry() {
    let gate = at_most(1);
    let steps = vec![step(0, 503), step(50, 503), step(50, 200)];
    let exact = Backoff::new(ms(100)).jitter(Jitter::None);
    let service = layer(settings(2, "5xx").backoff(exact)).gated_by(gate.clone()).layer(script(steps));
    let call = tokio::spawn(async move { ask(&service, get()).await });
    let mut active = Vec::new();
    for _ in 0..9 {
        tokio::time::sleep(ms(49)).await;
        active.push(gate.active.load(SeqCst));
    }
    // Waiting to 100 ms, tried to 150, waiting to 350, tried to 400.
    assert_eq!(active, [1, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert_eq!(call.await.expect("no panic").status, 200);
}

/// As Envoy does with `max_retries` 1 and 20 callers: nearly nobody is tried again, and never two at once.
#[tokio::test(start_paused = true)]
async fn of_many_callers_no_more_are_tried_again_than_may_be() {
    let gate = at_most(1);
    let upstream = Echo::new().status(503).delay(ms(10));
    let service = layer(settings(1, "5xx")).gated_by(gate.clone()).layer(upstream.clone());
    let answers = futures_util::future::join_all((0..20).map(|_| ask(&service, get()))).await;
    let flagged = |flags: &str| answers.iter().filter(|got| got.flags == flags).count();
    assert_eq!((flagged("UO"), flagged("URX"), upstream.seen().calls), (19, 1, 21));
    assert_eq!(gate.active.load(SeqCst), 0, "the place came back");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_gives_the_place_back() {
    let gate = at_most(1);
    let exact = Backoff::new(ms(100)).jitter(Jitter::None);
    let service = layer(settings(2, "5xx").backoff(exact)).gated_by(gate.clone()).layer(statuses(&[503]));
    assert!(tokio::time::timeout(ms(50), ask(&service, get())).await.is_err());
    assert_eq!(gate.active.load(SeqCst), 0);
}

/// A fifth of what came in the last ten seconds, and no more.
#[tokio::test(start_paused = true)]
async fn a_budget_is_shared_by_all_layers_that_draw_on_it() {
    let settings_of = budget::Settings::builder().ratio(0.2).minimum_per_second(0);
    let budget = RetryBudget::new(settings_of.build().expect("these mean something"));
    let upstream = Echo::new().status(503);
    let service = || layer(settings(3, "5xx")).gated_by(budget.clone()).layer(upstream.clone());
    let (one, other) = (service(), service());
    for _ in 0..50 {
        ask(&one, get()).await;
        ask(&other, get()).await;
    }
    assert_eq!(upstream.seen().calls, 120, "a hundred, and a fifth of them again");

    tokio::time::sleep(Duration::from_secs(20)).await;
    let before = upstream.seen().calls;
    for _ in 0..5 {
        ask(&one, get()).await;
    }
    assert_eq!(upstream.seen().calls - before, 6, "what is long ago buys nothing");
}
