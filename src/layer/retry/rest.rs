//! What may follow the first try.
//!
//! Mostly one try is under way, then a wait, then another. With hedging several are: each but the newest, which alone is
//! *fresh*, has been joined by another one already, and its bad answer brings no more.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::{Attempt, Repeats, more::More, progress::Progress, station::Station};
use crate::{
    events::EventKind,
    layer::{
        clock, late,
        later::Later,
        protocol::{Answers, Reads},
        seat::Shared,
        timeout::late_try,
        whence,
    },
    policy::{
        Failure, Outcome, Time,
        backoff::Backoff,
        retry::{Decision, Pause, Settings, Tried},
        time::millis,
        timeout::Said,
    },
    refusal::{Flags, Reason},
};

pub(super) const ATTEMPT_COUNT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");

/// All that is needed for more tries of a request.
pub(super) struct Rest<S, P, Req>
where
    P: Repeats<Req>,
    S: Service<P::Try>,
{
    pub(super) service: S,
    pub(super) spare: P::Spare,
    pub(super) protocol: P,
    pub(super) memo: <P as Reads<Req>>::Memo,
    pub(super) station: Shared<Station>,
    pub(super) ordinal: u64,
    /// What the upstream was told of how long we would wait, and when.
    pub(super) expected: Option<(u64, Time)>,
    pub(super) per_try: Option<Duration>,
    /// Whether such a request may be tried again.
    pub(super) repeats: bool,
    pub(super) progress: Progress,
    /// What few requests have. Boxed, so that it is soon dropped where there is nothing.
    pub(super) more: Option<Box<More<S, P::Try>>>,
}

/// What a service answers with.
pub(super) type Answer<S, T> = Result<<S as Service<T>>::Response, <S as Service<T>>::Error>;

/// What follows the end of a try.
enum After {
    /// Its answer is the answer.
    Stands(Flags),
    /// Others go on.
    Dropped,
    /// Another one.
    Again(Pause),
}

impl<S, P, Req> Rest<S, P, Req>
where
    P: Repeats<Req> + Answers<P::Memo, S::Response, S::Error>,
    S: Service<P::Try> + Clone,
{
    /// Whether there may be something to do. Mostly there is not.
    #[inline]
    pub(super) fn minds(&self, answer: &Poll<Answer<S, P::Try>>) -> bool {
        match answer {
            Poll::Pending => self.progress.watchful,
            Poll::Ready(_) if self.progress.further => true,
            Poll::Ready(result) => match result.as_ref().map(|response| self.protocol.head(response)) {
                Ok(Some(head)) => {
                    self.settings().minds(head.status, self.protocol.is_grpc(self.memo))
                        // What a layer further in answered is judged by its reason: its status may say nothing.
                        || self.protocol.refusal(result).is_some()
                }
                Ok(None) => self.protocol.classify(self.memo, result) != Outcome::Success,
                Err(_) => true,
            },
        }
    }

    /// Does all that can be done now; `answer` is that of the try in `call`. By value, so that one that is not minded can
    /// stay where it is.
    #[cold]
    pub(super) fn go_on(
        &mut self,
        mut call: Pin<&mut Option<Later<S, P::Try>>>,
        mut timer: Pin<&mut Option<Sleep>>,
        mut answer: Poll<Answer<S, P::Try>>,
        cx: &mut Context<'_>,
    ) -> Poll<Answer<S, P::Try>> {
        let mut number = self.progress.in_call;
        loop {
            if let (Poll::Ready(result), Some(ended)) = (&mut answer, number) {
                self.note_whence();
                let called = self.was_called(ended, &call);
                let decision = self.decide(called, result);
                let good = result.is_ok() && self.protocol.refusal(result).is_none();
                let after = self.after(ended, decision, good);
                if let After::Stands(flags) = after {
                    self.end(result, flags);
                    self.leave(&mut call, &mut timer);
                    return answer;
                }
                // What it held is free before the next one waits.
                answer = Poll::Pending;
                self.give_up(ended, &mut call);
                if let After::Again(pause) = after {
                    self.wait(pause, &mut timer);
                }
            }
            if let Some((ready, result)) = self.poll_beside(cx) {
                (number, answer) = (Some(ready), Poll::Ready(result));
                continue;
            }
            if let Some(sleep) = timer.as_mut().as_pin_mut() {
                if sleep.poll(cx).is_pending() {
                    return answer;
                }
                timer.set(None);
                if !self.progress.waiting {
                    if self.out_of_time(&mut call, &mut timer, &mut answer) {
                        continue;
                    }
                    return answer;
                }
            }
            if self.progress.waiting {
                number = Some(self.progress.tries + 1);
                answer = self.begin(&mut call, cx);
            } else {
                let Some(per_try) = self.per_try.filter(|_| self.is_timed()) else { return answer };
                timer.set(Some(sleep(per_try)));
            }
        }
    }

    /// The fresh try has taken its time: it is joined or given up. Whether there is more to do.
    fn out_of_time(
        &mut self,
        call: &mut Pin<&mut Option<Later<S, P::Try>>>,
        timer: &mut Pin<&mut Option<Sleep>>,
        answer: &mut Poll<Answer<S, P::Try>>,
    ) -> bool {
        let Some(fresh) = self.progress.fresh else { return true };
        if self.settings().hedging() {
            // A body that is still on its way may be sent again when it is here: the next time, then.
            let comes =
                self.protocol.can_repeat(&self.spare, false) && !self.protocol.can_repeat(&self.spare, true);
            if self.repeats && comes {
                return true;
            }
            self.progress.late = true;
            if self.repeats && self.admit(true).is_ok() {
                self.progress.fresh = None;
                self.wait(Pause::Backoff, timer);
            }
            return true;
        }
        late::dropping(StatusCode::GATEWAY_TIMEOUT, || self.give_up(fresh, call));
        self.note_whence();
        let decision = if self.repeats { self.settings().decide(&Tried::TimedOut) } else { Decision::Stands };
        match self.after(fresh, decision, false) {
            After::Stands(flags) => {
                *answer = Poll::Ready(self.refuse(flags));
                self.leave(call, timer);
                return false;
            }
            After::Again(pause) => self.wait(pause, timer),
            After::Dropped => {}
        }
        true
    }

    /// What an answer is to the policy, and what that says.
    fn decide(&self, called: bool, result: &Answer<S, P::Try>) -> Decision {
        if !self.repeats {
            return Decision::Stands;
        }
        let head = || result.as_ref().ok().and_then(|response| self.protocol.head(response));
        let ours = self.protocol.refusal(result).filter(|_| !self.settings().judges_local_answers());
        let tried = if let Some(refusal) = ours {
            refused(refusal.reason())
        } else if let Some(head) = head() {
            let grpc = self.protocol.is_grpc(self.memo);
            Tried::Answered { status: head.status, headers: head.headers, grpc }
        } else if let Outcome::Failure(failure) = self.protocol.classify(self.memo, result) {
            Tried::Failed { failure, sent: called && failure != Failure::Connect }
        } else {
            return Decision::Stands;
        };
        self.settings().decide(&tried)
    }

    /// `good` is an answer of the upstream itself, whatever it says.
    fn after(&mut self, ended: u32, decision: Decision, good: bool) -> After {
        let others = self.progress.waiting || self.others_than(ended);
        let fresh = self.progress.fresh == Some(ended);
        if fresh {
            self.progress.fresh = None;
            // What was begun by it is decided, whatever is begun next.
            self.leave_place();
        }
        let refused = match decision {
            // That there is no answer is no answer as long as others may bring one.
            Decision::Stands if others && !good => return After::Dropped,
            Decision::Stands => return After::Stands(Flags::NONE),
            Decision::Again(pause) if fresh => match self.admit(others) {
                Ok(()) => return After::Again(pause),
                Err(flags) => flags,
            },
            Decision::Again(_) if self.retries_left() => Flags::NONE,
            Decision::Again(_) => Flags::URX,
        };
        if others { After::Dropped } else { After::Stands(refused) }
    }

    /// Decides on one more try; or says by flags why there is none.
    fn admit(&mut self, beside: bool) -> Result<(), Flags> {
        // Asked before anybody gives a place for it.
        if !self.protocol.can_repeat(&self.spare, beside) {
            return Err(Flags::NONE);
        }
        if !self.retries_left() {
            self.station.tell(EventKind::RetriesUsedUp);
            return Err(Flags::URX);
        }
        self.leave_place();
        if let Some(gate) = &self.station.gate {
            let Some(place) = gate.begin() else {
                self.station.tell(EventKind::RetryOverflow);
                return Err(Flags::UO);
            };
            self.more().place = Some(place);
        }
        if !self.protocol.claim(&self.spare, beside) {
            self.leave_place();
            return Err(Flags::NONE);
        }
        self.progress.retries += 1;
        Ok(())
    }

    /// Has the next try wait.
    fn wait(&mut self, pause: Pause, timer: &mut Pin<&mut Option<Sleep>>) {
        let draw = self.station.draw(self.ordinal, self.progress.retries);
        let time = match pause {
            Pause::Backoff => {
                self.progress.backoffs += 1;
                self.settings().backoff().wait(self.progress.backoffs, draw)
            }
            Pause::AskedFor(time) => Backoff::asked_for(time, draw),
            Pause::Exactly(time) => time,
        };
        self.progress.waiting = true;
        (self.progress.watchful, self.progress.further) = (true, true);
        // A timer takes a millisecond for nothing.
        timer.set((!time.is_zero()).then(|| sleep(time)));
    }

    /// Begins the next try.
    fn begin(
        &mut self,
        call: &mut Pin<&mut Option<Later<S, P::Try>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Answer<S, P::Try>> {
        self.progress.tries += 1;
        let number = self.progress.tries;
        (self.progress.fresh, self.progress.late, self.progress.waiting) = (Some(number), false, false);
        self.station.tell(EventKind::Retried(number));
        let tried = self.more.as_ref().map_or(&[][..], |more| &more.tried);
        let attempt = Attempt::new(number, self.settings().avoid_previous_hosts(), tried);
        whence::clear();
        let request = self.protocol.again(&self.spare, attempt, |headers| self.note(headers));
        let next = Later::fresh(self.service.clone(), request);
        if self.progress.in_call.is_none() {
            self.progress.in_call = Some(number);
            call.set(Some(next));
            return call.as_mut().as_pin_mut().map_or(Poll::Pending, |call| call.poll(cx));
        }
        self.more().beside.push((number, Box::pin(next)));
        // Those beside are polled next.
        Poll::Pending
    }

    /// A try has ended: the next one goes elsewhere, if it is known where this one was.
    fn note_whence(&mut self) {
        if self.settings().avoid_previous_hosts()
            && let Some(host) = whence::take()
        {
            self.more().tried.push(host);
        }
    }

    /// What the upstream is told of a retry.
    fn note(&self, headers: &mut HeaderMap) {
        if self.settings().count_attempts() {
            headers.insert(ATTEMPT_COUNT, self.progress.tries.into());
        }
        if let Some((expected, since)) = self.expected {
            let left = expected.saturating_sub(millis(clock::now().since(since)));
            headers.insert(Said::EXPECTED, shortest(left, self.per_try_told()));
        }
    }

    /// Our own answer where a try was not answered in time.
    fn refuse(&self, flags: Flags) -> Answer<S, P::Try> {
        let mut result = self.protocol.refuse(self.memo, late_try(false).touched(flags));
        self.end(&mut result, Flags::NONE);
        self.station.tell(EventKind::Refused(Reason::TryTimeout));
        result
    }

    /// What the caller is told of the tries.
    fn end(&self, result: &mut Answer<S, P::Try>, flags: Flags) {
        let Ok(response) = result else { return };
        if !flags.is_empty() {
            self.protocol.flag(response, flags);
        }
        if self.settings().count_attempts_in_response()
            && let Some(headers) = self.protocol.headers_mut(response)
        {
            headers.insert(ATTEMPT_COUNT, HeaderValue::from(self.progress.tries));
        }
    }

    #[inline]
    fn settings(&self) -> &Settings {
        self.more.as_ref().and_then(|more| more.own.as_ref()).unwrap_or(&self.station.settings)
    }

    fn retries_left(&self) -> bool {
        self.progress.retries < self.settings().attempts()
    }

    /// Whether the time of a try is to be measured.
    const fn is_timed(&self) -> bool {
        self.progress.fresh.is_some() && !self.progress.late
    }

    fn per_try_told(&self) -> Option<Duration> {
        self.per_try.filter(|_| !self.settings().hedging())
    }
}

/// What a refusal of a layer further in is to the policy.
const fn refused(reason: Reason) -> Tried<'static> {
    match reason {
        Reason::CircuitOpen
        | Reason::PendingOverflow
        | Reason::RequestOverflow
        | Reason::FaultAbort
        | Reason::NoRoute
        | Reason::NoCluster
        | Reason::NoHealthyUpstream
        | Reason::DirectAnswer
        | Reason::Timeout => Tried::Refused,
        Reason::TryTimeout | Reason::IdleTimeout => Tried::TimedOut,
    }
}

/// The time that an upstream is told: no longer than a try may take, and never none.
pub(super) fn shortest(left: u64, per_try: Option<Duration>) -> HeaderValue {
    let per_try = per_try.map_or(u64::MAX, millis);
    HeaderValue::from(left.min(per_try).max(1))
}
