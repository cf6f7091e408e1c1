//! Whom a request reaches.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::Request;

use super::{names::Home, seen::UpstreamsSeen, upstream::Upstream};
use crate::{
    layer::{cluster::Cluster, draw::Draws, host::target},
    testing::Echo,
};

/// The upstreams, and what is known of their client.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    pub(super) places: Vec<Place>,
    /// Who answers what fits no place.
    pub(super) others: Option<Echo>,
    pub(super) home: Home,
    pub(super) seed: Option<u64>,
    missed: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// An upstream among others.
#[derive(Debug, Clone)]
pub(super) struct Place {
    upstream: Upstream,
    /// What no other is called.
    name: String,
    /// The host's name in full.
    host: String,
    /// The upstream's own, with the luck that this set gives it.
    echo: Echo,
    /// How often it was the first of several, so that what others are asked does not move their luck.
    drawn: Arc<AtomicU64>,
}

impl Place {
    /// Its name, and all else that the others have a part in, is settled by the set.
    pub(super) fn new(upstream: Upstream) -> Self {
        let echo = upstream.echo().clone();
        Self { upstream, name: String::new(), host: String::new(), echo, drawn: Arc::default() }
    }

    fn fits(&self, host: &str, port: u16, cluster: Option<&Cluster>) -> bool {
        self.host == host
            && self.upstream.port().is_none_or(|own| own == port)
            && cluster.is_none_or(|cluster| cluster.selects(self.upstream.labels()))
    }
}

impl Set {
    /// Makes of what was told what is needed, with nothing drawn and nobody missed.
    pub(super) fn settle(&mut self) {
        let mut names: BTreeMap<String, u64> = BTreeMap::new();
        for place in &mut self.places {
            let count = names.entry(place.upstream.to_string()).or_default();
            *count += 1;
            place.name = match *count {
                1 => place.upstream.to_string(),
                number => format!("{} #{number}", place.upstream),
            };
            place.host = self.home.full(place.upstream.host());
            place.echo = lucky(place.upstream.echo(), self.seed, &place.name);
            place.drawn = Arc::default();
        }
        self.missed = Arc::default();
    }

    /// Who answers the request, unless nobody is there.
    pub(super) fn pick<B>(&self, request: &Request<B>) -> Option<Echo> {
        let cluster = request.extensions().get::<Cluster>();
        let asked = target(request);
        let found = asked.as_ref().and_then(|(host, port)| self.place(&self.home.full(host), *port, cluster));
        if let Some(place) = found {
            return Some(place.echo.clone());
        }
        if let Some(others) = &self.others {
            return Some(lucky(others, self.seed, others.name()));
        }
        let mut whom = asked.map_or_else(|| "no host".to_owned(), |(host, port)| format!("{host}:{port}"));
        for (name, value) in cluster.into_iter().flat_map(Cluster::labels) {
            whom += &format!(" {name}={value}");
        }
        *self.missed.lock().unwrap_or_else(PoisonError::into_inner).entry(whom).or_default() += 1;
        None
    }

    fn place(&self, host: &str, port: u16, cluster: Option<&Cluster>) -> Option<&Place> {
        let mut fit = self.places.iter().filter(|place| place.fits(host, port, cluster));
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

    pub(super) fn seen(&self) -> UpstreamsSeen {
        let others = self.others.iter().map(|echo| (echo.name().to_owned(), echo.seen()));
        let each = self.places.iter().map(|place| (place.name.clone(), place.upstream.echo().seen()));
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        UpstreamsSeen { each: others.chain(each).collect(), missed }
    }
}

fn lucky(echo: &Echo, seed: Option<u64>, name: &str) -> Echo {
    seed.map_or_else(|| echo.clone(), |seed| echo.lucky(seed, name))
}
