//! Who is ejected when, when he returns, and how many may be: as it was seen on a real Envoy.

use super::*;

fn good() -> Echo {
    Echo::new()
}

fn bad() -> Echo {
    Echo::new().status(500)
}

#[tokio::test(start_paused = true)]
async fn an_ejection_is_immediate_and_a_return_waits_for_a_tick() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [bad(), good(), good()]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    town.load(60.0, secs(40)).await;
    // The first request began the ticks, at half a second: each return is at so many whole seconds after that.
    let (ejected, returned) = (town.ejected(), town.returned());
    assert!(ejected.iter().chain(&returned).all(|(_, number)| *number == 1));
    let lasts: Vec<_> = ejected.iter().zip(&returned).map(|((from, _), (to, _))| to - from).collect();
    assert!(returned.iter().all(|(at, _)| (at - 500) % 1000 < 20), "{returned:?}");
    // Once, twice, three times the base time, rounded up to a tick.
    let whole: Vec<_> = lasts.iter().map(|time| time / 1000).collect();
    assert_eq!(whole, [3, 6, 9, 12], "{lasts:?}");
}

#[tokio::test(start_paused = true)]
async fn one_failing_request_is_all_that_an_ejection_costs() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [bad(), good(), good()]);
    let report = town.load(60.0, secs(30)).await;
    assert_eq!(report.count(500), town.ejected().len() as u64);
    assert_eq!(report.count(500), 4);
}

/// As Envoy does, which holds changes back for a second after one: it goes on asking who was ejected right after his
/// return. It is a setting here.
#[tokio::test(start_paused = true)]
async fn a_merge_window_has_a_host_that_was_ejected_again_be_asked_on_for_a_second() {
    let failures = async |window: Duration| {
        let outlier = outlier().consecutive_5xx(1).build().unwrap();
        let settings = Settings::builder().round_robin().ejecting(outlier).merging_updates(window);
        let town = Town::new(settings.build().unwrap(), [bad(), good()]);
        let report = town.load(20.0, secs(20)).await;
        (report.count(500), town.ejected().len() as u64)
    };
    let (failed, ejections) = failures(Duration::ZERO).await;
    assert_eq!(failed, ejections);
    let (failed, ejections) = failures(secs(1)).await;
    // Half of twenty a second, for the rest of the second in which it returned.
    assert!((8 * (ejections - 1)..=11 * ejections).contains(&failed), "{failed} in {ejections}");
}

#[tokio::test(start_paused = true)]
async fn the_percentage_is_a_ceiling() {
    for (percent, most) in [(10, 0), (34, 1), (50, 1), (66, 1), (67, 2), (99, 2), (100, 3)] {
        let town = Town::new(
            ejecting(outlier().consecutive_5xx(1).max_ejection_percent(percent)),
            [bad(), bad(), bad()],
        );
        town.load(60.0, secs(1)).await;
        assert_eq!(town.ejected().len(), most, "{percent} %");
        assert_eq!(town.told("ejection_overflow").is_empty(), most == 3, "{percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn by_the_older_rule_one_may_always_be_ejected() {
    for (rule, percent, most) in [
        (outlier::HowMany::OneAtLeast, 10, 1),
        (outlier::HowMany::Legacy, 10, 1),
        (outlier::HowMany::Legacy, 34, 2),
    ] {
        let outlier = outlier().consecutive_5xx(1).max_ejection_percent(percent).how_many(rule);
        let town = Town::new(ejecting(outlier), [bad(), bad(), bad()]);
        town.load(60.0, secs(1)).await;
        assert_eq!(town.ejected().len(), most, "{rule:?} {percent} %");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_are_ejected_there_is_nobody_to_ask() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [bad(), bad()]);
    for _ in 0..2 {
        assert_eq!(town.get().await.status, Some(500));
    }
    let (before, answer) = (clock::now(), town.get().await);
    assert_eq!(clock::now(), before, "at once");
    assert_eq!(
        (answer.status, answer.flags, answer.length.as_deref()),
        (Some(503), Some(Flags::UH), Some("19"))
    );
    let refusal = answer.refusal.expect("it is ours");
    assert_eq!((&**refusal.body(), refusal.why()), (&b"no healthy upstream"[..], "no_healthy_upstream"));
    assert_eq!(town.asked(), [1, 1]);
    // At the tick at which one is back, it is asked again.
    tokio::time::sleep(secs(4)).await;
    assert_eq!(town.get().await.status, Some(500));
}

#[tokio::test(start_paused = true)]
async fn below_the_panic_percentage_ejection_has_no_effect() {
    for (panic, asks_the_ejected) in [(0, false), (33, false), (34, true), (50, true)] {
        let outlier = outlier().consecutive_5xx(1).base_ejection_time(secs(60)).build().unwrap();
        let settings =
            Settings::builder().round_robin().ejecting(outlier).panic_percent(panic).build().unwrap();
        let town = Town::new(settings, [bad(), bad(), good()]);
        let report = town.load(30.0, secs(2)).await;
        assert_eq!(town.ejected().len(), 2);
        let share = report.count(500) as f64 / report.requests as f64;
        assert_eq!(share > 0.6, asks_the_ejected, "{panic} %: {share}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_to_an_ejected_host_ends_as_it_would_have() {
    let slow = Echo::new().every_slow(1, secs(2)).every(2, 500);
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [slow]);
    let first = tokio::spawn({
        let balance = town.balance.clone();
        async move { got(&balance, Request::get("/")).await.status }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = Request::get("/?delay=1ms&status=500");
    assert_eq!(got(&town.balance, second).await.status, Some(500));
    assert_eq!(town.ejected().len(), 1);
    assert_eq!(town.get().await.flags, Some(Flags::UH), "new ones find nobody");
    assert_eq!(first.await.unwrap(), Some(200));
}

/// Six callers in lockstep are all there before the first answer says anything. Seen on Envoy, S3.6.
#[tokio::test(start_paused = true)]
async fn requests_that_are_on_their_way_at_an_ejection_reach_the_host_all_the_same() {
    let late = |echo: Echo| echo.latency(Duration::from_millis(10));
    for (threshold, callers) in [(1, 12), (5, 30)] {
        let outlier = outlier().consecutive_5xx(threshold).base_ejection_time(secs(60));
        let town = Town::new(ejecting(outlier), [late(bad()), late(good())]);
        let report = Load::workers(callers).requests(10 * callers).run(town.balance.clone()).await;
        assert_eq!((town.ejected().len(), report.count(500)), (1, callers / 2), "as many as were under way");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_asked_before_an_ejection_says_nothing_of_the_time_after_it() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [Echo::new()]);
    let late = tokio::spawn({
        let balance = town.balance.clone();
        async move { got(&balance, Request::get("/?delay=10s&status=500")).await.status }
    });
    tokio::task::yield_now().await;
    got(&town.balance, Request::get("/?status=500")).await;
    assert_eq!(town.ejected().len(), 1);
    assert_eq!(late.await.unwrap(), Some(500));
    assert_eq!(town.get().await.status, Some(200));
    assert_eq!(town.ejected().len(), 1, "it is not ejected again");
}

/// Nothing runs by itself: after any time of idleness it is as if somebody had looked at each tick.
#[tokio::test(start_paused = true)]
async fn it_is_right_after_a_long_time_in_which_nobody_asked() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [Echo::new()]);
    let fail = || async { got(&town.balance, Request::get("/?status=500")).await.status };
    for _ in 0..3 {
        assert_eq!(fail().await, Some(500));
        tokio::time::sleep(secs(10)).await;
    }
    let lasts = |n: usize| {
        let log = town.log.lock().unwrap();
        let ejected: Vec<_> = log
            .iter()
            .filter_map(|(.., change)| match change {
                Change::Ejected { lasts, .. } => Some(lasts.as_secs()),
                _ => None,
            })
            .collect();
        ejected[n]
    };
    // Three seconds; six ticks later twice as long would be forgotten.
    assert_eq!([lasts(0), lasts(1), lasts(2)], [3, 3, 3]);
    tokio::time::sleep(secs(3600)).await;
    assert_eq!(town.get().await.status, Some(200));
    assert_eq!(town.returned().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_handle_shows_who_is_ejected_and_for_how_long_and_takes_him_back() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [bad(), good()]);
    let handle = town.balance.handle();
    assert!(handle.status().iter().all(|status| status.is_healthy() && status.ejections == 0));
    town.load(10.0, secs(1)).await;
    let status = handle.status();
    assert_eq!([&status[0], &status[1]].map(|status| status.is_healthy()), [false, true]);
    let left = status[0].ejected_until.unwrap().since(clock::now());
    assert!(left <= secs(3) && left >= secs(2), "{left:?}");
    assert!(handle.restore(&endpoint(1).address().clone()));
    assert!(handle.status().iter().all(|status| status.is_healthy()));
    assert!(!handle.restore(&endpoint(1).address().clone()), "he was not ejected");
    assert!(handle.eject(&endpoint(2).address().clone()));
    tokio::time::sleep(secs(600)).await;
    town.get().await;
    assert!(!handle.status()[1].is_healthy(), "by hand is until it is undone");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_at_his_address_is_another_one() {
    let town = Town::new(ejecting(outlier().consecutive_5xx(1)), [bad(), good()]);
    town.load(10.0, secs(1)).await;
    assert!(!town.balance.handle().status()[0].is_healthy());
    let gone = town.endpoints.remove(endpoint(1).address()).expect("he was there");
    town.endpoints.insert(gone);
    let status = town.balance.handle().status();
    assert!(status.iter().all(|status| status.is_healthy()), "nothing is known of him");
    assert_eq!(status.iter().map(|status| status.ejections).sum::<u32>(), 0);
}
