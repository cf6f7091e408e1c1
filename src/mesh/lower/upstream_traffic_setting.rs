//! `UpstreamTrafficSetting` as a destination: which host it means, and which stations it puts before it.

use super::{Identity, Lowering, circuit_breaker, names::Claim, rate_limit};
use crate::{
    config::{Document, Error, Resource, osm},
    mesh::{
        host::Host,
        note::{Note, NoteKind},
        plan::{Destination, Dialect, Station, Way},
    },
    policy::circuit_breaker::Settings,
};

const BREAKER: &str = "spec.connectionSettings.http.circuitBreaking";

/// A setting that stands: the last of its name.
struct Setting<'a> {
    document: &'a Document,
    spec: &'a osm::UpstreamTrafficSetting,
    group: osm::Group,
    namespace: &'a str,
    name: &'a str,
}

pub(super) fn claims<'a>(documents: &'a [Document], lowering: &mut Lowering<'a>) -> Vec<Claim<'a>> {
    let here = lowering.identity.namespace.as_str();
    let mut settings: Vec<Setting<'_>> = Vec::new();
    for setting in documents.iter().filter_map(|document| read(document, here)) {
        if let Some(earlier) = settings.iter_mut().find(|other| other.id() == setting.id()) {
            let message = format!("replaced by the document of the same name at {}", at(setting.document));
            lowering.notes.push(Note::new(earlier.document, "metadata.name", NoteKind::Surprise, message));
            *earlier = setting;
        } else {
            settings.push(setting);
        }
    }
    for (index, setting) in settings.iter().enumerate() {
        if let Some(other) = settings[..index].iter().find(|other| other.spec.host == setting.spec.host) {
            lowering.errors.push(setting.conflict(other));
        }
    }
    settings
        .iter()
        .filter_map(|setting| {
            let destination = setting.destination(lowering)?;
            Some(Claim { destination, document: setting.document, path: "spec.host" })
        })
        .collect()
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

fn at(document: &Document) -> String {
    document.locate_nearest("metadata.name").to_string()
}

impl Setting<'_> {
    /// What makes two documents one resource. Those without a name are never the same.
    fn id(&self) -> (&str, &str, Option<*const Document>) {
        (self.namespace, self.name, self.name.is_empty().then_some(self.document))
    }

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

    fn destination(&self, lowering: &mut Lowering<'_>) -> Option<Destination> {
        self.note_what_is_not_applied(lowering);
        rate_limit::judge(self.document, self.spec, lowering);
        let breaker = self.breaker(lowering);
        let host = self.host(lowering)?;
        let Identity { namespace, domain, .. } = lowering.identity;
        Some(Destination {
            name: host.name(domain, Dialect::OsmEdge),
            hosts: host.names(namespace, domain, Dialect::OsmEdge),
            dialect: Dialect::OsmEdge,
            way: Way {
                stations: breaker.map(Station::CircuitBreaker).into_iter().collect(),
                ..Way::default()
            },
            ports: Vec::new(),
        })
    }

    fn breaker(&self, lowering: &mut Lowering<'_>) -> Option<Settings> {
        let block = self.spec.connection_settings.as_ref()?.http.as_ref()?.circuit_breaking.as_ref()?;
        match Settings::try_from(block) {
            Ok(settings) => {
                for (field, message) in circuit_breaker::surprises(block, &settings) {
                    let path =
                        if field.is_empty() { BREAKER.to_owned() } else { format!("{BREAKER}.{field}") };
                    lowering.notes.push(Note::new(self.document, &path, NoteKind::Surprise, message));
                }
                Some(settings)
            }
            Err(invalid) => {
                let path = format!("{BREAKER}.{}", invalid.field);
                let message = format!("`{}` cannot be {}", invalid.field, invalid.found);
                lowering.errors.push(Error::at(self.document, &path, message).accepted(invalid.accepted));
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
            lowering.notes.push(Note::new(
                self.document,
                "spec.host",
                NoteKind::Surprise,
                format!(
                    "taken as a host outside of the cluster: a service's full name ends in `.svc.{}`",
                    lowering.identity.domain
                ),
            ));
            return Some(Host::Outside(host.to_owned()));
        };
        if namespace != self.namespace {
            let message = format!(
                "never applies: it lives in the namespace `{}`, its service in `{namespace}`",
                self.namespace
            );
            lowering.notes.push(Note::new(self.document, "spec.host", NoteKind::Surprise, message));
            return None;
        }
        Some(Host::Service { name: name.to_owned(), namespace: namespace.to_owned() })
    }

    fn note_what_is_not_applied(&self, lowering: &mut Lowering<'_>) {
        let settings = self.spec.connection_settings.as_ref();
        let tcp = settings.and_then(|settings| settings.tcp.as_ref());
        let http = settings.and_then(|settings| settings.http.as_ref());
        for (present, path) in [
            (tcp.is_some_and(|tcp| tcp.max_connections.is_some()), "tcp.maxConnections"),
            (tcp.is_some_and(|tcp| tcp.connect_timeout.is_some()), "tcp.connectTimeout"),
            (http.is_some_and(|http| http.max_requests.is_some()), "http.maxRequests"),
            (
                http.is_some_and(|http| http.max_requests_per_connection.is_some()),
                "http.maxRequestsPerConnection",
            ),
            (http.is_some_and(|http| http.max_pending_requests.is_some()), "http.maxPendingRequests"),
            (http.is_some_and(|http| http.max_retries.is_some()), "http.maxRetries"),
        ] {
            if present {
                lowering
                    .notes
                    .push(Note::not_applied(self.document, &format!("spec.connectionSettings.{path}")));
            }
        }
    }
}
