//! Whom a request reaches.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::Request;

use super::{addresses::Addresses, names::Home, seen::UpstreamsSeen, upstream::Upstream};
use crate::{
    layer::{clock, cluster::Cluster, draw::Draws, host::target},
    policy::balance::{Address, Endpoint},
    testing::{Echo, echo::Start},
};

/// The upstreams, and what is known of their client.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) upstreams: Vec<Upstream>,
    /// Who answers what fits no place.
    pub(super) others: Option<Echo>,
    pub(super) home: Home,
    pub(super) seed: Option<u64>,
    settled: OnceLock<Settled>,
}

/// What is made of what was told, once it is needed.
#[derive(Debug)]
struct Settled {
    places: Vec<Place>,
    /// Who is where, by the address's host.
    addresses: HashMap<String, Vec<usize>>,
    others: Option<Echo>,
    start: Start,
    missed: Mutex<BTreeMap<String, u64>>,
}

/// An upstream among others.
#[derive(Debug)]
struct Place {
    upstream: Upstream,
    /// What no other is called.
    name: String,
    /// The host's name in full.
    host: String,
    address: Option<Address>,
    /// The upstream's own, with the luck and the time that this set gives it.
    echo: Echo,
    /// How often it was the first of several, so that what others are asked does not move their luck.
    drawn: AtomicU64,
}

impl Place {
    fn fits(&self, host: &str, port: u16) -> bool {
        self.host == host && self.upstream.port().is_none_or(|own| own == port)
    }

    fn is_led_to(&self, cluster: Option<&Cluster>) -> bool {
        cluster.is_none_or(|cluster| cluster.selects(self.upstream.labels()))
    }

    fn listens(&self, port: u16) -> bool {
        self.address.as_ref().and_then(Address::port).is_none_or(|own| own == port)
    }
}

impl Clone for Set {
    /// What was told, with nothing drawn and nobody missed.
    fn clone(&self) -> Self {
        let Self { upstreams, others, home, seed, settled: _ } = self;
        let settled = OnceLock::new();
        Self {
            upstreams: upstreams.clone(),
            others: others.clone(),
            home: home.clone(),
            seed: *seed,
            settled,
        }
    }
}

impl Set {
    /// To be told more.
    pub(super) fn unsettled(&mut self) -> &mut Self {
        self.settled.take();
        self
    }

    fn settled(&self) -> &Settled {
        self.settled.get_or_init(|| Settled::of(self))
    }

    /// Who answers the request, unless nobody is there.
    pub(super) fn pick<B>(&self, request: &Request<B>) -> Option<Echo> {
        let settled = self.settled();
        let cluster = request.extensions().get::<Cluster>();
        let asked = target(request);
        let found = asked.as_ref().and_then(|(host, port)| {
            let at_address = settled.at_address(host, *port);
            // Who is asked for by an address of its own was picked by somebody else.
            if let [only] = *at_address {
                return Some(only);
            }
            let host = self.home.full(host);
            let led = at_address.into_iter().filter(|place| place.is_led_to(cluster));
            let named =
                settled.places.iter().filter(|place| place.fits(&host, *port) && place.is_led_to(cluster));
            self.one_of(led, &host).or_else(|| self.one_of(named, &host))
        });
        if let Some(place) = found {
            return Some(place.echo.clone());
        }
        if let Some(others) = &settled.others {
            return Some(others.clone());
        }
        let mut whom = asked.map_or_else(|| "no host".to_owned(), |(host, port)| format!("{host}:{port}"));
        for (name, value) in cluster.into_iter().flat_map(Cluster::labels) {
            whom += &format!(" {name}={value}");
        }
        *settled.missed.lock().unwrap_or_else(PoisonError::into_inner).entry(whom).or_default() += 1;
        None
    }

    fn one_of<'a>(&self, mut fit: impl Iterator<Item = &'a Place> + Clone, host: &str) -> Option<&'a Place> {
        let first = fit.next()?;
        let more = fit.clone().count();
        if more == 0 {
            return Some(first);
        }
        let ordinal = first.drawn.fetch_add(1, Ordering::Relaxed);
        let draws = self.seed.map_or_else(Draws::random, Draws::seeded).of(host);
        // Both casts are exact: nobody names so many.
        match draws.draw(ordinal, "upstream", 0).below(more as u64 + 1) as usize {
            0 => Some(first),
            number => fit.nth(number - 1),
        }
    }

    pub(super) fn start(&self) {
        self.settled().start.begin(clock::now());
    }

    pub(super) fn endpoints(&self) -> Vec<(String, Option<u16>, Endpoint)> {
        let endpoint = |place: &Place| {
            let Place { upstream, address, .. } = place;
            let endpoint = upstream.endpoint(address.clone()?);
            Some((upstream.host().to_owned(), upstream.port(), endpoint))
        };
        self.settled().places.iter().filter_map(endpoint).collect()
    }

    pub(super) fn seen(&self) -> UpstreamsSeen {
        let Settled { places, others, missed, .. } = self.settled();
        let others = others.iter().map(|echo| (echo.name().to_owned(), echo.seen()));
        let each = places.iter().map(|place| (place.name.clone(), place.echo.seen()));
        let address = |place: &Place| Some((place.name.clone(), place.address.clone()?));
        UpstreamsSeen {
            each: others.chain(each).collect(),
            addresses: places.iter().filter_map(address).collect(),
            missed: missed.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Settled {
    fn of(Set { upstreams, others, home, seed, settled: _ }: &Set) -> Self {
        let start = Start::default();
        let mut names: BTreeMap<String, u64> = BTreeMap::new();
        let mut free = Addresses::without(upstreams.iter().filter_map(Upstream::own_address));
        let mut place = |upstream: &Upstream| {
            let count = names.entry(upstream.to_string()).or_default();
            *count += 1;
            let name = match *count {
                1 => upstream.to_string(),
                number => format!("{upstream} #{number}"),
            };
            let host = home.full(upstream.host());
            let address = upstream.own_address().or_else(|| free.next(&host, upstream.port()));
            let echo = upstream.echo().among(&start, *seed, &name);
            Place { upstream: upstream.clone(), name, host, address, echo, drawn: AtomicU64::new(0) }
        };
        let places: Vec<_> = upstreams.iter().map(&mut place).collect();
        let mut addresses = HashMap::<String, Vec<usize>>::new();
        for (number, place) in places.iter().enumerate() {
            if let Some(host) = place.address.as_ref().and_then(Address::host) {
                addresses.entry(host.to_owned()).or_default().push(number);
            }
        }
        let others = others.as_ref().map(|echo| echo.among(&start, *seed, echo.name()));
        Self { places, addresses, others, start, missed: Mutex::default() }
    }

    fn at_address(&self, host: &str, port: u16) -> Vec<&Place> {
        let there = self.addresses.get(host).into_iter().flatten();
        there.filter_map(|number| self.places.get(*number)).filter(|place| place.listens(port)).collect()
    }
}
