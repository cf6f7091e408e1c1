//! Retries as osm-edge has them.

use tower_mesh::policy::backoff::{Backoff, Jitter};

use super::*;

fn osm(attempts: u32, on: &str, base: Duration) -> SettingsBuilder {
    let backoff = Backoff::new(base).jitter(Jitter::None);
    Settings::builder().attempts(attempts).on(RetryOn::osm(on).on).backoff(backoff)
}

/// Case 45 of osm-edge: a service that always answers 503 is retried after 1, 2, 4, 8 and 10 times the base.
#[tokio::test(start_paused = true)]
async fn waits_double_to_ten_times_the_base() {
    let told = Told::new();
    let upstream = noted(statuses(&[503]));
    let layer = layer(osm(5, "5xx", Duration::from_secs(1))).told("reviews", &told.events);
    assert_eq!(ask(&layer.layer(upstream.clone()), get()).await.status, 503);
    assert_eq!(upstream.times(), [0, 1000, 3000, 7000, 15_000, 25_000]);
    let names = told.names();
    let count = |name: &str| names.iter().filter(|told| **told == name).count();
    assert_eq!((count("retried"), count("retries_used_up")), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn classes_and_numbers_are_tried_again_and_words_are_not() {
    for (on, again, stands) in [
        ("5xx", [500, 503, 599], [200, 404, 499]),
        ("", [500, 503, 599], [200, 404, 429]),
        ("4xx,503", [400, 499, 503], [200, 500, 504]),
        ("503, connect-failure", [503, 503, 503], [500, 502, 429]),
    ] {
        for (statuses_of, calls) in [(again, 2), (stands, 1)] {
            for status in statuses_of {
                let upstream = noted(statuses(&[status]));
                ask(&layer(osm(1, on, ms(1))).layer(upstream.clone()), get()).await;
                assert_eq!(upstream.log().len(), calls, "`{on}` and {status}");
            }
        }
    }
    assert_eq!(RetryOn::osm("503, connect-failure").unknown, ["connect-failure"]);
}

/// Better than osm-edge, which leaves it alone: where a 503 is tried again, so is no answer at all.
#[tokio::test(start_paused = true)]
async fn no_answer_is_tried_again_where_a_503_is() {
    for (on, calls) in [("5xx", 2), ("503", 2), ("404", 1)] {
        let upstream = Echo::new().refuse();
        try_ask(&layer(osm(1, on, ms(1))).layer(upstream.clone()), get()).await.unwrap_err();
        assert_eq!(upstream.seen().calls, calls, "{on}");
    }
}
