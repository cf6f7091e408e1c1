//! osm-edge's `circuitBreaking` as the breaker's settings.
//!
//! A zero, or an empty text, means "unset" there; a negative or an impossible value means nothing and is refused.

use std::time::Duration;

use crate::{
    config::{GoDuration, Ratio, osm},
    policy::circuit_breaker::{Field, Settings},
};

/// A block whose values cannot mean anything: which field, what it is, what would be accepted.
///
/// ```
/// use tower_mesh::{config::{self, osm::CircuitBreaking}, policy::circuit_breaker::Settings};
///
/// let (block, _) = config::from_yaml::<CircuitBreaking>("errorRatioThreshold: 1.5")?;
/// let invalid = Settings::try_from(block).unwrap_err();
/// assert_eq!(
///     invalid.to_string(),
///     "`errorRatioThreshold` is 1.5, but must be above 0 and at most 1 (0.10 is ten percent), or 0 for unset",
/// );
/// # Ok::<(), config::Errors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` is {found}, but must be {accepted}")]
pub struct InvalidBlock {
    pub(super) field: &'static str,
    pub(super) found: String,
    pub(super) accepted: String,
}

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
        if let Some(window) = time(Field::Window, block.stat_time_window)? {
            settings = settings.window(window);
        }
        if let Some(time) = time(Field::OpenFor, block.degraded_time_window)? {
            settings = settings.open_for(time);
        }
        if let Some(time) = time(Field::SlowTime, block.slow_time_threshold)? {
            settings = settings.slow_time(time);
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
        settings.build().map_err(|error| refused(error.field(), error.found().to_owned()))
    }
}

/// What is set: neither absent nor zero.
fn set<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}

fn time(field: Field, time: Option<GoDuration>) -> Result<Option<Duration>, InvalidBlock> {
    match time.filter(|time| time.nanos() != 0) {
        None => Ok(None),
        Some(set) => set.to_std().map(Some).ok_or_else(|| refused(field, set.to_string())),
    }
}

fn refused(field: Field, found: String) -> InvalidBlock {
    let unset = match field {
        Field::Window | Field::OpenFor => "0 for the default of 30s",
        Field::SlowTime => "0 for the default of 5s",
        Field::MinimumRequests => "0 for the default of 100",
        Field::Status => "0 for the default of 409",
        _ => "0 for unset",
    };
    InvalidBlock { field: yaml_name(field), found, accepted: format!("{}, or {unset}", field.accepted()) }
}

const fn yaml_name(field: Field) -> &'static str {
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
        // The others have no field in YAML yet.
        _ => "",
    }
}
