//! What may befall a request, and what its headers ask for.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};

use super::{Abort, Answer, Delay, Denominator, Settings, builder::http_status, settings::share};
use crate::policy::{GrpcStatus, PartsPerMillion, header};

const DELAY: HeaderName = HeaderName::from_static("x-envoy-fault-delay-request");
const DELAY_SHARE: HeaderName = HeaderName::from_static("x-envoy-fault-delay-request-percentage");
const ABORT: HeaderName = HeaderName::from_static("x-envoy-fault-abort-request");
const ABORT_GRPC: HeaderName = HeaderName::from_static("x-envoy-fault-abort-grpc-request");
const ABORT_SHARE: HeaderName = HeaderName::from_static("x-envoy-fault-abort-request-percentage");

/// What may befall a request, and how likely. What has no share has no meaning either.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chances {
    pub(super) delay: Duration,
    pub(super) delay_share: PartsPerMillion,
    pub(super) abort: Answer,
    pub(super) abort_share: PartsPerMillion,
}

impl Chances {
    /// Those of a request that asks for nothing.
    pub(super) fn fixed(settings: &Settings) -> Self {
        Self::of(settings, None)
    }

    /// Those of a request with these headers.
    pub(super) fn of(settings: &Settings, headers: Option<&HeaderMap>) -> Self {
        let asks = Asks { headers, denominator: settings.denominator };
        let delay = settings.delay.and_then(|(delay, share)| match delay {
            Delay::Fixed(time) => Some((time, share)),
            Delay::ByHeader => Some((asks.delay()?, asks.at_most(&DELAY_SHARE, share))),
        });
        let abort = settings.abort.and_then(|(abort, share)| match abort {
            Abort::With(answer) => Some((answer, share)),
            Abort::ByHeader => Some((asks.abort()?, asks.at_most(&ABORT_SHARE, share))),
        });
        Self {
            delay: delay.map_or(Duration::ZERO, |(time, _)| time),
            delay_share: share(delay),
            abort: abort.map_or(Answer::Http(StatusCode::SERVICE_UNAVAILABLE), |(answer, _)| answer),
            abort_share: share(abort),
        }
    }
}

/// What a request asks for. Of a header that is given twice the first one counts.
struct Asks<'r> {
    headers: Option<&'r HeaderMap>,
    denominator: Denominator,
}

impl Asks<'_> {
    fn number(&self, name: &HeaderName) -> Option<u64> {
        header::number(self.headers?.get(name)?)
    }

    fn delay(&self) -> Option<Duration> {
        self.number(&DELAY).filter(|ms| *ms > 0).map(Duration::from_millis)
    }

    fn abort(&self) -> Option<Answer> {
        let http = || self.number(&ABORT).and_then(http_status).map(Answer::Http);
        let grpc = || {
            let number = u8::try_from(self.number(&ABORT_GRPC)?).ok()?;
            GrpcStatus::from_number(number).map(Answer::Grpc)
        };
        http().or_else(grpc)
    }

    /// The share that is asked for, and no more than this.
    fn at_most(&self, name: &HeaderName, most: PartsPerMillion) -> PartsPerMillion {
        let parts_each: u32 = match self.denominator {
            Denominator::Hundred => 10_000,
            Denominator::TenThousand => 100,
            Denominator::Million => 1,
        };
        let asked = self.number(name).and_then(|number| u32::try_from(number).ok());
        asked.map_or(most, |asked| PartsPerMillion::of(asked.saturating_mul(parts_each)).min(most))
    }
}
