//! tower's `Steer`, which asks a function for the number of a service; and `matchit`, the look-up of paths in axum.
//!
//! `Steer` waits until all its services are ready, keeps their readiness, and is a `Vec` of them at each clone.

use std::sync::Arc;

use http::Request;
use tower::{
    Layer, Service,
    steer::{Picker, Steer},
};

use crate::support::{routes::names, upstream::Fate};

/// Two services and who picks.
#[derive(Clone)]
pub(crate) struct Steering<P>(P);

impl<S, P> Layer<S> for Steering<P>
where
    S: Service<Request<Fate>> + Clone,
    P: Picker<S, Request<Fate>> + Clone,
{
    type Service = Steer<S, P, Request<Fate>>;

    fn layer(&self, inner: S) -> Self::Service {
        Steer::new([inner.clone(), inner], self.0.clone())
    }
}

/// What one would write by hand for one header.
#[derive(Clone)]
pub(crate) struct ByHeader;

impl<S> Picker<S, Request<Fate>> for ByHeader {
    fn pick(&mut self, request: &Request<Fate>, _: &[S]) -> usize {
        usize::from(request.headers().get("end-user").is_some_and(|user| user == "jason"))
    }
}

pub(crate) fn by_header() -> Steering<ByHeader> {
    Steering(ByHeader)
}

/// Paths by segments, in a tree: the longest wins, there is no order, and no other condition.
#[derive(Clone)]
pub(crate) struct ByPath(Arc<matchit::Router<usize>>);

impl<S> Picker<S, Request<Fate>> for ByPath {
    fn pick(&mut self, request: &Request<Fate>, _: &[S]) -> usize {
        self.0.at(request.uri().path()).map_or(0, |found| *found.value)
    }
}

pub(crate) fn by_path(count: usize) -> Steering<ByPath> {
    let mut paths = matchit::Router::new();
    for number in names(count) {
        paths.insert(format!("/p{number}/{{*rest}}"), number % 2).expect("paths that differ");
    }
    Steering(ByPath(Arc::new(paths)))
}
