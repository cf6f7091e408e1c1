//! Routers keep the contract: what is sent to a destination is still the call it would have been, and so is what passes
//! by; what nobody takes is refused as by every layer.
//!
//! The laws look at one probe. So here a router's destinations are what it is put around.

use tower::Layer;
use tower_mesh::{
    Plain, RouterLayer,
    layer::{
        draw::Draws,
        route::{Routed, Router},
    },
    policy::route::{DirectAnswer, HeaderChanges, Leg, Route, RouteTable, Rule},
};

use crate::{
    contract::contract,
    loss::{BoxError, Own},
    probe::Probe,
    subject::Subject,
};

contract!(alone: Subject::never(|| Alone(always(Route::to(0)))), [readiness passing]);

contract!(alone_over_plain: Subject::never(|| AloneOverPlain(always(Route::to(0)))).failing_with::<Own>(),
    [readiness passing]);

contract!(split: Subject::never(|| Split(always(halves()))), [readiness passing]);

contract!(changing_answers: Subject::never(|| Alone(always(Route::to(0).changing_responses(changes())))),
    [readiness passing]);

contract!(beside: Subject::never(|| Beside(always(Route::to(0)))), [readiness passing]);

contract!(passed_by: Subject::never(|| RouterLayer::new(nothing(), Vec::<Probe>::new()).unwrap()),
    [readiness passing]);

contract!(taking_nothing: Subject::always(|| Alone(nothing())), [refusing answers router]);

contract!(taking_nothing_over_plain: Subject::always(|| AloneOverPlain(nothing())).failing_with::<Own>(),
    [refusing errors]);

contract!(taking_nothing_over_plain_boxed: Subject::always(|| AloneOverPlain(nothing()))
    .failing_with::<BoxError>(), [refusing errors]);

contract!(answering: Subject::always(|| Beside(always(not_today()))), [refusing]);

fn always(route: Route<usize>) -> RouteTable<usize> {
    RouteTable::new([Rule::always(route)])
}

fn nothing() -> RouteTable<usize> {
    RouteTable::by_host()
}

fn not_today() -> Route<usize> {
    Route::answer(DirectAnswer::new(503, b"not today").unwrap())
}

fn halves() -> Route<usize> {
    Route::split([Leg::to(0), Leg::to(1)]).unwrap()
}

fn changes() -> HeaderChanges {
    HeaderChanges::builder().set("x-routed", "1").build().unwrap()
}

/// A router whose one destination is the service.
#[derive(Clone)]
struct Alone(RouteTable<usize>);

impl<S> Layer<S> for Alone {
    type Service = Router<[S; 1]>;

    fn layer(&self, inner: S) -> Self::Service {
        Router::new(self.0.clone(), [inner]).unwrap()
    }
}

#[derive(Clone)]
struct AloneOverPlain(RouteTable<usize>);

impl<S> Layer<S> for AloneOverPlain {
    type Service = Router<[S; 1], Plain>;

    fn layer(&self, inner: S) -> Self::Service {
        Alone(self.0.clone()).layer(inner).over(Plain)
    }
}

/// One that has the service twice.
#[derive(Clone)]
struct Split(RouteTable<usize>);

impl<S: Clone> Layer<S> for Split {
    type Service = Router<(S, S)>;

    fn layer(&self, inner: S) -> Self::Service {
        Router::new(self.0.clone(), (inner.clone(), inner)).unwrap().drawing(Draws::seeded(7))
    }
}

/// One around the service that has it as destination too.
#[derive(Clone)]
struct Beside(RouteTable<usize>);

impl<S: Clone> Layer<S> for Beside {
    type Service = Routed<S, [S; 1]>;

    fn layer(&self, inner: S) -> Self::Service {
        RouterLayer::new(self.0.clone(), [inner.clone()]).unwrap().layer(inner)
    }
}
