//! The state lives in the layer value (law 3).
//!
//! axum applies a layer to each route, for each connection and for each request. A layer whose services have each a
//! state of their own never refuses there, and nobody notices until it should have.

use tokio::runtime::Handle;

use crate::{
    loss::Loss,
    stand::{Seen, Stand},
    subject::{Ending, Guard, Provoked, Subject},
};

pub(crate) async fn services_of_one_layer_share_it<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let mut services = [stand.service(), stand.service()].into_iter().cycle();
    let third = stand.service();
    let _held = stand.provoke(|| services.next().unwrap()).await;
    refuses(&stand, &services.next().unwrap(), "the first service of a layer").await;
    refuses(&stand, &services.next().unwrap(), "the second service of a layer").await;
    refuses(&stand, &third, "a service of a layer that had not been called").await;
}

pub(crate) async fn clones_of_a_service_share_it<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let stand = subject.stand();
    let service = stand.service();
    let _held = stand.provoke(|| service.clone()).await;
    refuses(&stand, &service.clone().clone(), "a clone of a service").await;
}

pub(crate) async fn clones_of_a_layer_share_it<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let stand = subject.stand();
    let clone = stand.cloned();
    let _held = clone.provoke(|| clone.service()).await;
    refuses(&stand, &stand.service(), "a layer that was cloned").await;
    drop(clone);
    refuses(&stand, &stand.service(), "a layer whose clone is gone").await;
}

pub(crate) async fn a_layer_that_is_applied_for_each_request_keeps_it<L: Guard<E>, E: Loss>(
    subject: Subject<impl Fn() -> L, E>,
) {
    let stand = subject.stand();
    let each = || stand.cloned().service();
    let _held = stand.provoke(each).await;
    for _ in 0..3 {
        refuses(&stand, &each(), "a layer that is applied for each request").await;
    }
}

pub(crate) async fn two_new_layers_share_nothing<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let (one, other) = (subject.stand(), subject.stand());
    let (service, _held) = one.refusing().await;
    refuses(&one, &service, "a layer").await;
    assert_eq!(other.tries(&other.service()).await, Seen::Passed, "a new layer knew of another's calls");
}

/// Threads count on lanes of their own, and each handle knows its lane: together they are still one.
pub(crate) async fn threads_share_it<L: Guard<E>, E: Loss>(subject: Subject<impl Fn() -> L, E>) {
    let stand = subject.stand();
    let (service, runtime) = (stand.service(), Handle::current());
    // One provocation, each of its calls on a thread of its own.
    match subject.provoked() {
        Provoked::Strikes { amount, bad, .. } => {
            // The runtime's own thread waits for the others, and moves no timers meanwhile.
            let prompt = *bad.iter().find(|ending| **ending != Ending::Late).unwrap();
            for _ in 0..amount {
                let there = async || stand.bring(&service.clone(), prompt).await;
                let seen = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(there())).join());
                assert_eq!(seen.unwrap(), Seen::Passed);
            }
            refuses(&stand, &service, "a service that was called on other threads").await;
        }
        _ => {
            let there = async || stand.provoke(|| service.clone()).await;
            let _held = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(there())).join()).unwrap();
            refuses(&stand, &service, "a service that was called on another thread").await;
        }
    }
}

async fn refuses<L: Guard<E>, E: Loss>(stand: &Stand<L, E>, service: &L::Guarded, what: &str) {
    assert_eq!(stand.tries(service).await, Seen::Refused, "{what} has a state of its own");
}
