//! Which limit acts; and what cannot mean anything.

use std::time::Duration;

use tower_mesh::policy::limits::{Field, Overflow, RetryBudget, Settings, SettingsBuilder, Upstream};

use super::{counts, limits, passes, refused, waits};

fn acting(settings: SettingsBuilder) -> (Option<u32>, Option<u32>) {
    let settings = settings.build().expect("these mean something");
    (settings.most(), settings.queue())
}

fn settings() -> SettingsBuilder {
    Settings::builder()
}

#[test]
fn what_is_not_set_is_not_limited() {
    assert_eq!(acting(settings()), (None, None));
    assert!(!settings().build().unwrap().counts());
    assert!(
        !settings().retries(1).pending(0).build().unwrap().counts(),
        "calls need not be counted for that"
    );
    assert!(settings().retry_budget(RetryBudget::new()).build().unwrap().counts());
    assert!(settings().requests(1).build().unwrap().counts());
}

#[test]
fn connections_queue_without_end_unless_it_is_said_how_many_may_wait() {
    assert_eq!(acting(settings().connections(3)), (Some(3), Some(u32::MAX)));
    assert_eq!(acting(settings().connections(3).pending(2)), (Some(3), Some(2)));
    assert_eq!(acting(settings().connections(3).pending(0)), (Some(3), Some(0)));
}

/// As Envoy does over HTTP/1: with both at ten the queue comes first, and nobody is refused.
#[test]
fn whichever_of_connections_and_requests_is_met_first_acts() {
    assert_eq!(acting(settings().connections(10).requests(10)), (Some(10), Some(u32::MAX)));
    assert_eq!(acting(settings().connections(10).requests(11).pending(1)), (Some(10), Some(1)));
    assert_eq!(acting(settings().connections(10).requests(9).pending(1)), (Some(9), None));
    assert_eq!(acting(settings().requests(9).pending(1)), (Some(9), None));
}

#[test]
fn over_http2_connections_are_not_counted_and_nobody_waits() {
    let http2 = || settings().protocol(Upstream::Http2);
    assert_eq!(acting(http2().connections(1).pending(1)), (None, None));
    assert_eq!(acting(http2().connections(1).pending(1).requests(10)), (Some(10), None));
}

/// One that asks is in flight, one waits, the third is refused, as Envoy does with one connection and one pending request.
/// Case 28 of Envoy.
#[test]
fn of_three_the_first_passes_the_second_waits_the_third_is_refused() {
    let limits = limits(settings().connections(1).pending(1));
    assert!(passes(&limits));
    let _turn = waits(&limits);
    assert_eq!(refused(&limits), Overflow::Pending);
    assert_eq!((counts(&limits), limits.pending_overflow(), limits.request_overflow()), ((1, 1), 1, 0));
}

/// Over HTTP/2 with ten requests at once, the eleventh is refused, and it is the other counter that grows.
/// Case 31 of Envoy.
#[test]
fn the_eleventh_of_ten_requests_is_refused_and_counted_as_active_overflow() {
    let limits = limits(settings().requests(10).pending(5).protocol(Upstream::Http2));
    assert!((0..10).all(|_| passes(&limits)));
    assert_eq!(refused(&limits), Overflow::Requests);
    assert_eq!((counts(&limits), limits.pending_overflow(), limits.request_overflow()), ((10, 0), 0, 1));
}

/// Where nobody may wait, whoever finds a free connection passes, and whoever finds none is refused.
/// Case 32 of Envoy, where the connection has to be there too.
#[test]
fn without_a_queue_only_a_free_connection_will_do() {
    let limits = limits(settings().connections(1).pending(0));
    assert!(passes(&limits));
    assert_eq!(refused(&limits), Overflow::Pending);
    super::release(&limits);
    assert!(passes(&limits));
}

#[test]
fn what_means_nothing_is_named_with_what_would_be_accepted() {
    let error = |settings: SettingsBuilder| settings.build().unwrap_err();
    let budget = |percent| settings().retry_budget(RetryBudget::new().percent(percent));
    for (error, field, text) in [
        (
            error(settings().connections(0)),
            Field::Connections,
            "connections is 0, but must be at least 1 (leave it out for no limit)",
        ),
        (
            error(settings().requests(0)),
            Field::Requests,
            "requests is 0, but must be at least 1 (leave it out for no limit)",
        ),
        (
            error(budget(100.5)),
            Field::RetryBudgetPercent,
            "retry_budget percent is 100.5, but must be 0 to 100",
        ),
        (error(budget(-1.0)), Field::RetryBudgetPercent, "retry_budget percent is -1, but must be 0 to 100"),
        (
            error(budget(f64::NAN)),
            Field::RetryBudgetPercent,
            "retry_budget percent is NaN, but must be 0 to 100",
        ),
        (
            error(settings().retry_budget(RetryBudget::new().interval(Duration::ZERO))),
            Field::RetryBudgetInterval,
            "retry_budget interval is zero, but must be longer than zero",
        ),
    ] {
        assert_eq!((error.field(), error.to_string()), (field, text.to_owned()));
    }
    for percent in [0.0, 100.0] {
        assert_eq!(budget(percent).build().unwrap().retry_budget().unwrap().percent(), percent);
    }
}
