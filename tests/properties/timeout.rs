//! Limits of time, under any settings and any headers.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proptest::{collection::vec, option, prelude::*};
use tower_mesh::policy::{
    Time,
    timeout::{Awaited, LONGEST, Limit, Limits, Said, Settings, Trusted, grpc_timeout},
};

const NAMES: [&str; 4] = [
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "grpc-timeout",
    "x-envoy-upstream-rq-timeout-alt-response",
];

fn millis() -> impl Strategy<Value = Duration> {
    prop_oneof![1u64..10_000, 1u64..=68_719_476_734].prop_map(Duration::from_millis)
}

fn settings() -> impl Strategy<Value = Settings> {
    let trusted =
        prop_oneof![Just(Trusted::Nothing), Just(Trusted::Total), Just(Trusted::Head), Just(Trusted::Both)];
    let times = (option::of(millis()), option::of(millis()), option::of(millis()));
    (times, any::<bool>(), trusted).prop_map(|((total, head, idle), grpc, trusted)| {
        let mut settings = Settings::builder().grpc_timeout(grpc).trust_request_headers(trusted);
        settings = total.map_or(settings, |time| settings.total(time));
        settings = head.map_or(settings, |time| settings.head(time));
        idle.map_or(settings, |time| settings.idle(time)).build().expect("times that can be set")
    })
}

/// Bytes that mean something, and any that a header can have.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9]{0,21}".prop_map(String::into_bytes),
        "[0-9]{0,9}[HMSmun]".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..12),
    ]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    vec((0..NAMES.len(), value()), 0..6).prop_map(|all| {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(NAMES[name], value);
            }
        }
        headers
    })
}

proptest! {
    #[test]
    fn any_headers_make_limits_that_a_timer_can_be_set_to(
        settings in settings(), headers in headers(), is_grpc: bool,
    ) {
        let limits = settings.effective(Said::read(&headers, &settings, is_grpc));
        for limit in [limits.total(), limits.head(), limits.idle()].into_iter().flatten() {
            prop_assert!(limit >= Duration::from_millis(1) && limit <= LONGEST);
            prop_assert_eq!(limit.subsec_nanos() % 1_000_000, 0);
        }
        prop_assert_eq!(limits.idle(), settings.idle(), "no header speaks of it");
    }

    #[test]
    fn headers_that_nobody_trusts_change_nothing(settings in settings(), headers in headers()) {
        let limits = settings.effective(Said::read(&headers, &settings, false));
        if !matches!(settings.trusted(), Trusted::Total | Trusted::Both) {
            prop_assert_eq!(limits.total(), settings.total());
        }
        if !matches!(settings.trusted(), Trusted::Head | Trusted::Both) {
            prop_assert_eq!(limits.head(), settings.head());
        }
    }

    #[test]
    fn a_trusted_number_is_the_limit_whatever_was_set(settings in settings(), said in 0u64..1 << 40) {
        let time = Duration::from_millis(said);
        let limits = settings.effective(Said { total: Some(time), head: Some(time), ..Said::default() });
        let meant = (said > 0).then_some(time.min(LONGEST));
        prop_assert_eq!((limits.total(), limits.head()), (meant, meant));
    }

    #[test]
    fn grpc_never_raises_a_total(settings in settings(), said in millis()) {
        let limits = settings.effective(Said { grpc: Some(said), ..Said::default() });
        prop_assert_eq!(limits.total(), Some(settings.total().map_or(said, |total| total.min(said))));
    }

    #[test]
    fn what_is_next_is_the_earliest_of_what_counts(
        settings in settings(), started in option::of(0u64..1 << 40), passed in 0u64..1 << 40, head: bool,
    ) {
        let limits: Limits = settings.effective(Said::default());
        let awaited = if head { Awaited::Head } else { Awaited::Body };
        let started = started.map(Time::from_nanos);
        let moved = Time::from_nanos(started.unwrap_or_default().as_nanos() + passed);
        let all = [
            (Limit::Total, limits.total().zip(started)),
            (Limit::Head, limits.head().zip(started).filter(|_| head)),
            (Limit::Idle, limits.idle().map(|idle| (idle, moved))),
        ];
        let ends = all.into_iter().filter_map(|(limit, of)| of.map(|(time, from)| (limit, from + time)));
        // The first of the earliest.
        prop_assert_eq!(limits.next(awaited, started, moved), ends.min_by_key(|(_, at)| *at));
    }

    #[test]
    fn what_is_told_to_a_grpc_upstream_is_read_back_as_no_longer(time in millis()) {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", grpc_timeout(time).parse().expect("a value"));
        let settings = Settings::builder().build().expect("nothing");
        let read = Said::read(&headers, &settings, true).grpc.expect("it is read");
        prop_assert!(read <= time && time - read < Duration::from_secs(3600));
    }
}
