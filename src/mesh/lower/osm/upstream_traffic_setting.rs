//! `UpstreamTrafficSetting`: which host it means, and what it sets for it.

use super::{circuit_breaker, rate_limit};
use crate::{
    config::{Document, Error, Resource, osm},
    mesh::{host::Host, lower::Lowering, note::NoteKind, plan::Connections},
    policy::{
        circuit_breaker::Settings,
        limits::{self, Upstream},
    },
};

const BREAKER: &str = "spec.connectionSettings.http.circuitBreaking";

/// A document of this kind.
pub(super) struct Setting<'a> {
    pub(super) document: &'a Document,
    spec: &'a osm::UpstreamTrafficSetting,
    group: osm::Group,
    namespace: &'a str,
    name: &'a str,
}

/// The settings among these documents; two of one host are an error.
pub(super) fn settings<'a>(documents: &[&'a Document], lowering: &mut Lowering<'a>) -> Vec<Setting<'a>> {
    let here = lowering.identity.namespace.as_str();
    let settings: Vec<_> = documents.iter().filter_map(|document| read(document, here)).collect();
    for (index, setting) in settings.iter().enumerate() {
        if let Some(other) = settings[..index].iter().find(|other| other.spec.host == setting.spec.host) {
            lowering.errors.push(setting.conflict(other));
        }
    }
    settings
}

fn read<'a>(document: &'a Document, here: &'a str) -> Option<Setting<'a>> {
    let Resource::UpstreamTrafficSetting(spec) = &document.resource else { return None };
    Some(Setting {
        document,
        spec,
        group: document.group().unwrap_or(osm::Group::Osm),
        namespace: document.metadata.namespace.as_deref().unwrap_or(here),
        name: document.metadata.name.as_deref().unwrap_or_default(),
    })
}

/// What it sets.
#[derive(Default)]
pub(super) struct Set {
    pub(super) breaker: Option<Settings>,
    pub(super) limits: Option<limits::Settings>,
    pub(super) connections: Connections,
}

impl Setting<'_> {
    /// The words of osm-edge's own admission.
    fn conflict(&self, other: &Self) -> Error {
        let Self { namespace, name, .. } = self;
        let (other_name, host) = (other.name, &self.spec.host);
        let message = format!(
            "UpstreamTrafficSetting {namespace}/{name} conflicts with {namespace}/{other_name} \
             since they have the same host {host}"
        );
        Error::at(self.document, "spec.host", message)
            .hint(format!("the other one is at {}", other.document.locate_nearest("spec.host")))
    }

    /// The host it means, and the way that it gives requests for it.
    pub(super) fn lower(&self, lowering: &mut Lowering<'_>) -> Option<(Host, Set)> {
        rate_limit::judge(self.document, self.spec, lowering);
        let breaker = self.breaker(lowering);
        let (limits, connections) = self.limits(lowering);
        let host = self.host(lowering)?;
        Some((host, Set { breaker, limits, connections }))
    }

    fn limits(&self, lowering: &mut Lowering<'_>) -> (Option<limits::Settings>, Connections) {
        let Some(block) = &self.spec.connection_settings else { return Default::default() };
        let (document, path) = (self.document, "spec.connectionSettings");
        let fields = [
            (block.tcp.as_ref().is_some_and(|tcp| tcp.connect_timeout.is_some()), "tcp.connectTimeout"),
            (
                block.http.as_ref().is_some_and(|http| http.max_requests_per_connection.is_some()),
                "http.maxRequestsPerConnection",
            ),
        ];
        lowering.left_to_the_transport(document, path, &fields);
        let protocol = if lowering.identity.http2 { Upstream::Http2 } else { Upstream::Http1 };
        let lowered = super::limits::settings(block, protocol)
            .and_then(|settings| Ok((settings, super::limits::connections(block)?)));
        match lowered {
            Ok((settings, connections)) => {
                lowering.surprises(document, path, super::limits::surprises(&settings));
                (Some(settings), connections)
            }
            Err(invalid) => {
                lowering.invalid(document, path, invalid);
                Default::default()
            }
        }
    }

    fn breaker(&self, lowering: &mut Lowering<'_>) -> Option<Settings> {
        let block = self.spec.connection_settings.as_ref()?.http.as_ref()?.circuit_breaking.as_ref()?;
        match Settings::try_from(block) {
            Ok(settings) => {
                lowering.surprises(self.document, BREAKER, circuit_breaker::surprises(block, &settings));
                Some(settings)
            }
            Err(invalid) => {
                lowering.invalid(self.document, BREAKER, invalid);
                None
            }
        }
    }

    /// The host it means, unless it means none.
    fn host(&self, lowering: &mut Lowering<'_>) -> Option<Host> {
        let host = &*self.spec.host;
        let labels: Vec<&str> = host.split('.').collect();
        if labels.len() < 2 || labels.iter().any(|label| label.is_empty()) {
            let namespace = self.namespace;
            let error = Error::at(
                self.document,
                "spec.host",
                format!("Invalid value: {host:?}: invalid FQDN specified as host"),
            )
            .accepted(format!("a full name, such as `fortio.{namespace}.svc.{}`", lowering.identity.domain));
            lowering.errors.push(error);
            return None;
        }
        let service = match host.strip_suffix(&format!(".svc.{}", lowering.identity.domain)) {
            Some(service) => service.split_once('.'),
            // FSM, unlike osm-edge, also takes `name.namespace`.
            None if self.group == osm::Group::Fsm && labels.len() == 2 && labels[1] == self.namespace => {
                Some((labels[0], labels[1]))
            }
            None => None,
        };
        let Some((name, namespace)) = service else {
            lowering.note(
                self.document,
                "spec.host",
                NoteKind::Surprise,
                format!(
                    "taken as a host outside of the cluster: a service's full name ends in `.svc.{}`",
                    lowering.identity.domain
                ),
            );
            return Some(Host::Outside(host.to_owned()));
        };
        if namespace != self.namespace {
            let message = format!(
                "never applies: it lives in the namespace `{}`, its service in `{namespace}`",
                self.namespace
            );
            lowering.note(self.document, "spec.host", NoteKind::Surprise, message);
            return None;
        }
        Some(Host::Service { name: name.to_owned(), namespace: namespace.to_owned() })
    }
}
