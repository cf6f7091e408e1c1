//! Which destination is meant, and which of its rules takes a request.

use std::net::IpAddr;

use serde::Serialize;

use crate::{
    mesh::{
        directory::Meant,
        plan::{self, Destination, Dialect, Home, Origin, Rule},
    },
    policy::route::{Condition, Head},
};

/// The destination that a host means.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Chosen {
    /// Its name in the plan.
    pub name: String,
    /// Whose rules it follows.
    pub dialect: Dialect,
    /// By which name it was found.
    #[serde(flatten)]
    pub found: Found,
    /// The documents that speak of it, besides those of its rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Stands>,
}

/// By which name a destination was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Found {
    /// By its full name.
    Name,
    /// By a shorter one.
    ShortName,
    /// By an address that stands for it.
    Address,
    /// As one of a family of hosts.
    Family {
        /// The family, such as `*.example.com`.
        family: String,
    },
    /// As one of a family, by the full name that the request's name is short for.
    FullName {
        /// The full name.
        full: String,
        /// The family.
        family: String,
    },
}

impl Found {
    /// What is meant, and by which name this host means it.
    pub(super) fn of<'p>(
        meant: Meant<&&'p Destination, &&'p Destination>,
        host: &str,
        home: &Home,
    ) -> (&'p Destination, Self) {
        let family = |destination: &Destination| destination.hosts.first().cloned().unwrap_or_default();
        match meant {
            Meant::Named(named) if named.hosts.first().is_some_and(|full| full == host) => {
                (named, Self::Name)
            }
            Meant::Named(named) if is_address(host) => (named, Self::Address),
            Meant::Named(named) => (named, Self::ShortName),
            Meant::Of(of) => (of, Self::Family { family: family(of) }),
            Meant::InFullOf(of) => {
                let full = home.full(host).unwrap_or_else(|| host.to_owned());
                (of, Self::FullName { full, family: family(of) })
            }
        }
    }

    pub(super) const fn is_by_family(&self) -> bool {
        matches!(self, Self::Family { .. } | Self::FullName { .. })
    }
}

/// Whether a host is named by an address, as requests write it.
fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok()
}

impl Chosen {
    pub(super) fn of(destination: &Destination, found: Found) -> Self {
        Self {
            name: destination.name.clone(),
            dialect: destination.dialect,
            found,
            documents: destination.documents.iter().map(Stands::of).collect(),
        }
    }
}

/// Where something stands in the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stands {
    /// What it is called.
    pub name: String,
    /// File, line and column.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl Stands {
    pub(super) fn of(origin: &Origin) -> Self {
        Self { name: origin.name.clone(), at: origin.at.clone() }
    }
}

/// A rule that does not take a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// Its number in the plan, from 1.
    pub rule: usize,
    /// Where it stands.
    #[serde(flatten)]
    pub stands: Stands,
    /// What the request lacks: of each condition the first thing that it is not.
    pub unmet: Vec<String>,
}

/// The rule that takes a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Taken {
    /// Its number in the plan, from 1.
    pub rule: usize,
    /// Where it stands.
    #[serde(flatten)]
    pub stands: Stands,
    /// The condition that is met; none, if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A rule that is for other clients, or some of its conditions, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LeftOut {
    /// Where it stands.
    #[serde(flatten)]
    pub stands: Stands,
    /// Whether the rule has conditions for this client too, and is asked by them.
    pub in_part: bool,
    /// Why.
    pub why: String,
}

impl LeftOut {
    pub(super) fn of(left_out: &plan::LeftOut) -> Self {
        let plan::LeftOut { origin, in_part, why } = left_out;
        Self { stands: Stands::of(origin), in_part: *in_part, why: why.clone() }
    }
}

/// What the rules of a destination say to a request.
pub(super) struct Choice<'d> {
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) taken: Option<(&'d Rule, Option<&'d Condition>)>,
    pub(super) not_asked: usize,
    /// Then requests go to the host itself.
    pub(super) none_is_for_the_port: bool,
    /// The one rule that says nothing of where requests go, and is none of those that are asked.
    plain: Option<&'d Origin>,
}

impl<'d> Choice<'d> {
    pub(super) fn of(own: &'d Destination, head: &Head<'_>, port: u16) -> Self {
        let mut choice = Self {
            passed_over: Vec::new(),
            taken: None,
            not_asked: own.rules.len(),
            none_is_for_the_port: own.rules_to(port).next().is_none(),
            plain: None,
        };
        if !own.speaks_http(port) {
            choice.not_asked += usize::from(own.origin.is_some());
            return choice;
        }
        choice.plain = own.origin.as_ref();
        for (number, rule) in (1..).zip(&own.rules) {
            choice.not_asked -= 1;
            match met(rule, head, port) {
                Ok(condition) => {
                    choice.taken = Some((rule, condition));
                    break;
                }
                Err(unmet) => {
                    let stands = Stands::of(&rule.origin);
                    choice.passed_over.push(PassedOver { rule: number, stands, unmet });
                }
            }
        }
        choice
    }

    /// The rule that takes the request.
    pub(super) fn told(&self) -> Option<Taken> {
        if let Some(origin) = self.plain {
            return Some(Taken { rule: 1, stands: Stands::of(origin), condition: None });
        }
        let (rule, condition) = self.taken?;
        let condition = condition.map(ToString::to_string);
        Some(Taken { rule: self.passed_over.len() + 1, stands: Stands::of(&rule.origin), condition })
    }
}

/// The condition by which a rule takes a request, if it has any; or what each of them lacks.
fn met<'r>(rule: &'r Rule, head: &Head<'_>, port: u16) -> Result<Option<&'r Condition>, Vec<String>> {
    let mut unmet = Vec::new();
    for condition in &rule.conditions {
        // At another port it is not even asked.
        let elsewhere = condition.port_wanted().filter(|wanted| *wanted != port);
        let at_port = elsewhere.map(|wanted| Condition::new().port(wanted));
        match at_port.as_ref().unwrap_or(condition).unmet(head) {
            None => return Ok(Some(condition)),
            Some(lacks) => unmet.push(lacks.to_string()),
        }
    }
    if unmet.is_empty() { Ok(None) } else { Err(unmet) }
}
