//! How endpoints are picked, in a plan: as a sentence for people, as fields for machines.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::Span;
use crate::policy::{
    balance::{Algorithm, Choices, HashKey, HashKeys, Settings},
    outlier::{self, HowMany, Kind},
};

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    algorithm: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hash_keys: Vec<String>,
    #[serde(skip_serializing_if = "is_zero")]
    panic_percent: u32,
    overprovisioning: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_start: Option<SlowStartFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outlier_detection: Option<OutlierFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merge_window: Option<Span>,
    #[serde(skip_serializing_if = "String::is_empty")]
    localities: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SlowStartFields {
    window: Span,
    minimum_percent: f64,
    aggression: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutlierFields {
    detectors: Vec<String>,
    interval: Span,
    base_ejection_time: Span,
    max_ejection_time: Span,
    max_ejection_percent: u32,
    how_many: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_statuses: Option<String>,
    split_local_origin: bool,
    #[serde(skip_serializing_if = "super::is_not")]
    multiplexed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let slow_start = settings.slow_start().map(|slow| SlowStartFields {
        window: Span(slow.window()),
        minimum_percent: slow.minimum_percent(),
        aggression: slow.aggression(),
    });
    let outlier = settings.outlier().map(|outlier| OutlierFields {
        detectors: detectors(outlier),
        interval: Span(outlier.interval()),
        base_ejection_time: Span(outlier.base_ejection_time()),
        max_ejection_time: Span(outlier.max_ejection_time()),
        max_ejection_percent: outlier.max_ejection_percent().into(),
        how_many: match outlier.how_many() {
            HowMany::Strict => "strict",
            HowMany::OneAtLeast => "one-at-least",
            _ => "legacy",
        },
        error_statuses: outlier.error_statuses().map(|statuses| statuses.to_string()),
        split_local_origin: outlier.split_local_origin(),
        multiplexed: outlier.multiplexed(),
    });
    let window = settings.merge_window();
    let fields = Fields {
        algorithm: algorithm(settings.algorithm()),
        hash_keys: keys(settings.hash_keys()),
        panic_percent: settings.panic_percent(),
        overprovisioning: settings.overprovisioning(),
        slow_start,
        outlier_detection: outlier,
        merge_window: (!window.is_zero()).then_some(Span(window)),
        localities: settings.placement().to_string(),
    };
    fields.serialize(serializer)
}

/// Whether it says more than what is so anyway.
pub(super) fn something(settings: &Settings) -> bool {
    let placement = settings.placement();
    let plain = Settings::builder().placing(placement.clone()).build();
    plain.as_ref() != Ok(settings) || placement.is_by_locality()
}

fn algorithm(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::LeastRequest(Choices::Of(2)) => "the one of two with fewer requests".to_owned(),
        Algorithm::LeastRequest(Choices::Of(few)) => format!("the one of {few} with the fewest requests"),
        Algorithm::LeastRequest(Choices::All) => "the one with the fewest requests".to_owned(),
        Algorithm::RoundRobin => "one after another".to_owned(),
        Algorithm::Random => "any, by chance".to_owned(),
        Algorithm::RingHash { minimum } => format!("by a key, on a ring of {minimum} places or more"),
        Algorithm::Maglev { table } => format!("by a key, in a table of {} places", table.get()),
        Algorithm::Passthrough => "nobody: requests go where their caller sends them".to_owned(),
    }
}

pub(super) fn keys(keys: &HashKeys) -> Vec<String> {
    let key = |(key, _): (&HashKey, bool)| match key {
        HashKey::Header(name) => format!("header {name}"),
        HashKey::Cookie(cookie) => {
            let made = if cookie.lives().is_some() { ", made where it is missing" } else { "" };
            format!("cookie {}{made}", cookie.name())
        }
        HashKey::SourceIp => "source address".to_owned(),
        HashKey::QueryParameter(name) => format!("query parameter {name}"),
    };
    keys.iter().map(key).collect()
}

/// The detectors that eject. What is counted apart only where failures are split does not where they are not.
fn enforced(outlier: &outlier::Settings) -> impl Iterator<Item = Kind> {
    let of_split =
        [Kind::ConsecutiveLocalOrigin, Kind::LocalOriginSuccessRate, Kind::LocalOriginFailurePercentage];
    let acts = move |kind: &Kind| outlier.split_local_origin() || !of_split.contains(kind);
    Kind::ALL.into_iter().filter(|kind| outlier.is_enforced(*kind)).filter(acts)
}

/// The same, each as `consecutive_5xx 5`.
fn detectors(outlier: &outlier::Settings) -> Vec<String> {
    let detector = |kind: Kind| match kind {
        Kind::Consecutive5xx | Kind::ConsecutiveGateway | Kind::ConsecutiveLocalOrigin => {
            format!("{kind} {}", outlier.consecutive(kind))
        }
        _ => kind.to_string(),
    };
    enforced(outlier).map(detector).collect()
}

// ===== the sentence =====

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "balance per port: {}", algorithm(settings.algorithm()))?;
    let keys = keys(settings.hash_keys());
    match (settings.algorithm().hashes(), keys.as_slice()) {
        (true, []) => f.write_str(" (there is none: any, by chance)")?,
        (true, keys) => write!(f, " ({})", keys.join(", then "))?,
        (false, _) => {}
    }
    if let Some(slow) = settings.slow_start() {
        write!(f, "; new ones little by little, over {}", Span(slow.window()))?;
    }
    let placement = settings.placement().to_string();
    if !placement.is_empty() {
        write!(f, "; {placement}")?;
    }
    if let Some(outlier) = settings.outlier() {
        write!(f, "; ")?;
        describe_outlier(outlier, f)?;
    }
    if settings.panic_percent() > 0 {
        write!(f, "; below {} % healthy all are asked", settings.panic_percent())?;
    }
    Ok(())
}

fn describe_outlier(outlier: &outlier::Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let at: Vec<_> = enforced(outlier).map(|kind| sign(outlier, kind)).collect();
    if at.is_empty() {
        return f.write_str("ejects nobody, by whatever they answer");
    }
    let (base, most) = (outlier.base_ejection_time(), outlier.max_ejection_time());
    write!(f, "ejects at {} for {}", at.join(" or "), Span(base))?;
    if most > base {
        write!(f, ", longer each time up to {}", Span(most))?;
    }
    write!(f, ", looking every {}", Span(outlier.interval()))?;
    write!(f, "; at most {} % at once", outlier.max_ejection_percent())?;
    match outlier.how_many() {
        HowMany::Strict => Ok(()),
        _ => f.write_str(", and one in any case"),
    }
}

/// What an outlier is told by.
fn sign(outlier: &outlier::Settings, kind: Kind) -> String {
    let row = |what: &str, which: &str| match outlier.consecutive(kind) {
        1 => format!("the first {what}{which}"),
        several => format!("{several} {what}s in a row{which}"),
    };
    match kind {
        Kind::Consecutive5xx => match outlier.error_statuses() {
            Some(statuses) => row("error", &format!(" ({})", statuses.to_string().replace(',', ", "))),
            None => row("error", " (5xx)"),
        },
        Kind::ConsecutiveGateway => row("gateway error", ""),
        Kind::ConsecutiveLocalOrigin => row("failure", " without an answer"),
        other => other.to_string(),
    }
}
