//! osm-edge's `circuitBreaking` as the breaker's settings.
//!
//! A zero, or an empty text, means "unset" there; a negative or an impossible value means nothing and is refused. In
//! our own block inside of it, `towerMesh`, a zero is refused too.

mod extension;
mod surprises;

use std::time::Duration;

pub(super) use surprises::surprises;

use crate::{
    config::{GoDuration, Ratio, osm},
    mesh::lower::invalid::{InvalidBlock, set},
    policy::{
        Setting,
        circuit_breaker::{Field, Settings, SettingsError},
    },
};

impl TryFrom<osm::CircuitBreaking> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: osm::CircuitBreaking) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

impl TryFrom<&osm::CircuitBreaking> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: &osm::CircuitBreaking) -> Result<Self, InvalidBlock> {
        let mut settings = Self::builder();
        if let Some(window) = set(block.stat_time_window) {
            settings = settings.window(time(Field::Window, window)?);
        }
        if let Some(open_for) = set(block.degraded_time_window) {
            settings = settings.open_for(time(Field::OpenFor, open_for)?);
        }
        if let Some(slow_time) = set(block.slow_time_threshold) {
            settings = settings.slow_time(time(Field::SlowTime, slow_time)?);
        }
        if let Some(amount) = set(block.min_request_amount) {
            settings = settings.minimum_requests(amount);
        }
        if let Some(amount) = set(block.error_amount_threshold) {
            settings = settings.error_amount(amount);
        }
        if let Some(amount) = set(block.slow_amount_threshold) {
            settings = settings.slow_amount(amount);
        }
        if let Some(ratio) = set(block.error_ratio_threshold.map(Ratio::get)) {
            settings = settings.error_ratio(ratio);
        }
        if let Some(ratio) = set(block.slow_ratio_threshold.map(Ratio::get)) {
            settings = settings.slow_ratio(ratio);
        }
        if let Some(status) = set(block.degraded_status_code) {
            let status = u16::try_from(status).map_err(|_| refused(Field::Status, status.to_string()))?;
            settings = settings.reply_status(status);
        }
        if let Some(content) = set(block.degraded_response_content.clone()) {
            settings = settings.reply_content(content);
        }
        if let Some(block) = &block.tower_mesh {
            settings = extension::extend(settings, block)?;
        }
        settings.build().map_err(|error| refused(error.field(), found(block, &error)))
    }
}

fn time(field: Field, time: GoDuration) -> Result<Duration, InvalidBlock> {
    time.to_std().ok_or_else(|| refused(field, time.to_string()))
}

/// What was found, as YAML writes it.
fn found(block: &osm::CircuitBreaking, error: &SettingsError) -> String {
    let open_time = block.tower_mesh.as_ref().and_then(|block| block.open_time.as_ref());
    match (error.field(), open_time.and_then(|block| block.most)) {
        (Field::OpenMost, Some(most)) => most.to_string(),
        _ => error.found().to_owned(),
    }
}

fn refused(field: Field, found: String) -> InvalidBlock {
    InvalidBlock::new(name(field), found, accepted(field))
}

/// The field's path below `circuitBreaking`.
const fn name(field: Field) -> &'static str {
    match field {
        Field::Window => "statTimeWindow",
        Field::ErrorAmount => "errorAmountThreshold",
        Field::ErrorRatio => "errorRatioThreshold",
        Field::SlowAmount => "slowAmountThreshold",
        Field::SlowRatio => "slowRatioThreshold",
        Field::SlowTime => "slowTimeThreshold",
        Field::MinimumRequests => "minRequestAmount",
        Field::OpenFor => "degradedTimeWindow",
        Field::Status => "degradedStatusCode",
        Field::Sliding => "towerMesh.slidingBuckets",
        Field::LastCalls => "towerMesh.lastCalls",
        Field::ConsecutiveErrors => "towerMesh.consecutiveErrorThreshold",
        Field::OpenGrowth => "towerMesh.openTime.growthFactor",
        Field::OpenMost => "towerMesh.openTime.most",
        Field::OpenJitter => "towerMesh.openTime.jitter",
        Field::HalfOpenSuccesses => "towerMesh.halfOpen.successes",
        Field::HalfOpenFailures => "towerMesh.halfOpen.failures",
        Field::HalfOpenProbes => "towerMesh.halfOpen.probes",
        Field::HalfOpenRatio => "towerMesh.halfOpen.errorRatio",
        Field::HalfOpenDeadline => "towerMesh.halfOpen.deadline",
        Field::HalfOpenConcurrent => "towerMesh.halfOpen.concurrentProbes",
        // A mesh has one circuit per port: YAML never sets it, so it is never wrong.
        Field::MostKeys => "towerMesh",
    }
}

/// What YAML accepts: in osm-edge's fields zero is "unset", in ours it is nothing.
fn accepted(field: Field) -> String {
    let accepted = field.accepted();
    match field {
        Field::Window | Field::OpenFor => format!("{accepted}, or 0 for the default of 30s"),
        Field::SlowTime => format!("{accepted}, or 0 for the default of 5s"),
        Field::Status => format!("{accepted}, or 0 for the default of 409"),
        Field::ErrorAmount | Field::ErrorRatio | Field::SlowAmount | Field::SlowRatio => {
            format!("{accepted}, or 0 for unset")
        }
        Field::MinimumRequests => {
            "no more than `towerMesh.lastCalls`, or 0 for the default (100, or `lastCalls` if that is fewer)"
                .to_owned()
        }
        Field::Sliding => "1 to 1000, each of them a nanosecond at least".to_owned(),
        Field::OpenGrowth => format!("{accepted}, together with `most`"),
        Field::OpenMost => {
            "at least as long as `degradedTimeWindow` (30s unless set), together with `growthFactor`"
                .to_owned()
        }
        Field::HalfOpenProbes => format!("{accepted}, together with `errorRatio`"),
        Field::HalfOpenRatio => format!("{accepted}, together with `probes`"),
        Field::LastCalls
        | Field::ConsecutiveErrors
        | Field::OpenJitter
        | Field::HalfOpenSuccesses
        | Field::HalfOpenFailures
        | Field::HalfOpenDeadline
        | Field::HalfOpenConcurrent
        | Field::MostKeys => accepted.to_owned(),
    }
}
