//! Who stands out at the end of an interval: by its success rate among others, or by its share of failures.

use super::*;

/// Success rates alone, of five hosts that may all be ejected.
fn rates() -> SettingsBuilder {
    Settings::builder().consecutive_5xx(0).consecutive_gateway(0).max_ejection_percent(100)
}

/// Shares of failures alone.
fn failures() -> SettingsBuilder {
    let settings = rates().enforcing(Kind::SuccessRate, 0).enforcing(Kind::FailurePercentage, 100);
    settings.failure_percentage_minimum_hosts(1)
}

/// So many good ones of a hundred.
fn pool(settings: SettingsBuilder, good: &[u64]) -> Pool {
    let pool = Pool::new(good.len() as u64, settings);
    for (host, good) in (1..).zip(good) {
        pool.answered(host, *good, 100 - good);
    }
    pool
}

fn ejected(pool: &Pool) -> Vec<u64> {
    (1..=pool.detector.hosts() as u64).filter(|host| pool.is_ejected(*host)).collect()
}

fn threshold(pool: &Pool) -> f64 {
    pool.detector.rates().expect("enough have answered").threshold
}

/// Case 22, and as was seen of Envoy with both factors.
#[test]
fn a_rate_far_below_the_mean_is_ejected_at_the_end_of_the_interval() {
    for (factor, wanted) in [(1900, 52.0), (1500, 60.0)] {
        let mut pool = pool(rates().success_rate_stdev_factor(factor), &[50, 100, 100, 100, 100]);
        assert_eq!(pool.turn(9_999), []);
        assert_eq!(pool.detector.due(), at(10_000));
        assert_eq!(kinds(&pool.turn(10_000)), [("ejected", Kind::SuccessRate)]);
        assert_eq!((ejected(&pool), threshold(&pool)), (vec![1], wanted));
        let rates = pool.detector.rates().expect("enough have answered");
        assert_eq!((rates.mean, rates.deviation), (90.0, 20.0));
    }
    let mut pool = pool(rates().success_rate_stdev_factor(2000), &[50, 100, 100, 100, 100]);
    assert_eq!((pool.turn(10_000), threshold(&pool)), (vec![], 50.0), "below, and not at");
}

/// Case 22, its second half.
#[test]
fn who_answered_too_seldom_is_not_compared_and_four_are_too_few() {
    let mut pool = pool(rates(), &[50, 100, 100, 100, 100]);
    let _ = pool.records[0].take();
    pool.answered(1, 49, 50);
    assert_eq!(pool.turn(10_000), []);
    assert_eq!(pool.detector.rates(), None);
    let mut pool = self::pool(rates(), &[0, 100, 100, 100]);
    assert_eq!(pool.turn(10_000), []);
    // Nor would one of four ever be far enough off.
    let mut pool = self::pool(rates().success_rate_minimum_hosts(4), &[0, 100, 100, 100]);
    assert_eq!(pool.turn(10_000), []);
    assert!(pool.detector.rates().is_some());
}

/// Case 23, and its like.
#[test]
fn of_five_hosts_any_that_alone_differs_is_ejected() {
    for (good, wanted) in [(99, 99.04), (60, 61.6)] {
        let mut pool = pool(rates(), &[100, 100, good, 100, 100]);
        assert_eq!(pool.turn(10_000).len(), 1);
        assert_eq!(ejected(&pool), [3]);
        assert!((threshold(&pool) - wanted).abs() < 1e-9);
    }
}

#[test]
fn where_all_are_alike_nobody_stands_out() {
    for (good, factor) in (0..=100).flat_map(|good| [(good, 0), (good, 1900)]) {
        let mut pool = pool(rates().success_rate_stdev_factor(factor), &[good; 7]);
        assert_eq!(pool.turn(10_000), [], "{good} {factor}");
    }
}

/// Case 24.
#[test]
fn a_share_of_failures_that_reaches_the_threshold_is_ejected() {
    for (good, bad, told) in [
        (8, 42, vec![]),
        (7, 43, vec!["ejected"]),
        (15, 85, vec!["ejected"]),
        (16, 84, vec![]),
        (0, 49, vec![]),
    ] {
        let mut pool = Pool::new(1, failures());
        pool.answered(1, good, bad);
        assert_eq!(names(&pool.turn(10_000)), told, "{bad} of {}", good + bad);
    }
}

/// As was seen of Envoy.
#[test]
fn fifty_percent_of_failures_are_out_at_fifty_and_stay_at_fifty_one() {
    for (threshold, wanted) in [(50, vec![2]), (51, vec![])] {
        let mut pool = pool(failures().failure_percentage_threshold(threshold), &[100, 50, 100]);
        assert_eq!(pool.turn(9_999), []);
        let _ = pool.turn(10_000);
        assert_eq!(ejected(&pool), wanted);
    }
    let mut pool = pool(failures().failure_percentage_minimum_hosts(4), &[100, 0, 100]);
    assert_eq!(pool.turn(10_000), [], "three are too few");
}

/// Case 25.
#[test]
fn an_interval_is_judged_at_its_end_and_then_forgotten() {
    let mut pool = pool(rates().base_ejection_time(secs(10)), &[50, 100, 100, 100, 100]);
    assert_eq!(names(&pool.turn(10_000)), ["ejected"]);
    assert_eq!(names(&pool.turn(20_000)), ["returned"]);
    assert_eq!((pool.turn(30_000), pool.detector.rates()), (vec![], None));
    // What came before the tick and after the one before it counts together, whenever somebody turns in between.
    (1..=5)
        .for_each(|host| pool.answered(host, if host == 5 { 0 } else { 50 }, if host == 5 { 50 } else { 0 }));
    assert_eq!(pool.turn(35_000), []);
    (1..=5).for_each(|host| pool.answered(host, 50, 0));
    assert_eq!(names(&pool.turn(40_000)), ["ejected"]);
    assert_eq!(ejected(&pool), [5]);
}

#[test]
fn an_interval_that_ended_long_ago_is_judged_as_if_at_its_end() {
    let mut pool = pool(rates(), &[50, 100, 100, 100, 100]);
    let changes = pool.turn(25_000);
    assert!(
        matches!(changes[..], [Change::Ejected { ejected_at, returns_at, .. }]
            if (ejected_at, returns_at) == (at(10_000), at(40_000))),
        "{changes:?}"
    );
    assert_eq!(pool.detector.due(), at(30_000));
    assert_eq!(pool.turn(25_000), []);
    let mut pool = self::pool(rates(), &[50, 100, 100, 100, 100]);
    // A week of nothing: it was ejected and is back.
    assert_eq!(names(&pool.turn(604_800_000)), ["ejected", "returned"]);
    assert_eq!((pool.detector.ejected(), pool.detector.due()), (0, at(604_810_000)));
}

#[test]
fn who_is_ejected_is_not_compared_and_what_came_of_it_is_thrown_away() {
    let mut pool = pool(rates().consecutive_5xx(500), &[50, 100, 100, 100, 100]);
    let host = HostId::new(1);
    assert!(pool.detector.detected(host, Kind::Consecutive5xx, LUCK, at(1)).is_some());
    assert_eq!((pool.turn(10_000), pool.detector.rates()), (vec![], None));
    assert_eq!(pool.records[0].take(), Traffic::default());
}

/// As Envoy sweeps: those that it was asked for in panic, or that were under way, count.
#[test]
fn who_returns_at_a_tick_is_judged_at_it() {
    let mut pool = pool(failures().base_ejection_time(secs(10)), &[0]);
    assert_eq!(names(&pool.turn(10_000)), ["ejected"]);
    pool.answered(1, 0, 100);
    assert_eq!(names(&pool.turn(20_000)), ["returned", "ejected"]);
    assert!(pool.is_ejected(1));
    assert_eq!(pool.detector.standing(HostId::new(1), at(20_000)).expect("known").times, 2);
}

#[test]
fn both_are_found_before_anybody_is_ejected_and_nobody_is_ejected_twice() {
    let settings = rates().enforcing(Kind::FailurePercentage, 100).failure_percentage_threshold(50);
    let mut pool = pool(settings, &[50, 40, 100, 100, 100, 100, 100, 100, 100]);
    let changes = pool.turn(10_000);
    let host = |change: &Change| change.host().number();
    assert_eq!(
        changes.iter().map(host).zip(kinds(&changes)).collect::<Vec<_>>(),
        [(2, ("ejected", Kind::SuccessRate)), (1, ("ejected", Kind::FailurePercentage))]
    );
    assert_eq!(pool.detector.ejected(), 2);
}

#[test]
fn the_percentage_holds_for_them_one_by_one_in_the_order_of_hosts() {
    let mut pool = pool(failures().max_ejection_percent(50), &[0, 0, 100, 0]);
    assert_eq!(names(&pool.turn(10_000)), ["ejected", "ejected", "ejection_overflow"]);
    assert_eq!(ejected(&pool), [1, 2]);
}

/// The tick at which a host stands out makes up for nothing.
#[test]
fn the_tick_at_which_a_host_is_ejected_is_no_good_one() {
    let mut pool = pool(failures().base_ejection_time(secs(10)), &[0]);
    for (now, back) in [(10_000, 20_000), (30_000, 50_000), (60_000, 90_000)] {
        let changes = pool.turn(now);
        assert!(
            matches!(changes[..], [Change::Ejected { returns_at, .. }] if returns_at == at(back)),
            "{changes:?}"
        );
        let _ = pool.turn(back);
        pool.answered(1, 0, 100);
    }
}

#[test]
fn split_failures_are_judged_by_themselves() {
    let kinds_of = [Kind::SuccessRate, Kind::FailurePercentage, Kind::LocalOriginFailurePercentage];
    let settings =
        kinds_of.into_iter().fold(rates().split_local_origin(true), |all, kind| all.enforcing(kind, 0));
    let mut pool = Pool::new(5, settings.consecutive_local_origin(0));
    for host in 1..=5 {
        let seen = [if host == 4 { Seen::ConnectFailed } else { Seen::Answered(503) }, ok()];
        for seen in seen {
            (0..50).for_each(|_| drop(pool.see(host, seen, 1)));
        }
    }
    assert_eq!(kinds(&pool.turn(10_000)), [("ejected", Kind::LocalOriginSuccessRate)]);
    assert_eq!(ejected(&pool), [4]);
    assert_eq!(pool.detector.local_origin_rates().expect("enough").threshold, 52.0);
}

#[test]
fn a_failure_over_a_connection_is_a_connection_that_came_about_and_a_failure() {
    for (multiplexed, good) in [(false, 2), (true, 0)] {
        let settings = settled(Settings::builder().split_local_origin(true).multiplexed(multiplexed));
        let record = Record::new();
        for seen in [Seen::Broken, Seen::TimedOut(504), Seen::ConnectFailed] {
            let _ = record.note(&settings, seen);
        }
        assert_eq!(record.take().local_origin, Share { good, bad: 3 });
        let _ = record.note(&settings, Seen::Answered(500));
        let one = |good, bad| Share { good, bad };
        assert_eq!(record.take(), Traffic { answers: one(0, 1), local_origin: one(1, 0) });
    }
}

#[test]
fn where_nothing_of_an_interval_is_enforced_nothing_is_counted_nor_due() {
    let mut pool = pool(istio(), &[50, 100, 100, 100, 100]);
    assert_eq!(pool.records[1].take(), Traffic::default());
    assert_eq!((pool.turn(10_000), pool.detector.due()), (vec![], Time::NEVER));
}

#[test]
fn before_the_first_tick_is_known_there_is_something_to_do_at_once() {
    let mut detector = Detector::new(settled(rates()));
    assert_eq!(detector.due(), at(0));
    detector.turn(at(1_234), |_| panic!("no interval is over"), LUCK, &mut |_| {});
    assert_eq!(detector.due(), at(11_234));
}
