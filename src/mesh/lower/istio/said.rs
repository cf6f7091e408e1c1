//! What documents say of one host, put together.

use std::collections::HashMap;

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

/// What documents say of all hosts, in the order in which they first speak of each.
#[derive(Default)]
pub(super) struct AllSaid<'a> {
    said: Vec<Said<'a>>,
    places: HashMap<Host, usize>,
}

impl<'a> AllSaid<'a> {
    /// What is said of a host: so far, or nothing yet.
    pub(super) fn of(&mut self, host: Host, document: &'a Document, path: String) -> &mut Said<'a> {
        let place = *self.places.entry(host).or_insert_with_key(|host| {
            self.said.push(Said { host: host.clone(), document, path, route: None, rule: None });
            self.said.len() - 1
        });
        &mut self.said[place]
    }

    /// All of it; what is said of every host holds for one of which one kind of document does not speak.
    pub(super) fn complete(mut self) -> Vec<Said<'a>> {
        if let Some(every) = self.places.get(&Host::Outside("*".to_owned())) {
            let Said { route, rule, .. } = &self.said[*every];
            let (route, rule) = (route.clone(), rule.clone());
            for said in &mut self.said {
                said.route = said.route.take().or_else(|| route.clone());
                said.rule = said.rule.take().or_else(|| rule.clone());
            }
        }
        self.said
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
            serves: Vec::new(),
            subsets: Vec::new(),
            rules: Vec::new(),
            origin: None,
        };
        Claim { destination, document: self.document, path: self.path }
    }
}
