//! Thousands of endpoints, of which some come and some go all the time.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tower::Service;

use super::*;

const HOSTS: usize = 10_000;
/// So many come and go each time, and so often.
const CHANGED: usize = 20;
const CHANGES: usize = 50;

/// Everybody who was ever there: whether he still is, and how often he was asked.
#[derive(Debug, Default)]
struct Everybody {
    gone: Vec<AtomicBool>,
    asked: Vec<AtomicU64>,
    asked_in_vain: AtomicU64,
    made: AtomicU64,
}

/// One of them; it answers after some milliseconds, and notes it if it is asked though it has gone.
#[derive(Debug, Clone)]
struct One(usize, Arc<Everybody>);

impl Service<Request<Full<Bytes>>> for One {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
        let Self(number, all) = self;
        all.asked[*number].fetch_add(1, Relaxed);
        all.asked_in_vain.fetch_add(u64::from(all.gone[*number].load(Relaxed)), Relaxed);
        let time =
            if request.uri() == "/long" { secs(3600) } else { Duration::from_millis(*number as u64 % 30) };
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(Response::new(Full::default()))
        })
    }
}

fn one_of_many(number: usize) -> Endpoint {
    let [high, low] = [number >> 8, number & 0xff];
    format!("10.1.{high}.{low}:80").parse().expect("an address")
}

fn which(endpoint: &Endpoint) -> usize {
    let host = endpoint.address().host().expect("a host");
    let parts: Vec<usize> = host.split('.').map(|part| part.parse().expect("a number")).collect();
    parts[2] << 8 | parts[3]
}

/// Has some go and as many come, all at once or one by one.
fn change(endpoints: &Endpoints, round: usize, all: &Everybody, stays: impl Fn(usize) -> bool) {
    let there = endpoints.all();
    // Spread over all, and others each time.
    let (step, first) = (HOSTS / CHANGED, round * 7 % 100);
    let goes = |(place, one): (usize, &Endpoint)| place % step == first && !stays(which(one));
    let (go, mut stay): (Vec<_>, Vec<_>) =
        there.iter().enumerate().partition(|(place, one)| goes((*place, *one)));
    let fresh = (0..go.len()).map(|number| one_of_many(HOSTS + round * CHANGED + number));
    if round.is_multiple_of(10) {
        let (gone, come) = (go[0].1, fresh.into_iter().next().expect("somebody"));
        endpoints.insert(come);
        endpoints.remove(gone.address()).expect("he was there");
        all.gone[which(gone)].store(true, Relaxed);
        return;
    }
    let left = stay.drain(..).map(|(_, one)| one.clone());
    endpoints.replace(left.chain(fresh).collect::<Vec<_>>());
    for (_, one) in go {
        all.gone[which(one)].store(true, Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn while_some_come_and_go_nobody_is_refused_nor_sent_to_one_who_has_gone() {
    let most = HOSTS + CHANGED * CHANGES;
    let everybody = Arc::new(Everybody {
        gone: (0..most).map(|_| AtomicBool::default()).collect(),
        asked: (0..most).map(|_| AtomicU64::default()).collect(),
        ..Everybody::default()
    });
    let endpoints = Endpoints::new((0..HOSTS).map(one_of_many));
    let settings = Settings::builder().ejecting(outlier().build().unwrap()).build().unwrap();
    let balance = Balance::new(settings, &endpoints, {
        let all = Arc::clone(&everybody);
        move |endpoint: &Endpoint| {
            all.made.fetch_add(1, Relaxed);
            One(which(endpoint), Arc::clone(&all))
        }
    });
    let balance = balance.drawing(Draws::seeded(7));
    let handle = balance.handle();
    // What should not be forgotten: who is ejected, and what is in flight.
    let ejected = [17, 4242, 9999];
    assert!(ejected.iter().all(|number| handle.eject(one_of_many(*number).address())));
    let long = || Request::get("/long").body(Full::<Bytes>::default()).unwrap();
    let mut calls: Vec<_> = (0..5).map(|_| Box::pin(balance.clone().oneshot(long()))).collect();
    for call in &mut calls {
        assert!(futures_util::poll!(call).is_pending());
    }
    let busy = || -> HashMap<usize, u32> {
        let status = handle.status();
        let busy = status.iter().filter(|status| status.active > 0);
        busy.map(|status| (which(&status.endpoint), status.active)).collect()
    };
    let before = busy();
    assert_eq!(before.values().sum::<u32>(), 5);
    let made = everybody.made.load(Relaxed);

    let churn = async {
        for round in 0..CHANGES {
            tokio::time::sleep(Duration::from_millis(10)).await;
            change(&endpoints, round, &everybody, |number| {
                ejected.contains(&number) || before.contains_key(&number)
            });
        }
    };
    let load = Load::open().rate(40_000.0).duration(Duration::from_millis(500)).run(balance.clone());
    let (report, ()) = tokio::join!(load, churn);

    assert_eq!((report.requests, report.count(200)), (20_000, 20_000));
    assert_eq!(everybody.asked_in_vain.load(Relaxed), 0);
    assert_eq!(handle.status().len(), endpoints.all().len());
    // Whoever stays is not made anew.
    let gone = everybody.gone.iter().filter(|gone| gone.load(Relaxed)).count();
    assert!(gone > CHANGED * CHANGES / 2, "{gone}");
    assert_eq!(everybody.made.load(Relaxed) - made, gone as u64);
    assert_eq!(busy(), before);
    let left_out = handle
        .status()
        .iter()
        .filter(|status| !status.is_healthy())
        .map(|it| which(&it.endpoint))
        .collect::<Vec<_>>();
    assert_eq!(left_out, ejected);
    let asked = |number: usize| everybody.asked[number].load(Relaxed);
    assert!(ejected.iter().all(|number| asked(*number) == 0));
    // Two requests each, and by chance: they are as far from that as chance has it.
    let stayed =
        (0..HOSTS).filter(|number| !everybody.gone[*number].load(Relaxed) && !ejected.contains(number));
    let asked: Vec<_> = stayed.map(|number| asked(number) as f64).collect();
    let mean = asked.iter().sum::<f64>() / asked.len() as f64;
    let variance = asked.iter().map(|asked| (asked - mean).powi(2)).sum::<f64>() / asked.len() as f64;
    assert!((mean - 2.0).abs() < 0.05, "{mean}");
    assert!(variance < 1.1 * mean, "{variance}");
    assert!(asked.iter().all(|asked| *asked < 15.0));
}
