//! Limits for each key, kept for as long as the key is in use.

use std::sync::Arc;

use tower_mesh::policy::limits::{LimitsByKey, Settings};

use super::{counts, passes, refused, release, waits};

fn keyed() -> LimitsByKey<u32> {
    LimitsByKey::new(Settings::builder().requests(1).build().expect("settings"))
}

#[test]
fn each_key_has_limits_of_its_own_and_always_the_same() {
    let keys = keyed();
    let [one, same, other] = [1, 1, 2].map(|key| keys.of(&key));
    assert!(passes(&one));
    let _ = refused(&same);
    assert!(passes(&other));
    assert_eq!((keys.load(), keys.len()), (2, 2));
}

#[test]
fn what_is_kept_is_bounded_by_what_is_in_use() {
    let keys = keyed();
    let used: Vec<_> = (0..1000).map(|key| keys.of(&key)).collect();
    assert!(used.iter().all(|limits| passes(limits)));
    for key in 1000..50_000 {
        drop(keys.of(&key));
        assert!(keys.len() <= 2 * 1000 + 256, "{}", keys.len());
    }
    let known = (0..1000).all(|key| Arc::ptr_eq(&keys.of(&key), &used[key as usize]));
    assert!(known, "one that was in use was dropped");
    assert_eq!(keys.load(), 1000);
    used.iter().for_each(|limits| release(limits));
    drop(used);
    for key in 50_000..100_000 {
        drop(keys.of(&key));
    }
    assert!(keys.len() <= 256, "{}", keys.len());
}

#[test]
fn a_key_that_somebody_waits_for_is_in_use() {
    let keys = LimitsByKey::new(Settings::builder().connections(1).build().expect("settings"));
    let (held, waiting) = (keys.of(&0), keys.of(&0));
    assert!(passes(&held));
    let _turn = waits(&waiting);
    for key in 1..10_000 {
        drop(keys.of(&key));
    }
    assert_eq!(counts(&keys.of(&0)), (1, 1));
}

#[test]
fn what_was_refused_counts_though_its_key_is_gone() {
    let keys = keyed();
    for key in 0..1000 {
        let limits = keys.of(&key);
        assert!(passes(&limits));
        let _ = refused(&limits);
        release(&limits);
    }
    assert!(keys.len() < 1000);
    assert_eq!((keys.request_overflow(), keys.pending_overflow()), (1000, 0));
}
