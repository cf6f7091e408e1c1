//! How many may be ejected at once, and how often what is detected comes true.

use tower_mesh::policy::outlier::HowMany;

use super::*;

fn pool(hosts: u64, percent: u32, rule: HowMany) -> Pool {
    Pool::new(hosts, istio().consecutive_5xx(1).max_ejection_percent(percent).how_many(rule))
}

/// All hosts fail: how many are ejected.
fn of_all(hosts: u64, percent: u32, rule: HowMany) -> usize {
    let mut pool = pool(hosts, percent, rule);
    let changes: Vec<_> = (1..=hosts).flat_map(|host| pool.see(host, Seen::Answered(500), host)).collect();
    let ejected = changes.iter().filter(|change| change.ejects() == Some(true)).count();
    let overflowed = names(&changes).iter().filter(|name| **name == "ejection_overflow").count();
    assert_eq!((ejected, overflowed), (pool.detector.ejected(), hosts as usize - ejected));
    assert_eq!(ejected, pool.detector.settings().most_ejected(hosts as usize));
    ejected
}

/// Case 14, and that of a single host.
#[test]
fn of_fewer_than_ten_hosts_ten_percent_is_nobody() {
    let mut pool = Pool::new(9, istio());
    for overflows in 1..=3 {
        assert_eq!(names(&pool.see_all(1, [Seen::Answered(500); 5], 10)), ["ejection_overflow"]);
        assert_eq!(pool.detector.counts().overflows(), overflows);
    }
    assert_eq!((1..=9).map(|hosts| of_all(hosts, 10, HowMany::Strict)).sum::<usize>(), 0);
    assert_eq!(of_all(9, 10, HowMany::OneAtLeast), 1);
}

/// Case 15.
#[test]
fn of_ten_hosts_ten_percent_is_one_and_of_twenty_two() {
    assert_eq!([10, 19, 20, 29].map(|hosts| of_all(hosts, 10, HowMany::Strict)), [1, 1, 2, 2]);
}

/// Case 16, and as was seen of Envoy with three hosts.
#[test]
fn the_percentage_is_never_exceeded() {
    let cases = [(0, 0), (10, 0), (33, 0), (34, 1), (50, 1), (66, 1), (67, 2), (99, 2), (100, 3)];
    for (percent, ejected) in cases {
        assert_eq!(of_all(3, percent, HowMany::Strict), ejected, "{percent}");
    }
}

#[test]
fn one_at_least_is_one_and_no_more_for_it() {
    for (percent, ejected) in [(0, 1), (10, 1), (34, 1), (66, 1), (67, 2), (100, 3)] {
        assert_eq!(of_all(3, percent, HowMany::OneAtLeast), ejected, "{percent}");
    }
}

/// As Envoy did once: the share is looked at before, so that the last one may exceed it.
#[test]
fn by_the_old_rule_the_percentage_may_be_exceeded_by_one() {
    for (percent, ejected) in [(0, 1), (10, 1), (33, 1), (34, 2), (66, 2), (67, 3), (100, 3)] {
        assert_eq!(of_all(3, percent, HowMany::Legacy), ejected, "{percent}");
    }
}

#[test]
fn hosts_that_come_and_go_change_how_many_may_be_ejected() {
    let mut pool = pool(9, 10, HowMany::Strict);
    assert_eq!(names(&pool.see(1, Seen::Answered(500), 10)), ["ejection_overflow"]);
    pool.detector.insert(HostId::new(10));
    pool.detector.insert(HostId::new(10));
    assert_eq!(pool.detector.hosts(), 10);
    assert_eq!(names(&pool.see(1, Seen::Answered(500), 20)), ["ejected"]);
    pool.detector.remove(HostId::new(10));
    assert!(pool.is_ejected(1), "who is ejected stays so");
}

/// Case 26.
#[test]
fn a_host_that_leaves_while_it_is_ejected_is_forgotten() {
    let mut pool = pool(2, 50, HowMany::Strict);
    for _ in 0..2 {
        assert_eq!(names(&pool.see(1, Seen::Answered(500), 0)), ["ejected"]);
        pool.detector.remove(HostId::new(1));
        assert_eq!(
            (pool.detector.ejected(), pool.detector.hosts(), pool.detector.due()),
            (0, 1, Time::NEVER)
        );
        pool.detector.insert(HostId::new(1));
        let standing = pool.detector.standing(HostId::new(1), at(1)).expect("it is known");
        assert_eq!((standing.times, standing.next, standing.ejected_at), (0, 1, None));
    }
    assert_eq!(pool.turn(100_000), []);
    pool.detector.remove(HostId::new(7));
    assert_eq!(pool.detector.hosts(), 2);
}

/// Looked at before chance, as Envoy does.
#[test]
fn a_detection_that_would_not_be_enforced_overflows_all_the_same() {
    let mut pool = Pool::new(3, istio().consecutive_gateway(1));
    let changes = pool.see(1, Seen::Answered(503), 10);
    assert_eq!(kinds(&changes), [("ejection_overflow", Kind::ConsecutiveGateway)]);
}

#[test]
fn chance_decides_each_detection_by_itself() {
    let settings = istio().max_ejection_percent(100).enforcing(Kind::Consecutive5xx, 30);
    let ejects = |kind, draw: u64| {
        let mut pool = Pool::new(1, settings.clone().enforcing(Kind::ConsecutiveGateway, 30));
        let change = pool.detector.detected(HostId::new(1), kind, Draw::new(draw), at(1));
        names(change.as_slice()) == ["ejected"]
    };
    let draws: Vec<u64> =
        (0..10_000).map(|ordinal| u64::wrapping_mul(ordinal, 0x9e37_79b9_7f4a_7c15)).collect();
    let share = |hits: &dyn Fn(u64) -> bool| draws.iter().filter(|draw| hits(**draw)).count();
    let errors = share(&|draw| ejects(Kind::Consecutive5xx, draw));
    let both = share(&|draw| ejects(Kind::Consecutive5xx, draw) && ejects(Kind::ConsecutiveGateway, draw));
    assert!((2_800..3_200).contains(&errors), "{errors}");
    assert!((750..1_050).contains(&both), "{both}");
}
