//! Only what was readied is called, and being ready takes nothing.
//!
//! The commonest bug of tower middleware is to call a clone of the service that was readied: it works over a lenient
//! service, panics over a strict one, and leaks a reservation over a `Buffer`. The next one is to take a place in
//! `poll_ready`: a service that is readied and never called keeps it, and a hundred idle connections are an outage.

use futures_util::poll;
use tower::{Service, ServiceExt};

use crate::{
    loss::Loss,
    stand::Seen,
    subject::{Ending, Guard, Subject},
};

/// Law 4; the probe panics where it is broken.
pub(crate) async fn only_an_instance_that_was_readied_is_called<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let mut service = stand.service();
    for _ in 0..3 {
        let call = service.ready().await.unwrap().call(Ending::Success.request());
        let mut clone = service.clone();
        call.await.unwrap();
        clone.ready().await.unwrap().call(Ending::Success.request()).await.unwrap();
    }
    assert_eq!(stand.probe.upstream().calls(), 6);
}

/// An instance that was readied and left alone keeps what it reserved: the layer readied one and called another.
pub(crate) async fn what_was_readied_is_what_is_called<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let mut service = stand.service();
    for _ in 0..3 {
        service.ready().await.unwrap().call(Ending::Success.request()).await.unwrap();
        assert_eq!(stand.probe.upstream().readied(), 0, "an instance was readied and left alone");
    }
}

pub(crate) async fn what_is_readied_and_never_called_reserves_nothing<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let mut readied: Vec<_> = (0..100).map(|_| stand.service()).collect();
    for service in &mut readied {
        service.ready().await.unwrap();
    }
    assert_eq!(stand.tries(&stand.service()).await, Seen::Passed, "being readied reserved something");
    drop(readied);
    assert_eq!(
        stand.tries(&stand.service()).await,
        Seen::Passed,
        "being dropped after it was readied counted"
    );
}

pub(crate) async fn a_call_waits_for_an_inner_service_that_is_not_ready<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let upstream = stand.probe.upstream();
    upstream.shut();
    let mut call = Box::pin(stand.service().oneshot(Ending::Success.request()));
    assert!(poll!(&mut call).is_pending(), "a call did not wait for the inner service to be ready");
    assert_eq!(upstream.calls(), 0);
    upstream.open();
    call.await.unwrap();
    assert_eq!(upstream.calls(), 1);
}

pub(crate) async fn an_error_of_getting_ready_is_passed_on<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    stand.probe.upstream().fail();
    let answer = stand.ask(&stand.service(), Ending::Success.request()).await;
    assert!(answer.is_err_and(|error| error.is_lost()), "the inner service's error was lost");
    stand.probe.upstream().open();
    assert_eq!(stand.tries(&stand.service()).await, Seen::Passed);
}
