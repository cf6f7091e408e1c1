//! The same key finds the same host, and hardly a key moves that need not: a table that is filled in turn.

use xxhash_rust::xxh64::xxh64;

use super::ring_hash::{counted, weighing};

/// A table of hosts: a hash is divided by its size, and what remains is a place in it.
///
/// Every host has an order in which it would take the places, which follows from its key alone; hosts take places in
/// turn, the heavier ones more often. So shares are nearly exact and a pick is one look into memory. The table is the one
/// that Envoy builds.
///
/// ```
/// use tower_mesh::policy::balance::{Maglev, TableSize};
///
/// let table = Maglev::new([("10.0.0.1:80", 1.0), ("10.0.0.2:80", 2.0)], TableSize::default());
/// let places: Vec<_> = table.places().collect();
/// assert_eq!(places, [(0, 21846), (1, 43691)]);
/// assert_eq!(Maglev::new([], TableSize::default()).pick(7, 0), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maglev {
    /// Empty without hosts.
    table: Box<[u32]>,
}

/// How many places a table has: a prime, so that every host's order goes through all of them.
///
/// ```
/// use tower_mesh::policy::balance::TableSize;
///
/// assert_eq!(TableSize::default().get(), 65537);
/// assert!(TableSize::try_from(307_u64).is_ok());
/// let error = TableSize::try_from(1024_u64).unwrap_err();
/// assert_eq!(error.to_string(), "a table of 1024 places: it must be a prime, and at most 5000011");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TableSize(u32);

/// No table can have so many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a table of {0} places: it must be a prime, and at most {most}", most = TableSize::MOST)]
pub struct TableSizeError(u64);

impl TableSize {
    const MOST: u64 = 5_000_011;

    /// How many.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for TableSize {
    fn default() -> Self {
        Self(65_537)
    }
}

impl TryFrom<u64> for TableSize {
    type Error = TableSizeError;

    fn try_from(size: u64) -> Result<Self, TableSizeError> {
        let is_prime = || (2..).take_while(|by| by * by <= size).all(|by| !size.is_multiple_of(by));
        if (2..=Self::MOST).contains(&size) && is_prime() {
            Ok(Self(size as u32))
        } else {
            Err(TableSizeError(size))
        }
    }
}

/// A host that takes places.
struct Taker {
    number: u32,
    /// Where it would like to be next.
    place: u32,
    skip: u32,
    weight: f64,
    target: f64,
}

const FREE: u32 = u32::MAX;

impl Maglev {
    /// The table of these hosts: a key of each, which is its address, and its weight. A host that weighs nothing has no
    /// place.
    ///
    /// A host's number is its place in the order here; that order tells nothing else.
    #[must_use]
    pub fn new<'k>(hosts: impl IntoIterator<Item = (&'k str, f64)>, size: TableSize) -> Self {
        let mut hosts: Vec<_> = weighing(hosts).collect();
        if hosts.is_empty() {
            return Self { table: Box::default() };
        }
        // The order of turns must not depend on who came first.
        hosts.sort_unstable_by_key(|(number, key, _)| (*key, *number));
        let size = size.get();
        let sum: f64 = hosts.iter().map(|(.., weight)| weight).sum();
        let takers = hosts.into_iter().map(|(number, key, weight)| Taker {
            number,
            place: (xxh64(key.as_bytes(), 0) % u64::from(size)) as u32,
            skip: (xxh64(key.as_bytes(), 1) % u64::from(size - 1)) as u32 + 1,
            weight: weight / sum,
            target: 0.0,
        });
        Self { table: filled(takers.collect(), size).into() }
    }

    /// Whose key has this hash; another `attempt` looks elsewhere, where the same can be.
    #[must_use]
    pub fn pick(&self, hash: u64, attempt: u32) -> Option<u32> {
        if self.table.is_empty() {
            return None;
        }
        let hash = if attempt == 0 { hash } else { hash ^ (u64::MAX - u64::from(attempt) + 1) };
        Some(self.table[(hash % self.table.len() as u64) as usize])
    }

    /// How many places each host has that has any, by its number: `(host, places)`.
    pub fn places(&self) -> impl Iterator<Item = (u32, usize)> {
        counted(&self.table)
    }
}

/// In each round those take a place who by their weight are due.
fn filled(mut takers: Vec<Taker>, size: u32) -> Vec<u32> {
    let heaviest = takers.iter().map(|taker| taker.weight).fold(0.0, f64::max);
    let (mut table, mut free, mut round) = (vec![FREE; size as usize], size, 0.0);
    loop {
        round += 1.0;
        for taker in &mut takers {
            if round * taker.weight < taker.target {
                continue;
            }
            taker.target += heaviest;
            while table[taker.place as usize] != FREE {
                taker.step(size);
            }
            table[taker.place as usize] = taker.number;
            taker.step(size);
            free -= 1;
            if free == 0 {
                return table;
            }
        }
    }
}

impl Taker {
    const fn step(&mut self, size: u32) {
        // Twice the largest size is far from too large.
        self.place += self.skip;
        if self.place >= size {
            self.place -= size;
        }
    }
}
