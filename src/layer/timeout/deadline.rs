//! When an exchange has taken too long, and what is said then.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::StatusCode;
use tokio::time::{Sleep, sleep, sleep_until};

use super::upload::{Progress, Signal};
use crate::{
    events::EventKind,
    layer::{clock, observer::Observer, seat::Shared},
    policy::{
        Time,
        timeout::{Awaited, GrpcStatus, Limit, Limits},
    },
    refusal::{Grpc, Reason, Refusal},
};

/// When an exchange has taken too long. It goes with the call until the head of the answer is there, and with the
/// answer's body from then on.
///
/// It reads no clock until something keeps the caller waiting: until then no time has passed.
pub struct Deadline {
    limits: Limits,
    reply: Reply,
    /// When time began to count; [`Time::NEVER`] if nothing had to be waited for yet.
    started: Time,
    /// When something moved last; [`Time::NEVER`] if something has since the clock was read.
    moved: Time,
    /// The request's body, if that may still be on its way.
    upload: Option<Signal>,
    observer: Option<Shared<Observer>>,
}

/// How it is said that time is up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    pub(super) grpc: GrpcStatus,
    /// An answer without content, and with a status that is no failure.
    pub(super) empty: bool,
}

/// Where a timer is kept.
pub(crate) trait Alarm {
    /// The timer; if there is none yet, this one.
    fn or_set(&mut self, timer: impl FnOnce() -> Sleep) -> Pin<&mut Sleep>;
}

impl Alarm for Pin<&mut Option<Sleep>> {
    #[inline]
    fn or_set(&mut self, timer: impl FnOnce() -> Sleep) -> Pin<&mut Sleep> {
        if self.is_none() {
            self.set(Some(timer()));
        }
        self.as_mut().as_pin_mut().unwrap_or_else(|| unreachable!("it was set"))
    }
}

impl Alarm for &mut Option<Pin<Box<Sleep>>> {
    fn or_set(&mut self, timer: impl FnOnce() -> Sleep) -> Pin<&mut Sleep> {
        self.get_or_insert_with(|| Box::pin(timer())).as_mut()
    }
}

impl Deadline {
    #[inline(always)]
    pub(super) const fn new(
        limits: Limits,
        reply: Reply,
        upload: Option<Signal>,
        observer: Option<Shared<Observer>>,
    ) -> Self {
        Self { limits, reply, started: Time::NEVER, moved: Time::NEVER, upload, observer }
    }

    /// Something moved.
    #[inline]
    pub(crate) const fn moved(&mut self) {
        self.moved = Time::NEVER;
    }

    /// What is left when the head is there: if something is, time counts at the latest from now on. `timer` is the one
    /// that ran until now, if there was something to wait for: a first one was set without a look at the clock, and
    /// knows when that was.
    pub(super) fn after_the_head(mut self, timer: Option<&Sleep>) -> Option<Self> {
        if self.started == Time::NEVER {
            self.started = match (timer, self.limits.shortest()) {
                (Some(timer), Some((_, time))) => clock::time(timer.deadline()) - time,
                _ if self.limits.after_the_head().watch_the_beginning() => clock::now(),
                _ => Time::NEVER,
            };
        }
        self.limits = self.limits.after_the_head();
        self.moved();
        (!self.limits.is_none()).then_some(self)
    }

    /// Ready with the limit that is exceeded; to be asked only when what is awaited is not there.
    #[inline(always)]
    pub(crate) fn poll(&mut self, awaited: Awaited, alarm: impl Alarm, cx: &mut Context<'_>) -> Poll<Limit> {
        // Nothing but time matters, from now on: most are of this kind, and one look at the clock is enough for them.
        if self.started == Time::NEVER && self.upload.is_none() && !self.limits.watch_movement() {
            self.poll_time(alarm, cx)
        } else {
            self.poll_movement(awaited, alarm, cx)
        }
    }

    /// The total, if it is over: to be asked of a body that goes on, and keeps nobody waiting.
    pub(crate) fn is_over(&mut self, cx: &mut Context<'_>) -> Option<Limit> {
        if !self.limits.watch_the_beginning() {
            return None;
        }
        let (limit, at) = self.next(Awaited::Body, cx)?;
        (limit == Limit::Total && clock::now() >= at).then_some(limit)
    }

    fn poll_time(&self, mut alarm: impl Alarm, cx: &mut Context<'_>) -> Poll<Limit> {
        let Some((limit, time)) = self.limits.shortest() else { return Poll::Pending };
        alarm.or_set(|| sleep(time)).poll(cx).map(|()| limit)
    }

    /// Out of line, so that who has nothing to do with it is not kept.
    #[inline(never)]
    fn poll_movement(
        &mut self,
        awaited: Awaited,
        mut alarm: impl Alarm,
        cx: &mut Context<'_>,
    ) -> Poll<Limit> {
        self.read_the_clock();
        let Some((limit, at)) = self.next(awaited, cx) else { return Poll::Pending };
        let at = clock::instant(at);
        let mut timer = alarm.or_set(|| sleep_until(at));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            // Something may have moved since it was set.
            if timer.deadline() >= at {
                return Poll::Ready(limit);
            }
            timer.as_mut().reset(at);
        }
    }

    /// Once when there is something to wait for, and where movement matters after each.
    #[inline]
    fn read_the_clock(&mut self) {
        let moved = self.moved == Time::NEVER && self.limits.watch_movement();
        if self.started == Time::NEVER || moved {
            let now = clock::now();
            self.started = self.started.min(now);
            self.moved = self.moved.min(now);
        }
    }

    #[inline]
    fn next(&mut self, awaited: Awaited, cx: &mut Context<'_>) -> Option<(Limit, Time)> {
        if self.upload.is_some() {
            return self.next_of_upload(awaited, cx);
        }
        self.limits.next(awaited, Some(self.started), self.moved)
    }

    fn next_of_upload(&mut self, awaited: Awaited, cx: &mut Context<'_>) -> Option<(Limit, Time)> {
        let (progress, at) = self.upload.as_ref()?.look(cx.waker());
        self.started = self.started.max(at);
        self.moved = self.moved.max(at);
        if progress == Progress::Ended {
            self.upload = None;
        }
        let counts = progress != Progress::WaitsForCaller;
        self.limits.next(awaited, counts.then_some(self.started), self.moved)
    }

    pub(crate) fn refusal(&self, limit: Limit) -> Refusal {
        let status =
            if self.upload.is_some() { StatusCode::REQUEST_TIMEOUT } else { StatusCode::GATEWAY_TIMEOUT };
        let refusal = match limit {
            Limit::Idle => {
                return Refusal::new(Reason::IdleTimeout, status)
                    .text("stream timeout")
                    .details("stream_idle_timeout");
            }
            Limit::Total => late(Reason::Timeout, self.reply.empty).details("response_timeout"),
            Limit::Head => late_try(self.reply.empty),
        };
        refusal.grpc(Grpc::Status(match self.reply.grpc {
            GrpcStatus::Unavailable => 14,
            GrpcStatus::DeadlineExceeded => 4,
        }))
    }

    pub(crate) fn tell(&self, reason: Reason) {
        if let Some(observer) = &self.observer {
            observer.tell(EventKind::Refused(reason));
        }
    }
}

fn late(reason: Reason, empty: bool) -> Refusal {
    if empty {
        return Refusal::new(reason, StatusCode::NO_CONTENT);
    }
    Refusal::new(reason, StatusCode::GATEWAY_TIMEOUT).text("upstream request timeout")
}

/// The answer where a try was not answered in time, whoever has measured it.
pub(in crate::layer) fn late_try(empty: bool) -> Refusal {
    late(Reason::TryTimeout, empty).details("upstream_per_try_timeout")
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("limits", &self.limits).finish_non_exhaustive()
    }
}
