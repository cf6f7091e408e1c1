//! osm-edge's `rateLimit`: judged, so that a wrong one does not wait for its day; not applied yet.

use crate::{
    config::{Document, Error, osm},
    mesh::{lower::Lowering, note::Note},
};

pub(super) fn judge(document: &Document, spec: &osm::UpstreamTrafficSetting, lowering: &mut Lowering<'_>) {
    if let Some(local) = spec.rate_limit.as_ref().and_then(|limit| limit.local.as_ref()) {
        if let Some(http) = &local.http {
            requests(document, http, "spec.rateLimit.local.http", lowering);
        }
        if let Some(tcp) = &local.tcp {
            let path = "spec.rateLimit.local.tcp";
            amount(document, tcp.connections, tcp.unit, path, "connections", lowering);
        }
    }
    for (index, route) in spec.http_routes.iter().enumerate() {
        if let Some(limit) = route.rate_limit.as_ref().and_then(|limit| limit.local.as_ref()) {
            requests(document, limit, &format!("spec.httpRoutes[{index}].rateLimit.local"), lowering);
        }
    }
    for (index, rule) in spec.http_headers.iter().enumerate() {
        if let Some(limit) = rule.rate_limit.as_ref().and_then(|limit| limit.local.as_ref()) {
            requests(document, limit, &format!("spec.httpHeaders[{index}].rateLimit.local"), lowering);
        }
    }
    for (present, path) in [
        (spec.rate_limit.is_some(), "spec.rateLimit"),
        (!spec.http_routes.is_empty(), "spec.httpRoutes"),
        (!spec.http_headers.is_empty(), "spec.httpHeaders"),
    ] {
        if present {
            lowering.notes.push(Note::not_applied(document, path));
        }
    }
}

fn requests(document: &Document, limit: &osm::HttpLocalRateLimit, path: &str, lowering: &mut Lowering<'_>) {
    amount(document, limit.requests, limit.unit, path, "requests", lowering);
    if let Some(status) = limit.response_status_code
        && !may_refuse(status)
    {
        let path = format!("{path}.responseStatusCode");
        let error = Error::at(document, &path, format!("invalid responseStatusCode {status}"));
        let accepted =
            "400-417, 421-424, 426, 428, 429, 431, 500-508, 510 or 511, or 0 for the default of 429";
        lowering.errors.push(error.accepted(accepted));
    }
}

fn amount(
    document: &Document,
    amount: Option<u32>,
    unit: Option<osm::Unit>,
    path: &str,
    field: &str,
    lowering: &mut Lowering<'_>,
) {
    if amount.unwrap_or(0) == 0 {
        let path = format!("{path}.{field}");
        let message = format!("a rate limit needs `{field}`");
        lowering.errors.push(Error::at(document, &path, message).accepted("a whole number, at least 1"));
    }
    if unit.is_none() {
        let path = format!("{path}.unit");
        let message = "a rate limit needs its `unit`";
        lowering.errors.push(Error::at(document, &path, message).accepted("`second`, `minute` or `hour`"));
    }
}

/// What osm-edge takes for a refusal's status: a status that Envoy knows, and one that refuses; 0 is unset.
const fn may_refuse(status: u32) -> bool {
    matches!(status, 0 | 400..=417 | 421..=424 | 426 | 428 | 429 | 431 | 500..=508 | 510 | 511)
}
