//! What becomes of a request in the end.

use http::{Request, uri::PathAndQuery};
use serde::Serialize;

use super::{Answer, Cluster, Stands, Untouched};
use crate::{
    layer::{
        protocol::HttpMemo,
        route::change::{self, Connects},
    },
    mesh::plan::{Destination, Dialect, Plan, Rule, Station, Target, changed, put, removed},
    policy::route::{Action, Condition, Head, HeaderChanges, Leg, Weighted},
};

/// What becomes of a request in the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum End {
    /// No policy speaks of its host: it passes as it came.
    Untouched(Untouched),
    /// It is sent on.
    Forwarded(Forwarded),
    /// The mesh itself answers.
    Answered(Answer),
}

/// A request that is sent on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Forwarded {
    /// The path, with its query, that it is given; none, if it keeps its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The authority that it is given; none, if it keeps its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// What it passes, outermost first; the limits of its cluster come after that.
    pub stations: Vec<Station>,
    /// Where it goes: to one of these.
    pub places: Vec<Place>,
    /// Who gets copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copies>,
}

/// One of the places that requests go to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Place {
    /// How many go there, of [`total`](Self::total).
    pub weight: u64,
    /// How many are sent to all places.
    pub total: u64,
    /// Where that is.
    #[serde(flatten)]
    pub cluster: Cluster,
    /// What is changed of the request's headers, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_headers: Vec<String>,
    /// What is changed of the answer's headers, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<String>,
}

/// Who gets copies, and of how many requests. To a cluster where nobody is nothing is copied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Copies {
    /// Of how many requests, in percent.
    pub percent: f64,
    /// Who.
    #[serde(flatten)]
    pub cluster: Cluster,
}

impl Forwarded {
    /// To the host that the request names, whatever its rules say.
    pub(super) fn as_asked(own: &Destination, port: u16, memo: HttpMemo) -> Self {
        let name = match own.dialect {
            Dialect::OsmEdge => format!("{}|{port}", own.name),
            Dialect::Istio => format!("outbound|{port}||{}", own.name),
        };
        let stations = own.way_to(port).stations.iter();
        let before = stations.filter(|station| !matches!(station, Station::Limits(_) | Station::Balance(_)));
        let place = Place {
            weight: 1,
            total: 1,
            cluster: Cluster::own(own, port, name, memo),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
        };
        Self {
            path: None,
            authority: None,
            stations: before.cloned().collect(),
            places: vec![place],
            copies: Vec::new(),
        }
    }
}

/// What a request is judged by.
pub(super) struct Ground<'g> {
    pub(super) plan: &'g Plan,
    /// The destination that it is for.
    pub(super) own: &'g Destination,
    pub(super) port: u16,
    pub(super) asked: &'g Request<()>,
}

impl Ground<'_> {
    /// Of a request that no rule takes.
    pub(super) fn no_route(&self) -> End {
        End::Answered(Answer::of(change::no_route(), self.memo(), |_| {}))
    }

    /// Of a request that a rule takes by this condition.
    pub(super) fn end_of(&self, rule: &Rule, condition: Option<&Condition>) -> End {
        let Action::Forward(legs) = rule.route.action() else {
            let refusal = change::local_answer(&rule.route, &Head::of(self.asked), condition);
            let refusal = refusal.unwrap_or_else(change::no_route);
            let change = |headers: &mut _| change::change_response(headers, &rule.route, None);
            return End::Answered(Answer::of(refusal, self.memo(), change));
        };
        let copies = rule
            .mirrors
            .iter()
            .map(|mirror| Copies { percent: mirror.share.percent(), cluster: self.cluster(&mirror.target) });
        let authority = rule.route.rewrite().new_authority();
        End::Forwarded(Forwarded {
            path: self.path(rule, legs, condition),
            authority: authority.map(|authority| String::from_utf8_lossy(authority.as_bytes()).into_owned()),
            stations: rule.stations.clone(),
            places: legs.iter().map(|(leg, weight)| self.place(rule, legs, leg, weight)).collect(),
            copies: copies.collect(),
        })
    }

    fn memo(&self) -> HttpMemo {
        HttpMemo::of(self.asked.method(), self.asked.headers())
    }

    /// The path that the request has when it goes on, if that is another one.
    fn path(
        &self,
        rule: &Rule,
        legs: &Weighted<Leg<Target>>,
        condition: Option<&Condition>,
    ) -> Option<String> {
        let (leg, _) = legs.iter().next()?;
        let mut sent = self.asked.clone();
        change::change_request(&mut sent, &rule.route, leg, condition, Connects::AsBefore);
        let path =
            sent.uri().path_and_query().filter(|path| Some(*path) != self.asked.uri().path_and_query());
        path.map(PathAndQuery::to_string)
    }

    fn place(&self, rule: &Rule, legs: &Weighted<Leg<Target>>, leg: &Leg<Target>, weight: u64) -> Place {
        // In the order in which they are made.
        let changes = |of_route: &HeaderChanges, of_leg: &HeaderChanges| match legs.is_certain() {
            true => [removed(of_route), removed(of_leg), put(of_route), put(of_leg)].concat(),
            false => [changed(of_leg), changed(of_route)].concat(),
        };
        Place {
            weight,
            total: legs.total(),
            cluster: self.cluster(leg.destination()),
            request_headers: changes(rule.route.request_changes(), leg.request_changes()),
            response_headers: changes(rule.route.response_changes(), leg.response_changes()),
        }
    }

    /// The cluster that a target is from here.
    fn cluster(&self, target: &Target) -> Cluster {
        let port = target.port.unwrap_or(self.port);
        if target.is_at(&self.own.name) {
            return Cluster::of(self.own, target, port, self.memo());
        }
        let there = self.plan.destinations.iter().find(|other| other.name == target.host);
        match there {
            Some(other) => {
                let documents = other.documents.iter().map(Stands::of).collect();
                Cluster { documents, ..Cluster::of(other, target, port, self.memo()) }
            }
            None => Cluster::of(&Destination::bare(&target.host), target, port, self.memo()),
        }
    }
}
