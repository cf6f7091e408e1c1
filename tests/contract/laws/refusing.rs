//! A layer that refuses does so at once, for as long as it should, and by itself.

use std::time::Duration;

use tokio::{runtime::Handle, time::advance};
use tower::ServiceExt;

use crate::{
    loss::Loss,
    stand::Seen,
    subject::{Ending, Guard, Provoked, Subject},
};

const MOMENT: Duration = Duration::from_millis(1);

pub(crate) async fn a_refused_call_does_not_reach_the_inner_service<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let (service, _held) = stand.refusing().await;
    let before = stand.probe.upstream().calls();
    for _ in 0..10 {
        assert_eq!(stand.tries(&service).await, Seen::Refused);
        drop(service.clone().oneshot(Ending::Success.request()));
    }
    assert_eq!(stand.probe.upstream().calls(), before, "a refused call reached the inner service");
}

pub(crate) async fn refusing_spawns_nothing<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let stand = subject.stand();
    let (service, _held) = stand.refusing().await;
    assert_eq!(stand.tries(&service).await, Seen::Refused);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "a refusal spawned a task");
}

/// Law 8: it is over when tokio's clock says so, to the millisecond. What is refused meanwhile does not prolong it.
pub(crate) async fn refusing_lasts_as_long_as_it_should<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let (service, held) = stand.refusing().await;
    match subject.provoked() {
        Provoked::Strikes { recovers_after, .. } => {
            for part in [recovers_after / 2, recovers_after - recovers_after / 2 - MOMENT] {
                assert_eq!(stand.tries(&service).await, Seen::Refused);
                advance(part).await;
            }
            assert_eq!(stand.tries(&service).await, Seen::Refused, "a millisecond early it passed again");
            advance(MOMENT).await;
        }
        Provoked::Always => {
            advance(Duration::from_secs(600)).await;
            assert_eq!(stand.tries(&service).await, Seen::Refused, "time made it pass");
            return;
        }
        Provoked::InFlight | Provoked::Never => {
            assert_eq!(stand.tries(&service).await, Seen::Refused);
            advance(Duration::from_secs(600)).await;
            assert_eq!(stand.tries(&service).await, Seen::Refused, "time gave a place back");
            drop(held);
        }
    }
    assert_eq!(stand.tries(&service).await, Seen::Passed, "it still refused when that should have been over");
    assert_eq!(stand.tries(&service).await, Seen::Passed);
}
