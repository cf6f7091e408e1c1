//! Who stands out among the others, by what came of an interval.

use super::{FailurePercentage, Settings, Share, SuccessRate};
use crate::policy::balance::HostId;

/// What rates of good answers came to, in the last interval that was judged: percentages.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Rates {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, as that of all there is.
    pub deviation: f64,
    /// Whoever is below it stands out.
    pub threshold: f64,
}

/// Who stands out; both are found before anybody is ejected.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub rates: Option<Rates>,
    pub below: Vec<HostId>,
    pub failing: Vec<HostId>,
}

/// Judges an interval at those hosts that are there, in their order. Who had no traffic is left out.
pub(super) fn judge(settings: &Settings, hosts: &[(HostId, Share)]) -> Judgement {
    let (rates, below) = by_success_rate(settings.success_rate, hosts);
    Judgement { rates, below, failing: by_failures(settings.failure_percentage, hosts) }
}

/// Those that answered at least so often, if they are enough.
fn often_enough(
    hosts: &[(HostId, Share)],
    volume: u32,
    minimum: u32,
) -> Option<impl Iterator<Item = &(HostId, Share)> + Clone> {
    let volume = u64::from(volume).max(1);
    let enough = hosts.iter().filter(move |(_, share)| share.total() >= volume);
    let count = enough.clone().count();
    (count > 0 && count as u64 >= u64::from(minimum)).then_some(enough)
}

fn by_success_rate(rule: SuccessRate, hosts: &[(HostId, Share)]) -> (Option<Rates>, Vec<HostId>) {
    let Some(enough) = often_enough(hosts, rule.request_volume, rule.minimum_hosts) else {
        return (None, Vec::new());
    };
    let all = enough.clone().map(|(_, share)| rate(*share));
    let Some(first) = all.clone().next() else { return (None, Vec::new()) };
    // Seen from the first of them: where all are alike the differences are then truly none.
    let (count, differences) = (all.clone().count() as f64, all.map(|rate| rate - first));
    let mean = differences.clone().sum::<f64>() / count;
    let deviation = (differences.map(|rate| (rate - mean).powi(2)).sum::<f64>() / count).sqrt();
    let threshold = mean - deviation * f64::from(rule.stdev_factor) / 1000.0;
    let below = enough.filter(|(_, share)| rate(*share) - first < threshold).map(|(host, _)| *host).collect();
    (Some(Rates { mean: first + mean, deviation, threshold: first + threshold }), below)
}

fn by_failures(rule: FailurePercentage, hosts: &[(HostId, Share)]) -> Vec<HostId> {
    let fails =
        |share: Share| u128::from(share.bad) * 100 >= u128::from(share.total()) * u128::from(rule.threshold);
    often_enough(hosts, rule.request_volume, rule.minimum_hosts)
        .into_iter()
        .flatten()
        .filter(|(_, share)| fails(*share))
        .map(|(host, _)| *host)
        .collect()
}

/// Good ones, in percent.
fn rate(share: Share) -> f64 {
    share.good as f64 * 100.0 / share.total() as f64
}
