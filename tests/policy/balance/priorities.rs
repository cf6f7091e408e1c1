//! How much goes to which priority, and what a locality weighs.

use tower_mesh::policy::balance::{Counts, Shares, locality_weight, shares};

/// Of (healthy, all) hosts in each priority, with Envoy's overprovisioning.
fn of(hosts: &[(u32, u32)], panic_percent: u32) -> Shares {
    let counts: Vec<_> = hosts.iter().map(|(healthy, all)| Counts::healthy_of(*healthy, *all)).collect();
    shares(&counts, 140, panic_percent)
}

fn loads(hosts: &[(u32, u32)], panic_percent: u32) -> Vec<u32> {
    of(hosts, panic_percent).loads().collect()
}

fn panics(hosts: &[(u32, u32)], panic_percent: u32) -> Vec<bool> {
    let shares = of(hosts, panic_percent);
    (0..hosts.len()).map(|priority| shares.panics(priority)).collect()
}

/// Case 92.
#[test]
fn what_one_priority_lacks_the_next_one_gets() {
    for (hosts, expected) in [
        (&[(5, 10), (10, 10)][..], &[70, 30][..]),
        (&[(71, 100), (100, 100)], &[99, 1]),
        (&[(72, 100), (100, 100)], &[100, 0]),
        (&[(2, 3), (3, 3)], &[93, 7]),
        (&[(1, 3), (3, 3)], &[46, 54]),
        (&[(25, 100), (25, 100), (20, 100)], &[37, 35, 28]),
        (&[(5, 100), (65, 100)], &[8, 92]),
        (&[(50, 100), (60, 100)], &[70, 30]),
        (&[(25, 100), (100, 100)], &[35, 65]),
        (&[(0, 0), (10, 10)], &[0, 100]),
        (&[(0, 10), (0, 10), (10, 10)], &[0, 0, 100]),
        (&[(10, 10)], &[100]),
        (&[(1, 10)], &[100]),
        (&[], &[]),
    ] {
        assert_eq!(loads(hosts, 0), expected, "{hosts:?}");
    }
}

/// As a real Envoy was seen to share: 5 hosts in each of three regions, of the first of which some are ejected.
#[test]
fn a_region_keeps_what_it_can_and_the_rest_goes_on() {
    for (healthy, kept) in [(5, 100), (4, 100), (3, 84), (2, 56), (1, 28), (0, 0)] {
        for panic_percent in [0, 50] {
            assert_eq!(loads(&[(healthy, 5), (5, 5), (5, 5)], panic_percent), [kept, 100 - kept, 0]);
        }
    }
    assert_eq!(loads(&[(1, 5), (2, 5), (5, 5)], 0), [28, 56, 16]);
    assert_eq!(loads(&[(0, 5), (0, 5), (5, 5)], 0), [0, 0, 100]);
}

/// Case 92: those who are well first, then those who are half well.
#[test]
fn degraded_hosts_get_what_the_healthy_cannot_take() {
    let counts = |healthy, degraded| Counts { healthy, degraded, total: 140 };
    let shares = shares(&[counts(10, 20), counts(20, 10), counts(10, 0)], 140, 0);
    assert_eq!(shares.loads().collect::<Vec<_>>(), [16 + 28, 28 + 14, 14]);
    assert_eq!(shares.degraded_loads().collect::<Vec<_>>(), [28, 14, 0]);
    let picked =
        [15, 16, 43, 44, 57, 58, 85, 86, 99].map(|number| (shares.pick(number), shares.is_degraded(number)));
    let expected = [(0, false), (1, false), (1, false), (2, false), (2, false)];
    assert_eq!(
        (&picked[..5], &picked[5..]),
        (&expected[..], &[(0, true), (0, true), (1, true), (1, true)][..])
    );
}

#[test]
fn degraded_hosts_alone_take_everything() {
    let ill = Counts { healthy: 0, degraded: 1, total: 3 };
    let shares = shares(&[ill, ill], 100, 0);
    assert_eq!(shares.degraded_loads().collect::<Vec<_>>(), [50, 50]);
    assert_eq!((shares.is_degraded(0), shares.pick(49), shares.pick(50)), (true, 0, 1));
}

/// Case 92: in panic is who has less than the threshold while all together are not well enough.
#[test]
fn a_priority_panics_below_its_threshold() {
    assert_eq!(panics(&[(5, 10)], 50), [false]);
    assert_eq!(panics(&[(4, 10)], 50), [true]);
    assert_eq!(panics(&[(499, 1000)], 50), [true]);
    assert_eq!(panics(&[(500, 1000)], 50), [false]);
    assert_eq!(panics(&[(4, 10)], 40), [false]);
    assert_eq!(panics(&[(4, 10)], 0), [false]);
    assert_eq!(panics(&[(4, 10), (2, 10)], 30), [false, true]);
    assert_eq!(panics(&[(0, 0), (5, 10)], 50), [true, false], "nobody is fewer than half");
}

/// Case 94.
#[test]
fn nobody_panics_while_all_together_are_well_enough() {
    assert_eq!(panics(&[(25, 100), (100, 100)], 50), [false, false]);
    assert_eq!(loads(&[(25, 100), (100, 100)], 50), [35, 65]);
    assert_eq!(panics(&[(0, 100), (72, 100)], 100), [false, false]);
}

#[test]
fn a_priority_in_panic_keeps_its_share() {
    let hosts = [(4, 10), (2, 10)];
    assert_eq!(loads(&hosts, 30), loads(&hosts, 0));
    assert!(!of(&hosts, 30).all_panic());
}

/// Case 93.
#[test]
fn if_all_panic_the_number_of_hosts_decides() {
    assert_eq!(loads(&[(0, 10), (0, 30)], 50), [25, 75]);
    assert_eq!(loads(&[(0, 0), (0, 1), (0, 2)], 50), [0, 34, 66]);
    assert_eq!(loads(&[(4, 10), (1, 30)], 50), [25, 75]);
    assert_eq!(loads(&[(0, 0), (0, 0)], 50), [100, 0]);
    assert!(of(&[(0, 10), (0, 30)], 50).all_panic());
}

/// Case 93: somebody has to find out that nobody is there.
#[test]
fn without_panic_the_first_one_gets_everything_if_nobody_is_well() {
    assert_eq!(loads(&[(0, 10), (0, 10)], 0), [100, 0]);
    assert_eq!(panics(&[(0, 10), (0, 10)], 0), [false, false]);
    assert_eq!(loads(&[(0, 0)], 0), [100]);
}

#[test]
fn of_a_hundred_numbers_each_priority_gets_its_percent() {
    let shares = of(&[(5, 10), (3, 20), (10, 10)], 0);
    assert_eq!(shares.loads().collect::<Vec<_>>(), [70, 21, 9]);
    for base in [0, 100, u64::MAX - u64::MAX % 100 - 100] {
        let picks: Vec<_> = (base..base + 100).map(|number| shares.pick(number)).collect();
        assert!(picks.is_sorted());
        assert_eq!([0, 1, 2].map(|it| picks.iter().filter(|pick| **pick == it).count()), [70, 21, 9]);
    }
    assert_eq!((of(&[(1, 1)], 0).pick(99), of(&[], 50).pick(7)), (0, 0));
}

/// As a real Envoy was seen to share 80/10/10 while of the first locality's five hosts some are ejected.
#[test]
fn a_locality_weighs_less_when_it_lacks_hosts() {
    for (healthy, percent) in [(5, 80.0), (4, 80.0), (3, 77.06), (2, 69.14), (1, 52.83), (0, 0.0)] {
        let ill = locality_weight(80, healthy, 5, 140);
        let others = 2.0 * locality_weight(10, 5, 5, 140);
        let found = 100.0 * ill / (ill + others);
        assert!((found - percent).abs() < 0.01, "{healthy}: {found}");
    }
}

/// Case 92.
#[test]
fn two_localities_share_by_what_they_have_left() {
    for (healthy, first) in [(50, 26.0), (69, 32.6), (25, 14.9), (72, 33.3), (100, 33.3)] {
        let (x, y) = (locality_weight(1, healthy, 100, 140), locality_weight(2, 100, 100, 140));
        let found = 100.0 * x / (x + y);
        assert!((found - first).abs() < 0.1, "{healthy} %: {found}");
    }
    assert_eq!(locality_weight(7, 0, 0, 140), 0.0);
}
