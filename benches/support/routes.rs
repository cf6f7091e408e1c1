//! Our routers, with the tables under which they are measured. Each leads to two services.

use std::sync::Arc;

use tower::Layer;
use tower_mesh::{
    RouterLayer,
    layer::route::{Routed, Router},
    policy::route::{Condition, Leg, Route, RouteTable, Rule, TextMatch},
};

/// A router alone, as a client has it.
#[derive(Clone)]
pub(crate) struct Routes(Arc<RouteTable<usize>>);

impl<S: Clone> Layer<S> for Routes {
    type Service = Router<[S; 2]>;

    fn layer(&self, inner: S) -> Self::Service {
        Router::new((*self.0).clone(), [inner.clone(), inner]).expect("its routes lead to two")
    }
}

/// One around a service, as a server has it.
#[derive(Clone)]
pub(crate) struct Beside(Routes);

impl<S: Clone> Layer<S> for Beside {
    type Service = Routed<S, [S; 2]>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = RouterLayer::new((*self.0.0).clone(), [inner.clone(), inner.clone()]);
        layer.expect("its routes lead to two").layer(inner)
    }
}

/// A user's requests to one, all others to the other.
pub(crate) fn by_header() -> Routes {
    Routes(Arc::new(RouteTable::new([Rule::when(jason(), Route::to(1)), Rule::always(Route::to(0))])))
}

/// A user's requests elsewhere; all others pass by.
pub(crate) fn beside() -> Beside {
    Beside(Routes(Arc::new(RouteTable::new([Rule::when(jason(), Route::to(1))]))))
}

/// Half to one, half to the other.
pub(crate) fn by_weight() -> Routes {
    let halves = [Leg::to(0).weighing(50), Leg::to(1).weighing(50)];
    Routes(Arc::new(RouteTable::new([Rule::always(Route::split(halves).expect("there is weight"))])))
}

/// So many prefixes; the one that is asked for stands in their middle.
pub(crate) fn by_prefix(count: usize) -> Routes {
    Routes(Arc::new(RouteTable::new(prefixes(count))))
}

/// So many hosts, each with ten prefixes.
pub(crate) fn by_host(count: usize) -> Routes {
    let table = names(count).into_iter().fold(RouteTable::by_host(), |table, number| {
        table.host(format!("h{number}.example").parse().expect("a host"), prefixes(10))
    });
    Routes(Arc::new(table))
}

/// So many numbers in an order in which 7 is in the middle.
pub(crate) fn names(count: usize) -> Vec<usize> {
    (0..count).map(|place| (place + 7 + count - count / 2) % count).collect()
}

fn prefixes(count: usize) -> Vec<Rule<Route<usize>>> {
    let under = |number| Condition::new().path(TextMatch::prefix(&format!("/p{number}/")));
    names(count).into_iter().map(|number| Rule::when(under(number), Route::to(number % 2))).collect()
}

fn jason() -> Condition {
    Condition::new().header("end-user", TextMatch::exact("jason")).expect("a name")
}
