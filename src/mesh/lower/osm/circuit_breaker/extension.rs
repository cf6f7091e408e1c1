//! The block `towerMesh`, given to the builder.
//!
//! What is wrong with one value the builder says itself, a zero too. What only YAML can get wrong is said here: a field without the
//! one it belongs to, or beside one that excludes it.

use super::{InvalidBlock, accepted, name, time};
use crate::{
    config::osm::{TowerMesh, extension},
    policy::circuit_breaker::{Abandoned, Field, GrpcReply, HalfOpen, SettingsBuilder},
};

const ABANDONED_AFTER: &str = "towerMesh.abandonedAfter";

/// The builder, told all that the block says.
pub(super) fn extend(
    mut settings: SettingsBuilder,
    block: &TowerMesh,
) -> Result<SettingsBuilder, InvalidBlock> {
    if let (Some(_), Some(calls)) = (block.sliding_buckets, block.last_calls) {
        let found = format!("set together with `lastCalls` ({calls})");
        return Err(InvalidBlock::new(name(Field::Sliding), found, "one of the two, not both"));
    }
    if let Some(buckets) = block.sliding_buckets {
        settings = settings.sliding(buckets);
    }
    if let Some(calls) = block.last_calls {
        settings = settings.last_calls(calls);
    }
    if let Some(amount) = block.consecutive_error_threshold {
        settings = settings.consecutive_errors(amount);
    }
    if let Some(block) = &block.open_time {
        settings = open_time(settings, block)?;
    }
    if let Some(block) = &block.half_open {
        settings = settings.half_open(half_open(block)?);
    }
    if let Some(shadow) = block.shadow {
        settings = settings.shadow(shadow);
    }
    if let Some(reply) = block.grpc_reply {
        settings = settings.grpc_reply(match reply {
            extension::GrpcReply::Unavailable => GrpcReply::Unavailable,
            extension::GrpcReply::Plain => GrpcReply::Plain,
        });
    }
    Ok(settings.abandoned(abandoned(block)?))
}

fn open_time(
    mut settings: SettingsBuilder,
    block: &extension::OpenTime,
) -> Result<SettingsBuilder, InvalidBlock> {
    match (block.growth_factor, block.most) {
        (None, None) => {}
        (Some(factor), Some(most)) => settings = settings.open_growth(factor, time(Field::OpenMost, most)?),
        (Some(_), None) => return Err(missing(Field::OpenMost)),
        (None, Some(_)) => return Err(missing(Field::OpenGrowth)),
    }
    if let Some(jitter) = block.jitter {
        settings = settings.open_jitter(jitter.get());
    }
    Ok(settings)
}

fn half_open(block: &extension::HalfOpen) -> Result<HalfOpen, InvalidBlock> {
    let mut half_open = HalfOpen::new();
    if let Some(probes) = block.concurrent_probes {
        half_open = half_open.concurrent(probes);
    }
    if let Some(deadline) = block.deadline {
        half_open = half_open.deadline(time(Field::HalfOpenDeadline, deadline)?);
    }
    let (probes, ratio) = match (block.probes, block.error_ratio) {
        (None, None) => {
            half_open = block.successes.map_or(half_open, |probes| half_open.successes(probes));
            half_open = block.failures.map_or(half_open, |probes| half_open.failures(probes));
            return Ok(half_open);
        }
        (Some(probes), Some(ratio)) => (probes, ratio.get()),
        (Some(_), None) => return Err(missing(Field::HalfOpenRatio)),
        (None, Some(_)) => return Err(missing(Field::HalfOpenProbes)),
    };
    let counts = [(block.successes, Field::HalfOpenSuccesses), (block.failures, Field::HalfOpenFailures)];
    match counts.into_iter().find(|(count, _)| count.is_some()) {
        None => Ok(half_open.ratio(probes, ratio)),
        Some((_, field)) => Err(InvalidBlock::new(
            name(field),
            "set together with `probes` and `errorRatio`",
            "one way to decide: `successes` and `failures`, or `probes` and `errorRatio`",
        )),
    }
}

fn abandoned(block: &TowerMesh) -> Result<Abandoned, InvalidBlock> {
    let refused = |found: String| {
        let accepted = "longer than zero, together with `abandoned: failure`";
        InvalidBlock::new(ABANDONED_AFTER, found, accepted)
    };
    let after = match block.abandoned_after {
        None => None,
        Some(after) => {
            Some(after.to_std().filter(|after| !after.is_zero()).ok_or_else(|| refused(after.to_string()))?)
        }
    };
    match (block.abandoned, after) {
        (Some(extension::Abandoned::Failure), None) => Ok(Abandoned::Failure),
        (Some(extension::Abandoned::Failure), Some(after)) => Ok(Abandoned::FailureAfter(after)),
        (_, Some(_)) => Err(refused("set without `abandoned: failure`".to_owned())),
        (Some(extension::Abandoned::Slow), None) => Ok(Abandoned::Slow),
        (None | Some(extension::Abandoned::Neutral), None) => Ok(Abandoned::Neutral),
    }
}

fn missing(field: Field) -> InvalidBlock {
    InvalidBlock::new(name(field), "missing", accepted(field))
}
