//! osm-edge's documents as destinations: breaker, then retries, then limits.

mod circuit_breaker;
mod limits;
mod rate_limit;
mod retry;
mod upstream_traffic_setting;

use self::{retry::Retried, upstream_traffic_setting::Set};
use super::{Identity, Lowering, istio::Registry, names::Claim};
use crate::{
    config::Document,
    mesh::{
        host::Host,
        note::NoteKind,
        plan::{Destination, Dialect, Station, Told, Way},
    },
    policy::{self, balance::Endpoint},
};

pub(super) fn claims<'a>(
    documents: &[&'a Document],
    registry: &Registry<'a>,
    lowering: &mut Lowering<'a>,
) -> Vec<Claim<'a>> {
    let settings = upstream_traffic_setting::settings(documents, lowering);
    let mut retried = first_of_each_host(retry::retried(documents, lowering), lowering);
    let mut claims = Vec::new();
    for setting in settings {
        let Some((host, set)) = setting.lower(lowering) else { continue };
        let retry =
            retried.iter().position(|retried| retried.host == host).map(|place| retried.remove(place));
        let path = "spec.host".to_owned();
        let mut destination = destination(&host, set, retry.as_ref(), registry, lowering);
        destination.documents.0.insert(0, lowering.named(setting.document, &path));
        claims.push(Claim { destination, document: Some(setting.document), path, by_policy: true });
    }
    for retry in retried {
        let destination = destination(&retry.host, Set::default(), Some(&retry), registry, lowering);
        claims.push(Claim { destination, document: Some(retry.document), path: retry.path, by_policy: true });
    }
    claims
}

/// Where several speak of one service the first one counts.
fn first_of_each_host<'a>(retried: Vec<Retried<'a>>, lowering: &mut Lowering<'_>) -> Vec<Retried<'a>> {
    let mut first: Vec<Retried<'a>> = Vec::new();
    for retry in retried {
        match first.iter().find(|other| other.host == retry.host) {
            None => first.push(retry),
            Some(other) => {
                let at = other.document.locate_nearest(&other.path);
                let name = retry.host.name(&lowering.identity.domain, Dialect::OsmEdge);
                let message = format!("does not apply to {name}: the document at {at} came first");
                lowering.note(retry.document, &retry.path, NoteKind::Surprise, message);
            }
        }
    }
    first
}

/// Hosts of which no policy speaks, but of which it is known who answers: requests are balanced, and no more.
pub(super) fn bare<'a>(registry: &Registry<'a>, lowering: &Lowering<'_>) -> Vec<Claim<'a>> {
    let claim = |host: &Host, document: Option<&'a Document>| {
        let destination = destination(host, Set::default(), None, registry, lowering);
        Claim { destination, document, path: "metadata.name".to_owned(), by_policy: false }
    };
    let staffed = registry.staffed().map(|(host, document)| claim(host, Some(document)));
    let told = lowering.told_hosts().map(|name| {
        let Identity { namespace, domain, .. } = lowering.identity;
        claim(&Host::of_istio(&name, namespace, domain), None)
    });
    staffed.chain(told).collect()
}

fn destination(
    host: &Host,
    set: Set,
    retry: Option<&Retried<'_>>,
    registry: &Registry<'_>,
    lowering: &Lowering<'_>,
) -> Destination {
    let Identity { namespace, domain, .. } = lowering.identity;
    let hosts = host.names(namespace, domain, Dialect::OsmEdge);
    let endpoints = lowering.endpoints_of(&hosts, registry.endpoints(host));
    // Where some stand by a request that fails goes to one of them, unless a policy says how it is tried again.
    let stand_by = endpoints.iter().flat_map(|some| &some.endpoints).any(Endpoint::stands_by);
    let failover = (stand_by && retry.is_none()).then(|| Station::Retry(policy::retry::Settings::failover()));
    let stations = [
        set.breaker.map(Station::CircuitBreaker),
        retry.map(|retry| Station::Retry(retry.settings.clone())).filter(Station::does_something),
        failover,
        set.limits.map(Station::Limits).filter(Station::does_something),
    ];
    Destination {
        name: host.name(domain, Dialect::OsmEdge),
        endpoints,
        hosts,
        dialect: Dialect::OsmEdge,
        way: Way { stations: stations.into_iter().flatten().collect(), connections: set.connections },
        ports: Vec::new(),
        serves: Vec::new(),
        subsets: Vec::new(),
        rules: Vec::new(),
        left_out: Told::default(),
        origin: Told::default(),
        documents: Told(retry.iter().map(|retry| lowering.named(retry.document, &retry.path)).collect()),
    }
}
