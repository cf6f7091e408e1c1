//! Records of hosts: answers that come at the same moment.

use loom::{sync::Arc, thread};

use crate::{
    model,
    policy::outlier::{Hits, Kind, Record, Seen, Settings, SettingsBuilder, Share},
};

const BAD: Seen = Seen::Answered(500);
const GATEWAY: Seen = Seen::Answered(503);
const GOOD: Seen = Seen::Answered(200);

/// Rows alone, of two each.
fn rows() -> SettingsBuilder {
    let settings = Settings::builder().enforcing(Kind::SuccessRate, 0);
    settings.consecutive_5xx(2).consecutive_gateway(2).consecutive_local_origin(2)
}

/// What came to a record, and what two more tries at once set off: in any order.
fn beside(settings: SettingsBuilder, before: &[Seen], tries: [Seen; 2]) -> (Arc<Record>, [Hits; 2]) {
    let settings = std::sync::Arc::new(settings.build().expect("these mean something"));
    let record = Arc::new(Record::new());
    for seen in before {
        assert!(record.note(&settings, *seen).is_none());
    }
    let [one, other] = tries;
    let thread = {
        let (record, settings) = (Arc::clone(&record), std::sync::Arc::clone(&settings));
        thread::spawn(move || record.note(&settings, other))
    };
    let hits = record.note(&settings, one);
    (record, [hits, thread.join().expect("no panic")])
}

fn told(hits: [Hits; 2], kind: Kind) -> usize {
    hits.iter().filter(|hits| hits.has(kind)).count()
}

#[test]
fn a_row_that_two_errors_fill_is_told_once_and_begins_anew() {
    model(|| {
        let (record, hits) = beside(rows(), &[], [GATEWAY, GATEWAY]);
        for kind in [Kind::Consecutive5xx, Kind::ConsecutiveGateway] {
            assert_eq!((told(hits, kind), record.in_a_row(kind)), (1, 0));
        }
        assert!(hits.iter().any(|hits| hits.is_none()), "one try fills both rows");
    });
}

#[test]
fn an_error_beside_the_one_that_fills_a_row_is_the_first_of_the_next() {
    model(|| {
        let (record, hits) = beside(rows(), &[BAD], [BAD, GATEWAY]);
        assert_eq!((told(hits, Kind::Consecutive5xx), record.in_a_row(Kind::Consecutive5xx)), (1, 1));
        assert_eq!(told(hits, Kind::ConsecutiveGateway), 0);
        assert!(record.in_a_row(Kind::ConsecutiveGateway) <= 1);
    });
}

#[test]
fn a_good_answer_beside_an_error_comes_before_or_after_it() {
    model(|| {
        let (record, hits) = beside(rows(), &[BAD], [BAD, GOOD]);
        let filled = told(hits, Kind::Consecutive5xx);
        assert_eq!(record.in_a_row(Kind::Consecutive5xx) as usize, 1 - filled);
    });
}

#[test]
fn a_return_beside_an_error_comes_before_or_after_it() {
    model(|| {
        let settings = std::sync::Arc::new(rows().build().expect("these mean something"));
        let record = Arc::new(Record::new());
        assert!(record.note(&settings, BAD).is_none());
        let other = {
            let record = Arc::clone(&record);
            thread::spawn(move || record.clear())
        };
        let filled = record.note(&settings, BAD).has(Kind::Consecutive5xx);
        other.join().expect("no panic");
        assert_eq!(record.in_a_row(Kind::Consecutive5xx), u32::from(!filled));
    });
}

#[test]
fn a_row_of_failures_without_an_answer_is_told_once() {
    model(|| {
        let split = rows().split_local_origin(true).enforcing(Kind::LocalOriginSuccessRate, 0);
        let tries = [Seen::ConnectFailed; 2];
        let (record, hits) = beside(split, &[], tries);
        let kind = Kind::ConsecutiveLocalOrigin;
        assert_eq!((told(hits, kind), record.in_a_row(kind)), (1, 0));
    });
}

#[test]
fn what_is_taken_at_a_tick_and_what_is_left_is_all_there_was() {
    model(|| {
        let settings = std::sync::Arc::new(Settings::default());
        let record = Arc::new(Record::new());
        let other = {
            let (record, settings) = (Arc::clone(&record), std::sync::Arc::clone(&settings));
            thread::spawn(move || {
                for seen in [GOOD, BAD] {
                    let _ = record.note(&settings, seen);
                }
            })
        };
        let _ = record.note(&settings, GOOD);
        let first = record.take().answers;
        other.join().expect("no panic");
        let second = record.take().answers;
        let both = Share { good: first.good + second.good, bad: first.bad + second.bad };
        assert_eq!(both, Share { good: 2, bad: 1 });
    });
}
