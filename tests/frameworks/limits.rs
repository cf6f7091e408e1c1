//! Limits where a connection is given away: it is in flight for as long as somebody says so.

use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::any};
use bytes::Bytes;
use http::{Method, Response, StatusCode, header::UPGRADE};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    sync::oneshot,
};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_mesh::{AnswerableLayer, InFlight, LimitsHandle, LimitsLayer, policy::limits::Settings};

use crate::{get, is_refused};

fn one() -> (LimitsLayer, LimitsHandle) {
    let layer = LimitsLayer::new(Settings::builder().requests(1).build().unwrap());
    let handle = layer.handle();
    (layer, handle)
}

/// Gives the connection away, and echoes what is said on it until the other side ends.
async fn talk(request: Request) -> impl IntoResponse {
    let in_flight = request.extensions().get::<InFlight>().cloned();
    let (over, ended) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let _in_flight = in_flight;
        let mut talk = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        let mut word = [0; 4];
        while talk.read_exact(&mut word).await.is_ok() {
            talk.write_all(&word).await.unwrap();
        }
        drop(over);
    });
    drop(ended);
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "talk")])
}

/// Waits, without a clock, for what another task is about to do.
async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_counts_an_upgraded_connection_until_its_handler_lets_it_go() {
    let (layer, handle) = one();
    let app: Router = Router::new().route("/", any(talk)).layer(layer);
    let (client, server) = duplex(1024);
    tokio::spawn(async move {
        let service = hyper_util::service::TowerToHyperService::new(app);
        let served =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
        served.with_upgrades().await
    });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client)).await.unwrap();
    tokio::spawn(connection.with_upgrades());

    let ask = http::Request::get("/").header("connection", "upgrade").header(UPGRADE, "talk");
    let response = sender.send_request(ask.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let mut talk = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    for _ in 0..3 {
        talk.write_all(b"word").await.unwrap();
        let mut word = [0; 4];
        talk.read_exact(&mut word).await.unwrap();
        assert_eq!((&word, handle.active()), (b"word", 1), "it goes on beyond the response");
    }
    drop(talk);
    until(|| handle.active() == 0).await;
}

#[tokio::test]
async fn an_upgrade_that_nobody_holds_has_ended_with_its_response() {
    let (layer, handle) = one();
    let switches =
        layer.layer(service_fn(|_: Request| answer(StatusCode::SWITCHING_PROTOCOLS, Body::empty())));
    let response = switches.oneshot(upgrade()).await.unwrap();
    assert_eq!(handle.active(), 1);
    drop(response);
    assert_eq!(handle.active(), 0);
}

/// As a client has it: whoever takes the connection takes the place with it.
#[tokio::test]
async fn a_response_that_gives_the_connection_away_has_what_keeps_it_in_flight() {
    for (method, status, keeps) in [
        (Method::GET, 101, true),
        (Method::POST, 101, true),
        (Method::CONNECT, 200, true),
        (Method::CONNECT, 204, true),
        (Method::CONNECT, 407, false),
        (Method::GET, 200, false),
    ] {
        let (layer, handle) = one();
        let status = StatusCode::from_u16(status).unwrap();
        let service = layer.layer(service_fn(move |_: Request| answer(status, Body::empty())));
        let mut request = get("http://a/");
        *request.method_mut() = method.clone();
        let mut response = service.clone().oneshot(request).await.unwrap();
        let in_flight = response.extensions_mut().remove::<InFlight>();
        drop(response);
        assert_eq!(in_flight.is_some(), keeps, "{method} {status}");
        assert_eq!(handle.active(), u64::from(keeps), "{method} {status}");
        let clone = in_flight.clone();
        drop(in_flight);
        assert_eq!(is_refused(&service.clone().oneshot(get("http://a/")).await.unwrap()), keeps);
        drop(clone);
        assert_eq!(handle.active(), 0, "{method} {status}");
    }
}

/// A handler that takes what would keep an upgrade in flight, and answers otherwise, keeps nothing.
#[tokio::test]
async fn what_was_no_upgrade_ends_as_every_other_call() {
    for ending in ["answer", "error", "dropped"] {
        let (layer, handle) = one();
        let (send, mut kept) = tokio::sync::mpsc::unbounded_channel();
        let mut service = layer.layer(service_fn(move |request: Request| {
            send.send(request.extensions().get::<InFlight>().cloned()).unwrap();
            async move {
                match ending {
                    "answer" => Ok(Response::new(Body::from("not today"))),
                    "error" => Err(()),
                    _ => std::future::pending().await,
                }
            }
        }));
        let mut call = Box::pin(service.call(upgrade()));
        if ending == "dropped" {
            assert!(futures_util::poll!(&mut call).is_pending());
        } else if let Ok(response) = (&mut call).await {
            assert_eq!(handle.active(), 1, "its body is yet to come");
            response.into_body().collect().await.unwrap();
        }
        let kept = kept.recv().await.unwrap();
        assert!(kept.is_some(), "it was promised to the handler");
        drop(call);
        assert_eq!(handle.active(), 0, "{ending}");
    }
}

/// What does not ask for the connection is not promised it; and hyper says in a request's extensions that one may ask.
#[tokio::test]
async fn only_a_request_that_asks_for_the_connection_is_promised_it() {
    let promised = |request: Request| async {
        let (layer, _) = one();
        let service = layer.layer(service_fn(|request: Request| {
            let promised = request.extensions().get::<InFlight>().is_some();
            answer(StatusCode::OK, if promised { Body::from("yes") } else { Body::empty() })
        }));
        !service.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes().is_empty()
    };
    assert!(promised(upgrade()).await);
    let mut connect = get("a:80");
    *connect.method_mut() = Method::CONNECT;
    assert!(promised(connect).await);
    let mut post = upgrade();
    *post.method_mut() = Method::POST;
    assert!(!promised(post).await);
    let mut none = upgrade();
    none.headers_mut().clear();
    assert!(!promised(none).await);
    let mut no_connection = upgrade();
    no_connection.extensions_mut().clear();
    assert!(!promised(no_connection).await);
}

/// Two layers with limits: who holds the one holds the other.
#[tokio::test]
async fn a_connection_is_in_flight_in_all_layers_that_it_went_through() {
    let ((outer, above), (inner, below)) = (one(), one());
    let (send, mut kept) = tokio::sync::mpsc::unbounded_channel();
    let service = outer.layer(AnswerableLayer.layer(inner.layer(service_fn(move |request: Request| {
        send.send(request.extensions().get::<InFlight>().cloned()).unwrap();
        answer(StatusCode::SWITCHING_PROTOCOLS, Body::empty())
    }))));
    let active = || (above.active(), below.active());
    let mut response = service.oneshot(upgrade()).await.unwrap();
    let (by_client, by_handler) =
        (response.extensions_mut().remove::<InFlight>(), kept.recv().await.unwrap());
    drop(response);
    assert_eq!(active(), (1, 1));
    drop(by_client);
    assert_eq!(active(), (1, 1), "the handler holds both");
    drop(by_handler);
    assert_eq!(active(), (0, 0));
}

/// A tunnel may also be the body of the answer to a CONNECT.
#[tokio::test]
async fn a_tunnel_in_a_body_is_in_flight_until_the_body_ends() {
    let (layer, handle) = one();
    let (send, receive) = tokio::sync::mpsc::channel::<Result<http_body::Frame<Bytes>, Infallible>>(1);
    let body = Body::new(StreamBody::new(futures_util::stream::unfold(receive, async |mut receive| {
        receive.recv().await.map(|frame| (frame, receive))
    })));
    let body = Arc::new(Mutex::new(Some(body)));
    let mut service = layer
        .layer(service_fn(move |_: Request| answer(StatusCode::OK, body.lock().unwrap().take().unwrap())));
    let mut connect = get("a:80");
    *connect.method_mut() = Method::CONNECT;
    let (head, mut body) = service.call(connect).await.unwrap().into_parts();
    drop(head);
    assert_eq!(handle.active(), 1);
    drop(send);
    assert!(body.frame().await.is_none());
    assert_eq!(handle.active(), 0);
}

fn answer(status: StatusCode, body: Body) -> impl Future<Output = Result<Response<Body>, Infallible>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    std::future::ready(Ok(response))
}

/// A GET with an `upgrade`, from a server that says that it may be asked for.
fn upgrade() -> Request {
    let mut request = get("/");
    request.headers_mut().insert(UPGRADE, http::HeaderValue::from_static("talk"));
    request.extensions_mut().insert(());
    request
}
