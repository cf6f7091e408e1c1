//! Copies that begin and end at the same moment.

use loom::{sync::Arc, thread};

use crate::{
    model,
    policy::mirror::{Copies, Settings},
};

#[test]
fn there_are_never_more_copies_than_may_be() {
    model(|| {
        let settings = Settings::builder().most_under_way(1).build().expect("these mean something");
        let copies = Arc::new(Copies::new(&settings));
        let run = |copies: &Copies| {
            let begins = copies.begin();
            if begins {
                assert_eq!(copies.counts().under_way, 1);
                copies.end();
            }
            u64::from(begins)
        };
        let other = {
            let copies = Arc::clone(&copies);
            thread::spawn(move || run(&copies))
        };
        let begun = run(&copies) + other.join().expect("no panic");
        let counts = copies.counts();
        assert_eq!((counts.copied, counts.under_way), (begun, 0));
        assert!(begun >= 1 && copies.begin());
    });
}
