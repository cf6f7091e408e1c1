//! What of picking and ejecting does not do what it seems to, seen from who the endpoints are.
//!
//! It is looked at cluster by cluster, since each has its endpoints; what is said at one place is told once, however
//! many clusters it holds for.

use std::collections::{BTreeSet, HashSet};

use super::{
    destination_rule::Part,
    localities, outlier,
    policies::Merged,
    said::{Said, each},
    sections::{Block, Sections},
};
use crate::{
    config::{
        Document,
        istio::{LoadBalancer, OutlierDetection, SimpleLoadBalancer},
    },
    mesh::{
        host::Host,
        lower::{Lowering, names::Claim},
        note::Code,
        plan::Destination,
    },
    policy::{balance::Endpoint, limits::Upstream, outlier::HowMany},
};

/// Where something has been told already.
type Told = HashSet<(String, Code)>;

/// A cluster as documents say.
struct Cluster<'c, 'a> {
    /// Of part of the endpoints; none: of all.
    part: Option<&'c Part<'a>>,
    sections: Sections<'a>,
    /// Who they are; none: nobody says.
    endpoints: Option<Vec<&'c Endpoint>>,
}

/// Tells of blocks that do nothing, or more than they say, for the endpoints that there are.
pub(super) fn judge(claims: &[Claim<'_>], said: &Said<'_, '_>, lowering: &mut Lowering<'_>) {
    let mut told = Told::default();
    for Claim { destination, .. } in claims {
        let domain = &lowering.identity.domain;
        let host = Host::of_istio(&destination.name, "", domain);
        let Some(pattern) = host.pattern(domain) else { continue };
        let Some(merged) = said.policies.of_host(&host, &pattern, said.registry) else { continue };
        // What the program tells of may come yet.
        if destination.endpoints.is_empty() && !lowering.is_told_of(&destination.hosts) {
            judge_unknown(merged, &mut told, lowering);
        }
        for part in std::iter::once(None).chain(merged.subsets.iter().map(Some)) {
            for cluster in clusters(merged, part, destination) {
                judge_cluster(&cluster, &mut told, lowering);
            }
        }
    }
}

/// The clusters of a host, or of a part of it, by port.
fn clusters<'c, 'a>(
    merged: &'c Merged<'a>,
    part: Option<&'c Part<'a>>,
    destination: &'c Destination,
) -> Vec<Cluster<'c, 'a>> {
    let said = merged.policy.ports().chain(part.into_iter().flat_map(Part::ports));
    let backed = destination.endpoints.iter().filter_map(|backends| backends.port);
    let mut ports: Vec<_> = match destination.serves.is_empty() {
        true => each(said.chain(backed)).map(Some).chain([None]).collect(),
        false => destination.serves.iter().copied().map(Some).collect(),
    };
    ports.dedup();
    let is_own = |endpoint: &&Endpoint| part.is_none_or(|part| endpoint.has_all(part.labels));
    let clusters = ports.into_iter().map(|port| {
        let all = destination.behind(port);
        let endpoints = all.map(|all| all.endpoints.iter().filter(is_own).collect());
        Cluster { part, sections: merged.sections(part, port), endpoints }
    });
    clusters.collect()
}

/// Who the endpoints are is told by nobody: a transport finds its own.
fn judge_unknown(merged: &Merged<'_>, told: &mut Told, lowering: &mut Lowering<'_>) {
    let rules = std::iter::once(&merged.policy).chain(merged.subsets.iter().filter_map(Part::policy));
    let all: Vec<_> = rules.flat_map(|rule| rule.all()).collect();
    let fix =
        "tell who they are: by a ServiceEntry with endpoints, an EndpointSlice, or `MeshBuilder::endpoints`";
    let why = "nobody tells who the endpoints are, so requests are left to the transport";
    let is_picked =
        |block: &&Block<'_, LoadBalancer>| block.says.simple != Some(SimpleLoadBalancer::Passthrough);
    // It is one fact: the first block that depends on it stands for all.
    if let Some(Block { document, path, .. }) = all.iter().find_map(|sections| sections.outlier.as_ref()) {
        let message = format!("nobody is ejected: {why}");
        tell((document, path), Code::EndpointsUnknown, message, fix, told, lowering);
    } else if let Some(Block { document, path, .. }) =
        all.iter().filter_map(|sections| sections.balancer.as_ref()).find(is_picked)
    {
        let message = format!("nobody is picked: {why}");
        tell((document, path), Code::EndpointsUnknown, message, fix, told, lowering);
    }
}

fn judge_cluster(cluster: &Cluster<'_, '_>, told: &mut Told, lowering: &mut Lowering<'_>) {
    let Some(block) = &cluster.sections.outlier else { return };
    // What is wrong has been told; and that nobody is picked too.
    let Ok(settings) = outlier::settings(block.says, lowering.identity.era, Upstream::Http1) else { return };
    let simple = cluster.sections.load_balancer().and_then(|block| block.simple);
    if simple == Some(SimpleLoadBalancer::Passthrough) {
        let fix = "choose another load balancer, or remove it";
        let message = "nobody is ejected: by `PASSTHROUGH` nobody is picked";
        tell((block.document, &block.path), Code::NeverEjects, message.to_owned(), fix, told, lowering);
        return;
    }
    judge_percent(cluster, block, (settings.max_ejection_percent(), settings.how_many()), told, lowering);
    if lowering.identity.thorough {
        judge_order(cluster, block, told, lowering);
    }
}

/// How many may be ejected of those that there are.
fn judge_percent(
    cluster: &Cluster<'_, '_>,
    block: &Block<'_, OutlierDetection>,
    (percent, how_many): (u8, HowMany),
    told: &mut Told,
    lowering: &mut Lowering<'_>,
) {
    let count = cluster.endpoints.as_ref().map(Vec::len);
    let percent = usize::from(percent);
    if how_many != HowMany::Strict {
        return;
    }
    let (message, fix) = match count {
        Some(0) => return,
        Some(count) if count * percent >= 100 => return,
        Some(count) => {
            let many = if count == 1 { "endpoint" } else { "endpoints" };
            let of = cluster.part.map_or_else(String::new, |part| format!(" of subset `{}`", part.name));
            let message = format!("never ejects: {percent} % of {count} {many}{of} is less than one");
            (message, format!("set `maxEjectionPercent` to at least {}", 100_usize.div_ceil(count)))
        }
        // It is a matter of how many there are.
        None if percent > 10 || !lowering.identity.thorough => return,
        None => {
            let least = 100_usize.div_ceil(percent);
            let message =
                format!("of fewer than {least} endpoints none is ejected, since at most {percent} % are");
            (message, "set `maxEjectionPercent` to at least 50 if they may be few".to_owned())
        }
    };
    let said =
        [block.says.max_ejection_percent, block.says.http.as_ref().and_then(|old| old.max_ejection_percent)];
    let path = match said {
        [Some(_), _] => format!("{}.maxEjectionPercent", block.path),
        [None, Some(_)] => format!("{}.http.maxEjectionPercent", block.path),
        [None, None] => block.path.to_string(),
    };
    tell((block.document, &path), Code::NeverEjects, message, &fix, told, lowering);
}

/// Whether requests keep to the nearest endpoints only because outliers are detected.
fn judge_order(
    cluster: &Cluster<'_, '_>,
    block: &Block<'_, OutlierDetection>,
    told: &mut Told,
    lowering: &mut Lowering<'_>,
) {
    let is_nowhere = lowering.identity.locality.is_unknown();
    if is_nowhere || localities::is_said(cluster.sections.load_balancer()) {
        return;
    }
    let places = cluster.endpoints.as_ref().map(|all| {
        let places: BTreeSet<_> = all.iter().map(|endpoint| endpoint.in_locality()).collect();
        places.len()
    });
    if places.is_some_and(|places| places < 2) {
        return;
    }
    let message = "keeps requests to the nearest endpoints too, as long as these are well: where outliers are \
                   detected, localities count";
    let fix = "set `loadBalancer.localityLbSetting`: `{enabled: false}` for all localities alike, `{enabled: true}` if \
               the nearest are meant";
    let at = (block.document, &*block.path);
    tell(at, Code::FailoverUnasked, message.to_owned(), fix, told, lowering);
}

fn tell(
    (document, path): (&Document, &str),
    code: Code,
    message: String,
    fix: &str,
    told: &mut Told,
    lowering: &mut Lowering<'_>,
) {
    let place = format!("{} {path}", document.locate_nearest(path));
    if told.insert((place, code)) {
        lowering.lint(document, path, code, message, fix);
    }
}
