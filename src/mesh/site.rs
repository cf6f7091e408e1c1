//! What a host's rules make of its requests at one port, ready to run.
//!
//! A rule finds its requests, picks a cluster by one draw for each request, and has the stations that stand before it.
//! Everything is there before the first request comes; a request finds, draws, and goes.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Request, uri::Authority};

use super::{
    assemble::OTHERS,
    cluster::{Clusters, Found, OfHost},
    counted::{Before, Counted},
    place::{At, Nowhere, Place, There},
    plan::{Destination, Rule, Target},
    stack::{self, Copied, Copies, Istio, Mirrors},
};
use crate::{
    events::Events,
    layer::{
        cluster::Cluster,
        draw::Draws,
        limits::LimitsLayer,
        mirror::MirrorLayer,
        route::change::{self, Connects},
        seat::Shared,
    },
    policy::{
        Draw, limits, mirror,
        route::{self, Action, Condition, Head, Leg, Route, Rules, Weighted},
    },
    refusal::Refusal,
};

/// What requests to one port of a host pass, wherever they go.
pub(super) struct Site {
    /// The rules for this port; none, where there are none.
    rules: Option<Rules<Ruled>>,
    /// To the host itself, if no rule says otherwise.
    here: Istio,
    counted_here: Arc<Counted>,
    /// Whether requests may say by headers what is to happen to them.
    trusts_headers: bool,
}

/// A rule that runs.
pub(super) struct Ruled {
    route: Arc<Route<Istio>>,
    /// Whether it changes anything of answers.
    changes_responses: bool,
    draws: Draws,
    counted: Arc<Counted>,
}

/// What a request comes to.
pub(super) enum Routed<'s> {
    /// It goes this way; what is changed of its answer.
    To(&'s Istio, Option<Answered>),
    /// It goes nowhere: what it is answered, and what is changed of that.
    Refused(Refusal, Option<Answered>),
}

/// What is changed of an answer that an upstream gave.
#[doc(hidden)]
pub struct Answered {
    route: Arc<Route<Istio>>,
    draw: Draw,
}

/// What a site is made of, besides its host.
pub(super) struct Ground<'g> {
    pub(super) clusters: &'g Clusters,
    pub(super) events: &'g Events,
    pub(super) draws: Draws,
    /// Whether requests may say by headers what is to happen to them.
    pub(super) trusts_headers: bool,
}

impl Site {
    /// With what was counted before at this port, of the rules that stay.
    pub(super) fn new(
        destination: &Destination,
        own: &Arc<OfHost>,
        port: u16,
        ground: &Ground<'_>,
        before: Option<&Self>,
    ) -> Self {
        let mut before = before.map_or_else(Before::default, Self::counted);
        let way = destination.way_to(port);
        let name = Cluster::new(&*destination.name, port).to_string();
        let draws = ground.draws.of(&name);
        let site = Building { name: &name, own, port, ground };
        // What the port makes impossible is left out; and a host that is left with no rule is as one that never had any.
        let rules: Vec<_> = (0..).zip(destination.rules_to(port)).collect();
        let rules = (!rules.is_empty()).then(|| {
            Rules::new(rules.into_iter().map(|(number, rule)| site.rule(number, rule, &mut before)))
        });
        let fault = stack::faults(&way.stations, &name, ground.events, draws);
        let counted_here = before.or(&[], fault);
        let leads = own.cluster(port, None).lead(At::Here);
        let once = (counted_here.fault.clone(), stack::no_mirrors());
        let here = Istio::new(&way.stations, once, leads, &name, ground.events, draws);
        Self { rules, here, counted_here, trusts_headers: ground.trusts_headers }
    }

    /// What its rules count; and last what goes to the host itself, which is as a rule for every request.
    fn counted(&self) -> Before<'_> {
        let rules = self.rules.iter().flat_map(Rules::as_slice);
        let of_rules = rules.map(|rule| (rule.conditions(), &rule.then().counted));
        Before::of(of_rules.chain([(&[][..], &self.counted_here)]))
    }

    /// To the host itself.
    pub(super) const fn here(&self) -> &Istio {
        &self.here
    }

    /// Which way a request goes, and what is changed of it before it does.
    pub(super) fn route<B>(&self, request: &mut Request<B>, port: u16) -> Routed<'_> {
        if !self.trusts_headers {
            stack::strip(request.headers_mut());
        }
        let Some(rules) = &self.rules else { return Routed::To(&self.here, None) };
        let Some(found) = rules.find(&Head::of(request).to_port(port)) else {
            return Routed::Refused(change::no_route(), None);
        };
        found.rule.then().take(request, found.condition)
    }
}

impl Ruled {
    fn take<B>(&self, request: &mut Request<B>, taken: Option<&Condition>) -> Routed<'_> {
        let draw = self.draw();
        let answered = || self.changes_responses.then(|| Answered { route: Arc::clone(&self.route), draw });
        let Some(leg) = self.route.pick(draw) else {
            let local = change::local_answer(&self.route, &Head::of(request), taken);
            return Routed::Refused(local.unwrap_or_else(change::no_route), answered());
        };
        change::change_request(request, &self.route, leg, taken, Connects::AsBefore);
        Routed::To(leg.destination(), answered())
    }

    /// One draw for each request, which its retries keep.
    fn draw(&self) -> Draw {
        match self.route.action() {
            Action::Forward(legs) if !legs.is_certain() => {
                let seeded = self.draws.is_seeded();
                let ordinal = if seeded { self.counted.next() } else { 0 };
                self.draws.draw(ordinal, "destination", 0)
            }
            _ => Draw::new(0),
        }
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").finish_non_exhaustive()
    }
}

impl Answered {
    /// Changes the headers of an answer.
    pub(super) fn change(&self, headers: &mut HeaderMap) {
        change::change_response(headers, &self.route, self.route.pick(self.draw));
    }
}

/// A site while it is made.
struct Building<'b> {
    /// Of the host itself.
    name: &'b str,
    own: &'b Arc<OfHost>,
    port: u16,
    ground: &'b Ground<'b>,
}

impl Building<'_> {
    fn rule(&self, number: usize, rule: &Rule, before: &mut Before<'_>) -> route::Rule<Ruled> {
        let Ground { events, draws, .. } = self.ground;
        let own = format!("{}#{number}", self.name);
        let draws = draws.of(if number == 0 { self.name } else { &own });
        let conditions = rule.conditions.iter().filter(|one| self.is_possible(one)).cloned();
        let conditions: Vec<_> = conditions.collect();
        let fault = stack::faults(&rule.stations, self.name, events, draws);
        let counted = before.or(&conditions, fault);
        let mirrors = self.mirrors(rule, draws);
        let keys = rule.hash_keys.clone().map(Shared::new);
        let to = |target: Target| {
            let (name, (limits, place)) = self.lead(&target);
            let leads = (limits, Place { keys: keys.clone(), ..place });
            let once = (counted.fault.clone(), mirrors.clone());
            Istio::new(&rule.stations, once, leads, &name, events, draws.of(&name))
        };
        let of_legs =
            |legs: &Weighted<Leg<Target>>| legs.iter().any(|(leg, _)| !leg.response_changes().is_empty());
        let changes_responses = !rule.route.response_changes().is_empty()
            || matches!(rule.route.action(), Action::Forward(legs) if of_legs(legs));
        let ruled = Ruled {
            route: Arc::new(rule.route.clone().map(to)),
            changes_responses,
            draws: draws.of("route"),
            counted,
        };
        route::Rule::when_any(conditions, ruled)
    }

    /// Those of a rule: of all its requests, wherever they go. To a cluster that is not there nothing is copied.
    fn mirrors(&self, rule: &Rule, draws: Draws) -> Mirrors {
        let led = rule.mirrors.iter().map(|mirror| (mirror, self.lead(&mirror.target).1));
        let there = led.filter(|(_, (_, place))| !matches!(place.at, At::Nowhere(_)));
        let (settings, copies): (Vec<_>, Vec<_>) = there
            .map(|(mirror, (limits, place))| {
                (mirror::Settings::sharing(mirror.share), Copied { limits, place })
            })
            .unzip();
        let layer = MirrorLayer::towards(Copies(copies), settings).drawing(draws.of("mirror"));
        layer.told(self.name, self.ground.events).below_retries()
    }

    fn is_possible(&self, condition: &Condition) -> bool {
        condition.port_wanted().is_none_or(|port| port == self.port)
    }

    /// The cluster that a target is from here: its name, its limits, how to get there.
    fn lead(&self, target: &Target) -> (String, (LimitsLayer, Place)) {
        let is_own = target.is_at(self.own.name());
        let host = match self.ground.clusters.get(&target.host) {
            Some(host) if !is_own => host,
            _ => self.own,
        };
        let port = target.port.unwrap_or(self.port);
        let subset = target.subset.as_deref();
        let nowhere = |name: String, why: Nowhere| {
            let place = Place { at: At::Nowhere(why), balance: None, keys: None, is_early: false };
            (name, (LimitsLayer::new(limits::Settings::off()), place))
        };
        match host.find(port, subset) {
            Found::There { cluster, .. } => {
                let authority = if is_own && port == self.port { None } else { authority(host.name(), port) };
                let at = match (authority, subset) {
                    (None, None) => At::Here,
                    (authority, subset) => {
                        let cluster = subset.map(|_| cluster.clone());
                        let at_its_port = port == OTHERS;
                        At::There(Arc::new(There { authority, cluster, at_its_port }))
                    }
                };
                (cluster.to_string(), host.cluster(port, subset).lead(at))
            }
            Found::Nothing => {
                let name = format!("outbound|{port}|{}|{}", subset.unwrap_or_default(), host.name());
                nowhere(name, Nowhere::NoCluster)
            }
        }
    }
}

/// Where to connect; none, if the host is no name that a URI can have.
fn authority(host: &str, port: u16) -> Option<Authority> {
    format!("{host}:{port}").parse().ok()
}
