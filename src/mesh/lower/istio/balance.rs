//! Istio's `loadBalancer`, and what belongs to it of `outlierDetection`, as the settings of a balancer.

use super::{hash_keys, localities, outlier};
use crate::{
    config::{
        Document,
        istio::{LoadBalancer, OutlierDetection, SimpleLoadBalancer, Warmup},
    },
    mesh::{
        era::{DefaultBalancing, Era},
        lower::{
            Identity, Lowering,
            invalid::{InvalidBlock, WHOLE, millis},
        },
        note::Code,
    },
    policy::{
        balance::{Algorithm, Choices, HashKeys, Settings, SlowStart, SlowStartField},
        limits::Upstream,
    },
};

/// How an endpoint is picked of those to whom this protocol is spoken, for this client; and who is left out.
pub(super) fn settings(
    block: Option<&LoadBalancer>,
    outliers: Option<&OutlierDetection>,
    protocol: Upstream,
    identity: &Identity,
) -> Result<Settings, InvalidBlock> {
    let algorithm = algorithm(block, identity.era)?;
    let keys = block.and_then(|block| block.consistent_hash.as_ref()).map(hash_keys::keys).transpose()?;
    let mut settings = Settings::builder()
        .algorithm(algorithm)
        .hashing(keys.unwrap_or(HashKeys::none()))
        .placing(localities::placement(block, identity));
    if let Some(slow) = block.map(warmup).transpose()?.flatten().filter(|_| warms_up(algorithm)) {
        settings = settings.slow_start(slow);
    }
    if let Some(block) = outliers {
        settings = settings.ejecting(outlier::settings(block, identity.era, protocol)?);
        settings = settings.panic_percent(outlier::panic_percent(block)?);
    }
    settings.build().map_err(|error| InvalidBlock::new("simple", error.found(), error.accepted()))
}

fn algorithm(block: Option<&LoadBalancer>, era: Era) -> Result<Algorithm, InvalidBlock> {
    let hash = block.and_then(|block| block.consistent_hash.as_ref());
    let simple = block.and_then(|block| block.simple);
    if let Some(hash) = hash {
        if simple.is_some() {
            let accepted = "one of `simple` and `consistentHash`";
            return Err(InvalidBlock::new("consistentHash", "set beside `simple`", accepted));
        }
        return hash_keys::algorithm(hash);
    }
    Ok(match simple.unwrap_or_default() {
        SimpleLoadBalancer::Unspecified => match era.default_balancing {
            DefaultBalancing::RoundRobin => Algorithm::RoundRobin,
            DefaultBalancing::LeastRequest => Algorithm::DEFAULT,
        },
        SimpleLoadBalancer::LeastConn | SimpleLoadBalancer::LeastRequest => {
            Algorithm::LeastRequest(Choices::Of(2))
        }
        SimpleLoadBalancer::RoundRobin => Algorithm::RoundRobin,
        SimpleLoadBalancer::Random => Algorithm::Random,
        SimpleLoadBalancer::Passthrough => Algorithm::Passthrough,
    })
}

/// Whether new endpoints can have less at first.
const fn warms_up(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::LeastRequest(_) | Algorithm::RoundRobin)
}

/// How new endpoints get their share, by the newer of two words.
fn warmup(block: &LoadBalancer) -> Result<Option<SlowStart>, InvalidBlock> {
    let slow = match (&block.warmup, block.warmup_duration_secs) {
        (Some(Warmup { duration, minimum_percent, aggression }), _) => {
            let Some(time) = *duration else {
                return Err(InvalidBlock::new("warmup.duration", "absent", WHOLE));
            };
            let mut slow = SlowStart::builder(millis("warmup.duration", time, WHOLE)?);
            if let Some(percent) = *minimum_percent {
                slow = slow.minimum_percent(percent);
            }
            if let Some(aggression) = *aggression {
                slow = slow.aggression(aggression);
            }
            slow
        }
        (None, Some(time)) => SlowStart::builder(millis("warmupDurationSecs", time, WHOLE)?),
        (None, None) => return Ok(None),
    };
    slow.build().map(Some).map_err(|error| {
        let field = match error.field() {
            SlowStartField::Window => "warmup.duration",
            SlowStartField::MinimumPercent => "warmup.minimumPercent",
            SlowStartField::Aggression => "warmup.aggression",
        };
        InvalidBlock::new(field, error.found(), error.accepted())
    })
}

/// Says what is wrong with the block at this path, and what of it does not do what it seems to, where outliers are
/// detected or not.
pub(super) fn judge(
    document: &Document,
    block: &LoadBalancer,
    path: &str,
    detects: bool,
    lowering: &mut Lowering<'_>,
) {
    if let Some(hash) = &block.consistent_hash {
        hash_keys::judge(document, hash, &format!("{path}.consistentHash"), lowering);
    }
    localities::judge(document, block, path, detects, lowering);
    if let Err(invalid) = warmup(block) {
        lowering.invalid(document, path, invalid);
    }
    let algorithm = match algorithm(block.into(), lowering.identity.era) {
        Ok(algorithm) => algorithm,
        Err(invalid) => {
            // What is wrong with the block inside has been told.
            if block.simple.is_some() {
                lowering.invalid(document, path, invalid);
            }
            return;
        }
    };
    if block.simple == Some(SimpleLoadBalancer::LeastConn) {
        let message = "an old word for `LEAST_REQUEST`";
        let at = format!("{path}.simple");
        lowering.lint(document, &at, Code::OldSpelling, message, "write `LEAST_REQUEST`");
    }
    judge_effect(document, block, algorithm, path, lowering);
}

/// What has no effect beside an algorithm.
fn judge_effect(
    document: &Document,
    block: &LoadBalancer,
    algorithm: Algorithm,
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    let (new, old) = (block.warmup.is_some(), block.warmup_duration_secs.is_some());
    if !warms_up(algorithm) {
        let message =
            || "has no effect: only `ROUND_ROBIN` and `LEAST_REQUEST` know new endpoints".to_owned();
        let told = [(new, "warmup"), (old, "warmupDurationSecs")].into_iter().filter(|(is_set, _)| *is_set);
        lowering.surprises(document, path, told.map(|(_, field)| (field, message())));
    } else if new && old {
        let message = "has no effect beside `warmup`".to_owned();
        lowering.surprises(document, path, [("warmupDurationSecs", message)]);
    } else if let Some(time) = block.warmup_duration_secs {
        let fix = format!("write `warmup: {{duration: {time}}}`");
        let (at, message) = (format!("{path}.warmupDurationSecs"), "an old word for `warmup.duration`");
        lowering.lint(document, &at, Code::OldSpelling, message, fix);
    }
    if algorithm == Algorithm::Passthrough && localities::is_said(Some(block)) {
        let set = [
            (block.locality_lb_setting.is_some(), "localityLbSetting"),
            (block.zone_aware_lb_setting.is_some(), "zoneAwareLbSetting"),
        ];
        let message =
            || "has no effect beside `PASSTHROUGH`: requests go where their caller sends them".to_owned();
        let told = set.into_iter().filter(|(is_set, _)| *is_set).map(|(_, field)| (field, message()));
        lowering.surprises(document, path, told);
    }
}
