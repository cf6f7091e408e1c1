//! Routers composed by hand: who is sent where, what is changed on the way, and what nobody is asked.

mod answers;
mod changes;
mod readiness;
mod split;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::Full;
use tower::Service;
use tower_mesh::{
    RouterLayer,
    layer::route::{Router, Several},
    policy::route::{Condition, Leg, Route, RouteTable, Rule, TextMatch},
};

use crate::caller::{ask, get};

type Ask = Request<Full<Bytes>>;

fn router<D: Several>(table: RouteTable<usize>, destinations: D) -> Router<D> {
    Router::new(table, destinations).expect("every route leads somewhere")
}

fn beside<D: Several>(table: RouteTable<usize>, destinations: D) -> RouterLayer<D> {
    RouterLayer::new(table, destinations).expect("every route leads somewhere")
}

fn always(route: Route<usize>) -> RouteTable<usize> {
    RouteTable::new([Rule::always(route)])
}

fn split(legs: impl IntoIterator<Item = Leg<usize>>) -> Route<usize> {
    Route::split(legs).expect("weights")
}

fn jason() -> Condition {
    Condition::new().header("end-user", TextMatch::exact("jason")).expect("a name")
}

fn under(prefix: &str) -> Condition {
    Condition::new().path(TextMatch::prefix(prefix))
}

fn asking(uri: &str) -> Ask {
    Request::get(uri).body(Full::default()).expect("a request")
}

/// Answers with its name, and remembers what it was asked.
#[derive(Clone)]
struct Upstream {
    name: &'static str,
    asked: Arc<Mutex<Vec<Parts>>>,
}

impl Upstream {
    fn named(name: &'static str) -> Self {
        Self { name, asked: Arc::default() }
    }

    fn calls(&self) -> usize {
        self.asked.lock().expect("no panic").len()
    }

    /// The last request's URI.
    fn uri(&self) -> String {
        self.last().uri.to_string()
    }

    /// The last request's lines of a header.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = |value: &http::HeaderValue| value.to_str().expect("a text").to_owned();
        self.last().headers.get_all(name).into_iter().map(text).collect()
    }

    fn last(&self) -> Parts {
        self.asked.lock().expect("no panic").last().expect("it was asked").clone()
    }
}

impl Service<Ask> for Upstream {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Ask) -> Self::Future {
        self.asked.lock().expect("no panic").push(request.into_parts().0);
        let response = Response::builder().header("from", self.name).header("server", "upstream");
        ready(Ok(response.body(self.name.into()).expect("a response")))
    }
}
