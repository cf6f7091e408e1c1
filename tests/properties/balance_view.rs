//! Who is picked, whoever there is and however ill they are: somebody who may be asked, and each as often as he should.

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use tower_mesh::policy::{
    Draw, Time,
    balance::{
        Algorithm, Ask, Choices, Counts, Distribute, Endpoint, Group, Host, Layout, Locality, Placement,
        Settings, TableSize, View, locality_weight, shares,
    },
};

const NOW: Time = Time::from_nanos(0);

/// A set of hosts, and how requests are to go to them.
#[derive(Debug)]
struct Town {
    endpoints: Vec<Endpoint>,
    healthy: Vec<bool>,
    settings: Settings,
    layout: Layout,
}

/// Hosts of whom any may be picked, and which part of its priority they have.
type Pool = (f64, Vec<u32>);

/// How often each of several should be picked.
#[derive(Debug, Clone, Copy)]
enum How {
    /// In turns, by weight: as exactly as can be.
    Turns,
    /// By chance, each as often.
    Chance,
}

fn endpoint() -> impl Strategy<Value = (Endpoint, bool)> {
    let locality = (select(&["us", "eu"][..]), select(&["a", "b"][..]));
    // Mostly all weigh the same.
    let weight = prop_oneof![Just(1_u32), 1_u32..6];
    (locality, weight, prop::bool::weighted(0.7)).prop_map(|((region, zone), weight, healthy)| {
        let endpoint: Endpoint = "10.0.0.1:80".parse().expect("an endpoint");
        (endpoint.locality(Locality::new(region, zone, "")).weight(weight), healthy)
    })
}

fn placement() -> impl Strategy<Value = Placement> {
    let here = || Placement::of(Locality::new("us", "a", "")).outlier_detection(true);
    let pattern = |text: &str| text.parse().expect("a pattern");
    let shared = move |near, far, other: Option<u32>| {
        let shares = Distribute::from(pattern("us/*")).to(pattern("us/a/*"), near).to(pattern("us/b/*"), far);
        here().distribute(other.into_iter().fold(shares, |shares, other| shares.to(pattern("eu/*"), other)))
    };
    prop_oneof![
        Just(Placement::default()),
        Just(here()),
        // With one region told, localities have shares within their priority.
        Just(here().failover("us", "eu")),
        (1_u32..100, 1_u32..100, prop::option::of(1_u32..100))
            .prop_map(move |(near, far, other)| shared(near, far, other)),
    ]
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    let least = |choices| Just(Algorithm::LeastRequest(choices));
    prop_oneof![
        least(Choices::Of(2)),
        least(Choices::Of(5)),
        least(Choices::All),
        Just(Algorithm::RoundRobin),
        Just(Algorithm::Random),
    ]
}

fn by_key() -> impl Strategy<Value = Algorithm> {
    let table = TableSize::try_from(101_u64).expect("a prime");
    prop_oneof![Just(Algorithm::RingHash { minimum: 64 }), Just(Algorithm::Maglev { table })]
}

prop_compose! {
    fn town(algorithm: impl Strategy<Value = Algorithm>)(
        algorithm in algorithm, placement in placement(), panic in select(&[0_u32, 30, 50, 100][..]),
        endpoints in prop::collection::vec(endpoint(), 0..16), all_ill in prop::bool::weighted(0.1)
    ) -> Town {
        let (endpoints, healthy): (Vec<_>, Vec<_>) = endpoints.into_iter().unzip();
        let healthy = healthy.into_iter().map(|healthy| healthy && !all_ill).collect();
        let settings = Settings::builder().algorithm(algorithm).panic_percent(panic);
        let settings = settings.build().expect("these mean something");
        Town { layout: placement.lay_out(&endpoints), endpoints, healthy, settings }
    }
}

impl Town {
    fn view(&self, draw: u64) -> View {
        let keys: Vec<_> = (0..self.endpoints.len()).map(|number| format!("10.0.0.{number}:80")).collect();
        let hosts = self.endpoints.iter().zip(&self.healthy).zip(&keys);
        let hosts: Vec<_> = hosts
            .map(|((endpoint, healthy), key)| Host {
                key,
                weight: endpoint.weighs(),
                healthy: *healthy,
                standby: false,
                since: NOW,
            })
            .collect();
        View::new(&self.settings, &self.layout, &hosts, NOW, Draw::new(draw))
    }

    /// How many of these are well, of how many.
    fn counts<'g>(&self, groups: impl Iterator<Item = &'g Group>) -> Counts {
        let (mut healthy, mut total) = (0, 0);
        for member in groups.flat_map(|group| &group.members) {
            healthy += u32::from(self.healthy[*member as usize]);
            total += 1;
        }
        Counts::healthy_of(healthy, total)
    }

    fn groups(&self, priority: u32) -> impl Iterator<Item = &Group> {
        self.layout.groups.iter().filter(move |group| group.priority == priority)
    }

    /// Those who may be asked: with each priority's percent, and within it with each pool's part of that.
    fn pools(&self) -> Vec<(u32, Vec<Pool>)> {
        let Self { settings, layout, healthy, .. } = self;
        let counts: Vec<_> =
            (0..layout.priorities()).map(|priority| self.counts(self.groups(priority))).collect();
        let shares = shares(&counts, settings.overprovisioning(), settings.panic_percent());
        let level = |(priority, load): (u32, u32)| {
            let panics = shares.panics(priority as usize);
            let usable = |group: &Group| {
                let members = group.members.iter().copied();
                members.filter(|host| panics || healthy[*host as usize]).collect::<Vec<_>>()
            };
            if layout.weighted && !panics {
                let pool = |group: &Group| {
                    let Counts { healthy, total, .. } = self.counts([group].into_iter());
                    let over = settings.overprovisioning();
                    (locality_weight(group.weight, healthy, total, over), usable(group))
                };
                return (load, self.groups(priority).map(pool).collect());
            }
            (load, vec![(1.0, self.groups(priority).flat_map(usable).collect())])
        };
        (0..).zip(shares.loads()).filter(|(_, load)| *load > 0).map(level).collect()
    }

    /// Those who may be asked.
    fn usable(&self) -> Vec<u32> {
        let pools = self.pools().into_iter().flat_map(|(_, pools)| pools);
        let mut usable: Vec<_> = pools.flat_map(|(_, hosts)| hosts).collect();
        usable.sort_unstable();
        usable
    }

    /// How one of these is picked, and by what weights.
    fn how(&self, hosts: &[u32]) -> (How, Vec<f64>) {
        let weights: Vec<_> =
            hosts.iter().map(|host| f64::from(self.endpoints[*host as usize].weighs())).collect();
        let differ = weights.windows(2).any(|two| two[0] != two[1]);
        match self.settings.algorithm() {
            Algorithm::LeastRequest(_) if differ => (How::Turns, weights),
            Algorithm::RoundRobin => (How::Turns, weights),
            _ => (How::Chance, vec![1.0; hosts.len()]),
        }
    }
}

/// Even bits, one after another.
fn draws(seed: u64) -> impl Iterator<Item = Draw> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Draw::new(z ^ (z >> 31))
    })
}

fn pick(view: &View, draw: Draw, active: impl Fn(u32) -> u32) -> Option<u32> {
    view.pick(&Ask { draw, hash: None, attempt: 0 }, active, || NOW)
}

const PICKS: u32 = 2_000;

/// How often each of so many is picked, while nothing is in flight.
fn picked(view: &View, hosts: usize, seed: u64) -> Vec<u32> {
    let mut picked = vec![0; hosts];
    let picks = draws(seed).take(PICKS as usize).filter_map(|draw| pick(view, draw, |_| 0));
    picks.for_each(|host| picked[host as usize] += 1);
    picked
}

/// So many of so many tries that each come true with this chance: as far off as one in ten billion would be.
fn is_likely(hits: u32, tries: u32, chance: f64) -> bool {
    let mean = f64::from(tries) * chance;
    (f64::from(hits) - mean).abs() <= 6.5 * (mean * (1.0 - chance)).sqrt() + 4.0
}

/// Whether each of several gets its part of all turns. Each is at most one turn early or late, and whatever the others
/// are so together is shared among all.
fn are_turns(turns: &[u32], weights: &[f64]) -> bool {
    let (sum, whole) = (turns.iter().sum::<u32>(), weights.iter().sum::<f64>());
    let several = weights.iter().filter(|weight| **weight > 0.0).count() as f64;
    turns.iter().zip(weights).all(|(turns, weight)| {
        let part = weight / whole;
        (f64::from(*turns) - f64::from(sum) * part).abs() <= 1.0 + several * part + 1e-6
    })
}

proptest! {
    #[test]
    fn whoever_is_picked_may_be_asked_and_somebody_is_if_anybody_may(
        town in town(prop_oneof![3 => algorithm().boxed(), 1 => by_key().boxed()]), seed: u64,
        active in prop::collection::vec(0_u32..5, 16)
    ) {
        let (view, usable) = (town.view(seed), town.usable());
        for draw in draws(seed).take(200) {
            match pick(&view, draw, |host| active[host as usize]) {
                Some(host) => prop_assert!(usable.contains(&host), "{} of {:?}", host, usable),
                None => prop_assert!(usable.is_empty(), "nobody of {:?}", usable),
            }
        }
    }

    #[test]
    fn a_key_finds_somebody_who_may_be_asked_and_the_same_one_each_time(town in town(by_key()), seed: u64) {
        let (view, again, usable) = (town.view(seed), town.view(!seed), town.usable());
        for (hash, other) in draws(seed).take(100).zip(draws(!seed)) {
            let of = |view: &View, draw| view.pick(&Ask { draw, hash: Some(hash.bits()), attempt: 0 }, |_| 0, || NOW);
            let found = of(&view, hash);
            prop_assert!(found.map_or(usable.is_empty(), |host| usable.contains(&host)), "{:?}", found);
            prop_assert_eq!(found, of(&again, other));
        }
    }

    #[test]
    fn shares_are_those_of_the_formula(town in town(algorithm()), seed: u64) {
        let picked = picked(&town.view(seed), town.endpoints.len(), seed);
        let pools = town.pools();
        let sum = |hosts: &[u32]| hosts.iter().map(|host| picked[*host as usize]).sum::<u32>();
        if town.usable().is_empty() {
            prop_assert_eq!(picked.iter().sum::<u32>(), 0);
            return Ok(());
        }
        prop_assert_eq!(picked.iter().sum::<u32>(), PICKS);
        for (load, pools) in &pools {
            let turns: Vec<_> = pools.iter().map(|(_, hosts)| sum(hosts)).collect();
            let of_level = turns.iter().sum::<u32>();
            prop_assert!(is_likely(of_level, PICKS, f64::from(*load) / 100.0), "{} of {} %", of_level, load);
            let weights: Vec<_> = pools.iter().map(|(weight, _)| *weight).collect();
            prop_assert!(are_turns(&turns, &weights), "{:?} by {:?}", turns, weights);
            for ((_, hosts), all) in pools.iter().zip(turns) {
                let each: Vec<_> = hosts.iter().map(|host| picked[*host as usize]).collect();
                let (how, weights) = town.how(hosts);
                match how {
                    How::Turns => prop_assert!(are_turns(&each, &weights), "{:?} by {:?}", each, weights),
                    How::Chance => for one in each {
                        prop_assert!(is_likely(one, all, 1.0 / hosts.len() as f64), "{} of {}", one, all);
                    },
                }
            }
        }
    }

    /// Whole rounds are shared without a rest, wherever they begin.
    #[test]
    fn whole_rounds_are_exact(
        weights in prop::collection::vec(1_u32..8, 1..12), round_robin: bool, seed: u64, rounds in 1_u32..20
    ) {
        let endpoint = |weight: &u32| "10.0.0.1:80".parse::<Endpoint>().expect("an endpoint").weight(*weight);
        let endpoints: Vec<_> = weights.iter().map(endpoint).collect();
        let same = weights.windows(2).all(|two| two[0] == two[1]);
        // By load where all weigh the same is by chance.
        let algorithm = if round_robin || same { Algorithm::RoundRobin } else { Algorithm::DEFAULT };
        let settings = Settings::builder().algorithm(algorithm).build().expect("these mean something");
        let healthy = vec![true; endpoints.len()];
        let town = Town { layout: Placement::default().lay_out(&endpoints), endpoints, healthy, settings };
        let view = town.view(seed);
        let mut picked = vec![0; weights.len()];
        let round = if same { weights.len() as u32 } else { weights.iter().sum() };
        for draw in draws(seed).take((rounds * round) as usize) {
            picked[pick(&view, draw, |_| 0).expect("somebody") as usize] += 1;
        }
        let exact = weights.iter().map(|weight| rounds * if same { 1 } else { *weight });
        prop_assert_eq!(picked, exact.collect::<Vec<_>>());
    }

    #[test]
    fn anybody_who_may_be_asked_is_found(
        town in town(prop_oneof![3 => algorithm().boxed(), 1 => by_key().boxed()]), seed: u64,
        tried in prop::collection::vec(any::<Index>(), 0..20)
    ) {
        let (view, usable) = (town.view(seed), town.usable());
        let tried: Vec<_> = tried.iter().filter_map(|one| usable.get(one.index(usable.len().max(1)))).collect();
        let wanted: Vec<_> = usable.iter().filter(|host| !tried.contains(host)).collect();
        for draw in draws(seed).take(20) {
            let found = view.any(draw, |host| !tried.contains(&&host));
            prop_assert!(found.map_or(wanted.is_empty(), |host| wanted.contains(&&host)), "{:?} of {:?}", found, wanted);
        }
        // Nobody but one is wanted.
        for host in 0..town.endpoints.len() as u32 {
            let found = view.any(Draw::new(seed), |one| one == host);
            prop_assert_eq!(found, Some(host).filter(|host| usable.contains(host)));
        }
    }

    /// Whoever has less to do is taken of those that chance shows.
    #[test]
    fn of_all_nobody_is_picked_while_another_has_less_to_do(
        count in 1_usize..12, active in prop::collection::vec(0_u32..5, 12), seed: u64
    ) {
        let endpoints: Vec<Endpoint> = vec!["10.0.0.1:80".parse().expect("an endpoint"); count];
        let settings = Settings::builder().least_request_of(Choices::All).build().expect("these mean something");
        let healthy = vec![true; count];
        let town = Town { layout: Placement::default().lay_out(&endpoints), endpoints, healthy, settings };
        let (view, least) = (town.view(seed), active[..count].iter().min());
        for draw in draws(seed).take(50) {
            let host = pick(&view, draw, |host| active[host as usize]).expect("somebody");
            prop_assert_eq!(Some(&active[host as usize]), least);
        }
    }
}
