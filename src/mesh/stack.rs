//! The orders of stations, each a type that runs.
//!
//! A dialect's order is one type, which reads like the plan that it is made of; a station that asks for nothing is there
//! and costs a branch. What a request needs of it is put around the transport when the request comes, so that the
//! transport is the client's own and the state is the mesh's.

use std::fmt;

use http::{HeaderMap, header::HeaderName};
use tower_layer::Layer;

use super::{
    cluster::OfHost,
    early::Early,
    optional::{Behind, Optional},
    place::{At, Place, Placed},
    plan::{Destination, Station},
    site::Site,
};
use crate::{
    events::Events,
    layer::{
        circuit_breaker::{CircuitBreaker, CircuitBreakerHandle, CircuitBreakerLayer},
        draw::Draws,
        fault::{Fault, FaultLayer},
        limits::{Limited, LimitsHandle, LimitsLayer},
        mirror::{BelowRetries, Mirror, MirrorLayer, Targets},
        protocol::{Http, Protocol},
        retry::{Retry, RetryLayer},
        timeout::{AtRequestEnd, HeadOnly, Timeout, TimeoutLayer, Whole},
    },
    policy::{
        fault, retry,
        timeout::{self, Said},
    },
};

/// What requests to one port of a destination pass.
#[expect(clippy::large_enum_variant, reason = "there are few, and none is moved once it is made")]
pub(super) enum Stack {
    OsmEdge(OsmEdge),
    Istio(Site),
}

/// osm-edge's order: breaker, retries, limits, then one try.
pub(super) struct OsmEdge {
    breaker: Optional<CircuitBreakerLayer>,
    tries: Tries,
    place: Place,
}

/// Istio's: fault, timeout, retries, limits, then one try, wherever it goes.
pub(super) struct Istio {
    fault: FaultLayer,
    timeout: TimeoutLayer<Http, Whole, AtRequestEnd>,
    tries: Tries,
    place: Place,
}

/// Who gets copies of the requests of a rule.
pub(super) type Mirrors = MirrorLayer<Copies, BelowRetries>;

/// Where copies go: each through the limits of its own cluster, by the transport that the original has.
pub struct Copies(pub(super) Vec<Copied>);

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Copies({} mirrors)", self.0.len())
    }
}

/// The way of a copy.
pub(super) struct Copied {
    pub(super) limits: LimitsLayer,
    pub(super) place: Place,
}

/// What both have further in. The time of one try begins when it has found its place and the request has come to its
/// end, as in the mesh.
struct Tries {
    retry: RetryLayer,
    mirrors: Mirrors,
    limits: LimitsLayer,
    one: TimeoutLayer<Http, HeadOnly, AtRequestEnd>,
}

/// One try behind the limits, before which somebody may be picked.
pub(super) type One<S, P> = Early<Limited<Timeout<Placed<S, P>, Http, HeadOnly, AtRequestEnd>>>;

/// As many as it takes; a copy is sent of the first.
pub(super) type Tried<S, P> = Retry<Mirror<One<S, P>, Copies, BelowRetries>, P>;

impl<S: Clone, P: Clone> Targets<One<S, P>> for Copies {
    type Service = One<S, P>;

    /// A copy has the time of the mirror, and none for a try.
    fn target(&self, mirror: usize, original: &One<S, P>) -> One<S, P> {
        let Copied { limits, place } = &self.0[mirror];
        let Placed { inner, protocol, .. } = original.placed().clone();
        let one = TimeoutLayer::new(timeout::Settings::off()).heads_only().starting_at_request_end();
        let placed = Placed { inner, place: place.clone(), protocol };
        Early(limits.layer(one.layer(placed)))
    }
}

/// Nobody gets a copy.
pub(super) fn no_mirrors() -> Mirrors {
    MirrorLayer::towards(Copies(Vec::new()), []).below_retries()
}

/// A transport behind osm-edge's order.
pub(super) type BehindOsmEdge<S, P> = Behind<CircuitBreaker<Tried<S, P>>, Tried<S, P>>;

/// A transport behind Istio's order.
pub(super) type BehindIstio<S, P> = Fault<Timeout<Tried<S, P>, Http, Whole, AtRequestEnd>>;

impl Stack {
    pub(super) fn circuit_breaker(&self) -> Option<CircuitBreakerHandle> {
        let Self::OsmEdge(stack) = self else { return None };
        stack.breaker.0.as_ref().map(CircuitBreakerLayer::handle)
    }

    /// What rules make of its requests.
    pub(super) const fn site(&self) -> Option<&Site> {
        match self {
            Self::OsmEdge(_) => None,
            Self::Istio(site) => Some(site),
        }
    }

    /// Of what goes to the host itself.
    pub(super) fn limits(&self) -> LimitsHandle {
        match self {
            Self::OsmEdge(stack) => stack.tries.limits.handle(),
            Self::Istio(site) => site.here().tries.limits.handle(),
        }
    }
}

impl OsmEdge {
    pub(super) fn new(
        destination: &Destination,
        own: &OfHost,
        port: u16,
        events: &Events,
        draws: Draws,
    ) -> Self {
        let way = destination.way_to(port);
        let name = format!("{}|{port}", destination.name);
        let draws = draws.of(&name);
        let breaker = way
            .circuit_breaker()
            .map(|settings| CircuitBreakerLayer::new(settings.clone()).drawing(draws).told(&*name, events));
        let limits = LimitsLayer::new(way.limits()).told(&*name, events);
        let tries = Tries::new(&way.stations, (no_mirrors(), limits), &name, events, draws);
        let place = own.cluster(port, None).place(At::Here);
        Self { breaker: Optional(breaker), tries, place }
    }

    /// A transport behind this order.
    pub(super) fn around<S: Clone, P: Protocol>(&self, transport: S, protocol: P) -> BehindOsmEdge<S, P> {
        self.breaker.layer(self.tries.around(transport, &self.place, protocol))
    }
}

/// The faults of a rule: those of all its requests, wherever they go.
pub(super) fn faults(stations: &[Station], name: &str, events: &Events, draws: Draws) -> FaultLayer {
    let fault = stations.iter().find_map(|station| match station {
        Station::Fault(settings) => Some(settings.clone()),
        _ => None,
    });
    let layer = FaultLayer::new(fault.unwrap_or_else(fault::Settings::off));
    layer.drawing(draws.of("fault")).told(name, events)
}

impl Istio {
    /// A rule's stations before a cluster of this name.
    pub(super) fn new(
        stations: &[Station],
        (fault, mirrors): (FaultLayer, Mirrors),
        (limits, place): (LimitsLayer, Place),
        name: &str,
        events: &Events,
        draws: Draws,
    ) -> Self {
        let timeout = of_all_tries(stations);
        Self {
            fault,
            timeout: TimeoutLayer::new(timeout).starting_at_request_end().told(name, events),
            tries: Tries::new(stations, (mirrors, limits), name, events, draws),
            place,
        }
    }

    /// A transport behind this order.
    pub(super) fn around<S: Clone, P: Protocol>(&self, transport: S, protocol: P) -> BehindIstio<S, P> {
        self.fault.layer(self.timeout.layer(self.tries.around(transport, &self.place, protocol)))
    }
}

impl Tries {
    fn new(
        stations: &[Station],
        (mirrors, limits): (Mirrors, LimitsLayer),
        name: &str,
        events: &Events,
        draws: Draws,
    ) -> Self {
        let retry = stations.iter().find_map(|station| match station {
            Station::Retry(settings) => Some(settings.clone()),
            _ => None,
        });
        let retry = retry.unwrap_or_else(retry::Settings::off);
        let one = one_try(&retry, of_all_tries(stations).tells_deadline());
        let mut retry =
            RetryLayer::new(retry).drawing(draws.of("retry")).told(name, events).leaving_tries_to_a_timeout();
        if limits.limits_retries() {
            retry = retry.gated_by(limits.retry_gate());
        }
        Self {
            retry,
            mirrors,
            limits,
            one: TimeoutLayer::new(one).heads_only().starting_at_request_end().told(name, events),
        }
    }

    fn around<S: Clone, P: Protocol>(&self, transport: S, place: &Place, protocol: P) -> Tried<S, P> {
        let placed = Placed { inner: transport, place: place.clone(), protocol: protocol.clone() };
        let one = Early(self.limits.layer(self.one.layer(placed)));
        self.retry.clone().over(protocol).layer(self.mirrors.layer(one))
    }
}

fn of_all_tries(stations: &[Station]) -> timeout::Settings {
    let timeout = stations.iter().find_map(|station| match station {
        Station::Timeout(settings) => Some(*settings),
        _ => None,
    });
    timeout.unwrap_or_else(timeout::Settings::off)
}

/// How long one try may take; its upstream is told so, or how much is left of the time of all. A try that is hedged is
/// not given up.
fn one_try(retry: &retry::Settings, tells: bool) -> timeout::Settings {
    let settings = timeout::Settings::builder().grpc_timeout(false).tell_deadline(tells);
    let settings = match retry.per_try_timeout() {
        Some(time) if !retry.hedging() => settings.head(time),
        _ => settings,
    };
    let settings = match retry.trust_request_headers() {
        true => settings.trust_request_headers(timeout::Trusted::Head),
        false => settings,
    };
    settings.build().unwrap_or_else(|_| timeout::Settings::off())
}

/// What a sidecar takes off the requests that it does not trust, besides what retries read.
const CONTROL: [HeaderName; 5] = [
    Said::TOTAL,
    Said::HEAD,
    Said::EMPTY_ANSWER,
    Said::EXPECTED,
    HeaderName::from_static("x-envoy-upstream-alt-stat-name"),
];

/// Most requests have none of them: that is found out by one look at the names.
pub(super) fn strip(headers: &mut HeaderMap) {
    if headers.keys().any(|name| name.as_str().starts_with("x-envoy-")) {
        CONTROL.iter().chain(&retry::ASKED_BY).for_each(|name| drop(headers.remove(name)));
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use super::*;
    use crate::Mesh;

    const ISTIO: &str = "
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a}, spec: {hosts: [a], http: [{
  timeout: 1s, retries: {attempts: 1}, fault: {abort: {percentage: {value: 1}, httpStatus: 503}},
  route: [{destination: {host: a}}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a}, spec: {host: a,
  trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}}}
";

    const OSM_EDGE: &str = "
{apiVersion: policy.openservicemesh.io/v1alpha1, kind: UpstreamTrafficSetting, metadata: {name: a},
  spec: {host: a.default.svc.cluster.local, connectionSettings: {
    tcp: {maxConnections: 1}, http: {circuitBreaking: {errorAmountThreshold: 1}}}}}
---
{apiVersion: policy.openservicemesh.io/v1alpha1, kind: Retry, metadata: {name: a}, spec: {
  destinations: [{kind: Service, name: a, namespace: default}], retryPolicy: {retryOn: 5xx, numRetries: 1}}}
";

    /// The names of the types of stations, as they stand one in another.
    fn of_type<T>() -> Vec<&'static str> {
        let known = ["CircuitBreaker", "Fault", "Timeout", "Retry", "Mirror", "Limited"];
        type_name::<T>()
            .split(['<', ',', '>', ' '])
            .filter_map(|path| path.rsplit("::").next())
            .filter(|name| known.contains(name))
            .collect()
    }

    /// The same names, in the order in which a plan prints its stations.
    fn of_plan(text: &str) -> Vec<&'static str> {
        let plan = Mesh::from_yaml(text).expect("it means something").plan();
        let stations = plan.destinations[0].way.stations.iter();
        stations
            .map(|station| match station {
                Station::CircuitBreaker(_) => "CircuitBreaker",
                Station::Fault(_) => "Fault",
                Station::Timeout(_) => "Timeout",
                Station::Retry(_) => "Retry",
                Station::Limits(_) => "Limited",
                Station::Balance(_) => "Placed",
            })
            .collect()
    }

    /// What a plan tells elsewhere: copies with the rule that asks for them, between retries and limits; and inside of the
    /// limits the time of one try, with the retries.
    fn whole(stations: &[&'static str]) -> Vec<&'static str> {
        let (limits, before) = stations.split_last().expect("there are limits");
        [before, &["Mirror", *limits, "Timeout"]].concat()
    }

    #[test]
    fn a_plan_prints_the_order_in_which_its_type_runs() {
        assert_eq!(of_type::<BehindIstio<(), Http>>(), whole(&of_plan(ISTIO)));
        // Where there is no breaker the rest stands alone.
        let [guarded, rest] = [of_type::<CircuitBreaker<Tried<(), Http>>>(), of_type::<Tried<(), Http>>()];
        assert_eq!(of_type::<BehindOsmEdge<(), Http>>(), [&guarded[..], &rest].concat());
        assert_eq!(guarded, whole(&of_plan(OSM_EDGE)));
    }
}
