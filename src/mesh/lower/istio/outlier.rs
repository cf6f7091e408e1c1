//! Istio's `outlierDetection` as the settings of a detector, as its control plane hands them to a sidecar.
//!
//! The block alone is outlier detection by Envoy's defaults, without success rates. Two older forms are read as those
//! who wrote them meant them, and told: a flat `consecutiveErrors`, whose meaning is the era's, and Istio 0.8's block
//! `http`.

use crate::{
    config::{
        Document,
        istio::{HttpOutlierDetection, OutlierDetection},
    },
    mesh::{
        era::{ConsecutiveErrors, Ejections, Era},
        lower::{
            Lowering,
            invalid::{InvalidBlock, WHOLE, millis, set},
        },
        note::{Code, NoteKind},
    },
    policy::{
        limits::Upstream,
        outlier::{Field, HowMany, Kind, Settings},
    },
};

impl TryFrom<&OutlierDetection> for Settings {
    type Error = InvalidBlock;

    /// As the present mesh reads it, over HTTP/1.
    ///
    /// ```
    /// use tower_mesh::{config::{self, istio::OutlierDetection}, policy::outlier::{Kind, Settings}};
    ///
    /// let (block, _) = config::from_yaml::<OutlierDetection>("
    /// consecutive5xxErrors: 1
    /// interval: 1s
    /// baseEjectionTime: 3m
    /// maxEjectionPercent: 100
    /// ")?;
    /// let settings = Settings::try_from(block).expect("it means something");
    /// assert_eq!(settings.consecutive(Kind::Consecutive5xx), 1);
    /// assert_eq!((settings.most_ejected(3), Settings::istio_default().most_ejected(3)), (3, 0));
    /// # Ok::<(), config::Errors>(())
    /// ```
    fn try_from(block: &OutlierDetection) -> Result<Self, InvalidBlock> {
        settings(block, Era::CURRENT, Upstream::Http1)
    }
}

impl TryFrom<OutlierDetection> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: OutlierDetection) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

/// As the mesh of an era reads a block, of hosts to which this protocol is spoken.
pub(super) fn settings(
    block: &OutlierDetection,
    era: Era,
    protocol: Upstream,
) -> Result<Settings, InvalidBlock> {
    let errors = Errors::of(block, era)?;
    let split = block.split_external_local_origin_errors == Some(true);
    let mut settings = Settings::builder()
        .how_many(match era.ejections {
            Ejections::OneAtLeast => HowMany::Legacy,
            Ejections::Strict => HowMany::Strict,
        })
        .enforcing(Kind::SuccessRate, 0)
        .enforcing(Kind::LocalOriginSuccessRate, 0)
        .split_local_origin(split)
        // Where failures are not counted apart it makes no difference.
        .multiplexed(split && protocol == Upstream::Http2);
    if let Some(errors) = errors.all {
        settings = settings.consecutive_5xx(errors).enforcing(Kind::Consecutive5xx, enforced(errors));
    }
    if let Some(errors) = errors.gateway {
        settings = settings.consecutive_gateway(errors).enforcing(Kind::ConsecutiveGateway, enforced(errors));
    }
    if let Some(failures) = set(block.consecutive_local_origin_failures).filter(|_| split) {
        settings = settings.consecutive_local_origin(failures);
    }
    let old = block.http.as_ref();
    if let Some((field, time)) = either("interval", block.interval, "http.interval", old, |old| old.interval)
    {
        settings = settings.interval(millis(field, time, WHOLE)?);
    }
    let (field, old_field) = ("baseEjectionTime", "http.baseEjectionTime");
    if let Some((field, time)) =
        either(field, block.base_ejection_time, old_field, old, |old| old.base_ejection_time)
    {
        settings = settings.base_ejection_time(millis(field, time, WHOLE)?);
    }
    let (field, old_field) = ("maxEjectionPercent", "http.maxEjectionPercent");
    if let Some((field, most)) =
        either(field, block.max_ejection_percent, old_field, old, |old| old.max_ejection_percent)
    {
        let most = percent(field, most, "a percentage from 0 to 100; 0 is 10")?;
        // A zero is "unset".
        if most > 0 {
            settings = settings.max_ejection_percent(most);
        }
    }
    panic_percent(block)?;
    let codes = block.outlier_detection_http_error_codes.iter();
    let codes: Vec<_> = codes.map(|code| self::code(*code)).collect::<Result<_, _>>()?;
    if !codes.is_empty() {
        settings = settings.error_statuses(codes);
    }
    settings.build().map_err(|error| {
        let field = match error.field() {
            Field::Interval => "interval",
            Field::BaseEjectionTime | Field::MaxEjectionTime => "baseEjectionTime",
            Field::ErrorStatuses => "outlierDetectionHttpErrorCodes",
            _ => "maxEjectionPercent",
        };
        InvalidBlock::new(field, error.found(), error.accepted())
    })
}

/// Below which percentage of healthy endpoints all are asked again; never, unless it is said.
pub(super) fn panic_percent(block: &OutlierDetection) -> Result<u32, InvalidBlock> {
    let least = block.min_health_percent.unwrap_or(0);
    percent("minHealthPercent", least, "a percentage from 0 to 100; 0 is \"never\"")
}

/// How many errors one after another eject: absent as by default, 0 never.
struct Errors {
    all: Option<u32>,
    gateway: Option<u32>,
}

impl Errors {
    fn of(block: &OutlierDetection, era: Era) -> Result<Self, InvalidBlock> {
        let mut errors =
            Self { all: block.consecutive_5xx_errors, gateway: block.consecutive_gateway_errors };
        let flat = old_errors("consecutiveErrors", block.consecutive_errors)?;
        let nested = block.http.as_ref().and_then(|old| old.consecutive_errors);
        let nested = old_errors("http.consecutiveErrors", nested)?;
        // The present words count before those that they took the place of.
        if errors.all.is_some() || errors.gateway.is_some() {
            return Ok(errors);
        }
        match (flat, era.consecutive_errors) {
            (Some(flat), ConsecutiveErrors::Errors) => errors.all = Some(flat),
            (Some(flat), ConsecutiveErrors::GatewayErrors) => {
                (errors.all, errors.gateway) = (Some(0), Some(flat));
            }
            (Some(_), ConsecutiveErrors::Nothing) => {}
            // What is one level down is older than any change.
            (None, _) => errors.all = nested,
        }
        Ok(errors)
    }
}

/// A zero was always "unset".
fn old_errors(field: &'static str, errors: Option<i32>) -> Result<Option<u32>, InvalidBlock> {
    let Some(errors) = set(errors) else { return Ok(None) };
    let accepted = "non-negative; 0 is the default, 5";
    u32::try_from(errors).map(Some).map_err(|_| InvalidBlock::new(field, errors, accepted))
}

const fn enforced(errors: u32) -> u32 {
    if errors == 0 { 0 } else { 100 }
}

/// A value, or else the one that stands one level down, each with its field.
fn either<T>(
    field: &'static str,
    value: Option<T>,
    old_field: &'static str,
    old: Option<&HttpOutlierDetection>,
    of: impl FnOnce(&HttpOutlierDetection) -> Option<T>,
) -> Option<(&'static str, T)> {
    let old = || Some((old_field, of(old?)?));
    value.map(|value| (field, value)).or_else(old)
}

fn percent(field: &'static str, percent: i32, accepted: &'static str) -> Result<u32, InvalidBlock> {
    let judged = u32::try_from(percent).ok().filter(|percent| *percent <= 100);
    judged.ok_or_else(|| InvalidBlock::new(field, percent, accepted))
}

fn code(code: u32) -> Result<u16, InvalidBlock> {
    let judged = u16::try_from(code).ok().filter(|code| (100..=599).contains(code));
    judged
        .ok_or_else(|| InvalidBlock::new("outlierDetectionHttpErrorCodes", code, "statuses from 100 to 599"))
}

// ===== what is told =====

/// Says what is wrong with the block at this path, and what of it does not do what it seems to.
pub(super) fn judge(document: &Document, block: &OutlierDetection, path: &str, lowering: &mut Lowering<'_>) {
    let era = lowering.identity.era;
    let settings = match settings(block, era, Upstream::Http1) {
        Ok(settings) => settings,
        Err(invalid) => return lowering.invalid(document, path, invalid),
    };
    note_old_words(document, block, path, era, lowering);
    if set(block.consecutive_local_origin_failures).is_some() && !settings.split_local_origin() {
        let field = "consecutiveLocalOriginFailures";
        let message = "has no effect without `splitExternalLocalOriginErrors`";
        lowering.surprises(document, path, [(field, message.to_owned())]);
    }
    if settings.split_local_origin() && block.consecutive_local_origin_failures == Some(0) {
        let field = "consecutiveLocalOriginFailures";
        let message = "does not switch it off: 0 is the default, 5";
        lowering.surprises(document, path, [(field, message.to_owned())]);
    }
    let gateway = settings.consecutive(Kind::ConsecutiveGateway);
    let all = settings.consecutive(Kind::Consecutive5xx);
    let statuses = block.outlier_detection_http_error_codes.is_empty();
    if statuses && settings.is_enforced(Kind::ConsecutiveGateway) && all > 0 && gateway >= all {
        let by = if block.consecutive_5xx_errors.is_some() { "" } else { " by default" };
        let message =
            format!("never acts: {all} errors of any kind in a row eject{by}, and these are among them");
        let told = [("consecutiveGatewayErrors", message)];
        lowering.surprises(document, path, told);
    }
    judge_panic(document, block, &settings, path, lowering);
}

/// What `minHealthPercent` comes to beside the share that may be ejected.
fn judge_panic(
    document: &Document,
    block: &OutlierDetection,
    settings: &Settings,
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    let Ok(least @ 1..) = panic_percent(block) else { return };
    let stay = 100 - u32::from(settings.max_ejection_percent());
    let message = if least == 100 {
        "nobody is ever left out: as soon as one is ejected, all are asked again".to_owned()
    } else if stay >= least && settings.how_many() == HowMany::Strict {
        format!("no ejection brings it about: {stay} % stay in any case, by `maxEjectionPercent`")
    } else {
        return;
    };
    lowering.surprises(document, path, [("minHealthPercent", message)]);
}

/// Tells what old words mean here.
fn note_old_words(
    document: &Document,
    block: &OutlierDetection,
    path: &str,
    era: Era,
    lowering: &mut Lowering<'_>,
) {
    let is_said = block.consecutive_5xx_errors.is_some() || block.consecutive_gateway_errors.is_some();
    if let Some(errors) = block.consecutive_errors {
        let path = format!("{path}.consecutiveErrors");
        let (all, gateway) =
            (format!("`consecutive5xxErrors: {errors}`"), format!("`consecutiveGatewayErrors: {errors}`"));
        let (message, fix) = if is_said {
            let message = "has no effect beside the words that took its place";
            (message.to_owned(), "remove it".to_owned())
        } else if errors == 0 {
            let message = "an old word that says nothing here: 0 is the default, five 5xx";
            (message.to_owned(), "remove it".to_owned())
        } else {
            let of_gateways = format!("{gateway} and `consecutive5xxErrors: 0`");
            match era.consecutive_errors {
                ConsecutiveErrors::Errors => {
                    (format!("an old word: it counts every 5xx, as {all}"), format!("write {all}"))
                }
                ConsecutiveErrors::GatewayErrors => (
                    format!("an old word: it counts 502, 503 and 504 and no other 5xx, as {of_gateways}"),
                    format!("write {of_gateways}, or {all} if every 5xx is meant"),
                ),
                ConsecutiveErrors::Nothing => (
                    "an old word that counts for nothing: five 5xx eject, as by default".to_owned(),
                    format!("write {all}, or {of_gateways}"),
                ),
            }
        };
        lowering.lint(document, &path, Code::OldSpelling, message, fix);
    }
    let Some(old) = &block.http else { return };
    let errors = match old.consecutive_errors {
        Some(errors) if !is_said && set(block.consecutive_errors).is_none() && errors > 0 => {
            format!(", with `consecutive5xxErrors: {errors}`")
        }
        _ => String::new(),
    };
    let message = format!("as Istio 0.8 spelled it: read as if it stood one level up{errors}");
    let fix = format!("write its fields into `outlierDetection` itself{errors}");
    lowering.lint(document, &format!("{path}.http"), Code::OldSpelling, message, fix);
    let hidden: [(bool, &str); 4] = [
        (old.consecutive_errors.is_some() && errors.is_empty(), "consecutiveErrors"),
        (old.interval.is_some() && block.interval.is_some(), "interval"),
        (old.base_ejection_time.is_some() && block.base_ejection_time.is_some(), "baseEjectionTime"),
        (old.max_ejection_percent.is_some() && block.max_ejection_percent.is_some(), "maxEjectionPercent"),
    ];
    for (_, field) in hidden.iter().filter(|(is_hidden, _)| *is_hidden) {
        let message = "has no effect beside what stands one level up";
        lowering.note(document, &format!("{path}.http.{field}"), NoteKind::Surprise, message);
    }
}
