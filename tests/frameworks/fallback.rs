//! A fallback among other people's services: by `Router::layer` alone, and over clients.

use axum::{Router, body::Body, extract::Request, routing::get};
use bytes::Bytes;
use http::{Response, StatusCode, request::Builder};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_http::trace::TraceLayer;
use tower_mesh::{AnswerableLayer, FallbackLayer, Flags, layer::fallback::Lent};

use crate::{fragile, get as ask, is_refused};

async fn broken(body: String) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, body)
}

fn page() -> Response<Bytes> {
    Response::new(Bytes::from_static(b"as of yesterday"))
}

fn post(content: &'static str) -> Request {
    Builder::new().method("POST").uri("/").body(content.into()).unwrap()
}

/// The upstream's answer, then the fallback's, whose status, content and refusal these are.
async fn second_answer(app: Router) -> (u16, String, bool) {
    let first = app.clone().oneshot(post("first")).await.unwrap();
    assert_eq!((first.status().as_u16(), first.extensions().get::<Flags>()), (500, None));
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "first");
    let second = app.oneshot(post("second")).await.unwrap();
    assert!(second.extensions().get::<Flags>().unwrap().contains(Flags::FB | Flags::UO));
    let (status, refused) = (second.status().as_u16(), is_refused(&second));
    let content = second.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(content.to_vec()).unwrap(), refused)
}

fn router() -> Router {
    Router::new().route("/", axum::routing::post(broken)).layer(fragile())
}

#[tokio::test(start_paused = true)]
async fn a_router_needs_no_helper_for_any_kind() {
    let archive = Router::new().fallback(async |body: String| format!("archive: {body}"));
    let asked = |head: &http::request::Parts, _: &_| page().map(|_| head.method.to_string().into());
    for (app, content, refused) in [
        (router().layer(FallbackLayer::answer(page())), "as of yesterday", true),
        (router().layer(FallbackLayer::with(asked)), "POST", true),
        (router().layer(FallbackLayer::service(archive)), "archive: second", false),
    ] {
        assert_eq!(second_answer(app).await, (200, content.to_owned(), refused));
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_takes_other_layers_between_and_a_builder_too() {
    let app = router().layer(TraceLayer::new_for_http()).layer(FallbackLayer::answer(page()));
    assert_eq!(second_answer(app).await.0, 200);
    let archive = Router::new().fallback(async |body: String| body);
    let both = ServiceBuilder::new().layer(FallbackLayer::service(archive)).layer(fragile());
    let app = Router::new().route("/", axum::routing::post(broken)).layer(both);
    assert_eq!(second_answer(app).await, (200, "second".to_owned(), false));
}

#[tokio::test(start_paused = true)]
async fn a_single_route_can_have_one() {
    let layers = || ServiceBuilder::new().layer(FallbackLayer::answer(page())).layer(fragile());
    let app: Router = Router::new()
        .route("/a", get(async || StatusCode::INTERNAL_SERVER_ERROR).layer(layers()))
        .route("/b", get(async || StatusCode::INTERNAL_SERVER_ERROR));
    for (path, statuses) in [("/a", [500, 200]), ("/b", [500, 500])] {
        for status in statuses {
            assert_eq!(app.clone().oneshot(ask(path)).await.unwrap().status(), status);
        }
    }
}

/// Where nobody listens.
async fn nowhere() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn client<B>() -> Client<HttpConnector, B>
where
    B: http_body::Body<Data: Send> + Send,
{
    Client::builder(TokioExecutor::new()).build_http()
}

/// The client's own error, then the fallback.
async fn behaves<S, B>(client: S) -> Response<B>
where
    S: Service<http::Request<Empty<Bytes>>, Response = Response<B>, Error = Error> + Clone,
{
    let uri = nowhere().await;
    let ask = || http::Request::get(&uri).body(Empty::new()).unwrap();
    assert!(client.clone().oneshot(ask()).await.err().unwrap().is_connect());
    client.oneshot(ask()).await.unwrap()
}

#[tokio::test]
async fn over_a_client_it_answers_in_a_body_that_was_made_answerable() {
    let layers = (FallbackLayer::answer(page()), fragile(), AnswerableLayer);
    let response = behaves(layers.layer(client())).await;
    assert_eq!((response.status(), is_refused(&response)), (StatusCode::OK, true));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "as of yesterday");

    let layers = (FallbackLayer::with(|_, _| page()), fragile(), AnswerableLayer);
    assert!(is_refused(&behaves(layers.layer(client())).await));
}

/// A second client asks another host; nobody need listen there either, to see that it was asked.
#[tokio::test]
async fn over_a_client_another_client_is_asked() {
    let elsewhere = nowhere().await;
    let second = ServiceBuilder::new()
        .map_request(move |mut request: http::Request<Lent<Empty<Bytes>>>| {
            *request.uri_mut() = elsewhere.parse().unwrap();
            request
        })
        .layer(AnswerableLayer)
        .service(client());
    let service = (FallbackLayer::service(second), fragile(), AnswerableLayer).layer(client());
    let uri = nowhere().await;
    let ask = || http::Request::get(&uri).body(Empty::new()).unwrap();
    assert!(service.clone().oneshot(ask()).await.unwrap_err().is_connect());
    assert!(service.oneshot(ask()).await.unwrap_err().is_connect(), "the second client's own error");
}

/// A second router can serve a client whose upstream is refused, over the same body.
#[tokio::test]
async fn over_a_boxed_body_a_router_stands_in_for_a_client() {
    let upstream = ServiceBuilder::new()
        .map_response(|response: Response<hyper::body::Incoming>| response.map(Body::new))
        .service(client());
    let router = Router::new().fallback(async || "from here");
    let second =
        ServiceBuilder::new().map_err(|never: std::convert::Infallible| match never {}).service(router);
    let response = behaves((FallbackLayer::service(second), fragile()).layer(upstream)).await;
    assert_eq!((response.status(), is_refused(&response)), (StatusCode::OK, false));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "from here");
}
