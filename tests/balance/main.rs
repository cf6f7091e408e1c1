//! Balancers over scripted endpoints, in virtual time: who is asked, who is left out, and for how long.

mod churn;
mod ejections;
mod localities;
mod outcomes;
mod picks;
mod retries;
mod sets;
mod threads;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};
use tower_mesh::{
    AnswerableLayer, Balance, BalanceLayer, Endpoint, Endpoints, EventKind, Events, Flags, Http, Listening,
    Refusal,
    layer::{answerable::Answerable, clock, draw::Draws, protocol::HttpReadingErrors},
    policy::{
        balance::{Address, Settings},
        outlier::{self, Change},
    },
    testing::{Echo, Load, Report},
};

type Each = Balance<Answerable<Echo>, HttpReadingErrors>;

/// Some endpoints, each an upstream of its own, and a balancer over them.
struct Town {
    endpoints: Endpoints,
    echoes: Vec<Echo>,
    balance: Each,
    log: Arc<Mutex<Vec<Told>>>,
    _listening: Listening,
}

/// What was told of an endpoint: when, by its number, and what.
type Told = (u64, usize, Change);

/// An endpoint, by its number from 1 on.
fn endpoint(number: usize) -> Endpoint {
    format!("10.0.0.{number}:80").parse().expect("an address")
}

fn number(address: &Address) -> usize {
    address
        .host()
        .and_then(|host| host.rsplit_once('.'))
        .and_then(|(_, last)| last.parse().ok())
        .expect("a number")
}

impl Town {
    fn new(settings: Settings, echoes: impl IntoIterator<Item = Echo>) -> Self {
        Self::of(settings, echoes.into_iter().zip(1..).map(|(echo, number)| (endpoint(number), echo)))
    }

    fn of(settings: Settings, all: impl IntoIterator<Item = (Endpoint, Echo)>) -> Self {
        let (all, echoes): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let by_address: HashMap<_, _> =
            all.iter().map(|endpoint| endpoint.address().clone()).zip(echoes.iter().cloned()).collect();
        let endpoints = Endpoints::new(all);
        let events = Events::new();
        let (log, start) = (Arc::<Mutex<Vec<Told>>>::default(), clock::now());
        let listening = events.listen({
            let log = Arc::clone(&log);
            move |event| {
                if let EventKind::Outlier { endpoint, change } = &event.kind {
                    let at = event.at.since(start).as_millis().try_into().expect("soon");
                    log.lock().expect("a log").push((at, number(endpoint), *change));
                }
            }
        });
        let balance = Balance::new(settings, &endpoints, move |endpoint: &Endpoint| {
            let echo = by_address.get(endpoint.address()).cloned();
            AnswerableLayer.layer(echo.unwrap_or_default())
        });
        let balance = balance.over(Http.reading_errors()).drawing(Draws::seeded(7)).told("town", &events);
        Self { endpoints, echoes, balance, log, _listening: listening }
    }

    /// How often each was asked so far.
    fn asked(&self) -> Vec<u64> {
        self.echoes.iter().map(|echo| echo.seen().calls).collect()
    }

    /// How often this one was, of the second that begins so many seconds after the start.
    fn ejected(&self) -> Vec<(u64, usize)> {
        self.told("ejected")
    }

    fn returned(&self) -> Vec<(u64, usize)> {
        self.told("returned")
    }

    /// When, and to which endpoint, this happened.
    fn told(&self, name: &str) -> Vec<(u64, usize)> {
        let log = self.log.lock().expect("a log");
        log.iter()
            .filter(|(.., change)| change.name() == name)
            .map(|(at, number, _)| (*at, *number))
            .collect()
    }

    async fn get(&self) -> Got {
        got(&self.balance, Request::get("/")).await
    }

    /// As many calls a second, for so long.
    async fn load(&self, rate: f64, time: Duration) -> Report {
        Load::open().rate(rate).duration(time).run(self.balance.clone()).await
    }
}

/// An answer: its status, or none if the call failed; and what we say of it.
struct Got {
    status: Option<u16>,
    flags: Option<Flags>,
    refusal: Option<Refusal>,
    length: Option<String>,
}

async fn got<P>(balance: &Balance<Answerable<Echo>, P>, request: http::request::Builder) -> Got
where
    Balance<Answerable<Echo>, P>: tower::Service<
            Request<Full<Bytes>>,
            Response = Response<
                tower_mesh::layer::body::Watched<
                    tower_mesh::layer::answerable::AnswerableBody<tower_mesh::testing::echo::EchoBody>,
                    tower_mesh::layer::balance::InFlight<Answerable<Echo>>,
                >,
            >,
        > + Clone,
{
    match balance.clone().oneshot(request.body(Full::default()).expect("a request")).await {
        Ok(response) => Got {
            status: Some(response.status().as_u16()),
            flags: response.extensions().get().copied(),
            refusal: response.extensions().get().cloned(),
            length: response.headers().get("content-length").map(|it| it.to_str().unwrap().to_owned()),
        },
        Err(_) => Got { status: None, flags: None, refusal: None, length: None },
    }
}

fn outlier() -> outlier::SettingsBuilder {
    outlier::Settings::builder()
        .interval(Duration::from_secs(1))
        .base_ejection_time(Duration::from_secs(3))
        .max_ejection_percent(100)
        .enforcing(outlier::Kind::SuccessRate, 0)
}

/// One after another, and ejecting so.
fn ejecting(outlier: outlier::SettingsBuilder) -> Settings {
    Settings::builder()
        .round_robin()
        .ejecting(outlier.build().expect("they mean something"))
        .build()
        .expect("so do these")
}

const fn secs(time: u64) -> Duration {
    Duration::from_secs(time)
}
