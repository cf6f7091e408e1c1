//! The table that Envoy builds.

use tower_mesh::policy::balance::{Maglev, TableSize};

fn size(size: u64) -> TableSize {
    size.try_into().expect("a prime")
}

fn hosts(count: usize) -> Vec<String> {
    (90..90 + count).map(|port| format!("127.0.0.1:{port}")).collect()
}

fn table(hosts: &[String], size: TableSize) -> Maglev {
    Maglev::new(hosts.iter().map(|host| (&**host, 1.0)), size)
}

#[test]
fn every_place_is_whose_it_is_in_envoy() {
    let table = table(&hosts(6), size(7));
    let places: Vec<_> = (0..14).map(|hash| table.pick(hash, 0).expect("a host")).collect();
    assert_eq!(places, [2, 4, 0, 1, 5, 0, 3].repeat(2));
}

#[test]
fn weights_are_those_of_envoy() {
    let table = Maglev::new([("127.0.0.1:90", 1.0), ("127.0.0.1:91", 2.0)], size(17));
    assert_eq!(table.places().collect::<Vec<_>>(), [(0, 6), (1, 11)]);
    let first: Vec<_> = (0..9).map(|hash| table.pick(hash, 0).expect("a host")).collect();
    assert_eq!(first, [1, 0, 0, 1, 0, 1, 1, 0, 1]);
}

#[test]
fn the_order_of_hosts_tells_nothing_but_their_numbers() {
    let (hosts, mut back) = (hosts(6), hosts(6));
    back.reverse();
    let (there, back) = (table(&hosts, size(307)), table(&back, size(307)));
    for hash in 0..307 {
        assert_eq!(there.pick(hash, 0), back.pick(hash, 0).map(|host| 5 - host));
    }
}

#[test]
fn another_attempt_looks_elsewhere() {
    let table = table(&hosts(6), size(7));
    for attempt in 1..5_u64 {
        let elsewhere = 3 ^ 0_u64.wrapping_sub(attempt);
        assert_eq!(table.pick(3, attempt as u32), table.pick(elsewhere, 0));
    }
}

/// Case 97.
#[test]
fn the_table_is_full_and_equals_have_equal_parts() {
    for count in [1, 2, 3, 10, 100] {
        let table = table(&hosts(count), TableSize::default());
        let places: Vec<_> = table.places().map(|(_, places)| places).collect();
        assert_eq!((places.len(), places.iter().sum()), (count, 65_537));
        let (least, most) = (places.iter().min().unwrap(), places.iter().max().unwrap());
        assert!(most - least <= 655, "{count}: {least} to {most}");
    }
}

/// Case 97.
#[test]
fn of_ten_hosts_one_leaves_and_few_keys_move() {
    let hosts = hosts(10);
    let (all, fewer) = (table(&hosts, TableSize::default()), table(&hosts[..9], TableSize::default()));
    let moved = (0..65_537).filter(|hash| all.pick(*hash, 0) != fewer.pick(*hash, 0)).count();
    assert!(moved < 65_537 * 15 / 100, "{moved}");
}

#[test]
fn who_weighs_nothing_has_no_place() {
    let table = Maglev::new([("a:1", 0.0), ("a:2", 1.0)], size(7));
    assert_eq!(table.places().collect::<Vec<_>>(), [(1, 7)]);
    assert_eq!(Maglev::new([("a:1", 0.0)], size(7)).pick(0, 1), None);
}

#[test]
fn a_size_is_a_prime() {
    for wrong in [0, 1, 4, 65_536, 65_541, 5_000_021] {
        assert!(TableSize::try_from(wrong).is_err(), "{wrong}");
    }
    for right in [2, 3, 5, 65_537, 5_000_011] {
        assert_eq!(u64::from(size(right).get()), right);
        assert!(Maglev::new([("a:1", 1.0), ("a:2", 1.0)], size(right)).pick(9, 0).is_some());
    }
}
