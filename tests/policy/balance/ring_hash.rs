//! The ring that Envoy builds.

use tower_mesh::policy::balance::Ring;

const ANY: u32 = Ring::MAXIMUM;

fn places(ring: &Ring) -> Vec<usize> {
    ring.places().map(|(_, places)| places).collect()
}

fn six() -> Ring {
    let hosts: Vec<_> = (90..=95).map(|port| format!("127.0.0.1:{port}")).collect();
    Ring::new(hosts.iter().map(|host| (&**host, 1.0)), 12, ANY)
}

#[test]
fn every_place_is_where_envoy_has_it() {
    let envoys = [
        (833_437_586_790_550_860, 4),
        (928_266_305_478_181_108, 2),
        (1_033_482_794_131_418_490, 0),
        (3_551_244_743_356_806_947, 5),
        (3_851_675_632_748_031_481, 3),
        (5_583_722_120_771_150_861, 1),
        (6_311_230_543_546_372_928, 1),
        (7_700_377_290_971_790_572, 3),
        (13_144_177_310_400_110_813, 5),
        (13_444_792_449_719_432_967, 2),
        (15_516_499_411_664_133_160, 4),
        (16_117_243_373_044_804_889, 0),
    ];
    let ring = six();
    assert_eq!(places(&ring), [2; 6]);
    for ((place, host), (_, next)) in envoys.into_iter().zip(envoys.into_iter().cycle().skip(1)) {
        assert_eq!((ring.pick(place, 0), ring.pick(place + 1, 0)), (Some(host), Some(next)), "{place}");
    }
    assert_eq!((ring.pick(0, 0), ring.pick(u64::MAX, 0)), (Some(4), Some(4)));
}

#[test]
fn another_attempt_goes_on_along_the_ring_and_around() {
    let ring = six();
    let tried = |hash, attempts: [u32; 4]| attempts.map(|attempt| ring.pick(hash, attempt).expect("a host"));
    assert_eq!(tried(0, [0, 1, 2, 3]), [4, 2, 0, 5]);
    assert_eq!(tried(0, [11, 12, 13, 14]), [0, 4, 2, 0]);
    // Behind the last place the first one is found, and counted from.
    assert_eq!(tried(u64::MAX, [0, 1, 2, 3]), [4, 2, 0, 5]);
    assert!(ring.pick(1, u32::MAX).is_some());
}

/// Case 96: equal hosts have equally many places, in whole numbers of the lightest; a large ring is cut.
#[test]
fn a_host_has_as_many_places_as_it_weighs() {
    let ring = |weights: &[f64], minimum, maximum| {
        let hosts: Vec<_> =
            weights.iter().enumerate().map(|(port, weight)| (format!("a:{port}"), *weight)).collect();
        Ring::new(hosts.iter().map(|(host, weight)| (&**host, *weight)), minimum, maximum)
    };
    for (weights, minimum, maximum, expected) in [
        (&[1.0, 1.0, 1.0][..], 1024, ANY, &[342, 342, 342][..]),
        (&[1.0, 2.0, 4.0], 1024, ANY, &[147, 294, 588]),
        (&[1.0, 1.0, 1.0, 1.0], 1024, 6, &[2, 1, 2, 1]),
        (&[1.0], 1024, ANY, &[1024]),
        (&[1.0, 1.0], 0, ANY, &[1, 1]),
        (&[0.25, 0.5, 1.0], 1024, ANY, &[147, 294, 588]),
    ] {
        let ring = ring(weights, minimum, maximum);
        assert_eq!(places(&ring), expected, "{weights:?}");
        assert_eq!(ring.size(), expected.iter().sum::<usize>());
    }
}

#[test]
fn who_weighs_nothing_has_no_place_and_the_others_keep_their_numbers() {
    let ring = Ring::new([("a:1", 0.0), ("a:2", 1.0), ("a:3", f64::NAN), ("a:4", 1.0)], 4, ANY);
    assert_eq!(ring.places().collect::<Vec<_>>(), [(1, 2), (3, 2)]);
    let nobody = Ring::new([("a:1", 0.0)], 4, ANY);
    assert_eq!((nobody.pick(7, 0), nobody.pick(7, 1), nobody.size()), (None, None, 0));
}

/// Case 96: while the number of places for each stays the same, only the keys of the one who leaves move.
#[test]
fn who_leaves_takes_only_his_own_keys_along() {
    let hosts: Vec<_> = (0..4).map(|port| format!("10.0.0.1:{port}")).collect();
    let all = Ring::new(hosts.iter().map(|host| (&**host, 1.0)), 400, ANY);
    let fewer = Ring::new(hosts.iter().take(3).map(|host| (&**host, 1.0)), 300, ANY);
    for key in (0..1000).map(|key: u64| key.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
        let before = all.pick(key, 0);
        assert!(before == Some(3) || before == fewer.pick(key, 0));
    }
}
