//! What is told, in words and in short.

use super::*;

#[test]
fn a_change_tells_whom_it_is_about_and_what_became_of_it() {
    let (host, kind) = (HostId::new(3), Kind::Consecutive5xx);
    let ejected = Change::Ejected {
        host,
        kind,
        ejected_at: at(10),
        returns_at: at(30_000),
        lasts: Duration::from_millis(29_990),
        times: 2,
    };
    let told = [
        (ejected, "ejected", Some(true), "host 3 ejected for 29.99s by consecutive_5xx, ejection 2"),
        (Change::Held { host }, "held", Some(true), "host 3 ejected by hand"),
        (
            Change::Returned { host, at: at(30_000), after: secs(30) },
            "returned",
            Some(false),
            "host 3 returned after 30s",
        ),
        (
            Change::NotEnforced { host, kind },
            "ejection_not_enforced",
            None,
            "host 3 not ejected by consecutive_5xx: not enforced",
        ),
        (
            Change::Overflow { host, kind },
            "ejection_overflow",
            None,
            "host 3 not ejected by consecutive_5xx: no more may be ejected",
        ),
    ];
    for (change, name, ejects, text) in told {
        assert_eq!((change.name(), change.ejects(), change.host()), (name, ejects, host));
        assert_eq!(change.to_string(), text);
    }
}

#[test]
fn kinds_have_the_names_that_envoy_gives_them() {
    assert_eq!(
        Kind::ALL.map(Kind::name),
        [
            "consecutive_5xx",
            "consecutive_gateway_failure",
            "consecutive_local_origin_failure",
            "success_rate",
            "local_origin_success_rate",
            "failure_percentage",
            "local_origin_failure_percentage",
        ]
    );
}

#[test]
fn counts_add_up() {
    let mut pool = Pool::new(2, istio().max_ejection_percent(50).consecutive_5xx(1).consecutive_gateway(1));
    for host in [1, 2] {
        let _ = pool.see(host, Seen::Answered(503), 1);
    }
    let counts = pool.detector.counts();
    let twice = counts.with(counts);
    assert_eq!((counts.ejections(), counts.overflows()), (1, 2));
    assert_eq!((twice.ejections(), twice.overflows()), (2, 4));
    assert_eq!(twice.detected(Kind::ConsecutiveGateway), 4);
    assert_eq!(twice.enforced(Kind::Consecutive5xx), 2);
    assert_eq!(twice.overflowed(Kind::ConsecutiveGateway), 2);
}
