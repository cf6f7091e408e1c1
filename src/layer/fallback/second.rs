//! Another service answers.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response, request::Parts};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    Station,
    lent::{Lent, Spare},
    local::{flag, flags},
    standing,
};
use crate::{layer::seat::Shared, refusal::Flags};

/// What another service answers: see [`FallbackLayer::service`](super::FallbackLayer::service).
pub struct Second<T>(T);

impl<T> Second<T> {
    pub(super) const fn new(service: T) -> Self {
        Self(service)
    }
}

/// What is kept of a request, to ask another service the same.
type Kept<B> = (Parts, Spare<B>);

impl<T> Station<Second<T>> {
    /// The request for the second service, and the flags of its answer, if this one falls to it.
    #[cold]
    fn falls_back<B, Res, E>(
        &self,
        answer: &Result<Response<Res>, E>,
        kept: &mut Option<Kept<B>>,
    ) -> Option<(Request<Lent<B>>, Flags)> {
        let refusal = standing(answer).filter(|refusal| self.takes(refusal))?;
        let (head, spare) = kept.take()?;
        let request = Request::from_parts(head, spare.back()?);
        self.tell(refusal.reason());
        let had = answer.as_ref().map_or(Flags::NONE, |refused| flags(refused.extensions()));
        Some((request, had | refusal.flags()))
    }
}

pin_project! {
    /// The future of a [`Fallback`](super::Fallback) that asks a second service.
    pub struct SecondFuture<F, T, G, B> {
        #[pin]
        stage: Stage<F, T, G, B>,
        station: Shared<Station<Second<T>>>,
        // None once the second service was to have it.
        kept: Option<Kept<B>>,
        flags: Flags,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<F, T, G, B> {
        First { #[pin] call: F },
        Readying { service: T, request: Option<Request<Lent<B>>> },
        Second { #[pin] call: G },
    }
}

impl<F, T, G, B> SecondFuture<F, T, G, B> {
    pub(super) const fn new(call: F, station: Shared<Station<Second<T>>>, kept: Kept<B>) -> Self {
        Self { stage: Stage::First { call }, station, kept: Some(kept), flags: Flags::NONE }
    }
}

impl<F, T, B, Res, E> Future for SecondFuture<F, T, T::Future, B>
where
    F: Future<Output = Result<Response<Res>, E>>,
    T: Service<Request<Lent<B>>, Response = Response<Res>, Error = E> + Clone,
{
    type Output = Result<Response<Res>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.stage.as_mut().project() {
                Projected::First { call } => {
                    let answer = call.poll(cx);
                    let Poll::Ready(result) = &answer else { return Poll::Pending };
                    if standing(result).is_none() {
                        return answer;
                    }
                    let Some((request, flags)) = this.station.falls_back(result, this.kept) else {
                        return answer;
                    };
                    *this.flags = flags;
                    let service = this.station.kind.0.clone();
                    this.stage.set(Stage::Readying { service, request: Some(request) });
                }
                // What is readied here is what is called (law 4).
                Projected::Readying { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    let Some(request) = request.take() else {
                        panic!("`SecondFuture` was polled after a panic")
                    };
                    let call = service.call(request);
                    this.stage.set(Stage::Second { call });
                }
                Projected::Second { call } => {
                    let mut answer = call.poll(cx);
                    if let Poll::Ready(result) = &mut answer {
                        // A second service that refuses has not answered: another fallback may.
                        let fb = if standing(result).is_none() { Flags::FB } else { Flags::NONE };
                        if let Ok(response) = result {
                            flag(response.extensions_mut(), *this.flags | fb);
                        }
                    }
                    return answer;
                }
            }
        }
    }
}

impl<T> fmt::Debug for Second<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Second")
    }
}

impl<F, T, G, B> fmt::Debug for SecondFuture<F, T, G, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFuture")
    }
}
