//! A layer over a probe, and what a law does with it: has calls end in every way, and looks at what reached the probe.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, resume_unwind},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use futures_util::{FutureExt, poll};
use http::{Response, StatusCode};
use tower::{Service, ServiceExt};
use tower_mesh::Refusal;

use crate::{
    loss::{Loss, Lost},
    probe::{Ask, Probe, TOLD_TO_PANIC},
    subject::{Ending, Guard, Provoked},
};

/// What came of a call that would succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Passed,
    Refused,
}

/// What a layer answers.
pub(crate) type Answer<L, E> = Result<Response<<L as Guard<E>>::Body>, E>;

/// A layer over a probe, to be tried.
#[derive(Debug)]
pub(crate) struct Stand<L, E = Lost> {
    layer: L,
    pub(crate) probe: Probe<E>,
    provoked: Provoked,
}

impl<L: Guard<E>, E: Loss> Stand<L, E> {
    pub(crate) fn new(layer: L, provoked: Provoked) -> Self {
        Self { layer, probe: Probe::default(), provoked }
    }

    pub(crate) fn service(&self) -> L::Guarded {
        self.layer.layer(self.probe.clone())
    }

    /// A clone of the layer over the same probe.
    pub(crate) fn cloned(&self) -> Self {
        Self { layer: self.layer.clone(), probe: self.probe.clone(), provoked: self.provoked }
    }

    pub(crate) async fn ask(&self, service: &L::Guarded, request: Ask) -> Answer<L, E> {
        service.clone().oneshot(request).await
    }

    /// Tries a call that would succeed.
    pub(crate) async fn tries(&self, service: &L::Guarded) -> Seen {
        let before = self.probe.upstream().calls();
        let answer = self.ask(service, Ending::Success.request()).await;
        let reached = self.probe.upstream().calls() > before;
        match (refusal::<L, E>(&answer), &answer) {
            (None, Ok(response)) if reached && response.status() == StatusCode::OK => Seen::Passed,
            (Some(_), _) if !reached => Seen::Refused,
            (Some(_), _) => panic!("a refused call reached the inner service"),
            _ => panic!("a call neither passed nor was refused (reached: {reached})"),
        }
    }

    /// Has a call end like this, unless it is refused. One that is never polled counts as passed.
    pub(crate) async fn bring(&self, service: &L::Guarded, ending: Ending) -> Seen {
        let before = self.probe.upstream().calls();
        let mut service = service.clone();
        let call = async {
            let call = service.ready().await?.call(ending.request());
            match ending {
                Ending::DroppedUnpolled => Ok(None),
                Ending::DroppedInFlight => match poll!(&mut Box::pin(call)) {
                    Poll::Ready(answer) => answer.map(Some),
                    Poll::Pending => Ok(None),
                },
                _ => call.await.map(Some),
            }
        };
        let result = AssertUnwindSafe(call).catch_unwind().await;
        let reached = self.probe.upstream().calls() > before || ending == Ending::DroppedUnpolled;
        if !reached && let Ok(Ok(Some(_)) | Err(_)) = &result {
            return Seen::Refused;
        }
        let panics = matches!(ending, Ending::PanicInCall | Ending::PanicInPoll);
        let as_told = match result {
            Err(panic) if told_to(&*panic) => panics,
            Err(panic) => resume_unwind(panic),
            Ok(Err(error)) => ending == Ending::Error && error.is_lost(),
            Ok(Ok(None)) => true,
            Ok(Ok(Some(response))) => match ending {
                Ending::Success | Ending::Late => response.status() == StatusCode::OK,
                Ending::Status => response.status() == StatusCode::INTERNAL_SERVER_ERROR,
                _ => false,
            },
        };
        assert!(
            as_told && reached,
            "a call should have ended by {ending:?} and did not (reached: {reached})"
        );
        Seen::Passed
    }

    /// Brings the layer to refuse, through services that are asked for one by one.
    pub(crate) async fn provoke(&self, mut service: impl FnMut() -> L::Guarded) -> Held<L::Answer> {
        match self.provoked {
            Provoked::Strikes { amount, bad, .. } => {
                for _ in 0..amount {
                    assert_eq!(self.bring(&service(), bad[0]).await, Seen::Passed, "it refused too early");
                }
                Held { _call: None }
            }
            Provoked::InFlight => Held { _call: Some(hanging(&mut service()).await) },
            Provoked::Always => Held { _call: None },
            Provoked::Never => panic!("a layer that never refuses cannot be provoked: choose other chapters"),
        }
    }

    /// A service that refuses, for as long as what comes with it is held.
    pub(crate) async fn refusing(&self) -> (L::Guarded, Held<L::Answer>) {
        let service = self.service();
        let held = self.provoke(|| service.clone()).await;
        (service, held)
    }
}

/// Whether it is the probe's own panic, and not that of a law that is broken.
fn told_to(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()) == Some(TOLD_TO_PANIC)
}

/// A call that has reached the inner service and goes on for ever: a layer may hold it back for up to a second.
pub(crate) async fn hanging<S: Service<Ask, Error: fmt::Debug>>(service: &mut S) -> Pin<Box<S::Future>> {
    let call = service.ready().await.unwrap().call(Ending::DroppedInFlight.request());
    let mut call = Box::pin(call);
    assert!(poll!(&mut call).is_pending(), "a call that hangs was answered");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(poll!(&mut call).is_pending(), "a call that hangs was answered");
    call
}

/// What keeps a layer refusing.
#[must_use = "a layer may stop refusing when this is dropped"]
pub(crate) struct Held<A> {
    _call: Option<Pin<Box<A>>>,
}

/// The refusal that an answer is, if it is one.
pub(crate) fn refusal<L: Guard<E>, E: Loss>(answer: &Answer<L, E>) -> Option<&Refusal> {
    match answer {
        Ok(response) => response.extensions().get(),
        Err(error) => error.refusal(),
    }
}
