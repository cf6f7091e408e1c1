//! Istio's `fault` as the faults' settings.

use crate::{
    config::istio::{self, Abort, Delay, Percentage},
    mesh::lower::invalid::{InvalidBlock, WHOLE, millis},
    policy::{
        GrpcStatus, PartsPerMillion, Setting,
        fault::{Abort as Answered, Delay as Kind, Field, Settings, SettingsBuilder},
    },
};

impl TryFrom<&istio::Fault> for Settings {
    type Error = InvalidBlock;

    /// A delay or an abort without a percentage is one of 0 %, as in Istio; so is one of a kind that Istio refuses.
    ///
    /// ```
    /// use tower_mesh::{FaultLayer, config::{self, istio::Fault}, policy::fault::Settings};
    ///
    /// let (fault, _) = config::from_yaml::<Fault>("abort: {percentage: {value: 50}, httpStatus: 503}")?;
    /// let layer = FaultLayer::new(Settings::try_from(fault).expect("it means something"));
    /// # let _ = layer;
    /// # Ok::<(), config::Errors>(())
    /// ```
    fn try_from(block: &istio::Fault) -> Result<Self, InvalidBlock> {
        let ours = block.tower_mesh.clone().unwrap_or_default();
        let by_headers = ours.by_headers.unwrap_or(false);
        if block.delay.is_none() && block.abort.is_none() && !by_headers {
            return Err(InvalidBlock::new(
                "delay",
                "absent where `abort` is absent too",
                "at least one of them",
            ));
        }
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
            InvalidBlock::new(field, error.found(), error.accepted())
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
            let time = millis("delay.fixedDelay", time, WHOLE)?;
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
                .map_err(|_| InvalidBlock::new("abort.httpStatus", status, Field::AbortStatus.accepted()))?;
            Ok(settings.abort(number, share.unwrap_or(0.0)))
        }
        (None, Some(status)) => {
            let number: GrpcStatus = status.parse().map_err(|_| {
                let names: Vec<_> = (0..).map_while(GrpcStatus::from_number).map(GrpcStatus::name).collect();
                let accepted = "a gRPC status by name, such as `UNAVAILABLE`";
                InvalidBlock::word("abort.grpcStatus", status, &names, accepted)
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
pub(super) fn surprises(block: &istio::Fault, settings: &Settings) -> Vec<(&'static str, String)> {
    let ours = block.tower_mesh.clone().unwrap_or_default();
    let by_headers = ours.by_headers == Some(true);
    let mut told = Vec::new();
    if let Some(Delay { percentage, percent, fixed_delay, exponential_delay, .. }) = &block.delay {
        if exponential_delay.is_some() {
            told.push(("delay.exponentialDelay", REFUSED.to_owned()));
        } else if fixed_delay.is_none() && !by_headers {
            told.push(("delay", "has no effect: `fixedDelay` is not set".to_owned()));
        } else if percentage.is_none() && percent.is_none() && !by_headers {
            told.push(("delay", NEVER.to_owned()));
        }
        if percentage.is_some() && percent.is_some() {
            told.push(("delay.percent", BESIDE.to_owned()));
        }
    }
    if let Some(Abort { percentage, percent, http_status, grpc_status, http2_error, .. }) = &block.abort {
        if http2_error.is_some() {
            told.push(("abort.http2Error", REFUSED.to_owned()));
        } else if http_status.is_none() && grpc_status.is_none() && !by_headers {
            told.push(("abort", "has no effect: neither `httpStatus` nor `grpcStatus` is set".to_owned()));
        } else if percentage.is_none() && percent.is_none() && !by_headers {
            told.push(("abort", NEVER.to_owned()));
        }
        match (percentage, percent) {
            (Some(_), Some(_)) => told.push(("abort.percent", BESIDE.to_owned())),
            (None, Some(_)) => {
                let why = "read as `percentage`: Istio has dropped this spelling, and would abort nothing";
                told.push(("abort.percent", why.to_owned()));
            }
            _ => {}
        }
    }
    if let (Some((Kind::Fixed(_), delayed)), Some((Answered::With(_), aborted))) =
        (settings.delay(), settings.abort())
        && !delayed.is_none()
        && !aborted.is_none()
    {
        let left = PartsPerMillion::of(PartsPerMillion::ALL.parts() - delayed.parts());
        if !settings.exclusive() {
            let why = "drawn apart from the delay: a request can meet both \
                       (`towerMesh: {exclusive: true}` draws once)";
            told.push(("abort", why.to_owned()));
        } else if aborted > left {
            let why = format!("leaves {left} to the abort, which asks for {aborted}");
            told.push(("towerMesh.exclusive", why));
        }
    }
    told
}

const REFUSED: &str = "has no effect: Istio knows this field and refuses it";
const NEVER: &str = "never happens: without a `percentage` it is 0 %";
const BESIDE: &str = "has no effect beside `percentage`";
