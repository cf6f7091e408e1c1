//! What a block says without effect: each field is right, and yet they do not do together what they seem to.

use super::set;
use crate::{
    config::osm,
    policy::circuit_breaker::{Abandoned, Settings, Trip, Window},
};

/// What there is to tell of a block that means something: the field, or an empty text for the block, and what.
pub(in crate::mesh::lower::osm) fn surprises(
    block: &osm::CircuitBreaking,
    settings: &Settings,
) -> Vec<(&'static str, String)> {
    let mut told: Vec<(&'static str, String)> = Vec::new();
    let mut tell = |field, message: &str| told.push((field, message.to_owned()));
    if !settings.can_open() {
        tell("", "can never open: no threshold is set");
    }
    let has = |of: fn(&Trip) -> bool| settings.trips().iter().any(of);
    let judges_slowness = has(|trip| matches!(trip, Trip::SlowAmount(_) | Trip::SlowRatio(_)));
    if set(block.slow_time_threshold).is_some() && !judges_slowness {
        tell("slowTimeThreshold", NO_SLOWNESS);
    }
    let counts = has(|trip| !matches!(trip, Trip::ConsecutiveErrors(_)));
    if let Window::LastCalls(calls) = settings.window() {
        if set(block.stat_time_window).is_some() {
            tell("statTimeWindow", "has no effect: `towerMesh.lastCalls` counts instead of a window of time");
        }
        for trip in settings.trips() {
            let (field, amount) = match *trip {
                Trip::ErrorAmount(amount) => ("errorAmountThreshold", amount),
                Trip::SlowAmount(amount) => ("slowAmountThreshold", amount),
                _ => continue,
            };
            if amount > calls {
                tell(field, &format!("is never reached: only the last {calls} calls are counted"));
            }
        }
    }
    if !counts && settings.can_open() {
        let why = "has no effect: errors one after another are counted without a window";
        if set(block.stat_time_window).is_some() && !matches!(settings.window(), Window::LastCalls(_)) {
            tell("statTimeWindow", why);
        }
        match settings.window() {
            Window::Tumbling(_) => {}
            Window::Sliding { .. } => tell("towerMesh.slidingBuckets", why),
            Window::LastCalls(_) => tell("towerMesh.lastCalls", why),
        }
    }
    if settings.open_time().growth().is_some_and(|growth| growth.factor() == 1.0) {
        tell("towerMesh.openTime.growthFactor", "has no effect: a factor of 1 lets nothing grow");
    }
    let judges_errors = has(|trip| !matches!(trip, Trip::SlowAmount(_) | Trip::SlowRatio(_)));
    match settings.abandoned() {
        Abandoned::Slow if !judges_slowness => tell("towerMesh.abandoned", NO_SLOWNESS),
        Abandoned::Failure | Abandoned::FailureAfter(_) if !judges_errors && settings.can_open() => {
            tell("towerMesh.abandoned", "is no error here: no threshold of errors is set");
        }
        _ => {}
    }
    told
}

const NO_SLOWNESS: &str = "has no effect: neither `slowAmountThreshold` nor `slowRatioThreshold` is set";
