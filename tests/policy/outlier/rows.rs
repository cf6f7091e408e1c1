//! Rows of errors: what begins, continues and ends one, and what a full one comes to. All as Envoy does.

use super::*;

fn answers(statuses: &[u16]) -> impl Iterator<Item = Seen> + '_ {
    statuses.iter().map(|status| Seen::Answered(*status))
}

/// Case 1.
#[test]
fn the_fifth_error_in_a_row_ejects_at_once_and_a_good_answer_ends_the_row() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100));
    assert_eq!(pool.see_all(1, answers(&[500, 200, 500, 500, 500, 500]), 10), []);
    assert!(!pool.is_ejected(1));
    let changes = pool.see(1, Seen::Answered(500), 20);
    assert_eq!(kinds(&changes), [("ejected", Kind::Consecutive5xx)]);
    assert!(pool.is_ejected(1) && !pool.is_ejected(2));
    assert_eq!(pool.detector.ejected(), 1);
}

/// Case 4.
#[test]
fn gateway_errors_are_told_before_errors_and_eject_nobody_by_default() {
    let mut pool = Pool::new(10, Settings::builder());
    let changes = pool.see_all(1, [Seen::ConnectFailed; 5], 10);
    let told = [("ejection_not_enforced", Kind::ConsecutiveGateway), ("ejected", Kind::Consecutive5xx)];
    assert_eq!(kinds(&changes), told);
    let counts = pool.detector.counts();
    assert_eq!(counts.detected(Kind::ConsecutiveGateway), 1);
    assert_eq!((counts.enforced(Kind::ConsecutiveGateway), counts.ejections()), (0, 1));
}

/// Case 5.
#[test]
fn an_error_that_is_no_gateway_error_ends_their_row() {
    let settings = Settings::builder().max_ejection_percent(100);
    let settings = settings.enforcing(Kind::ConsecutiveGateway, 100).enforcing(Kind::Consecutive5xx, 0);
    let mut pool = Pool::new(2, settings);
    assert_eq!(pool.see_all(1, answers(&[503, 500, 503, 503]), 10), []);
    assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), 2);
    let changes = pool.see(1, Seen::Answered(503), 10);
    assert_eq!(kinds(&changes), [("ejection_not_enforced", Kind::Consecutive5xx)]);
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 0, "what was told begins anew, enforced or not");
    assert_eq!(pool.see(1, Seen::Answered(502), 10), []);
    let changes = pool.see(1, Seen::Answered(504), 10);
    assert_eq!(kinds(&changes), [("ejected", Kind::ConsecutiveGateway)]);
}

/// Case 6.
#[test]
fn failures_between_good_answers_eject_nobody() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100));
    for _ in 0..100 {
        assert_eq!(pool.see_all(1, [ok(), Seen::ConnectFailed], 10), []);
    }
    // A row of them is as long as the last one.
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 1);
}

/// Case 7, as a protocol without statuses counts: a failed request as 500, one that went well as 200.
#[test]
fn failed_requests_of_other_protocols_are_errors_and_no_gateway_errors() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100));
    for _ in 0..100 {
        assert_eq!(pool.see_all(1, answers(&[500, 200]), 10), []);
    }
    let changes = pool.see_all(1, answers(&[500; 5]), 10);
    assert_eq!(kinds(&changes), [("ejected", Kind::Consecutive5xx)]);
}

/// Case 10.
#[test]
fn whatever_fails_adds_to_one_row() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100));
    let row = [Seen::Answered(500), Seen::TimedOut(504), Seen::ConnectFailed, Seen::Answered(502)];
    assert_eq!(pool.see_all(1, row, 10), []);
    assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), 3);
    assert_eq!(names(&pool.see(1, Seen::Answered(500), 10)), ["ejected"]);
}

#[test]
fn what_breaks_is_a_gateway_error_and_other_statuses_than_those_of_errors_are_good() {
    let mut pool = Pool::new(2, istio().consecutive_gateway(3).consecutive_5xx(0));
    assert_eq!(pool.see_all(1, [Seen::Broken, Seen::TimedOut(504)], 10), []);
    assert_eq!(names(&pool.see(1, Seen::Broken, 10)), ["ejection_overflow"]);
    for good in [100, 204, 302, 404, 429, 499, 600, 999] {
        assert_eq!(pool.see(1, Seen::Broken, 10), []);
        assert_eq!(pool.see(1, Seen::Answered(good), 10), []);
        assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), 0, "{good}");
    }
    for (bad, gateway) in [(500, 0), (501, 0), (502, 1), (503, 2), (504, 0), (505, 0), (511, 0), (599, 0)] {
        let _ = pool.see(1, Seen::Answered(bad), 10);
        assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), gateway, "{bad}");
    }
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 8);
}

/// Case 12: a caller asked for 204 in the place of 504.
#[test]
fn a_timeout_that_is_answered_with_204_is_a_success() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100));
    assert_eq!(pool.see_all(1, [Seen::Answered(500), Seen::TimedOut(204)], 10), []);
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 0);
    assert_eq!(pool.see_all(1, [Seen::TimedOut(204); 9], 10), []);
}

#[test]
fn a_threshold_of_zero_is_never_reached() {
    let mut pool = Pool::new(1, istio().max_ejection_percent(100).consecutive_5xx(0).consecutive_gateway(0));
    assert_eq!(pool.see_all(1, [Seen::Answered(503); 1000], 10), []);
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 1000);
    assert_eq!(pool.see(1, ok(), 10), []);
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 0);
}

#[test]
fn statuses_that_are_listed_are_the_errors_of_answers() {
    let settings = istio().max_ejection_percent(100).consecutive_5xx(3).error_statuses([401, 503]);
    let mut pool = Pool::new(1, settings);
    assert_eq!(pool.see_all(1, answers(&[401, 503]), 10), []);
    assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), 1);
    assert_eq!(pool.see(1, Seen::Answered(500), 10), [], "not listed, so good");
    assert_eq!(pool.in_a_row(1, Kind::Consecutive5xx), 0);
    // What a host did not answer is no question of its statuses.
    assert_eq!(pool.see_all(1, [Seen::Answered(401), Seen::Broken], 10), []);
    assert_eq!(names(&pool.see(1, Seen::TimedOut(504), 10)), ["ejected"]);
}

#[test]
fn a_host_that_is_ejected_or_gone_is_not_detected() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(100).consecutive_5xx(1));
    assert_eq!(pool.see(1, Seen::Answered(500), 10).len(), 1);
    assert_eq!(pool.see(1, Seen::Answered(500), 20), []);
    pool.detector.remove(HostId::new(2));
    assert_eq!(pool.see(2, Seen::Answered(500), 20), []);
    assert_eq!(pool.detector.counts().detected(Kind::Consecutive5xx), 1);
}

/// Case 2, its second half.
#[test]
fn a_host_that_returned_begins_with_no_errors() {
    let mut pool = Pool::new(1, istio().max_ejection_percent(100).consecutive_gateway(9));
    assert_eq!(names(&pool.see_all(1, [Seen::Answered(503); 5], 0)), ["ejected"]);
    // While it is ejected it is asked all the same: by those who were on their way.
    assert_eq!(pool.see_all(1, [Seen::Answered(503); 3], 5), []);
    assert_eq!(names(&pool.turn(30_001)), ["returned"]);
    assert_eq!(pool.in_a_row(1, Kind::ConsecutiveGateway), 0);
    assert_eq!(pool.see_all(1, [Seen::Answered(500); 4], 30_002), []);
    assert_eq!(names(&pool.see(1, Seen::Answered(500), 30_003)), ["ejected"]);
}
