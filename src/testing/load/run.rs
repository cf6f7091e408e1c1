//! The run: all calls of all clients, on one task.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::sleep;
use tower_service::Service;

use super::{Bounded, Clients, Load, Plan, call::call, schedule::Schedule};
use crate::{
    layer::{BoxError, clock},
    policy::Time,
    testing::{
        echo::Began,
        report::{Log, Report, Tally},
    },
};

/// What a call that took no time is taken for where time has to pass: the least that a timer can wait.
const TICK: Duration = Duration::from_millis(1);

impl Load<Bounded> {
    /// Runs the load, and tells what came of it.
    ///
    /// Each worker, or each call of an open load, has its own clone of the service. Upstreams whose
    /// [time](crate::testing::echo#timelines) has not begun begin it with the load.
    pub async fn run<S, B>(self, service: S) -> Report
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>> + Clone,
        B: Body<Error: Into<BoxError>>,
    {
        let mut plan = self.plan;
        let start = clock::now();
        plan.request.extensions_mut().insert(Began(start));
        let plan = &plan;
        let log = plan.events.as_ref().map(|events| Log::listen(events, start));
        let tally = match &plan.clients {
            Clients::Workers(workers) => {
                // Collected first, so that the services are not borrowed across a wait.
                let workers: FuturesUnordered<_> = Schedule::of_workers(plan, *workers)
                    .into_iter()
                    .map(|schedule| work(service.clone(), plan, schedule, start))
                    .collect();
                workers.fold(Tally::new(start), async |all, one| all.merged(one)).await
            }
            Clients::Arrivals => {
                let schedule = Schedule::of_arrivals(plan);
                arrive((0..).map_while(|number| schedule.start(number)), service, plan, start).await
            }
            Clients::Listed(times) => arrive(times.iter().copied(), service, plan, start).await,
        };
        if let Some(until) = plan.until() {
            wait_until(until, start).await;
        }
        let elapsed = clock::now().since(start);
        tally.report(elapsed, &plan.percentiles, log.map_or_else(Vec::new, Log::end))
    }
}

/// A worker: calls, and calls again when it is answered.
async fn work<S, B>(mut service: S, plan: &Plan, schedule: Schedule, start: Time) -> Tally
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body<Error: Into<BoxError>>,
{
    let mut tally = Tally::new(start);
    for number in 0.. {
        let Some(due) = schedule.start(number) else { break };
        wait_until(due, start).await;
        let begun = clock::now();
        if !schedule.has_begun_in_time(begun.since(start)) {
            break;
        }
        tally.add(call(&mut service, plan).await);
        if schedule.may_stall() && clock::now() == begun {
            sleep(TICK).await;
        } else {
            turn().await;
        }
    }
    tally
}

/// An open load: starts each call at its time, and collects the answers of all.
async fn arrive<S, B>(times: impl Iterator<Item = Duration>, service: S, plan: &Plan, start: Time) -> Tally
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: Body<Error: Into<BoxError>>,
{
    let mut tally = Tally::new(start);
    let mut calls = pin!(FuturesUnordered::new());
    for due in times {
        let mut wait = pin!(wait_until(due, start));
        poll_fn(|cx| {
            while let Poll::Ready(Some(answer)) = calls.as_mut().poll_next(cx) {
                tally.add(answer);
            }
            wait.as_mut().poll(cx)
        })
        .await;
        let mut service = service.clone();
        calls.push(async move { call(&mut service, plan).await });
    }
    while let Some(answer) = calls.next().await {
        tally.add(answer);
    }
    tally
}

async fn wait_until(due: Duration, start: Time) {
    let left = due.saturating_sub(clock::now().since(start));
    if !left.is_zero() {
        sleep(left).await;
    }
}

/// Lets the other workers have their turn.
async fn turn() {
    let mut over = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut over, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
