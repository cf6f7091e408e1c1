//! What requests pass before they go to a cluster: fault, timeout, retries.

use std::time::Duration;

use super::{fault, retries};
use crate::{
    config::{Document, istio::HttpRoute},
    mesh::{
        NoteKind,
        lower::{InvalidBlock, Lowering},
        plan::Station,
    },
    policy::{self, timeout},
};

/// The stations of a route, outermost first; whether a further try goes where the first went, unless it says otherwise.
pub(super) fn of(
    document: &Document,
    route: &HttpRoute,
    path: &str,
    stays: bool,
    lowering: &mut Lowering<'_>,
) -> Vec<Station> {
    let time = route.timeout.and_then(|time| time.whole_millis().ok());
    let stations = [
        fault_station(document, route, path, lowering),
        timeout_station(document, time, path, lowering),
        retry_station(document, route, (time, stays), path, lowering),
    ];
    stations.into_iter().flatten().filter(Station::does_something).collect()
}

/// Those of a host of which no route speaks.
pub(super) fn by_default(stays: bool, lowering: &Lowering<'_>) -> Vec<Station> {
    let timeout = timeout_settings(None, lowering).ok().map(Station::Timeout);
    let retries = Station::Retry(retries::by_default(lowering.identity.era, stays));
    timeout.into_iter().chain([retries]).filter(Station::does_something).collect()
}

fn fault_station(
    document: &Document,
    route: &HttpRoute,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Station> {
    let block = route.fault.as_ref()?;
    let path = format!("{path}.fault");
    match policy::fault::Settings::try_from(block) {
        Ok(settings) => {
            lowering.surprises(document, &path, fault::surprises(block, &settings));
            Some(Station::Fault(settings))
        }
        Err(invalid) => {
            lowering.invalid(document, &path, invalid);
            None
        }
    }
}

fn timeout_station(
    document: &Document,
    time: Option<Duration>,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Station> {
    match timeout_settings(time, lowering) {
        Ok(settings) => Some(Station::Timeout(settings)),
        Err(error) => {
            let invalid = InvalidBlock::new("timeout", error.found(), error.accepted());
            lowering.invalid(document, path, invalid);
            None
        }
    }
}

fn timeout_settings(
    time: Option<Duration>,
    lowering: &Lowering<'_>,
) -> Result<timeout::Settings, timeout::SettingsError> {
    let mut settings = timeout::Settings::builder().tell_deadline(lowering.identity.tell_deadlines);
    if lowering.identity.era.trust_request_headers {
        settings = settings.trust_request_headers(timeout::Trusted::Total);
    }
    match time {
        Some(time) => settings.total(time).build(),
        None => settings.build(),
    }
}

fn retry_station(
    document: &Document,
    route: &HttpRoute,
    (timeout, stays): (Option<Duration>, bool),
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Station> {
    let era = lowering.identity.era;
    let Some(block) = &route.retries else { return Some(Station::Retry(retries::by_default(era, stays))) };
    let path = format!("{path}.retries");
    lowering.surprises(document, &path, retries::surprises(block, timeout, era));
    if block.retry_remote_localities == Some(true) {
        let message = "read, not applied: another try is picked for as the first was, near or far";
        lowering.note(document, &format!("{path}.retryRemoteLocalities"), NoteKind::NotApplied, message);
    }
    match retries::settings(block, timeout, stays, era) {
        Ok(settings) => Some(Station::Retry(settings)),
        Err(invalid) => {
            lowering.invalid(document, &path, invalid);
            None
        }
    }
}
