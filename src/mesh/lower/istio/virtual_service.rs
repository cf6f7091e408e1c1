//! `VirtualService`: what happens to requests on the one route that is applied yet, that for every request.

use std::time::Duration;

use super::{fault, retries};
use crate::{
    config::{
        Document,
        istio::{HttpRoute, VirtualService},
    },
    mesh::{
        host::Host,
        lower::{InvalidBlock, Lowering},
        note::NoteKind,
        plan::Station,
    },
    policy::{self, timeout},
};

/// The gateway that stands for every client of the mesh.
const MESH: &str = "mesh";

/// What happens to requests before they go to a cluster, outermost first.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) stations: Vec<Station>,
}

/// Whether a document is for clients inside of the mesh; that another one is not is told.
pub(super) fn is_for_clients(
    document: &Document,
    spec: &VirtualService,
    lowering: &mut Lowering<'_>,
) -> bool {
    let is = spec.gateways.is_empty() || spec.gateways.iter().any(|gateway| gateway == MESH);
    if !is {
        let message = "never applies to a client: it is for gateways, and `mesh` is not among them";
        lowering.note(document, "spec.gateways", NoteKind::Surprise, message);
    }
    is
}

/// The route of these hosts for every request; none if there is none. Every route is judged.
pub(super) fn route(
    document: &Document,
    spec: &VirtualService,
    hosts: &[Host],
    lowering: &mut Lowering<'_>,
) -> Option<Route> {
    let fields = [(!spec.tls.is_empty(), "tls"), (!spec.tcp.is_empty(), "tcp")];
    lowering.fields_not_applied(document, "spec", &fields);
    lowering.note_export(document, &spec.export_to);
    let mut taken = None;
    for (index, route) in spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        if !route.matches.is_empty() {
            let message = "not applied yet: the requests that it matches are treated as all others are";
            lowering.note(document, &format!("{path}.match"), NoteKind::NotApplied, message);
            lowering.judge_only(|lowering| stations(document, route, &path, lowering));
        } else if taken.is_some() {
            let message = "never taken: an earlier route takes every request";
            lowering.note(document, &path, NoteKind::Surprise, message);
            lowering.judge_only(|lowering| stations(document, route, &path, lowering));
        } else {
            taken = Some(Route { stations: stations(document, route, &path, lowering) });
            note_unapplied(document, route, &path, lowering);
            note_places(document, route, &path, hosts, lowering);
        }
    }
    taken
}

fn stations(document: &Document, route: &HttpRoute, path: &str, lowering: &mut Lowering<'_>) -> Vec<Station> {
    let time = route.timeout.and_then(|time| time.whole_millis().ok());
    let stations = [
        fault_station(document, route, path, lowering),
        timeout_station(document, time, path, lowering),
        retry_station(document, route, time, path, lowering),
    ];
    stations.into_iter().flatten().filter(Station::does_something).collect()
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
    timeout: Option<Duration>,
    path: &str,
    lowering: &mut Lowering<'_>,
) -> Option<Station> {
    let era = lowering.identity.era;
    let Some(block) = &route.retries else { return Some(Station::Retry(retries::by_default(era))) };
    let path = format!("{path}.retries");
    lowering.surprises(document, &path, retries::surprises(block, timeout, era));
    if block.retry_remote_localities.is_some() {
        lowering.not_applied(document, &format!("{path}.retryRemoteLocalities"));
    }
    match retries::settings(block, timeout, era) {
        Ok(settings) => Some(Station::Retry(settings)),
        Err(invalid) => {
            lowering.invalid(document, &path, invalid);
            None
        }
    }
}

/// What a host has that no route speaks of.
pub(super) fn by_default(lowering: &Lowering<'_>) -> Route {
    let timeout = timeout_settings(None, lowering).ok().map(Station::Timeout);
    let retries = Station::Retry(retries::by_default(lowering.identity.era));
    let stations = timeout.into_iter().chain([retries]).filter(Station::does_something).collect();
    Route { stations }
}

fn note_unapplied(document: &Document, route: &HttpRoute, path: &str, lowering: &mut Lowering<'_>) {
    let fields = [
        (route.redirect.is_some(), "redirect"),
        (route.direct_response.is_some(), "directResponse"),
        (route.delegate.is_some(), "delegate"),
        (route.rewrite.is_some(), "rewrite"),
        (route.mirror.is_some(), "mirror"),
        (!route.mirrors.is_empty(), "mirrors"),
        (route.mirror_percent.is_some(), "mirrorPercent"),
        (route.mirror_percentage.is_some(), "mirrorPercentage"),
        (route.cors_policy.is_some(), "corsPolicy"),
        (route.headers.is_some(), "headers"),
    ];
    lowering.fields_not_applied(document, path, &fields);
}

/// Requests stay with the host that they are for, until routes lead elsewhere.
fn note_places(
    document: &Document,
    route: &HttpRoute,
    path: &str,
    hosts: &[Host],
    lowering: &mut Lowering<'_>,
) {
    let path = format!("{path}.route");
    let place = match route.route.as_slice() {
        [] => return,
        [place] => place,
        several => {
            let message = format!(
                "not applied yet: requests go to the host that they name, and not by weight to these {} places",
                several.len()
            );
            return lowering.note(document, &path, NoteKind::NotApplied, message);
        }
    };
    let to = &place.destination;
    let there = super::host_of(&to.host, document, lowering);
    let path = format!("{path}[0]");
    if hosts.iter().any(|host| *host != there) {
        let message = "not applied yet: requests go to the host that they name";
        lowering.note(document, &format!("{path}.destination.host"), NoteKind::NotApplied, message);
    }
    let fields = [
        (to.subset.is_some(), "destination.subset"),
        (to.port.is_some(), "destination.port"),
        (place.headers.is_some(), "headers"),
    ];
    lowering.fields_not_applied(document, &path, &fields);
}
