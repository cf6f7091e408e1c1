//! Rings and tables: the same key finds the same host, and few keys move.

use proptest::prelude::*;
use tower_mesh::policy::balance::{Maglev, Ring, TableSize};

fn hosts(count: usize, seed: u16) -> Vec<String> {
    (0..count).map(|host| format!("10.{}.{}.{host}:9080", seed >> 8, seed & 255)).collect()
}

/// Keys that are spread as hashes are.
fn keys() -> impl Iterator<Item = u64> + Clone {
    (0_u64..4000).map(|key| xxhash_rust::xxh64::xxh64(&key.to_le_bytes(), 0))
}

fn ring(hosts: &[(String, f64)], minimum: u32) -> Ring {
    Ring::new(hosts.iter().map(|(host, weight)| (&**host, *weight)), minimum, Ring::MAXIMUM)
}

fn table(hosts: &[(String, f64)], size: u64) -> Maglev {
    let size = TableSize::try_from(size).expect("a prime");
    Maglev::new(hosts.iter().map(|(host, weight)| (&**host, *weight)), size)
}

fn weighing(count: usize, seed: u16, weights: &[u32]) -> Vec<(String, f64)> {
    hosts(count, seed).into_iter().zip(weights.iter().cycle().map(|weight| f64::from(*weight))).collect()
}

/// The share of these keys whose host is another, found by name.
fn moved(
    keys: impl Iterator<Item = u64> + Clone,
    before: &(&[(String, f64)], impl Fn(u64) -> Option<u32>),
    after: &(&[(String, f64)], impl Fn(u64) -> Option<u32>),
) -> f64 {
    let name = |hosts: &[(String, f64)], host: Option<u32>| hosts[host.expect("a host") as usize].0.clone();
    let moved = keys.clone().filter(|key| name(before.0, before.1(*key)) != name(after.0, after.1(*key)));
    moved.count() as f64 / keys.count() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_a_ring_each_host_has_the_places_that_it_weighs(
        count in 1_usize..40, seed: u16, weights in prop::collection::vec(1_u32..10, 1..6)
    ) {
        let hosts = weighing(count, seed, &weights);
        let ring = ring(&hosts, 1024);
        let sum: f64 = hosts.iter().map(|(_, weight)| weight).sum();
        prop_assert!(ring.size() >= 1024);
        prop_assert_eq!(ring.places().count(), count);
        for (host, places) in ring.places() {
            let due = hosts[host as usize].1 / sum * ring.size() as f64;
            prop_assert!((places as f64 - due).abs() < 2.0, "{} of {}", places, due);
        }
    }

    /// Its own keys move, and those between places that the others lose since each then needs fewer of them.
    #[test]
    fn of_a_ring_one_leaves_and_few_keys_move(count in 3_usize..20, seed: u16) {
        let hosts = weighing(count, seed, &[1]);
        let (all, fewer) = (ring(&hosts, 1024), ring(&hosts[1..], 1024));
        let share = 1.0 / count as f64;
        let moved = moved(keys(), &(&hosts[..], |key| all.pick(key, 0)), &(&hosts[1..], |key| fewer.pick(key, 0)));
        prop_assert!(moved < 2.0 * share + 0.12, "{} for a share of {}", moved, share);
    }

    /// With as many places for each as before, nobody else's keys do.
    #[test]
    fn of_a_ring_nobody_elses_keys_move_if_the_others_keep_their_places(count in 2_usize..20, seed: u16, key: u64) {
        let hosts = weighing(count, seed, &[1]);
        let (all, fewer) = (ring(&hosts, 50 * count as u32), ring(&hosts[..count - 1], 50 * (count as u32 - 1)));
        let before = all.pick(key, 0).expect("a host");
        prop_assert!(before as usize == count - 1 || fewer.pick(key, 0) == Some(before));
    }

    #[test]
    fn a_key_finds_the_same_host_however_hosts_are_ordered(
        order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(), seed: u16, key: u64, attempt in 0_u32..3
    ) {
        let hosts = weighing(12, seed, &[1, 2, 3]);
        let shuffled: Vec<_> = order.iter().map(|host| hosts[*host].clone()).collect();
        let (here, there) = (table(&hosts, 307), table(&shuffled, 307));
        let there = there.pick(key, attempt).map(|host| order[host as usize] as u32);
        prop_assert_eq!(here.pick(key, attempt), there);
        // Whole numbers of places for all, so that who comes first has no odd one.
        let (here, there) = (ring(&hosts, 24), ring(&shuffled, 24));
        let there = there.pick(key, attempt).map(|host| order[host as usize] as u32);
        prop_assert_eq!(here.pick(key, attempt), there);
    }

    #[test]
    fn of_a_table_each_host_has_the_places_that_it_weighs(
        count in 1_usize..30, seed: u16, weights in prop::collection::vec(1_u32..10, 1..6)
    ) {
        let hosts = weighing(count, seed, &weights);
        let sum: f64 = hosts.iter().map(|(_, weight)| weight).sum();
        let (mut all, size) = (0, 5003);
        for (host, places) in table(&hosts, size).places() {
            let due = hosts[host as usize].1 / sum * size as f64;
            prop_assert!((places as f64 - due).abs() <= 2.0 + due * 0.02, "{} of {}", places, due);
            all += places;
        }
        prop_assert_eq!(all as u64, size);
    }

    /// A little more where two hosts happen to like the same places in the same order.
    #[test]
    fn of_a_table_one_leaves_and_hardly_another_key_moves(count in 5_usize..20, seed: u16, leaver: usize) {
        let hosts = weighing(count, seed, &[1]);
        let mut left = hosts.clone();
        left.remove(leaver % count);
        let (all, fewer) = (table(&hosts, 5003), table(&left, 5003));
        let moved = moved(0..5003, &(&hosts[..], |key| all.pick(key, 0)), &(&left[..], |key| fewer.pick(key, 0)));
        prop_assert!(moved < 2.0 / count as f64 + 0.05, "{}", moved);
    }
}
