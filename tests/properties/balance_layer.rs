//! A balancer under any sequence of comings and goings, answers and pauses: as somebody with a list would have it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use http_body_util::Full;
use proptest::{prelude::*, sample::Index};
use tokio::{sync::oneshot, time};
use tower::Service;
use tower_mesh::{
    Balance, Endpoint, Endpoints,
    layer::{balance::InFlight, body::Watched, clock},
    policy::{
        Time,
        balance::{Address, Settings},
        outlier::{self, HowMany},
    },
};

const HOSTS: u8 = 6;
const INTERVAL: u64 = 1_000;

#[derive(Debug, Clone)]
enum Step {
    /// It is there from now on, with this weight.
    Insert(u8, u32),
    Remove(u8),
    /// These are there, and nobody else.
    Replace(Vec<(u8, u32)>),
    /// Somebody asks, and is answered with this status.
    Ask(u16),
    /// Somebody asks, and waits.
    Begin,
    /// One of those who wait is answered, and reads on.
    Answer(Index, u16),
    /// One of those who wait, or who read, goes away.
    Leave(Index),
    /// So many milliseconds pass.
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let host = || (0..HOSTS, 1_u32..4);
    let status = || prop_oneof![2 => Just(200_u16), 3 => Just(500)];
    prop_oneof![
        2 => host().prop_map(|(host, weight)| Step::Insert(host, weight)),
        1 => (0..HOSTS).prop_map(Step::Remove),
        1 => prop::collection::vec(host(), 0..8).prop_map(Step::Replace),
        8 => status().prop_map(Step::Ask),
        3 => Just(Step::Begin),
        3 => (any::<Index>(), status()).prop_map(|(index, status)| Step::Answer(index, status)),
        2 => any::<Index>().prop_map(Step::Leave),
        3 => (1_u64..3_000).prop_map(Step::Pass),
        1 => (1_u64..10).prop_map(|seconds| Step::Pass(seconds * INTERVAL)),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Told {
    row: u32,
    /// Seconds.
    base: u64,
    percent: u32,
    rule: HowMany,
    in_turn: bool,
}

fn told() -> impl Strategy<Value = Told> {
    let rule = prop_oneof![3 => Just(HowMany::Strict), 1 => Just(HowMany::OneAtLeast)];
    (1_u32..4, 1_u64..5, prop_oneof![Just(100_u32), 0_u32..=100], rule, any::<bool>())
        .prop_map(|(row, base, percent, rule, in_turn)| Told { row, base, percent, rule, in_turn })
}

impl Told {
    fn outlier(self) -> outlier::Settings {
        outlier::Settings::builder()
            .consecutive_5xx(self.row)
            .enforcing(outlier::Kind::SuccessRate, 0)
            .interval(Duration::from_millis(INTERVAL))
            .base_ejection_time(Duration::from_secs(self.base))
            .max_ejection_time(Duration::from_secs(self.base * 3))
            .max_ejection_percent(self.percent)
            .how_many(self.rule)
            .build()
            .expect("these mean something")
    }

    fn settings(self) -> Settings {
        let settings = Settings::builder().ejecting(self.outlier());
        let settings = if self.in_turn { settings.round_robin() } else { settings };
        settings.build().expect("these mean something")
    }
}

// ===== what is really there =====

/// Answers what its asker says when he says it, and who it is.
#[derive(Debug, Clone)]
struct Upstream(u8);

impl Service<Request<oneshot::Receiver<u16>>> for Upstream {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<oneshot::Receiver<u16>>) -> Self::Future {
        let number = self.0;
        async move {
            let status = request.into_body().await.expect("the asker says it");
            let response = Response::builder().status(status).extension(Self(number));
            Ok(response.body(Full::from("it goes on")).expect("a response"))
        }
        .boxed()
    }
}

fn endpoint(number: u8, weight: u32) -> Endpoint {
    format!("10.0.0.{number}:80").parse::<Endpoint>().expect("an endpoint").weight(weight)
}

fn number(endpoint: &Endpoint) -> u8 {
    let last = endpoint.address().host().and_then(|host| host.rsplit_once('.'));
    last.and_then(|(_, number)| number.parse().ok()).expect("a number")
}

fn address(number: u8) -> Address {
    endpoint(number, 1).address().clone()
}

// ===== what should be =====

/// A host, from its coming to its going.
#[derive(Debug, Clone, Copy, Default)]
struct Host {
    weight: u32,
    /// Which coming it was.
    coming: u64,
    row: u32,
    active: u32,
    multiplier: u64,
    ejections: u32,
    /// Since when, and until which moment.
    ejected: Option<(u64, u64)>,
    returned_at: Option<u64>,
    /// How often it has returned.
    returns: u32,
}

/// Whom a request was sent to, by number and coming, and how often he had returned by then.
type Asked = (u8, u64, u32);

struct List {
    told: Told,
    hosts: BTreeMap<u8, Host>,
    comings: u64,
    /// When the first request came: ticks count from there.
    begun: Option<u64>,
    tick: u64,
}

impl List {
    fn insert(&mut self, number: u8, weight: u32) {
        self.comings += 1;
        let fresh = Host { coming: self.comings, ..Host::default() };
        self.hosts.entry(number).or_insert(fresh).weight = weight;
    }

    fn begin(&mut self, now: u64) {
        self.begun.get_or_insert(now);
    }

    /// At each tick: who has served his time returns, and whoever has been good for an interval is forgiven a bit.
    fn reach(&mut self, now: u64) {
        let Some(begun) = self.begun else { return };
        while begun + (self.tick + 1) * INTERVAL <= now {
            self.tick += 1;
            let now = begun + self.tick * INTERVAL;
            for host in self.hosts.values_mut() {
                if host.ejected.is_some_and(|(_, until)| until <= now) {
                    (host.ejected, host.returned_at, host.row) = (None, Some(now), 0);
                    host.returns += 1;
                }
                if host.ejected.is_none() && host.returned_at.is_some_and(|at| now - at >= INTERVAL) {
                    host.multiplier = host.multiplier.saturating_sub(1);
                }
            }
        }
    }

    fn ejected(&self) -> usize {
        self.hosts.values().filter(|host| host.ejected.is_some()).count()
    }

    /// How many may be ejected at once.
    fn most(&self) -> usize {
        let (count, percent) = (self.hosts.len(), self.told.percent as usize);
        let strict = count * percent / 100;
        if self.told.rule == HowMany::OneAtLeast { strict.max(1) } else { strict }
    }

    /// The one who was asked, if he is still there.
    fn known(&mut self, (number, coming, _): Asked) -> Option<&mut Host> {
        self.hosts.get_mut(&number).filter(|host| host.coming == coming)
    }

    fn answered(&mut self, asked: Asked, status: u16, now: u64) {
        let (most, ejected, told, begun) = (self.most(), self.ejected(), self.told, self.begun);
        let Some(host) = self.known(asked).filter(|host| host.returns == asked.2) else { return };
        host.row = if status < 500 { 0 } else { host.row + 1 };
        if host.row < told.row {
            return;
        }
        host.row = 0;
        if host.ejected.is_some() || ejected >= most {
            return;
        }
        let (base, begun) = (told.base * 1_000, begun.expect("somebody has asked"));
        // As long as that makes a difference.
        host.multiplier += u64::from(host.multiplier * base < base * 3 + base);
        let time = (host.multiplier * base).min(base * 3);
        let until = begun + (now + time - begun).next_multiple_of(INTERVAL);
        host.ejected = Some((now, until));
        host.ejections += 1;
    }
}

// ===== both together =====

type Call = BoxFuture<'static, Result<Response<Body>, Infallible>>;
type Body = Watched<Full<Bytes>, InFlight<Upstream>>;

/// Somebody who waits for his answer, or reads it.
enum Client {
    Waits(Call, oneshot::Sender<u16>),
    Reads(#[expect(dead_code, reason = "it is there to be dropped")] Response<Body>),
}

struct Play {
    endpoints: Endpoints,
    balance: Balance<Upstream>,
    list: List,
    clients: Vec<(Asked, Client)>,
    start: Time,
}

impl Play {
    fn new(told: Told) -> Self {
        let endpoints = Endpoints::new((0..3).map(|number| endpoint(number, 1)));
        let balance = Balance::new(told.settings(), &endpoints, |endpoint| Upstream(number(endpoint)));
        let mut list = List { told, hosts: BTreeMap::new(), comings: 0, begun: None, tick: 0 };
        (0..3).for_each(|number| list.insert(number, 1));
        Self { endpoints, balance, list, clients: Vec::new(), start: clock::now() }
    }

    fn now(&self) -> u64 {
        clock::now().since(self.start).as_millis() as u64
    }

    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.now();
        self.list.reach(now);
        match step {
            Step::Insert(number, weight) => {
                self.endpoints.insert(endpoint(*number, *weight));
                self.list.insert(*number, *weight);
            }
            Step::Remove(number) => {
                let known = self.endpoints.remove(&address(*number));
                prop_assert_eq!(known.is_some(), self.list.hosts.remove(number).is_some());
            }
            Step::Replace(all) => {
                self.endpoints.replace(all.iter().map(|(number, weight)| endpoint(*number, *weight)));
                self.list.hosts.retain(|number, _| all.iter().any(|(other, _)| other == number));
                all.iter().for_each(|(number, weight)| self.list.insert(*number, *weight));
            }
            Step::Ask(status) => {
                if let Some(place) = self.begin()? {
                    self.answer(place, *status)?;
                    self.leave(place);
                }
            }
            Step::Begin => drop(self.begin()?),
            Step::Answer(index, status) if !self.clients.is_empty() => {
                self.answer(index.index(self.clients.len()), *status)?;
            }
            Step::Leave(index) if !self.clients.is_empty() => self.leave(index.index(self.clients.len())),
            Step::Pass(millis) => time::sleep(Duration::from_millis(*millis)).await,
            Step::Answer(..) | Step::Leave(_) => {}
        }
        let now = self.now();
        self.list.reach(now);
        self.agree()
    }

    /// What each has in flight, by what the balancer says.
    fn active(&self) -> BTreeMap<u8, u32> {
        let status = self.balance.handle().status();
        status.iter().map(|status| (number(&status.endpoint), status.active)).collect()
    }

    /// Somebody asks: his place among those who wait, unless nobody could be asked.
    fn begin(&mut self) -> Result<Option<usize>, TestCaseError> {
        self.list.begin(self.now());
        let (before, may) = (self.active(), self.list.hosts.len() > self.list.ejected());
        let (sender, receiver) = oneshot::channel();
        let mut call = self.balance.call(Request::new(receiver)).boxed();
        if let Some(Ok(answer)) = (&mut call).now_or_never() {
            prop_assert_eq!((answer.status().as_u16(), may), (503, false));
            return Ok(None);
        }
        let asked = self.active().into_iter().filter(|(number, active)| *active > before[number]);
        let asked: Vec<_> = asked.map(|(number, _)| number).collect();
        prop_assert_eq!(asked.len(), 1);
        let host = self.list.hosts.get_mut(&asked[0]).expect("whoever is asked is there");
        prop_assert_eq!(host.ejected, None, "he is asked all the same");
        host.active += 1;
        self.clients.push(((asked[0], host.coming, host.returns), Client::Waits(call, sender)));
        Ok(Some(self.clients.len() - 1))
    }

    fn answer(&mut self, place: usize, status: u16) -> Result<(), TestCaseError> {
        let (asked, client) = self.clients.swap_remove(place);
        let client = match client {
            Client::Waits(call, sender) => {
                sender.send(status).expect("somebody waits for it");
                let Some(Ok(answer)) = call.now_or_never() else { panic!("it has been said") };
                let who = answer.extensions().get::<Upstream>().expect("one of ours").0;
                prop_assert_eq!((answer.status().as_u16(), who), (status, asked.0));
                self.list.answered(asked, status, self.now());
                Client::Reads(answer)
            }
            reads => reads,
        };
        self.clients.push((asked, client));
        let last = self.clients.len() - 1;
        self.clients.swap(place, last);
        Ok(())
    }

    fn leave(&mut self, place: usize) {
        let (asked, client) = self.clients.swap_remove(place);
        drop(client);
        if let Some(host) = self.list.known(asked) {
            host.active -= 1;
        }
    }

    /// What the balancer says of all is what the list says.
    fn agree(&self) -> Result<(), TestCaseError> {
        let status = self.balance.handle().status();
        let ms = |time: Time| time.since(self.start).as_millis() as u64;
        let really = status.iter().map(|it| {
            let until = it.ejected_until.map(ms);
            (number(&it.endpoint), (it.endpoint.weighs(), it.active, it.ejections, until))
        });
        let listed = self.list.hosts.iter().map(|(number, host)| {
            let until = host.ejected.map(|(_, until)| until);
            (*number, (host.weight, host.active, host.ejections, until))
        });
        let (really, listed): (BTreeMap<_, _>, BTreeMap<_, _>) = (really.collect(), listed.collect());
        prop_assert_eq!(status.len(), listed.len());
        prop_assert_eq!(really, listed, "at {}", self.now());
        Ok(())
    }
}

async fn play(told: Told, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut play = Play::new(told);
    play.agree()?;
    for step in &steps {
        let ejections = |play: &Play| play.list.hosts.values().map(|host| host.ejections).sum::<u32>();
        let before = ejections(&play);
        play.step(step).await?;
        if ejections(&play) > before {
            let most = told.outlier().most_ejected(play.list.hosts.len());
            let status = play.balance.handle().status();
            prop_assert!(status.iter().filter(|status| !status.is_healthy()).count() <= most);
        }
    }
    while !play.clients.is_empty() {
        play.leave(0);
    }
    play.agree()?;
    prop_assert!(play.active().values().all(|active| *active == 0));
    Ok(())
}

proptest! {
    #[test]
    fn it_is_as_a_list_would_have_it(told in told(), steps in prop::collection::vec(step(), 0..150)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(play(told, steps))?;
    }
}
