//! Every call that passes is settled exactly once (law 5), however it ends.
//!
//! Where two strikes refuse, one of each ending shows that none counts twice, and two show that each counts. Where one
//! call in flight refuses, ten of each ending show that each gives its place back, and one more call in flight that
//! none gave back two.

use crate::{
    loss::Loss,
    stand::{Seen, Stand},
    subject::{Ending, Guard, Provoked, Subject},
};

macro_rules! settled_once {
    ($($law:ident: $ending:ident,)*) => {$(
        pub(crate) async fn $law<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
            settled_once(subject, Ending::$ending).await;
        }
    )*};
}

settled_once! {
    settled_once_with_a_good_answer: Success,
    settled_once_with_a_late_answer: Late,
    settled_once_with_a_bad_status: Status,
    settled_once_with_an_error: Error,
    settled_once_when_dropped_before_the_first_poll: DroppedUnpolled,
    settled_once_when_dropped_in_flight: DroppedInFlight,
    settled_once_when_the_inner_call_panics: PanicInCall,
    settled_once_when_the_inner_future_panics: PanicInPoll,
}

async fn settled_once<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>, ending: Ending) {
    let after = async |times: usize| {
        let stand: Stand<L, E> = subject.stand();
        let service = stand.service();
        for _ in 0..times {
            if stand.bring(&service, ending).await == Seen::Refused {
                return (Seen::Refused, stand);
            }
        }
        (stand.tries(&service).await, stand)
    };
    match subject.provoked() {
        Provoked::Strikes { amount, bad, .. } if bad.contains(&ending) => {
            let (seen, _) = after(amount - 1).await;
            assert_eq!(seen, Seen::Passed, "one {ending:?} was settled twice");
            let (seen, _) = after(amount).await;
            assert_eq!(seen, Seen::Refused, "{ending:?} was never settled");
        }
        Provoked::Strikes { .. } => {
            let (seen, _) = after(10).await;
            assert_eq!(seen, Seen::Passed, "{ending:?} was settled as a bad ending");
        }
        Provoked::Always => panic!("nothing passes that could be settled: choose other chapters"),
        Provoked::InFlight | Provoked::Never => {
            let (seen, stand) = after(10).await;
            assert_eq!(seen, Seen::Passed, "{ending:?} was never settled");
            let (service, _held) = stand.refusing().await;
            assert_eq!(stand.tries(&service).await, Seen::Refused, "one {ending:?} was settled twice");
        }
    }
}
