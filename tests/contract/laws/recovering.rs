//! What is settled late belongs to the time when it began (law 5).
//!
//! A call that was let through before a layer refused may end long after it passes calls again. Were it counted then,
//! the last gasps of an outage would close the door on an upstream that has recovered.

use futures_util::poll;
use http::HeaderValue;
use tokio::time::advance;
use tower::ServiceExt;

use crate::{
    loss::Loss,
    probe::AFTER,
    stand::Seen,
    subject::{Ending, Guard, Provoked, Subject},
};

pub(crate) async fn what_is_settled_after_a_recovery_changes_nothing<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let Provoked::Strikes { amount, bad, recovers_after } = subject.provoked() else {
        panic!("this law is about strikes: where places are counted there is nothing to recover from");
    };
    assert!(bad.contains(&Ending::Error), "this law brings about late errors");
    let service = stand.service();
    let mut late = Vec::new();
    for _ in 0..amount {
        let mut request = Ending::Error.request();
        let after = u64::try_from((recovers_after * 2).as_millis()).unwrap();
        request.headers_mut().insert(AFTER, HeaderValue::from(after));
        let mut call = Box::pin(service.clone().oneshot(request));
        assert!(poll!(&mut call).is_pending());
        late.push(call);
    }
    let _held = stand.provoke(|| service.clone()).await;
    advance(recovers_after).await;
    assert_eq!(stand.tries(&service).await, Seen::Passed);
    for call in late {
        assert!(call.await.is_err_and(|error| error.is_lost()));
    }
    assert_eq!(stand.tries(&service).await, Seen::Passed, "what began before a recovery counted after it");
}
