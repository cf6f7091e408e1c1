//! What documents say of one host, put together.

use super::{
    destination_rule::Rule,
    services::Services,
    virtual_service::{self, Route},
};
use crate::{
    config::Document,
    mesh::{
        host::Host,
        lower::{Lowering, names::Claim},
        plan::{Destination, Dialect, Port, Station, Way},
    },
};

/// What documents say of one host.
pub(super) struct Said<'a> {
    host: Host,
    /// The first document that speaks of it, and where.
    document: &'a Document,
    path: String,
    /// The route for it, and whose it is.
    pub(super) route: Option<(Route, &'a Document)>,
    /// The policy for it, and whose it is.
    pub(super) rule: Option<(Rule<'a>, &'a Document)>,
}

/// What is said of a host: so far, or nothing yet.
pub(super) fn of<'s, 'a>(
    all: &'s mut Vec<Said<'a>>,
    host: Host,
    document: &'a Document,
    path: String,
) -> &'s mut Said<'a> {
    let place = all.iter().position(|said| said.host == host).unwrap_or_else(|| {
        all.push(Said { host, document, path, route: None, rule: None });
        all.len() - 1
    });
    &mut all[place]
}

/// What is said of every host holds for one of which one kind of document does not speak.
pub(super) fn complete(all: &mut [Said<'_>]) {
    let every = Host::Outside("*".to_owned());
    let Some(every) = all.iter().find(|said| said.host == every) else { return };
    let (route, rule) = (every.route.clone(), every.rule.clone());
    for said in all {
        said.route = said.route.take().or_else(|| route.clone());
        said.rule = said.rule.take().or_else(|| rule.clone());
    }
}

impl<'a> Said<'a> {
    pub(super) fn claim(self, services: &Services, lowering: &Lowering<'_>) -> Claim<'a> {
        let identity = lowering.identity;
        let route = self.route.map_or_else(|| virtual_service::by_default(lowering), |(route, _)| route);
        let rule = self.rule.map(|(rule, _)| rule).unwrap_or_default();
        let spoken = services.spoken(&self.host, identity.http2);
        let way = |port: Option<u16>| {
            let (limits, connections) = rule.to(port, spoken.to(port));
            let limits = limits.map(Station::Limits).filter(Station::does_something);
            Way { stations: route.stations.iter().cloned().chain(limits).collect(), connections }
        };
        let whole = way(None);
        let mut numbers: Vec<u16> = rule.ports().chain(spoken.ports()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let ports = numbers.into_iter().map(|number| Port { number, way: way(Some(number)) });
        let destination = Destination {
            name: self.host.name(&identity.domain, Dialect::Istio),
            hosts: self.host.names(&identity.namespace, &identity.domain, Dialect::Istio),
            dialect: Dialect::Istio,
            ports: ports.filter(|port| port.way != whole).collect(),
            way: whole,
        };
        Claim { destination, document: self.document, path: self.path }
    }
}
