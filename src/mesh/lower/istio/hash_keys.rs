//! Istio's `consistentHash`: the key belongs to the route that leads to a cluster, the algorithm to the cluster.
//!
//! Mostly they are of one block. Where a route has several places, the keys of all of them are put together, in their
//! order; and a key that is set for a port counts only in routes that write the port.

use http::HeaderName;

use super::{
    naming,
    policies::{Merged, Policies},
    registry::Registry,
};
use crate::{
    config::{
        Document,
        istio::{ConsistentHash, HttpCookie, HttpRoute},
    },
    mesh::{
        host::Host,
        lower::{Lowering, invalid::InvalidBlock},
        note::{Code, NoteKind},
        plan::Target,
    },
    policy::{
        balance::{Algorithm, Cookie, HashKey, HashKeys, Ring, TableSize},
        route::{Action, Leg, Route},
    },
};

/// What of a request decides; nothing, if no key is set.
pub(super) fn keys(block: &ConsistentHash) -> Result<HashKeys, InvalidBlock> {
    let set = [
        (block.http_header_name.is_some(), "httpHeaderName"),
        (block.http_cookie.is_some(), "httpCookie"),
        (block.use_source_ip.is_some(), "useSourceIp"),
        (block.http_query_parameter_name.is_some(), "httpQueryParameterName"),
    ];
    one_of(&set)?;
    if let Some(name) = block.http_header_name.as_deref().filter(|name| !is_pseudo(name)) {
        let accepted = "a header's name, such as `end-user`";
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| InvalidBlock::new("httpHeaderName", naming::shown(name), accepted))?;
        return Ok(HashKey::Header(name).into());
    }
    if let Some(block) = &block.http_cookie {
        return Ok(HashKey::Cookie(cookie(block)?).into());
    }
    if block.use_source_ip == Some(true) {
        return Ok(HashKey::SourceIp.into());
    }
    match block.http_query_parameter_name.as_deref() {
        Some("") => Err(InvalidBlock::new("httpQueryParameterName", "empty", "a parameter's name")),
        Some(name) => Ok(HashKey::QueryParameter(name.to_owned()).into()),
        None => Ok(HashKeys::none()),
    }
}

/// A part of a request's head that is no header here: `:path`.
fn is_pseudo(name: &str) -> bool {
    name.starts_with(':')
}

/// Of these at most one is set.
fn one_of(fields: &[(bool, &'static str)]) -> Result<(), InvalidBlock> {
    let mut set = fields.iter().filter(|(is_set, _)| *is_set).map(|(_, field)| *field);
    match (set.next(), set.next()) {
        (Some(first), Some(second)) => {
            let names: Vec<_> = fields.iter().map(|(_, field)| format!("`{field}`")).collect();
            let found = format!("set beside `{first}`");
            Err(InvalidBlock::new(second, found, format!("one of {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}

fn cookie(block: &HttpCookie) -> Result<Cookie, InvalidBlock> {
    let name = block.name.as_deref().unwrap_or_default();
    let wrong = |field, value: &str, accepted| InvalidBlock::new(field, naming::shown(value), accepted);
    let mut cookie = Cookie::new(name)
        .map_err(|_| wrong("httpCookie.name", name, "a cookie's name: letters, digits and marks"))?;
    if let Some(path) = &block.path {
        let refused = |_| wrong("httpCookie.path", path, "visible ASCII without `;`, such as `/`");
        cookie = cookie.path(path).map_err(refused)?;
    }
    if let Some(ttl) = block.ttl {
        let accepted = "0s, or at least 1ms";
        let ttl = ttl.to_std().ok_or_else(|| InvalidBlock::new("httpCookie.ttl", ttl, accepted))?;
        cookie = cookie.ttl(ttl);
    }
    for attribute in &block.attributes {
        let (name, value) = (attribute.name.as_deref().unwrap_or_default(), attribute.value.as_deref());
        let both = format!("{name}={}", value.unwrap_or_default());
        let accepted = "attributes with a `name`, and values of visible ASCII without `;`";
        let refused = |_| wrong("httpCookie.attributes", &both, accepted);
        cookie = cookie.attribute(name, value.unwrap_or_default()).map_err(refused)?;
    }
    Ok(cookie)
}

/// How a key finds its host.
pub(super) fn algorithm(block: &ConsistentHash) -> Result<Algorithm, InvalidBlock> {
    one_of(&[(block.ring_hash.is_some(), "ringHash"), (block.maglev.is_some(), "maglev")])?;
    if let Some(maglev) = &block.maglev {
        let Some(places) = maglev.table_size else {
            return Ok(Algorithm::Maglev { table: TableSize::default() });
        };
        let accepted = "a prime up to 5000011, or absent for 65537";
        let table = TableSize::try_from(places);
        let table = table.map_err(|_| InvalidBlock::new("maglev.tableSize", places, accepted))?;
        return Ok(Algorithm::Maglev { table });
    }
    let (field, size) = match &block.ring_hash {
        Some(ring) => ("ringHash.minimumRingSize", ring.minimum_ring_size),
        None => ("minimumRingSize", block.minimum_ring_size),
    };
    let size = size.filter(|size| *size > 0).unwrap_or(Ring::MINIMUM.into());
    let accepted = "up to 8388608; 0 is the default, 1024";
    let minimum = u32::try_from(size).ok().filter(|size| *size <= Ring::MAXIMUM);
    Ok(Algorithm::RingHash { minimum: minimum.ok_or_else(|| InvalidBlock::new(field, size, accepted))? })
}

/// Says what is wrong with the block at this path, and what of it does not do what it seems to.
pub(super) fn judge(document: &Document, block: &ConsistentHash, path: &str, lowering: &mut Lowering<'_>) {
    let (keys, algorithm) = (keys(block), algorithm(block));
    let is_sound = keys.is_ok() && algorithm.is_ok();
    let has_key = keys.as_ref().is_ok_and(|keys| !keys.is_empty());
    for invalid in [keys.err(), algorithm.err()].into_iter().flatten() {
        lowering.invalid(document, path, invalid);
    }
    if !is_sound {
        return;
    }
    if let Some(size) = block.minimum_ring_size {
        let path = format!("{path}.minimumRingSize");
        if block.ring_hash.is_some() || block.maglev.is_some() {
            let message = "has no effect beside an algorithm";
            lowering.note(document, &path, NoteKind::Surprise, message);
        } else {
            let message = format!("an old word, read as `ringHash: {{minimumRingSize: {size}}}`");
            let fix = format!("write `ringHash: {{minimumRingSize: {size}}}`");
            lowering.lint(document, &path, Code::OldSpelling, message, fix);
        }
    }
    if let Some(name) = block.http_header_name.as_deref().filter(|name| is_pseudo(name)) {
        let message = format!("read, not applied: `{name}` is no header here, so requests go anywhere");
        lowering.note(document, &format!("{path}.httpHeaderName"), NoteKind::NotApplied, message);
    } else if !has_key {
        let message = "no key is set: each request goes anywhere, by chance";
        let fix = "set one of `httpHeaderName`, `httpCookie`, `useSourceIp` and `httpQueryParameterName`, or a \
                   `simple` load balancer";
        lowering.lint(document, path, Code::HashWithoutKey, message, fix);
    }
}

// ===== of routes =====

/// The keys of all places of a route, one after another, as the mesh puts them together.
pub(super) fn of_route(
    document: &Document,
    route: &HttpRoute,
    registry: &Registry<'_>,
    policies: &Policies<'_>,
    lowering: &Lowering<'_>,
) -> HashKeys {
    let mut all = HashKeys::none();
    for place in &route.route {
        let domain = &lowering.identity.domain;
        let host = registry.resolved(super::host_of(&place.destination.host, document, lowering), domain);
        let Some(merged) = host.pattern(domain).and_then(|of| policies.of_host(&host, &of, registry)) else {
            continue;
        };
        let port = place.destination.port.and_then(|port| port.number);
        let own = merged.keys_of_route(place.destination.subset.as_deref(), port);
        all = own.iter().fold(all, |all, (key, _)| all.and(key.clone()));
    }
    all
}

/// The keys of a route where they are not those of the clusters that it leads to.
pub(super) fn where_they_differ(
    keys: HashKeys,
    action: &Route<Target>,
    policies: &Policies<'_>,
    registry: &Registry<'_>,
    lowering: &Lowering<'_>,
) -> Option<HashKeys> {
    let Action::Forward(legs) = action.action() else { return None };
    let domain = &lowering.identity.domain;
    let differs = |leg: &Leg<Target>| {
        let target = leg.destination();
        let host = Host::of_istio(&target.host, "", domain);
        let merged = host.pattern(domain).and_then(|of| policies.of_host(&host, &of, registry));
        merged.is_some_and(|merged| merged.hash_otherwise(target, &keys))
    };
    legs.iter().any(|(leg, _)| differs(leg)).then_some(keys)
}

impl Merged<'_> {
    /// What decides of a route to this part, at the port that the route writes: of several blocks the nearest.
    fn keys_of_route(&self, subset: Option<&str>, port: Option<u16>) -> HashKeys {
        let own = self.part(subset).and_then(|part| part.policy());
        let blocks = [own.and_then(|own| own.hash_at(port)), own.and_then(|own| own.hash())];
        let whole = [self.policy.hash_at(port), self.policy.hash()];
        let block = blocks.into_iter().chain(whole).flatten().next();
        // What is wrong has been told.
        block.and_then(|block| keys(block).ok()).unwrap_or_default()
    }

    /// Whether a cluster that a target may be finds its hosts by other keys than these.
    fn hash_otherwise(&self, target: &Target, wanted: &HashKeys) -> bool {
        let part = self.part(target.subset.as_deref());
        let mut ports = vec![target.port];
        if target.port.is_none() {
            let said = self.policy.ports().chain(part.into_iter().flat_map(|part| part.ports()));
            ports.extend(said.map(Some));
        }
        ports.into_iter().any(|port| {
            let hash = self.sections(part, port).hash();
            hash.is_some_and(|block| keys(block).is_ok_and(|keys| keys != *wanted))
        })
    }
}
