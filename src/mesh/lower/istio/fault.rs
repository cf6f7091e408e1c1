//! Istio's `fault` as the faults' settings.

use super::super::invalid::InvalidBlock;
use crate::{
    config::istio::{self, Abort, Delay, Percentage},
    policy::{
        GrpcStatus,
        fault::{Field, Settings, SettingsBuilder},
    },
};

impl TryFrom<&istio::Fault> for Settings {
    type Error = InvalidBlock;

    /// A delay or an abort without a percentage is one of 0 %, as in Istio; so is one of a kind that Istio refuses.
    fn try_from(block: &istio::Fault) -> Result<Self, InvalidBlock> {
        let ours = block.tower_mesh.clone().unwrap_or_default();
        let by_headers = ours.by_headers.unwrap_or(false);
        let mut settings = Self::builder().exclusive(ours.exclusive.unwrap_or(false));
        if let Some(most) = ours.most_active {
            settings = settings.most_active(most);
        }
        settings = delayed(settings, block.delay.as_ref(), by_headers)?;
        settings = aborted(settings, block.abort.as_ref(), by_headers)?;
        settings.build().map_err(|error| {
            let field = match error.field() {
                Field::Delay => "delay.fixedDelay",
                Field::DelayPercent => "delay.percentage.value",
                Field::AbortStatus => "abort.httpStatus",
                _ => "abort.percentage.value",
            };
            InvalidBlock::new(field, error.found(), error.field().accepted())
        })
    }
}

impl TryFrom<istio::Fault> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: istio::Fault) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

fn delayed(
    settings: SettingsBuilder,
    delay: Option<&Delay>,
    by_headers: bool,
) -> Result<SettingsBuilder, InvalidBlock> {
    let share = delay.map_or(Ok(None), |delay| share(delay.percentage, delay.percent, "delay.percent"))?;
    match delay.and_then(|delay| delay.fixed_delay) {
        Some(time) if by_headers => Err(InvalidBlock::new("delay.fixedDelay", time, ABSENT)),
        Some(time) => {
            let time = time.whole_millis().map_err(|_| {
                InvalidBlock::new("delay.fixedDelay", time, "at least 1ms, in whole milliseconds")
            })?;
            Ok(settings.delay(time, share.unwrap_or(0.0)))
        }
        None if by_headers => Ok(settings.delay_by_header(share.unwrap_or(100.0))),
        None => Ok(settings),
    }
}

fn aborted(
    settings: SettingsBuilder,
    abort: Option<&Abort>,
    by_headers: bool,
) -> Result<SettingsBuilder, InvalidBlock> {
    let share = abort.map_or(Ok(None), |abort| share(abort.percentage, abort.percent, "abort.percent"))?;
    let http = abort.and_then(|abort| abort.http_status);
    let grpc = abort.and_then(|abort| abort.grpc_status.as_deref());
    match (http, grpc) {
        (Some(status), _) if by_headers => Err(InvalidBlock::new("abort.httpStatus", status, ABSENT)),
        (_, Some(status)) if by_headers => Err(InvalidBlock::new("abort.grpcStatus", status, ABSENT)),
        (Some(_), Some(status)) => {
            Err(InvalidBlock::new("abort.grpcStatus", status, "absent where `httpStatus` is set"))
        }
        (Some(status), None) => {
            let number = u16::try_from(status)
                .map_err(|_| InvalidBlock::new("abort.httpStatus", status, "200 to 599"))?;
            Ok(settings.abort(number, share.unwrap_or(0.0)))
        }
        (None, Some(status)) => {
            let number: GrpcStatus = status.parse().map_err(|_| {
                InvalidBlock::new("abort.grpcStatus", status, "a gRPC status by name, such as `UNAVAILABLE`")
            })?;
            Ok(settings.abort_grpc(number, share.unwrap_or(0.0)))
        }
        (None, None) if by_headers => Ok(settings.abort_by_header(share.unwrap_or(100.0))),
        (None, None) => Ok(settings),
    }
}

const ABSENT: &str = "absent beside `towerMesh.byHeaders`, which has requests say what they meet";

/// The newer spelling counts if it is there.
fn share(
    percentage: Option<Percentage>,
    percent: Option<i32>,
    old: &'static str,
) -> Result<Option<f64>, InvalidBlock> {
    match (percentage, percent) {
        (Some(percentage), _) => Ok(Some(percentage.value.unwrap_or(0.0))),
        (None, Some(percent @ 0..=100)) => Ok(Some(f64::from(percent))),
        (None, Some(percent)) => Err(InvalidBlock::new(old, percent, "0 to 100")),
        (None, None) => Ok(None),
    }
}

/// What is set and does not do what it seems to.
pub(super) fn surprises(block: &istio::Fault) -> Vec<(&'static str, &'static str)> {
    let mut told = Vec::new();
    let by_headers = block.tower_mesh.as_ref().is_some_and(|ours| ours.by_headers == Some(true));
    if let Some(delay) = &block.delay {
        if delay.exponential_delay.is_some() {
            told.push(("delay.exponentialDelay", "has no effect: Istio knows this field and refuses it"));
        } else if delay.fixed_delay.is_none() && !by_headers {
            told.push(("delay", "has no effect: `fixedDelay` is not set"));
        }
        if delay.percentage.is_none() && delay.percent.is_none() && !by_headers {
            told.push(("delay", "never happens: without a `percentage` it is 0 %"));
        }
        if delay.percentage.is_some() && delay.percent.is_some() {
            told.push(("delay.percent", "has no effect beside `percentage`"));
        }
    }
    if let Some(abort) = &block.abort {
        if abort.http2_error.is_some() {
            told.push(("abort.http2Error", "has no effect: Istio knows this field and refuses it"));
        } else if abort.http_status.is_none() && abort.grpc_status.is_none() && !by_headers {
            told.push(("abort", "has no effect: neither `httpStatus` nor `grpcStatus` is set"));
        }
        if abort.percentage.is_none() && abort.percent.is_none() && !by_headers {
            told.push(("abort", "never happens: without a `percentage` it is 0 %"));
        }
        if abort.percent.is_some() {
            told.push((
                "abort.percent",
                match abort.percentage {
                    Some(_) => "has no effect beside `percentage`",
                    None => "read as `percentage`: Istio has dropped this spelling, and would abort nothing",
                },
            ));
        }
    }
    let exclusive = block.tower_mesh.as_ref().is_some_and(|ours| ours.exclusive == Some(true));
    if block.delay.is_some() && block.abort.is_some() && !exclusive {
        told.push(("abort", "is drawn for itself: a request can meet the delay and the abort (`towerMesh.exclusive` draws once)"));
    }
    told
}
