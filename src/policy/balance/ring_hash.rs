//! The same key finds the same host, and few keys move when a host comes or goes: a ring.

use std::io::Write as _;

use xxhash_rust::xxh64::xxh64;

/// Hosts on a ring, each at many places; a key belongs to whoever stands next.
///
/// It is the ring that Envoy builds: the same hosts with the same weights find the same host for a hash, here and there.
/// A host has as many places as its weight asks for, so that the lightest has a whole number of them and the ring has at
/// least as many as are wanted.
///
/// Finding takes a binary search; building sorts the places.
///
/// ```
/// use tower_mesh::policy::balance::Ring;
///
/// let hosts = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"].map(|host| (host, 1.0));
/// let ring = Ring::new(hosts, Ring::MINIMUM, Ring::MAXIMUM);
/// assert_eq!(ring.size(), 1026); // the next multiple of three
/// let jason = 0xd24e_c4f1_a98c_6e5b;
/// assert_eq!(ring.pick(jason, 0), ring.pick(jason, 0));
/// assert_eq!(Ring::new([], 1024, 1024).pick(jason, 0), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// Apart from the hosts, so that a search touches half as many cache lines.
    hashes: Box<[u64]>,
    hosts: Box<[u32]>,
}

impl Ring {
    /// How many places Envoy wants at least.
    pub const MINIMUM: u32 = 1024;

    /// How many places Envoy allows.
    pub const MAXIMUM: u32 = 8_388_608;

    /// The ring of these hosts: a key of each, which is its address, and its weight. A host that weighs nothing has no
    /// place.
    ///
    /// A host's number is its place in the order here. That order tells little else: only in a ring that would become
    /// too large do the first get the odd places.
    #[must_use]
    pub fn new<'k>(hosts: impl IntoIterator<Item = (&'k str, f64)>, minimum: u32, maximum: u32) -> Self {
        let hosts: Vec<_> = weighing(hosts).collect();
        let sum: f64 = hosts.iter().map(|(.., weight)| weight).sum();
        let lightest = hosts.iter().map(|(.., weight)| weight / sum).fold(f64::INFINITY, f64::min);
        let scale = (lightest * f64::from(minimum.max(1))).ceil() / lightest;
        let scale = scale.min(f64::from(maximum.max(1)));

        let mut places: Vec<(u64, u32)> =
            Vec::with_capacity(if hosts.is_empty() { 0 } else { scale as usize + 1 });
        let (mut target, mut key) = (0.0, Vec::new());
        for (host, name, weight) in hosts {
            key.clear();
            key.extend_from_slice(name.as_bytes());
            key.push(b'_');
            let name = key.len();
            target += scale * (weight / sum);
            for place in 0_u32.. {
                if places.len() as f64 >= target {
                    break;
                }
                key.truncate(name);
                // Writing into memory cannot fail.
                let _ = write!(key, "{place}");
                places.push((xxh64(&key, 0), host));
            }
        }
        places.sort_unstable();
        let (hashes, hosts): (Vec<_>, Vec<_>) = places.into_iter().unzip();
        Self { hashes: hashes.into(), hosts: hosts.into() }
    }

    /// Whose key has this hash; with an `attempt` above 0 whoever stands so many places further, which can be the same.
    #[must_use]
    pub fn pick(&self, hash: u64, attempt: u32) -> Option<u32> {
        let next = self.hashes.partition_point(|place| *place < hash);
        let place = next + attempt as usize;
        let around = || place.checked_rem(self.hosts.len()).and_then(|place| self.hosts.get(place));
        self.hosts.get(place).or_else(around).copied()
    }

    /// How many places there are.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.hosts.len()
    }

    /// How many places each host has that has any, by its number: `(host, places)`.
    pub fn places(&self) -> impl Iterator<Item = (u32, usize)> {
        counted(&self.hosts)
    }
}

/// Those that weigh something, with their numbers.
pub(super) fn weighing<'k>(
    hosts: impl IntoIterator<Item = (&'k str, f64)>,
) -> impl Iterator<Item = (u32, &'k str, f64)> {
    let hosts = (0..).zip(hosts).map(|(number, (key, weight))| (number, key, weight));
    hosts.filter(|(.., weight)| *weight > 0.0 && weight.is_finite())
}

/// How often each number is there.
pub(super) fn counted(numbers: &[u32]) -> impl Iterator<Item = (u32, usize)> {
    let most = numbers.iter().max().map_or(0, |most| *most as usize + 1);
    let mut counts = vec![0; most];
    for number in numbers {
        counts[*number as usize] += 1;
    }
    (0..).zip(counts).filter(|(_, count)| *count > 0)
}
