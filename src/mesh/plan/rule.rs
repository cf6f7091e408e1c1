//! Where requests go, in a plan: rules, and the clusters that they lead to.

use std::{collections::BTreeMap, fmt, ops::Deref};

use http::HeaderName;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Port, Station, Way, balance, numbered};
use crate::policy::{
    PartsPerMillion,
    balance::HashKeys,
    route::{Action, Condition, HeaderChanges, Leg, Route, Weighted},
};

/// A rule of a destination: which requests it takes, where they go, what they pass before that.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Where it stands.
    pub origin: Origin,
    /// Which requests it takes: those that are one of these; every one, if there are none.
    pub conditions: Vec<Condition>,
    /// Where they go, and what is changed on the way.
    pub route: Route<Target>,
    /// What of them decides who answers, where that is not what the clusters say by themselves: the keys of all places of a
    /// route belong together.
    pub hash_keys: Option<HashKeys>,
    /// What they pass, outermost first; the limits of the cluster come after that.
    pub stations: Vec<Station>,
    /// Who gets copies.
    pub mirrors: Vec<Mirror>,
}

/// Where something stands in the documents. It is told and not compared: a plan does the same wherever it stands.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Origin {
    /// Namespace and name of the document, and the rule in it: `bookinfo/reviews http[0]`.
    pub name: String,
    /// File, line and column.
    pub at: String,
}

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What is told and not compared: a plan does the same whatever it is.
#[derive(Debug, Clone, Default)]
pub struct Told<T>(pub T);

impl<T> Deref for Told<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> PartialEq for Told<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A rule that is for other clients, or some of its conditions, and why.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeftOut {
    /// Where it stands.
    pub origin: Origin,
    /// Whether the rule has conditions for this client too.
    pub in_part: bool,
    /// Why.
    pub why: String,
}

/// A cluster that requests are led to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Target {
    /// The name of its destination; empty: that of the request, whichever of a family it is.
    pub host: String,
    /// The port; none: that of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The part of its endpoints; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
}

/// Who gets copies of requests, and of how many.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mirror {
    /// Who.
    pub target: Target,
    /// Of how many.
    pub share: PartsPerMillion,
}

/// A named part of a destination's endpoints.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Subset {
    /// Its name.
    pub name: String,
    /// Labels that its endpoints have.
    pub labels: BTreeMap<String, String>,
    /// Whether there is an endpoint with these labels; where no endpoints are known, it is taken that there is.
    #[serde(rename = "hasEndpoints")]
    pub has_endpoints: bool,
    /// What a request passes there.
    #[serde(flatten)]
    pub way: Way,
    /// The ports to which the way is another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
}

impl Target {
    /// Whether it is the host of this name itself, for a request that is for this host.
    pub(in crate::mesh) fn is_at(&self, own: &str) -> bool {
        self.host.is_empty() || self.host == own
    }
}

impl Subset {
    /// A request's way to this port.
    #[must_use]
    pub fn way_to(&self, port: u16) -> &Way {
        self.ports.iter().find(|other| other.number == port).map_or(&self.way, |port| &port.way)
    }
}

impl Rule {
    /// Whether it can take a request to this port.
    #[must_use]
    pub fn is_for(&self, port: u16) -> bool {
        let asks_for = |condition: &Condition| condition.port_wanted().is_none_or(|wanted| wanted == port);
        self.conditions.is_empty() || self.conditions.iter().any(asks_for)
    }

    /// Whether it takes every request.
    pub(in crate::mesh) fn takes_all(&self) -> bool {
        self.conditions.is_empty() || self.conditions.iter().any(Condition::takes_all)
    }

    /// Whether it is asked at every port.
    pub(in crate::mesh) fn is_for_every_port(&self) -> bool {
        self.conditions.is_empty()
            || self.conditions.iter().any(|condition| condition.port_wanted().is_none())
    }

    /// The clusters that it leads to.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        let legs = match self.route.action() {
            Action::Forward(legs) => Some(legs),
            _ => None,
        };
        let legs = legs.into_iter().flat_map(Weighted::iter).map(|(leg, _)| leg.destination());
        legs.chain(self.mirrors.iter().map(|mirror| &mirror.target))
    }
}

// ===== for machines =====

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    #[serde(flatten)]
    target: &'a Target,
    weight: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    request_headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response_headers: Vec<String>,
}

#[derive(Serialize)]
struct Copied<'a> {
    #[serde(flatten)]
    target: &'a Target,
    percent: f64,
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rule = serializer.serialize_struct("Rule", 10)?;
        rule.serialize_field("rule", &self.origin.name)?;
        let when: Vec<_> = self.conditions.iter().map(ToString::to_string).collect();
        rule.serialize_field("when", &when)?;
        match self.route.action() {
            Action::Forward(legs) => {
                let places: Vec<_> = legs.iter().map(|(leg, weight)| Place::of(leg, weight)).collect();
                rule.serialize_field("to", &places)?;
            }
            Action::Redirect(redirect) => rule.serialize_field("redirect", &redirect.to_string())?,
            Action::Answer(answer) => rule.serialize_field("answer", &answer.status().as_u16())?,
        }
        if !self.route.rewrite().is_empty() {
            rule.serialize_field("rewrite", &self.route.rewrite().to_string())?;
        }
        for (name, changes) in [
            ("requestHeaders", self.route.request_changes()),
            ("responseHeaders", self.route.response_changes()),
        ] {
            if !changes.is_empty() {
                rule.serialize_field(name, &changed(changes))?;
            }
        }
        if let Some(keys) = &self.hash_keys {
            rule.serialize_field("hashKeys", &balance::keys(keys))?;
        }
        if !self.mirrors.is_empty() {
            let percent = |mirror: &Mirror| mirror.share.percent();
            let mirrors = self.mirrors.iter();
            let mirrors: Vec<_> =
                mirrors.map(|mirror| Copied { target: &mirror.target, percent: percent(mirror) }).collect();
            rule.serialize_field("mirrors", &mirrors)?;
        }
        rule.serialize_field("stations", &self.stations)?;
        rule.end()
    }
}

impl<'a> Place<'a> {
    fn of(leg: &'a Leg<Target>, weight: u64) -> Self {
        let (request_headers, response_headers) =
            (changed(leg.request_changes()), changed(leg.response_changes()));
        Self { target: leg.destination(), weight, request_headers, response_headers }
    }
}

/// What is changed, in its order.
pub(in crate::mesh) fn changed(changes: &HeaderChanges) -> Vec<String> {
    [removed(changes), put(changes)].concat()
}

/// What is removed, which comes first.
pub(in crate::mesh) fn removed(changes: &HeaderChanges) -> Vec<String> {
    changes.removed().map(|name| format!("remove `{name}`")).collect()
}

/// What is set, then what is added.
pub(in crate::mesh) fn put(changes: &HeaderChanges) -> Vec<String> {
    let of = |verb: &str, name: &HeaderName, value: &http::HeaderValue| {
        format!("{verb} `{name}: {}`", String::from_utf8_lossy(value.as_bytes()))
    };
    let set = changes.set().map(|(name, value)| of("set", name, value));
    let added = changes.added().map(|(name, value)| of("add", name, value));
    set.chain(added).collect()
}

// ===== for people =====

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.conditions.is_empty().then(|| "every request".to_owned());
        let when: Vec<_> = self.conditions.iter().map(ToString::to_string).chain(whole).collect();
        writeln!(f, "{}", when.join("; or "))?;
        let changes =
            |f: &mut fmt::Formatter<'_>, what: &str, changes: &HeaderChanges| match changes.is_empty() {
                true => Ok(()),
                false => writeln!(f, "    {what}: {}", changed(changes).join(", ")),
            };
        match self.route.action() {
            Action::Forward(legs) => {
                for (leg, weight) in legs.iter() {
                    let share = share(weight, legs.total());
                    writeln!(f, "    to {}{share}", leg.destination())?;
                    changes(f, "  request", leg.request_changes())?;
                    changes(f, "  response", leg.response_changes())?;
                }
            }
            Action::Redirect(redirect) => writeln!(f, "    {redirect}")?,
            Action::Answer(answer) => {
                writeln!(
                    f,
                    "    answers {} with {} bytes",
                    answer.status().as_u16(),
                    answer.content().len()
                )?;
            }
        }
        if !self.route.rewrite().is_empty() {
            writeln!(f, "    rewrite: {}", self.route.rewrite())?;
        }
        changes(f, "request", self.route.request_changes())?;
        changes(f, "response", self.route.response_changes())?;
        if let Some(keys) = &self.hash_keys {
            let keys = balance::keys(keys);
            let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", then ") };
            writeln!(f, "    keys of the route, in the place of its clusters': {keys}")?;
        }
        for mirror in &self.mirrors {
            writeln!(f, "    copies {} to {}", mirror.share, mirror.target)?;
        }
        numbered(&self.stations, "    ", f)
    }
}

/// How often, where there is a choice.
fn share(weight: u64, total: u64) -> String {
    match weight == total {
        true => String::new(),
        false => format!(": {weight} of {total}"),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.host.is_empty() { "the host itself" } else { &self.host })?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(subset) = &self.subset {
            write!(f, ", subset {subset}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let labels = if labels.is_empty() { "every endpoint".to_owned() } else { labels.join(",") };
        let none = if self.has_endpoints { "" } else { "; no endpoint has them" };
        let goes_on = if self.way == Way::default() && self.ports.is_empty() { "" } else { ":" };
        writeln!(f, "  subset {} ({labels}{none}){goes_on}", self.name)?;
        self.way.fmt(f)?;
        self.ports.iter().try_for_each(|port| port.fmt(f))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{} ({})", self.name, self.at),
        }
    }
}
