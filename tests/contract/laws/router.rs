//! A layer works as the only one of an axum `Router`: no `HandleErrorLayer`, no `Buffer`.
//!
//! axum applies the layer to each route and to each request, and serves each request by a clone.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
    routing::{Route, get},
};
use futures_util::poll;
use http::StatusCode;
use tower::{Layer, Service, ServiceExt};
use tower_mesh::Refusal;

use crate::{
    loss::Lost,
    subject::{Ending, Guard, Provoked, Subject},
};

/// What axum wants of a layer; the rest is in [`Guard`].
pub(crate) trait Routed: Guard<Lost> + Layer<Route, Service = <Self as Routed>::Guarded> {
    type Guarded: Service<Request, Response = Self::Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static;
    type Response: IntoResponse + 'static;
}

impl<L, S, R> Routed for L
where
    L: Guard<Lost> + Layer<Route, Service = S>,
    S: Service<Request, Response = R, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static,
    R: IntoResponse + 'static,
{
    type Guarded = S;
    type Response = R;
}

pub(crate) async fn a_router_keeps_the_state_over_routes_and_clones<L: Routed>(
    subject: Subject<impl Fn() -> L>,
) {
    let (router, calls) = router(&subject);
    // Each call at a route in turn, and through a clone.
    let routes = ["/a", "/b"].into_iter().cycle();
    let ask = async |path: &str| router.clone().oneshot(request(path)).await.unwrap();
    let _held = provoke(&subject, routes, |path| router.clone().oneshot(request(&path))).await;
    let before = calls.load(SeqCst);
    for route in ["/a/ok", "/b/ok"] {
        assert!(is_refused(&ask(route).await), "{route} has a state of its own");
    }
    assert_eq!(calls.load(SeqCst), before, "a refused call reached the handler");
}

pub(crate) async fn a_router_that_is_driven_as_a_service_keeps_the_state<L: Routed>(
    subject: Subject<impl Fn() -> L>,
) {
    let (router, _) = router(&subject);
    let mut service = router.into_service();
    ServiceExt::<Request>::ready(&mut service).await.unwrap();
    let mut next = service.clone();
    if !matches!(subject.provoked(), Provoked::Always) {
        let passes = service.call(request("/a/ok")).await.unwrap();
        assert_eq!(passes.status(), StatusCode::OK);
        // It may be in flight for as long as its body is there.
        drop(passes);
    }
    let _held = provoke(&subject, std::iter::repeat("/a"), |path| service.call(request(&path))).await;
    ServiceExt::<Request>::ready(&mut next).await.unwrap();
    assert!(is_refused(&next.call(request("/a/ok")).await.unwrap()), "a clone has a state of its own");
}

type Answered = Result<Response, Infallible>;

/// Provokes a router; what is returned keeps it refusing.
async fn provoke<F, C: Future<Output = Answered>>(
    subject: &Subject<F>,
    mut routes: impl Iterator<Item = &'static str>,
    mut call: impl FnMut(String) -> C,
) -> Option<std::pin::Pin<Box<C>>> {
    let mut next = |ending: &str| Box::pin(call(format!("{}/{ending}", routes.next().unwrap())));
    match subject.provoked() {
        Provoked::Strikes { amount, bad, .. } => {
            assert!(bad.contains(&Ending::Status), "this law brings about bad statuses");
            for _ in 0..amount {
                let response = next("status").await.unwrap();
                assert!(!is_refused(&response), "it refused too early");
                assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            }
            None
        }
        Provoked::Always => None,
        Provoked::InFlight | Provoked::Never => {
            let mut call = next("hang");
            assert!(poll!(&mut call).is_pending());
            Some(call)
        }
    }
}

fn router<L: Routed>(subject: &Subject<impl Fn() -> L>) -> (Router, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        async move |request: Request| {
            calls.fetch_add(1, SeqCst);
            match request.uri().path().rsplit('/').next() {
                Some("ok") => StatusCode::OK,
                Some("status") => StatusCode::INTERNAL_SERVER_ERROR,
                _ => std::future::pending().await,
            }
        }
    };
    let router = Router::new().route("/a/{ending}", get(handler.clone())).route("/b/{ending}", get(handler));
    (router.layer(subject.layer()), calls)
}

fn request(path: &str) -> Request {
    Request::get(path).header("host", "probe").body(Body::empty()).unwrap()
}

fn is_refused(response: &Response) -> bool {
    response.extensions().get::<Refusal>().is_some()
}
