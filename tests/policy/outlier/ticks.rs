//! How long an ejection lasts: the base time once more each time, up to a tick, and less after good times.

use super::*;

/// One host that is ejected by each error.
fn pool(interval: u64, base: u64) -> Pool {
    Pool::new(1, settings(interval, base))
}

fn settings(interval: u64, base: u64) -> SettingsBuilder {
    let times = istio().interval(secs(interval)).base_ejection_time(secs(base));
    times.max_ejection_percent(100).consecutive_5xx(1)
}

/// Ejects the host: when it returns.
fn ejected(pool: &mut Pool, millis: u64) -> u64 {
    match pool.see(1, Seen::Answered(500), millis)[..] {
        [Change::Ejected { ejected_at, returns_at, lasts, .. }] => {
            assert_eq!((ejected_at, lasts), (at(millis), returns_at.since(at(millis))));
            assert_eq!(pool.detector.due(), returns_at);
            returns_at.as_nanos() / 1_000_000
        }
        ref other => panic!("not ejected: {other:?}"),
    }
}

/// The host returns just then.
fn returns(pool: &mut Pool, millis: u64) {
    assert_eq!(pool.turn(millis - 1), []);
    assert!(pool.is_ejected(1));
    assert_eq!(names(&pool.turn(millis)), ["returned"]);
    assert_eq!((pool.is_ejected(1), pool.detector.due()), (false, Time::NEVER));
}

/// Case 2.
#[test]
fn a_host_returns_at_the_tick_and_not_before() {
    let mut pool = Pool::new(2, settings(10, 30));
    assert_eq!(ejected(&mut pool, 0), 30_000);
    assert_eq!(pool.turn(9_999), []);
    assert!(pool.is_ejected(1));
    let returned = Change::Returned { host: HostId::new(1), at: at(30_000), after: secs(30) };
    assert_eq!(pool.turn(30_001), [returned]);
}

/// Case 3.
#[test]
fn a_tick_at_which_the_time_is_just_over_is_the_one() {
    let mut pool = pool(10, 30);
    assert_eq!(ejected(&mut pool, 0), 30_000);
    returns(&mut pool, 30_000);
}

/// As was seen of Envoy: base 3 s, interval 1 s.
#[test]
fn the_time_grows_by_once_the_base_time_and_ends_at_a_tick() {
    let mut pool = pool(1, 3);
    for (out, back) in [(10, 4_000), (4_010, 11_000), (11_000, 20_000)] {
        assert_eq!(ejected(&mut pool, out), back);
        returns(&mut pool, back);
    }
}

/// Case 17.
#[test]
fn the_time_grows_up_to_the_longest() {
    let mut pool = pool(10, 10);
    let mut now = 0;
    for nth in 1..=40 {
        let back = ejected(&mut pool, now);
        assert_eq!(back - now, 10_000 * nth.min(30), "{nth}");
        returns(&mut pool, back);
        now = back;
    }
}

/// As Envoy counts: one more than the longest time asks for.
#[test]
fn the_longest_time_is_left_after_two_good_ticks() {
    for (good, seconds) in [(0, 300), (1, 300), (2, 300), (3, 290), (4, 280)] {
        let mut pool = pool(10, 10);
        let mut now = 0;
        for _ in 0..40 {
            now = ejected(&mut pool, now);
            returns(&mut pool, now);
        }
        now += good * 10_000;
        assert_eq!(ejected(&mut pool, now) - now, seconds * 1_000, "{good}");
    }
}

/// Case 18.
#[test]
fn the_longest_time_ends_at_a_tick_too() {
    let mut pool = Pool::new(1, settings(10, 10).max_ejection_time(secs(305)));
    let mut now = 0;
    for nth in 1..=40 {
        let back = ejected(&mut pool, now);
        assert_eq!(back - now, 10_000 * nth.min(31), "{nth}");
        returns(&mut pool, back);
        now = back;
    }
}

/// As was seen of Envoy.
#[test]
fn at_most_four_seconds_are_three_and_then_four() {
    let mut pool = Pool::new(1, settings(1, 3).max_ejection_time(secs(4)));
    for (out, back) in [(0, 3_000), (3_000, 7_000), (7_000, 11_000)] {
        assert_eq!(ejected(&mut pool, out), back);
        returns(&mut pool, back);
    }
}

/// Case 19.
#[test]
fn after_a_long_good_time_all_is_forgotten() {
    let mut pool = pool(10, 10);
    let back = ejected(&mut pool, 0);
    returns(&mut pool, back);
    assert_eq!(ejected(&mut pool, 10_000), 30_000);
    returns(&mut pool, 30_000);
    assert_eq!(ejected(&mut pool, 530_000), 540_000);
    assert_eq!(pool.detector.standing(HostId::new(1), at(530_000)).expect("known").times, 3);
}

/// As was seen of Envoy: after the third ejection it was good for so many ticks.
#[test]
fn each_tick_that_a_host_is_there_makes_up_for_one_ejection() {
    for (good, times) in [4, 3, 2, 1, 1, 1, 1].into_iter().enumerate() {
        let mut pool = pool(1, 1);
        let mut now = 0;
        for _ in 0..3 {
            now = ejected(&mut pool, now);
            returns(&mut pool, now);
        }
        let out = now + good as u64 * 1_000 + 1;
        assert_eq!(pool.detector.standing(HostId::new(1), at(out)).expect("known").next, times);
        assert_eq!(ejected(&mut pool, out), now + (good as u64 + u64::from(times) + 1) * 1_000, "{good}");
        let standing = pool.detector.standing(HostId::new(1), at(out)).expect("known");
        assert_eq!(standing.times, 4, "how often it was ejected never goes down");
    }
}

#[test]
fn a_host_that_was_never_ejected_has_nothing_to_make_up_for_and_one_that_is_does_not() {
    let mut pool = pool(1, 2);
    assert_eq!(ejected(&mut pool, 60_500), 63_000);
    // It is not there at the ticks in between, nor at that one.
    returns(&mut pool, 63_000);
    assert_eq!(ejected(&mut pool, 63_000), 67_000);
}

#[test]
fn a_host_that_returns_between_ticks_makes_up_from_a_whole_interval_later_on() {
    let mut pool = pool(10, 10);
    let host = HostId::new(1);
    let _ = ejected(&mut pool, 0);
    assert_eq!(names(pool.detector.return_by_hand(host, at(5_000)).as_slice()), ["returned"]);
    let next = |pool: &Pool, millis| pool.detector.standing(host, at(millis)).expect("known").next;
    assert_eq!([10_000, 19_999, 20_000, 30_000].map(|millis| next(&pool, millis)), [2, 2, 1, 1]);
}

/// Case 20.
#[test]
fn jitter_is_the_remainder_of_the_draw() {
    let mut pool = Pool::new(1, settings(1, 1).interval(Duration::from_millis(1)).jitter(secs(10)));
    let host = HostId::new(1);
    let change = pool.detector.detected(host, Kind::Consecutive5xx, Draw::new(123_456_789), at(0));
    assert!(
        matches!(change, Some(Change::Ejected { returns_at, .. }) if returns_at == at(5_445)),
        "{change:?}"
    );
}

/// Case 21.
#[test]
fn a_host_that_passes_a_check_returns_at_once_if_it_may() {
    for (may, told) in [(true, vec!["returned"]), (false, vec![])] {
        let mut pool = Pool::new(1, settings(10, 30).checks_return(may));
        let _ = ejected(&mut pool, 0);
        let change = pool.detector.passed_check(HostId::new(1), at(1_234));
        assert_eq!(names(change.as_slice()), told);
        assert_eq!((pool.is_ejected(1), pool.detector.ejected()), (!may, usize::from(!may)));
        assert_eq!(pool.detector.passed_check(HostId::new(1), at(1_235)), None);
    }
}

#[test]
fn whoever_comes_late_finds_all_done_in_order_as_if_at_its_time() {
    let mut pool = Pool::new(3, settings(1, 3));
    for (host, millis) in [(3, 10), (2, 1_010), (1, 1_020)] {
        assert_eq!(pool.see(host, Seen::Answered(500), millis).len(), 1);
    }
    let year = 365 * 24 * 3_600_000;
    let returned = |host, to: u64, after| Change::Returned {
        host: HostId::new(host),
        at: at(to),
        after: Duration::from_millis(after),
    };
    assert_eq!(
        pool.turn(year),
        [returned(3, 4_000, 3_990), returned(1, 5_000, 3_980), returned(2, 5_000, 3_990)]
    );
    assert_eq!((pool.turn(year), pool.detector.due()), (vec![], Time::NEVER));
    // Good for a year: as if nothing had been.
    assert_eq!(ejected(&mut pool, year + 1), year + 4_000);
}

#[test]
fn ticks_count_from_the_first_that_is_told_a_time_and_time_does_not_go_back() {
    let mut detector = Detector::new(settled(settings(10, 30)));
    let host = HostId::new(1);
    detector.insert(host);
    assert_eq!(detector.due(), Time::NEVER);
    detector.start(at(7));
    detector.start(at(9));
    assert!(detector.detected(host, Kind::Consecutive5xx, LUCK, at(500)).is_some());
    assert_eq!(detector.due(), at(40_007));
    let returned = detector.return_by_hand(host, at(400)).expect("it was ejected");
    assert!(matches!(returned, Change::Returned { at: back, .. } if back == at(500)));
}

#[test]
fn who_is_ejected_by_hand_stays_until_returned_by_hand() {
    let mut pool = Pool::new(2, settings(10, 30).max_ejection_percent(50));
    let hosts = [1, 2].map(HostId::new);
    for host in hosts {
        assert_eq!(pool.detector.eject_by_hand(host, at(1)), Some(Change::Held { host }));
        assert_eq!(pool.detector.eject_by_hand(host, at(2)), None);
    }
    assert_eq!((pool.detector.ejected(), pool.detector.due()), (2, Time::NEVER));
    assert_eq!(pool.see(1, Seen::Answered(500), 3), []);
    assert_eq!(pool.turn(1_000_000), []);
    assert_eq!(pool.detector.passed_check(hosts[0], at(1_000_001)), None);
    let standing = pool.detector.standing(hosts[0], at(1_000_001)).expect("known");
    assert_eq!((standing.times, standing.returns_at), (0, Some(Time::NEVER)));
    assert_eq!(names(pool.detector.return_by_hand(hosts[0], at(1_000_001)).as_slice()), ["returned"]);
    assert_eq!(pool.detector.return_by_hand(hosts[0], at(1_000_002)), None);
    assert_eq!(pool.detector.ejected(), 1);
    pool.detector.remove(hosts[1]);
    assert_eq!(pool.detector.ejected(), 0);
}

#[test]
fn who_is_ejected_already_can_be_held_longer_by_hand() {
    let mut pool = pool(10, 30);
    let host = HostId::new(1);
    let _ = ejected(&mut pool, 0);
    assert_eq!(pool.detector.eject_by_hand(host, at(1)), Some(Change::Held { host }));
    assert_eq!((pool.detector.due(), pool.detector.ejected()), (Time::NEVER, 1));
    assert_eq!(pool.turn(100_000), []);
    let change = pool.detector.return_by_hand(host, at(100_000));
    assert_eq!(change, Some(Change::Returned { host, at: at(100_000), after: secs(100) }));
    // It was ejected before, and that counts.
    assert_eq!(ejected(&mut pool, 100_001), 170_000);
}
