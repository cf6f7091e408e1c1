//! How much goes to those who come first, and how much to the next, when some of them are ill.

/// What is known of the hosts of one priority, or of one locality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many are well.
    pub healthy: u32,
    /// How many are better than none, but no more.
    pub degraded: u32,
    /// How many there are.
    pub total: u32,
}

impl Counts {
    /// So many healthy ones of so many.
    #[must_use]
    pub const fn healthy_of(healthy: u32, total: u32) -> Self {
        Self { healthy, degraded: 0, total }
    }
}

/// Which part of the requests goes to which priority, in percent, as Envoy divides them.
///
/// The first priority keeps everything as long as it is well enough; there are more hosts than needed, so with an
/// overprovisioning of 140 that is down to 71.4 % healthy. What is lacking goes to the next. If all together are not well
/// enough, a priority of which less than the panic threshold is healthy sends to all its hosts, healthy or not.
///
/// ```
/// use tower_mesh::policy::balance::{Counts, shares};
///
/// let shares = shares(&[Counts::healthy_of(3, 5), Counts::healthy_of(5, 5)], 140, 0);
/// assert_eq!(shares.loads().collect::<Vec<_>>(), [84, 16]);
/// assert_eq!((shares.pick(83), shares.pick(84)), (0, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    priorities: Box<[Share]>,
    /// The sum of all healthy loads.
    healthy: u32,
    all_panic: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Share {
    healthy: u32,
    degraded: u32,
    panics: bool,
}

/// The shares of priorities whose hosts are so; `overprovisioning` in percent, `panic_percent` 0 for no panic.
#[must_use]
pub fn shares(counts: &[Counts], overprovisioning: u32, panic_percent: u32) -> Shares {
    let health = |part: u32, total: u32| {
        let health = (u64::from(overprovisioning) * u64::from(part)).checked_div(u64::from(total));
        health.unwrap_or(0).min(100) as u32
    };
    let healthy: Vec<_> = counts.iter().map(|it| health(it.healthy, it.total)).collect();
    let degraded: Vec<_> = counts.iter().map(|it| health(it.degraded, it.total)).collect();
    // Each is 100 at most, but of priorities there may be many.
    let all = healthy.iter().chain(&degraded).fold(0_u32, |sum, health| sum.saturating_add(*health)).min(100);

    let mut shares = vec![Share::default(); counts.len()];
    let load = |health: u32| (health * 100).checked_div(all).unwrap_or(0);
    let mut left = 100;
    for (share, health) in shares.iter_mut().zip(&healthy) {
        share.healthy = left.min(load(*health));
        left -= share.healthy;
    }
    for (share, health) in shares.iter_mut().zip(&degraded) {
        share.degraded = left.min(load(*health));
        left -= share.degraded;
    }
    // What rounding has left.
    if let Some(first) = healthy.iter().position(|health| *health > 0) {
        shares[first].healthy += left;
    } else if let Some(first) = degraded.iter().position(|health| *health > 0) {
        shares[first].degraded += left;
    }
    let mut all_panic = false;
    if all < 100 {
        for (share, counts) in shares.iter_mut().zip(counts) {
            share.panics = counts.is_below(panic_percent.min(100));
        }
        all_panic = !shares.is_empty() && shares.iter().all(|share| share.panics);
        if all_panic {
            by_count(&mut shares, counts);
        } else if all == 0 {
            // Somebody must be asked to find that nobody is there.
            shares.iter_mut().take(1).for_each(|first| first.healthy = 100);
        }
    }
    let healthy = shares.iter().map(|share| share.healthy).sum();
    Shares { priorities: shares.into(), healthy, all_panic }
}

/// Nothing is known to be well: then everybody is as good as any other.
fn by_count(shares: &mut [Share], counts: &[Counts]) {
    let hosts: u64 = counts.iter().map(|counts| u64::from(counts.total)).sum();
    let mut left = 100;
    for (share, counts) in shares.iter_mut().zip(counts) {
        share.degraded = 0;
        share.healthy = (100 * u64::from(counts.total)).checked_div(hosts).unwrap_or(0) as u32;
        left -= share.healthy;
    }
    let first = counts.iter().position(|counts| counts.total > 0).unwrap_or(0);
    shares.iter_mut().skip(first).take(1).for_each(|first| first.healthy += left);
}

impl Counts {
    /// Whether fewer percent of them than these can be used.
    fn is_below(self, percent: u32) -> bool {
        let usable = u64::from(self.healthy) + u64::from(self.degraded);
        // Of none at all, no percent can be used.
        100 * usable < u64::from(percent) * u64::from(self.total.max(1))
    }
}

impl Shares {
    /// The priority for this number, which is a hash or a draw: as many of a hundred as it has percent.
    #[must_use]
    pub fn pick(&self, number: u64) -> usize {
        if self.priorities.len() <= 1 {
            return 0;
        }
        let part = (number % 100) as u32 + 1;
        if part <= self.healthy {
            self.reached(part, |share| share.healthy)
        } else {
            self.reached(part - self.healthy, |share| share.degraded)
        }
    }

    /// Whether for this number it is the priority's degraded hosts that are meant.
    #[must_use]
    pub const fn is_degraded(&self, number: u64) -> bool {
        (number % 100) as u32 + 1 > self.healthy
    }

    fn reached(&self, part: u32, load: impl Fn(&Share) -> u32) -> usize {
        let mut sum = 0;
        let reached = self.priorities.iter().position(|share| {
            sum += load(share);
            sum >= part
        });
        reached.unwrap_or(0)
    }

    /// The percent of each priority, its degraded hosts with the others; 100 together.
    pub fn loads(&self) -> impl Iterator<Item = u32> {
        self.priorities.iter().map(|share| share.healthy + share.degraded)
    }

    /// The percent of each priority that goes to degraded hosts.
    pub fn degraded_loads(&self) -> impl Iterator<Item = u32> {
        self.priorities.iter().map(|share| share.degraded)
    }

    /// Whether this priority sends to all its hosts, healthy or not.
    #[must_use]
    pub fn panics(&self, priority: usize) -> bool {
        self.priorities.get(priority).is_some_and(|share| share.panics)
    }

    /// Whether all priorities do, so that the number of hosts alone decides.
    #[must_use]
    pub const fn all_panic(&self) -> bool {
        self.all_panic
    }
}

/// What a locality of this weight weighs while so many of its hosts can be used.
///
/// ```
/// use tower_mesh::policy::balance::locality_weight;
///
/// let ill = locality_weight(80, 3, 5, 140);
/// assert!((ill - 67.2).abs() < 1e-9);
/// assert_eq!(locality_weight(80, 4, 5, 140), 80.0);
/// ```
#[must_use]
pub fn locality_weight(weight: u32, available: u32, total: u32, overprovisioning: u32) -> f64 {
    if total == 0 {
        return 0.0;
    }
    let available = f64::from(available) / f64::from(total);
    f64::from(weight) * (f64::from(overprovisioning) / 100.0 * available).min(1.0)
}
