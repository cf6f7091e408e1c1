//! Over services that are not HTTP, a refusal is the service's own error.

use crate::{
    loss::Loss,
    subject::{Ending, Guard, Subject},
};

pub(crate) async fn a_refusal_is_the_services_own_error<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let (service, _held) = stand.refusing().await;
    let error =
        stand.ask(&service, Ending::Success.request()).await.err().expect("a refusal is an error here");
    let refusal = error.refusal().expect("the refusal is still in the error");
    assert!(!refusal.flags().is_empty(), "a refusal has a flag");
}
