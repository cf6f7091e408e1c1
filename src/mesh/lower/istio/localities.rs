//! Istio's `localityLbSetting` and `zoneAwareLbSetting`: who comes first for this client, and who next.
//!
//! What nobody says anything of is on: where outliers are detected, the nearest endpoints come first.

use super::naming;
use crate::{
    config::{
        Document, istio,
        istio::{Failover, LoadBalancer, LocalityLbSetting, ZoneAwareLbSetting},
    },
    mesh::{
        lower::{Identity, Lowering},
        note::{Code, NoteKind},
    },
    policy::balance::{Distribute, Locality, LocalityPattern, Placement, label},
};

const LOCALITY: &str = "localityLbSetting";
const ZONE_AWARE: &str = "zoneAwareLbSetting";
const TOPOLOGY: [&str; 3] = [label::REGION, label::ZONE, label::SUBZONE];

/// What a load balancer's block says of localities: one of two blocks, where the second is as the first without shares.
struct Said<'a> {
    field: &'static str,
    enabled: bool,
    distribute: &'a [istio::Distribute],
    failover: &'a [Failover],
    failover_priority: &'a [String],
}

/// What cannot mean anything.
struct Slip {
    path: String,
    message: String,
    accepted: &'static str,
}

impl<'a> Said<'a> {
    fn of(block: &'a LoadBalancer) -> Option<Self> {
        // The newer one counts before the other.
        let zones = block.zone_aware_lb_setting.as_ref().map(Self::of_zones);
        zones.or_else(|| block.locality_lb_setting.as_ref().map(Self::of_localities))
    }

    fn of_localities(block: &'a LocalityLbSetting) -> Self {
        Self {
            field: LOCALITY,
            enabled: block.enabled != Some(false),
            distribute: &block.distribute,
            failover: &block.failover,
            failover_priority: &block.failover_priority,
        }
    }

    fn of_zones(block: &'a ZoneAwareLbSetting) -> Self {
        Self {
            field: ZONE_AWARE,
            enabled: block.enabled != Some(false),
            distribute: &[],
            failover: &block.failover,
            failover_priority: &block.failover_priority,
        }
    }

    /// Whether it asks for more than what is so anyway.
    fn asks(&self) -> bool {
        !self.distribute.is_empty() || self.orders()
    }

    /// Whether it asks for an order.
    fn orders(&self) -> bool {
        !(self.failover.is_empty() && self.failover_priority.is_empty())
    }

    /// Whether an order is asked for, not only taken.
    fn fails_over(&self) -> bool {
        self.enabled && self.orders()
    }
}

/// Whether a block says anything of localities; where none does, what happens is what nobody asked for.
pub(super) fn is_said(block: Option<&LoadBalancer>) -> bool {
    block.is_some_and(|block| Said::of(block).is_some())
}

/// Who comes first for this client, by a load balancer's block.
pub(super) fn placement(block: Option<&LoadBalancer>, identity: &Identity) -> Placement {
    let Identity { locality, labels, network, .. } = identity;
    let of = |locality: &Locality| {
        Placement::of(locality.clone())
            .labels(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .network(network.as_str())
    };
    let Some(said) = block.and_then(Said::of) else { return of(locality) };
    let mut slips = Vec::new();
    // Zones of a region are as one there; labels may name them.
    let by_region =
        said.field == ZONE_AWARE && (said.failover_priority.is_empty() || !said.failover.is_empty());
    let placement = match by_region {
        true => of(&Locality::new(locality.region(), "", "")),
        false => of(locality),
    };
    let placement = placement.enabled(said.enabled).failover_priority(said.failover_priority);
    let regions = regions(&said, &mut slips);
    let placement = regions.into_iter().fold(placement, |placement, (from, to)| placement.failover(from, to));
    shares(&said, &mut slips).into_iter().fold(placement, Placement::distribute)
}

/// The shares that mean something; of the others it is said why not.
fn shares(said: &Said<'_>, slips: &mut Vec<Slip>) -> Vec<Distribute> {
    let mut all = Vec::new();
    for (index, entry) in said.distribute.iter().enumerate() {
        let path = format!("{}.distribute[{index}]", said.field);
        let from = entry.from.as_deref().unwrap_or_default();
        let from = pattern(from, "from", &format!("{path}.from"), &mut Vec::new(), slips);
        let path = format!("{path}.to");
        let mut to = Vec::new();
        let mut total = 0_u64;
        let mut patterns = Vec::new();
        for (name, weight) in &entry.to {
            total += u64::from(*weight);
            if !(1..=100).contains(weight) {
                let message = format!("a share cannot be {weight}");
                slips.push(Slip { path: format!("{path}[{name:?}]"), message, accepted: "from 1 to 100" });
            }
            let at = format!("{path}[{name:?}]");
            to.extend(pattern(name, "to", &at, &mut patterns, slips).map(|pattern| (pattern, *weight)));
        }
        if total != 100 {
            let message = format!("the shares cannot be {total} together");
            slips.push(Slip { path: path.clone(), message, accepted: "shares that sum up to 100" });
        }
        let Some(from) = from else { continue };
        let distribute = Distribute::from(from);
        all.push(to.into_iter().fold(distribute, |all, (pattern, weight)| all.to(pattern, weight)));
    }
    all
}

/// Localities that are meant, if they are and none of those before means one of them too.
fn pattern(
    text: &str,
    field: &str,
    path: &str,
    before: &mut Vec<LocalityPattern>,
    slips: &mut Vec<Slip>,
) -> Option<LocalityPattern> {
    let mut slip = |message: String, accepted| slips.push(Slip { path: path.to_owned(), message, accepted });
    let Ok(pattern) = text.parse::<LocalityPattern>() else {
        let accepted =
            "`REGION/ZONE/SUBZONE`, a part of that from the left, with a `*` as its last part perhaps";
        slip(format!("`{field}` cannot be {}", naming::shown(text)), accepted);
        return None;
    };
    if let Some(other) = before.iter().find(|other| other.overlaps(&pattern)) {
        let message = format!("`{field}` cannot be `{pattern}` beside `{other}`, which means some of it too");
        slip(message, "localities of which none is meant twice");
    }
    before.push(pattern.clone());
    Some(pattern)
}

/// Which region takes over from which, where that means something; else it is said why not.
fn regions<'a>(said: &Said<'a>, slips: &mut Vec<Slip>) -> Vec<(&'a str, &'a str)> {
    let mut all = Vec::new();
    for (index, entry) in said.failover.iter().enumerate() {
        let path = format!("{}.failover[{index}]", said.field);
        let ends = [("from", &entry.from), ("to", &entry.to)];
        let [from, to] = ends.map(|(field, region)| {
            let region = region.as_deref().unwrap_or_default();
            if region.is_empty() || region.contains(['/', '*']) {
                let message = format!("`{field}` cannot be {}", naming::shown(region));
                slips.push(Slip {
                    path: format!("{path}.{field}"),
                    message,
                    accepted: "a region, without its zones",
                });
            }
            region
        });
        if from == to && !from.is_empty() {
            let message = format!("`to` cannot be `{to}`, which is `from` too");
            slips.push(Slip { path: format!("{path}.to"), message, accepted: "another region" });
        }
        all.push((from, to));
    }
    all
}

/// What cannot stand together.
fn beside(said: &Said<'_>, slips: &mut Vec<Slip>) {
    let path = format!("{}.failover", said.field);
    if !said.distribute.is_empty() && !said.failover.is_empty() {
        let message = "`failover` cannot stand beside `distribute`".to_owned();
        slips.push(Slip { path, message, accepted: "one of them" });
    }
    for (index, label) in said.failover_priority.iter().enumerate() {
        let path = format!("{}.failoverPriority[{index}]", said.field);
        let name = label.split('=').next().unwrap_or_default();
        if name.is_empty() {
            let message = format!("a label cannot be `{label}`");
            slips.push(Slip { path, message, accepted: "`LABEL` or `LABEL=VALUE`" });
        } else if !said.failover.is_empty() && TOPOLOGY.contains(&name) {
            let message = format!("`{name}` cannot stand beside `failover`, which is about regions too");
            slips.push(Slip { path, message, accepted: "a label that is not about regions and zones" });
        }
    }
}

// ===== what is told =====

/// Says what is wrong with what a load balancer's block at this path says of localities, and what of it does not do what
/// it seems to, where outliers are detected or not.
pub(super) fn judge(
    document: &Document,
    block: &LoadBalancer,
    path: &str,
    detects: bool,
    lowering: &mut Lowering<'_>,
) {
    let blocks = [
        block.locality_lb_setting.as_ref().map(Said::of_localities),
        block.zone_aware_lb_setting.as_ref().map(Said::of_zones),
    ];
    for said in blocks.iter().flatten() {
        let mut slips = Vec::new();
        shares(said, &mut slips);
        regions(said, &mut slips);
        beside(said, &mut slips);
        for Slip { path: at, message, accepted } in slips {
            lowering.refuse(document, &format!("{path}.{at}"), &message, accepted);
        }
    }
    if block.zone_aware_lb_setting.as_ref().is_some_and(|block| block.min_cluster_size.is_some()) {
        let message = "read, not applied: the zones of a region are as one, however many endpoints there are";
        let path = format!("{path}.{ZONE_AWARE}.minClusterSize");
        lowering.note(document, &path, NoteKind::NotApplied, message);
    }
    if block.zone_aware_lb_setting.is_some() && block.locality_lb_setting.is_some() {
        let message = "has no effect beside `zoneAwareLbSetting`".to_owned();
        lowering.surprises(document, path, [(LOCALITY, message)]);
    }
    let Some(said) = Said::of(block) else { return };
    if said.enabled {
        judge_effect(document, &said, &format!("{path}.{}", said.field), detects, lowering);
    } else if said.asks() {
        let message = "has no effect: it is switched off by `enabled`".to_owned();
        lowering.surprises(document, path, [(said.field, message)]);
    }
}

/// What a block that is on does for this client.
fn judge_effect(
    document: &Document,
    said: &Said<'_>,
    path: &str,
    detects: bool,
    lowering: &mut Lowering<'_>,
) {
    if said.field == ZONE_AWARE {
        let message = "keeps to the region alone: its zones are as one, and have no shares".to_owned();
        lowering.surprises(document, path, [("", message)]);
    }
    if !said.distribute.is_empty() && !said.failover_priority.is_empty() {
        let message = "has no effect beside `distribute`".to_owned();
        lowering.surprises(document, path, [("failoverPriority", message)]);
    }
    let shares = shares(said, &mut Vec::new());
    for (number, share) in shares.iter().enumerate().filter(|_| shares.len() == said.distribute.len()) {
        let from = share.clients();
        if let Some(first) = shares[..number].iter().find(|first| first.clients().overlaps(from)) {
            let first = first.clients();
            let message = format!(
                "Istio refuses it beside `{first}`, which means some of `{from}` too: here the first counts"
            );
            let at = format!("{path}.distribute[{number}].from");
            lowering.note(document, &at, NoteKind::Surprise, message);
        }
    }
    let field = match (said.distribute, said.failover) {
        ([_, ..], _) => "distribute",
        ([], [_, ..]) => "failover",
        ([], []) => "failoverPriority",
    };
    let at = format!("{path}.{field}");
    if said.fails_over() && said.distribute.is_empty() && !detects {
        let message = "never acts without `outlierDetection`: nobody is found to be ill";
        let fix =
            "add an `outlierDetection`, with a `maxEjectionPercent` that lets all endpoints of a locality go";
        lowering.lint(document, &at, Code::FailoverBlind, message, fix);
    }
    let Identity { locality, labels, network, thorough, .. } = lowering.identity;
    let fits = shares.iter().any(|share| share.clients().matches(locality));
    let is_nowhere = match field {
        "distribute" => !fits && locality.is_unknown(),
        "failover" => locality.is_unknown(),
        _ => said.fails_over() && locality.is_unknown() && labels.is_empty() && network.is_empty(),
    };
    if is_nowhere {
        let message = match field {
            "failoverPriority" => {
                "nothing comes of it: nobody says which labels the client has, or where it is"
            }
            _ => "nothing comes of it: nobody says where the client is",
        };
        let fix = match field {
            "failoverPriority" => "tell the client's labels, by `MeshBuilder::labels` or `--labels`",
            _ => "tell the client's locality, by `MeshBuilder::locality` or `--locality REGION/ZONE/SUBZONE`",
        };
        lowering.lint(document, &at, Code::ClientNowhere, message, fix);
    } else if field == "distribute" && !fits && *thorough {
        let message = format!("no entry is for clients in {locality}: their requests go anywhere");
        lowering.note(document, &at, NoteKind::Surprise, message);
    }
}
